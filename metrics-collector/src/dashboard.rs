//! Requests and Web Vitals over a range: what the overview shows.

use std::collections::BTreeMap;

use crate::catalogue::{Catalogue, Metric, ProjectId, REQUESTS};
use crate::kind::Kind;
use crate::labels::Selector;
use crate::query::{self, Groups, Range, Row, Selection, Wanted};
use crate::store::{Result, Store};
use crate::summary::Told;
use crate::vitals::Vital;

/// How long requests took, in seconds.
pub(crate) const DURATIONS: &str = "http_request_duration_seconds";
/// Buckets of one chart; a range has fewer.
const MOST_ROWS: usize = 1_000_000;
const TOP_METRICS: usize = 20;
const MOST_ENDPOINTS: usize = 100;
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
    pub(crate) told: Option<Told>,
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
    pub(crate) endpoints: Vec<((String, String), Endpoint)>,
    pub(crate) vitals: BTreeMap<Vital, Row>,
    pub(crate) vitals_by_bucket: BTreeMap<i64, BTreeMap<Vital, f64>>,
    pub(crate) pages: Vec<(String, Page)>,
}

/// Gathers it for one project or for all.
pub(crate) async fn gather(store: &Store, project: Option<ProjectId>, range: Range) -> Result<Dashboard> {
    let asking = Asking {
        store,
        project,
        range,
    };
    let (top, datapoints, metrics) = asking.top().await?;
    let (vitals, vitals_by_bucket) = asking.vitals().await?;
    Ok(Dashboard {
        datapoints,
        metrics,
        top,
        requests: asking.requests().await?,
        endpoints: asking.endpoints().await?,
        vitals,
        vitals_by_bucket,
        pages: asking.pages().await?,
    })
}

struct Asking<'a> {
    store: &'a Store,
    project: Option<ProjectId>,
    range: Range,
}

