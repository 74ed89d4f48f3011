//! Points of several rows, series by series.
//!
//! Each row has its points by series already, so that rows are merged, as sorted lists are: all that is held are their bytes,
//! and the points of one series.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::chunk::{RawPoint, Run, Runs};
use crate::page::SeriesId;

/// Rows that are merged, so that their points come series by series.
pub(super) struct MergedRows<'b> {
    rows: Vec<Row<'b>>,
    /// The next series of each row.
    next: BinaryHeap<Reverse<(SeriesId, usize)>>,
    offsets: Vec<u16>,
    is_damaged: bool,
}

struct Row<'b> {
    /// The next one.
    run: Option<Run<'b>>,
    rest: Runs<'b>,
}

impl<'b> MergedRows<'b> {
    pub(super) fn of(rows: &'b [Vec<u8>]) -> Self {
        let mut merged = Self {
            rows: Vec::new(),
            next: BinaryHeap::new(),
            offsets: Vec::new(),
            is_damaged: false,
        };
        for (index, bytes) in rows.iter().enumerate() {
            merged.rows.push(Row {
                run: None,
                rest: Runs::of(bytes),
            });
            merged.advance(index);
        }
        merged
    }

    /// The series that comes next.
    pub(super) fn series(&self) -> Option<SeriesId> {
        self.next.peek().map(|Reverse((series, _))| *series)
    }

    /// Hands out the points of the series that comes next, in the order of the rows.
    pub(super) fn take(&mut self, mut hand_out: impl FnMut(RawPoint)) {
        let series = self.series();
        while let Some(Reverse((next, index))) = self.next.peek().copied()
            && Some(next) == series
        {
            self.next.pop();
            if let Some(run) = self.rows[index].run.take() {
                self.is_damaged |= run.unpack(&mut self.offsets, &mut hand_out).is_none();
            }
            self.advance(index);
        }
    }

    /// Whether a row had bytes that are not ours; what was readable has been handed out.
    pub(super) fn is_damaged(&self) -> bool {
        self.is_damaged || self.rows.iter().any(|row| row.rest.are_damaged)
    }

    fn advance(&mut self, index: usize) {
        let row = &mut self.rows[index];
        row.run = row.rest.next();
        if let Some(run) = row.run {
            self.next.push(Reverse((run.series, index)));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::chunk::pack;

    /// The time and the value of each.
    type Points = Vec<(u16, f64)>;

    /// All of it, and whether a row is damaged.
    fn merged(rows: &[Vec<u8>]) -> (Vec<(SeriesId, Points)>, bool) {
        let mut merging = MergedRows::of(rows);
        let mut all = Vec::new();
        while let Some(series) = merging.series() {
            let mut points = Vec::new();
            merging.take(|point| {
                assert_eq!(point.series, series);
                points.push((point.offset, point.value));
            });
            all.push((series, points));
        }
        (all, merging.is_damaged())
    }

    proptest! {
        #[test]
        fn each_series_comes_once_with_all_its_points(
            rows in prop::collection::vec(prop::collection::vec((0..20_u32, 0..60_000_u16, -9..9_i32), 0..40), 0..8)
        ) {
            let mut expected = BTreeMap::<SeriesId, Points>::new();
            let mut packed = Vec::new();
            for row in &rows {
                let mut points: Vec<RawPoint> = row
                    .iter()
                    .map(|(series, offset, value)| RawPoint {
                        series: SeriesId(*series),
                        offset: *offset,
                        value: f64::from(*value),
                    })
                    .collect();
                packed.push(pack(&mut points));
                for point in points {
                    expected.entry(point.series).or_default().push((point.offset, point.value));
                }
            }

            prop_assert_eq!(merged(&packed), (expected.into_iter().collect(), false));
        }

        #[test]
        fn foreign_bytes_do_no_harm(rows: Vec<Vec<u8>>) {
            merged(&rows);
        }
    }

    #[test]
    fn a_damaged_row_is_told_and_the_others_are_whole() {
        let point = |series, value| RawPoint {
            series: SeriesId(series),
            offset: 7,
            value,
        };
        let mut cut = pack(&mut [point(1, 1.0), point(4, 2.5)]);
        cut.pop();

        let (all, is_damaged) = merged(&[cut, pack(&mut [point(1, 3.0), point(9, 4.0)])]);

        let expected = [(1, vec![(7, 1.0), (7, 3.0)]), (9, vec![(7, 4.0)])];
        assert_eq!(all, expected.map(|(series, points)| (SeriesId(series), points)));
        assert!(is_damaged);
    }
}
