//! What a metric came to, bucket by bucket.

mod pieces;

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use shared::clock::Timestamp;
use shared::http::params::parse_query;
use shared::http::{Problem, Query};

use self::pieces::Writer;
use super::Shared;
use super::catalogue::project_id;
use super::range::{self, Fineness};
use crate::bucket::{Floors, Resolution};
use crate::kind::Kind;
use crate::labels::Selector;
use crate::period::LONGEST_MS;
use crate::query::{self, Distributions, Groups, Range, Row, Selection, TooMany, Wanted};

/// Rows of one reply.
const MOST_ROWS: usize = 50_000;

/// Which metric, when, and how.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct MetricQuery {
    /// The metric; required.
    #[param(value_type = String, required = true)]
    name: Option<String>,
    /// Up to now: 90s, 15m, 24h, 30d. 24h unless given.
    period: Option<String>,
    /// From this time on: RFC 3339, or a while ago such as -15m.
    since: Option<String>,
    /// Before this time.
    until: Option<String>,
    /// `auto` tells minutes up to 24 hours, else hours.
    #[serde(default)]
    #[param(inline)]
    resolution: Fineness,
    /// Labels that a series must have: `k:v,k2:v2`. A comma in a value is written `\,`.
    labels: Option<String>,
    /// Only this project.
    project: Option<String>,
    /// A series for each value of these labels, separated by commas.
    group_by: Option<String>,
    /// When a name has several; the newest unless given.
    #[param(inline)]
    r#type: Option<Kind>,
    /// Adds `rate` to the buckets of a counter.
    #[serde(default)]
    rate: bool,
}

/// What the metric came to.
#[derive(utoipa::ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it documents what is written piece by piece")]
enum MetricReply {
    /// One row for each bucket that has data, over all label sets.
    Merged {
        #[serde(flatten)]
        head: Head,
        data: Vec<Bucket>,
    },
    /// With `group_by`.
    Grouped {
        #[serde(flatten)]
        head: Head,
        series: Vec<Grouped>,
    },
}

/// What was asked for.
#[derive(Serialize, utoipa::ToSchema)]
struct Head {
    name: String,
    /// `null` when there is no such metric.
    r#type: Option<Kind>,
    resolution: Resolution,
    /// As it was asked for; `null` for a range with ends.
    period: Option<String>,
    /// As it was asked for. The first and the last bucket may reach beyond.
    from: Timestamp,
    to: Timestamp,
}

/// The buckets of one group.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "it documents what is written piece by piece")]
struct Grouped {
    labels: BTreeMap<String, String>,
    data: Vec<Bucket>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct Bucket {
    /// When it begins.
    bucket: Timestamp,
    count: u64,
    sum: f64,
    min: f64,
    max: f64,
    avg: f64,
    /// The newest value of a gauge.
    last: Option<f64>,
    /// Of a histogram.
    p50: Option<f64>,
    p95: Option<f64>,
    p99: Option<f64>,
    /// False when the percentiles are told from a distribution; they are then wrong by 0.55 % at most.
    exact: bool,
    /// Of a counter, per second, when it is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    rate: Option<f64>,
}

impl Bucket {
    fn new(row: &Row, range: Range, now: Timestamp, with_rate: bool) -> Self {
        Self {
            bucket: range.resolution.start(row.bucket),
            count: row.count,
            sum: row.sum,
            min: row.min,
            max: row.max,
            avg: row.avg,
            last: row.last,
            p50: row.told.map(|told| told.p50),
            p95: row.told.map(|told| told.p95),
            p99: row.told.map(|told| told.p99),
            exact: row.told.is_none_or(|told| told.is_exact),
            rate: with_rate.then(|| row.sum / range.seconds_of(row.bucket, now)),
        }
    }
}

/// A metric over time, with percentiles that are true for the range and the labels.
#[utoipa::path(get, path = "/api/metrics", tag = "metrics", params(MetricQuery),
    responses((status = 200, body = MetricReply), (status = 400, body = inline(shared::http::problem::ProblemBody<'static>))))]
pub(super) async fn get_metric(
    State(app): Shared,
    Query(query): Query<MetricQuery>,
) -> Result<Response, Problem> {
    let now = Timestamp::now();
    let name = query
        .name
        .ok_or_else(|| Problem::bad_request("name: is missing"))?;
    let asked = range::read(
        query.period.as_deref(),
        query.since.as_deref(),
        query.until.as_deref(),
        query.resolution,
        app.config.schedule().floors(now),
        now,
    )?;
    let labels =
        Selector::parse(query.labels.as_deref().unwrap_or_default()).map_err(Problem::bad_request)?;
    let group_by: Option<Vec<String>> = query.group_by.map(|names| {
        let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
        names.map(str::to_owned).collect()
    });
    let (kind, selection) = {
        let catalogue = app.store.catalogue();
        match project_id(&catalogue, query.project.as_deref()) {
            None => (None, Selection::default()),
            Some(project) => {
                let newest = catalogue
                    .metrics()
                    .map(|(_, metric)| metric)
                    .filter(|metric| metric.name == name)
                    .filter(|metric| project.is_none_or(|project| project == metric.project))
                    .filter(|metric| query.r#type.is_none_or(|kind| kind == metric.kind))
                    .max_by_key(|metric| (catalogue.last_hour_of(metric), metric.total));
                let kind = newest.map(|metric| metric.kind);
                let selection = kind.map(|kind| {
                    let wanted = Wanted {
                        name: &name,
                        kind,
                        project,
                        labels: &labels,
                        groups: group_by.as_deref().map_or(Groups::One, Groups::By),
                        distributions: Distributions::Fine,
                    };
                    Selection::of(&catalogue, wanted)
                });
                (kind, selection.unwrap_or_default())
            }
        }
    };
    let _turn = app.turns.take().await?;
    let rows = query::by_bucket(&app.store, &selection, asked.range, MOST_ROWS).await?;
    let rows = rows.map_err(|TooMany| {
        Problem::bad_request(format!(
            "group_by: gives more than {MOST_ROWS} rows; ask for resolution=hour, a shorter range or fewer labels"
        ))
    })?;
    let with_rate = query.rate && kind == Some(Kind::Counter);
    let head = Head {
        name,
        r#type: kind,
        resolution: asked.range.resolution,
        period: asked.period,
        from: asked.since,
        to: asked.until,
    };
    let writer = Writer {
        head: Some(head),
        groups: group_by.map(|names| (names, selection.groups)),
        rows,
        written: 0,
        range: asked.range,
        now,
        with_rate,
    };
    Ok(writer.into_response())
}

/// For the fuzzer: the stretch of time that a query names has an end after its start, and is no longer than it may be.
pub(crate) fn check_query(query: &str) {
    let now = Timestamp::from_millis(1_772_366_400_000);
    let Ok(query) = parse_query::<MetricQuery>(query) else {
        return;
    };
    let asked = range::read(
        query.period.as_deref(),
        query.since.as_deref(),
        query.until.as_deref(),
        query.resolution,
        Floors::default(),
        now,
    );
    if let Ok(asked) = asked {
        let length = asked.until.millis() - asked.since.millis();
        assert!((1..=LONGEST_MS).contains(&length), "{length}");
        let (first, last) = (asked.range.from, asked.range.to);
        let resolution = asked.range.resolution;
        // What is before 1970 is cut.
        assert!(first <= last && resolution.start(first) <= asked.since.max(Timestamp::default()));
        assert!(
            asked.until <= resolution.start(last),
            "the last bucket holds the end"
        );
    }
}
