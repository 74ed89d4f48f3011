//! What the fuzzer calls, and what a test repeats with the inputs that it has found interesting: one function for each parser.
//!
//! Each takes any bytes and panics when something is wrong. Part of the library so that `fuzz/` needs nothing but its name;
//! no service calls it.

use std::cell::Cell;

use shared::clock::Timestamp;
pub use shared::fuzzing::Check;

use crate::chunk::{self, RawPoint};
use crate::http;
use crate::labels::{Labels, Selector};
use crate::page;
use crate::period::{LONGEST_MS, parse, parse_moment};
use crate::summary::Summary;

/// The checks by the names of their targets in `fuzz/`.
pub const CHECKS: [(&str, Check); 5] = [
    ("metrics_collector_points", check_points),
    ("metrics_collector_labels", check_labels),
    ("metrics_collector_query", check_query),
    ("metrics_collector_chunk", check_chunk),
    ("metrics_collector_page", check_page),
];

/// Points: a bare list and one in an object are the same, and each point is either taken or refused with a reason.
pub fn check_points(input: &[u8]) {
    http::check_points(input);
}

/// Labels: those that are taken are read again as the same, whatever the order of their members.
pub fn check_labels(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    if let Ok(labels) = Labels::parse(&text) {
        let members: Vec<String> = labels
            .iter()
            .map(|(name, value)| format!("{}:{}", quoted(name), quoted(value)))
            .collect();
        let backwards: Vec<&str> = members.iter().rev().map(String::as_str).collect();
        for written in [members.join(","), backwards.join(", ")] {
            assert_eq!(Labels::parse(&format!("{{{written}}}")).as_ref(), Ok(&labels));
        }
    }
    if let Ok(selector) = Selector::parse(&text) {
        let escaped = |text: &str| text.replace('\\', "\\\\").replace(',', "\\,");
        let written: Vec<String> = selector
            .iter()
            .map(|(name, value)| format!("{}:{}", escaped(name), escaped(value)))
            .collect();
        assert_eq!(Selector::parse(&written.join(",")), Ok(selector), "{written:?}");
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Queries: lengths and moments are within their bounds, and so is the range that they make.
pub fn check_query(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let now = Timestamp::from_millis(1_772_366_400_000);
    if let Ok(length) = parse(&text) {
        assert!((1_000..=LONGEST_MS).contains(&length), "{length}");
    }
    if let Ok(moment) = parse_moment(&text, now) {
        assert_eq!(parse_moment(&moment.to_string(), now), Ok(moment));
    }
    http::check_query(&text);
}

/// Stored points: those that can be read are packed and read again as the same.
pub fn check_chunk(input: &[u8]) {
    const MOST_RUNS: u32 = 1;
    let read = |bytes: &[u8]| {
        let mut points = Vec::new();
        // A run of equal points takes no room for each of them.
        let runs = Cell::new(0);
        let wanted = |_| {
            runs.set(runs.get() + 1);
            runs.get() <= MOST_RUNS
        };
        let is_whole = chunk::unpack(bytes, wanted, |point| points.push(point)).is_some();
        (points, is_whole)
    };
    // Compared by bits: what is no number is equal to nothing.
    let bits = |points: &[RawPoint]| {
        let bits = points
            .iter()
            .map(|point| (point.series, point.offset, point.value.to_bits()));
        bits.collect::<Vec<_>>()
    };
    let (mut points, _) = read(input);
    let packed = chunk::pack(&mut points);
    let (again, is_whole) = read(&packed);
    assert!(is_whole, "what was packed can be read");
    assert_eq!(bits(&again), bits(&points));
}

/// Stored summaries, many to a page: those that can be read are written and read again as the same.
pub fn check_page(input: &[u8]) {
    const START: i64 = 1_772_366_400_000;
    for (slot, entry) in page::entries(input) {
        assert!(slot < page::SLOTS);
        let mut summary = Summary::default();
        if summary.merge_bytes(entry, START, true).is_none() {
            continue;
        }
        let _ = summary.told();
        let mut written = Vec::new();
        summary.put(&mut written, START);
        let mut again = Summary::default();
        again
            .merge_bytes(&written, START, true)
            .expect("what was written can be read");
        let mut rewritten = Vec::new();
        again.put(&mut rewritten, START);
        // Beyond the largest number there is nothing to keep.
        assert!(rewritten == written || !summary.sum.value().is_finite());
        // One that others were merged into can be read too.
        again.merge(&summary);
        let _ = again.told();
        rewritten.clear();
        again.put(&mut rewritten, START);
        let mut merged = Summary::default();
        assert!(merged.merge_bytes(&rewritten, START, true).is_some());
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
