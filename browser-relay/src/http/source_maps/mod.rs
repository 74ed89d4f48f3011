//! Source maps, for the administrator and for build scripts.

mod receive;

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use shared::clock::Timestamp;
use shared::http::Problem;
use shared::http::body::Encoding;
use shared::http::params::{Id, Limit, Query};

pub(crate) use self::receive::check_form;
pub(super) use self::receive::most_body_bytes;
use self::receive::{decode, on_thread, problem, receive, take_out};
use super::{App, Shared};
use crate::store::maps::{Filter, MapRow};
use crate::upload::{Label, store_map, unzipped};

const DEFAULT_LIMIT: u32 = 100;
const MOST: u32 = 1_000;
/// A build sends its maps side by side; each waits so long for its turn.
const TURN_LIMIT: Duration = Duration::from_secs(60);

/// A map as it is shown.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = SourceMap)]
pub(super) struct MapItem {
    id: i64,
    project: String,
    release: String,
    file_url: String,
    /// 32 lower-case hex digits, if the map has one.
    debug_id: Option<String>,
    /// Bytes.
    size: i64,
    uploaded_at: Timestamp,
    last_used: Timestamp,
}

/// A page of maps, the newest first.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct MapList {
    source_maps: Vec<MapItem>,
    total: i64,
    /// The next page's `before`.
    next: Option<i64>,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    project: Option<String>,
    release: Option<String>,
    /// 1 to 1000; 100 unless given.
    #[param(inline)]
    limit: Option<Limit>,
    /// Only maps that were uploaded before the one with this id.
    before: Option<i64>,
}

/// What a map belongs to, where the body is the map itself.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct UploadQuery {
    project: Option<String>,
    release: Option<String>,
    /// The URL of the script, or its path; `~/` stands for any host.
    file_url: Option<String>,
}

/// A map to be stored. The members come in any order.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "it documents the body, which is read as a stream")]
pub(super) struct UploadBody {
    #[schema(example = "shop")]
    project: String,
    #[schema(example = "1.2.0")]
    release: String,
    /// The URL of the script, or its path; `~/` stands for any host.
    #[schema(example = "https://shop.example.com/assets/app.js")]
    file_url: String,
    /// The map's text, or the map itself.
    map_content: String,
}

/// A map that was stored.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Uploaded {
    /// `uploaded`.
    status: &'static str,
    id: i64,
    project: String,
    release: String,
    file_url: String,
    debug_id: Option<String>,
    /// Bytes.
    size: u64,
    /// Whether there was one of the same project, release and file.
    replaced: bool,
}

/// What became of a map.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Deleted {
    /// `deleted`.
    status: &'static str,
}

/// Lists source maps, the newest first.
#[utoipa::path(get, path = "/api/source-maps", tag = "source maps", params(ListQuery), responses((status = 200, body = MapList)))]
pub(super) async fn list_maps(
    State(app): Shared,
    Query(query): Query<ListQuery>,
) -> Result<Json<MapList>, Problem> {
    let limit = Limit::resolve(query.limit, DEFAULT_LIMIT, MOST);
    let filter = Filter {
        project: query.project.as_deref(),
        release: query.release.as_deref(),
    };
    let (rows, total) = app
        .store
        .list_maps(filter, query.before.unwrap_or(i64::MAX), limit)
        .await?;
    Ok(Json(MapList {
        next: rows
            .last()
            .filter(|_| rows.len() == limit as usize)
            .map(|row| row.id),
        source_maps: rows
            .into_iter()
            .map(|row| MapItem {
                last_used: app.used.map_noted(row.id).unwrap_or(row.last_used),
                ..MapItem::from(row)
            })
            .collect(),
        total,
    }))
}

