//! One group and its counts over time.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use serde::Serialize;
use serde_json::value::RawValue;
use shared::clock::{DAY_MS, Timestamp};
use shared::http::{Id, Problem};

use super::Shared;
use super::actions::not_found;
use super::list::ErrorItem;
use crate::report::{Occurrence, unpack_body};
use crate::stack::{self, Exception};
use crate::store::detail::OccurrenceRow;

/// Hours that the trend chart shows one by one; before them it shows days.
const HOURLY_MS: i64 = 7 * DAY_MS;

/// A group with its newest occurrences.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct ErrorDetail<'a> {
    #[serde(flatten)]
    item: ErrorItem,
    resolved_at: Option<Timestamp>,
    /// The newest occurrence's.
    traceback: &'a str,
    /// Every environment the group was seen in.
    environments: Vec<String>,
    /// Every release the group was seen in.
    releases: Vec<String>,
    /// Newest first.
    occurrences: Vec<OccurrenceBody<'a>>,
}

/// One report as it came.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct OccurrenceBody<'a> {
    id: i64,
    timestamp: Timestamp,
    message: &'a str,
    level: &'a Option<String>,
    request_url: &'a Option<String>,
    request_method: &'a Option<String>,
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    request_headers: Option<&'a RawValue>,
    user_id: &'a Option<String>,
    /// Whatever JSON the client sent.
    #[schema(value_type = Option<serde_json::Value>)]
    extra: Option<&'a RawValue>,
    traceback: &'a str,
    environment: &'a Option<String>,
    release: &'a Option<String>,
    trace_id: &'a Option<String>,
    session_id: &'a Option<String>,
    /// The traceback's exceptions: the raised one first, in each the innermost frame first.
    stack: Vec<Exception>,
}

/// A group with its newest occurrences.
#[utoipa::path(get, path = "/api/errors/{id}", tag = "errors", params(("id" = i64, Path)),
    responses((status = 200, body = ErrorDetail<'static>), (status = 404, body = inline(shared::http::problem::ProblemBody<'static>))))]
pub(super) async fn get_error(State(app): Shared, id: Result<Id, Problem>) -> Result<Response, Problem> {
    let Id(id) = id.map_err(|_| not_found())?;
    let item = app.store.group(id).await?.ok_or_else(not_found)?;
    let rows = app.store.occurrences(id, app.config.occurrences_kept).await?;
    let (environments, releases) = app.store.facets_of(id).await?;

    let bodies: Vec<(&OccurrenceRow, Vec<u8>)> = rows
        .iter()
        .filter_map(|row| unpack_body(&row.body).map(|body| (row, body)))
        .collect();
    let kept: Vec<(&OccurrenceRow, Occurrence<'_>)> = bodies
        .iter()
        .filter_map(|(row, body)| Some((*row, serde_json::from_slice(body).ok()?)))
        .collect();
    let newest = kept.first().map(|(_, occurrence)| occurrence);
    let resolved_at = item.group.resolved_at;
    let mut item = ErrorItem::new(item, Timestamp::now());
    if let Some(newest) = newest {
        item.message = newest.message.clone().into_owned();
    }
    let detail = ErrorDetail {
        resolved_at,
        traceback: newest.map_or("", |newest| newest.traceback.as_str()),
        environments,
        releases,
        occurrences: kept
            .iter()
            .map(|(row, occurrence)| OccurrenceBody::new(row, occurrence))
            .collect(),
        item,
    };
    // Written here because what it borrows does not outlive the handler.
    let json = serde_json::to_vec(&detail).map_err(|_| Problem::internal())?;
    Ok((
        [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))],
        json,
    )
        .into_response())
}

impl<'a> OccurrenceBody<'a> {
    fn new(row: &OccurrenceRow, occurrence: &'a Occurrence<'a>) -> Self {
        let mut stack = stack::parse_outside(occurrence.traceback.as_str(), &occurrence.message);
        if let Some(extra) = occurrence
            .extra
            .and_then(|extra| serde_json::from_str(extra.get()).ok())
        {
            stack::attach_context(&mut stack, &extra);
        }
        Self {
            id: row.id,
            timestamp: row.at,
            message: &occurrence.message,
            level: &occurrence.level,
            request_url: &occurrence.request_url,
            request_method: &occurrence.request_method,
            request_headers: occurrence.request_headers,
            user_id: &occurrence.user_id,
            extra: occurrence.extra,
            traceback: occurrence.traceback.as_str(),
            environment: &occurrence.environment,
            release: &occurrence.release,
            trace_id: &occurrence.trace_id,
            session_id: &occurrence.session_id,
            stack,
        }
    }
}

/// Counts over time, oldest first; times without reports are left out.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Timeline {
    /// The last seven days, hour by hour.
    hours: Vec<Bucket>,
    /// As far back as counts are kept, UTC day by UTC day.
    days: Vec<Bucket>,
}

/// Reports in one hour or day.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Bucket {
    /// Its start.
    bucket: Timestamp,
    count: i64,
}

/// How often a group was reported, per hour and per day.
#[utoipa::path(get, path = "/api/errors/{id}/timeline", tag = "errors", params(("id" = i64, Path)),
    responses((status = 200, body = Timeline), (status = 404, body = inline(shared::http::problem::ProblemBody<'static>))))]
pub(super) async fn get_timeline(
    State(app): Shared,
    id: Result<Id, Problem>,
) -> Result<Json<Timeline>, Problem> {
    let Id(id) = id.map_err(|_| not_found())?;
    let now = Timestamp::now();
    let kept_ms = i64::try_from(app.config.retention.as_millis()).unwrap_or(i64::MAX);
    let counts = app
        .store
        .hourly_counts(id, now.plus_millis(-kept_ms))
        .await?
        .ok_or_else(not_found)?;
    let mut days = BTreeMap::new();
    for (hour, count) in &counts {
        *days.entry(hour.millis().div_euclid(DAY_MS)).or_insert(0) += count;
    }
    let hours_from = now.plus_millis(-HOURLY_MS).hour();
    Ok(Json(Timeline {
        hours: counts
            .iter()
            .filter(|(hour, _)| hour.hour() > hours_from)
            .map(|(hour, count)| Bucket {
                bucket: *hour,
                count: *count,
            })
            .collect(),
        days: days
            .into_iter()
            .map(|(day, count)| Bucket {
                bucket: Timestamp::from_millis(day * DAY_MS),
                count,
            })
            .collect(),
    }))
}
