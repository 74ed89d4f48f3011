//! Answers what a metric came to, bucket by bucket: any range, any labels, any grouping.
//!
//! Percentiles of several series or of a longer time are never made of percentiles, but of the distributions. How much is
//! held at once does not depend on the number of series or buckets, and points that are not rolled up yet are read once
//! for all questions that are asked together.

mod grid;
mod points;
mod selection;

use std::ops;

use shared::clock::Timestamp;

use self::grid::{Grid, Unsettled};
pub(crate) use self::selection::{Distributions, Groups, Selection, Values, Wanted};
use crate::bucket::{MINUTES_PER_HOUR, Resolution};
use crate::page::SLOTS;
use crate::store::{Result, Store};
use crate::summary::{self, Summary};

/// Distributions that are gathered at once.
const MOST_SKETCHES: usize = 256;
/// The same of rough ones, which are much smaller.
const MOST_ROUGH: usize = 2_048;
/// What is gathered at once without distributions.
const MOST_FIGURES: usize = 8_192;
/// Groups whose buckets are gathered at once. Often a group is one series; then so many are one page, which is read once.
const GROUPS_PER_STEP: u32 = SLOTS;

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

    /// The minutes of an hour.
    fn minutes_of(hour: i64) -> Self {
        Self {
            resolution: Resolution::Minute,
            from: hour * MINUTES_PER_HOUR,
            to: (hour + 1) * MINUTES_PER_HOUR,
        }
    }

    /// The same as minutes.
    fn in_minutes(self) -> Self {
        match self.resolution {
            Resolution::Minute => self,
            Resolution::Hour => Self {
                resolution: Resolution::Minute,
                from: self.from * MINUTES_PER_HOUR,
                to: self.to * MINUTES_PER_HOUR,
            },
        }
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
    pub(crate) told: Option<summary::Told>,
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

/// How the buckets of a range are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// Each has a row.
    Each,
    /// All of them together have one, as bucket 0.
    Whole,
}

/// What is asked of a range.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question<'a> {
    pub(crate) selection: &'a Selection,
    pub(crate) told: Told,
}

/// A row for each group and each bucket that has data, by group and then by time.
pub(crate) async fn by_bucket(
    store: &Store,
    selection: &Selection,
    range: Range,
    most_rows: usize,
) -> Result<std::result::Result<Vec<Row>, TooMany>> {
    let told = Told::Each;
    let mut rows = Vec::new();
    let keep = |_, row| {
        rows.push(row);
        if rows.len() > most_rows {
            Err(TooMany)
        } else {
            Ok(())
        }
    };
    let answered = answer(store, range, &[Question { selection, told }], keep).await?;
    rows.sort_by_key(|row| (row.group, row.bucket));
    Ok(answered.map(|()| rows))
}

/// Answers questions about one range: each row, with the place of its question, is handed out as soon as it is known, in no
/// order. Whoever asks keeps of it what he needs, or says that it is enough.
pub(crate) async fn answer(
    store: &Store,
    range: Range,
    questions: &[Question<'_>],
    mut hand_out: impl FnMut(usize, Row) -> std::result::Result<(), TooMany> + Send,
) -> Result<std::result::Result<(), TooMany>> {
    // Most have so few groups that one turn is enough.
    for turn in 0.. {
        let parts: Vec<Part<'_>> = questions
            .iter()
            .enumerate()
            .filter_map(|(index, question)| Part::of(index, *question, turn))
            .collect();
        if parts.is_empty() {
            break;
        }
        if let Err(TooMany) = answer_parts(store, range, &parts, &mut hand_out).await? {
            return Ok(Err(TooMany));
        }
    }
    Ok(Ok(()))
}

/// As many groups of a question as are gathered at once.
struct Part<'a> {
    index: usize,
    question: Question<'a>,
    groups: ops::Range<u32>,
}

