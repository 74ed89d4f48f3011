//! Fields of logfmt: `time=… level=info msg="…" status=200`.
//!
//! At least two pairs make a line logfmt. Ordinary words may stand before and between the pairs, so the fields behind a
//! readable message count; so do the ones of a sentence such as `where a=1 and b=2`, which does no harm. Only an entry's
//! first line is read: what follows is a stack trace.

use std::borrow::Cow;

/// The pairs of a text; none when there are fewer than two.
pub(super) fn pairs(text: &str) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
    let line = text.lines().next().unwrap_or_default();
    let is_logfmt = Pairs { rest: line }.nth(1).is_some();
    Pairs {
        rest: if is_logfmt { line } else { "" },
    }
}

struct Pairs<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a str, Cow<'a, str>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.rest = self.rest.trim_ascii_start();
            if self.rest.is_empty() {
                return None;
            }
            let key_bytes = self.rest.bytes().take_while(|byte| is_key(*byte)).count();
            let (key, after) = self.rest.split_at(key_bytes);
            let starts = key
                .bytes()
                .next()
                .is_some_and(|byte| !matches!(byte, b'0'..=b'9' | b'-' | b'.'));
            match after.strip_prefix('=') {
                // `a == b` and the padding of base64 are no pairs.
                Some(value) if starts && !value.starts_with('=') => {
                    let (value, rest) = cut_value(value);
                    self.rest = rest;
                    return Some((key, value));
                }
                _ => self.rest = &self.rest[word_bytes(self.rest)..],
            }
        }
    }
}

fn is_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'@' | b'/')
}

/// The value at the start of a text, and what follows it.
fn cut_value(text: &str) -> (Cow<'_, str>, &str) {
    if let Some(quoted) = text.strip_prefix('"')
        && let Some(end) = closing_quote(quoted)
    {
        return (unescaped(&quoted[..end]), &quoted[end + 1..]);
    }
    let (value, rest) = text.split_at(word_bytes(text));
    // `a=1, b=2`.
    (Cow::Borrowed(value.strip_suffix(',').unwrap_or(value)), rest)
}

fn word_bytes(text: &str) -> usize {
    text.bytes()
        .position(|byte| byte.is_ascii_whitespace())
        .unwrap_or(text.len())
}

fn closing_quote(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

/// Escapes that nobody writes stay as they are.
fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            plain.push(letter);
            continue;
        }
        match letters.next() {
            Some('n') => plain.push('\n'),
            Some('r') => plain.push('\r'),
            Some('t') => plain.push('\t'),
            Some(same @ ('"' | '\\' | '/')) => plain.push(same),
            other => {
                plain.push('\\');
                plain.extend(other);
            }
        }
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_read_with_or_without_words_around_them() {
        for (text, expected) in [
            ("a=1 b=2", &[("a", "1"), ("b", "2")][..]),
            ("INF up a=1 now b=2\nc=3", &[("a", "1"), ("b", "2")]),
            (
                r#"msg="x \"y\"\n\\z \q" k="#,
                &[("msg", "x \"y\"\n\\z \\q"), ("k", "")],
            ),
            (r#"a="open b=2"#, &[("a", "\"open"), ("b", "2")]),
            ("a=1, b=2,", &[("a", "1"), ("b", "2")]),
            ("user.id=7 @l=x é=1 ü", &[("user.id", "7"), ("@l", "x")]),
            ("url=/x?a=1&b=2 ok=é", &[("url", "/x?a=1&b=2"), ("ok", "é")]),
            ("only=one", &[]),
            ("GET /x?a=1 --b=2 c == d YWJj== 1=2", &[]),
            ("", &[]),
        ] {
            let found: Vec<_> = pairs(text).collect();
            let found: Vec<_> = found.iter().map(|(key, value)| (*key, value.as_ref())).collect();

            assert_eq!(found, expected, "{text}");
        }
    }
}
