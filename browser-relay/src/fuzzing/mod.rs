//! What the fuzzer calls, and what a test repeats with the inputs that it has found interesting: one function for each parser.
//!
//! Each takes any bytes and panics when something is wrong. Part of the library so that `fuzz/` needs nothing but its name;
//! no service calls it.

mod maps;

use std::io;

use serde_json::Value;
use serde_json::value::RawValue;
use shared::clock::Timestamp;
pub use shared::fuzzing::Check;
use shared::http::body::{parse_object, with_whole_characters};

pub use self::maps::{check_index, check_map, check_mappings};
use crate::blocks::{BLOCK_BYTES, pack_whole, unpack};
use crate::browser_error::ErrorBody;
use crate::key::{PublicKey, check_project};
use crate::mask::mask;
use crate::masked_json::mask_json;
use crate::page::page;
use crate::points::MetricsBody;
use crate::source_map::{EnclosedMap, open_envelope};
use crate::source_name::clean;
use crate::unminify::unminify;
use crate::{http, origin, stack};

/// The checks by the names of their targets in `fuzz/`.
pub const CHECKS: [(&str, Check); 12] = [
    ("browser_relay_mask", check_mask),
    ("browser_relay_error", check_error),
    ("browser_relay_points", check_points),
    ("browser_relay_stack", check_stack),
    ("browser_relay_names", check_names),
    ("browser_relay_origin", check_origin),
    ("browser_relay_envelope", check_envelope),
    ("browser_relay_form", check_form),
    ("browser_relay_block", check_block),
    ("browser_relay_map", check_map),
    ("browser_relay_mappings", check_mappings),
    ("browser_relay_index", check_index),
];

const LEVELS: usize = 90;

fn now() -> Timestamp {
    Timestamp::from_millis(1_772_366_400_000)
}

/// Secrets in URLs: masked twice is masked once, in a text and in JSON, where each string is masked by itself.
pub fn check_mask(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let masked = mask(&text);
    assert_eq!(mask(&masked), masked);
    assert!(masked.len() <= text.len() * 3 + 3);
    assert!(page(&text).len() <= 200);
    let Ok(value) = serde_json::from_str::<Value>(&text) else {
        return;
    };
    let Ok(masked) = mask_json(&text, LEVELS) else {
        return;
    };
    assert_eq!(mask_json(&masked, LEVELS).as_ref(), Ok(&masked));
    let read: Value = serde_json::from_str(&masked).expect("it stays JSON");
    let expected = mask_value(value.clone());
    // Of two names that become the same one stays.
    if count_members(&expected) == count_members(&value) {
        assert_eq!(read, expected);
    }
}

/// The slow way: each string of the value by itself.
pub(crate) fn mask_value(value: Value) -> Value {
    match value {
        Value::String(text) => mask(&text).into(),
        Value::Array(items) => items.into_iter().map(mask_value).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (mask(&name).into_owned(), mask_value(value)))
            .collect(),
        other => other,
    }
}

fn count_members(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(count_members).sum(),
        Value::Object(members) => members.len() + members.values().map(count_members).sum::<usize>(),
        _ => 0,
    }
}

/// Errors of browsers: the report is JSON, and no member of it has a URL with a secret.
pub fn check_error(input: &[u8]) {
    let json = with_whole_characters(input.to_vec().into());
    let Ok(Ok(error)) = parse_object::<ErrorBody<'_>>(&json).map(ErrorBody::checked) else {
        return;
    };
    let unminified = unminify(&error.stack, |_| Err("there is none".to_owned()));
    let report = error
        .to_report("shop", unminified, now(), "0", Vec::new())
        .expect("what was read can be written");
    let _: &RawValue = serde_json::from_slice(&report).expect("a report is JSON");
    // JSON has no largest number: what a page has in its context goes on as it is, and only here it has to fit.
    let Ok(report) = serde_json::from_slice::<Value>(&report) else {
        return;
    };
    for name in ["message", "traceback", "request_url"] {
        let text = report[name].as_str().unwrap_or_default();
        assert_eq!(mask(text), text, "{name}");
    }
    for name in ["context", "breadcrumbs"] {
        let value = &report["extra"][name];
        assert_eq!(mask_value(value.clone()), *value, "{name}");
    }
    let kind = report["exception_type"].as_str().unwrap_or_default();
    assert!((1..=200).contains(&kind.chars().count()));
    let at: Timestamp = report["timestamp"]
        .as_str()
        .and_then(|at| at.parse().ok())
        .expect("a time");
    assert!((at.millis() - now().millis()) <= 60_000);
}

