//! Source maps, for the administrator and for build scripts.

use std::fs::File;
use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt as _;
use serde::{Deserialize, Serialize};
use shared::clock::Timestamp;
use shared::http::Problem;
use shared::http::body::Encoding;
use shared::http::params::{Id, Limit, Query};

use super::{App, Shared};
use crate::store::maps::{Filter, MapRow};
use crate::upload::{Label, Limited, MapText, UploadError, open_json, store_map, temporary, unzipped};

const DEFAULT_LIMIT: u32 = 100;
const MOST: u32 = 1_000;
/// A body that pauses for longer is given up.
const PAUSE_LIMIT: Duration = Duration::from_secs(30);
/// A build sends its maps side by side; each waits so long for its turn.
const TURN_LIMIT: Duration = Duration::from_secs(60);
/// What is around a map: members, the parts of a form.
const AROUND_BYTES: u64 = 64 << 10;
const PIECE_BYTES: usize = 64 << 10;
/// Pieces of a form that are read without anything to show for it.
const MOST_PIECES_AHEAD: usize = 16;
/// Of a field that is not the map.
const TEXT_BYTES: usize = 4 << 10;

/// A map in a JSON string has a backslash before each of its quotes and line breaks.
pub(super) fn most_body_bytes(most_map_bytes: u64) -> usize {
    usize::try_from(most_map_bytes * 2 + AROUND_BYTES).unwrap_or(usize::MAX)
}

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
    #[param(value_type = Option<u32>)]
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

/// Writes the body to a file as it comes.
async fn receive(request: Request, database: &Path, limit: u64) -> Result<File, Problem> {
    let mut body = request.into_body();
    let mut file = temporary(database).map_err(disk_problem)?;
    let most = most_body_bytes(limit) as u64;
    let mut out = Limited {
        file: &mut file,
        left: most,
    };
    loop {
        let frame = match tokio::time::timeout(PAUSE_LIMIT, body.frame()).await {
            Err(_) => {
                return Err(Problem::new(
                    StatusCode::REQUEST_TIMEOUT,
                    "the body paused for 30 seconds",
                ));
            }
            Ok(None) => break,
            Ok(Some(Err(_))) => return Err(Problem::bad_request("the body broke off")),
            Ok(Some(Ok(frame))) => frame,
        };
        if let Ok(data) = frame.into_data() {
            out.write_all(&data)
                .map_err(|error| decoding_problem(error, most))?;
        }
    }
    Ok(file)
}

/// A window of 8 MiB is what compressors use unless they are told to take more.
const ZSTD_WINDOW_LOG: u32 = 23;

/// Undoes the body's `Content-Encoding`, from one file to another.
async fn decode(body: File, encoding: Encoding, database: &Path, limit: u64) -> Result<File, Problem> {
    if encoding == Encoding::Identity {
        return Ok(body);
    }
    let most = most_body_bytes(limit) as u64;
    let database = database.to_owned();
    let decoding = tokio::task::spawn_blocking(move || {
        let mut file = temporary(&database)?;
        (&body).seek(SeekFrom::Start(0))?;
        let mut decoder = encoding.decoder(BufReader::with_capacity(PIECE_BYTES, &body), ZSTD_WINDOW_LOG)?;
        let mut out = Limited {
            file: &mut file,
            left: most,
        };
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let length = decoder.read(&mut piece)?;
            if length == 0 {
                return Ok(file);
            }
            out.write_all(&piece[..length])?;
        }
    });
    let decoded: io::Result<File> = decoding.await.map_err(|_| Problem::internal())?;
    decoded.map_err(|error| decoding_problem(error, most))
}

fn decoding_problem(error: io::Error, most: u64) -> Problem {
    match error.kind() {
        _ if error.raw_os_error().is_some() => disk_problem(error),
        io::ErrorKind::FileTooLarge => Problem::too_large(most as usize),
        _ => Problem::bad_request("the body cannot be decoded as its Content-Encoding says"),
    }
}

fn disk_problem(error: io::Error) -> Problem {
    tracing::error!(%error, "a source map cannot be written to the disk");
    Problem::unavailable("the disk cannot be written; nothing was stored", 30)
}

