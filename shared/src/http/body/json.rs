//! Reads JSON, and says where it is wrong.

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