/// Points of browsers: each one is written or refused, and what is written is one JSON value each.
pub fn check_points(input: &[u8]) {
    let json = with_whole_characters(input.to_vec().into());
    let Ok(body) = parse_object::<MetricsBody<'_>>(&json) else {
        return;
    };
    let Ok(points) = body.to_points("shop", now()) else {
        return;
    };
    let mut places = points.places.clone();
    places.extend(points.rejected.iter().map(|(place, _)| *place));
    places.sort_unstable();
    assert!(places.iter().copied().eq(0..body.count()));
    let written: Vec<Value> = serde_json::from_str(&format!("[{}]", points.json)).expect("values");
    assert_eq!(written.len(), points.places.len());
    for point in written {
        let labels = point["labels"].as_object().expect("labels");
        assert!(labels.len() <= 32 && labels["project"] == "shop" && labels["source"] == "browser");
        assert!(!labels.contains_key("session_id"));
        assert!(
            point["timestamp"]
                .as_i64()
                .is_some_and(|at| at <= now().millis() + 60_000)
        );
        assert!(point["value"].is_number());
    }
}

/// Stacks: a stack whose maps are all missing stays as it is; of another each line stays a line.
pub fn check_stack(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let parsed = stack::parse(&text);
    assert_eq!(parsed.grammar.is_some(), !parsed.frames.is_empty());
    let lines: Vec<&str> = text.lines().collect();
    assert!(parsed.frames.windows(2).all(|pair| pair[0].line < pair[1].line));
    for frame in &parsed.frames {
        let line = lines[frame.line];
        assert!(line.starts_with(frame.lead) && line.get(frame.place_range.clone()).is_some());
    }

    let none = unminify(&text, |_| Err("there is none".to_owned()));
    assert_eq!(
        (none.stack.as_ref(), none.frames.len()),
        (text.as_ref(), parsed.frames.len())
    );

    let some = unminify(&text, maps::find);
    assert_eq!(some.frames.len(), parsed.frames.len());
    let line_breaks = |text: &str| text.matches('\n').count();
    assert_eq!(line_breaks(&some.stack), line_breaks(&text));
    assert!(some.stack.len() <= text.len() + some.frames.len() * 4_000);
}

/// Names of sources and projects, and keys.
pub fn check_names(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let name = clean(&text);
    assert!(!name.contains(['\n', '\r']) && name.len() <= text.len());
    assert!(!name.is_empty() || text.is_empty());
    if let Ok(project) = check_project(&text) {
        assert_eq!(check_project(&project).as_ref(), Ok(&project));
    }
    if let Some(key) = PublicKey::parse(&text) {
        assert_eq!(PublicKey::parse(&key.to_string()), Some(key));
        assert_eq!(key.to_string(), text.to_ascii_lowercase());
    }
}

/// Origins: the first line is one that asks, the others are those that may send.
pub fn check_origin(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let (origin, entries) = text.split_once('\n').unwrap_or(("null", &text));
    let entries: Vec<&str> = entries.split('\n').collect();
    origin::check(&entries, origin);
}

/// Envelopes of maps: what is taken out is what serde takes out.
pub fn check_envelope(input: &[u8]) {
    let mut map = Vec::new();
    let Ok(envelope) = open_envelope(input, 1 << 20, &mut map) else {
        return;
    };
    let is_plain = ["project", "release", "file_url", "map_content"]
        .iter()
        .all(|name| memchr::memmem::find_iter(input, name).count() < 2);
    // Of members that are there twice serde takes the last one; and escapes may make two of one name.
    if input.contains(&b'\\') || !is_plain {
        return;
    }
    let Ok(Value::Object(members)) = serde_json::from_slice(input) else {
        return;
    };
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    assert_eq!(envelope.project.as_deref(), text("project"));
    assert_eq!(envelope.release.as_deref(), text("release"));
    assert_eq!(envelope.file_url.as_deref(), text("file_url"));
    match envelope.map {
        None => assert!(!members.contains_key("map_content")),
        Some(EnclosedMap::Written) => assert_eq!(std::str::from_utf8(&map).ok(), text("map_content")),
        Some(EnclosedMap::Within { start, end }) => {
            let within: Value =
                serde_json::from_slice(&input[start as usize..end as usize]).expect("a value");
            assert_eq!(Some(&within), members.get("map_content"));
        }
    }
}

/// Forms with maps.
pub fn check_form(input: &[u8]) {
    http::check_form(input);
}

/// What was compressed and lay on the disk: it comes out again, and nothing comes out that is longer than it may be.
pub fn check_block(input: &[u8]) {
    if let Ok(unpacked) = unpack(input, BLOCK_BYTES) {
        assert!(unpacked.len() <= BLOCK_BYTES);
    }
    let packed = pack_whole(input).expect("memory takes bytes");
    assert_eq!(unpack(&packed, input.len()).ok().as_deref(), Some(input));
    if !input.is_empty() {
        let too_long: io::Result<Vec<u8>> = unpack(&packed, input.len() - 1);
        assert!(too_long.is_err());
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_input_that_the_fuzzer_has_kept_is_read() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
        shared::fuzzing::repeat(&corpus, &CHECKS);
    }
}
