//! The way of an upload: onto the disk as it comes, decoded there, and the map taken out of what is around it.

use std::fs::File;
use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::Request;
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, StatusCode, header};
use shared::http::Problem;
use shared::http::body::{Encoding, next_piece};
use tokio::runtime::{Builder, Runtime};

use crate::upload::{Label, Limited, MapText, UploadError, open_json, temporary};

/// What is around a map: members, the parts of a form.
const AROUND_BYTES: u64 = 64 << 10;
const PIECE_BYTES: usize = 64 << 10;
/// Pieces of a form that are read without anything to show for it.
const MOST_PIECES_AHEAD: usize = 16;
/// Of a field that is not the map.
const TEXT_BYTES: usize = 4 << 10;

/// A map in a JSON string has a backslash before each of its quotes and line breaks.
pub(crate) fn most_body_bytes(most_map_bytes: u64) -> usize {
    usize::try_from(most_map_bytes * 2 + AROUND_BYTES).unwrap_or(usize::MAX)
}

/// Writes the body to a file as it comes.
pub(super) async fn receive(request: Request, database: &Path, limit: u64) -> Result<File, Problem> {
    let mut body = request.into_body();
    let mut file = temporary(database).map_err(disk_problem)?;
    let most = most_body_bytes(limit) as u64;
    let mut out = Limited {
        file: &mut file,
        left: most,
    };
    while let Some(piece) = next_piece(&mut body).await? {
        out.write_all(&piece)
            .map_err(|error| decoding_problem(error, most))?;
    }
    Ok(file)
}

/// A window of 8 MiB is what compressors use unless they are told to take more.
const ZSTD_WINDOW_LOG: u32 = 23;

/// Undoes the body's `Content-Encoding`, from one file to another.
pub(super) async fn decode(
    body: File,
    encoding: Encoding,
    database: &Path,
    limit: u64,
) -> Result<File, Problem> {
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
pub(super) async fn take_out(
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

pub(super) async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, UploadError> + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| Problem::internal())?;
    done.map_err(problem)
}

pub(super) fn problem(error: UploadError) -> Problem {
    match error {
        UploadError::Bad(_) | UploadError::Map(_) => Problem::bad_request(error.to_string()),
        UploadError::TooLong(_) => Problem::new(StatusCode::PAYLOAD_TOO_LARGE, error.to_string()),
        UploadError::Disk(error) => disk_problem(error),
        UploadError::Database(error) => error.into(),
        UploadError::Stopped => Problem::internal(),
    }
}

/// For the fuzzer: whatever a form holds, what is taken out of it is bounded.
pub(crate) fn check_form(bytes: &[u8]) {
    const MOST: u64 = 1_000;
    thread_local! {
        static RUNTIME: Runtime = Builder::new_current_thread().build().expect("a runtime");
    }
    let database = std::env::temp_dir().join("none.db");
    let mut body = temporary(&database).expect("a file");
    body.write_all(bytes).expect("a file that can be written");
    let taken = take_from_form(body, "b".to_owned(), Label::default(), &database, MOST);
    if let Ok((label, map)) = RUNTIME.with(|runtime| runtime.block_on(taken)) {
        assert!(map.length() <= MOST.min(bytes.len() as u64));
        for text in [label.project, label.release, label.file_url].iter().flatten() {
            assert!(text.len() <= 3 * TEXT_BYTES.min(bytes.len()));
        }
    }
}
