//! Which series a query is about, and how they are taken together.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::catalogue::{Catalogue, Metric, ProjectId};
use crate::kind::Kind;
use crate::labels::Selector;
use crate::page::{PageId, SLOTS, SeriesId};

/// A place that belongs to no group.
const NONE: u32 = u32::MAX;

/// The values of the labels by which series are taken together, in the order in which the labels were named.
pub(crate) type Values = Arc<[Arc<str>]>;

/// How finely it is told how values are distributed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Distributions {
    #[default]
    None,
    /// To compare many with each other.
    Rough,
    Fine,
}

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
    /// Of a histogram.
    pub(crate) distributions: Distributions,
}

/// Series by their pages, each in a group.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    pages: BTreeMap<PageId, Box<[u32; SLOTS as usize]>>,
    pub(crate) groups: Vec<Values>,
    pub(super) distributions: Distributions,
}

impl Selection {
    pub(crate) fn of(catalogue: &Catalogue, wanted: Wanted<'_>) -> Self {
        let mut selection = Self {
            distributions: match wanted.kind {
                Kind::Histogram => wanted.distributions,
                Kind::Counter | Kind::Gauge => Distributions::None,
            },
            ..Self::default()
        };
        let (mut by_values, none) = (BTreeMap::new(), Values::default());
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
                    selection.add(&mut by_values, SeriesId::new(metric.total, 0), &none);
                }
                Groups::One => {
                    for (id, series) in catalogue.series_of(metric) {
                        if catalogue.fits(series, wanted.labels) {
                            selection.add(&mut by_values, id, &none);
                        }
                    }
                }
                Groups::By(names) => {
                    for (id, series) in catalogue.series_of(metric) {
                        if catalogue.fits(series, wanted.labels) {
                            let value =
                                |name: &String| catalogue.shared_label(series, name).unwrap_or_default();
                            let values = names.iter().map(value).collect();
                            selection.add(&mut by_values, id, &values);
                        }
                    }
                }
            }
        }
        selection
    }

    /// The totals of metrics, each in a group of its own.
    pub(crate) fn of_totals<'a>(metrics: impl Iterator<Item = (&'a Metric, Values)>) -> Self {
        let mut selection = Self::default();
        let mut by_values = BTreeMap::new();
        for (metric, values) in metrics {
            selection.add(&mut by_values, SeriesId::new(metric.total, 0), &values);
        }
        selection
    }

    fn add(&mut self, by_values: &mut BTreeMap<Values, u32>, id: SeriesId, values: &Values) {
        let group = match by_values.get(values) {
            Some(group) => *group,
            None => {
                let group = self.groups.len() as u32;
                self.groups.push(Arc::clone(values));
                by_values.insert(Arc::clone(values), group);
                group
            }
        };
        let page = self
            .pages
            .entry(id.page())
            .or_insert_with(|| Box::new([NONE; SLOTS as usize]));
        page[id.slot() as usize] = group;
    }

    /// Only these of its groups.
    pub(crate) fn only(mut self, is_wanted: impl Fn(&Values) -> bool) -> Self {
        let mut places = Vec::with_capacity(self.groups.len());
        let mut kept = 0;
        self.groups.retain(|values| {
            let is_kept = is_wanted(values);
            places.push(if is_kept { kept } else { NONE });
            kept += u32::from(is_kept);
            is_kept
        });
        self.pages.retain(|_, page| {
            for group in page.iter_mut().filter(|group| **group != NONE) {
                *group = places.get(*group as usize).copied().unwrap_or(NONE);
            }
            page.iter().any(|group| *group != NONE)
        });
        self
    }

    /// The groups of a page's series.
    pub(super) fn page(&self, page: PageId) -> Option<&[u32; SLOTS as usize]> {
        self.pages.get(&page).map(Box::as_ref)
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
}