/// Stores a source map, in the place of the one of the same project, release and file.
///
/// The body is a JSON object with the map in it; or a form with the fields and the map as a file; or the map itself, with
/// the fields in the query. A map may be gzipped.
#[utoipa::path(post, path = "/api/source-maps", tag = "source maps", params(UploadQuery), request_body = UploadBody,
    responses((status = 201, body = Uploaded),
        (status = 400, description = "what is missing, or why the map is broken", body = inline(shared::http::problem::ProblemBody<'static>)),
        (status = 413, body = inline(shared::http::problem::ProblemBody<'static>))))]
pub(super) async fn upload_map(
    State(app): Shared,
    Query(query): Query<UploadQuery>,
    request: Request,
) -> Result<Response, Problem> {
    let limit = app.config.max_source_map_bytes;
    let headers = request.headers().clone();
    let encoding = Encoding::of(&headers)?;
    let database = app.store.db.path().to_owned();
    let body = receive(request, &database, limit).await?;
    // Who sends slowly has no turn yet, and delays nobody.
    let turn = tokio::time::timeout(TURN_LIMIT, app.uploads.acquire()).await;
    let Ok(Ok(_turn)) = turn else {
        return Err(Problem::unavailable(
            "other source maps are being stored; try again",
            10,
        ));
    };
    let body = decode(body, encoding, &database, limit).await?;
    let label = Label {
        project: query.project,
        release: query.release,
        file_url: query.file_url,
    };
    let (label, map) = take_out(&headers, body, label, &database, limit).await?;
    let label = label.checked().map_err(problem)?;
    let map = on_thread(move || unzipped(map, &database, limit)).await?;
    let stored = store_map(&app.store, &label, map, limit).await.map_err(problem)?;
    app.maps.changed();
    if let Some(old) = stored.replaced {
        drop_later(&app, old);
    }
    let uploaded = Uploaded {
        status: "uploaded",
        id: stored.id,
        project: label.project,
        release: label.release,
        file_url: label.file_url,
        debug_id: stored.debug_id,
        size: stored.size,
        replaced: stored.replaced.is_some(),
    };
    Ok((StatusCode::CREATED, Json(uploaded)).into_response())
}

/// The same as `/api/source-maps`.
#[utoipa::path(post, path = "/api/sourcemaps", tag = "source maps", params(UploadQuery), request_body = UploadBody,
    responses((status = 201, body = Uploaded),
        (status = 400, body = inline(shared::http::problem::ProblemBody<'static>)),
        (status = 413, body = inline(shared::http::problem::ProblemBody<'static>))))]
pub(super) async fn upload_map_alias(
    app: Shared,
    query: Query<UploadQuery>,
    request: Request,
) -> Result<Response, Problem> {
    upload_map(app, query, request).await
}

/// Deletes a source map.
#[utoipa::path(delete, path = "/api/source-maps/{id}", tag = "source maps", params(("id" = i64, Path)),
    responses((status = 200, body = Deleted), (status = 404, body = inline(shared::http::problem::ProblemBody<'static>))))]
pub(super) async fn delete_map(State(app): Shared, Id(id): Id) -> Result<Json<Deleted>, Problem> {
    if !app.store.unpublish_map(id).await? {
        return Err(Problem::not_found("Source map not found"));
    }
    app.maps.changed();
    drop_later(&app, id);
    Ok(Json(Deleted { status: "deleted" }))
}

/// Nothing refers to the blocks any more. Should the service stop meanwhile, the next start finds them.
fn drop_later(app: &Arc<App>, map: i64) {
    let store = app.store.clone();
    tokio::spawn(async move {
        if let Err(error) = store.drop_blocks(map).await {
            tracing::warn!(%error, "a source map's text could not be deleted; the next start does it");
        }
    });
}

impl From<MapRow> for MapItem {
    fn from(row: MapRow) -> Self {
        Self {
            id: row.id,
            project: row.project,
            release: row.release,
            file_url: row.file_url,
            debug_id: row.debug_id,
            size: row.size,
            uploaded_at: row.uploaded_at,
            last_used: row.last_used,
        }
    }
}
