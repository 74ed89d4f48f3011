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
/// Rows of one question; a range has fewer buckets, and there are fewer series.
const MOST_ROWS: usize = 1_000_000;
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
        let top = self.totals();
        let counts = self.select(REQUESTS, Kind::Counter, &[], Distributions::None);
        let durations = self.select(DURATIONS, Kind::Histogram, &[], Distributions::Fine);
        let counts_by_endpoint = self.select(REQUESTS, Kind::Counter, &ENDPOINT, Distributions::None);
        let by_endpoint = self.select(DURATIONS, Kind::Histogram, &ENDPOINT, Distributions::Rough);
        let vital = |vital: Vital| self.select(vital.metric(), Kind::Histogram, &[], Distributions::Fine);
        let vitals = Vital::ALL.map(vital);
        let views = self.by_page(Distributions::None);
        let questions: Vec<Question<'_>> = [whole(&top), each(&counts), each(&durations)]
            .into_iter()
            .chain([whole(&counts_by_endpoint), whole(&by_endpoint)])
            .chain(vitals.iter().map(whole))
            .chain(vitals.iter().map(each))
            .chain(views.iter().map(whole))
            .collect();

        let mut answers = self.answer(&questions).await?.into_iter();
        let mut next = || answers.next().unwrap_or_default();
        let (datapoints, metrics, top) = top_metrics(&top, &next());
        let requests = requests(&next(), &next());
        let endpoints = endpoints((&counts_by_endpoint, next()), (&by_endpoint, next()));
        let whole = Vital::ALL.map(|vital| (vital, next()));
        let each = Vital::ALL.map(|vital| (vital, next()));
        let pages = pages(views.iter().map(|selection| (selection, next())));
        let rows = whole
            .into_iter()
            .flat_map(|(vital, rows)| rows.into_iter().map(move |row| (vital, row)));
        Ok(Dashboard {
            datapoints,
            metrics,
            top,
            requests,
            endpoints,
            vitals: rows.collect(),
            vitals_by_bucket: vitals_by_bucket(&each),
            pages,
        })
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

        let mut answers = self.answer(&questions).await?.into_iter();
        for row in answers.next().unwrap_or_default() {
            if let Some(endpoint) = endpoints.get_mut(values_of(&by_endpoint, &row)) {
                endpoint.p95 = row.told.map(|told| told.p95);
            }
        }
        for ((vital, selection), rows) in OF_PAGES.iter().zip(&by_page).zip(answers) {
            for row in rows {
                if let Some(page) = pages.get_mut(values_of(selection, &row)) {
                    page.p75.extend(row.told.map(|told| (*vital, told.p75)));
                }
            }
        }
        dashboard.endpoints = heaviest(endpoints, MOST_ENDPOINTS);
        dashboard.pages = most_viewed(pages);
        Ok(())
    }

    async fn answer(&self, questions: &[Question<'_>]) -> Result<Vec<Vec<Row>>> {
        let rows = query::answer(self.store, self.range, questions, MOST_ROWS).await?;
        Ok(rows.unwrap_or_default())
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

/// Points, metrics, and those metrics that have the most.
fn top_metrics(selection: &Selection, rows: &[Row]) -> (u64, usize, Vec<Top>) {
    let top = |row: &Row| match values_of(selection, row) {
        [kind, name] => Some(Top {
            name: name.to_string(),
            kind: Kind::parse(kind)?,
            count: row.count,
            total: row.sum,
        }),
        _ => None,
    };
    let mut top: Vec<Top> = rows.iter().filter_map(top).collect();
    let (datapoints, metrics) = (top.iter().map(|metric| metric.count).sum(), top.len());
    top.sort_by(|left, right| {
        right
            .count
            .cmp(&left.count)
            .then_with(|| left.name.cmp(&right.name))
    });
    top.truncate(TOP_METRICS);
    (datapoints, metrics, top)
}

fn requests(counts: &[Row], durations: &[Row]) -> BTreeMap<i64, Requests> {
    let mut requests = BTreeMap::<i64, Requests>::new();
    for row in counts {
        let bucket = requests.entry(row.bucket).or_default();
        (bucket.count, bucket.errors) = (row.sum, row.marked.0);
    }
    let are_counted = !requests.is_empty();
    for row in durations {
        let bucket = requests.entry(row.bucket).or_default();
        bucket.told = row.told;
        if !are_counted {
            bucket.count = row.count as f64;
        }
    }
    requests
}

/// Those that may be among the heaviest, with a p95 that is told roughly: how long all of them took in all detail would
/// not fit.
fn endpoints(counts: (&Selection, Vec<Row>), durations: (&Selection, Vec<Row>)) -> Vec<(Values, Endpoint)> {
    let mut endpoints = BTreeMap::<Values, Endpoint>::new();
    let (selection, rows) = counts;
    for row in rows {
        let endpoint = endpoints.entry(values_of(selection, &row).into()).or_default();
        (endpoint.count, endpoint.errors) = (row.sum, row.marked.0);
    }
    let are_counted = !endpoints.is_empty();
    let (selection, rows) = durations;
    for row in rows {
        let endpoint = endpoints.entry(values_of(selection, &row).into()).or_default();
        endpoint.p95 = row.told.map(|told| told.p95);
        if !are_counted {
            endpoint.count = row.count as f64;
        }
    }
    heaviest(endpoints, CANDIDATES)
}

/// Those that take the most time of all come first.
fn heaviest(endpoints: BTreeMap<Values, Endpoint>, most: usize) -> Vec<(Values, Endpoint)> {
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

fn vitals_by_bucket(rows: &[(Vital, Vec<Row>)]) -> BTreeMap<i64, BTreeMap<Vital, f64>> {
    let mut buckets = BTreeMap::<i64, BTreeMap<Vital, f64>>::new();
    for (vital, rows) in rows {
        for row in rows {
            let bucket = buckets.entry(row.bucket).or_default();
            bucket.extend(row.told.map(|told| (*vital, told.p75)));
        }
    }
    buckets
}

fn pages<'a>(vitals: impl Iterator<Item = (&'a Selection, Vec<Row>)>) -> Vec<(Values, Page)> {
    let mut pages = BTreeMap::<Values, Page>::new();
    for (selection, rows) in vitals {
        for row in rows {
            let page = pages.entry(values_of(selection, &row).into()).or_default();
            // Not every view has every vital: a view without a click has no INP.
            page.views = page.views.max(row.count);
        }
    }
    most_viewed(pages)
}

fn most_viewed(pages: BTreeMap<Values, Page>) -> Vec<(Values, Page)> {
    let mut pages: Vec<_> = pages.into_iter().collect();
    pages.sort_by_key(|(_, page)| std::cmp::Reverse(page.views));
    pages.truncate(MOST_PAGES);
    pages
}
