//! Takes a browser's error in.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use shared::clock::Timestamp;
use shared::http::Problem;
use shared::http::body::WholeBody;

use super::{App, Shared, enter};
use crate::browser_error::ErrorBody;
use crate::forward::{Outcome, Room};
use crate::id;
use crate::maps::Origin;
use crate::scratch;

/// What became of an error when the tracker could not take it yet.
#[derive(Serialize, utoipa::ToSchema)]
struct Spooled {
    /// `accepted`.
    status: &'static str,
}

/// What the tracker says of a report.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "it documents what passes through")]
pub(super) struct Counted {
    /// `created`, `incremented`, `reopened` or `duplicate`.
    status: String,
    id: i64,
    fingerprint: String,
    count: i64,
}

/// Hands an error on to the error tracker, with its original names and places where there is a source map.
#[utoipa::path(post, path = "/api/browser/errors", tag = "browser", security(("dsn_key" = [])), request_body = ErrorBody<'static>,
    params(("key" = Option<String>, Query, description = "the DSN key, where no header can be sent")),
    responses(
        (status = 201, body = Counted, description = "created or reopened"),
        (status = 200, body = Counted, description = "incremented or duplicate"),
        (status = 202, body = Spooled, description = "kept until the error tracker takes it"),
        (status = 400, body = inline(shared::http::problem::ProblemBody<'static>)),
        (status = 403, body = inline(shared::http::problem::ProblemBody<'static>))))]
pub(super) async fn report_error(State(app): Shared, request: Request) -> Result<Response, Problem> {
    let key = enter(&app, &request)?;
    let body = app.gate.read_body(request).await?.mended();
    let now = Timestamp::now();
    let room = app.errors.room(body.bytes.len(), 1).await;
    let room = room.map_err(Outcome::problem)?;
    let (report, room) = write_report(&app, &body, &key.project, now, room).await?;
    // What waits for its turn is the report, not the body.
    drop(body);
    app.used.key(key.id, now);
    match app.errors.hand_on(room, report, 1, now).await {
        Outcome::Report(reply) => Ok(passed_on(&reply)),
        Outcome::Spooled => {
            let spooled = Spooled { status: "accepted" };
            Ok((StatusCode::ACCEPTED, Json(spooled)).into_response())
        }
        outcome => Err(outcome.problem()),
    }
}

/// The same as `/api/browser/errors`.
#[utoipa::path(post, path = "/api/errors", tag = "browser", security(("dsn_key" = [])), request_body = ErrorBody<'static>,
    params(("key" = Option<String>, Query, description = "the DSN key, where no header can be sent")),
    responses(
        (status = 201, body = Counted, description = "created or reopened"),
        (status = 200, body = Counted, description = "incremented or duplicate"),
        (status = 202, body = Spooled, description = "kept until the error tracker takes it"),
        (status = 400, body = inline(shared::http::problem::ProblemBody<'static>)),
        (status = 403, body = inline(shared::http::problem::ProblemBody<'static>))))]
pub(super) async fn report_error_alias(app: Shared, request: Request) -> Result<Response, Problem> {
    report_error(app, request).await
}

/// Answers the report with its room.
async fn write_report<'a>(
    app: &'a App,
    body: &WholeBody,
    project: &str,
    now: Timestamp,
    room: Room<'a>,
) -> Result<(Vec<u8>, Room<'a>), Problem> {
    let error = body
        .object::<ErrorBody<'_>>()?
        .checked()
        .map_err(Problem::bad_request)?;
    let origin = Origin {
        project,
        release: error.release.as_deref(),
        debug_ids: &error.debug_ids,
    };
    let (unminified, turn) = app.maps.unminify(&error.stack, &origin, now).await;
    let report = error
        .to_report(project, unminified, now, &id::random(), scratch::take())
        .map_err(|_| Problem::internal())?;
    let room = app.errors.grow(room, report.len()).await;
    drop(turn);
    Ok((report, room.map_err(Outcome::problem)?))
}

/// What the tracker said, as it said it.
fn passed_on(reply: &RawValue) -> Response {
    #[derive(Deserialize)]
    struct Verdict<'a> {
        status: &'a str,
    }
    let status = match serde_json::from_str::<Verdict<'_>>(reply.get()) {
        Ok(Verdict {
            status: "created" | "reopened",
        }) => StatusCode::CREATED,
        _ => StatusCode::OK,
    };
    let kind = HeaderValue::from_static("application/json");
    (status, [(header::CONTENT_TYPE, kind)], reply.get().to_owned()).into_response()
}
