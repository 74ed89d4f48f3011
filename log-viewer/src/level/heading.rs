//! Levels as words in the heading of a line: `[error]`, `12:00:00 WARN`, `warning: …`.
//!
//! The further a word is from what loggers write, the less it may be in lower case and the fewer words may stand before it.

use super::name;
use crate::entry::Level;

/// How far a heading reaches. Thread and logger names can be long.
const HEADING_BYTES: usize = 160;

/// More ordinary words than this before a level, and the line is a sentence.
const MAX_WORDS_BEFORE: usize = 4;

/// Where the heading names a level, and which.
pub(super) fn find(line: &[u8]) -> Option<(usize, Level)> {
    let mut heading = Heading {
        line: &line[..line.len().min(HEADING_BYTES)],
        words: 0,
        has_clock: false,
        bracket: None,
    };
    let mut at = 0;
    while let Some(&byte) = heading.line.get(at) {
        if byte.is_ascii_alphabetic() {
            let end = run_end(heading.line, at, u8::is_ascii_alphabetic);
            let word = Word { begin: at, end };
            if let Some(level) = heading.judge(word) {
                return Some((at, level));
            }
            heading.count(word);
            if heading.words > MAX_WORDS_BEFORE {
                return None;
            }
            at = end;
        } else if byte.is_ascii_digit() {
            let end = run_end(heading.line, at, u8::is_ascii_digit);
            if heading.is_clock(at, end) {
                heading.has_clock = true;
                // What came before was the date.
                heading.words = 0;
            }
            at = end;
        } else {
            match byte {
                // Quoted text is what the line is about.
                b'"' if at > 0 => return None,
                b'[' => heading.bracket = Some(at),
                b']' => heading.bracket = None,
                _ => {}
            }
            at += 1;
        }
    }
    None
}

struct Heading<'a> {
    line: &'a [u8],
    /// Ordinary words so far, outside brackets and after the clock.
    words: usize,
    has_clock: bool,
    /// Where the open bracket stands.
    bracket: Option<usize>,
}

/// A run of ASCII letters.
#[derive(Clone, Copy)]
struct Word {
    begin: usize,
    end: usize,
}

