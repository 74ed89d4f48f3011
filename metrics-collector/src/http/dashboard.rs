//! The overview.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header;
use serde::{Deserialize, Serialize};
use shared::clock::Timestamp;
use shared::http::{Problem, Query};

use super::catalogue::project_id;
use super::range::{self, Asked, Fineness};
use super::{App, Shared};
use crate::bucket::Resolution;
use crate::dashboard::{self, Dashboard};
use crate::kind::Kind;
use crate::query::{Range, Row};
use crate::vitals::{Rating, Vital};

#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DashboardQuery {
    /// Up to now: 90s, 15m, 24h, 30d. 24h unless given.
    period: Option<String>,
    /// From this time on: RFC 3339, or a while ago such as -15m.
    since: Option<String>,
    /// Before this time.
    until: Option<String>,
    /// Only this project.
    project: Option<String>,
}

/// Requests and Web Vitals over the whole range.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct DashboardReply {
    /// As it was asked for; `null` for a range with ends.
    period: Option<String>,
    /// As it was asked for. The first and the last bucket may reach beyond.
    from: Timestamp,
    to: Timestamp,
    resolution: Resolution,
    summary: Summary,
    cardinality: Cardinality,
    top_metrics: Vec<TopMetric>,
    requests: Requests,
    web_vitals: WebVitals,
}

#[derive(Serialize, utoipa::ToSchema)]
struct Summary {
    total_datapoints: u64,
    distinct_metrics: usize,
}

/// Series of the project, or of all.
#[derive(Serialize, utoipa::ToSchema)]
struct Cardinality {
    series: usize,
    limit: usize,
    /// Points went to a series that stands for many.
    overflowing: bool,
}

#[derive(Serialize, utoipa::ToSchema)]
struct TopMetric {
    name: String,
    r#type: Kind,
    count: u64,
    total: f64,
}

