//! What the fuzzer calls, and what a test repeats with the inputs that it has found interesting: one function for each parser.
//!
//! Each takes any bytes and panics when something is wrong. Part of the library so that `fuzz/` needs nothing but its name;
//! no service calls it.

use std::borrow::Cow;
use std::collections::BTreeSet;

pub use shared::fuzzing::Check;

use crate::ansi::stripped;
use crate::assemble::{Assembler, Entry, Open};
use crate::columns::Columns;
use crate::counts::Counts;
use crate::entry::Stream;
use crate::lines::{ContainerId, Lines};
use crate::nanos::Nanos;
use crate::query::{Need, Query, tokens};
use crate::record::Record;
use crate::tally::{Kinds, Tally};
use crate::words::{Postings, Words};
use crate::{fields, http, level, record};

/// The checks by the names of their targets in `fuzz/`.
pub const CHECKS: [(&str, Check); 7] = [
    ("log_viewer_record", check_record),
    ("log_viewer_level", check_level),
    ("log_viewer_fields", check_fields),
    ("log_viewer_entries", check_entries),
    ("log_viewer_query", check_query),
    ("log_viewer_cursor", check_cursor),
    ("log_viewer_block", check_block),
];

/// Docker's records: the short way and the long one read the same.
pub fn check_record(input: &[u8]) {
    for line in input.split(|byte| *byte == b'\n') {
        let read = record::parse(line);
        if let Ok(record) = &read {
            let newline: &[u8] = b"\n";
            assert_eq!(
                record::parse(&[line, newline].concat()),
                read,
                "a newline changes nothing"
            );
            assert_eq!(
                Nanos::parse(&record.at.to_string()),
                Some(record.at),
                "a time survives"
            );
        }
    }
}

/// Levels of any text.
pub fn check_level(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let (out, error) = (
        level::detect(&text, Stream::Stdout),
        level::detect(&text, Stream::Stderr),
    );
    if let Some(decided) = level::decides(&text) {
        assert_eq!(
            (out, error),
            (decided, decided),
            "the stream decides only when the text does not"
        );
    }
    assert_eq!(level::parse_level(out.as_str()), Some(out));
}

/// Fields of JSON and logfmt lines: the first line is the name, the rest the text.
pub fn check_fields(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let (path, text) = text.split_once('\n').unwrap_or(("level", &text));
    let mut values = 0;
    fields::any(text, path, &mut |_| {
        values += 1;
        false
    });
    assert!(values <= text.len(), "a value takes room");
    let _ = fields::of(text);
}

/// Entries: whether they are stored and resumed after each record changes nothing.
pub fn check_entries(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let mut at = 0;
    // The first character of each line says what it is.
    let records: Vec<Record<'_>> = text
        .split_inclusive('\n')
        .map(|line| {
            let kind = line.chars().next().unwrap_or_default();
            let rest = &line[kind.len_utf8().min(line.len())..];
            at += i64::from(u32::from(kind) % 7) * 300_000_000;
            Record {
                text: Cow::Borrowed(rest),
                stream: if u32::from(kind) % 2 == 0 {
                    Stream::Stdout
                } else {
                    Stream::Stderr
                },
                at: Nanos(at),
            }
        })
        .collect();
    let (mut whole, mut resumed) = (Assembler::new(), Assembler::new());
    let (mut of_whole, mut of_resumed): (Vec<Entry>, Vec<Entry>) = Default::default();
    for record in records {
        whole.push(record.clone(), &mut |entry| of_whole.push(entry));
        resumed.push(record, &mut |entry| of_resumed.push(entry));
        let stored: Vec<Open> = resumed
            .open()
            .map(|open| Open::restore(open.entry.clone(), &open.to_bytes()))
            .collect();
        resumed = Assembler::resume(stored);
    }
    whole.finish(&mut |entry| of_whole.push(entry));
    resumed.finish(&mut |entry| of_resumed.push(entry));
    assert_eq!(of_whole, of_resumed);
}

/// Searches: the first line is the query, the rest an entry. What matches is found by its index and at its anchor.
pub fn check_query(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let (query, text) = text.split_once('\n').unwrap_or((&text, ""));
    let (query, text) = (Query::parse(query), stripped(text));
    if !query.matches(&text) {
        return;
    }
    let mut known = BTreeSet::new();
    tokens::for_each_place(&text, &mut |token, _| {
        known.insert(token.to_owned());
    });
    assert!(is_met(&query.index(), &known), "the index passes over a match");
    if let Some(anchor) = query.anchor() {
        assert!(
            anchor.find(text.as_bytes()).is_some(),
            "the anchor is not in the match"
        );
    }
}

fn is_met(need: &Need, tokens: &BTreeSet<String>) -> bool {
    match need {
        Need::Any => true,
        Need::Token(token) => tokens.contains(token),
        Need::Prefix(prefix) => tokens.iter().any(|token| token.starts_with(prefix)),
        Need::All(needs) => needs.iter().all(|need| is_met(need, tokens)),
        Need::One(needs) => needs.iter().any(|need| is_met(need, tokens)),
    }
}

/// Cursors of lists: one that is taken is given out again as the same.
pub fn check_cursor(input: &[u8]) {
    http::check_cursor(&String::from_utf8_lossy(input));
}

/// Columns of blocks: the first two bytes say how long the first one is. Whatever is taken is packed and read again.
pub fn check_block(input: &[u8]) {
    let Some(([low, high], columns)) = input.split_first_chunk() else {
        return;
    };
    let length = usize::from(u16::from_le_bytes([*low, *high])).min(columns.len());
    let (first, second) = columns.split_at(length);
    let _ = Postings::unpack(first).with_all(&["get".to_owned()]);
    let _ = Counts::unpack(first).total();
    if let Some(tally) = Tally::unpack(first) {
        let _ = tally.count(true, |container, _, _| container == ContainerId(1));
    }
    if let Some(columns) = Columns::unpack(first) {
        let _ = (columns.containers(), columns.times(), columns.kind(0));
    }
    if let Some(lines) = Lines::unpack(first, second) {
        let packed = lines.pack();
        assert_eq!(Lines::unpack(&packed.heads, &packed.texts).as_ref(), Some(&lines));
        let words = Words::of(&lines);
        let heads = lines.heads().iter();
        let mut kinds = Kinds::of(heads.map(|head| (head.container, head.stream, head.level)));
        let _ = Postings::unpack(&words.postings).tallies(&mut kinds);
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
