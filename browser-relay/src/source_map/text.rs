//! Reads a few pieces of a map's text from wherever it is kept.

use std::io;

use super::json::{Extent, simple_escape};

/// The text of a map, read at any offset: a file, or blocks that are unpacked as they are wanted.
pub trait ReadAt {
    /// Fills the front of `bytes` with the text from `offset` on, and tells how much that was; 0 only at the end.
    ///
    /// # Errors
    ///
    /// When the text cannot be read.
    fn read_at(&mut self, offset: u64, bytes: &mut [u8]) -> io::Result<usize>;
}

impl ReadAt for &[u8] {
    fn read_at(&mut self, offset: u64, bytes: &mut [u8]) -> io::Result<usize> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(self.len());
        let rest = &self[start..];
        let length = rest.len().min(bytes.len());
        bytes[..length].copy_from_slice(&rest[..length]);
        Ok(length)
    }
}

impl<T: ReadAt + ?Sized> ReadAt for &mut T {
    fn read_at(&mut self, offset: u64, bytes: &mut [u8]) -> io::Result<usize> {
        (**self).read_at(offset, bytes)
    }
}

impl<T: ReadAt + ?Sized> ReadAt for Box<T> {
    fn read_at(&mut self, offset: u64, bytes: &mut [u8]) -> io::Result<usize> {
        (**self).read_at(offset, bytes)
    }
}

const PIECE: usize = 2 << 10;

/// A JSON string, character by character, from any offset within it up to its closing quote.
pub(super) struct Characters<T> {
    text: T,
    piece: Box<[u8; PIECE]>,
    /// The offset of the piece's first byte.
    base: u64,
    filled: usize,
    at: u64,
    end: u64,
}

impl<T: ReadAt> Characters<T> {
    /// From `start` to the closing quote, or to `end`.
    pub(super) fn new(text: T, extent: Extent) -> Self {
        Self {
            text,
            piece: Box::new([0; PIECE]),
            base: 0,
            filled: 0,
            at: extent.start,
            end: extent.end,
        }
    }

    pub(super) fn position(&self) -> u64 {
        self.at
    }

    pub(super) fn go_to(&mut self, offset: u64) {
        self.at = offset;
    }

    /// The next character; what is no text becomes `U+FFFD`, one for each unit or byte that the pass has counted.
    pub(super) fn next(&mut self) -> io::Result<Option<char>> {
        let Some(byte) = self.peek_byte()?.filter(|byte| *byte != b'"') else {
            return Ok(None);
        };
        if byte < 0x80 && byte != b'\\' {
            self.at += 1;
            return Ok(Some(byte.into()));
        }
        if byte == b'\\' {
            return self.next_escape().map(Some);
        }
        self.next_wide(byte).map(Some)
    }

    fn next_wide(&mut self, first: u8) -> io::Result<char> {
        let length = match first {
            0xc0..0xe0 => 2,
            0xe0..0xf0 => 3,
            _ => 4,
        };
        let mut bytes = [first, 0, 0, 0];
        self.at += 1;
        let mut taken = 1;
        while taken < length {
            match self.peek_byte()? {
                Some(byte) if byte & 0xc0 == 0x80 => bytes[taken] = byte,
                _ => break,
            }
            self.at += 1;
            taken += 1;
        }
        let text = std::str::from_utf8(&bytes[..taken]).ok();
        let character = text.and_then(|text| text.chars().next());
        Ok(character.unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn next_escape(&mut self) -> io::Result<char> {
        let unit = self.next_unit()?;
        if (0xd800..0xdc00).contains(&unit) && self.peek_byte()? == Some(b'\\') {
            let back = self.at;
            let second = self.next_unit()?;
            if let Some(Ok(character)) = char::decode_utf16([unit, second]).next() {
                return Ok(character);
            }
            self.at = back;
        }
        Ok(char::from_u32(unit.into()).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn next_unit(&mut self) -> io::Result<u16> {
        self.at += 1;
        let byte = self.peek_byte()?.unwrap_or(0);
        self.at += 1;
        if byte != b'u' {
            return Ok(simple_escape(byte).unwrap_or(0));
        }
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.peek_byte()?.unwrap_or(b'0');
            self.at += 1;
            unit = unit << 4 | char::from(digit).to_digit(16).unwrap_or(0) as u16;
        }
        Ok(unit)
    }

    fn peek_byte(&mut self) -> io::Result<Option<u8>> {
        if self.at >= self.end {
            return Ok(None);
        }
        let is_here = self.at >= self.base && self.at < self.base + self.filled as u64;
        if !is_here {
            self.base = self.at;
            self.filled = self.text.read_at(self.at, &mut self.piece[..])?.min(PIECE);
            if self.filled == 0 {
                return Ok(None);
            }
        }
        Ok(Some(self.piece[(self.at - self.base) as usize]))
    }
}

/// The string of an entry, cut at so many characters: a name of a megabyte helps nobody.
pub(super) fn read_string(text: impl ReadAt, extent: Extent) -> io::Result<String> {
    const LONGEST: usize = 2_000;
    let mut characters = Characters::new(text, extent);
    let mut string = String::new();
    for _ in 0..LONGEST {
        match characters.next()? {
            Some(character) => string.push(character),
            None => break,
        }
    }
    Ok(string)
}
