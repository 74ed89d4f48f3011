//! Answers what a metric came to, bucket by bucket: any range, any labels, any grouping.
//!
//! Percentiles of several series or of a longer time are never made of percentiles, but of the distributions. How much is
//! held at once does not depend on the number of series or buckets.

mod reading;
mod selection;

use shared::clock::Timestamp;

use self::reading::Reading;
pub(crate) use self::selection::{Groups, Selection, Wanted};
use crate::bucket::{MINUTES_PER_HOUR, Resolution};
use crate::page::SLOTS;
use crate::store::{Result, Store};
use crate::summary::{Summary, Told};

/// Buckets in which distributions are gathered at once.
const MOST_SKETCHES: usize = 512;
/// Buckets without distributions are much smaller.
const MOST_FIGURES: usize = 8_192;
/// Groups that are gathered at once. Often a group is one series; then so many are one page, which is read once.
const GROUPS_AT_ONCE: usize = SLOTS as usize;

/// Buckets from one up to, and without, another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) resolution: Resolution,
    pub(crate) from: i64,
    pub(crate) to: i64,
}

impl Range {
    /// All buckets that have a part in the time.
    pub(crate) fn around(resolution: Resolution, since: Timestamp, until: Timestamp) -> Self {
        Self {
            resolution,
            from: resolution.bucket(since),
            to: resolution.bucket_after(until),
        }
    }

    pub(crate) fn since(self) -> Timestamp {
        self.resolution.start(self.from)
    }

    pub(crate) fn until(self) -> Timestamp {
        self.resolution.start(self.to)
    }

    /// Seconds of a bucket that are over; a rate is per second of these.
    pub(crate) fn seconds_of(self, bucket: i64, now: Timestamp) -> f64 {
        let start = self.resolution.start(bucket).millis();
        let over = (now.millis() - start).clamp(1_000, self.resolution.millis());
        over as f64 / 1_000.0
    }

    /// Seconds of all of it that are over.
    pub(crate) fn seconds(self, now: Timestamp) -> f64 {
        let over = now.millis().min(self.until().millis()) - self.since().millis();
        over.max(1_000) as f64 / 1_000.0
    }

    /// Minutes at both ends and whole hours between them.
    fn pieces(self) -> Vec<Self> {
        if self.resolution == Resolution::Hour {
            return vec![self];
        }
        let hours = Range {
            resolution: Resolution::Hour,
            from: (self.from + MINUTES_PER_HOUR - 1).div_euclid(MINUTES_PER_HOUR),
            to: self.to.div_euclid(MINUTES_PER_HOUR),
        };
        if hours.from >= hours.to {
            return vec![self];
        }
        let minutes = |from, to| Range {
            resolution: Resolution::Minute,
            from,
            to,
        };
        vec![
            minutes(self.from, hours.from * MINUTES_PER_HOUR),
            hours,
            minutes(hours.to * MINUTES_PER_HOUR, self.to),
        ]
    }
}

/// What a group of series came to in a bucket.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Row {
    /// By its place among the groups.
    pub(crate) group: u32,
    pub(crate) bucket: i64,
    pub(crate) count: u64,
    pub(crate) sum: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
    pub(crate) avg: f64,
    pub(crate) last: Option<f64>,
    /// Of a histogram.
    pub(crate) told: Option<Told>,
    /// What was marked first and second.
    pub(crate) marked: (f64, f64),
}

impl Row {
    fn new(group: u32, bucket: i64, summary: &Summary) -> Self {
        Self {
            group,
            bucket,
            count: summary.count,
            sum: summary.sum.value(),
            min: summary.min,
            max: summary.max,
            avg: summary.avg(),
            last: summary.last.map(|last| last.value),
            told: summary.told(),
            marked: (summary.marked.first, summary.marked.second),
        }
    }
}

/// There are more rows than anybody can look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooMany;

/// A row for each group and each bucket that has data, by group and then by time.
pub(crate) async fn by_bucket(
    store: &Store,
    selection: &Selection,
    range: Range,
    most_rows: usize,
) -> Result<std::result::Result<Vec<Row>, TooMany>> {
    let at_once = at_once(selection);
    let mut rows = Vec::new();
    for groups in selection.group_ranges(GROUPS_AT_ONCE) {
        let buckets_at_once = (at_once / groups.len()).max(1) as i64;
        let mut from = range.from;
        while from < range.to {
            let to = range.to.min(from + buckets_at_once);
            let mut reading = Reading::new(selection, groups.clone(), from, to);
            reading
                .read(store, Range { from, to, ..range }, &|bucket| bucket)
                .await?;
            reading.finish(|group, bucket, summary| rows.push(Row::new(group, bucket, summary)));
            if rows.len() > most_rows {
                return Ok(Err(TooMany));
            }
            from = to;
        }
    }
    rows.sort_by_key(|row| (row.group, row.bucket));
    Ok(Ok(rows))
}

/// A row for each group that has data in the range, with all of the range as its only bucket.
pub(crate) async fn as_a_whole(store: &Store, selection: &Selection, range: Range) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for groups in selection.group_ranges(at_once(selection)) {
        let mut reading = Reading::new(selection, groups, 0, 1);
        for piece in range.pieces() {
            reading.read(store, piece, &|_| 0).await?;
        }
        reading.finish(|group, bucket, summary| rows.push(Row::new(group, bucket, summary)));
        tokio::task::yield_now().await;
    }
    Ok(rows)
}

fn at_once(selection: &Selection) -> usize {
    if selection.with_sketches {
        MOST_SKETCHES
    } else {
        MOST_FIGURES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(resolution: Resolution, from: i64, to: i64) -> Range {
        Range { resolution, from, to }
    }

    #[test]
    fn whole_hours_stand_between_minutes() {
        let (minutes, hours) = (Resolution::Minute, Resolution::Hour);
        for (from, to, pieces) in [
            (10, 50, vec![(minutes, 10, 50)]),
            (10, 119, vec![(minutes, 10, 119)]),
            (
                10,
                121,
                vec![(minutes, 10, 60), (hours, 1, 2), (minutes, 120, 121)],
            ),
            (
                60,
                240,
                vec![(minutes, 60, 60), (hours, 1, 4), (minutes, 240, 240)],
            ),
        ] {
            let pieces: Vec<Range> = pieces
                .into_iter()
                .map(|(resolution, from, to)| range(resolution, from, to))
                .collect();
            assert_eq!(range(minutes, from, to).pieces(), pieces);
        }
        assert_eq!(range(hours, 3, 9).pieces(), [range(hours, 3, 9)]);
    }

    #[test]
    fn a_rate_is_per_second_that_is_over() {
        let minutes = range(Resolution::Minute, 100, 110);
        let at = |millis| Timestamp::from_millis(millis);
        assert_eq!(minutes.seconds_of(100, at(100 * 60_000 + 15_000)), 15.0);
        assert_eq!(minutes.seconds_of(100, at(100 * 60_000 + 5)), 1.0);
        assert_eq!(minutes.seconds_of(100, at(200 * 60_000)), 60.0);
        assert_eq!(minutes.seconds(at(105 * 60_000)), 300.0);
        assert_eq!(minutes.seconds(at(200 * 60_000)), 600.0);
    }
}
