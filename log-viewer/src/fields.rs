//! The structured fields of an entry, read from its text when someone asks.
//!
//! Two forms: an entry that is one JSON object, and a line of logfmt. See `logfmt.rs` for what counts as one.

mod json;
mod logfmt;

use serde_json::{Map, Value};

use crate::ansi;

/// A larger text has no fields.
const MAX_TEXT_BYTES: usize = 64 * 1024;

/// An entry with more fields than this has none; nobody looks at so many.
const MAX_MEMBERS: usize = 200;

/// All fields as a JSON object, for the wire.
pub(crate) fn of(text: &str) -> Option<Value> {
    if text.len() > MAX_TEXT_BYTES {
        return None;
    }
    let plain = ansi::stripped(text);
    let members: Map<String, Value> = if json::is_object(&plain) {
        serde_json::from_str(&plain).ok()?
    } else {
        logfmt::pairs(&plain)
            .map(|(key, value)| (key.to_owned(), Value::String(value.into_owned())))
            .collect()
    };
    (1..=MAX_MEMBERS)
        .contains(&members.len())
        .then_some(Value::Object(members))
}

/// Whether some field at a dotted path has a scalar value for which `test` holds.
///
/// Each step of the path is a key, in any case; keys that contain dots count too. Numbers reach the test as they are
/// written. The elements of a list are values of its field.
pub(crate) fn any(text: &str, path: &str, test: &mut dyn FnMut(&str) -> bool) -> bool {
    if text.len() > MAX_TEXT_BYTES {
        return false;
    }
    let plain = ansi::stripped(text);
    if json::is_object(&plain) {
        json::any(plain.trim_ascii(), path, test)
    } else {
        logfmt::pairs(&plain).any(|(key, value)| key.eq_ignore_ascii_case(path) && test(&value))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Strategy, any, prop_assert, proptest};
    use serde_json::json;

    use super::*;

    fn has(text: &str, path: &str, value: &str) -> bool {
        super::any(text, path, &mut |found| found == value)
    }

    #[test]
    fn the_members_of_a_json_entry_are_its_fields() {
        assert_eq!(
            of(r#" {"a":1,"b":{"c":[true,null]}} "#),
            Some(json!({"a":1,"b":{"c":[true,null]}}))
        );
        assert_eq!(
            of("\u{1b}[32m{\"a\":\"\\u00e9\"}\u{1b}[0m"),
            Some(json!({"a":"é"}))
        );
    }

    #[test]
    fn what_is_no_object_or_too_large_has_no_fields() {
        let many = |count: usize| {
            let members: Map<String, Value> = (0..count).map(|n| (n.to_string(), json!(n))).collect();
            Value::Object(members).to_string()
        };
        let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(MAX_TEXT_BYTES));

        for text in [
            "",
            "{}",
            "[1]",
            "{\"a\":1",
            "{\"a\":1} x",
            "hello",
            &many(201),
            &long,
        ] {
            assert_eq!(of(text), None, "{:.40}", text);
        }
        assert!(of(&many(200)).is_some());
    }

    #[test]
    fn a_path_reaches_into_objects_and_lists() {
        let text = r#"{"User":{"Name":"Ann \"A\"","ids":[7,[1e3]]},"a.b":{"c":"dotted"},"ok":true,"none":null,"n":1.50}"#;

        for (path, value) in [
            ("User.Name", "Ann \"A\""),
            ("user.name", "Ann \"A\""),
            ("user.ids", "7"),
            ("user.ids", "1e3"),
            ("a.b.c", "dotted"),
            ("ok", "true"),
            ("none", "null"),
            ("n", "1.50"),
        ] {
            assert!(has(text, path, value), "{path}={value}");
        }
        for (path, value) in [
            ("name", "Ann \"A\""),
            ("user", "7"),
            ("a", "dotted"),
            ("", "true"),
            (".", "true"),
            ("ok.", "true"),
        ] {
            assert!(!has(text, path, value), "{path}={value}");
        }
    }

    #[test]
    fn a_deep_entry_costs_no_stack() {
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(20_000), "]".repeat(20_000));

        assert!(!has(&deep, "a", "1"));
        assert_eq!(of(&deep), None);
    }

    #[test]
    fn logfmt_values_are_text() {
        let text = r#"12:00PM INF started port=80 user.name="Ann B""#;

        assert_eq!(of(text), Some(json!({"port":"80","user.name":"Ann B"})));
        assert!(has(text, "User.Name", "Ann B"));
        assert!(!has(text, "port", "8"));
    }

    proptest! {
        #[test]
        fn any_text_can_be_asked(text in any::<String>(), like in "[{}\\[\\]\":,=a-c1\\\\ é]{0,40}", path in "[a-c.]{0,4}") {
            for text in [&text, &like, &format!("{{{like}}}")] {
                of(text);
                super::any(text, &path, &mut |_| false);
            }
        }

        #[test]
        fn each_member_of_an_object_is_found(
            key in "[a-z._]{1,8}",
            value in any::<String>(),
            number in any::<f64>().prop_filter("JSON has it", |number| number.is_finite()),
        ) {
            let text = json!({"x": {&key: &value}, "y": {&key: number}}).to_string();
            let paths = [format!("x.{key}"), format!("y.{key}")];

            prop_assert!(has(&text, &paths[0], &value));
            prop_assert!(has(&text, &paths[1], &json!(number).to_string()));
        }
    }
}
