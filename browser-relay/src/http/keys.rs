//! DSN keys, for the administrator.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};
use shared::clock::Timestamp;
use shared::http::Problem;
use shared::http::params::{Id, Limit, Query};

use super::{App, Shared};
use crate::id;
use crate::key::{DsnKey, PublicKey, check_project};
use crate::origin::AllowList;
use crate::store::keys::{KeyFilter, NewKey};

const DEFAULT_LIMIT: u32 = 100;
const MOST: u32 = 1_000;

/// A key as it is shown.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = DsnKey)]
pub(super) struct KeyItem {
    id: i64,
    /// 32 hex digits.
    public_key: String,
    project: String,
    active: bool,
    created_at: Timestamp,
    /// Null where `CORS_ORIGINS` decides.
    allowed_origins: Option<Vec<String>>,
    /// Requests in any 60 s per client; null where `RATE_LIMIT` decides.
    rate_limit: Option<u32>,
    last_used: Option<Timestamp>,
    /// What a page is set up with.
    dsn: String,
}

/// A page of keys, the newest first.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Keys {
    keys: Vec<KeyItem>,
    /// Of all pages.
    total: i64,
    /// The next page's `before`.
    next: Option<i64>,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Page {
    /// 1 to 1000; 100 unless given.
    #[param(inline)]
    limit: Option<Limit>,
    /// Only keys that were made before the one with this id.
    before: Option<i64>,
    /// Only keys with this in their project or in the key itself, in any case.
    search: Option<String>,
    /// Only keys that are active, or only those that are not.
    active: Option<bool>,
}

/// A key to be made.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(expecting = "a JSON object", deny_unknown_fields)]
pub(super) struct KeyBody {
    /// 1 to 100 characters.
    #[serde(default)]
    #[schema(required = true, value_type = String, example = "shop")]
    project: Option<String>,
    /// Origins whose pages may send, each exact or with one `*` inside the host. None at all for `[]`; `CORS_ORIGINS`
    /// decides unless given.
    #[serde(default)]
    #[schema(example = json!(["https://shop.example.com", "https://*.example.com"]))]
    allowed_origins: Option<Vec<String>>,
    /// Requests in any 60 s per client; `RATE_LIMIT` decides unless given.
    #[serde(default)]
    #[schema(minimum = 1)]
    rate_limit: Option<u32>,
}

/// What became of a key.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Changed {
    /// `deactivated` or `activated`.
    status: &'static str,
}

/// Lists the keys, the newest first.
#[utoipa::path(get, path = "/api/dsn-keys", tag = "keys", params(Page), responses((status = 200, body = Keys)))]
pub(super) async fn list_keys(
    State(app): Shared,
    Query(page): Query<Page>,
    headers: HeaderMap,
) -> Result<Json<Keys>, Problem> {
    let limit = Limit::resolve(page.limit, DEFAULT_LIMIT, MOST);
    let filter = KeyFilter {
        search: page.search.as_deref(),
        active: page.active,
    };
    let (keys, total) = app
        .store
        .list_keys(filter, page.before.unwrap_or(i64::MAX), limit)
        .await?;
    let next = keys
        .last()
        .filter(|_| keys.len() == limit as usize)
        .map(|key| key.id);
    let base = base_url(&app, &headers);
    Ok(Json(Keys {
        keys: keys
            .into_iter()
            .map(|key| KeyItem {
                last_used: app.used.key_noted(key.id).or(key.last_used),
                ..KeyItem::new(key, &base)
            })
            .collect(),
        total,
        next,
    }))
}

