//! What the points of one minute come to, for each series or for several taken together.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashSet};

use crate::catalogue::Catalogue;
use crate::chunk::{self, PointId, RawPoint};
use crate::kind::Kind;
use crate::page::SeriesId;
use crate::summary::{Last, MOST_EXACT, Marked, Marking, Summary};

/// Collects the points of one minute by a key.
#[derive(Debug)]
pub(crate) struct Minute<'a, Key> {
    start_ms: i64,
    /// Of values that may be replaced: those that count here.
    names: &'a HashSet<(SeriesId, PointId)>,
    /// Values that are kept for each key.
    most_values: usize,
    parts: BTreeMap<Key, Part>,
    /// The newest of each name.
    named: BTreeMap<(SeriesId, PointId), (Key, RawPoint)>,
    /// Keys of which a point was found that counts elsewhere.
    left: HashSet<Key>,
    is_damaged: bool,
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

impl<'a, Key: Copy + Ord + std::hash::Hash> Minute<'a, Key> {
    /// Of the minute that begins then. `most_values` are kept for each key, to tell percentiles exactly.
    pub(crate) fn new(start_ms: i64, names: &'a HashSet<(SeriesId, PointId)>, most_values: usize) -> Self {
        Self {
            start_ms,
            names,
            most_values: most_values.min(MOST_EXACT),
            parts: BTreeMap::new(),
            named: BTreeMap::new(),
            left: HashSet::new(),
            is_damaged: false,
        }
    }

    /// Takes a row's points of the series that have a key. Rows come in the order in which they were written.
    pub(crate) fn take(
        &mut self,
        row: &[u8],
        catalogue: &Catalogue,
        key_of: impl Fn(SeriesId) -> Option<Key>,
    ) {
        // Points come series by series.
        let mut current: Option<(SeriesId, Key, Marking)> = None;
        let read = chunk::unpack(
            row,
            |series| key_of(series).is_some(),
            |point| {
                let (key, marking) = match current {
                    Some((series, key, marking)) if series == point.series => (key, marking),
                    _ => {
                        let Some(key) = key_of(point.series) else { return };
                        let marking = catalogue.marking(point.series);
                        current = Some((point.series, key, marking));
                        (key, marking)
                    }
                };
                match point.id {
                    None => self.take_point(key, marking, point, catalogue),
                    Some(id) if self.names.contains(&(point.series, id)) => {
                        let (_, newest) = self.named.entry((point.series, id)).or_insert((key, point));
                        if point.offset >= newest.offset {
                            *newest = point;
                        }
                    }
                    Some(_) => {
                        self.left.insert(key);
                    }
                }
            },
        );
        self.is_damaged |= read.is_none();
    }

    fn take_point(&mut self, key: Key, marking: Marking, point: RawPoint, catalogue: &Catalogue) {
        let part = match self.parts.entry(key) {
            Entry::Occupied(part) => part.into_mut(),
            Entry::Vacant(place) => match catalogue.metric_of_page(point.series.page()) {
                Some(metric) => place.insert(Part::new(metric.kind)),
                None => return,
            },
        };
        part.take(
            point.value,
            marking,
            self.start_ms + i64::from(point.offset),
            self.most_values,
        );
    }

    /// What was collected, and the keys of which only points were found that count elsewhere.
    pub(crate) fn finish(mut self, catalogue: &Catalogue) -> (BTreeMap<Key, Part>, HashSet<Key>) {
        for (key, point) in std::mem::take(&mut self.named).into_values() {
            self.take_point(key, catalogue.marking(point.series), point, catalogue);
        }
        if self.is_damaged {
            tracing::error!(
                minute_ms = self.start_ms,
                "a row of points is damaged; what can be read counts"
            );
        }
        self.left.retain(|key| !self.parts.contains_key(key));
        (self.parts, self.left)
    }
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
        let mut minute = Minute::new(60_000, names, most);
        for row in rows {
            minute.take(&chunk::pack(&mut row.to_vec()), catalogue, Some);
        }
        minute
            .finish(catalogue)
            .0
            .into_values()
            .map(Part::finish)
            .collect()
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
        let mut minute = Minute::new(60_000, &names, 9);
        minute.take(&chunk::pack(&mut [named(id, 1, 0.3, 3)]), &catalogue, Some);
        let (parts, left) = minute.finish(&catalogue);
        assert_eq!((parts.len(), left), (0, HashSet::from([id])));
    }
}
