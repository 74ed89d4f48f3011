//! Counts over time.

use std::collections::BTreeMap;
use std::time::Instant;

use axum::Json;
use axum::extract::{RawQuery, State};
use serde::{Deserialize, Serialize};
use shared::http::Problem;

use super::Shared;
use super::entries::SEARCH_TIME;
use super::filter::FilterQuery;
use crate::entry::Level;
use crate::nanos::Nanos;
use crate::search::histogram;

const DEFAULT_BUCKETS: u64 = 60;
const MOST_BUCKETS: u64 = 1_000;
const NANOS_PER_MS: i64 = 1_000_000;

/// How finely.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct BucketsQuery {
    /// About so many over the whole range: 60 unless given, at most 1000.
    buckets: Option<u64>,
}

/// Counts per bucket and level.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct HistogramReply {
    from: String,
    to: String,
    bucket_ms: i64,
    /// Those with entries, oldest first.
    buckets: Vec<Bucket>,
    total: u64,
    /// False when counting took too long; then everything from `scanned_to` on is counted.
    complete: bool,
    scanned_to: Option<String>,
}

/// One bucket.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Bucket {
    /// Its start.
    at: String,
    /// Entries by level; levels without any are left out.
    counts: BTreeMap<&'static str, u64>,
}

/// How many entries match all filters, over time and by level.
#[utoipa::path(get, path = "/api/logs/histogram", tag = "logs", params(FilterQuery, BucketsQuery),
    responses((status = 200, body = HistogramReply), (status = 400, body = inline(shared::http::problem::ProblemBody<'static>))))]
pub(super) async fn get_histogram(
    State(app): Shared,
    RawQuery(query): RawQuery,
) -> Result<Json<HistogramReply>, Problem> {
    let (filter, query): (FilterQuery, BucketsQuery) =
        FilterQuery::read(query.as_deref().unwrap_or_default())?;
    let buckets = query.buckets.unwrap_or(DEFAULT_BUCKETS).clamp(1, MOST_BUCKETS) as u32;
    let now = Nanos::now();
    let filter = filter.resolve(&app.store, now).await?;
    let histogram = histogram::read(&app.store, filter, buckets, now, Instant::now() + SEARCH_TIME).await?;
    Ok(Json(HistogramReply {
        from: histogram.from.to_string(),
        to: histogram.to.to_string(),
        bucket_ms: histogram.width / NANOS_PER_MS,
        buckets: histogram
            .buckets
            .iter()
            .map(|(at, levels)| Bucket {
                at: at.to_string(),
                counts: Level::ALL
                    .iter()
                    .zip(levels)
                    .filter(|(_, count)| **count > 0)
                    .map(|(level, count)| (level.as_str(), *count))
                    .collect(),
            })
            .collect(),
        total: histogram.total,
        complete: histogram.scanned_to.is_none(),
        scanned_to: histogram.scanned_to.map(|edge| edge.to_string()),
    }))
}
