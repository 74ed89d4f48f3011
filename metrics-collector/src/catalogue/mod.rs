//! Which series there are: projects, their metrics, and the label sets of each.
//!
//! All of it is in memory, because each point asks for its series and each query for those of a metric. Texts are kept
//! once however many series have them. The database has the same (`store/catalogue.rs`).

mod admission;
mod print;
mod texts;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

pub(crate) use self::admission::{Admission, Limits, NewRows};
pub(crate) use self::print::{Print, Printer};
pub(crate) use self::texts::TextId;
use self::texts::Texts;
use crate::kind::Kind;
use crate::labels::{Labels, Selector};
use crate::page::{PageId, SLOTS, SeriesId};
use crate::summary::Marking;
use crate::vitals::Vital;

/// The counter of which a part are errors: those with a status of 5xx.
pub(crate) const REQUESTS: &str = "http_requests_total";
/// Spellings of label sets that are remembered.
const MOST_SPELLINGS: usize = 50_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ProjectId(pub(crate) i64);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct MetricId(pub(crate) i64);

#[derive(Debug)]
pub(crate) struct Project {
    pub(crate) name: String,
    series: usize,
}

#[derive(Debug)]
pub(crate) struct Metric {
    pub(crate) project: ProjectId,
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Where all of its series are taken together.
    pub(crate) total: PageId,
    pages: Vec<PageId>,
}

#[derive(Debug)]
pub(crate) struct Series {
    pub(crate) metric: MetricId,
    labels: Box<[(TextId, TextId)]>,
    is_error: bool,
    /// The newest hour that has a point of it.
    last_hour: AtomicU32,
}

impl Metric {
    /// The pages of its series, and that of its total.
    pub(crate) fn all_pages(&self) -> impl Iterator<Item = PageId> {
        self.pages.iter().copied().chain([self.total])
    }
}

impl Series {
    /// The names and values of its labels.
    pub(crate) fn texts(&self) -> impl Iterator<Item = TextId> {
        self.labels.iter().flat_map(|(name, value)| [*name, *value])
    }

    pub(crate) fn last_hour(&self) -> i64 {
        self.last_hour.load(Ordering::Relaxed).into()
    }

    /// True when that is news.
    pub(crate) fn note_hour(&self, hour: i64) -> bool {
        let hour = u32::try_from(hour).unwrap_or(0);
        self.last_hour.fetch_max(hour, Ordering::Relaxed) < hour
    }
}

/// A series by what it is called.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Identity {
    pub(crate) project: String,
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) labels: Labels,
}

/// A stored series.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) id: SeriesId,
    pub(crate) metric: MetricId,
    pub(crate) labels: Vec<(TextId, TextId)>,
    pub(crate) last_hour: i64,
}

/// Everything there is.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    pub(crate) printer: Printer,
    /// It was read anew so often; a series that was found in an earlier one may not be in this one.
    pub(crate) epoch: u64,
    texts: Texts,
    projects: HashMap<ProjectId, Project>,
    project_ids: HashMap<String, ProjectId>,
    metrics: HashMap<MetricId, Metric>,
    metric_ids: HashMap<(ProjectId, Kind, Arc<str>), MetricId>,
    pages: HashMap<PageId, MetricId>,
    series: HashMap<SeriesId, Series>,
    by_print: HashMap<Print, SeriesId>,
    /// The same series as clients spell them.
    by_spelling: HashMap<Print, SeriesId>,
    /// How many series of a project stand for many.
    overflowing: HashMap<ProjectId, usize>,
    next_project: i64,
    next_metric: i64,
    next_page: u32,
}

impl Catalogue {
    /// The series that was last found under this spelling.
    pub(crate) fn spelled(&self, spelling: Print) -> Option<SeriesId> {
        self.by_spelling.get(&spelling).copied()
    }

    pub(crate) fn learn(&mut self, spelling: Print, series: SeriesId) {
        if self.by_spelling.len() >= MOST_SPELLINGS {
            self.by_spelling.clear();
        }
        self.by_spelling.insert(spelling, series);
    }

    pub(crate) fn find(&self, identity: &Identity) -> Option<SeriesId> {
        self.by_print.get(&self.printer.identity(identity)).copied()
    }

    pub(crate) fn series(&self, id: SeriesId) -> Option<&Series> {
        self.series.get(&id)
    }

    pub(crate) fn metric(&self, id: MetricId) -> Option<&Metric> {
        self.metrics.get(&id)
    }

    pub(crate) fn metric_of_page(&self, page: PageId) -> Option<&Metric> {
        self.metric(*self.pages.get(&page)?)
    }

    pub(crate) fn project(&self, id: ProjectId) -> Option<&Project> {
        self.projects.get(&id)
    }

    pub(crate) fn projects(&self) -> impl Iterator<Item = &Project> {
        self.projects.values()
    }

    pub(crate) fn metrics(&self) -> impl Iterator<Item = (MetricId, &Metric)> {
        self.metrics.iter().map(|(id, metric)| (*id, metric))
    }

    pub(crate) fn project_id(&self, name: &str) -> Option<ProjectId> {
        self.project_ids.get(name).copied()
    }

    /// All series, the totals apart.
    pub(crate) fn series_count(&self) -> usize {
        self.series.len()
    }

