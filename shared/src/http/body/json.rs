//! Reads JSON, and says where it is wrong.

use bytes::Bytes;
use serde::Deserialize;

use crate::http::problem::Problem;

/// Reads JSON, and says where it is wrong.
///
/// # Errors
/// 400 with the member's path for a wrong type, else with line and column.
pub fn parse_json<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Problem> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    serde_json::from_slice(bytes).map_err(|error| explain::<T>(bytes, &error))
}

/// Reads a JSON object; from an array serde would take the members in their order.
///
/// # Errors
/// As [`parse_json`], and for an array.
pub fn parse_object<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Problem> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if text.trim_ascii_start().starts_with(b"[") {
        return Err(Problem::bad_request(
            "the body must be a JSON object, not an array",
        ));
    }
    parse_json(text)
}

/// Puts `\ufffd`, which is as long, in the place of each escape that is half a surrogate pair.
#[must_use]
pub fn with_whole_characters(json: Bytes) -> Bytes {
    // Few bodies have such an escape at all, and one search for its start costs less than a look at each backslash.
    if memchr::memmem::find(&json, b"\\u").is_none() {
        return json;
    }
    let lone: Vec<usize> = lone_surrogates(&json).collect();
    if lone.is_empty() {
        return json;
    }
    let mut mended = json.to_vec();
    for at in lone {
        mended[at + 2..at + 6].copy_from_slice(b"fffd");
    }
    mended.into()
}

/// Where the escapes are that are half a character.
fn lone_surrogates(json: &[u8]) -> impl Iterator<Item = usize> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            at += memchr::memchr(b'\\', json.get(at..)?)?;
            let here = at;
            match (escaped_unit(json, here), escaped_unit(json, here + 6)) {
                (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => at += 12,
                (Some(0xd800..=0xdfff), _) => {
                    at += 6;
                    return Some(here);
                }
                // The backslash and what it escapes, which may be another one.
                _ => at += 2,
            }
        }
    })
}

/// The UTF-16 unit of the `\uXXXX` that begins here.
fn escaped_unit(json: &[u8], at: usize) -> Option<u16> {
    let digits = json.get(at..)?.strip_prefix(b"\\u")?.get(..4)?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

fn explain<'a, T: Deserialize<'a>>(bytes: &'a [u8], error: &serde_json::Error) -> Problem {
    if bytes.is_empty() {
        return Problem::bad_request("the body is empty");
    }
    if std::str::from_utf8(bytes).is_err() {
        return Problem::bad_request("the body is not UTF-8");
    }
    if !error.is_data() {
        return Problem::bad_request(format!("the body is not valid JSON: {error}"));
    }
    // Only now is the path worth its cost: the hot path never comes here.
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
        Err(error) if error.path().iter().next().is_some() => {
            Problem::bad_request(format!("{}: {}", error.path(), error.inner()))
        }
        _ => Problem::bad_request(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_characters_become_replacement_characters_and_nothing_else_changes() {
        for (json, mended) in [
            (r#""\u00fc \n""#, None),
            (r#""\ud83e\udd80""#, None),
            (r#""\uD83E\uDD80\uD83E\uDD80""#, None),
            (r#""\\ud800""#, None),
            (r#""\\\ud800""#, Some(r#""\\\ufffd""#)),
            (r#""\ud83e""#, Some(r#""\ufffd""#)),
            (r#""\udd80\ud83e""#, Some(r#""\ufffd\ufffd""#)),
            (r#""\ud83e \udd80""#, Some(r#""\ufffd \ufffd""#)),
            (r#""\ud83e\n\udd80""#, Some(r#""\ufffd\n\ufffd""#)),
            (r#""\ud83e\ud83e\udd80""#, Some(r#""\ufffd\ud83e\udd80""#)),
            (r#"{"\ud800":1}"#, Some(r#"{"\ufffd":1}"#)),
        ] {
            let result = with_whole_characters(Bytes::from(json));
            assert_eq!(result, mended.unwrap_or(json), "{json}");
            assert!(
                serde_json::from_slice::<serde_json::Value>(&result).is_ok(),
                "a strict reader takes it: {json}"
            );
        }
        for cut in [&b"\\"[..], b"\\u", b"\\ud80", b"\\ud800\\u", b""] {
            let _ = with_whole_characters(Bytes::from(cut));
        }
    }

    #[test]
    fn json_that_is_wrong_is_told_where() {
        #[derive(Debug, Deserialize)]
        #[expect(dead_code, reason = "only the shape matters")]
        struct Outer {
            inner: Inner,
        }
        #[derive(Debug, Deserialize)]
        #[expect(dead_code, reason = "only the shape matters")]
        struct Inner {
            count: u32,
        }
        for (text, expected) in [
            (&b""[..], "the body is empty"),
            (b"\xff{}", "the body is not UTF-8"),
            (
                b"{",
                "the body is not valid JSON: EOF while parsing an object at line 1 column 1",
            ),
            (
                br#"{"inner":{"count":"x"}}"#,
                "inner.count: invalid type: string \"x\", expected u32 at line 1 column 21",
            ),
            (
                br#"{"inner":{"count":1},"inner":{"count":1}}"#,
                "duplicate field `inner` at line 1 column 28",
            ),
        ] {
            let problem = parse_json::<Outer>(text).expect_err("wrong");
            assert_eq!(problem.status(), 400);
            assert_eq!(problem.detail(), expected);
        }
        assert!(
            parse_json::<Outer>(b"\xef\xbb\xbf{\"inner\":{\"count\":1}}").is_ok(),
            "a byte order mark is harmless"
        );
    }
}
