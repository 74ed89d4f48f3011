//! A report as the domain knows it: checked, cut to size, with its fingerprint, ready to be counted.

use std::borrow::Cow;
use std::cell::RefCell;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use shared::clock::{DAY_MS, HOUR_MS, Timestamp};

use crate::fingerprint::Fingerprint;
use crate::json_text::JsonText;

/// Characters of a message that the lists show and the search knows.
pub(crate) const SUMMARY_CHARS: usize = 500;
/// A client's clock is believed this far back.
const MAX_AGE_MS: i64 = 30 * DAY_MS;
/// And this far ahead, as "now".
const MAX_AHEAD_MS: i64 = HOUR_MS;

/// Where a report comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// A back end.
    Server,
    /// A browser, through the relay.
    Browser,
}

impl Source {
    /// The bit in a group's set of sources.
    pub(crate) fn bit(self) -> i64 {
        match self {
            Self::Server => 1,
            Self::Browser => 2,
        }
    }

    /// The newest source as stored.
    pub(crate) fn from_bit(bit: i64) -> Self {
        if bit == 2 { Self::Browser } else { Self::Server }
    }

    /// The name on the wire.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Browser => "browser",
        }
    }
}

/// One report, ready to be counted.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    pub(crate) project: String,
    pub(crate) exception_type: String,
    pub(crate) fingerprint: Fingerprint,
    /// The first [`SUMMARY_CHARS`] of the message.
    pub(crate) summary: String,
    pub(crate) culprit: Option<String>,
    pub(crate) level: Option<String>,
    pub(crate) environment: Option<String>,
    pub(crate) release: Option<String>,
    pub(crate) source: Source,
    /// A digest of the session's id.
    pub(crate) session: Option<[u8; 16]>,
    /// A digest of project and event id.
    pub(crate) event: Option<[u8; 16]>,
    pub(crate) at: Timestamp,
    /// An [`Occurrence`] as JSON, compressed unless it will probably not be kept.
    pub(crate) body: Vec<u8>,
}

/// What is kept of one report, besides its time.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Occurrence<'a> {
    #[serde(borrow)]
    pub(crate) message: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) traceback: JsonText<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) level: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) environment: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) release: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) request_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) request_method: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", borrow)]
    pub(crate) request_headers: Option<&'a RawValue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) trace_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) session_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", borrow)]
    pub(crate) extra: Option<&'a RawValue>,
}

/// Bytes that a stored occurrence may have once it is unpacked; ingest lets less through.
const MAX_UNPACKED_BYTES: usize = 64 << 20;

/// Buffers larger than this are given back after use.
const SCRATCH_BYTES: usize = 64 * 1_024;

/// A body that waits uncompressed is no larger than this.
const UNPACKED_BYTES: usize = 8 * 1_024;

impl Occurrence<'_> {
    /// The form in which it is stored.
    pub(crate) fn pack(&self) -> serde_json::Result<Vec<u8>> {
        self.with_json(pack_body)
    }

    /// What [`packed_body`] makes the stored form of, for an occurrence that will probably not be kept. A large one is
    /// compressed all the same, because it waits in the queue.
    pub(crate) fn pack_later(&self) -> serde_json::Result<Vec<u8>> {
        self.with_json(|json| {
            if json.len() > UNPACKED_BYTES {
                pack_body(json)
            } else {
                json.to_vec()
            }
        })
    }

    fn with_json(&self, into_body: impl FnOnce(&[u8]) -> Vec<u8>) -> serde_json::Result<Vec<u8>> {
        thread_local! {
            // The JSON lives only until it is compressed, so each thread has one place for it.
            static JSON: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
        }
        JSON.with_borrow_mut(|json| {
            json.clear();
            serde_json::to_writer(&mut *json, self)?;
            let body = into_body(json);
            json.clear();
            json.shrink_to(SCRATCH_BYTES);
            Ok(body)
        })
    }
}

/// The fastest of zstd's usual levels: half the time of level 1 for a quarter more bytes.
const LEVEL: i32 = -1;

/// Each frame of zstd begins with it, and no JSON does.
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// A compressor, and the room that it needs for the worst case.
struct Packer {
    compressor: zstd::bulk::Compressor<'static>,
    packed: Vec<u8>,
}