/// Finds the map in the body.
async fn take_out(
    headers: &HeaderMap,
    body: File,
    label: Label,
    database: &Path,
    limit: u64,
) -> Result<(Label, MapText), Problem> {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    if let Ok(boundary) = multer::parse_boundary(kind) {
        return take_from_form(body, boundary, label, database, limit).await;
    }
    let is_raw = label.project.is_some() && label.release.is_some() && label.file_url.is_some();
    if is_raw {
        return Ok((label, MapText::whole(body).map_err(disk_problem)?));
    }
    let database = database.to_owned();
    let (own, map) = on_thread(move || open_json(body, &database, limit)).await?;
    let label = Label {
        project: label.project.or(own.project),
        release: label.release.or(own.release),
        file_url: label.file_url.or(own.file_url),
    };
    Ok((label, map))
}

async fn take_from_form(
    body: File,
    boundary: String,
    mut label: Label,
    database: &Path,
    limit: u64,
) -> Result<(Label, MapText), Problem> {
    let bad_form = |_| Problem::bad_request("the form cannot be read");
    (&body).seek(SeekFrom::Start(0)).map_err(disk_problem)?;
    // The parser keeps what it has read of a head until the head ends, so an end must come.
    let read_ahead = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&read_ahead);
    let pieces = stream::unfold((body, counted), |(mut body, counted)| async move {
        // The parser takes all that is there before it looks at it, so one piece is there at a time.
        tokio::task::yield_now().await;
        if counted.fetch_add(1, Ordering::Relaxed) > MOST_PIECES_AHEAD {
            return Some((Err(io::ErrorKind::InvalidData.into()), (body, counted)));
        }
        let mut piece = vec![0; PIECE_BYTES];
        match body.read(&mut piece) {
            Ok(0) => None,
            Ok(length) => {
                piece.truncate(length);
                Some((Ok(Bytes::from(piece)), (body, counted)))
            }
            Err(error) => Some((Err(error), (body, counted))),
        }
    });
    let mut form = multer::Multipart::new(pieces, boundary);
    let mut map = None;
    while let Some(mut field) = form.next_field().await.map_err(bad_form)? {
        read_ahead.store(0, Ordering::Relaxed);
        let name = field.name().unwrap_or_default().to_owned();
        let is_map = matches!(name.as_str(), "map_content" | "map" | "file") || field.file_name().is_some();
        if is_map {
            let mut file = temporary(database).map_err(disk_problem)?;
            let mut out = Limited {
                file: &mut file,
                left: limit,
            };
            while let Some(piece) = field.chunk().await.map_err(bad_form)? {
                read_ahead.store(0, Ordering::Relaxed);
                out.write_all(&piece).map_err(|error| match error.kind() {
                    io::ErrorKind::FileTooLarge => problem(UploadError::TooLong(limit)),
                    _ => disk_problem(error),
                })?;
            }
            map = Some(MapText::whole(file).map_err(disk_problem)?);
            continue;
        }
        let mut text = Vec::new();
        while let Some(piece) = field.chunk().await.map_err(bad_form)? {
            read_ahead.store(0, Ordering::Relaxed);
            let room = TEXT_BYTES.saturating_sub(text.len());
            text.extend_from_slice(&piece[..piece.len().min(room)]);
        }
        let text = Some(String::from_utf8_lossy(&text).into_owned());
        match name.as_str() {
            "project" => label.project = text,
            "release" => label.release = text,
            "file_url" => label.file_url = text,
            _ => {}
        }
    }
    let map = map.ok_or_else(|| Problem::bad_request("Missing required field: map_content"))?;
    Ok((label, map))
}

async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, UploadError> + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| Problem::internal())?;
    done.map_err(problem)
}

fn problem(error: UploadError) -> Problem {
    match error {
        UploadError::Bad(_) | UploadError::Map(_) => Problem::bad_request(error.to_string()),
        UploadError::TooLong(_) => Problem::new(StatusCode::PAYLOAD_TOO_LARGE, error.to_string()),
        UploadError::Disk(error) => disk_problem(error),
        UploadError::Database(error) => error.into(),
        UploadError::Stopped => Problem::internal(),
    }
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
