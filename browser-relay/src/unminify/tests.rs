use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::source_map::{Limits, index};

/// Text that the test leaks to no one: a map of its own bytes.
struct Text(Vec<u8>);

impl ReadAt for Text {
    fn read_at(&mut self, offset: u64, bytes: &mut [u8]) -> std::io::Result<usize> {
        self.0.as_slice().read_at(offset, bytes)
    }
}

fn stored(map: &serde_json::Value) -> StoredMap {
    let text = map.to_string().into_bytes();
    let indexed = index(text.as_slice(), Limits::default()).unwrap();
    StoredMap {
        index: indexed.bytes.into(),
        text: Box::new(Text(text)),
    }
}

/// The map of the contract, with a source: for `/s/x.js` only.
fn vector(url: &str) -> Result<StoredMap, String> {
    let is_known = url.contains("/s/x.js");
    let known = is_known.then_some(()).ok_or("no map for release 1.2".to_owned());
    known.map(|()| {
        stored(&json!({
            "version": 3, "sources": ["src/app.ts"], "names": ["realName"], "mappings": "AAAAA,IAAAA",
            "sourcesContent": ["realName();\nnext();"],
        }))
    })
}

#[test]
fn the_vector_of_the_contract_holds() {
    for query in ["", "?v=3"] {
        let stack = format!("Error: x\n    at b (https://cdn.example.com/s/x.js{query}:1:5)\n");

        let unminified = unminify(&stack, vector);

        assert_eq!(unminified.stack, "Error: x\n    at realName (src/app.ts:1:1)\n");
        let frames = serde_json::to_value(unminified.frames).unwrap();
        let expected = json!([{
            "file": "src/app.ts", "line": 1, "column": 1, "function": "realName", "source": "src/app.ts",
            "in_app": true, "pre_context": [], "context_line": "realName();", "post_context": ["next();"],
        }]);
        assert_eq!(frames, expected);
    }
}

#[test]
fn all_engines_are_written_in_their_own_way() {
    let url = "https://x.io/s/x.js:1:5";
    for (line, expected) in [
        (format!("    at {url}"), "    at realName (src/app.ts:1:1)"),
        (
            format!("    at async b ({url})"),
            "    at async realName (src/app.ts:1:1)",
        ),
        (
            format!("    at new b ({url})\r"),
            "    at new realName (src/app.ts:1:1)\r",
        ),
        (
            format!("    at eval (eval at b ({url}), <anonymous>:1:1)"),
            "    at eval (src/app.ts:1:1)",
        ),
        (format!("b@{url}"), "realName@src/app.ts:1:1"),
        (format!("async*b@{url}"), "async*realName@src/app.ts:1:1"),
        (
            format!("{url}\nmap@[native code]"),
            "@src/app.ts:1:1\nmap@[native code]",
        ),
    ] {
        assert_eq!(unminify(&line, vector).stack, expected, "{line}");
    }
}

#[test]
fn a_function_has_its_name_from_its_caller() {
    // function outer() { inner(); } with a name at the call only.
    let map = || {
        stored(&json!({
            "version": 3, "sources": ["webpack://shop/./src/a.ts"], "names": ["inner", "outer"],
            "mappings": "AAAA,UAAUA,UAAUC",
        }))
    };
    let stack =
        "    at a (https://x/a.js:1:1)\n    at b (https://x/a.js:1:11)\n    at c (https://x/a.js:1:21)";

    let unminified = unminify(stack, |_| Ok(map()));

    let expected = "    at inner (src/a.ts:1:1)\n    at outer (src/a.ts:1:11)\n    at outer (src/a.ts:1:21)";
    assert_eq!(unminified.stack, expected);
}

#[test]
fn a_frame_that_cannot_be_resolved_stays_and_says_why() {
    let stack = "TypeError: x\n    at a (https://x/other.js:1:5)\n    at Array.map (<anonymous>)\n    at b (https://x/s/x.js:7)\n    at c (https://x/s/x.js:9:1)\n    at d (https://x/s/x.js:1:5)";

    let unminified = unminify(stack, vector);

    assert_eq!(
        unminified.stack,
        stack
            .replace("d (https://x/s/x.js", "realName (src/app.ts")
            .replace("ts:1:5", "ts:1:1")
    );
    let reasons: Vec<_> = unminified
        .frames
        .iter()
        .map(|frame| frame.unresolved.as_deref())
        .collect();
    let expected = [
        Some("no map for release 1.2"),
        Some("the frame is not in a script"),
        Some("the frame has no line and column"),
        Some("position outside the map"),
        None,
    ];
    assert_eq!(reasons, expected);
}

#[test]
fn a_map_is_looked_for_once() {
    let stack = "    at a (https://x/s/x.js:1:5)\n".repeat(250);
    let mut asked = 0;

    let unminified = unminify(&stack, |url| {
        asked += 1;
        vector(url)
    });

    assert_eq!(asked, 1);
    assert_eq!(unminified.frames.len(), 250);
    assert_eq!(
        unminified.frames[100].unresolved.as_deref(),
        Some("the stack has too many frames")
    );
}

proptest! {
    #[test]
    fn text_without_maps_stays_as_it_is(text in r"([ @():*\n\r0-9é]|    at |eval at |https://x/| line 7 > eval){0,40}") {
        prop_assert_eq!(unminify(&text, |_| Err(String::new())).stack, text.as_str());
    }

    #[test]
    fn text_of_any_kind_does_no_harm(text in r"([ @():*\n\r0-9é]|    at |eval at |https://x/s/x.js:1:5){0,40}") {
        let _ = unminify(&text, vector);
    }
}
