//! Reads JSON as it streams by: what is not wanted passes through one buffer and is gone.
//!
//! It knows no document and keeps no text. A string is handed to a [`StringSink`] in pieces, since one may be as
//! long as the map; a value of no interest is skipped, its brackets checked.

use std::io::Read;

use super::fault::BadMap;

const BUFFER: usize = 64 << 10;

/// How deep brackets may be in a value that is skipped.
const DEEPEST: u32 = 128;

/// Takes the pieces of a string, in order. Offsets are those of the piece in the text.
pub(super) trait StringSink {
    /// Bytes that stand for themselves: no quote, no escape, no line break.
    fn take_run(&mut self, at: u64, bytes: &[u8]) -> Result<(), BadMap>;

    /// An escape, as the unit of UTF-16 that it stands for.
    fn take_escape(&mut self, at: u64, unit: u16) -> Result<(), BadMap>;
}

/// Lets a string pass.
pub(super) struct Skip;

impl StringSink for Skip {
    fn take_run(&mut self, _: u64, _: &[u8]) -> Result<(), BadMap> {
        Ok(())
    }

    fn take_escape(&mut self, _: u64, _: u16) -> Result<(), BadMap> {
        Ok(())
    }
}

/// Keeps the first bytes of a string, enough for the names of members and for ids; those are ASCII.
#[derive(Debug, Default)]
pub(super) struct Short {
    text: String,
}

impl Short {
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }
}

impl StringSink for Short {
    fn take_run(&mut self, _: u64, bytes: &[u8]) -> Result<(), BadMap> {
        let room = 64_usize.saturating_sub(self.text.len());
        self.text
            .extend(bytes.iter().take(room).map(|byte| char::from(*byte)));
        Ok(())
    }

    fn take_escape(&mut self, _: u64, unit: u16) -> Result<(), BadMap> {
        if self.text.len() < 64 {
            self.text
                .push(char::from_u32(unit.into()).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        Ok(())
    }
}

/// Where a string's text lies, without its quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) start: u64,
    pub(super) end: u64,
}

pub(super) struct Scanner<R> {
    reader: R,
    buffer: Box<[u8]>,
    at: usize,
    filled: usize,
    /// The offset of the buffer's first byte.
    base: u64,
    limit: u64,
}

impl<R: Read> Scanner<R> {
    pub(super) fn new(reader: R, limit: u64) -> Self {
        Self {
            reader,
            buffer: vec![0; BUFFER].into_boxed_slice(),
            at: 0,
            filled: 0,
            base: 0,
            limit,
        }
    }

    pub(super) fn position(&self) -> u64 {
        self.base + self.at as u64
    }

    /// Skips what may stand before the map: a byte order mark, and the line against being run as a script.
    pub(super) fn skip_preamble(&mut self) -> Result<(), BadMap> {
        if self.peek()? == Some(0xef) {
            for _ in 0..3 {
                self.next()?;
            }
        }
        if self.peek()? == Some(b')') {
            while self.next()? != b'\n' {}
        }
        Ok(())
    }

    /// The next byte that is not white space, left where it is.
    pub(super) fn peek_token(&mut self) -> Result<u8, BadMap> {
        loop {
            match self.peek()? {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                Some(byte) => return Ok(byte),
                None => {
                    return Err(BadMap::Truncated { at: self.position() });
                }
            }
        }
    }

    pub(super) fn expect(&mut self, byte: u8, expected: &'static str) -> Result<(), BadMap> {
        if self.peek_token()? == byte {
            self.at += 1;
            return Ok(());
        }
        Err(self.not_json(expected))
    }

    /// Goes into an array or object, `close` being its last bracket; false when there is nothing in it.
    pub(super) fn enter(&mut self, open: u8, close: u8, expected: &'static str) -> Result<bool, BadMap> {
        self.expect(open, expected)?;
        let is_empty = self.peek_token()? == close;
        self.at += usize::from(is_empty);
        Ok(!is_empty)
    }

    /// Goes to the next item; false when the bracket closes.
    pub(super) fn go_on(&mut self, close: u8) -> Result<bool, BadMap> {
        let byte = self.peek_token()?;
        if byte != b',' && byte != close {
            return Err(self.not_json("a comma or a closing bracket"));
        }
        self.at += 1;
        Ok(byte == b',')
    }

    /// The name of a member, with the colon after it.
    pub(super) fn take_name(&mut self) -> Result<Short, BadMap> {
        let mut name = Short::default();
        self.take_string(&mut name)?;
        self.expect(b':', "a colon")?;
        Ok(name)
    }

    pub(super) fn take_string(&mut self, sink: &mut impl StringSink) -> Result<Extent, BadMap> {
        self.expect(b'"', "a string")?;
        let start = self.position();
        loop {
            self.fill()?;
            let rest = &self.buffer[self.at..self.filled];
            let at = self.base + self.at as u64;
            let length = memchr::memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
            if rest.is_empty() {
                return Err(BadMap::Truncated { at });
            }
            // Lines are counted by their escapes, so that a bare line break would put all that follows out of step.
            if let Some(offset) = memchr::memchr2(b'\n', b'\r', &rest[..length]) {
                return Err(BadMap::NotJson {
                    at: at + offset as u64,
                    expected: "no bare line break in a string",
                });
            }
            if length > 0 {
                sink.take_run(at, &rest[..length])?;
            }
            self.at += length;
            match self.buffer[..self.filled].get(self.at) {
                Some(b'"') => {
                    let end = self.position();
                    self.at += 1;
                    return Ok(Extent { start, end });
                }
                Some(_) => {
                    let at = self.position();
                    let unit = self.take_escape()?;
                    sink.take_escape(at, unit)?;
                }
                None => {}
            }
        }
    }

