//! A map that comes as a member of a JSON object, beside what it belongs to.
//!
//! The members come in any order and the map may be as long as a map may be, so it is written out as it streams by.

use std::io::{Read, Write};

use super::fault::BadMap;
use super::json::{Scanner, StringSink};

/// The other members are names and addresses.
const TEXT_BYTES: usize = 4 << 10;
const MAP_MEMBER: &str = "map_content";

/// What came with a map.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// Whose map it is.
    pub project: Option<String>,
    /// Of which release.
    pub release: Option<String>,
    /// Of which script.
    pub file_url: Option<String>,
    /// The map itself.
    pub map: Option<EnclosedMap>,
}

/// Where the map is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnclosedMap {
    /// It was a string, and its text has been written out.
    Written,
    /// It is an object between these bytes of the body.
    Within {
        /// The first byte.
        start: u64,
        /// The one after the last.
        end: u64,
    },
}

/// Reads an envelope. The text of a map that is a string goes to `map`.
///
/// # Errors
///
/// When it cannot be read or is no JSON object, and when the map cannot be written.
pub fn open_envelope(body: impl Read, limit: u64, map: impl Write) -> Result<Envelope, BadMap> {
    let mut scanner = Scanner::new(body, limit);
    let mut envelope = Envelope::default();
    let mut map = WriteOut {
        writer: map,
        high: None,
    };
    let mut more = scanner.enter(b'{', b'}', "an object")?;
    while more {
        let name = scanner.take_name()?;
        let is_string = scanner.peek_token()? == b'"';
        match name.as_str() {
            "project" if is_string => envelope.project = Some(take_text(&mut scanner)?),
            "release" if is_string => envelope.release = Some(take_text(&mut scanner)?),
            "file_url" if is_string => envelope.file_url = Some(take_text(&mut scanner)?),
            MAP_MEMBER if envelope.map.is_some() => return Err(BadMap::Twice(MAP_MEMBER)),
            MAP_MEMBER if is_string => {
                scanner.take_string(&mut map)?;
                map.finish()?;
                envelope.map = Some(EnclosedMap::Written);
            }
            MAP_MEMBER => {
                let start = scanner.position();
                scanner.skip_value()?;
                let end = scanner.position();
                envelope.map = Some(EnclosedMap::Within { start, end });
            }
            _ => scanner.skip_value()?,
        }
        more = scanner.go_on(b'}')?;
    }
    scanner.expect_end()?;
    Ok(envelope)
}

fn take_text<R: Read>(scanner: &mut Scanner<R>) -> Result<String, BadMap> {
    let mut text = WriteOut {
        writer: Bounded(Vec::new()),
        high: None,
    };
    scanner.take_string(&mut text)?;
    text.finish()?;
    Ok(String::from_utf8_lossy(&text.writer.0).into_owned())
}

/// Keeps the first bytes.
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let room = TEXT_BYTES.saturating_sub(self.0.len());
        self.0.extend_from_slice(&bytes[..bytes.len().min(room)]);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Writes a string without its escapes.
struct WriteOut<W> {
    writer: W,
    /// The first half of a character outside the basic plane.
    high: Option<u16>,
}

impl<W: Write> WriteOut<W> {
    fn put(&mut self, character: char) -> Result<(), BadMap> {
        self.writer
            .write_all(character.encode_utf8(&mut [0; 4]).as_bytes())?;
        Ok(())
    }

    fn finish(&mut self) -> Result<(), BadMap> {
        if self.high.take().is_some() {
            self.put(char::REPLACEMENT_CHARACTER)?;
        }
        self.writer.flush()?;
        Ok(())
    }
}

impl<W: Write> StringSink for WriteOut<W> {
    fn take_run(&mut self, _: u64, bytes: &[u8]) -> Result<(), BadMap> {
        if self.high.take().is_some() {
            self.put(char::REPLACEMENT_CHARACTER)?;
        }
        self.writer.write_all(bytes)?;
        Ok(())
    }

    fn take_escape(&mut self, _: u64, unit: u16) -> Result<(), BadMap> {
        let before = self.high.take();
        match (before, unit) {
            (Some(high), 0xdc00..=0xdfff) => {
                let pair = char::decode_utf16([high, unit]).next().and_then(Result::ok);
                return self.put(pair.unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            (Some(_), _) => self.put(char::REPLACEMENT_CHARACTER)?,
            (None, _) => {}
        }
        match unit {
            0xd800..=0xdbff => {
                self.high = Some(unit);
                Ok(())
            }
            unit => self.put(char::from_u32(unit.into()).unwrap_or(char::REPLACEMENT_CHARACTER)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn open(body: &[u8]) -> Result<(Envelope, Vec<u8>), BadMap> {
        let mut map = Vec::new();
        let envelope = open_envelope(body, 1 << 20, &mut map)?;
        Ok((envelope, map))
    }

    #[test]
    fn members_come_in_any_order() {
        let map = r#"{"version":3,"x":"é😀\n"}"#;
        let first = json!({"map_content": map, "project": "shop", "more": [1, {}], "release": "1.0 \"β\"", "file_url": "/a.js"});
        for body in [
            first.to_string(),
            format!(
                r#"{{"file_url":"\/a.js","release":"1.0 \"\u03b2\"","project":"shop","map_content":{}}}"#,
                json!(map)
            ),
        ] {
            let (envelope, written) = open(body.as_bytes()).unwrap();

            assert_eq!(envelope.map, Some(EnclosedMap::Written));
            assert_eq!(String::from_utf8(written).unwrap(), map);
            assert_eq!(envelope.release.as_deref(), Some("1.0 \"β\""));
            assert_eq!(
                (envelope.project.as_deref(), envelope.file_url.as_deref()),
                (Some("shop"), Some("/a.js"))
            );
        }
    }

    #[test]
    fn a_map_may_be_an_object() {
        let body = br#"{"map_content": {"version":3} ,"project":7}"#;

        let (envelope, written) = open(body).unwrap();

        let Some(EnclosedMap::Within { start, end }) = envelope.map else {
            panic!("{envelope:?}")
        };
        assert_eq!(&body[start as usize..end as usize], br#"{"version":3}"#);
        assert_eq!((envelope.project, written.len()), (None, 0));
    }

    #[test]
    fn what_is_no_envelope_is_refused() {
        for body in [
            "",
            "[]",
            "7",
            "{",
            r#"{"map_content":"x""#,
            r#"{"map_content":"1","map_content":"2"}"#,
            r#"{"a":1} x"#,
        ] {
            assert!(open(body.as_bytes()).is_err(), "{body}");
        }
    }

    proptest! {
        #[test]
        fn a_string_of_any_kind_is_written_as_it_is(text in r"(\PC|[\x00-\x1f\\\x22]|😀){0,80}") {
            let body = json!({"map_content": text}).to_string();
            prop_assert_eq!(String::from_utf8(open(body.as_bytes()).unwrap().1).unwrap(), text);
        }

        #[test]
        fn bytes_of_any_kind_do_no_harm(body in r#"(\{"map_content":")?(\\ud83d|\\ude00|\\|[\x22{}:,a])*"#) {
            let _ = open(body.as_bytes());
        }
    }
}
