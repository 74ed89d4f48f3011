//! Broken maps, each refused with its reason, and bytes of any kind.

use proptest::prelude::*;

use super::*;

fn refusal(map: &str) -> String {
    match index(map.as_bytes(), Limits::default()) {
        Ok(_) => "none".to_owned(),
        Err(fault) => fault.to_string(),
    }
}

/// A map with these mappings, one source and one name.
fn with_mappings(mappings: &str) -> String {
    format!(r#"{{"version":3,"sources":["a"],"names":["n"],"mappings":"{mappings}"}}"#)
}

fn with_sections(sections: &str) -> String {
    format!(r#"{{"version":3,"sections":[{sections}]}}"#)
}

const EMPTY: &str = r#""map":{"version":3,"sources":[],"mappings":""}"#;

#[test]
fn broken_mappings_are_refused() {
    for (mappings, reason) in [
        (
            "AAAA,!",
            "the mappings are broken at byte 60: a character that is not base 64",
        ),
        (
            "A\\u0100",
            "the mappings are broken at byte 56: a character that is not base 64",
        ),
        (
            "AAAg",
            "the mappings are broken at byte 59: a number without its end",
        ),
        (
            "AAAg,A",
            "the mappings are broken at byte 59: a number without its end",
        ),
        (
            "ggggggggA",
            "the mappings are broken at byte 62: a number too large",
        ),
        (
            "ggggggP",
            "the mappings are broken at byte 61: a number too large",
        ),
        (
            "AADA",
            "the mappings are broken at byte 59: a position below zero",
        ),
        (
            "A,D;",
            "the mappings are broken at byte 58: a position below zero",
        ),
        (
            "+/////D,+/////D",
            "the mappings are broken at byte 70: a position too large",
        ),
        ("AA", "the mappings are broken at byte 57: a segment of 2 numbers"),
        (
            "AAA;A",
            "the mappings are broken at byte 58: a segment of 3 numbers",
        ),
        (
            "AAAAAA",
            "the mappings are broken at byte 60: a segment of 6 numbers",
        ),
        ("ACAA", "a segment refers to source 1, and the map lists 1"),
        ("AAAAC", "a segment refers to name 1, and the map lists 1"),
    ] {
        assert_eq!(refusal(&with_mappings(mappings)), reason, "{mappings}");
    }
}

#[test]
fn what_is_no_map_is_refused() {
    let deep = format!(r#"{{"version":3,"x":{}"#, "[".repeat(1_000));
    for (map, reason) in [
        ("", "the map is cut off after 0 bytes"),
        (
            "null",
            "not valid JSON at byte 0: expected a map, which is an object",
        ),
        (
            "<html>",
            "not valid JSON at byte 0: expected a map, which is an object",
        ),
        ("{}", "the version is not 3"),
        (
            r#"{"version":2,"sources":[],"mappings":""}"#,
            "the version is not 3",
        ),
        (
            r#"{"version":"3","sources":[],"mappings":""}"#,
            "the version is not 3",
        ),
        (
            r#"{"version":3.5,"sources":[],"mappings":""}"#,
            "the version is not 3",
        ),
        (r#"{"version":3,"sources":[]}"#, "the member mappings is missing"),
        (
            r#"{"version":3,"mappings":null}"#,
            "not valid JSON at byte 24: expected a string",
        ),
        (
            r#"{"version":3,"mappings":"","mappings":""}"#,
            "the member mappings comes twice",
        ),
        (
            r#"{"version":3,"sources":{},"mappings":""}"#,
            "not valid JSON at byte 23: expected an array",
        ),
        (
            r#"{"version":3,"mappings":""} x"#,
            "not valid JSON at byte 28: expected the end",
        ),
        (
            r#"{"version":3,"mappings":"""#,
            "the map is cut off after 26 bytes",
        ),
        (
            r#"{"version":3,"mappings":"AA"#,
            "the map is cut off after 27 bytes",
        ),
        (
            r#"{"version":3 "mappings":""}"#,
            "not valid JSON at byte 13: expected a comma or a closing bracket",
        ),
        (
            r#"{"version":3,"x":tru}"#,
            "not valid JSON at byte 17: expected a value",
        ),
        (
            r#"{"version":3,"x":[1}"#,
            "not valid JSON at byte 19: expected a comma or a closing bracket",
        ),
        (
            r#"{"version":3,"x":"\q"}"#,
            "not valid JSON at byte 20: expected an escape",
        ),
        (
            r#"{"version":3,"x":"\u00g0"}"#,
            "not valid JSON at byte 23: expected four hexadecimal digits",
        ),
        (
            "{\"version\":3,\"x\":\"a\nb\"}",
            "not valid JSON at byte 19: expected no bare line break in a string",
        ),
        (&deep, "values are nested too deep at byte 145"),
    ] {
        assert_eq!(refusal(map), reason, "{map}");
    }
}

#[test]
fn broken_sections_are_refused() {
    let at = |line: u32, column: u32| format!(r#"{{"offset":{{"line":{line},"column":{column}}},{EMPTY}}}"#);
    let mut nested = with_sections("");
    for _ in 0..4 {
        nested = with_sections(&format!(r#"{{"offset":{{"line":0,"column":0}},"map":{nested}}}"#));
    }
    for (map, reason) in [
        (
            with_sections(&[at(1, 0), at(0, 9)].join(",")),
            "the sections are out of order: section 1 begins before the one that precedes it",
        ),
        (
            with_sections(&[at(0, 9), at(0, 9), at(0, 8)].join(",")),
            "the sections are out of order: section 2 begins before the one that precedes it",
        ),
        (
            with_sections(&format!("{{{EMPTY}}}")),
            "the member offset is missing",
        ),
        (
            with_sections(&format!(r#"{{"offset":{{"line":1}},{EMPTY}}}"#)),
            "the member offset.column is missing",
        ),
        (
            with_sections(&format!(r#"{{"offset":{{"line":-1,"column":0}},{EMPTY}}}"#)),
            "the member offset.line is missing",
        ),
        (
            with_sections(&at(3_000_000_000, 0)),
            "the offset of a section is too large",
        ),
        (
            with_sections(r#"{"offset":{"line":0,"column":0},"url":"https://x/y.map"}"#),
            "a section has no map in it; maps at other addresses are not fetched",
        ),
        (nested, "sections are nested more than 4 deep"),
        (
            r#"{"version":3,"sections":[],"sources":["a"]}"#.to_owned(),
            "the map has both sections and mappings of its own",
        ),
        (
            r#"{"version":3,"sources":["a"],"mappings":"AAAA","sections":[]}"#.to_owned(),
            "the map has both sections and mappings of its own",
        ),
    ] {
        assert_eq!(refusal(&map), reason, "{map}");
    }
    assert_eq!(
        refusal(&with_sections(&[at(0, 9), at(0, 9), at(2, 0)].join(","))),
        "none"
    );
}

#[test]
fn what_is_beyond_the_limits_is_refused() {
    let map = with_mappings(&"AAAA,".repeat(10_000));
    let limits = |text_bytes, index_bytes| Limits {
        text_bytes,
        index_bytes,
    };
    let refusal = |limits| index(map.as_bytes(), limits).unwrap_err().to_string();

    assert_eq!(
        refusal(limits(50_000, 1 << 20)),
        "the map is longer than 50000 bytes"
    );
    assert_eq!(
        refusal(limits(1 << 20, 100)),
        "the map has so many entries that its index would be larger than 100 bytes"
    );
    assert!(index(map.as_bytes(), limits(map.len() as u64, 10_000)).is_ok());
}

#[test]
fn a_map_cut_off_anywhere_is_refused() {
    let section = r#"{"offset":{"line":0,"column":0},"map":{"version":3,"sources":["a"],"mappings":"AAAA","names":["\n"]}}"#;
    let map = with_sections(section);
    for length in 0..map.len() {
        assert!(
            refusal(&map[..length]).starts_with("the map is cut off"),
            "{length}"
        );
    }
}

proptest! {
    #[test]
    fn bytes_of_any_kind_do_no_harm(bytes: Vec<u8>, line: u32, column: u32) {
        let _ = index(bytes.as_slice(), Limits::default());
        let with_magic = [b"MLM\x01".as_slice(), &bytes].concat();
        for bytes in [&bytes, &with_magic] {
            if let Some(index) = Index::open(bytes) {
                let _ = index.find(bytes.as_slice(), Position { line, column });
            }
        }
    }

    #[test]
    fn a_changed_byte_does_no_harm(at: prop::sample::Index, byte: u8, line in 0..4_u32, column in 0..9_u32) {
        let map = with_sections(
            r#"{"offset":{"line":0,"column":0},"map":{"version":3,"sources":["a"],"sourcesContent":["x\ny"],"mappings":"AAAA,CACA;AADA","names":["\n"]}}"#,
        );
        let sound = indexed(map.as_bytes());
        let mut changed = map.into_bytes();
        let at = at.index(changed.len());
        changed[at] = byte;

        let _ = index(changed.as_slice(), Limits::default());
        let index = Index::open(&sound.bytes).unwrap();
        if let Ok(original) = index.find(changed.as_slice(), Position { line, column }) {
            let _ = index.context(changed.as_slice(), &original);
        }
    }

    #[test]
    fn a_changed_index_does_no_harm(at: prop::sample::Index, byte: u8, column in 0..9_u32) {
        let map = with_mappings("AAAA,CAAC,CAAAA");
        let mut bytes = indexed(map.as_bytes()).bytes;
        let at = at.index(bytes.len());
        bytes[at] = byte;

        if let Some(index) = Index::open(&bytes)
            && let Ok(original) = index.find(map.as_bytes(), Position { line: 1, column })
        {
            let _ = index.context(map.as_bytes(), &original);
        }
    }
}
