//! Reads request bodies: bounded in size, in pauses, and in what all of them hold together.

use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::Problem;

/// A body that pauses for longer is given up.
const PAUSE_LIMIT: Duration = Duration::from_secs(30);
/// What all bodies in flight may hold together, in KiB.
const BUDGET_KIB: usize = 8 * 1_024;
/// How long a request waits for its share of the budget.
const BUDGET_WAIT: Duration = Duration::from_secs(2);
/// Decoding more than this would hold up the runtime's thread.
const INLINE_DECODE_BYTES: usize = 32 * 1_024;

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
    /// Reads the JSON in it.
    ///
    /// # Errors
    /// 400 that names the member, or the line and column, that is wrong.
    pub fn json<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Problem> {
        parse_json(&self.bytes)
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
    // Most bodies come in one piece, which is kept as it is. For the others one buffer of the announced size is made.
    let announced = body
        .size_hint()
        .upper()
        .and_then(|size| usize::try_from(size).ok())
        .unwrap_or(0);
    let mut only = Bytes::new();
    let mut whole = BytesMut::new();
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
        let Ok(data) = frame.into_data() else { continue };
        let total = only.len() + whole.len() + data.len();
        if total > limit_bytes {
            return Err(Problem::too_large(limit_bytes));
        }
        share.grow_to(total).await?;
        if only.is_empty() && whole.is_empty() {
            only = data;
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Identity,
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

impl Encoding {
    fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let Some(value) = headers.get(header::CONTENT_ENCODING) else {
            return Ok(Self::Identity);
        };
        match value
            .to_str()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase()
            .as_str()
        {
            "" | "identity" => Ok(Self::Identity),
            "gzip" | "x-gzip" => Ok(Self::Gzip),
            "deflate" => Ok(Self::Deflate),
            "br" => Ok(Self::Brotli),
            "zstd" => Ok(Self::Zstd),
            _ => Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "Content-Encoding: use gzip, deflate, br, zstd or none",
            )),
        }
    }
}

async fn decode(
    encoding: Encoding,
    bytes: Bytes,
    limit_bytes: usize,
    budget: &BodyBudget,
) -> Result<Bytes, Problem> {
    let _one_at_a_time = match encoding {
        Encoding::Brotli => budget.brotli.acquire().await.ok(),
        _ => None,
    };
    let decoded = if bytes.len() <= INLINE_DECODE_BYTES {
        decode_now(encoding, &bytes, limit_bytes)
    } else {
        let task = tokio::task::spawn_blocking(move || decode_now(encoding, &bytes, limit_bytes));
        task.await.map_err(|_| Problem::internal())?
    };
    match decoded {
        Ok(decoded) if decoded.len() > limit_bytes => Err(Problem::too_large(limit_bytes)),
        Ok(decoded) => Ok(decoded.into()),
        Err(_) => Err(Problem::bad_request(
            "the body cannot be decoded as its Content-Encoding says",
        )),
    }
}

/// Stops one byte after the limit, so that a bomb costs no more than an honest body.
fn decode_now(encoding: Encoding, bytes: &[u8], limit_bytes: usize) -> std::io::Result<Vec<u8>> {
    let most = limit_bytes as u64 + 1;
    let mut decoded = Vec::new();
    match encoding {
        Encoding::Identity => decoded.extend_from_slice(bytes),
        Encoding::Gzip => {
            flate2::read::MultiGzDecoder::new(bytes)
                .take(most)
                .read_to_end(&mut decoded)?;
        }
        Encoding::Deflate => {
            // "deflate" means zlib (RFC 9110), but some clients send the bare stream.
            let zlib = bytes.len() >= 2
                && bytes[0] & 0x0f == 8
                && u16::from_be_bytes([bytes[0], bytes[1]]).is_multiple_of(31);
            if zlib {
                flate2::read::ZlibDecoder::new(bytes)
                    .take(most)
                    .read_to_end(&mut decoded)?;
            } else {
                flate2::read::DeflateDecoder::new(bytes)
                    .take(most)
                    .read_to_end(&mut decoded)?;
            }
        }
        Encoding::Brotli => {
            brotli_decompressor::Decompressor::new(bytes, 4_096)
                .take(most)
                .read_to_end(&mut decoded)?;
        }
        Encoding::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(bytes)?;
            // 2^21 = 2 MiB is the window of the usual levels; the format would allow gigabytes.
            decoder.window_log_max(21)?;
            decoder.take(most).read_to_end(&mut decoded)?;
        }
    }
    Ok(decoded)
}

/// Reads JSON, and says where it is wrong.
///
/// # Errors
/// 400 with the member's path for a wrong type, else with line and column.
pub fn parse_json<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Problem> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    serde_json::from_slice(bytes).map_err(|error| explain::<T>(bytes, &error))
}

