//! Which points of a minute count, and what they come to.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};

use crate::catalogue::Catalogue;
use crate::chunk::{self, PointId, RawPoint};
use crate::kind::Kind;
use crate::page::SeriesId;
use crate::summary::{Last, MOST_EXACT, Marked, Marking, Summary};

/// What becomes of the points of a minute.
pub(crate) trait Collect {
    /// Whether points of this series are wanted; what is added next is of it.
    fn turn_to(&mut self, catalogue: &Catalogue, series: SeriesId) -> bool;

    /// Takes a point of the series that was named last. `at` is its time in milliseconds.
    fn add(&mut self, value: f64, at: i64);
}

/// Reads the points of one minute, and lets those that count be collected.
#[derive(Debug)]
pub(crate) struct Minute<'a, C> {
    start_ms: i64,
    /// Of values that may be replaced: those that count here.
    names: &'a HashSet<(SeriesId, PointId)>,
    collector: C,
    /// The newest of each name.
    named: BTreeMap<(SeriesId, PointId), RawPoint>,
    /// Series of which a point was found that counts elsewhere.
    left: HashSet<SeriesId>,
    is_damaged: bool,
}

impl<'a, C: Collect> Minute<'a, C> {
    /// Of the minute that begins then.
    pub(crate) fn new(start_ms: i64, names: &'a HashSet<(SeriesId, PointId)>, collector: C) -> Self {
        Self {
            start_ms,
            names,
            collector,
            named: BTreeMap::new(),
            left: HashSet::new(),
            is_damaged: false,
        }
    }

    /// Takes a row's points. Rows come in the order in which they were written.
    pub(crate) fn take(&mut self, row: &[u8], catalogue: &Catalogue) {
        let start_ms = self.start_ms;
        // A row names a series before its points.
        let collector = RefCell::new(&mut self.collector);
        let read = chunk::unpack(
            row,
            |series| collector.borrow_mut().turn_to(catalogue, series),
            |point| match point.id {
                None => collector
                    .borrow_mut()
                    .add(point.value, start_ms + i64::from(point.offset)),
                Some(id) if self.names.contains(&(point.series, id)) => {
                    let newest = self.named.entry((point.series, id)).or_insert(point);
                    if point.offset >= newest.offset {
                        *newest = point;
                    }
                }
                Some(_) => {
                    self.left.insert(point.series);
                }
            },
        );
        self.is_damaged |= read.is_none();
    }

    /// What was collected, and the series of which a point was found that counts elsewhere.
    pub(crate) fn finish(mut self, catalogue: &Catalogue) -> (C, HashSet<SeriesId>) {
        for point in self.named.into_values() {
            if self.collector.turn_to(catalogue, point.series) {
                self.collector
                    .add(point.value, self.start_ms + i64::from(point.offset));
            }
        }
        if self.is_damaged {
            tracing::error!(
                minute_ms = self.start_ms,
                "a row of points is damaged; what can be read counts"
            );
        }
        (self.collector, self.left)
    }
}

/// Collects the points by a key that each series has, or has not.
#[derive(Debug)]
pub(crate) struct ByKey<F> {
    key_of: F,
    /// Values that are kept for each key.
    most_values: usize,
    current: Option<(SeriesId, Marking, Kind)>,
    parts: BTreeMap<SeriesId, Part>,
}

impl<F: Fn(&Catalogue, SeriesId) -> Option<SeriesId>> ByKey<F> {
    /// `most_values` are kept for each key, to tell percentiles exactly.
    pub(crate) fn new(key_of: F, most_values: usize) -> Self {
        Self {
            key_of,
            most_values: most_values.min(MOST_EXACT),
            current: None,
            parts: BTreeMap::new(),
        }
    }

    pub(crate) fn into_parts(self) -> BTreeMap<SeriesId, Part> {
        self.parts
    }
}

impl<F: Fn(&Catalogue, SeriesId) -> Option<SeriesId>> Collect for ByKey<F> {
    fn turn_to(&mut self, catalogue: &Catalogue, series: SeriesId) -> bool {
        self.current = (self.key_of)(catalogue, series).and_then(|key| {
            let metric = catalogue.metric_of_page(series.page())?;
            Some((key, catalogue.marking(series), metric.kind))
        });
        self.current.is_some()
    }

    fn add(&mut self, value: f64, at: i64) {
        if let Some((key, marking, kind)) = self.current {
            let part = self.parts.entry(key).or_insert_with(|| Part::new(kind));
            part.take(value, marking, at, self.most_values);
        }
    }
}

/// What was collected for one key.
#[derive(Debug)]
pub(crate) struct Part {
    kind: Kind,
    /// Of what is not among the values.
    summary: Summary,
    marked: Marked,
    /// Of a histogram, as long as they are not too many.
    values: Vec<f64>,
    are_all_at_hand: bool,
}

impl Part {
    fn new(kind: Kind) -> Self {
        Self {
            kind,
            summary: Summary::default(),
            marked: Marked::default(),
            values: Vec::new(),
            are_all_at_hand: true,
        }
    }

