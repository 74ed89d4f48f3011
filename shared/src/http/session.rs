//! A browser's session: the key is exchanged once for a cookie that scripts cannot read.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::SESSION_MS;
use super::layers::Gate;
use super::problem::Problem;
use crate::clock::Timestamp;

/// Where sessions begin and end.
pub(crate) const PATH: &str = "/api/session";

/// A key that is exchanged for a cookie.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(expecting = "a JSON object")]
struct SignIn {
    api_key: String,
}

/// `POST /api/session` and `DELETE /api/session`.
#[must_use]
pub fn routes<S: Clone + Send + Sync + 'static>(gate: &Arc<Gate>) -> OpenApiRouter<S> {
    OpenApiRouter::new()
        .routes(routes!(begin_session, end_session))
        .with_state(Arc::clone(gate))
}

/// Begins a browser's session: the reply sets a cookie that authorises like the key.
///
/// With the cookie alone, a request that changes something needs the header `X-Monlight-UI: 1` as well.
#[utoipa::path(post, path = "/api/session", tag = "service", security(()), request_body = SignIn,
    responses(
        (status = 204, description = "signed in", headers(("Set-Cookie" = String))),
        (status = 400, body = inline(super::problem::ProblemBody<'static>)),
        (status = 401, body = inline(super::problem::ProblemBody<'static>))))]
async fn begin_session(State(gate): State<Arc<Gate>>, request: Request) -> Result<Response, Problem> {
    let client = gate.client(&request);
    let secure = arrived_encrypted(&gate, &request);
    let body = gate.read_body(request).await?;
    let sign_in: SignIn = body.json()?;
    let issued = gate
        .auth
        .key_index(sign_in.api_key.trim())
        .and_then(|key_index| gate.auth.issue_session(key_index, Timestamp::now()));
    let Some(value) = issued else {
        return Err(gate.auth.refuse(client).await);
    };
    set_cookie(&gate, &value, SESSION_MS / 1_000, secure)
}

/// Ends a browser's session: the reply takes the cookie away.
#[utoipa::path(delete, path = "/api/session", tag = "service", security(()),
    responses((status = 204, description = "signed out", headers(("Set-Cookie" = String)))))]
async fn end_session(State(gate): State<Arc<Gate>>, request: Request) -> Result<Response, Problem> {
    set_cookie(&gate, "", 0, arrived_encrypted(&gate, &request))
}

fn set_cookie(gate: &Gate, value: &str, max_age_s: i64, secure: bool) -> Result<Response, Problem> {
    // Without `Path` the browser takes the folder of this request, which is right under any prefix of a proxy.
    let secure = if secure { "; Secure" } else { "" };
    let cookie = format!(
        "{}={value}; Max-Age={max_age_s}; HttpOnly; SameSite=Strict{secure}",
        gate.auth.cookie_name()
    );
    let cookie = HeaderValue::from_str(&cookie).map_err(|_| Problem::internal())?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

fn arrived_encrypted(gate: &Gate, request: &Request) -> bool {
    let peer = request.extensions().get::<super::client::Peer>();
    peer.is_some_and(|peer| gate.proxies.trusts(peer.0.ip()))
        && request
            .headers()
            .get("x-forwarded-proto")
            .is_some_and(|value| value.as_bytes() == b"https")
}
