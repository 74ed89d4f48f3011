//! Which series a query is about, and how they are taken together.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::catalogue::{Catalogue, Metric, ProjectId};
use crate::kind::Kind;
use crate::labels::Selector;
use crate::page::{PageId, SLOTS, SeriesId};

/// A place that belongs to no group.
const NONE: u32 = u32::MAX;

/// How series are taken together.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Groups<'a> {
    /// All of them.
    One,
    /// By the values of these labels.
    By(&'a [String]),
}

/// What a query asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) name: &'a str,
    pub(crate) kind: Kind,
    /// Of this project, or of all.
    pub(crate) project: Option<ProjectId>,
    pub(crate) labels: &'a Selector,
    pub(crate) groups: Groups<'a>,
    /// Percentiles are wanted.
    pub(crate) with_sketches: bool,
}

/// Series by their pages, each in a group.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    pages: BTreeMap<PageId, Box<[u32; SLOTS as usize]>>,
    /// The label values of each group, in the order in which the labels were named.
    pub(crate) groups: Vec<Vec<String>>,
    pub(crate) with_sketches: bool,
}

impl Selection {
    pub(crate) fn of(catalogue: &Catalogue, wanted: Wanted<'_>) -> Self {
        let mut selection = Self {
            with_sketches: wanted.with_sketches && wanted.kind == Kind::Histogram,
            ..Self::default()
        };
        let mut by_values = BTreeMap::new();
        let mut metrics: Vec<&Metric> = catalogue
            .metrics()
            .map(|(_, metric)| metric)
            .filter(|metric| metric.name == wanted.name && metric.kind == wanted.kind)
            .filter(|metric| wanted.project.is_none_or(|project| project == metric.project))
            .collect();
        metrics.sort_by_key(|metric| metric.total);
        for metric in metrics {
            match wanted.groups {
                // The total is kept: one series instead of all.
                Groups::One if wanted.labels.is_empty() => {
                    selection.add(&mut by_values, SeriesId::new(metric.total, 0), Vec::new());
                }
                Groups::One => {
                    for (id, series) in catalogue.series_of(metric) {
                        if catalogue.fits(series, wanted.labels) {
                            selection.add(&mut by_values, id, Vec::new());
                        }
                    }
                }
                Groups::By(names) => {
                    for (id, series) in catalogue.series_of(metric) {
                        if catalogue.fits(series, wanted.labels) {
                            let value =
                                |name: &String| catalogue.label(series, name).unwrap_or_default().to_owned();
                            selection.add(&mut by_values, id, names.iter().map(value).collect());
                        }
                    }
                }
            }
        }
        selection
    }

    /// The totals of metrics, each in a group of its own.
    pub(crate) fn of_totals<'a>(metrics: impl Iterator<Item = (&'a Metric, Vec<String>)>) -> Self {
        let mut selection = Self::default();
        let mut by_values = BTreeMap::new();
        for (metric, values) in metrics {
            selection.add(&mut by_values, SeriesId::new(metric.total, 0), values);
        }
        selection
    }

    fn add(&mut self, by_values: &mut BTreeMap<Vec<String>, u32>, id: SeriesId, values: Vec<String>) {
        let group = match by_values.get(&values) {
            Some(group) => *group,
            None => {
                let group = self.groups.len() as u32;
                self.groups.push(values.clone());
                by_values.insert(values, group);
                group
            }
        };
        let page = self
            .pages
            .entry(id.page())
            .or_insert_with(|| Box::new([NONE; SLOTS as usize]));
        page[id.slot() as usize] = group;
    }

    /// The groups, so many at once.
    pub(super) fn group_ranges(&self, at_once: usize) -> impl Iterator<Item = Range<u32>> {
        let count = self.groups.len() as u32;
        let at_once = at_once as u32;
        (0..count.div_ceil(at_once)).map(move |part| part * at_once..count.min((part + 1) * at_once))
    }

    /// The pages that have a series of these groups.
    pub(super) fn pages_of(&self, groups: &Range<u32>) -> Vec<PageId> {
        let has_any = |page: &[u32; SLOTS as usize]| page.iter().any(|group| groups.contains(group));
        self.pages
            .iter()
            .filter(|(_, page)| has_any(page))
            .map(|(page, _)| *page)
            .collect()
    }

    pub(super) fn group_of(&self, id: SeriesId) -> Option<u32> {
        let group = self.pages.get(&id.page())?[id.slot() as usize];
        (group != NONE).then_some(group)
    }

    /// Whether this is the total of its metric.
    pub(super) fn total_group(&self, total: PageId) -> Option<u32> {
        self.group_of(SeriesId::new(total, 0))
    }
}
