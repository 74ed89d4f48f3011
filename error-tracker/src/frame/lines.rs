//! The lines of a stack text, with their indent, found in one pass.
//!
//! A line ends at `\n`; a `\r` before it belongs to the line end, so texts from Windows read the same.
//! Lines that start inside the report's own message are marked: whatever they look like, they are no frames.

use std::ops::Range;

use memchr::{memchr, memrchr};

/// One line, cut into indent and body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line<'a> {
    /// The text between the indent and the white space at the end.
    pub(crate) body: &'a str,
    /// Spaces and tabs in front of the body, one each.
    pub(crate) indent: usize,
    /// The line starts inside the report's message.
    pub(crate) quoted: bool,
}

/// Walks over the lines of a text.
pub(crate) struct Lines<'a> {
    text: &'a str,
    next: usize,
    message: Range<usize>,
}

impl<'a> Lines<'a> {
    /// Lines of `text`; `message` is the report's message, which may be quoted in it.
    pub(crate) fn new(text: &'a str, message: &str) -> Self {
        Self {
            text,
            next: 0,
            message: find_message(text, message),
        }
    }

    /// The text after the line that was read last.
    pub(crate) fn rest(&self) -> &'a str {
        self.text.get(self.next..).unwrap_or_default()
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        let rest = self.text.get(self.next..).filter(|rest| !rest.is_empty())?;
        let start = self.next;
        let length = memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
        self.next = start + length + 1;
        let quoted = start > self.message.start && start < self.message.end;
        Some(Line {
            quoted,
            ..cut(&rest[..length])
        })
    }
}

/// Cuts one line into indent and body.
pub(crate) fn cut(line: &str) -> Line<'_> {
    let bytes = line.as_bytes();
    let is_blank = |byte: u8| matches!(byte, b' ' | b'\t');
    let mut indent = 0;
    while indent < bytes.len() && is_blank(bytes[indent]) {
        indent += 1;
    }
    let mut end = bytes.len();
    while end > indent && (is_blank(bytes[end - 1]) || bytes[end - 1] == b'\r') {
        end -= 1;
    }
    Line {
        body: &line[indent..end],
        indent,
        quoted: false,
    }
}

/// Where the report's message stands in its traceback, if it spans lines there.
///
/// Languages that print the message first have it after the first `: `, Python has it at the end of the text
/// after `Type: `. A message of one line starts no line of its own, so it needs no search.
fn find_message(text: &str, message: &str) -> Range<usize> {
    let message = message.trim();
    if !message.contains('\n') {
        return 0..0;
    }
    let first_line = memchr(b'\n', text.as_bytes()).unwrap_or(text.len());
    if let Some(colon) = text[..first_line].find(": ")
        && let Some(length) = matched(text.bytes().skip(colon + 2), message.bytes())
    {
        return colon + 2..colon + 2 + length;
    }
    let end = text.trim_end().len();
    if let Some(length) = matched(text[..end].bytes().rev(), message.bytes().rev()) {
        let head = &text.as_bytes()[..end - length];
        let title = &head[memrchr(b'\n', head).map_or(0, |at| at + 1)..];
        if title
            .strip_suffix(b": ")
            .is_some_and(|name| name.iter().all(|byte| is_part_of_title(*byte)))
        {
            return end - length..end;
        }
    }
    0..0
}

/// How many bytes of `text` spell `message`; carriage returns count on neither side.
fn matched(text: impl Iterator<Item = u8>, message: impl Iterator<Item = u8>) -> Option<usize> {
    let mut text = text.enumerate().filter(|(_, byte)| *byte != b'\r');
    let mut length = 0;
    for expected in message.filter(|byte| *byte != b'\r') {
        let (at, found) = text.next()?;
        if found != expected {
            return None;
        }
        length = at + 1;
    }
    Some(length)
}

/// Bytes of `  | package.module.Type` in front of a message.
fn is_part_of_title(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b' ' | b'|') || !byte.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(text: &str, message: &str) -> Vec<bool> {
        Lines::new(text, message).map(|line| line.quoted).collect()
    }

    #[test]
    fn a_line_is_cut_into_indent_and_body_whatever_ends_it() {
        let lines: Vec<_> = Lines::new("\tat a \r\n\r\n  b\rc", "")
            .map(|line| (line.indent, line.body))
            .collect();

        assert_eq!(lines, [(1, "at a"), (0, ""), (2, "b\rc")]);
    }

    #[test]
    fn lines_of_the_message_are_known_at_either_end() {
        assert_eq!(quoted("E: a\n at b\n at c", "a\n at b"), [false, true, false]);
        assert_eq!(
            quoted("Traceback\nE: a\r\n  b\r\n", "a\n  b"),
            [false, false, true]
        );
        assert_eq!(quoted("at a (b:1)\nnot it: a\nb", "x\nb"), [false, false, false]);
    }

    #[test]
    fn a_message_that_only_ends_like_the_text_hides_nothing() {
        assert_eq!(
            quoted(
                "  File \"a\", line 1\n  File \"b\", line 2",
                "1\n  File \"b\", line 2"
            ),
            [false, false]
        );
    }
}
