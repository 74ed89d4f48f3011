//! Which parts of a message vary, and where they end.

use super::is_letter_or_digit;

/// Shortest word of hexadecimal digits that is an id; `a1b` may be a name.
const HEX_MIN_BYTES: usize = 6;

/// The placeholder that a whole token is, if it is one thing.
pub(super) fn whole_token(token: &str) -> Option<&'static str> {
    let bytes = token.as_bytes();
    if is_email(token) {
        Some("<email>")
    } else if is_ipv4(token) || is_ipv6(bytes) {
        Some("<address>")
    } else if is_time(bytes) {
        Some("<time>")
    } else {
        None
    }
}

fn is_email(token: &str) -> bool {
    let Some((name, host)) = token.split_once('@') else {
        return false;
    };
    let Some((_, top)) = host.rsplit_once('.') else {
        return false;
    };
    !name.is_empty()
        && top.len() > 1
        && top.bytes().all(|byte| byte.is_ascii_alphabetic())
        && host
            .bytes()
            .all(|byte| is_letter_or_digit(byte) || matches!(byte, b'.' | b'-'))
        && name
            .bytes()
            .all(|byte| is_letter_or_digit(byte) || b".!#$%&*+-/?^_{|}~".contains(&byte))
}

/// `10.0.0.1`, with a port or the length of a network.
fn is_ipv4(token: &str) -> bool {
    let host = token.split([':', '/']).next().unwrap_or(token);
    let rest = &token[host.len()..];
    let rest = rest.strip_prefix([':', '/']).unwrap_or(rest);
    let mut parts = 0;
    let is_host = host.split('.').all(|part| {
        parts += 1;
        (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    });
    is_host && parts == 4 && rest.bytes().all(|byte| byte.is_ascii_digit())
}

/// IPv6 and hardware addresses: pairs of hexadecimal digits and at least five colons, or two in a row.
fn is_ipv6(token: &[u8]) -> bool {
    let colons = memchr::memchr_iter(b':', token).count();
    (colons >= 5 || memchr::memmem::find(token, b"::").is_some())
        && token.iter().any(u8::is_ascii_digit)
        && token
            .iter()
            .all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.' | b'%' | b'/'))
}

/// Dates and times of day in figures: `2024-01-02T03:04:05.678Z`, `01/02/2024`, `12:30`.
fn is_time(token: &[u8]) -> bool {
    let count = |signs: &[u8]| token.iter().filter(|byte| signs.contains(byte)).count();
    let begins = token.first().is_some_and(u8::is_ascii_digit);
    let ends = token
        .last()
        .is_some_and(|last| last.is_ascii_digit() || *last == b'Z');
    begins
        && ends
        && token
            .iter()
            .all(|byte| byte.is_ascii_digit() || b".TZ+-/:".contains(byte))
        && (count(b":") > 0 || count(b"-/") > 1)
}

/// A URL may hold brackets and commas; what a sentence puts behind it is not part of it.
pub(super) fn url_end(bytes: &[u8], start: usize, token_end: usize) -> usize {
    let stops =
        |byte: &&u8| !byte.is_ascii_whitespace() && !matches!(byte, b'"' | b'\'' | b'`' | b'<' | b'>');
    let end = token_end + bytes[token_end..].iter().take_while(stops).count();
    let is_behind = |byte: &&u8| matches!(byte, b'.' | b',' | b';' | b':' | b'!' | b'?' | b')' | b']' | b'}');
    end - bytes[start..end].iter().rev().take_while(is_behind).count()
}

/// Where a number ends: `1.5`, `1,234,567`, `1_000` and `3e8` are one each.
pub(super) fn number_end(bytes: &[u8], start: usize) -> usize {
    let mut end = start;
    loop {
        end += bytes[end..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        match bytes[end..] {
            [b'.' | b',' | b'_', next, ..] if next.is_ascii_digit() => end += 1,
            _ => return end,
        }
    }
}

pub(super) fn is_uuid(bytes: Option<&[u8]>) -> bool {
    let fits = |(at, byte): (usize, &u8)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    bytes.is_some_and(|bytes| bytes.iter().enumerate().all(fits))
}

/// `0x7ffe12`, or enough hexadecimal digits with a decimal one among them.
pub(super) fn is_hex(word: &[u8]) -> bool {
    if let [b'0', b'x' | b'X', rest @ ..] = word {
        return !rest.is_empty() && rest.iter().all(u8::is_ascii_hexdigit);
    }
    word.len() >= HEX_MIN_BYTES && word.iter().all(u8::is_ascii_hexdigit)
}
