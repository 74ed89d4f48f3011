//! The index against the reference decoder, against broken maps, and against very large ones.

mod large;
mod oracle;
mod refusals;
mod sources;

use serde_json::{Value, json};

use super::{Index, Indexed, Limits, Miss, Original, Position, index};

/// Indexes a map that is sound.
fn indexed(map: &[u8]) -> Indexed {
    index(map, Limits::default()).expect("the map is sound")
}

fn find(indexed: &Indexed, map: &[u8], line: u32, column: u32) -> Result<Original, Miss> {
    let index = Index::open(&indexed.bytes).expect("the bytes are an index");
    index.find(map, Position { line, column })
}

fn found(map: &Value, line: u32, column: u32) -> Result<Original, Miss> {
    let map = map.to_string();
    find(&indexed(map.as_bytes()), map.as_bytes(), line, column)
}

/// A number as `mappings` has it.
fn put_vlq(text: &mut String, number: i64) {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut rest = number.unsigned_abs() << 1 | u64::from(number < 0);
    loop {
        let digit = (rest & 31) as usize;
        rest >>= 5;
        text.push(DIGITS[digit | if rest > 0 { 32 } else { 0 }].into());
        if rest == 0 {
            return;
        }
    }
}

#[test]
fn the_vector_of_the_contract_is_found() {
    let map =
        json!({"version": 3, "sources": ["src/app.ts"], "names": ["realName"], "mappings": "AAAAA,IAAAA"});

    let original = found(&map, 1, 4).unwrap();

    assert_eq!(original.source, "src/app.ts");
    assert_eq!(original.position, Position { line: 1, column: 0 });
    assert_eq!(original.name.as_deref(), Some("realName"));
    assert!(!original.is_ignored);
}

#[test]
fn a_place_without_an_original_says_why() {
    let map = json!({"version": 3, "sources": [null], "names": [], "mappings": "EAAA,CAAC;I"});

    let reason = |line, column| found(&map, line, column).unwrap_err().to_string();

    assert_eq!(reason(0, 0), "position outside the map");
    assert_eq!(reason(1, 1), "position outside the map");
    assert_eq!(reason(1, 2), "the map does not name the source");
    assert_eq!(reason(2, 3), "position outside the map");
    assert_eq!(reason(2, 4), "no source has the code at the position");
    assert_eq!(reason(3, 0), "position outside the map");
}

#[test]
fn ignored_sources_are_told_in_either_spelling() {
    for member in ["ignoreList", "x_google_ignoreList"] {
        let map =
            json!({"version": 3, "sources": ["a", "b"], "names": [], "mappings": "AAAA,CCAA", member: [1]});

        assert!(!found(&map, 1, 0).unwrap().is_ignored);
        assert!(found(&map, 1, 1).unwrap().is_ignored);
    }
}

#[test]
fn a_debug_id_is_read_in_either_spelling() {
    for member in ["debugId", "debug_id"] {
        for (written, id) in [
            (
                "85314830-023F-4cf1-a267-535f4e37bb17",
                Some("85314830023f4cf1a267535f4e37bb17"),
            ),
            ("of my own", None),
        ] {
            let map = json!({"version": 3, "sources": [], "mappings": "", member: written});

            let indexed = indexed(map.to_string().as_bytes());

            assert_eq!(indexed.debug_id.as_deref(), id);
            assert_eq!(Index::open(&indexed.bytes).unwrap().debug_id(), id);
        }
    }
}

#[test]
fn what_tools_write_around_a_map_is_passed_over() {
    let plain = r#"{"version":3,"sources":["a"],"names":[7],"mappings":"AAAAA,"}"#;
    for before in ["", "\u{feff}", ")]}'\n", ")]}\n", " \n"] {
        let map = format!("{before}{plain}\n");

        let original = find(&indexed(map.as_bytes()), map.as_bytes(), 1, 0).unwrap();

        assert_eq!((original.source.as_str(), original.name), ("a", None));
    }
}

#[test]
fn escapes_in_mappings_and_names_are_read() {
    let map = br#"{"version":3,"sources":["\u0061\/\ud83d\ude00"],"names":["\"n\\"],"mappings":"\u0041AAAA,g\/AAAAA"}"#;

    let indexed = indexed(map);
    let original = find(&indexed, map, 1, 496).unwrap();

    assert_eq!(original.source, "a/\u{1f600}");
    assert_eq!(original.name.as_deref(), Some("\"n\\"));
}
