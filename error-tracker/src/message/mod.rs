//! The normal form of a message: what varies from one occurrence to the next becomes a placeholder.
//!
//! It groups reports that have no stack frame. One pass over the bytes; a normal form is its own normal form,
//! so a message that a client already cleaned groups with one that it did not.

mod varying;

use self::varying::{is_hex, is_uuid, number_end, url_end, whole_token};

/// All that a varying part can become. Numbers and hexadecimal ids are one: an id of digits only is both.
const PLACEHOLDERS: [&str; 8] = [
    "<n>",
    "<id>",
    "<uuid>",
    "<text>",
    "<email>",
    "<address>",
    "<url>",
    "<time>",
];

const QUOTES: [u8; 3] = [b'"', b'\'', b'`'];

/// Shortest word of letters and digits that is an id, such as a ULID, a key or a random name.
const ID_MIN_BYTES: usize = 16;

/// Digits such a word needs.
const ID_MIN_DIGITS: usize = 3;

/// Rewrites a message so that occurrences of one error read the same.
pub(crate) fn normal_form(message: &str) -> String {
    let message = message.trim();
    let mut writer = Writer {
        text: message,
        at: 0,
        normal: String::with_capacity(message.len()),
        unclosed: [false; 3],
    };
    while writer.at < message.len() {
        writer.step();
    }
    writer.normal
}

struct Writer<'a> {
    text: &'a str,
    at: usize,
    normal: String,
    /// Quote marks that are known to have no closing one ahead. It keeps the walk linear.
    unclosed: [bool; 3],
}

impl Writer<'_> {
    fn step(&mut self) {
        let bytes = self.text.as_bytes();
        let byte = bytes[self.at];
        if byte.is_ascii_whitespace() {
            // Padding varies with the width of numbers.
            if !self.normal.ends_with(' ') {
                self.normal.push(' ');
            }
            self.at += 1;
        } else if let Some(end) = self.quoted_end(byte) {
            self.put("<text>", end);
        } else if is_delimiter(byte) && placeholder_at(&bytes[self.at..]).is_none() {
            // Delimiters are ASCII, so this is a whole character.
            self.copy(self.at + 1);
        } else {
            self.token();
        }
    }

    /// Where the quoted text that begins here ends.
    fn quoted_end(&mut self, quote: u8) -> Option<usize> {
        let kind = QUOTES.iter().position(|mark| *mark == quote)?;
        let bytes = self.text.as_bytes();
        // An apostrophe inside or after a word opens nothing.
        if self.unclosed[kind] || self.at > 0 && is_word_like(bytes[self.at - 1]) {
            return None;
        }
        let mut from = self.at + 1;
        while let Some(found) = memchr::memchr(quote, &bytes[from..]) {
            let end = from + found + 1;
            if !bytes.get(end).copied().is_some_and(is_word_like) {
                return Some(end);
            }
            from = end;
        }
        self.unclosed[kind] = true;
        None
    }

    /// Writes a run of characters without white space, quotes and brackets.
    fn token(&mut self) {
        let bytes = self.text.as_bytes();
        let mut end = self.at;
        let mut is_pure = true;
        while end < bytes.len() {
            if let Some(length) = placeholder_at(&bytes[end..]) {
                is_pure = false;
                end += length;
            } else if is_delimiter(bytes[end]) {
                break;
            } else {
                end += 1;
            }
        }
        // A token that holds a placeholder has been here before; only what is left in it is rewritten.
        if is_pure {
            if self.text[self.at..end].contains("://") {
                return self.put("<url>", url_end(bytes, self.at, end));
            }
            // A full stop or a colon after an address belongs to the sentence.
            let trimmed = self.text[self.at..end].trim_end_matches(['.', ':', '!', '?']);
            if let Some(placeholder) = whole_token(trimmed) {
                return self.put(placeholder, self.at + trimmed.len());
            }
        }
        while self.at < end {
            self.word(end);
        }
    }

    /// Writes the next word, number, id or sign of a token that ends at `token_end`.
    fn word(&mut self, token_end: usize) {
        let bytes = &self.text.as_bytes()[..token_end];
        let start = self.at;
        if let Some(length) = placeholder_at(&bytes[start..]) {
            return self.copy(start + length);
        }
        if !is_letter_or_digit(bytes[start]) {
            return self.copy(start + 1);
        }
        if is_uuid(bytes.get(start..start + 36))
            && !bytes.get(start + 36).copied().is_some_and(is_letter_or_digit)
        {
            return self.put("<uuid>", start + 36);
        }
        let length = bytes[start..]
            .iter()
            .take_while(|byte| is_letter_or_digit(**byte))
            .count();
        let word = &bytes[start..start + length];
        let digits = word.iter().filter(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            self.copy(start + length);
        } else if digits == length {
            self.put("<n>", number_end(self.text.as_bytes(), start));
        } else if is_hex(word) {
            self.put("<n>", start + length);
        } else if length >= ID_MIN_BYTES && digits >= ID_MIN_DIGITS && word.is_ascii() {
            self.put("<id>", start + length);
        } else {
            self.mixed(start + length);
        }
    }

    /// Writes a word such as `worker12`, whose letters stay.
    fn mixed(&mut self, end: usize) {
        let bytes = self.text.as_bytes();
        while self.at < end {
            let is_digit = bytes[self.at].is_ascii_digit();
            let same = |byte: &&u8| byte.is_ascii_digit() == is_digit;
            let length = bytes[self.at..end].iter().take_while(same).count();
            match is_digit {
                // The last number of a word may go on behind it: `v1.2`.
                true if self.at + length == end => self.put("<n>", number_end(bytes, self.at)),
                true => self.put("<n>", self.at + length),
                false => self.copy(self.at + length),
            }
        }
    }

    fn put(&mut self, placeholder: &str, end: usize) {
        self.normal.push_str(placeholder);
        self.at = end;
    }

    fn copy(&mut self, end: usize) {
        self.normal.push_str(&self.text[self.at..end]);
        self.at = end;
    }
}

