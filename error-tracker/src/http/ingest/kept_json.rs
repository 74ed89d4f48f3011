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
}
