//! Source maps for the fuzzer: the index answers as a lookup that reads all segments one after the other.

use std::sync::OnceLock;

use bytes::Bytes;

use crate::source_map::{Index, Limits, Miss, Original, Position, index};
use crate::unminify::StoredMap;

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Positions that are looked up in each map.
const PLACES: [(u32, u32); 12] = [
    (0, 0),
    (1, 0),
    (1, 1),
    (1, 2),
    (1, 5),
    (1, 16),
    (1, u32::MAX),
    (2, 0),
    (2, 3),
    (2, 40),
    (3, 7),
    (u32::MAX, u32::MAX),
];

const MAP: &str = r#"{"version":3,"sources":["src/a\nb.ts","webpack:///./src/c.ts?1",null],"names":["pay","total"],
    "mappings":"AAAAA,IAAAC,KCCAA;AAAA,gBCAA,C","sourcesContent":["function pay() {\n  total()\n}\n","x"]}"#;

/// A map for each script whose name has an `a` in it.
pub(super) fn find(url: &str) -> Result<StoredMap, String> {
    static INDEX: OnceLock<Bytes> = OnceLock::new();
    let stored = INDEX.get_or_init(|| {
        let indexed = index(MAP.as_bytes(), Limits::default()).expect("the map is sound");
        indexed.bytes.into()
    });
    url.contains('a')
        .then(|| StoredMap {
            index: stored.clone(),
            text: Box::new(MAP.as_bytes()),
        })
        .ok_or_else(|| "there is none".to_owned())
}

/// Maps of any text: one that is taken answers, and is never found damaged.
pub fn check_map(input: &[u8]) {
    let Ok(indexed) = index(input, Limits::default()) else {
        return;
    };
    assert_eq!(indexed.text_bytes, input.len() as u64);
    let index = Index::open(&indexed.bytes).expect("what was written can be read");
    assert_eq!(index.debug_id(), indexed.debug_id.as_deref());
    for (line, column) in PLACES {
        match index.find(input, Position { line, column }) {
            Ok(original) => {
                if let Ok(context) = index.context(input, &original) {
                    assert!(context.before.len() <= 5 && context.after.len() <= 5);
                    let lines = context.before.iter().chain([&context.line]).chain(&context.after);
                    lines.for_each(|line| assert!(line.encode_utf16().count() <= 300));
                }
            }
            Err(miss) => assert!(!matches!(miss, Miss::Damaged | Miss::Unreadable(_)), "{miss}"),
        }
    }
}

/// Bytes that lay on the disk as an index, with a text: the first two say how long the index is.
pub fn check_index(input: &[u8]) {
    let Some(([low, high], rest)) = input.split_first_chunk() else {
        return;
    };
    let length = usize::from(u16::from_le_bytes([*low, *high])).min(rest.len());
    let (bytes, text) = rest.split_at(length);
    let Some(index) = Index::open(bytes) else {
        return;
    };
    for (line, column) in PLACES {
        if let Ok(original) = index.find(text, Position { line, column }) {
            let _ = index.context(text, &original);
        }
    }
}

/// A segment of a map: its column, and the source, line, column and name that it stands for.
#[derive(Debug, Clone, Copy)]
struct Segment {
    line: u32,
    column: i64,
    original: Option<(i64, i64, i64, Option<i64>)>,
}

