//! The lines around a place.

use proptest::prelude::*;

use super::super::Context;
use super::*;

/// The context of a line and column of the source, both from 0.
fn context(content: &Value, line: u32, column: u32) -> Result<Context, String> {
    let mut mappings = "AA".to_owned();
    put_vlq(&mut mappings, line.into());
    put_vlq(&mut mappings, column.into());
    let map =
        json!({"version": 3, "sources": ["a"], "names": [], "sourcesContent": ["no\nthing"], "mappings": ""});
    let mut map = map;
    map["sourcesContent"] = content.clone();
    map["mappings"] = mappings.into();
    let map = map.to_string();
    let indexed = indexed(map.as_bytes());
    let index = Index::open(&indexed.bytes).unwrap();
    let original = index
        .find(map.as_bytes(), Position { line: 1, column: 0 })
        .unwrap();
    index
        .context(map.as_bytes(), &original)
        .map_err(|reason| reason.to_string())
}

#[test]
fn five_lines_before_and_after_are_shown() {
    let lines: Vec<_> = (0..20).map(|line| format!("line {line}")).collect();

    let shown = context(&json!([lines.join("\n")]), 7, 2).unwrap();

    assert_eq!(shown.before, lines[2..7]);
    assert_eq!(shown.line, "line 7");
    assert_eq!(shown.after, lines[8..13]);
}

#[test]
fn a_long_line_is_cut_around_the_column() {
    let line: String = ('a'..='z').cycle().take(2_000).collect();
    for (column, expected) in [
        (0, 0..300),
        (149, 0..300),
        (1_000, 850..1_150),
        (1_900, 1_700..2_000),
        (2_200, 0..300),
        (2_500, 0..300),
    ] {
        let shown = context(&json!([format!("x\n{line}\ny")]), 1, column).unwrap();

        assert_eq!(shown.line, &line[expected], "{column}");
        assert_eq!(
            (shown.before, shown.after),
            (vec!["x".to_owned()], vec!["y".to_owned()])
        );
    }
}

#[test]
fn a_source_without_text_says_so() {
    for content in [json!(null), json!([]), json!([null])] {
        assert_eq!(
            context(&content, 0, 0).unwrap_err(),
            "the map has no text of the source"
        );
    }
    assert_eq!(
        context(&json!(["a\nb"]), 2, 0).unwrap_err(),
        "the source in the map ends before the line"
    );
}

proptest! {
    #[test]
    fn every_line_is_that_of_the_source(
        words in prop::collection::vec("[a-z\u{e9}\u{4e2d}\u{1f600}\"\\\\\t/]{0,30}(\r\n|\r|\n|)", 1..400),
        repeats in 1..6_usize,
        at: prop::sample::Index,
        column in 0..400_u32,
        escapes: bool,
    ) {
        let source = words.concat().repeat(repeats);
        let whole = source.replace("\r\n", "\n").replace('\r', "\n");
        let mut lines: Vec<&str> = whole.split('\n').collect();
        if lines.len() > 1 && lines.last() == Some(&"") {
            lines.pop();
        }
        let line = at.index(lines.len());
        let mut content = json!([source]).to_string();
        if escapes {
            // As tools write it that allow ASCII only.
            let units: String = source.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
            content = format!("[\"{units}\"]");
        }
        let mut mappings = "AA".to_owned();
        put_vlq(&mut mappings, line as i64);
        put_vlq(&mut mappings, column.into());
        let map = format!(r#"{{"version":3,"sourcesContent":{content},"sources":["a"],"mappings":"{mappings}"}}"#);
        let indexed = indexed(map.as_bytes());
        let index = Index::open(&indexed.bytes).unwrap();
        let original = index.find(map.as_bytes(), Position { line: 1, column: 0 }).unwrap();

        let shown = index.context(map.as_bytes(), &original).unwrap();

        let cut = |line: &str, column: usize| {
            let units: Vec<u16> = line.encode_utf16().collect();
            let start = column.saturating_sub(150).min(units.len().saturating_sub(300));
            String::from_utf16_lossy(&units[start..units.len().min(start + 300)])
        };
        let plain = |range: std::ops::Range<usize>| lines[range].iter().map(|line| cut(line, 0)).collect::<Vec<_>>();
        prop_assert_eq!(&shown.before, &plain(line.saturating_sub(5)..line));
        let is_ascii = lines[line].is_ascii();
        if is_ascii {
            let is_beyond = column > 300 && column as usize > lines[line].len();
            let column = if is_beyond { 0 } else { column as usize };
            prop_assert_eq!(&shown.line, &cut(lines[line], column));
        }
        prop_assert_eq!(&shown.after, &plain(line + 1..lines.len().min(line + 6)));
    }
}