    fn take_escape(&mut self) -> Result<u16, BadMap> {
        self.next()?;
        let byte = self.next()?;
        if byte != b'u' {
            return simple_escape(byte).ok_or_else(|| self.not_json("an escape"));
        }
        let mut unit = 0;
        for _ in 0..4 {
            let digit = char::from(self.next()?).to_digit(16);
            unit = unit << 4 | digit.ok_or_else(|| self.not_json("four hexadecimal digits"))? as u16;
        }
        Ok(unit)
    }

    /// A whole number that is not negative; whatever else a number may be is skipped and `None`.
    pub(super) fn take_count(&mut self) -> Result<Option<u32>, BadMap> {
        if !self.peek_token()?.is_ascii_digit() {
            self.skip_value()?;
            return Ok(None);
        }
        let mut number = Some(0_u32);
        while let Some(byte) = self.peek()? {
            match byte {
                b'0'..=b'9' => {
                    let digit = u32::from(byte - b'0');
                    number = number.and_then(|number| number.checked_mul(10)?.checked_add(digit));
                }
                b'.' | b'e' | b'E' | b'+' | b'-' => number = None,
                _ => break,
            }
            self.at += 1;
        }
        Ok(number)
    }

    /// Skips a value of any kind.
    pub(super) fn skip_value(&mut self) -> Result<(), BadMap> {
        // One bit for each bracket that is open: set for an object.
        let (mut open, mut depth) = (0_u128, 0);
        loop {
            match self.peek_token()? {
                bracket @ (b'{' | b'[') => {
                    if depth == DEEPEST {
                        return Err(BadMap::TooDeep { at: self.position() });
                    }
                    let is_object = bracket == b'{';
                    if self.enter(bracket, bracket + 2, "a value")? {
                        open = open << 1 | u128::from(is_object);
                        depth += 1;
                        if is_object {
                            self.skip_name()?;
                        }
                        continue;
                    }
                }
                b'"' => {
                    self.take_string(&mut Skip)?;
                }
                _ => self.skip_word()?,
            }
            loop {
                if depth == 0 {
                    return Ok(());
                }
                let is_object = open & 1 == 1;
                if self.go_on(if is_object { b'}' } else { b']' })? {
                    if is_object {
                        self.skip_name()?;
                    }
                    break;
                }
                open >>= 1;
                depth -= 1;
            }
        }
    }

    /// The end of the text, after which only white space may come.
    pub(super) fn expect_end(&mut self) -> Result<(), BadMap> {
        match self.peek_token() {
            Err(BadMap::Truncated { .. }) => Ok(()),
            Err(fault) => Err(fault),
            Ok(_) => Err(self.not_json("the end")),
        }
    }

    fn skip_name(&mut self) -> Result<(), BadMap> {
        self.take_string(&mut Skip)?;
        self.expect(b':', "a colon")
    }

    /// A number, `true`, `false` or `null`.
    fn skip_word(&mut self) -> Result<(), BadMap> {
        let mut word = [0; 40];
        let mut length = 0;
        let at = self.position();
        while let Some(byte) = self.peek()? {
            if !(byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')) {
                break;
            }
            *word
                .get_mut(length)
                .ok_or_else(|| self.not_json("a number of sane length"))? = byte;
            length += 1;
            self.at += 1;
        }
        let word = std::str::from_utf8(&word[..length]).unwrap_or("");
        let is_number = word.starts_with(|first: char| first == '-' || first.is_ascii_digit());
        if matches!(word, "true" | "false" | "null") || is_number && word.parse::<f64>().is_ok() {
            return Ok(());
        }
        Err(BadMap::NotJson {
            at,
            expected: "a value",
        })
    }

    fn not_json(&self, expected: &'static str) -> BadMap {
        BadMap::NotJson {
            at: self.position(),
            expected,
        }
    }

    fn next(&mut self) -> Result<u8, BadMap> {
        let byte = self.peek()?;
        let at = self.position();
        self.at += 1;
        byte.ok_or(BadMap::Truncated { at })
    }

    fn peek(&mut self) -> Result<Option<u8>, BadMap> {
        self.fill()?;
        Ok(self.buffer[..self.filled].get(self.at).copied())
    }

    /// Reads on when the buffer is used up; it stays empty at the end of the text.
    fn fill(&mut self) -> Result<(), BadMap> {
        if self.at < self.filled {
            return Ok(());
        }
        self.base += self.filled as u64;
        (self.at, self.filled) = (0, 0);
        loop {
            match self.reader.read(&mut self.buffer) {
                Ok(length) => self.filled = length.min(BUFFER),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            }
            break;
        }
        if self.base + self.filled as u64 > self.limit {
            return Err(BadMap::TooLong { limit: self.limit });
        }
        Ok(())
    }
}

/// What a backslash and this character stand for, except `u`.
pub(super) fn simple_escape(byte: u8) -> Option<u16> {
    let plain = match byte {
        b'"' | b'\\' | b'/' => byte,
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        _ => return None,
    };
    Some(plain.into())
}