/// Mappings of any kind: the first byte says how many sources and names there are, each other one stands for a character.
pub fn check_mappings(input: &[u8]) {
    let Some((counts, rest)) = input.split_first() else {
        return;
    };
    let (sources, names) = (i64::from(counts & 3), i64::from(counts >> 2 & 3));
    let mappings: String = rest
        .iter()
        .map(|byte| match byte % 67 {
            64 | 65 => ',',
            66 => ';',
            digit => char::from(DIGITS[usize::from(digit)]),
        })
        .collect();
    let list = |count: i64, what: &str| {
        (0..count)
            .map(|number| format!("{what}{number}"))
            .collect::<Vec<_>>()
    };
    let map = serde_json::json!({
        "version": 3, "sources": list(sources, "s"), "names": list(names, "n"), "mappings": mappings,
    })
    .to_string();

    let indexed = index(map.as_bytes(), Limits::default());
    let segments = read_all(&mappings, sources, names);

    assert_eq!(indexed.is_ok(), segments.is_some(), "{mappings} {indexed:?}");
    let (Ok(indexed), Some(mut segments)) = (indexed, segments) else {
        return;
    };
    segments.sort_by_key(|segment| (segment.line, segment.column));
    let index = Index::open(&indexed.bytes).expect("what was written can be read");
    let own = segments.iter().flat_map(|segment| {
        let (line, column) = (segment.line + 1, segment.column as u32);
        [
            (line, column),
            (line, column.saturating_add(1)),
            (line, column.saturating_sub(1)),
        ]
    });
    for (line, column) in PLACES.into_iter().chain(own.take(60)) {
        let found = index.find(map.as_bytes(), Position { line, column });
        assert_same(found, look_up(&segments, line, column));
    }
}

/// Of the segments that share the nearest place before a position, the last one counts; at that very place the first one.
fn look_up(segments: &[Segment], line: u32, column: u32) -> Option<Segment> {
    let line = line.checked_sub(1)?;
    let before = |segment: &&Segment| segment.line == line && segment.column <= i64::from(column);
    let nearest = segments.iter().rfind(before)?;
    if nearest.column == i64::from(column) {
        let is_same = |segment: &&Segment| segment.line == line && segment.column == nearest.column;
        return segments.iter().find(is_same).copied();
    }
    Some(*nearest)
}

fn assert_same(found: Result<Original, Miss>, expected: Option<Segment>) {
    match (found, expected) {
        (Err(Miss::Outside), None) => {}
        (Err(Miss::NoSource), Some(segment)) => assert!(segment.original.is_none()),
        (Ok(original), Some(segment)) => {
            let (source, line, column, name) = segment.original.expect("a segment with an original");
            assert_eq!(original.source, format!("s{source}"));
            assert_eq!(i64::from(original.position.line), line + 1);
            assert_eq!(i64::from(original.position.column), column);
            assert_eq!(original.name, name.map(|name| format!("n{name}")));
        }
        (found, expected) => panic!("{found:?} instead of {expected:?}"),
    }
}

/// All segments, in the order in which they are written; `None` when something is wrong with one.
fn read_all(mappings: &str, sources: i64, names: i64) -> Option<Vec<Segment>> {
    let (mut sums, mut segments) = ([0_i64; 5], Vec::new());
    for (line, of_line) in mappings.split(';').enumerate() {
        sums[0] = 0;
        for text in of_line.split(',').filter(|text| !text.is_empty()) {
            let fields = read_fields(text)?;
            if !matches!(fields.len(), 1 | 4 | 5) {
                return None;
            }
            for (sum, field) in sums.iter_mut().zip(&fields) {
                *sum += field;
                if !(0..=i64::from(i32::MAX)).contains(sum) {
                    return None;
                }
            }
            let name = (fields.len() == 5).then_some(sums[4]);
            let original = (fields.len() > 1).then_some((sums[1], sums[2], sums[3], name));
            if original.is_some_and(|(source, ..)| source >= sources)
                || name.is_some_and(|name| name >= names)
            {
                return None;
            }
            segments.push(Segment {
                line: line as u32,
                column: sums[0],
                original,
            });
        }
    }
    Some(segments)
}

/// The numbers of a segment: five bits a character, the lowest first, the sixth says that more follow.
fn read_fields(text: &str) -> Option<Vec<i64>> {
    let (mut fields, mut number, mut length) = (Vec::new(), 0_u64, 0);
    for byte in text.bytes() {
        let digit = DIGITS.iter().position(|digit| *digit == byte)? as u64;
        number |= (digit & 31) << (5 * length);
        length += 1;
        if digit & 32 != 0 {
            // More would go beyond 32 bits.
            if length > 6 {
                return None;
            }
            continue;
        }
        if number > u64::from(u32::MAX) {
            return None;
        }
        let size = (number >> 1) as i64;
        fields.push(if number & 1 == 0 { size } else { -size });
        (number, length) = (0, 0);
    }
    (length == 0).then_some(fields)
}
