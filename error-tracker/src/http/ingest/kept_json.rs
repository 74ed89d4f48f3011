//! What is asked of JSON that is kept as it came: `extra` and `request_headers`.

use serde_json::value::RawValue;
use shared::http::Problem;

/// Levels of nesting.
const MOST_LEVELS: usize = 100;

/// Refuses JSON that not all of its later readers can take.
pub(super) fn check(name: &str, raw: Option<&RawValue>) -> Result<(), Problem> {
    let Some(json) = raw.map(RawValue::get) else {
        return Ok(());
    };
    if nesting(json) > MOST_LEVELS {
        return Err(Problem::bad_request(format!(
            "{name}: nested deeper than {MOST_LEVELS} levels"
        )));
    }
    if has_lone_surrogate(json) {
        return Err(Problem::bad_request(format!(
            "{name}: not valid JSON: a \\u escape is half of a surrogate pair"
        )));
    }
    Ok(())
}

/// The deepest level of brackets outside strings. The text is valid JSON.
fn nesting(json: &str) -> usize {
    let (mut deepest, mut level, mut in_string, mut escaped) = (0_usize, 0_usize, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => {
                level += 1;
                deepest = deepest.max(level);
            }
            b'}' | b']' => level = level.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Whether an escape is half a character, which strict readers refuse. The text is valid JSON otherwise.
fn has_lone_surrogate(json: &str) -> bool {
    let mut rest = json.as_bytes();
    while let Some(at) = memchr::memchr(b'\\', rest) {
        rest = &rest[at..];
        rest = match (escaped_unit(rest), rest.get(6..).and_then(escaped_unit)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => &rest[12..],
            (Some(0xd800..=0xdfff), _) => return true,
            // The backslash and what it escapes, which may be another one.
            _ => &rest[2.min(rest.len())..],
        };
    }
    false
}

/// The UTF-16 unit of the `\uXXXX` that begins here.
fn escaped_unit(bytes: &[u8]) -> Option<u16> {
    let digits = bytes.strip_prefix(b"\\u")?.get(..4)?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_counts_brackets_outside_strings() {
        for (json, levels) in [
            ("1", 0),
            ("[]", 1),
            (r#"{"a":[1,{"b":2}]}"#, 3),
            (r#"["[[[","\"[["]"#, 1),
        ] {
            assert_eq!(nesting(json), levels, "{json}");
        }
    }

    #[test]
    fn a_surrogate_is_lone_without_the_other_half_right_behind_it() {
        for (json, is_lone) in [
            (r#""\u00fc \n""#, false),
            (r#""\ud83e\udd80""#, false),
            (r#""\uD83E\uDD80\uD83E\uDD80""#, false),
            (r#""\\ud800""#, false),
            (r#""\\\ud800""#, true),
            (r#""\ud83e""#, true),
            (r#""\udd80""#, true),
            (r#""\udd80\ud83e""#, true),
            (r#""\ud83e \udd80""#, true),
            (r#""\ud83e\n\udd80""#, true),
            (r#""\ud83e\ud83e\udd80""#, true),
            (r#"["\ud83e","\udd80"]"#, true),
            (r#"{"\ud800":1}"#, true),
        ] {
            assert_eq!(has_lone_surrogate(json), is_lone, "{json}");
            let strict = serde_json::from_str::<serde_json::Value>(json);
            assert_eq!(
                strict.is_err(),
                is_lone,
                "a strict reader thinks the same of {json}"
            );
        }
    }
}