#[derive(Serialize, utoipa::ToSchema)]
struct Requests {
    timeseries: Vec<RequestsBucket>,
    endpoints: Vec<Endpoint>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct RequestsBucket {
    bucket: Timestamp,
    count: f64,
    /// Per second.
    rate: f64,
    errors: f64,
    /// From 0 to 1.
    error_rate: f64,
    /// In seconds.
    p50: Option<f64>,
    p95: Option<f64>,
    p99: Option<f64>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct Endpoint {
    endpoint: String,
    method: String,
    count: f64,
    /// Per second.
    rate: f64,
    /// From 0 to 1.
    error_rate: f64,
    /// In seconds.
    p95: Option<f64>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct WebVitals {
    /// By `lcp`, `inp`, `cls`, `fcp`, `ttfb` and `fid`; those without data are left out.
    summary: BTreeMap<&'static str, VitalSummary>,
    timeseries: Vec<VitalsBucket>,
    by_page: Vec<Page>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct VitalSummary {
    p75: f64,
    avg: f64,
    count: u64,
    rating: Rating,
    /// Shares from 0 to 1.
    good: f64,
    needs_improvement: f64,
    poor: f64,
}

/// p75 of each.
#[derive(Serialize, utoipa::ToSchema)]
struct VitalsBucket {
    bucket: Timestamp,
    lcp: Option<f64>,
    inp: Option<f64>,
    cls: Option<f64>,
    fcp: Option<f64>,
    ttfb: Option<f64>,
    fid: Option<f64>,
}

/// p75 of each.
#[derive(Serialize, utoipa::ToSchema)]
struct Page {
    page: String,
    lcp: Option<f64>,
    inp: Option<f64>,
    cls: Option<f64>,
    page_views: u64,
}

/// What the overview shows, over all of the range.
#[utoipa::path(get, path = "/api/dashboard", tag = "metrics", params(DashboardQuery),
    responses((status = 200, body = DashboardReply), (status = 400, body = inline(shared::http::problem::ProblemBody<'static>)),
        (status = 404, body = inline(shared::http::problem::ProblemBody<'static>))))]
pub(super) async fn get_dashboard(
    State(app): Shared,
    Query(query): Query<DashboardQuery>,
) -> Result<Response, Problem> {
    read(&app, &query, Timestamp::now())?;
    let make = async || {
        let reply = make(&app, &query).await?;
        let bytes = serde_json::to_vec(&reply).map_err(|_| Problem::internal())?;
        Ok(Bytes::from(bytes))
    };
    let body = app.dashboards.answer(&app.turns, query.clone(), make).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

fn read(app: &App, query: &DashboardQuery, now: Timestamp) -> Result<Asked, Problem> {
    range::read(
        query.period.as_deref(),
        query.since.as_deref(),
        query.until.as_deref(),
        Fineness::Auto,
        app.config.schedule().floors(now),
        now,
    )
}

async fn make(app: &App, query: &DashboardQuery) -> Result<DashboardReply, Problem> {
    let now = Timestamp::now();
    let asked = read(app, query, now)?;
    let (project, cardinality) = {
        let catalogue = app.store.catalogue();
        // One that there is not has no metrics.
        let project = project_id(&catalogue, query.project.as_deref())
            .ok_or_else(|| Problem::not_found("no such project"))?;
        let limit = app.config.max_series;
        let cardinality = Cardinality {
            series: project.map_or_else(
                || catalogue.series_count(),
                |project| catalogue.series_of_project(project),
            ),
            limit: if project.is_some() { limit } else { 2 * limit },
            overflowing: catalogue.is_overflowing(project),
        };
        (project, cardinality)
    };
    let dashboard = dashboard::gather(&app.store, project, asked.range).await?;
    Ok(DashboardReply {
        period: asked.period,
        from: asked.since,
        to: asked.until,
        resolution: asked.range.resolution,
        summary: Summary {
            total_datapoints: dashboard.datapoints,
            distinct_metrics: dashboard.metrics,
        },
        cardinality,
        requests: requests(&dashboard, asked.range, now),
        web_vitals: web_vitals(&dashboard, asked.range),
        top_metrics: dashboard
            .top
            .into_iter()
            .map(|top| TopMetric {
                name: top.name,
                r#type: top.kind,
                count: top.count,
                total: top.total,
            })
            .collect(),
    })
}

fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 {
        (part / whole).clamp(0.0, 1.0)
    } else {
        0.0
    }
}

fn requests(dashboard: &Dashboard, range: Range, now: Timestamp) -> Requests {
    let buckets = dashboard
        .requests
        .iter()
        .map(|(bucket, requests)| RequestsBucket {
            bucket: range.resolution.start(*bucket),
            count: requests.count,
            rate: requests.count / range.seconds_of(*bucket, now),
            errors: requests.errors,
            error_rate: share(requests.errors, requests.count),
            p50: requests.told.map(|told| told.p50),
            p95: requests.told.map(|told| told.p95),
            p99: requests.told.map(|told| told.p99),
        });
    let endpoints = dashboard.endpoints.iter().map(|(values, requests)| Endpoint {
        endpoint: value(values, 0),
        method: value(values, 1),
        count: requests.count,
        rate: requests.count / range.seconds(now),
        error_rate: share(requests.errors, requests.count),
        p95: requests.p95,
    });
    Requests {
        timeseries: buckets.collect(),
        endpoints: endpoints.collect(),
    }
}

fn value(values: &[Arc<str>], place: usize) -> String {
    values
        .get(place)
        .map_or_else(String::new, |value| value.to_string())
}

fn name(vital: Vital) -> &'static str {
    match vital {
        Vital::Lcp => "lcp",
        Vital::Inp => "inp",
        Vital::Cls => "cls",
        Vital::Fcp => "fcp",
        Vital::Ttfb => "ttfb",
        Vital::Fid => "fid",
    }
}

fn web_vitals(dashboard: &Dashboard, range: Range) -> WebVitals {
    let summary = |vital: Vital, row: &Row| {
        let p75 = row.told.map_or(row.max, |told| told.p75);
        let (count, (good, needs_improvement)) = (row.count as f64, row.marked);
        VitalSummary {
            p75,
            avg: row.avg,
            count: row.count,
            rating: vital.rate(p75),
            good: share(good, count),
            needs_improvement: share(needs_improvement, count),
            poor: share(count - good - needs_improvement, count),
        }
    };
    let buckets = dashboard.vitals_by_bucket.iter().map(|(bucket, p75)| {
        let of = |vital| p75.get(&vital).copied();
        VitalsBucket {
            bucket: range.resolution.start(*bucket),
            lcp: of(Vital::Lcp),
            inp: of(Vital::Inp),
            cls: of(Vital::Cls),
            fcp: of(Vital::Fcp),
            ttfb: of(Vital::Ttfb),
            fid: of(Vital::Fid),
        }
    });
    let pages = dashboard.pages.iter().map(|(page, of)| {
        let p75 = |vital| of.p75.get(&vital).copied();
        Page {
            page: value(page, 0),
            lcp: p75(Vital::Lcp),
            inp: p75(Vital::Inp),
            cls: p75(Vital::Cls),
            page_views: of.views,
        }
    });
    WebVitals {
        summary: dashboard
            .vitals
            .iter()
            .map(|(vital, row)| (name(*vital), summary(*vital, row)))
            .collect(),
        timeseries: buckets.collect(),
        by_page: pages.collect(),
    }
}