impl Asking<'_> {
    fn select(&self, name: &str, kind: Kind, groups: Groups<'_>) -> Selection {
        let wanted = Wanted {
            name,
            kind,
            project: self.project,
            labels: &Selector::default(),
            groups,
            with_sketches: true,
        };
        Selection::of(&self.store.catalogue(), wanted)
    }

    async fn by_bucket(&self, name: &str, kind: Kind) -> Result<Vec<Row>> {
        let selection = self.select(name, kind, Groups::One);
        let rows = query::by_bucket(self.store, &selection, self.range, MOST_ROWS).await?;
        Ok(rows.unwrap_or_default())
    }

    /// With the values of the labels by which they are taken together.
    async fn by_labels(&self, name: &str, kind: Kind, labels: &[&str]) -> Result<Vec<(Vec<String>, Row)>> {
        let names: Vec<String> = labels.iter().map(|label| (*label).to_owned()).collect();
        let selection = self.select(name, kind, Groups::By(&names));
        let rows = query::as_a_whole(self.store, &selection, self.range).await?;
        let values = |row: &Row| {
            selection
                .groups
                .get(row.group as usize)
                .cloned()
                .unwrap_or_default()
        };
        Ok(rows.into_iter().map(|row| (values(&row), row)).collect())
    }

    async fn top(&self) -> Result<(Vec<Top>, u64, usize)> {
        let selection = {
            let catalogue = self.store.catalogue();
            Selection::of_totals(self.metrics(&catalogue).map(|metric| {
                let values = vec![metric.kind.as_str().to_owned(), metric.name.clone()];
                (metric, values)
            }))
        };
        let rows = query::as_a_whole(self.store, &selection, self.range).await?;
        let mut top: Vec<Top> = rows
            .iter()
            .filter_map(|row| {
                let [kind, name] = selection.groups.get(row.group as usize)?.as_slice() else {
                    return None;
                };
                Some(Top {
                    name: name.clone(),
                    kind: Kind::parse(kind)?,
                    count: row.count,
                    total: row.sum,
                })
            })
            .collect();
        let (datapoints, metrics) = (top.iter().map(|metric| metric.count).sum(), top.len());
        top.sort_by(|left, right| {
            right
                .count
                .cmp(&left.count)
                .then_with(|| left.name.cmp(&right.name))
        });
        top.truncate(TOP_METRICS);
        Ok((top, datapoints, metrics))
    }

    fn metrics<'c>(&self, catalogue: &'c Catalogue) -> impl Iterator<Item = &'c Metric> {
        let project = self.project;
        catalogue
            .metrics()
            .map(|(_, metric)| metric)
            .filter(move |metric| project.is_none_or(|project| project == metric.project))
    }

    async fn requests(&self) -> Result<BTreeMap<i64, Requests>> {
        let mut requests = BTreeMap::<i64, Requests>::new();
        for row in self.by_bucket(REQUESTS, Kind::Counter).await? {
            let bucket = requests.entry(row.bucket).or_default();
            (bucket.count, bucket.errors) = (row.sum, row.marked.0);
        }
        let are_counted = !requests.is_empty();
        for row in self.by_bucket(DURATIONS, Kind::Histogram).await? {
            let bucket = requests.entry(row.bucket).or_default();
            bucket.told = row.told;
            if !are_counted {
                bucket.count = row.count as f64;
            }
        }
        Ok(requests)
    }

    async fn endpoints(&self) -> Result<Vec<((String, String), Endpoint)>> {
        const LABELS: [&str; 2] = ["endpoint", "method"];
        let mut endpoints = BTreeMap::<(String, String), Endpoint>::new();
        let key = |values: Vec<String>| {
            let mut values = values.into_iter();
            (
                values.next().unwrap_or_default(),
                values.next().unwrap_or_default(),
            )
        };
        for (values, row) in self.by_labels(REQUESTS, Kind::Counter, &LABELS).await? {
            let endpoint = endpoints.entry(key(values)).or_default();
            (endpoint.count, endpoint.errors) = (row.sum, row.marked.0);
        }
        let are_counted = !endpoints.is_empty();
        for (values, row) in self.by_labels(DURATIONS, Kind::Histogram, &LABELS).await? {
            let endpoint = endpoints.entry(key(values)).or_default();
            endpoint.p95 = row.told.map(|told| told.p95);
            if !are_counted {
                endpoint.count = row.count as f64;
            }
        }
        let mut endpoints: Vec<_> = endpoints.into_iter().collect();
        // Those that take the most time of all come first.
        let weight = |endpoint: &Endpoint| endpoint.count * endpoint.p95.unwrap_or(0.0);
        endpoints.sort_by(|(_, left), (_, right)| {
            weight(right)
                .total_cmp(&weight(left))
                .then(right.count.total_cmp(&left.count))
        });
        endpoints.truncate(MOST_ENDPOINTS);
        Ok(endpoints)
    }

    async fn vitals(&self) -> Result<(BTreeMap<Vital, Row>, BTreeMap<i64, BTreeMap<Vital, f64>>)> {
        let (mut whole, mut by_bucket) = (BTreeMap::new(), BTreeMap::<i64, BTreeMap<Vital, f64>>::new());
        for vital in Vital::ALL {
            let selection = self.select(vital.metric(), Kind::Histogram, Groups::One);
            let rows = query::as_a_whole(self.store, &selection, self.range).await?;
            whole.extend(rows.into_iter().map(|row| (vital, row)));
            for row in self.by_bucket(vital.metric(), Kind::Histogram).await? {
                let bucket = by_bucket.entry(row.bucket).or_default();
                bucket.extend(row.told.map(|told| (vital, told.p75)));
            }
        }
        Ok((whole, by_bucket))
    }

    async fn pages(&self) -> Result<Vec<(String, Page)>> {
        let mut pages = BTreeMap::<String, Page>::new();
        for vital in [Vital::Lcp, Vital::Inp, Vital::Cls, Vital::Fcp, Vital::Ttfb] {
            for (values, row) in self.by_labels(vital.metric(), Kind::Histogram, &["page"]).await? {
                let page = pages
                    .entry(values.into_iter().next().unwrap_or_default())
                    .or_default();
                page.p75.extend(row.told.map(|told| (vital, told.p75)));
                // Not every view has every vital: a view without a click has no INP.
                page.views = page.views.max(row.count);
            }
        }
        let mut pages: Vec<_> = pages.into_iter().collect();
        pages.sort_by_key(|(_, page)| std::cmp::Reverse(page.views));
        pages.truncate(MOST_PAGES);
        Ok(pages)
    }
}
