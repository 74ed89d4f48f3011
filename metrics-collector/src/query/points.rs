//! Adds a minute that is not rolled up yet to all that is being gathered, in one go: its partials, and its points that are in none.

use std::collections::{BTreeSet, HashMap};

use super::Distributions;
use super::grid::Grid;
use crate::bucket::Resolution;
use crate::catalogue::Catalogue;
use crate::kind::Kind;
use crate::minute::{self, Collect};
use crate::page::{PageId, SLOTS, SeriesId, entries};
use crate::rollup::MOST_VALUES;
use crate::store::covers::Cover;
use crate::store::{Result, Store, raw};
use crate::summary::{Last, MOST_EXACT, Marked, Marking, Summary};

/// Adds what partials hold of a minute to all grids in one go, each with the bucket that the minute belongs to.
pub(super) async fn read_partials(
    store: &Store,
    minute: i64,
    cover: &Cover,
    grids: &mut [(&mut Grid<'_>, i64)],
) -> Result<()> {
    let start = Resolution::Minute.start(minute).millis();
    let pages: BTreeSet<PageId> = grids.iter().flat_map(|(grid, _)| grid.pages()).collect();
    let pages: Vec<PageId> = pages.into_iter().collect();
    store
        .for_each_partial(minute, &pages, &cover.partials, |page, row| {
            for (slot, entry) in entries(row) {
                for (grid, bucket) in &mut *grids {
                    grid.merge(SeriesId::new(page, slot), *bucket, start, entry);
                }
            }
        })
        .await
}

/// Reads the points of the minute that no partial has, for these grids, each with the bucket that the minute belongs to.
pub(super) async fn read(
    store: &Store,
    minute: i64,
    cover: &Cover,
    grids: Vec<(&mut Grid<'_>, i64)>,
) -> Result<()> {
    let rows = cover.next_row..raw::rows_of(minute).end;
    let named = store.named_values(minute).await?;
    let with_values = grids
        .iter()
        .filter(|(grid, _)| grid.selection.distributions == Distributions::Fine)
        .count() as u64;
    // Else they do not fit; the distribution is told by the sketch.
    let points = store.raw_points(rows.clone()).await? + named.len() as u64;
    let are_values_kept = points.saturating_mul(with_values) <= MOST_VALUES;
    let mut spread = Spread {
        grids,
        routes: Vec::new(),
        route_of: HashMap::new(),
        current: None,
        places: Vec::new(),
        kind: Kind::Gauge,
        marking: Marking::Nothing,
        are_values_kept,
        values: HashMap::new(),
    };
    minute::read(store, minute, rows, &mut spread).await?;
    minute::add_named(&mut spread, &store.catalogue(), &named);
    spread.add_values();
    Ok(())
}

/// Adds each point wherever it belongs.
struct Spread<'g, 's> {
    grids: Vec<(&'g mut Grid<'s>, i64)>,
    /// What was found out of each page of series.
    routes: Vec<Route<'s>>,
    route_of: HashMap<PageId, usize>,
    /// Series come page by page.
    current: Option<(PageId, usize)>,
    /// Of the last series: where its points go.
    places: Vec<(usize, usize)>,
    kind: Kind,
    marking: Marking,
    /// Percentiles are told exactly.
    are_values_kept: bool,
    /// Of distributions, by grid and place there.
    values: HashMap<(usize, usize), (Marked, Vec<f64>)>,
}

/// Where points of the series of one page go.
struct Route<'s> {
    kind: Kind,
    /// Of each series, once it was looked up.
    markings: [Option<Marking>; SLOTS as usize],
    /// The grid, and the group of each place on the page.
    by_series: Vec<(usize, &'s [u32; SLOTS as usize])>,
    /// The grid, and the place of all series of the metric.
    totals: Vec<(usize, usize)>,
}

impl<'s> Spread<'_, 's> {
    fn route_of(&mut self, catalogue: &Catalogue, page: PageId) -> Option<usize> {
        if let Some((current, index)) = self.current
            && current == page
        {
            return Some(index);
        }
        let index = match self.route_of.get(&page) {
            Some(index) => *index,
            None => {
                let route = self.route(catalogue, page)?;
                self.routes.push(route);
                self.route_of.insert(page, self.routes.len() - 1);
                self.routes.len() - 1
            }
        };
        self.current = Some((page, index));
        Some(index)
    }

    fn route(&self, catalogue: &Catalogue, page: PageId) -> Option<Route<'s>> {
        let metric = catalogue.metric_of_page(page)?;
        let mut route = Route {
            kind: metric.kind,
            markings: [None; SLOTS as usize],
            by_series: Vec::new(),
            totals: Vec::new(),
        };
        for (index, (grid, bucket)) in self.grids.iter().enumerate() {
            let selection = grid.selection;
            if let Some(groups) = selection.page(page) {
                route.by_series.push((index, groups));
            }
            let total = selection
                .page(metric.total)
                .and_then(|groups| grid.place(groups[0], *bucket));
            route.totals.extend(total.map(|place| (index, place)));
        }
        Some(route)
    }

    /// Adds the values that were kept.
    fn add_values(self) {
        let mut grids = self.grids;
        for ((grid, place), (marked, mut values)) in self.values {
            let mut summary = if values.len() <= MOST_EXACT {
                Summary::of_histogram(&mut values)
            } else {
                let mut summary = Summary::default();
                for value in values {
                    summary.add(Kind::Histogram, Marking::Nothing, value);
                }
                summary
            };
            summary.marked = marked;
            grids[grid].0.at(place).merge(&summary);
        }
    }
}

impl Collect for Spread<'_, '_> {
    fn turn_to(&mut self, catalogue: &Catalogue, series: SeriesId) -> bool {
        self.places.clear();
        let Some(index) = self.route_of(catalogue, series.page()) else {
            return false;
        };
        let (route, slot) = (&mut self.routes[index], series.slot() as usize);
        self.places.extend_from_slice(&route.totals);
        for (index, groups) in &route.by_series {
            let (grid, bucket) = &self.grids[*index];
            let place = grid.place(groups[slot], *bucket);
            self.places.extend(place.map(|place| (*index, place)));
        }
        if !self.places.is_empty() {
            self.kind = route.kind;
            self.marking = *route.markings[slot].get_or_insert_with(|| catalogue.marking(series));
        }
        !self.places.is_empty()
    }

    fn add(&mut self, value: f64, at: i64) {
        for (index, place) in &self.places {
            let grid = &mut *self.grids[*index].0;
            let distributions = grid.selection.distributions;
            if distributions == Distributions::Fine && self.are_values_kept {
                let (marked, values) = self.values.entry((*index, *place)).or_default();
                marked.add(self.marking, value);
                values.push(value);
                continue;
            }
            let summary = grid.at(*place);
            if distributions == Distributions::None {
                summary.add_figures(self.marking, value);
            } else {
                summary.add(Kind::Histogram, self.marking, value);
            }
            if self.kind == Kind::Gauge {
                summary.note_last(Last { at, value });
            }
        }
    }
}
