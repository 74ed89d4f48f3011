//! Counts by time and level.

use std::collections::BTreeMap;

use crate::counts::ByLevel;
use crate::entry::Level;
use crate::nanos::Nanos;

/// Counts by the start of their bucket; empty ones are left out.
#[derive(Debug, Default)]
pub(super) struct Buckets {
    /// Neighbours are mostly of the same bucket: the last one is not in the map yet.
    last: Option<(Nanos, ByLevel)>,
    all: BTreeMap<Nanos, ByLevel>,
}

impl Buckets {
    pub(super) fn add(&mut self, width: i64, at: Nanos, level: Level) {
        if let Some((bucket, levels)) = &mut self.last
            && (bucket.0..bucket.0.saturating_add(width)).contains(&at.0)
        {
            levels[level as usize] += 1;
            return;
        }
        self.settle();
        let mut levels = ByLevel::default();
        levels[level as usize] = 1;
        self.last = Some((start(at, width), levels));
    }

    pub(super) fn append(&mut self, other: Self) {
        self.settle();
        for (bucket, levels) in other.into_map() {
            self.put(bucket, levels);
        }
    }

    pub(super) fn into_map(mut self) -> BTreeMap<Nanos, ByLevel> {
        self.settle();
        self.all
    }

    fn settle(&mut self) {
        if let Some((bucket, levels)) = self.last.take() {
            self.put(bucket, levels);
        }
    }

    fn put(&mut self, bucket: Nanos, levels: ByLevel) {
        let sums = self.all.entry(bucket).or_default();
        for (sum, count) in sums.iter_mut().zip(levels) {
            *sum += count;
        }
    }
}

/// The start of the bucket in which a time lies.
pub(super) fn start(at: Nanos, width: i64) -> Nanos {
    Nanos(at.0.saturating_sub(at.0.rem_euclid(width)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn each_time_is_counted_once_in_its_bucket(times in prop::collection::vec((-50..50_i64, 0..5_usize), 0..60), parts in 1..4_usize) {
            let mut all = Buckets::default();
            for part in times.chunks(times.len() / parts + 1) {
                let mut buckets = Buckets::default();
                for (at, level) in part {
                    buckets.add(7, Nanos(*at), Level::ALL[*level]);
                }
                all.append(buckets);
            }

            let mut expected: BTreeMap<Nanos, ByLevel> = BTreeMap::new();
            for (at, level) in times {
                expected.entry(Nanos(at.div_euclid(7) * 7)).or_default()[level] += 1;
            }
            prop_assert_eq!(all.into_map(), expected);
        }
    }

    #[test]
    fn buckets_before_the_epoch_begin_before_their_times() {
        assert_eq!(start(Nanos(-1), 1_000), Nanos(-1_000));
        Buckets::default().add(7, Nanos(i64::MIN), Level::Info);
    }
}