    fn take(&mut self, value: f64, marking: Marking, at: i64, most_values: usize) {
        self.marked.add(marking, value);
        if self.kind == Kind::Histogram && self.are_all_at_hand {
            if self.values.len() < most_values {
                self.values.push(value);
                return;
            }
            self.are_all_at_hand = false;
            for value in std::mem::take(&mut self.values) {
                self.summary.add(self.kind, Marking::Nothing, value);
            }
        }
        self.summary.add(self.kind, Marking::Nothing, value);
        if self.kind == Kind::Gauge {
            self.summary.note_last(Last { at, value });
        }
    }

    pub(crate) fn finish(mut self) -> Summary {
        if self.kind == Kind::Histogram && self.are_all_at_hand {
            self.summary = Summary::of_histogram(&mut self.values);
        }
        self.summary.marked = self.marked;
        self.summary
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{Admission, Identity, Limits, NewRows};
    use crate::labels::Labels;

    fn series(catalogue: &mut Catalogue, kind: Kind) -> SeriesId {
        let identity = Identity {
            project: "shop".into(),
            name: "x".into(),
            kind,
            labels: Labels::default(),
        };
        match catalogue.admit(&identity, 0, Limits { per_project: 10 }, &mut NewRows::default()) {
            Admission::Admitted(id) => id,
            other => panic!("{other:?}"),
        }
    }

    fn point(series: SeriesId, offset: u16, value: f64) -> RawPoint {
        RawPoint {
            series,
            offset,
            value,
            id: None,
        }
    }

    fn named(series: SeriesId, offset: u16, value: f64, id: i64) -> RawPoint {
        RawPoint {
            series,
            offset,
            value,
            id: Some(PointId(id)),
        }
    }

    fn summary(
        rows: &[&[RawPoint]],
        catalogue: &Catalogue,
        names: &HashSet<(SeriesId, PointId)>,
        most: usize,
    ) -> Vec<Summary> {
        let mut minute = Minute::new(60_000, names, ByKey::new(|_, series| Some(series), most));
        for row in rows {
            minute.take(&chunk::pack(&mut row.to_vec()), catalogue);
        }
        let (collected, _) = minute.finish(catalogue);
        collected.into_parts().into_values().map(Part::finish).collect()
    }

    #[test]
    fn percentiles_are_exact_as_long_as_the_values_are_at_hand() {
        let mut catalogue = Catalogue::default();
        let id = series(&mut catalogue, Kind::Histogram);
        let points: Vec<RawPoint> = (1..=100).map(|value| point(id, 0, f64::from(value))).collect();

        let exact = &summary(&[&points], &catalogue, &HashSet::new(), 100)[0];
        let told = &summary(&[&points], &catalogue, &HashSet::new(), 99)[0];

        let exact = exact.told().unwrap();
        assert_eq!(
            (exact.p50, exact.p95, exact.p99, exact.is_exact),
            (50.0, 95.0, 99.0, true)
        );
        let about = told.told().unwrap();
        assert!(!about.is_exact);
        let p50 = about.p50;
        assert!((p50 - 50.0).abs() < 0.3);
        assert_eq!(
            (told.count, told.sum.value(), told.min, told.max),
            (100, 5_050.0, 1.0, 100.0)
        );
    }

    #[test]
    fn the_last_value_is_that_of_the_latest_time_and_then_of_the_latest_row() {
        let mut catalogue = Catalogue::default();
        let id = series(&mut catalogue, Kind::Gauge);
        let rows: [&[RawPoint]; 3] = [
            &[point(id, 5, 1.0), point(id, 9, 2.0)],
            &[point(id, 9, 3.0)],
            &[point(id, 8, 4.0)],
        ];

        let gauge = &summary(&rows, &catalogue, &HashSet::new(), 9)[0];

        assert_eq!(
            gauge.last,
            Some(Last {
                at: 60_009,
                value: 3.0
            })
        );
    }

    #[test]
    fn of_each_name_the_newest_value_counts_and_none_that_counts_elsewhere() {
        let mut catalogue = Catalogue::default();
        let id = series(&mut catalogue, Kind::Histogram);
        let names = HashSet::from([(id, PointId(1)), (id, PointId(2))]);
        let rows: [&[RawPoint]; 2] = [
            &[named(id, 1, 0.1, 1), named(id, 1, 0.2, 2), named(id, 1, 0.3, 3)],
            &[named(id, 7, 0.4, 1), named(id, 0, 0.5, 2)],
        ];

        let told = &summary(&rows, &catalogue, &names, 9)[0];

        assert_eq!((told.count, told.min, told.max), (2, 0.2, 0.4));
        let mut minute = Minute::new(60_000, &names, ByKey::new(|_, series| Some(series), 9));
        minute.take(&chunk::pack(&mut [named(id, 1, 0.3, 3)]), &catalogue);
        let (collected, left) = minute.finish(&catalogue);
        assert_eq!((collected.into_parts().len(), left), (0, HashSet::from([id])));
    }
}
