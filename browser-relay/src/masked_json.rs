//! Takes secrets out of the strings of a JSON text, and leaves everything else as it was written.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use crate::mask::mask;

/// What makes a JSON text one that goes no further.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nested deeper than was allowed.
    TooDeep,
    /// A string that is none.
    NoText,
}

/// Masks every string in a JSON text, names of members too. Whether it is JSON has been looked at before.
///
/// # Errors
/// The text has more than `most_levels` of nesting, or a string cannot be read.
pub(crate) fn mask_json(json: &str, most_levels: usize) -> Result<Cow<'_, str>, Fault> {
    let mut masked = String::new();
    let (mut at, mut copied, mut level) = (0, 0, 0_usize);
    while let Some(byte) = json.as_bytes().get(at) {
        match byte {
            b'"' => {
                let end = end_of_string(json, at).ok_or(Fault::NoText)?;
                if let Some(clean) = mask_string(&json[at..end])? {
                    masked.push_str(&json[copied..at]);
                    masked.push_str(&clean);
                    copied = end;
                }
                at = end;
                continue;
            }
            b'[' | b'{' if level == most_levels => return Err(Fault::TooDeep),
            b'[' | b'{' => level += 1,
            b']' | b'}' => level = level.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    if copied == 0 {
        return Ok(Cow::Borrowed(json));
    }
    masked.push_str(&json[copied..]);
    Ok(Cow::Owned(masked))
}

/// Behind the quote that ends the string which begins at `start`.
fn end_of_string(json: &str, start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        at += memchr2(b'"', b'\\', json.as_bytes().get(at..)?)?;
        if json.as_bytes()[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// The string without its secrets, quotes and all; `None` when it has none.
fn mask_string(quoted: &str) -> Result<Option<String>, Fault> {
    let inside = &quoted[1..quoted.len() - 1];
    let text = if memchr(b'\\', inside.as_bytes()).is_some() {
        Cow::Owned(serde_json::from_str(quoted).map_err(|_| Fault::NoText)?)
    } else {
        Cow::Borrowed(inside)
    };
    match mask(&text) {
        Cow::Borrowed(_) => Ok(None),
        Cow::Owned(clean) => serde_json::to_string(&clean).map(Some).map_err(|_| Fault::NoText),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::fuzzing::mask_value;

    const LEVELS: usize = 90;

    #[test]
    fn json_is_masked_at_any_depth_and_stays_as_it_was_written() {
        for (json, expected) in [
            (
                r#"{"crumbs": [{"data": {"url": "/a?token=abc", "/b?pwd=1": 1}}, "https://x.io/?jwt=1"], "n": 1.0, "b": null}"#,
                r#"{"crumbs": [{"data": {"url": "/a?token=***", "/b?pwd=***": 1}}, "https://x.io/?jwt=***"], "n": 1.0, "b": null}"#,
            ),
            (r#""/a?\u0074oken\u003dabc""#, r#""/a?token=***""#),
            (r#"["\"/a?key=1\"", "\\"]"#, r#"["\"/a?key=***\"", "\\"]"#),
            (
                r#"["[[[", "]}", 12345678901234567890123]"#,
                r#"["[[[", "]}", 12345678901234567890123]"#,
            ),
            ("7", "7"),
            (r#""""#, r#""""#),
        ] {
            assert_eq!(mask_json(json, LEVELS).unwrap(), expected);
        }
    }

    #[test]
    fn what_is_nested_too_deep_is_refused() {
        let nested = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));

        assert!(mask_json(&nested(90), LEVELS).is_ok());
        assert_eq!(mask_json(&nested(91), LEVELS), Err(Fault::TooDeep));
        assert!(mask_json(&format!("[{}]", vec!["[]"; 500].join(",")), 2).is_ok());
    }

    proptest! {
        #[test]
        fn text_and_value_are_masked_alike(
            strings in prop::collection::vec(r#"([ :/?#=&@"\\{}\[\],é\n]|token|key|https://x|a|1){0,20}"#, 0..6),
        ) {
            let value = json!({"list": strings, "first": strings.first(), (strings.concat()): [[1, true, null]]});
            let text = value.to_string();
            let masked = mask_json(&text, LEVELS).unwrap();
            prop_assert_eq!(serde_json::from_str::<Value>(&masked).unwrap(), mask_value(value));
        }

        #[test]
        fn text_of_any_kind_does_no_harm(text in r#"(["\\\[\]{}:,u]|\PC|/a\?key=1){0,40}"#) {
            let _ = mask_json(&text, LEVELS);
        }
    }
}
