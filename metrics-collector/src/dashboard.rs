//! Requests and Web Vitals over a range: what the overview shows.
//!
//! It is gathered in two goes, each of which reads points that are not rolled up yet once: first all that is counted,
//! by which it is known which endpoints and pages are shown; then how these are distributed.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::catalogue::{ProjectId, REQUESTS};
use crate::kind::Kind;
use crate::labels::Selector;
use crate::query::{self, Distributions, Groups, Question, Range, Row, Selection, Told, Values, Wanted};
use crate::store::{Result, Store};
use crate::summary;
use crate::vitals::Vital;

/// How long requests took, in seconds.
pub(crate) const DURATIONS: &str = "http_request_duration_seconds";
const ENDPOINT: [&str; 2] = ["endpoint", "method"];
/// The vitals that tell of a page.
const OF_PAGES: [Vital; 5] = [Vital::Lcp, Vital::Inp, Vital::Cls, Vital::Fcp, Vital::Ttfb];
const TOP_METRICS: usize = 20;
const MOST_ENDPOINTS: usize = 100;
/// Endpoints that may be among those, as far as can be told roughly.
const CANDIDATES: usize = 256;
const MOST_PAGES: usize = 100;
/// What one metric came to in the whole range.
#[derive(Debug)]
pub(crate) struct Top {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) count: u64,
    pub(crate) total: f64,
}

/// Requests of one endpoint and method.
#[derive(Debug, Default)]
pub(crate) struct Endpoint {
    pub(crate) count: f64,
    pub(crate) errors: f64,
    pub(crate) p95: Option<f64>,
}

/// Requests in one bucket.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    pub(crate) count: f64,
    pub(crate) errors: f64,
    pub(crate) told: Option<summary::Told>,
}

/// How one page feels.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) p75: BTreeMap<Vital, f64>,
    pub(crate) views: u64,
}

/// All of it.
#[derive(Debug)]
pub(crate) struct Dashboard {
    pub(crate) datapoints: u64,
    pub(crate) metrics: usize,
    pub(crate) top: Vec<Top>,
    pub(crate) requests: BTreeMap<i64, Requests>,
    /// By endpoint and method.
    pub(crate) endpoints: Vec<(Values, Endpoint)>,
    pub(crate) vitals: BTreeMap<Vital, Row>,
    pub(crate) vitals_by_bucket: BTreeMap<i64, BTreeMap<Vital, f64>>,
    pub(crate) pages: Vec<(Values, Page)>,
}

/// Gathers it for one project or for all.
pub(crate) async fn gather(store: &Store, project: Option<ProjectId>, range: Range) -> Result<Dashboard> {
    let asking = Asking {
        store,
        project,
        range,
    };
    let mut dashboard = asking.counted().await?;
    asking.add_distributions(&mut dashboard).await?;
    Ok(dashboard)
}

struct Asking<'a> {
    store: &'a Store,
    project: Option<ProjectId>,
    range: Range,
}

