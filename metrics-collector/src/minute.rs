//! Which points of a minute count, and what they come to.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::ops::{Range, RangeInclusive};

use crate::bucket::Resolution;
use crate::catalogue::Catalogue;
use crate::chunk;
use crate::kind::Kind;
use crate::page::SeriesId;
use crate::store::replaceable::NamedValue;
use crate::store::{Result, Store};
use crate::summary::{Found, Last, MOST_EXACT, Marked, Marking, Search, Summary};

/// What becomes of the points of a minute.
pub(crate) trait Collect {
    /// Whether points of this series are wanted; what is added next is of it.
    fn turn_to(&mut self, catalogue: &Catalogue, series: SeriesId) -> bool;

    /// Takes a point of the series that was named last. `at` is its time in milliseconds.
    fn add(&mut self, value: f64, at: i64);
}

/// Lets the points of these rows of a minute be collected, in the order in which they came.
pub(crate) async fn read<C: Collect>(
    store: &Store,
    minute: i64,
    rows: Range<i64>,
    collector: &mut C,
) -> Result<()> {
    let start_ms = Resolution::Minute.start(minute).millis();
    let mut is_damaged = false;
    store
        .for_each_raw(rows, |row| {
            is_damaged |= take_row(collector, &store.catalogue(), start_ms, row).is_none();
        })
        .await?;
    if is_damaged {
        tracing::error!(
            minute_ms = start_ms,
            "a row of points is damaged; what can be read counts"
        );
    }
    Ok(())
}

fn take_row<C: Collect>(collector: &mut C, catalogue: &Catalogue, start_ms: i64, row: &[u8]) -> Option<()> {
    // A row names a series before its points.
    let collector = RefCell::new(collector);
    chunk::unpack(
        row,
        |series| collector.borrow_mut().turn_to(catalogue, series),
        |point| {
            collector
                .borrow_mut()
                .add(point.value, start_ms + i64::from(point.offset));
        },
    )
}

/// Lets the values be collected that may still be replaced.
pub(crate) fn add_named<C: Collect>(collector: &mut C, catalogue: &Catalogue, named: &[NamedValue]) {
    for value in named {
        if collector.turn_to(catalogue, value.series) {
            collector.add(value.value, value.at_ms);
        }
    }
}

/// Collects the points of each series, and of all series of each metric: by their own series, and by the total's.
#[derive(Debug)]
pub(crate) struct BySeries {
    /// Of these only.
    keys: RangeInclusive<SeriesId>,
    parts: Vec<(SeriesId, Box<Part>)>,
    part_of: HashMap<SeriesId, usize>,
    /// Where points of the last series go, and how.
    current: [Option<usize>; 2],
    marking: Marking,
}

impl BySeries {
    pub(crate) fn new(keys: RangeInclusive<SeriesId>) -> Self {
        Self {
            keys,
            parts: Vec::new(),
            part_of: HashMap::new(),
            current: [None; 2],
            marking: Marking::Nothing,
        }
    }

    /// In the order of the series.
    pub(crate) fn into_parts(self) -> Vec<(SeriesId, Box<Part>)> {
        let mut parts = self.parts;
        parts.sort_by_key(|(series, _)| *series);
        parts
    }
}

impl Collect for BySeries {
    fn turn_to(&mut self, catalogue: &Catalogue, series: SeriesId) -> bool {
        let Some(metric) = catalogue.metric_of_page(series.page()) else {
            return false;
        };
        self.current = [series, SeriesId::new(metric.total, 0)].map(|key| {
            self.keys.contains(&key).then(|| {
                *self.part_of.entry(key).or_insert_with(|| {
                    self.parts.push((key, Box::new(Part::new(metric.kind))));
                    self.parts.len() - 1
                })
            })
        });
        let is_wanted = self.current.iter().any(Option::is_some);
        if is_wanted {
            self.marking = catalogue.marking(series);
        }
        is_wanted
    }

    fn add(&mut self, value: f64, at: i64) {
        for index in self.current.into_iter().flatten() {
            let (_, part) = &mut self.parts[index];
            part.take(value, self.marking, at);
        }
    }
}

/// Looks for exact percentiles, of series and of all series of metrics.
#[derive(Debug)]
pub(crate) struct Searching {
    searches: Vec<(SeriesId, Search)>,
    search_of: HashMap<SeriesId, usize>,
    /// Where points of the last series go.
    current: [Option<usize>; 2],
}

impl Searching {
    pub(crate) fn new(searches: Vec<(SeriesId, Search)>) -> Self {
        let places = searches.iter().enumerate();
        Self {
            search_of: places.map(|(place, (series, _))| (*series, place)).collect(),
            searches,
            current: [None; 2],
        }
    }

    /// What was found.
    pub(crate) fn into_found(self) -> impl Iterator<Item = (SeriesId, Found)> {
        let searches = self.searches.into_iter();
        searches.filter_map(|(series, search)| Some((series, search.finish()?)))
    }
}

impl Collect for Searching {
    fn turn_to(&mut self, catalogue: &Catalogue, series: SeriesId) -> bool {
        let Some(metric) = catalogue.metric_of_page(series.page()) else {
            return false;
        };
        let keys = [series, SeriesId::new(metric.total, 0)];
        self.current = keys.map(|key| self.search_of.get(&key).copied());
        self.current.iter().any(Option::is_some)
    }

