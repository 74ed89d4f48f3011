//! Undoes a body's `Content-Encoding`, within a limit.

use std::io::{self, BufRead, Read};

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};

use super::BodyBudget;
use crate::http::problem::Problem;

/// Decoding more than this would hold up the runtime's thread.
const INLINE_DECODE_BYTES: usize = 32 * 1_024;

/// 2^21 = 2 MiB is the window of the usual levels of zstd; the format would allow gigabytes.
const ZSTD_WINDOW_LOG: u32 = 21;

/// How a body is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Not at all.
    Identity,
    /// RFC 1952.
    Gzip,
    /// RFC 1950, or what some clients take it for.
    Deflate,
    /// RFC 7932.
    Brotli,
    /// RFC 8878.
    Zstd,
}

impl Encoding {
    /// Reads the header.
    ///
    /// # Errors
    /// 415 that names those that are known.
    pub fn of(headers: &HeaderMap) -> Result<Self, Problem> {
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

    /// What comes out of an encoded body.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn decoder<'r>(
        self,
        mut encoded: impl BufRead + 'r,
        zstd_window_log: u32,
    ) -> io::Result<Box<dyn Read + 'r>> {
        Ok(match self {
            Self::Identity => Box::new(encoded),
            Self::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(encoded)),
            Self::Deflate => {
                // "deflate" means zlib (RFC 9110), but some clients send the bare stream.
                let begin = encoded.fill_buf()?;
                let zlib = begin.len() >= 2
                    && begin[0] & 0x0f == 8
                    && u16::from_be_bytes([begin[0], begin[1]]).is_multiple_of(31);
                if zlib {
                    Box::new(flate2::bufread::ZlibDecoder::new(encoded))
                } else {
                    Box::new(flate2::bufread::DeflateDecoder::new(encoded))
                }
            }
            Self::Brotli => Box::new(brotli_decompressor::Decompressor::new(encoded, 4_096)),
            Self::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(encoded)?;
                decoder.window_log_max(zstd_window_log)?;
                Box::new(decoder)
            }
        })
    }
}

/// Decodes, or tells that what comes out is too large or cannot be.
pub(super) async fn decode(
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
    let decoder = encoding.decoder(bytes, ZSTD_WINDOW_LOG)?;
    decoder.take(most).read_to_end(&mut decoded)?;
    Ok(decoded)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use axum::body::Body;
    use http::HeaderValue;

    use super::super::{WholeBody, read};
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
}
