//! Levels in JSON lines. Walks over the members without building them.

use super::{field_value, is_level_key};
use crate::entry::Level;

/// How much of an object is walked. Some loggers write the level after the message.
const WALK_BYTES: usize = 8 * 1024;

/// How far into a text an object may begin.
const PREFIX_BYTES: usize = 80;

/// How many objects a level may lie in.
const MAX_DEPTH: usize = 3;

/// The level of a text that begins with a JSON object.
pub(super) fn find(text: &str) -> Option<Level> {
    let bytes = text.as_bytes();
    let mut walk = Walk {
        bytes: &bytes[..bytes.len().min(WALK_BYTES)],
        at: 0,
    };
    walk.object(is_level_key, 0)
}

/// The level of an object that follows a short prefix, such as a container's name or a time.
pub(super) fn embedded(text: &str) -> Option<Level> {
    let bytes = text.as_bytes();
    let begin = memchr::memchr(b'{', &bytes[..bytes.len().min(PREFIX_BYTES)])?;
    (bytes.get(begin + 1) == Some(&b'"'))
        .then(|| find(&text[begin..]))
        .flatten()
}

struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Walk<'a> {
    /// Walks the object that begins here, to its end or to its level.
    fn object(&mut self, is_wanted: fn(&[u8]) -> bool, depth: usize) -> Option<Level> {
        self.expect(b'{')?;
        loop {
            self.space();
            let key = self.string()?;
            self.space();
            self.expect(b':')?;
            self.space();
            let level = match self.peek()? {
                b'"' => {
                    let value = self.string()?;
                    if is_wanted(key) {
                        field_value(key, value)
                    } else {
                        mongo(key, value)
                    }
                }
                b'{' if depth < MAX_DEPTH && leads_to_level(key) => self.object(inner_keys(key), depth + 1),
                b'{' | b'[' => self.skip_nested(),
                _ => {
                    let value = self.scalar();
                    is_wanted(key).then(|| field_value(key, value)).flatten()
                }
            };
            if level.is_some() {
                return level;
            }
            self.space();
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return None;
                }
                _ => {
                    // Not JSON: nothing more can be said.
                    self.at = self.bytes.len();
                    return None;
                }
            }
        }
    }

    /// The content of the string that begins here, its escapes as they are.
    fn string(&mut self) -> Option<&'a [u8]> {
        self.expect(b'"')?;
        let begin = self.at;
        loop {
            let found = memchr::memchr2(b'"', b'\\', self.bytes.get(self.at..)?)?;
            self.at += found + 1;
            if self.bytes[self.at - 1] == b'"' {
                return Some(&self.bytes[begin..self.at - 1]);
            }
            self.at += 1;
        }
    }

    fn scalar(&mut self) -> &'a [u8] {
        let rest = &self.bytes[self.at..];
        let length = rest
            .iter()
            .position(|byte| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r'))
            .unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn skip_nested(&mut self) -> Option<Level> {
        let mut open = 0_usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => open += 1,
                b'}' | b']' => open -= 1,
                _ => {}
            }
            self.at += 1;
            if open == 0 {
                break;
            }
        }
        None
    }

    fn space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }
}

/// `log` is ECS with real objects, `record` and `level` are loguru's.
fn leads_to_level(key: &[u8]) -> bool {
    matches!(key, b"log" | b"record" | b"level")
}

fn inner_keys(key: &[u8]) -> fn(&[u8]) -> bool {
    match key {
        b"level" => |key| key == b"name",
        _ => is_level_key,
    }
}

/// MongoDB writes `"s":"W"`.
fn mongo(key: &[u8], value: &[u8]) -> Option<Level> {
    match (key, value) {
        (b"s", [letter @ (b'F' | b'E' | b'W' | b'I')] | [letter @ b'D', b'1'..=b'5']) => {
            super::letter(*letter)
        }
        _ => None,
    }
}