/// Makes a key.
#[utoipa::path(post, path = "/api/dsn-keys", tag = "keys", request_body = KeyBody,
    responses((status = 201, body = KeyItem), (status = 400, body = inline(shared::http::problem::ProblemBody<'static>))))]
pub(super) async fn create_key(State(app): Shared, request: Request) -> Result<Response, Problem> {
    let base = base_url(&app, request.headers());
    let body = app.gate.read_body(request).await?;
    let body: KeyBody = body.object()?;
    let project = check_project(&body.project.unwrap_or_default()).map_err(Problem::bad_request)?;
    if let Some(origins) = &body.allowed_origins {
        AllowList::parse(origins)
            .map_err(|fault| Problem::bad_request(format!("allowed_origins: {fault}")))?;
    }
    if body.rate_limit == Some(0) {
        return Err(Problem::bad_request("rate_limit: must be at least 1"));
    }
    let key = NewKey {
        public_key: PublicKey::new(id::random_bytes()),
        project: &project,
        allowed_origins: body.allowed_origins.as_deref(),
        rate_limit: body.rate_limit,
    };
    let made = app
        .store
        .create_key(&key, Timestamp::now())
        .await?
        .ok_or_else(Problem::internal)?;
    app.keys.put(&made);
    Ok((StatusCode::CREATED, Json(KeyItem::new(made, &base))).into_response())
}

/// Lets a key pass no longer.
#[utoipa::path(delete, path = "/api/dsn-keys/{id}", tag = "keys", params(("id" = i64, Path)),
    responses((status = 200, body = Changed), (status = 404, body = inline(shared::http::problem::ProblemBody<'static>))))]
pub(super) async fn deactivate_key(State(app): Shared, Id(id): Id) -> Result<Json<Changed>, Problem> {
    set_active(&app, id, false).await?;
    Ok(Json(Changed {
        status: "deactivated",
    }))
}

/// Lets a key pass again.
#[utoipa::path(post, path = "/api/dsn-keys/{id}/activate", tag = "keys", params(("id" = i64, Path)),
    responses((status = 200, body = Changed), (status = 404, body = inline(shared::http::problem::ProblemBody<'static>))))]
pub(super) async fn activate_key(State(app): Shared, Id(id): Id) -> Result<Json<Changed>, Problem> {
    set_active(&app, id, true).await?;
    Ok(Json(Changed { status: "activated" }))
}

async fn set_active(app: &App, id: i64, active: bool) -> Result<(), Problem> {
    let key = app.store.set_key_active(id, active).await?;
    let key = key.ok_or_else(|| Problem::not_found("DSN key not found"))?;
    app.keys.put(&key);
    Ok(())
}

impl KeyItem {
    fn new(key: DsnKey, base: &str) -> Self {
        Self {
            dsn: dsn(key.public_key, base),
            id: key.id,
            public_key: key.public_key.to_string(),
            project: key.project,
            active: key.active,
            created_at: key.created_at,
            allowed_origins: key.allowed_origins,
            rate_limit: key.rate_limit,
            last_used: key.last_used,
        }
    }
}

/// The key, put into the relay's address as its user.
fn dsn(key: PublicKey, base: &str) -> String {
    let (scheme, rest) = base.split_once("://").unwrap_or(("https", base));
    format!("{scheme}://{key}@{rest}")
}

/// `PUBLIC_URL`, or the address that the administrator uses.
fn base_url(app: &App, headers: &HeaderMap) -> String {
    if let Some(url) = &app.config.public_url {
        return url.clone();
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let is_encrypted = headers
        .get("x-forwarded-proto")
        .is_some_and(|proto| proto.as_bytes() == b"https");
    format!(
        "{}://{}",
        if is_encrypted { "https" } else { "http" },
        host.unwrap_or("localhost:5013")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dsn_is_the_address_with_the_key_before_it() {
        let key = PublicKey::new([0xab; 16]);
        let hex = "ab".repeat(16);

        assert_eq!(
            dsn(key, "https://x.io/relay"),
            format!("https://{hex}@x.io/relay")
        );
        assert_eq!(
            dsn(key, "http://localhost:5013"),
            format!("http://{hex}@localhost:5013")
        );
    }
}
