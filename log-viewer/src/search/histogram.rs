//! How many entries there were when, by level.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use super::Filter;
use super::buckets::{Buckets, start};
use super::hits::Give;
use super::walk::{Order, Walk};
use crate::counts::ByLevel;
use crate::nanos::Nanos;
use crate::store::{Result, Store};

const MS: i64 = 1_000_000;
const SECOND: i64 = 1_000 * MS;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// Widths that begin at round times.
const WIDTHS: [i64; 28] = [
    MS,
    2 * MS,
    5 * MS,
    10 * MS,
    20 * MS,
    50 * MS,
    100 * MS,
    200 * MS,
    500 * MS,
    SECOND,
    2 * SECOND,
    5 * SECOND,
    10 * SECOND,
    15 * SECOND,
    30 * SECOND,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    7 * DAY,
];

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Histogram {
    /// The start of the first bucket.
    pub(crate) from: Nanos,
    /// The end of the last one.
    pub(crate) to: Nanos,
    /// Nanoseconds.
    pub(crate) width: i64,
    /// By the start of the bucket; empty ones are left out.
    pub(crate) buckets: BTreeMap<Nanos, ByLevel>,
    pub(crate) total: u64,
    /// Set when the deadline came first: everything from this time on is counted.
    pub(crate) scanned_to: Option<Nanos>,
}

/// Counts what the filter wants in at most `most` buckets.
pub(crate) async fn read(
    store: &Store,
    filter: Filter,
    most: u32,
    now: Nanos,
    deadline: Instant,
) -> Result<Histogram> {
    let (oldest, newest) = store.reach().await?;
    let from = if filter.since.0 == i64::MIN {
        oldest.unwrap_or(now)
    } else {
        filter.since
    };
    let to = if filter.until.0 == i64::MAX {
        newest.map_or(now, |newest| newest.max(now))
    } else {
        filter.until
    };
    let width = width(from, to, most);
    let mut histogram = Histogram {
        from: start(from, width),
        to: Nanos(
            start(Nanos(to.0.saturating_sub(1)), width)
                .0
                .saturating_add(width),
        ),
        width,
        buckets: BTreeMap::new(),
        total: 0,
        scanned_to: None,
    };
    let mut walk = Walk::begin(
        store,
        Arc::new(filter),
        Order::NewestFirst,
        Give::Buckets { width },
    )
    .await?;
    let mut buckets = Buckets::default();
    while let Some(found) = walk.next().await? {
        histogram.total += found.hits.number;
        buckets.append(found.hits.buckets);
        if found.edge.is_some() && Instant::now() >= deadline {
            histogram.scanned_to = found.edge;
            break;
        }
    }
    histogram.buckets = buckets.into_map();
    if let Some((first, _)) = histogram.buckets.first_key_value() {
        histogram.from = histogram.from.min(*first);
    }
    Ok(histogram)
}

/// The narrowest width with which `most` buckets cover the range.
fn width(from: Nanos, to: Nanos, most: u32) -> i64 {
    let range = to.0.saturating_sub(from.0).max(1);
    let most = i64::from(most.max(1));
    WIDTHS
        .into_iter()
        .find(|width| range / width < most)
        .unwrap_or_else(|| {
            let weeks = range / most / (7 * DAY) + 1;
            weeks.saturating_mul(7 * DAY)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_as_narrow_as_their_number_allows_and_begin_at_round_times() {
        for (range, most, expected) in [
            (1, 60, MS),
            (59 * MINUTE, 60, MINUTE),
            (HOUR, 60, 2 * MINUTE),
            (24 * HOUR, 80, 30 * MINUTE),
            (365 * DAY, 50, 14 * DAY),
        ] {
            let from = Nanos(1_772_366_400_000_000_000);
            assert_eq!(width(from, Nanos(from.0 + range), most), expected, "{range}");
        }
        assert_eq!(width(Nanos(i64::MIN), Nanos(i64::MAX), 1), i64::MAX);
    }
}
