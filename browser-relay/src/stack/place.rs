//! A URL with a line and a column behind it, which all engines write alike.

use crate::source_map::Position;

/// Where a frame is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place<'t> {
    /// The script, as the engine names it.
    pub url: &'t str,
    /// The position in it; `None` where the engine gave no column, or a line that cannot be.
    pub position: Option<Position>,
}

impl<'t> Place<'t> {
    /// Reads `url:line:column` or, since eval frames and old engines have no more, `url:line`.
    pub(super) fn read(text: &'t str) -> Option<Self> {
        let (head, last) = take_number(text)?;
        let (url, position) = match take_number(head) {
            Some((url, line)) => (url, position(line, last)),
            None => (head, None),
        };
        is_url(url).then_some(Self { url, position })
    }

    /// A script alone.
    pub(super) fn without_position(url: &'t str) -> Option<Self> {
        is_url(url).then_some(Self { url, position: None })
    }
}

/// Engines print both from 1. A frame with a 0 has no place that could be looked up.
fn position(line: u32, column: u32) -> Option<Position> {
    let column = column.checked_sub(1)?;
    (line > 0).then_some(Position { line, column })
}

fn take_number(text: &str) -> Option<(&str, u32)> {
    let (head, digits) = text.rsplit_once(':')?;
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    Some((head, is_number.then(|| digits.parse().ok())??))
}

/// A scheme or a path; that a line has a colon and a number at its end makes it no frame.
fn is_url(text: &str) -> bool {
    if text.starts_with('/') {
        return true;
    }
    let is_scheme = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let length = text.bytes().take_while(is_scheme).count();
    let (scheme, rest) = text.split_at(length);
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && (rest.starts_with(":/") || (rest.starts_with(':') && matches!(scheme, "blob" | "data" | "node")))
}
