//! The pieces that all frame grammars share: `file:line:column` at the end of a text, and names inside paths.

use memchr::{memchr2, memrchr};

/// A file with a line and perhaps a column, cut from the end of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place<'a> {
    pub(crate) file: &'a str,
    pub(crate) line: &'a str,
    pub(crate) column: Option<u32>,
}

/// Cuts `file:line` or `file:line:column`; the numbers stand at the very end.
pub(crate) fn cut_place(text: &str) -> Option<Place<'_>> {
    let (rest, last) = cut_number(text)?;
    let place = match cut_number(rest) {
        Some((file, line)) => Place {
            file,
            line,
            column: Some(read_column(last)),
        },
        None => Place {
            file: rest,
            line: last,
            column: None,
        },
    };
    (!place.file.is_empty()).then_some(place)
}

/// Cuts `:123` off the end.
fn cut_number(text: &str) -> Option<(&str, &str)> {
    let digits = text.bytes().rev().take_while(u8::is_ascii_digit).count();
    let (rest, number) = text.split_at(text.len() - digits);
    if number.is_empty() {
        None
    } else {
        Some((rest.strip_suffix(':')?, number))
    }
}

/// A column as a number; one too large to hold is as large as can be held.
fn read_column(digits: &str) -> u32 {
    digits.parse().unwrap_or(u32::MAX)
}

/// Cuts the decimal number at the start; `None` when there is none.
pub(crate) fn cut_leading_number(text: &str) -> Option<(&str, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    (digits > 0).then(|| text.split_at(digits))
}

/// The names between the separators of a path, either kind of slash.
pub(crate) fn segments(path: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(path);
    std::iter::from_fn(move || {
        let path = rest?;
        let end = memchr2(b'/', b'\\', path.as_bytes());
        rest = end.map(|at| &path[at + 1..]);
        Some(&path[..end.unwrap_or(path.len())])
    })
}

/// Some name in the path, seen with the one before it, satisfies the rule.
pub(crate) fn has_segment(path: &str, rule: impl Fn(&str, &str) -> bool) -> bool {
    let mut before = "";
    segments(path).any(|segment| rule(std::mem::replace(&mut before, segment), segment))
}

/// The text starts where a file system starts: `/`, `\\`, `C:\`, or as a URL.
pub(crate) fn is_absolute(file: &str) -> bool {
    match file.as_bytes() {
        [b'/' | b'\\', ..] => true,
        [drive, b':', b'/' | b'\\', ..] => drive.is_ascii_alphabetic(),
        _ => scheme(file).is_some(),
    }
}

/// The scheme of a URL (`https` of `https://…`, `node` of `node:fs`).
pub(crate) fn scheme(file: &str) -> Option<&str> {
    // The longest scheme in use is `safari-web-extension`; a limit keeps long lines cheap.
    let colon = file.bytes().take(32).position(|byte| byte == b':')?;
    let scheme = &file[..colon];
    let valid = scheme.len() > 1
        && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
        // A scheme is followed by something that is not a port or a line.
        && file[colon + 1..].starts_with(|next: char| !next.is_ascii_digit() && !next.is_whitespace());
    valid.then_some(scheme)
}

/// The extension of the file name, without the dot.
pub(crate) fn extension(file: &str) -> &str {
    let dot = memrchr(b'.', file.as_bytes()).map_or(file.len(), |at| at + 1);
    let extension = &file[dot..];
    if extension.contains(['/', '\\']) {
        ""
    } else {
        extension
    }
}

/// The opening parenthesis that the closing one at the end of `text` belongs to.
pub(crate) fn matching_parenthesis(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    for at in memchr::memrchr2_iter(b'(', b')', text.as_bytes()) {
        if text.as_bytes()[at] == b')' {
            open += 1;
        } else {
            open = open.saturating_sub(1);
            if open == 0 {
                return Some(at);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_cut_from_the_end_and_its_line_stays_text() {
        for (text, file, line, column) in [
            ("https://x:80/a.js:3:4", "https://x:80/a.js", "3", Some(4)),
            ("C:\\a b\\c.js:007", "C:\\a b\\c.js", "007", None),
            (
                "a:99999999999999999999:99999999999999999999",
                "a",
                "99999999999999999999",
                Some(u32::MAX),
            ),
        ] {
            assert_eq!(cut_place(text), Some(Place { file, line, column }));
        }
        for text in ["", ":", "1", ":1", ":1:2:", "a.js", "a.js:", "a:x", "ü:"] {
            assert_eq!(cut_place(text), None, "{text}");
        }
    }

    #[test]
    fn schemes_are_not_drives_or_ports() {
        assert_eq!(scheme("webpack-internal:///./a.js"), Some("webpack-internal"));
        assert_eq!(scheme("node:fs"), Some("node"));
        for file in ["C:\\a", "host:80", "step 3: a", "a.js", ":x", "1a:b", "é:x"] {
            assert_eq!(scheme(file), None, "{file}");
        }
    }

    #[test]
    fn parentheses_match_from_the_end() {
        assert_eq!(matching_parenthesis("f (C:\\Files (x86)\\a)"), Some(2));
        assert_eq!(matching_parenthesis("f (b) (c)"), Some(6));
        assert_eq!(matching_parenthesis("a)))"), None);
    }

    #[test]
    fn an_extension_belongs_to_the_name() {
        assert_eq!(extension("/a.b/c.rs"), "rs");
        assert_eq!(extension("/a.b/c"), "");
        assert_eq!(extension("c"), "");
    }
}