    fn add(&mut self, value: f64, _at: i64) {
        for place in self.current.into_iter().flatten() {
            self.searches[place].1.add(value);
        }
    }
}

/// Counts the values that [`BySeries`] would keep.
#[derive(Debug, Default)]
pub(crate) struct Counting {
    counts: BTreeMap<SeriesId, u64>,
    current: [Option<SeriesId>; 2],
}

impl Counting {
    pub(crate) fn into_counts(self) -> BTreeMap<SeriesId, u64> {
        self.counts
    }
}

impl Collect for Counting {
    fn turn_to(&mut self, catalogue: &Catalogue, series: SeriesId) -> bool {
        let Some(metric) = catalogue.metric_of_page(series.page()) else {
            return false;
        };
        let keys = [series, SeriesId::new(metric.total, 0)];
        for key in keys {
            self.counts.entry(key).or_default();
        }
        self.current = keys.map(|key| (metric.kind == Kind::Histogram).then_some(key));
        metric.kind == Kind::Histogram
    }

    fn add(&mut self, _value: f64, _at: i64) {
        for key in self.current.into_iter().flatten() {
            let count = self.counts.entry(key).or_default();
            *count = (*count + 1).min(MOST_EXACT as u64);
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
    pub(crate) fn new(kind: Kind) -> Self {
        Self {
            kind,
            summary: Summary::default(),
            marked: Marked::default(),
            values: Vec::new(),
            are_all_at_hand: true,
        }
    }

    /// One that keeps no values: what is told of a histogram is told from its sketch.
    pub(crate) fn of_sketch(kind: Kind) -> Self {
        Self {
            are_all_at_hand: false,
            ..Self::new(kind)
        }
    }

    pub(crate) fn take(&mut self, value: f64, marking: Marking, at: i64) {
        self.marked.add(marking, value);
        if self.kind == Kind::Histogram && self.are_all_at_hand {
            if self.values.len() < MOST_EXACT {
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
    use crate::chunk::RawPoint;
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
        }
    }

    /// Of the only series.
    fn summary(rows: &[&[RawPoint]], named: &[NamedValue], catalogue: &Catalogue) -> Summary {
        let all = SeriesId(0)..=SeriesId(u32::MAX);
        let mut collector = BySeries::new(all);
        for row in rows {
            take_row(&mut collector, catalogue, 60_000, &chunk::pack(&mut row.to_vec())).unwrap();
        }
        add_named(&mut collector, catalogue, named);
        let mut summaries = collector.into_parts().into_iter().map(|(_, part)| part.finish());
        let (series, total) = (summaries.next().unwrap(), summaries.next().unwrap());
        assert_eq!((series.told(), &series), (total.told(), &total));
        series
    }

    #[test]
    fn percentiles_are_exact_as_long_as_the_values_are_at_hand() {
        let mut catalogue = Catalogue::default();
        let id = series(&mut catalogue, Kind::Histogram);
        let values = 1..=MOST_EXACT as i32;
        let points: Vec<RawPoint> = values.map(|value| point(id, 0, f64::from(value))).collect();

        let exact = summary(&[&points], &[], &catalogue);
        let one_more = summary(&[&points, &points[..1]], &[], &catalogue);

        let told = exact.told().unwrap();
        assert_eq!(
            (told.p50, told.p95, told.p99, told.is_exact),
            (32_768.0, 62_260.0, 64_881.0, true)
        );
        let told = one_more.told().unwrap();
        assert!(!told.is_exact);
        assert!((told.p50 - 32_768.0).abs() < 180.0);
        let count = MOST_EXACT as u64;
        assert_eq!((one_more.count, one_more.max), (count + 1, count as f64));
        assert_eq!(one_more.sum.value(), exact.sum.value() + 1.0);
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

        let gauge = summary(&rows, &[], &catalogue);

        assert_eq!(
            gauge.last,
            Some(Last {
                at: 60_009,
                value: 3.0
            })
        );
    }

    #[test]
    fn values_that_may_be_replaced_count_with_the_others() {
        let mut catalogue = Catalogue::default();
        let id = series(&mut catalogue, Kind::Histogram);
        let named = [(0, 0.4), (7, 0.5)].map(|(offset, value)| NamedValue {
            series: id,
            at_ms: 60_000 + offset,
            value,
        });

        let told = summary(&[&[point(id, 1, 0.1)]], &named, &catalogue);

        assert_eq!((told.count, told.min, told.max), (3, 0.1, 0.5));
    }

    #[test]
    fn what_would_be_kept_is_counted() {
        let mut catalogue = Catalogue::default();
        let id = series(&mut catalogue, Kind::Histogram);
        let mut points = vec![point(id, 0, 0.5); MOST_EXACT + 1];
        let mut counting = Counting::default();

        let (few, many) = points.split_at_mut(3);
        for row in [few, many] {
            take_row(&mut counting, &catalogue, 0, &chunk::pack(row)).unwrap();
        }

        let counts: Vec<u64> = counting.into_counts().into_values().collect();
        assert_eq!(counts, [MOST_EXACT as u64; 2]);
    }
}