    /// Series of one project.
    pub(crate) fn series_of_project(&self, id: ProjectId) -> usize {
        self.project(id).map_or(0, |project| project.series)
    }

    /// Whether points of a project, or of any, went to a series that stands for many.
    pub(crate) fn is_overflowing(&self, project: Option<ProjectId>) -> bool {
        project.map_or(!self.overflowing.is_empty(), |project| {
            self.overflowing.contains_key(&project)
        })
    }

    /// The series of a metric.
    pub(crate) fn series_of(&self, metric: &Metric) -> impl Iterator<Item = (SeriesId, &Series)> {
        let slots = metric
            .pages
            .iter()
            .flat_map(|page| (0..SLOTS).map(|slot| SeriesId::new(*page, slot)));
        slots.filter_map(|id| self.series(id).map(|series| (id, series)))
    }

    /// The newest hour that has a point of a metric.
    pub(crate) fn last_hour_of(&self, metric: &Metric) -> i64 {
        self.series_of(metric)
            .map(|(_, series)| series.last_hour())
            .max()
            .unwrap_or(0)
    }

    pub(crate) fn label<'a>(&'a self, series: &'a Series, name: &str) -> Option<&'a str> {
        self.labels(series)
            .find_map(|(other, value)| (other == name).then_some(value))
    }

    /// The same, for who keeps many of them.
    pub(crate) fn shared_label(&self, series: &Series, name: &str) -> Option<Arc<str>> {
        let mut labels = series.labels.iter();
        let (_, value) = labels.find(|(other, _)| self.texts.get(*other) == name)?;
        self.texts.share(*value)
    }

    pub(crate) fn labels<'a>(&'a self, series: &'a Series) -> impl Iterator<Item = (&'a str, &'a str)> {
        series
            .labels
            .iter()
            .map(|(name, value)| (self.texts.get(*name), self.texts.get(*value)))
    }

    /// Whether a series has all labels that are asked for. A label that is asked to be empty must not be there.
    pub(crate) fn fits(&self, series: &Series, selector: &Selector) -> bool {
        selector
            .iter()
            .all(|(name, value)| self.label(series, name).unwrap_or_default() == value)
    }

    /// As what the values of a series count.
    pub(crate) fn marking(&self, id: SeriesId) -> Marking {
        let Some(series) = self.series(id) else {
            return Marking::Nothing;
        };
        if series.is_error {
            return Marking::Errors;
        }
        let metric = self
            .metric(series.metric)
            .filter(|metric| metric.kind == Kind::Histogram);
        metric
            .and_then(|metric| Vital::of_metric(&metric.name))
            .map_or(Marking::Nothing, Marking::Rated)
    }

    pub(crate) fn add_text(&mut self, id: TextId, text: &str) {
        self.texts.put(id, text);
    }

    pub(crate) fn add_project(&mut self, id: ProjectId, name: &str) {
        self.project_ids.insert(name.to_owned(), id);
        self.next_project = self.next_project.max(id.0 + 1);
        let project = Project {
            name: name.to_owned(),
            series: 0,
        };
        self.projects.insert(id, project);
    }

    pub(crate) fn add_metric(
        &mut self,
        id: MetricId,
        project: ProjectId,
        name: &str,
        kind: Kind,
        total: PageId,
    ) {
        let metric = Metric {
            project,
            name: name.to_owned(),
            kind,
            total,
            pages: Vec::new(),
        };
        self.metric_ids.insert((project, kind, name.into()), id);
        self.metrics.insert(id, metric);
        self.next_metric = self.next_metric.max(id.0 + 1);
        self.take_page(total, id);
    }

    fn take_page(&mut self, page: PageId, metric: MetricId) {
        self.pages.insert(page, metric);
        self.next_page = self.next_page.max(page.0 + 1);
    }

    pub(crate) fn add_series(&mut self, stored: Stored) {
        let page = stored.id.page();
        let Some(metric) = self.metrics.get_mut(&stored.metric) else {
            return;
        };
        if !metric.pages.contains(&page) {
            metric.pages.push(page);
        }
        let (name, kind, project) = (metric.name.clone(), metric.kind, metric.project);
        self.take_page(page, stored.metric);
        let text = |id| self.texts.get(id).to_owned();
        let labels = Labels::from_pairs(
            stored
                .labels
                .iter()
                .map(|(name, value)| (text(*name), text(*value))),
        );
        let is_error = kind == Kind::Counter
            && name == REQUESTS
            && labels
                .get("status")
                .is_some_and(|status| status.len() == 3 && status.starts_with('5'));
        let identity = Identity {
            project: self
                .project(project)
                .map_or_else(String::new, |project| project.name.clone()),
            name,
            kind,
            labels,
        };
        let print = self.printer.identity(&identity);
        if let Some(project) = self.projects.get_mut(&project) {
            project.series += 1;
        }
        if identity.labels == Labels::overflow() {
            *self.overflowing.entry(project).or_default() += 1;
        }
        self.by_print.insert(print, stored.id);
        let series = Series {
            metric: stored.metric,
            labels: stored.labels.into(),
            is_error,
            last_hour: AtomicU32::new(u32::try_from(stored.last_hour).unwrap_or(0)),
        };
        self.series.insert(stored.id, series);
    }
}

#[cfg(test)]
mod tests;
