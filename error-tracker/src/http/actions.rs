//! What people do: resolve, ignore, delete, try the alerts.

use axum::Json;
use axum::extract::{Request, State};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use shared::clock::Timestamp;
use shared::http::{Id, Problem};

use super::Shared;
use crate::alert::{Alert, Links, Rendered};
use crate::store::actions::Action;

/// Groups that one request may change.
const MOST_IDS: usize = 1_000;

/// What became of a group.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Changed {
    /// `resolved`, `unresolved`, `ignored` or `unignored`.
    status: &'static str,
    id: i64,
}

async fn change(
    app: &super::App,
    id: Result<Id, Problem>,
    action: Action,
    status: &'static str,
) -> Result<Json<Changed>, Problem> {
    let Id(id) = id.map_err(|_| not_found())?;
    // Doing it twice is fine; only a group that is not there is an error.
    if app.store.act(action, &[id], Timestamp::now()).await? == 0 && !app.store.exists(id).await? {
        return Err(not_found());
    }
    Ok(Json(Changed { status, id }))
}

pub(super) fn not_found() -> Problem {
    Problem::not_found("Error not found")
}

/// Marks a group as resolved; when it is seen again it reopens.
#[utoipa::path(post, path = "/api/errors/{id}/resolve", tag = "errors", params(("id" = i64, Path)),
    responses((status = 200, body = Changed), (status = 404, body = inline(shared::http::problem::ProblemBody<'static>))))]
pub(super) async fn resolve_error(
    State(app): Shared,
    id: Result<Id, Problem>,
) -> Result<Json<Changed>, Problem> {
    change(&app, id, Action::Resolve, "resolved").await
}

/// Opens a resolved group again.
#[utoipa::path(post, path = "/api/errors/{id}/unresolve", tag = "errors", params(("id" = i64, Path)),
    responses((status = 200, body = Changed), (status = 404, body = inline(shared::http::problem::ProblemBody<'static>))))]
pub(super) async fn unresolve_error(
    State(app): Shared,
    id: Result<Id, Problem>,
) -> Result<Json<Changed>, Problem> {
    change(&app, id, Action::Unresolve, "unresolved").await
}

/// Counts a group without alerts, out of the default list.
#[utoipa::path(post, path = "/api/errors/{id}/ignore", tag = "errors", params(("id" = i64, Path)),
    responses((status = 200, body = Changed), (status = 404, body = inline(shared::http::problem::ProblemBody<'static>))))]
pub(super) async fn ignore_error(
    State(app): Shared,
    id: Result<Id, Problem>,
) -> Result<Json<Changed>, Problem> {
    change(&app, id, Action::Ignore, "ignored").await
}

/// Ends the ignoring of a group.
#[utoipa::path(post, path = "/api/errors/{id}/unignore", tag = "errors", params(("id" = i64, Path)),
    responses((status = 200, body = Changed), (status = 404, body = inline(shared::http::problem::ProblemBody<'static>))))]
pub(super) async fn unignore_error(
    State(app): Shared,
    id: Result<Id, Problem>,
) -> Result<Json<Changed>, Problem> {
    change(&app, id, Action::Unignore, "unignored").await
}

/// Deletes a group with all that was kept of it.
#[utoipa::path(delete, path = "/api/errors/{id}", tag = "errors", params(("id" = i64, Path)),
    responses((status = 204), (status = 404, body = inline(shared::http::problem::ProblemBody<'static>))))]
pub(super) async fn delete_error(State(app): Shared, id: Result<Id, Problem>) -> Result<StatusCode, Problem> {
    let Id(id) = id.map_err(|_| not_found())?;
    match app.store.act(Action::Delete, &[id], Timestamp::now()).await? {
        0 => Err(not_found()),
        _ => Ok(StatusCode::NO_CONTENT),
    }
}

/// Several groups and what to do with them.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(expecting = "a JSON object")]
pub(super) struct Bulk {
    /// At most 1000.
    ids: Vec<i64>,
    action: Action,
}

/// How many groups were not in that state before.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct BulkChanged {
    changed: u64,
}

/// Does the same with many groups; ids that do not exist are passed over.
#[utoipa::path(post, path = "/api/errors/bulk", tag = "errors", request_body = Bulk, responses((status = 200, body = BulkChanged)))]
pub(super) async fn change_many(State(app): Shared, request: Request) -> Result<Json<BulkChanged>, Problem> {
    let body = app.gate.read_body(request).await?;
    let bulk: Bulk = body.json()?;
    if bulk.ids.len() > MOST_IDS {
        return Err(Problem::bad_request(format!("ids: at most {MOST_IDS} at once")));
    }
    Ok(Json(BulkChanged {
        changed: app.store.act(bulk.action, &bulk.ids, Timestamp::now()).await?,
    }))
}

/// What each channel made of the test alert.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct TestResults {
    results: Vec<TestResult>,
}

#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct TestResult {
    channel: &'static str,
    ok: bool,
    /// Why it did not work.
    detail: Option<String>,
}

/// Sends one alert through all channels at once and tells of each how it went.
#[utoipa::path(post, path = "/api/test-alert", tag = "alerts",
    responses((status = 200, body = TestResults), (status = 503, body = inline(shared::http::problem::ProblemBody<'static>))))]
pub(super) async fn test_alert(State(app): Shared) -> Result<Json<TestResults>, Problem> {
    if app.channels.names().is_empty() {
        return Err(Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "no alert channel is configured",
        ));
    }
    let now = Timestamp::now();
    let links = Links::new(app.config.alerts.base_url.as_deref());
    let rendered = Rendered::alert(&Alert::test(now.millis()), &links);
    let token = format!("test-{}", now.millis());
    let sent = app.channels.send_to_all(&rendered, &token).await;
    let results = sent.into_iter().map(|(channel, sent)| {
        let detail = sent.err().map(|error| error.to_string());
        TestResult {
            channel: channel.as_str(),
            ok: detail.is_none(),
            detail,
        }
    });
    Ok(Json(TestResults {
        results: results.collect(),
    }))
}
