//! Marks, every few kilobytes of a source's text, which line and column the text has come to.
//!
//! With the marks a line in the middle of a long source is read without all that precedes it, and so is a column in the
//! middle of a long line.

use super::fault::BadMap;
use super::json::StringSink;
use super::table::TableWriter;

/// How many bytes of the map's text lie between two marks.
const EVERY: u64 = 4 << 10;

/// Offset in the map's text, line and column of a mark; the two count from 0 and the columns in UTF-16 units.
pub(super) type Marks = TableWriter<3>;

/// Counts the lines of one source as its text passes.
#[derive(Debug)]
pub(super) struct LineCounter<'a> {
    marks: &'a mut Marks,
    next_mark: u64,
    line: u32,
    column: u32,
    after_return: bool,
}

impl<'a> LineCounter<'a> {
    /// `start` is where the source's text begins.
    pub(super) fn new(marks: &'a mut Marks, start: u64) -> Self {
        Self {
            marks,
            next_mark: start + EVERY,
            line: 0,
            column: 0,
            after_return: false,
        }
    }

    /// Never between a carriage return and its line feed: a reader that begins there would count two lines.
    fn mark(&mut self, at: u64) {
        if at >= self.next_mark && !self.after_return {
            self.marks.push([at as u32, self.line, self.column]);
            self.next_mark = at + EVERY;
        }
    }
}

impl StringSink for LineCounter<'_> {
    fn take_run(&mut self, mut at: u64, mut bytes: &[u8]) -> Result<(), BadMap> {
        while !bytes.is_empty() {
            // Never within a character either.
            if !is_continuation(bytes[0]) {
                self.mark(at);
            }
            let wanted = usize::try_from(self.next_mark.saturating_sub(at)).unwrap_or(usize::MAX);
            let mut length = wanted.clamp(1, bytes.len());
            while bytes.get(length).copied().is_some_and(is_continuation) {
                length += 1;
            }
            let (run, rest) = bytes.split_at(length);
            self.column += utf16_length(run);
            self.after_return = false;
            at += length as u64;
            bytes = rest;
        }
        Ok(())
    }

    fn take_escape(&mut self, at: u64, unit: u16) -> Result<(), BadMap> {
        let is_second_half = (0xdc00..0xe000).contains(&unit);
        if !is_second_half {
            self.mark(at);
        }
        let is_feed = unit == u16::from(b'\n');
        let is_return = unit == u16::from(b'\r');
        if is_feed && self.after_return {
            // The second half of a line's end.
        } else if is_feed || is_return {
            self.line += 1;
            self.column = 0;
        } else {
            self.column += 1;
        }
        self.after_return = is_return;
        Ok(())
    }
}

fn is_continuation(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

fn utf16_length(bytes: &[u8]) -> u32 {
    let units = |byte: &u8| u32::from(!is_continuation(*byte)) + u32::from(*byte >= 0xf0);
    bytes.iter().map(units).sum()
}
