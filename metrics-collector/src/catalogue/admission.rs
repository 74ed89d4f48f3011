//! Lets new series in, up to the limits; what is too much goes to a series that stands for many.

use super::{Catalogue, Identity, MetricId, ProjectId, Stored, TextId};
use crate::kind::Kind;
use crate::labels::Labels;
use crate::page::{PageId, SLOTS, SeriesId};

/// How many series there may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Of one project; all projects together may have twice as many.
    pub(crate) per_project: usize,
}

impl Limits {
    /// Series that stand for many, in all: one for each metric that comes when there is no room.
    fn overflow_series(self) -> usize {
        self.per_project / 10 + 100
    }
}

/// What has to be written for the series that were let in.
#[derive(Debug, Default)]
pub(crate) struct NewRows {
    pub(crate) projects: Vec<(ProjectId, String)>,
    pub(crate) metrics: Vec<(MetricId, ProjectId, String, Kind, PageId)>,
    pub(crate) texts: Vec<(TextId, String)>,
    pub(crate) series: Vec<Stored>,
}

/// What becomes of a point whose series is not known yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    Admitted(SeriesId),
    /// There are too many; this one stands for them.
    Overflow(SeriesId),
    /// There are too many even of those that stand for many.
    Refused,
}

impl Catalogue {
    /// Finds or makes a series. What is new is in the catalogue at once and has to be written with `rows`.
    pub(crate) fn admit(
        &mut self,
        identity: &Identity,
        hour: i64,
        limits: Limits,
        rows: &mut NewRows,
    ) -> Admission {
        if let Some(known) = self.find(identity) {
            return Admission::Admitted(known);
        }
        let of_project = self
            .project_id(&identity.project)
            .map_or(0, |project| self.series_of_project(project));
        if of_project < limits.per_project && self.series_count() < 2 * limits.per_project {
            return Admission::Admitted(self.make(identity, hour, rows));
        }
        let overflow = Identity {
            labels: Labels::overflow(),
            ..identity.clone()
        };
        if let Some(known) = self.find(&overflow) {
            return Admission::Overflow(known);
        }
        if self.overflowing.values().sum::<usize>() < limits.overflow_series() {
            return Admission::Overflow(self.make(&overflow, hour, rows));
        }
        Admission::Refused
    }

    fn make(&mut self, identity: &Identity, hour: i64, rows: &mut NewRows) -> SeriesId {
        let project = self.project_id(&identity.project).unwrap_or_else(|| {
            let id = ProjectId(self.next_project);
            self.add_project(id, &identity.project);
            rows.projects.push((id, identity.project.clone()));
            id
        });
        let key = (project, identity.kind, identity.name.as_str().into());
        let metric = self.metric_ids.get(&key).copied().unwrap_or_else(|| {
            let id = MetricId(self.next_metric);
            let total = PageId(self.next_page);
            self.add_metric(id, project, &identity.name, identity.kind, total);
            rows.metrics
                .push((id, project, identity.name.clone(), identity.kind, total));
            id
        });
        let labels: Vec<(TextId, TextId)> = identity
            .labels
            .iter()
            .map(|(name, value)| (self.take_text(name, rows), self.take_text(value, rows)))
            .collect();
        let id = self.free_place(metric);
        let stored = Stored {
            id,
            metric,
            labels,
            last_hour: hour,
        };
        rows.series.push(stored.clone());
        self.add_series(stored);
        id
    }

    fn take_text(&mut self, text: &str, rows: &mut NewRows) -> TextId {
        let (id, is_new) = self.texts.take(text);
        if is_new {
            rows.texts.push((id, text.to_owned()));
        }
        id
    }

    /// Behind the last series of the metric. Places of series that are gone are not given again.
    fn free_place(&self, metric: MetricId) -> SeriesId {
        let pages = self.metrics.get(&metric).map(|metric| metric.pages.as_slice());
        let last_page = pages.and_then(|pages| pages.iter().max());
        let last = last_page.and_then(|page| {
            let slots = (0..SLOTS).rev().map(|slot| SeriesId::new(*page, slot));
            slots.into_iter().find(|id| self.series.contains_key(id))
        });
        match last {
            Some(last) if last.slot() + 1 < SLOTS => SeriesId(last.0 + 1),
            _ => SeriesId::new(PageId(self.next_page), 0),
        }
    }
}
