//! The slow, obvious reference: all points in a list.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::bucket::{Floors, Resolution, Tier, hour_of};
use crate::kind::Kind;
use crate::quantile::{SHARES, rank};
use crate::query::Row;
use crate::sketch::MAX_RELATIVE_ERROR;

const MINUTE_MS: i64 = 60_000;

/// A point that was accepted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    series: usize,
    at: i64,
    value: f64,
    /// It was kept as a point.
    was_raw: bool,
}

/// The reference: everything that counts, as it came.
#[derive(Debug, Default)]
pub(super) struct Reference {
    seen: Vec<Seen>,
    /// Where the value of a name is among them.
    named: HashMap<(usize, i64), usize>,
    /// What was replaced.
    replaced: HashSet<usize>,
    pub(super) floors: Floors,
}

/// What the reference has for one group and bucket.
#[derive(Debug, Default)]
pub(super) struct Expected {
    values: Vec<f64>,
    /// By time and then as they came.
    last: Option<(i64, f64)>,
    /// All of it was kept as points.
    pub(super) was_raw: bool,
}

impl Reference {
    pub(super) fn accept(&mut self, series: usize, at: i64, value: f64, id: Option<i64>) {
        let minute = at.div_euclid(MINUTE_MS);
        let was_raw = self.floors.tier(minute) == Tier::Raw;
        let place = self.seen.len();
        if let Some(id) = id.filter(|_| was_raw) {
            let before = self.named.get(&(series, id)).copied();
            let before =
                before.filter(|before| self.seen[*before].at.div_euclid(MINUTE_MS) >= self.floors.raw);
            match before {
                // One that comes late and is older does not count.
                Some(before) if self.seen[before].at > at => return,
                Some(before) => {
                    self.replaced.insert(before);
                }
                None => {}
            }
            self.named.insert((series, id), place);
        }
        self.seen.push(Seen {
            series,
            at,
            value,
            was_raw,
        });
    }

    pub(super) fn buckets(
        &self,
        resolution: Resolution,
        group_of: impl Fn(usize) -> Option<usize>,
    ) -> BTreeMap<(usize, i64), Expected> {
        let mut buckets = BTreeMap::<(usize, i64), Expected>::new();
        for (place, seen) in self.seen.iter().enumerate() {
            let bucket = seen.at.div_euclid(resolution.millis());
            let is_kept = match resolution {
                Resolution::Minute => hour_of(bucket) >= self.floors.minutes,
                Resolution::Hour => bucket >= self.floors.hours,
            };
            let Some(group) = group_of(seen.series).filter(|_| is_kept) else {
                continue;
            };
            if self.replaced.contains(&place) {
                continue;
            }
            let expected = buckets.entry((group, bucket)).or_insert(Expected {
                was_raw: true,
                ..Expected::default()
            });
            expected.values.push(seen.value);
            expected.was_raw &= seen.was_raw;
            if expected.last.is_none_or(|(at, _)| seen.at >= at) {
                expected.last = Some((seen.at, seen.value));
            }
        }
        buckets
    }
}

pub(super) fn check(row: &Row, expected: &mut Expected, kind: Kind, must_be_exact: bool, what: &str) {
    let values = &mut expected.values;
    values.sort_by(f64::total_cmp);
    let count = values.len();
    assert_eq!(row.count, count as u64, "{what}");
    let sum: crate::sum::Sum = values.iter().copied().collect();
    assert_eq!(row.sum, sum.value(), "{what}: the sum of {values:?}");
    assert_eq!((row.min, row.max), (values[0], values[count - 1]), "{what}");
    assert_eq!(
        row.last,
        expected
            .last
            .map(|(_, value)| value)
            .filter(|_| kind == Kind::Gauge),
        "{what}"
    );
    let Some(told) = row.told else {
        assert_ne!(kind, Kind::Histogram, "{what}");
        return;
    };
    assert_eq!(kind, Kind::Histogram, "{what}");
    assert!(told.is_exact || !must_be_exact, "{what}: not exact");
    let is_exact = told.is_exact;
    for (share, told) in SHARES.into_iter().zip([told.p50, told.p95, told.p99]) {
        let exact = values[rank(share, count as u64) as usize - 1];
        let allowed = if is_exact {
            0.0
        } else {
            exact.abs() * MAX_RELATIVE_ERROR
        };
        assert!(
            (told - exact).abs() <= allowed,
            "{what}: {told} for {exact} of {count}"
        );
    }
}