impl Packer {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            compressor: zstd::bulk::Compressor::new(LEVEL)?,
            packed: Vec::new(),
        })
    }

    fn pack(&mut self, json: &[u8]) -> std::io::Result<Vec<u8>> {
        self.packed.reserve(zstd::compress_bound(json.len()));
        self.compressor.compress_to_buffer(json, &mut self.packed)?;
        let exact = self.packed.as_slice().to_vec();
        self.packed.clear();
        self.packed.shrink_to(SCRATCH_BYTES);
        Ok(exact)
    }
}

/// Compresses what an occurrence keeps.
pub(crate) fn pack_body(json: &[u8]) -> Vec<u8> {
    thread_local! {
        static PACKER: RefCell<Option<Packer>> = RefCell::new(Packer::new().ok());
    }
    let packed = PACKER.with_borrow_mut(|packer| packer.as_mut().and_then(|packer| packer.pack(json).ok()));
    // Without a compressor the bytes stay as they are.
    packed.unwrap_or_else(|| json.to_vec())
}

/// The form in which a body is stored, if it does not have it yet.
pub(crate) fn packed_body(body: &[u8]) -> Cow<'_, [u8]> {
    if body.starts_with(&ZSTD_MAGIC) {
        Cow::Borrowed(body)
    } else {
        Cow::Owned(pack_body(body))
    }
}

/// The JSON that [`pack_body`] was given; `None` when the bytes are damaged.
pub(crate) fn unpack_body(bytes: &[u8]) -> Option<Vec<u8>> {
    if !bytes.starts_with(&ZSTD_MAGIC) {
        return Some(bytes.to_vec());
    }
    let size = zstd::bulk::Decompressor::upper_bound(bytes)?;
    zstd::bulk::decompress(bytes, size.min(MAX_UNPACKED_BYTES)).ok()
}

/// 16 bytes that stand for these texts.
pub(crate) fn digest(parts: &[&str]) -> [u8; 16] {
    use md5::Digest as _;

    let mut hash = md5::Md5::new();
    for part in parts {
        // The length goes first, so that two texts cannot be cut elsewhere and look the same.
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// The client's time when it is within reason, else the server's.
pub(crate) fn believable(client: Option<Timestamp>, now: Timestamp) -> Timestamp {
    match client {
        Some(at) if at > now && at.millis() - now.millis() <= MAX_AHEAD_MS => now,
        Some(at) if at <= now && now.millis() - at.millis() <= MAX_AGE_MS => at,
        _ => now,
    }
}

/// Cuts an over-long text, and marks it with an ellipsis.
pub(crate) fn cut(text: &str, most_chars: usize) -> String {
    if text.len() <= most_chars {
        return text.to_owned();
    }
    match text.char_indices().nth(most_chars) {
        None => text.to_owned(),
        Some(_) => {
            let mut kept: String = text.chars().take(most_chars.saturating_sub(1)).collect();
            kept.push('…');
            kept
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_with_a_mark_between_characters() {
        assert_eq!(cut("short", 5), "short");
        assert_eq!(cut("longer", 5), "long…");
        assert_eq!(cut("äöüäö", 5), "äöüäö");
        assert_eq!(cut("äöüäöü", 5), "äöüä…");
    }

    #[test]
    fn a_clock_is_believed_within_reason() {
        let now = Timestamp::from_millis(1_772_366_400_000);
        let ago = |millis: i64| now.plus_millis(-millis);
        for (client, expected) in [
            (None, now),
            (Some(ago(5_000)), ago(5_000)),
            (Some(ago(29 * DAY_MS)), ago(29 * DAY_MS)),
            (Some(ago(31 * DAY_MS)), now),
            (Some(ago(-60_000)), now),
            (Some(ago(-2 * DAY_MS)), now),
        ] {
            assert_eq!(believable(client, now), expected, "{client:?}");
        }
    }

    #[test]
    fn a_body_survives_compression_and_damage_is_noticed() {
        let json = br#"{"message":"m","traceback":""}"#.repeat(100);
        let mut packed = pack_body(&json);

        assert!(packed.len() < json.len() / 10);
        assert_eq!(unpack_body(&packed).unwrap(), json);
        assert_eq!(packed_body(&json), packed);
        assert_eq!(packed_body(&packed), packed);
        packed.truncate(packed.len() / 2);
        assert_eq!(unpack_body(&packed), None);
    }
}