impl Asking<'_> {
    /// All but how endpoints and pages are distributed.
    async fn counted(&self) -> Result<Dashboard> {
        let totals = self.totals();
        let counts = self.select(REQUESTS, Kind::Counter, &[], Distributions::None);
        let durations = self.select(DURATIONS, Kind::Histogram, &[], Distributions::Fine);
        let counts_by_endpoint = self.select(REQUESTS, Kind::Counter, &ENDPOINT, Distributions::None);
        let by_endpoint = self.select(DURATIONS, Kind::Histogram, &ENDPOINT, Distributions::Rough);
        let vital = |vital: Vital| self.select(vital.metric(), Kind::Histogram, &[], Distributions::Fine);
        let vitals = Vital::ALL.map(|of| (of, vital(of)));
        let views = self.by_page(Distributions::None);
        let asked: Vec<(About, Question<'_>)> = [
            (About::Totals, whole(&totals)),
            (About::Counts, each(&counts)),
            (About::Durations, each(&durations)),
            (About::CountsOfEndpoints, whole(&counts_by_endpoint)),
            (About::DurationsOfEndpoints, whole(&by_endpoint)),
        ]
        .into_iter()
        .chain(
            vitals
                .iter()
                .map(|(of, selection)| (About::Vital(*of), whole(selection))),
        )
        .chain(
            vitals
                .iter()
                .map(|(of, selection)| (About::VitalInTime(*of), each(selection))),
        )
        .chain(views.iter().map(|selection| (About::Views, whole(selection))))
        .collect();
        let questions: Vec<Question<'_>> = asked.iter().map(|(_, question)| *question).collect();

        let mut counted = Counted::default();
        self.answer(&questions, |index, row| {
            if let Some((about, question)) = asked.get(index) {
                counted.add(*about, values_of(question.selection, &row), row);
            }
        })
        .await?;
        Ok(counted.into_dashboard())
    }

    /// How long requests of the heaviest endpoints took, and how the most viewed pages feel.
    async fn add_distributions(&self, dashboard: &mut Dashboard) -> Result<()> {
        let mut endpoints: BTreeMap<Values, Endpoint> =
            std::mem::take(&mut dashboard.endpoints).into_iter().collect();
        let mut pages: BTreeMap<Values, Page> = std::mem::take(&mut dashboard.pages).into_iter().collect();
        let by_endpoint = self
            .select(DURATIONS, Kind::Histogram, &ENDPOINT, Distributions::Fine)
            .only(|values| endpoints.contains_key(values));
        let by_page = self
            .by_page(Distributions::Fine)
            .map(|selection| selection.only(|values| pages.contains_key(values)));
        let questions: Vec<Question<'_>> = [whole(&by_endpoint)]
            .into_iter()
            .chain(by_page.iter().map(whole))
            .collect();

        self.answer(&questions, |index, row| {
            let Some(question) = questions.get(index) else {
                return;
            };
            let values = values_of(question.selection, &row);
            let vital = index.checked_sub(1).and_then(|page| OF_PAGES.get(page));
            if let Some(vital) = vital {
                if let Some(page) = pages.get_mut(values) {
                    page.p75.extend(row.told.map(|told| (*vital, told.p75)));
                }
            } else if let Some(endpoint) = endpoints.get_mut(values) {
                endpoint.p95 = row.told.map(|told| told.p95);
            }
        })
        .await?;
        dashboard.endpoints = heaviest(endpoints, MOST_ENDPOINTS);
        dashboard.pages = most_viewed(pages);
        Ok(())
    }

    async fn answer(
        &self,
        questions: &[Question<'_>],
        mut hand_out: impl FnMut(usize, Row) + Send,
    ) -> Result<()> {
        let all = |index, row| {
            hand_out(index, row);
            Ok(())
        };
        // There are no more rows than buckets and series.
        let _ = query::answer(self.store, self.range, questions, all).await?;
        Ok(())
    }

    fn select(&self, name: &str, kind: Kind, labels: &[&str], distributions: Distributions) -> Selection {
        let names: Vec<String> = labels.iter().map(|label| (*label).to_owned()).collect();
        let wanted = Wanted {
            name,
            kind,
            project: self.project,
            labels: &Selector::default(),
            groups: if names.is_empty() {
                Groups::One
            } else {
                Groups::By(&names)
            },
            distributions,
        };
        Selection::of(&self.store.catalogue(), wanted)
    }

    fn by_page(&self, distributions: Distributions) -> [Selection; OF_PAGES.len()] {
        OF_PAGES.map(|vital| self.select(vital.metric(), Kind::Histogram, &["page"], distributions))
    }

    /// The totals of all metrics, by kind and name.
    fn totals(&self) -> Selection {
        let catalogue = self.store.catalogue();
        let metrics = catalogue.metrics().map(|(_, metric)| metric);
        let metrics = metrics.filter(|metric| self.project.is_none_or(|project| project == metric.project));
        Selection::of_totals(metrics.map(|metric| {
            let values: [Arc<str>; 2] = [metric.kind.as_str().into(), metric.name.as_str().into()];
            (metric, Values::from(values))
        }))
    }
}

fn whole(selection: &Selection) -> Question<'_> {
    Question {
        selection,
        told: Told::Whole,
    }
}

fn each(selection: &Selection) -> Question<'_> {
    Question {
        selection,
        told: Told::Each,
    }
}

fn values_of<'a>(selection: &'a Selection, row: &Row) -> &'a [Arc<str>] {
    selection
        .groups
        .get(row.group as usize)
        .map_or(&[], |values| values)
}

/// What a row tells of.
#[derive(Debug, Clone, Copy)]
enum About {
    Totals,
    Counts,
    Durations,
    CountsOfEndpoints,
    DurationsOfEndpoints,
    Vital(Vital),
    VitalInTime(Vital),
    Views,
}

