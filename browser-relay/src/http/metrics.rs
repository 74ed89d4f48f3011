//! Takes a browser's metrics in.

use axum::Json;
use axum::extract::{Request, State};
use http::StatusCode;
use serde::Serialize;
use shared::clock::Timestamp;
use shared::http::Problem;

use super::{Shared, enter};
use crate::forward::Outcome;
use crate::points::{MetricsBody, Points};

/// What became of a request's points.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Accepted {
    /// `accepted`.
    status: &'static str,
    /// Points that were taken.
    count: usize,
    /// Points that could not be used.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rejected: Vec<Rejected>,
}

/// A point that could not be used.
#[derive(Serialize, utoipa::ToSchema)]
struct Rejected {
    /// Its place in the request, from 0 on.
    index: usize,
    /// What is wrong with it.
    detail: String,
}

/// Hands up to 1000 points on to the metrics collector, or keeps them until it takes them.
#[utoipa::path(post, path = "/api/browser/metrics", tag = "browser", security(("dsn_key" = [])), request_body = MetricsBody<'static>,
    params(("key" = Option<String>, Query, description = "the DSN key, where no header can be sent")),
    responses((status = 202, body = Accepted),
        (status = 400, body = inline(shared::http::problem::ProblemBody<'static>)),
        (status = 403, body = inline(shared::http::problem::ProblemBody<'static>))))]
pub(super) async fn report_metrics(
    State(app): Shared,
    request: Request,
) -> Result<(StatusCode, Json<Accepted>), Problem> {
    let key = enter(&app, &request)?;
    let body = app.gate.read_body(request).await?.mended();
    let now = Timestamp::now();
    let metrics: MetricsBody<'_> = body.object()?;
    let room = app.points.room(body.bytes.len(), metrics.count()).await;
    let room = room.map_err(Outcome::problem)?;
    let Points {
        json,
        places,
        mut rejected,
    } = metrics
        .to_points(&key.project, now)
        .map_err(Problem::bad_request)?;
    if places.is_empty() {
        return Err(nothing_usable(&rejected));
    }
    let total = places.len() + rejected.len();
    // What waits for its turn are the points, not the body.
    drop(metrics);
    drop(body);
    app.used.key(key.id, now);
    match app
        .points
        .hand_on(room, json.into_bytes(), places.len(), now)
        .await
    {
        Outcome::Spooled => {}
        Outcome::Points(refused) => {
            let refused = refused.into_iter();
            rejected.extend(refused.filter_map(|(place, detail)| Some((*places.get(place)?, detail))));
            rejected.sort();
        }
        outcome => return Err(outcome.problem()),
    }
    let count = total - rejected.len();
    if count == 0 {
        return Err(nothing_usable(&rejected));
    }
    let rejected = rejected
        .into_iter()
        .map(|(index, detail)| Rejected { index, detail })
        .collect();
    let accepted = Accepted {
        status: "accepted",
        count,
        rejected,
    };
    Ok((StatusCode::ACCEPTED, Json(accepted)))
}

/// The same as `/api/browser/metrics`.
#[utoipa::path(post, path = "/api/metrics", tag = "browser", security(("dsn_key" = [])), request_body = MetricsBody<'static>,
    params(("key" = Option<String>, Query, description = "the DSN key, where no header can be sent")),
    responses((status = 202, body = Accepted),
        (status = 400, body = inline(shared::http::problem::ProblemBody<'static>)),
        (status = 403, body = inline(shared::http::problem::ProblemBody<'static>))))]
pub(super) async fn report_metrics_alias(
    app: Shared,
    request: Request,
) -> Result<(StatusCode, Json<Accepted>), Problem> {
    report_metrics(app, request).await
}

fn nothing_usable(rejected: &[(usize, String)]) -> Problem {
    let why = rejected
        .first()
        .map_or_else(String::new, |(index, detail)| format!("{index}: {detail}"));
    Problem::bad_request(format!("no point can be used; {why}"))
}