impl Heading<'_> {
    /// The level that a word names where it stands.
    fn judge(&self, word: Word) -> Option<Level> {
        let letters = &self.line[word.begin..word.end];
        let before = word.begin.checked_sub(1).map(|at| self.line[at]);
        let after = self.line.get(word.end).copied();
        if let [letter] = letters {
            return self.judge_letter(*letter, word, after);
        }
        // Most words are no level: let the length tell before anything else.
        if !(3..=13).contains(&letters.len()) || is_word_part(before) || is_word_part(after) {
            return None;
        }
        let level = name(letters)?;
        if self.is_bracketed(word) {
            return Some(level);
        }
        let is_upper = letters.iter().all(u8::is_ascii_uppercase);
        // Monolog: `app.ERROR: …`.
        if before == Some(b'.') && after == Some(b':') && is_upper && self.words <= 1 {
            return Some(level);
        }
        let opens = before.is_none_or(|byte| {
            byte.is_ascii_whitespace()
                || matches!(byte, b'[' | b'(' | b'|' | b'<' | b'>' | b'*' | b'"')
                || byte >= 0x80
        });
        if !opens || self.line[..word.begin].ends_with(b" 0 ") || self.line[..word.begin] == *b"0 " {
            return None;
        }
        let is_in_place = if after == Some(b':') {
            is_upper || self.may_be_lower_before_colon(word)
        } else if is_upper {
            self.may_be_bare(letters, after)
        } else {
            self.words == 0 && self.may_be_lower(word.end, after)
        };
        // Go's `panic:` ends one goroutine or the process; either way it is an error like other exceptions.
        let level = if letters == b"panic" { Level::Error } else { level };
        is_in_place.then_some(level)
    }

    /// `[E]`, and `[E 240301 12:00:00 …` as tornado writes it.
    fn judge_letter(&self, letter: u8, word: Word, after: Option<u8>) -> Option<Level> {
        let opens = self.bracket.is_some_and(|at| at + 1 == word.begin);
        let closes = match after? {
            b']' => true,
            b' ' => self.line.get(word.end + 1).is_some_and(u8::is_ascii_digit),
            _ => false,
        };
        (opens && closes).then(|| super::letter(letter)).flatten()
    }

    /// `[error]`, `[ WARN ]`, `[core:error]`, `[12:00:00 inf]`.
    fn is_bracketed(&self, word: Word) -> bool {
        let Some(bracket) = self.bracket else {
            return false;
        };
        let rest = self.line[word.end..].trim_ascii_start();
        let inside = &self.line[bracket + 1..word.begin];
        let is_module = |inside: &[u8]| inside.ends_with(b":") && !inside.contains(&b' ');
        rest.first() == Some(&b']')
            && (inside.trim_ascii().is_empty()
                || is_module(inside)
                || inside.first().is_some_and(u8::is_ascii_digit) && inside.ends_with(b" "))
    }

    /// `error: …` at the line's start or after its time, and `program: error: …`.
    fn may_be_lower_before_colon(&self, word: Word) -> bool {
        let ends = self.line.get(word.end + 1).is_none_or(u8::is_ascii_whitespace);
        let before = &self.line[..word.begin];
        ends && (self.words == 0 || self.words == 1 && before.ends_with(b": "))
    }

    /// A word in capitals that no colon follows.
    fn may_be_bare(&self, letters: &[u8], after: Option<u8>) -> bool {
        let ends = after.is_none_or(|byte| {
            byte.is_ascii_whitespace()
                || matches!(byte, b']' | b')' | b'|' | b'>' | b',' | b'/' | b'!' | b'*')
        });
        // In capitals, these are often something else.
        let is_ambiguous = matches!(
            letters,
            b"LOG" | b"NOTE" | b"FINE" | b"SUCCESS" | b"ALERT" | b"FAIL" | b"VERBOSE"
        );
        ends && (self.words == 0 || !is_ambiguous)
    }

    /// `12:00:00 info …`; without a time only where it stands as in a table: `warn  - …`.
    fn may_be_lower(&self, end: usize, after: Option<u8>) -> bool {
        let rest = &self.line[end..];
        let is_column = [&b"  "[..], b" -", b" |", b"\t"]
            .iter()
            .any(|mark| rest.starts_with(mark));
        if self.has_clock {
            after.is_none_or(|byte| byte.is_ascii_whitespace() || byte == b'|')
        } else {
            is_column
        }
    }

    fn count(&mut self, word: Word) {
        let starts_token = word
            .begin
            .checked_sub(1)
            .is_none_or(|at| self.line[at].is_ascii_whitespace() || matches!(self.line[at], b'(' | b'"'));
        let letters = &self.line[word.begin..word.end];
        let is_zone = self.has_clock && matches!(letters, b"UTC" | b"GMT" | b"AM" | b"PM" | b"CET" | b"CEST");
        if starts_token && self.bracket.is_none() && !is_zone {
            self.words += 1;
        }
    }

    /// Whether the digits are the hours of a time, or a Unix time. The port of an address is neither.
    fn is_clock(&self, begin: usize, end: usize) -> bool {
        let before = begin.checked_sub(1).map(|at| self.line[at]);
        let stands_alone = before.is_none_or(|byte| byte.is_ascii_whitespace() || byte == b'[');
        match end - begin {
            1 | 2 => {
                let is_minutes = |rest: &[u8]| {
                    matches!(rest, [b':', m1, m2, ..] if m1.is_ascii_digit() && m2.is_ascii_digit())
                        && !rest.get(3).is_some_and(u8::is_ascii_digit)
                };
                (stands_alone || matches!(before, Some(b'T' | b':' | b'-'))) && is_minutes(&self.line[end..])
            }
            10 | 13 => stands_alone,
            _ => false,
        }
    }
}

fn run_end(line: &[u8], from: usize, is_in: fn(&u8) -> bool) -> usize {
    line[from..]
        .iter()
        .position(|byte| !is_in(byte))
        .map_or(line.len(), |length| from + length)
}

fn is_word_part(byte: Option<u8>) -> bool {
    byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