fn explain<'a, T: Deserialize<'a>>(bytes: &'a [u8], error: &serde_json::Error) -> Problem {
    if bytes.is_empty() {
        return Problem::bad_request("the body is empty");
    }
    if std::str::from_utf8(bytes).is_err() {
        return Problem::bad_request("the body is not UTF-8");
    }
    if !error.is_data() {
        return Problem::bad_request(format!("the body is not valid JSON: {error}"));
    }
    // Only now is the path worth its cost: the hot path never comes here.
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
        Err(error) if error.path().iter().next().is_some() => {
            Problem::bad_request(format!("{}: {}", error.path(), error.inner()))
        }
        _ => Problem::bad_request(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use http::HeaderValue;

    use super::*;

    async fn read_encoded(
        encoding: &'static str,
        bytes: Vec<u8>,
        limit: usize,
    ) -> Result<WholeBody, Problem> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        read(&headers, Body::from(bytes), limit, &BodyBudget::default()).await
    }

    fn encoded(encoding: &str, text: &[u8]) -> Vec<u8> {
        match encoding {
            "gzip" => {
                let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                writer.write_all(text).unwrap();
                writer.finish().unwrap()
            }
            "deflate" => {
                let mut writer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
                writer.write_all(text).unwrap();
                writer.finish().unwrap()
            }
            "zstd" => zstd::encode_all(text, 3).unwrap(),
            // There is no brotli encoder here: a stored meta-block, made by hand (RFC 7932, section 9.2).
            "br" => {
                let mut out = Vec::new();
                let length = text.len() as u32 - 1;
                // WBITS = 16 (one zero bit), ISLAST = 0, MNIBBLES = 4 (00), MLEN - 1 (16 bits), ISUNCOMPRESSED = 1.
                let bits: u32 = (length << 4) | (1 << 20);
                out.extend_from_slice(&bits.to_le_bytes()[..3]);
                out.extend_from_slice(text);
                out.push(3); // ISLAST = 1, ISLASTEMPTY = 1
                out
            }
            _ => text.to_vec(),
        }
    }

    #[tokio::test]
    async fn every_encoding_is_read() {
        let text = b"a text that is the same after its travel";
        for encoding in ["identity", "gzip", "deflate", "br", "zstd"] {
            let body = read_encoded(encoding, encoded(encoding, text), 1_000)
                .await
                .unwrap();
            assert_eq!(&body.bytes[..], text, "{encoding}");
        }
    }

    #[tokio::test]
    async fn a_bomb_is_413_and_its_limit_counts_decoded_bytes() {
        let zeros = vec![0; 4 << 20];
        for encoding in ["gzip", "deflate", "zstd"] {
            let bytes = encoded(encoding, &zeros);
            assert!(bytes.len() < 20_000);
            let problem = read_encoded(encoding, bytes, 20_000)
                .await
                .expect_err("too large");
            assert_eq!(problem.status(), 413, "{encoding}");
        }
    }

    #[tokio::test]
    async fn garbage_and_unknown_encodings_are_told_apart() {
        for (encoding, status) in [
            ("gzip", 400),
            ("deflate", 400),
            ("br", 400),
            ("zstd", 400),
            ("lzma", 415),
        ] {
            let problem = read_encoded(encoding, vec![0xff; 64], 1_000)
                .await
                .expect_err("refused");
            assert_eq!(problem.status(), status, "{encoding}");
        }
    }

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

    #[test]
    fn json_that_is_wrong_is_told_where() {
        #[derive(Debug, Deserialize)]
        #[expect(dead_code, reason = "only the shape matters")]
        struct Outer {
            inner: Inner,
        }
        #[derive(Debug, Deserialize)]
        #[expect(dead_code, reason = "only the shape matters")]
        struct Inner {
            count: u32,
        }
        for (text, expected) in [
            (&b""[..], "the body is empty"),
            (b"\xff{}", "the body is not UTF-8"),
            (
                b"{",
                "the body is not valid JSON: EOF while parsing an object at line 1 column 1",
            ),
            (
                br#"{"inner":{"count":"x"}}"#,
                "inner.count: invalid type: string \"x\", expected u32 at line 1 column 21",
            ),
            (
                br#"{"inner":{"count":1},"inner":{"count":1}}"#,
                "duplicate field `inner` at line 1 column 28",
            ),
        ] {
            let problem = parse_json::<Outer>(text).expect_err("wrong");
            assert_eq!(problem.status(), 400);
            assert_eq!(problem.detail(), expected);
        }
        assert!(
            parse_json::<Outer>(b"\xef\xbb\xbf{\"inner\":{\"count\":1}}").is_ok(),
            "a byte order mark is harmless"
        );
    }
}