/// What rows come to. They are not kept: of ten thousand series over a day they took megabytes.
#[derive(Debug, Default)]
struct Counted {
    totals: Vec<Top>,
    /// Whether requests are counted, or only timed; and those of endpoints.
    are_counted: bool,
    are_counted_by_endpoint: bool,
    /// With those that were timed.
    requests: BTreeMap<i64, (Requests, u64)>,
    /// The same, with a p95 that is told roughly: how long all of them took in all detail would not fit.
    endpoints: BTreeMap<Values, (Endpoint, u64)>,
    vitals: BTreeMap<Vital, Row>,
    vitals_by_bucket: BTreeMap<i64, BTreeMap<Vital, f64>>,
    pages: BTreeMap<Values, Page>,
}

impl Counted {
    fn add(&mut self, about: About, values: &[Arc<str>], row: Row) {
        match about {
            About::Totals => self.totals.extend(total(values, &row)),
            About::Counts => {
                self.are_counted = true;
                let (requests, _) = self.requests.entry(row.bucket).or_default();
                (requests.count, requests.errors) = (row.sum, row.marked.0);
            }
            About::Durations => {
                let (requests, timed) = self.requests.entry(row.bucket).or_default();
                (requests.told, *timed) = (row.told, row.count);
            }
            About::CountsOfEndpoints => {
                self.are_counted_by_endpoint = true;
                let (endpoint, _) = self.endpoints.entry(values.into()).or_default();
                (endpoint.count, endpoint.errors) = (row.sum, row.marked.0);
            }
            About::DurationsOfEndpoints => {
                let (endpoint, timed) = self.endpoints.entry(values.into()).or_default();
                (endpoint.p95, *timed) = (row.told.map(|told| told.p95), row.count);
            }
            About::Vital(vital) => {
                self.vitals.insert(vital, row);
            }
            About::VitalInTime(vital) => {
                let bucket = self.vitals_by_bucket.entry(row.bucket).or_default();
                bucket.extend(row.told.map(|told| (vital, told.p75)));
            }
            About::Views => {
                let page = self.pages.entry(values.into()).or_default();
                // Not every view has every vital: a view without a click has no INP.
                page.views = page.views.max(row.count);
            }
        }
    }

    fn into_dashboard(self) -> Dashboard {
        let requests = self.requests.into_iter().map(|(bucket, (mut requests, timed))| {
            if !self.are_counted {
                requests.count = timed as f64;
            }
            (bucket, requests)
        });
        // Those that may be among the heaviest.
        let endpoints = self.endpoints.into_iter().map(|(values, (mut endpoint, timed))| {
            if !self.are_counted_by_endpoint {
                endpoint.count = timed as f64;
            }
            (values, endpoint)
        });
        Dashboard {
            datapoints: self.totals.iter().map(|metric| metric.count).sum(),
            metrics: self.totals.len(),
            top: most_of(self.totals),
            requests: requests.collect(),
            endpoints: heaviest(endpoints, CANDIDATES),
            vitals: self.vitals,
            vitals_by_bucket: self.vitals_by_bucket,
            pages: most_viewed(self.pages),
        }
    }
}

/// What a metric came to, if these are its kind and name.
fn total(values: &[Arc<str>], row: &Row) -> Option<Top> {
    match values {
        [kind, name] => Some(Top {
            name: name.to_string(),
            kind: Kind::parse(kind)?,
            count: row.count,
            total: row.sum,
        }),
        _ => None,
    }
}

/// The metrics that have the most points.
fn most_of(mut metrics: Vec<Top>) -> Vec<Top> {
    metrics.sort_by(|left, right| {
        right
            .count
            .cmp(&left.count)
            .then_with(|| left.name.cmp(&right.name))
    });
    metrics.truncate(TOP_METRICS);
    metrics
}

/// Those that take the most time of all come first.
fn heaviest(endpoints: impl IntoIterator<Item = (Values, Endpoint)>, most: usize) -> Vec<(Values, Endpoint)> {
    let weight = |endpoint: &Endpoint| endpoint.count * endpoint.p95.unwrap_or(0.0);
    let mut endpoints: Vec<_> = endpoints.into_iter().collect();
    endpoints.sort_by(|(_, left), (_, right)| {
        weight(right)
            .total_cmp(&weight(left))
            .then(right.count.total_cmp(&left.count))
    });
    endpoints.truncate(most);
    endpoints
}

fn most_viewed(pages: BTreeMap<Values, Page>) -> Vec<(Values, Page)> {
    let mut pages: Vec<_> = pages.into_iter().collect();
    pages.sort_by_key(|(_, page)| std::cmp::Reverse(page.views));
    pages.truncate(MOST_PAGES);
    pages
}