/// The length of the placeholder that begins here.
fn placeholder_at(bytes: &[u8]) -> Option<usize> {
    if bytes.first() != Some(&b'<') {
        return None;
    }
    PLACEHOLDERS
        .iter()
        .find(|placeholder| bytes.starts_with(placeholder.as_bytes()))
        .map(|found| found.len())
}

/// Letters of any script; bytes beyond ASCII are taken for letters.
fn is_letter_or_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || !byte.is_ascii()
}

/// What makes a quote mark next to it an apostrophe. A placeholder stands for a word.
fn is_word_like(byte: u8) -> bool {
    is_letter_or_digit(byte) || matches!(byte, b'<' | b'>')
}

fn is_delimiter(byte: u8) -> bool {
    byte.is_ascii_whitespace() || b"\"'`()[]{}<>,;=|".contains(&byte)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_varies_becomes_a_placeholder() {
        for (message, normal) in [
            ("", ""),
            ("  user   42\tnot found \n", "user <n> not found"),
            (
                "took 1.5s, read 1,234 of 3e8 rows at -7%",
                "took <n>s, read <n> of <n>e<n> rows at -<n>%",
            ),
            ("worker12 on db-3.internal", "worker<n> on db-<n>.internal"),
            ("object at 0x7f3a, commit 3f2a9c1b", "object at <n>, commit <n>"),
            (
                "order 550e8400-e29b-41d4-a716-446655440000 lost",
                "order <uuid> lost",
            ),
            ("/users/550E8400-E29B-41D4-A716-446655440000/x", "/users/<uuid>/x"),
            ("key 01ARZ3NDEKTSV4RRFFQ69G5FAV", "key <id>"),
            ("no column \"name\" in 'users'", "no column <text> in <text>"),
            ("it's the users' fault", "it's the users' fault"),
            ("mail to ann.b+c@mail.example.com.", "mail to <email>."),
            (
                "connect to 10.0.0.1:5432: refused by fe80::1",
                "connect to <address>: refused by <address>",
            ),
            ("GET https://x.test/a?b=1,2 (404).", "GET <url> (<n>)."),
            ("see (https://x.test/a).", "see (<url>)."),
            (
                "at 2024-01-02T03:04:05.678Z and 2024-01-02 03:04:05,678",
                "at <time> and <time> <time>,<n>",
            ),
            ("Größe 5 überschritten", "Größe <n> überschritten"),
            ("std::fs and a::b", "std::fs and a::b"),
            ("\u{a0}\u{b}from ann@example.com\u{b}\u{a0}", "from <email>"),
        ] {
            assert_eq!(normal_form(message), normal, "{message}");
            assert_eq!(normal_form(normal), normal, "{normal}");
        }
    }

    #[test]
    fn long_and_odd_messages_take_linear_time() {
        for unit in [
            "'a ",
            "\"a",
            "`",
            "://",
            "a@",
            "<",
            "1.",
            "::",
            "<n",
            "\u{202e}'",
            "\0",
            "0x",
        ] {
            let normal = normal_form(&unit.repeat(1 << 14));
            assert_eq!(normal_form(&normal), normal, "{unit}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn a_normal_form_is_its_own(message in "[ -~\n]{0,60}|\\PC{0,40}|([0-9a-f'\"<>:./@-]|<n>|<text>|http://| ){0,30}") {
            let normal = normal_form(&message);
            prop_assert_eq!(normal_form(&normal), normal);
        }

        #[test]
        fn numbers_and_ids_do_not_matter(
            words in "[g-z]{1,8}( [g-z]{1,8}){0,3}", a in any::<u64>(), b in any::<u64>(), c in any::<u128>(), d in any::<u128>(),
        ) {
            let uuid = |value: u128| {
                let hex = format!("{value:032x}");
                [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
            };

            prop_assert_eq!(normal_form(&format!("{words} {a}")), normal_form(&format!("{words} {b}")));
            prop_assert_eq!(
                normal_form(&format!("{words}={} failed", uuid(c))),
                normal_form(&format!("{words}={} failed", uuid(d)))
            );
        }
    }
}
