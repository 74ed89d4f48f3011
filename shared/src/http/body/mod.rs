//! Reads request bodies: bounded in size, in pauses, and in what all of them hold together.

mod encoding;
mod json;
pub mod text;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub use self::encoding::Encoding;
use self::encoding::decode;
pub use self::json::{parse_json, parse_object, with_whole_characters};
use super::problem::Problem;

/// A body that pauses for longer is given up.
const PAUSE_LIMIT: Duration = Duration::from_secs(30);
/// What all bodies in flight may hold together, in KiB.
const BUDGET_KIB: usize = 8 * 1_024;
/// A body as small as this is copied out of the buffer that its connection reads into: as a part of it, it would hold all
/// of it for as long as it is needed.
const COPIED_BYTES: usize = 4 * 1_024;
/// How long a request waits for its share of the budget.
const BUDGET_WAIT: Duration = Duration::from_secs(2);

/// The memory that bodies in flight share. Clones share the same budget.
#[derive(Debug, Clone)]
pub struct BodyBudget {
    kib: Arc<Semaphore>,
    // A hostile brotli head makes the decoder allocate 16 MiB, so they go one at a time.
    brotli: Arc<Semaphore>,
}

impl Default for BodyBudget {
    fn default() -> Self {
        Self {
            kib: Arc::new(Semaphore::new(BUDGET_KIB)),
            brotli: Arc::new(Semaphore::new(1)),
        }
    }
}

/// A whole body, and the share of the budget that it holds until it is dropped.
#[derive(Debug)]
pub struct WholeBody {
    /// The decoded bytes.
    pub bytes: Bytes,
    _share: Share,
}

impl WholeBody {
    /// With U+FFFD for each half of a character (a lone surrogate such as `"\ud800"`): serialisers of several languages
    /// write what their strings hold, and a report is worth more than the half of an emoji that was cut.
    #[must_use]
    pub fn mended(mut self) -> Self {
        self.bytes = with_whole_characters(self.bytes);
        self
    }

    /// Reads the JSON in it.
    ///
    /// # Errors
    /// 400 that names the member, or the line and column, that is wrong.
    pub fn json<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Problem> {
        parse_json(&self.bytes)
    }

    /// Reads the JSON object in it.
    ///
    /// # Errors
    /// As [`json`](Self::json), and for an array.
    pub fn object<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Problem> {
        parse_object(&self.bytes)
    }
}

#[derive(Debug)]
struct Share {
    budget: Arc<Semaphore>,
    permits: Option<OwnedSemaphorePermit>,
    held_kib: usize,
}

impl Share {
    async fn grow_to(&mut self, bytes: usize) -> Result<(), Problem> {
        let wanted_kib = bytes.div_ceil(1_024).min(BUDGET_KIB);
        let Some(missing) = wanted_kib
            .checked_sub(self.held_kib)
            .filter(|missing| *missing > 0)
        else {
            return Ok(());
        };
        let more = Arc::clone(&self.budget).acquire_many_owned(missing as u32);
        match tokio::time::timeout(BUDGET_WAIT, more).await {
            Ok(Ok(more)) => {
                self.held_kib = wanted_kib;
                match &mut self.permits {
                    Some(permits) => permits.merge(more),
                    None => self.permits = Some(more),
                }
                Ok(())
            }
            _ => Err(Problem::unavailable(
                "the service is busy receiving; nothing was stored",
                2,
            )),
        }
    }
}

/// The next piece of a body, or nothing at its end.
///
/// # Errors
/// It paused for too long, or broke off.
pub async fn next_piece(body: &mut Body) -> Result<Option<Bytes>, Problem> {
    loop {
        let frame = tokio::time::timeout(PAUSE_LIMIT, body.frame())
            .await
            .map_err(|_| Problem::new(StatusCode::REQUEST_TIMEOUT, "the body paused for 30 seconds"))?;
        let Some(frame) = frame else { return Ok(None) };
        let frame = frame.map_err(|_| Problem::bad_request("the body broke off"))?;
        // Trailers say nothing that is asked for here.
        if let Ok(piece) = frame.into_data() {
            return Ok(Some(piece));
        }
    }
}

/// Reads and decodes a body of at most `limit_bytes` (before and after decoding).
///
/// # Errors
/// 413 over the limit, 408 when it pauses for 30 s, 400 when it breaks off or cannot be decoded,
/// 415 for an unknown `Content-Encoding`, 503 when too much is in flight.
pub async fn read(
    headers: &HeaderMap,
    mut body: Body,
    limit_bytes: usize,
    budget: &BodyBudget,
) -> Result<WholeBody, Problem> {
    let encoding = Encoding::of(headers)?;
    let mut share = Share {
        budget: Arc::clone(&budget.kib),
        permits: None,
        held_kib: 0,
    };
    // Most bodies come in one piece. For the others one buffer of the announced size is made.
    let announced = body
        .size_hint()
        .upper()
        .and_then(|size| usize::try_from(size).ok())
        .unwrap_or(0);
    let mut only = Bytes::new();
    let mut whole = BytesMut::new();
    while let Some(data) = next_piece(&mut body).await? {
        let total = only.len() + whole.len() + data.len();
        if total > limit_bytes {
            return Err(Problem::too_large(limit_bytes));
        }
        share.grow_to(total).await?;
        if only.is_empty() && whole.is_empty() {
            only = if data.len() > COPIED_BYTES {
                data
            } else {
                Bytes::copy_from_slice(&data)
            };
            continue;
        }
        if whole.is_empty() {
            whole.reserve(announced.clamp(total, limit_bytes));
            whole.extend_from_slice(&std::mem::take(&mut only));
        }
        whole.extend_from_slice(&data);
    }
    let bytes = if whole.is_empty() { only } else { whole.freeze() };
    let bytes = match encoding {
        Encoding::Identity => bytes,
        coded => {
            share.grow_to(bytes.len() + limit_bytes).await?;
            decode(coded, bytes, limit_bytes, budget).await?
        }
    };
    Ok(WholeBody { bytes, _share: share })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_body_that_pauses_is_given_up() {
        let body = Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>());

        let problem = read(&HeaderMap::new(), body, 1_000, &BodyBudget::default())
            .await
            .expect_err("paused");

        assert_eq!(problem.status(), 408);
    }

    #[tokio::test(start_paused = true)]
    async fn bodies_in_flight_share_a_budget() {
        let budget = BodyBudget::default();
        let mut held = Vec::new();
        for _ in 0..8 {
            held.push(
                read(&HeaderMap::new(), Body::from(vec![0; 1 << 20]), 1 << 20, &budget)
                    .await
                    .unwrap(),
            );
        }

        let refused = read(&HeaderMap::new(), Body::from("x"), 10, &budget)
            .await
            .expect_err("no room");
        assert_eq!(refused.status(), 503);

        held.pop();
        assert!(
            read(&HeaderMap::new(), Body::from("x"), 10, &budget)
                .await
                .is_ok()
        );
    }
}