impl<'a> Part<'a> {
    fn of(index: usize, question: Question<'a>, turn: u32) -> Option<Self> {
        let at_once = at_once(question.selection) as u32;
        let count = question.selection.groups.len() as u32;
        let groups = turn * at_once..count.min((turn + 1) * at_once);
        (!groups.is_empty()).then_some(Self {
            index,
            question,
            groups,
        })
    }
}

async fn answer_parts(
    store: &Store,
    range: Range,
    parts: &[Part<'_>],
    mut hand_out: impl FnMut(usize, Row) -> std::result::Result<(), TooMany> + Send,
) -> Result<std::result::Result<(), TooMany>> {
    let unsettled = Unsettled::of(store, range);
    // What is told as a whole is gathered until the end; of the buckets of the others one at a time is.
    let mut wholes = Vec::new();
    for part in parts {
        match part.question.told {
            Told::Whole => {
                let mut grid = Grid::new(part.question.selection, part.groups.clone(), 0..1);
                for piece in range.pieces() {
                    grid.read_settled(store, piece, &unsettled, 0).await?;
                }
                wholes.push((part, grid));
            }
            Told::Each => {
                if let Err(TooMany) = read_settled(store, range, part, &unsettled, &mut hand_out).await? {
                    return Ok(Err(TooMany));
                }
            }
        }
    }
    for (bucket, minutes) in unsettled.buckets(range) {
        let mut open = Vec::new();
        for part in parts.iter().filter(|part| part.question.told == Told::Each) {
            let mut grid = Grid::new(part.question.selection, part.groups.clone(), bucket..bucket + 1);
            if range.resolution == Resolution::Hour {
                let minutes = Range::minutes_of(bucket);
                grid.read_settled(store, minutes, &unsettled, bucket).await?;
            }
            open.push((part, grid));
        }
        for (minute, cover) in minutes {
            let grids = wholes.iter_mut().map(|(_, grid)| (grid, 0));
            let mut grids: Vec<_> = grids
                .chain(open.iter_mut().map(|(_, grid)| (grid, bucket)))
                .collect();
            points::read_partials(store, minute, cover, &mut grids).await?;
            points::read(store, minute, cover, grids).await?;
        }
        for (part, grid) in open {
            if let Err(TooMany) = grid.finish(|row| hand_out(part.index, row)) {
                return Ok(Err(TooMany));
            }
        }
    }
    for (part, grid) in wholes {
        if let Err(TooMany) = grid.finish(|row| hand_out(part.index, row)) {
            return Ok(Err(TooMany));
        }
    }
    Ok(Ok(()))
}

/// Reads the buckets of which there are rows, some at a time.
async fn read_settled(
    store: &Store,
    range: Range,
    part: &Part<'_>,
    unsettled: &Unsettled,
    mut hand_out: impl FnMut(usize, Row) -> std::result::Result<(), TooMany> + Send,
) -> Result<std::result::Result<(), TooMany>> {
    let selection = part.question.selection;
    let mut first = part.groups.start;
    while first < part.groups.end {
        let groups = first..part.groups.end.min(first + GROUPS_PER_STEP);
        let buckets_at_once = (at_once(selection) / groups.len()).max(1) as i64;
        let mut from = range.from;
        while from < range.to {
            let to = range.to.min(from + buckets_at_once);
            let mut grid = Grid::new(selection, groups.clone(), from..to);
            let pages = grid.pages();
            grid.read_rows(store, &pages, Range { from, to, ..range }, unsettled, &|bucket| {
                bucket
            })
            .await?;
            if let Err(TooMany) = grid.finish(|row| hand_out(part.index, row)) {
                return Ok(Err(TooMany));
            }
            from = to;
        }
        first = groups.end;
    }
    Ok(Ok(()))
}

fn at_once(selection: &Selection) -> usize {
    match selection.distributions {
        Distributions::Fine => MOST_SKETCHES,
        Distributions::Rough => MOST_ROUGH,
        Distributions::None => MOST_FIGURES,
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
