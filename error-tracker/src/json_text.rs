//! A long text of a report, together with the JSON that it came in.
//!
//! A traceback is read once, to find its frames, and stored as it came: writing its escapes anew costs as much as
//! reading them.

use std::borrow::Cow;

use memchr::memchr;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::Value;
use serde_json::value::RawValue;
use shared::http::body::text::Text;

/// What it says, without NUL, because SQL functions end a text there.
#[derive(Debug)]
pub(crate) struct JsonText<'a> {
    text: Cow<'a, str>,
    /// Unless it says something else.
    json: Option<&'a RawValue>,
}

impl<'a> JsonText<'a> {
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn into_owned(self) -> String {
        self.text.into_owned()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for JsonText<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = <&RawValue>::deserialize(deserializer)?;
        let inside = json
            .get()
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'));
        let Some(inside) = inside else {
            return Err(D::Error::custom(refusal(json)));
        };
        let text = unescape(inside);
        Ok(if memchr(0, text.as_bytes()).is_some() {
            Self {
                text: Cow::Owned(text.replace('\0', "\u{fffd}")),
                json: None,
            }
        } else {
            Self {
                text,
                json: Some(json),
            }
        })
    }
}

impl Serialize for JsonText<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.json {
            Some(json) => json.serialize(serializer),
            None => self.text.serialize(serializer),
        }
    }
}

/// What any other text would say of this, which is none.
fn refusal(json: &RawValue) -> String {
    serde_json::from_str(json.get())
        .and_then(|value: Value| Text::deserialize(value))
        .map_or_else(|error| error.to_string(), |_| "not a string".to_owned())
}

/// What the inside of a string says; that it is valid JSON was checked when it was found.
fn unescape(mut rest: &str) -> Cow<'_, str> {
    let Some(mut backslash) = memchr(b'\\', rest.as_bytes()) else {
        return Cow::Borrowed(rest);
    };
    let mut text = String::with_capacity(rest.len());
    loop {
        text.push_str(&rest[..backslash]);
        rest = &rest[backslash + 1..];
        let (character, spelling) = escaped(rest);
        text.push(character);
        rest = &rest[spelling..];
        match memchr(b'\\', rest.as_bytes()) {
            Some(next) => backslash = next,
            None => break,
        }
    }
    text.push_str(rest);
    Cow::Owned(text)
}

/// The character that stands behind a backslash, and the length of its spelling.
fn escaped(rest: &str) -> (char, usize) {
    match rest.chars().next() {
        Some('n') => ('\n', 1),
        Some('t') => ('\t', 1),
        Some('r') => ('\r', 1),
        Some('b') => ('\u{8}', 1),
        Some('f') => ('\u{c}', 1),
        Some('u') => {
            let unit = |digits: &str| u16::from_str_radix(digits, 16).ok();
            let first = rest.get(1..5).and_then(unit);
            // Beyond the first 65 536 characters each is spelt in two halves.
            let second = rest
                .get(5..11)
                .and_then(|next| unit(next.strip_prefix("\\u")?))
                .filter(|low| matches!(first, Some(0xd800..0xdc00)) && matches!(low, 0xdc00..0xe000));
            let character = char::decode_utf16(first.into_iter().chain(second)).next();
            let spelling = if second.is_some() { 11 } else { 5 };
            (
                character
                    .and_then(Result::ok)
                    .unwrap_or(char::REPLACEMENT_CHARACTER),
                spelling.min(rest.len()),
            )
        }
        Some(itself) => (itself, itself.len_utf8()),
        None => (char::REPLACEMENT_CHARACTER, 0),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(json: &str) -> serde_json::Result<JsonText<'_>> {
        serde_json::from_str(json)
    }

    #[test]
    fn escapes_are_read_and_stored_as_they_came() {
        for (json, text) in [
            (r#""""#, ""),
            (r#""plain ü""#, "plain ü"),
            (r#""a\nb\t\"c\"\\\/\r\b\f""#, "a\nb\t\"c\"\\/\r\u{8}\u{c}"),
            (r#""\u00fc\ud83e\udd80x""#, "ü🦀x"),
            (r#""\\ud83e""#, "\\ud83e"),
            (r#""\ud83e\u0041\ud83ex""#, "\u{fffd}A\u{fffd}x"),
        ] {
            let read = read(json).expect(json);

            assert_eq!(read.as_str(), text);
            assert_eq!(serde_json::to_string(&read).unwrap(), json);
        }
    }

    #[test]
    fn a_nul_is_replaced_in_what_is_read_and_in_what_is_stored() {
        let read = read(r#""a\u0000b""#).expect("a string");

        assert_eq!(read.as_str(), "a\u{fffd}b");
        assert_eq!(serde_json::to_string(&read).unwrap(), "\"a\u{fffd}b\"");
    }

    #[test]
    fn what_is_no_string_is_refused_as_any_other_text() {
        for json in ["5", "-5", "0.5", "true", "[]", "{}", "null"] {
            let expected = serde_json::from_str::<Text<'_>>(json)
                .expect_err(json)
                .to_string();
            let expected = expected.split(" at line").next().unwrap_or_default();

            let refused = read(json).expect_err(json).to_string();

            assert!(refused.starts_with(expected), "{refused}, not {expected}");
        }
    }

    proptest! {
        #[test]
        fn every_text_reads_as_it_was_written(text in "\\PC*[\u{0}-\u{1f}\"\\\\ü🦀]*\\PC*") {
            let json = serde_json::to_string(&text).unwrap();
            let ascii: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
            let plain = text.replace('\0', "\u{fffd}");

            for json in [json, format!("\"{ascii}\"")] {
                let read = read(&json).unwrap();
                prop_assert_eq!(read.as_str(), plain.as_str());
            }
        }
    }
}
