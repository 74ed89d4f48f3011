//! Cuts a text into the tokens of the index. The matcher judges boundaries by the same rules, from here.
//!
//! A token is a run of letters and digits, in lower case. Chinese, Japanese and Korean are written without gaps, so their
//! runs become pairs of neighbours instead, and the last character alone.

use std::ops::Range;

/// Longer tokens are cut to this many bytes.
pub(crate) const TOKEN_BYTES: usize = 64;

/// Each byte in lower case if it is part of a token; `SEPARATOR` if it is not, `WIDE` if it is not ASCII.
const CLASS: [u8; 256] = classes();
const SEPARATOR: u8 = 0;
const WIDE: u8 = 0xff;

const fn classes() -> [u8; 256] {
    let mut classes = [SEPARATOR; 256];
    let mut byte = 0_u8;
    loop {
        classes[byte as usize] = match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => byte.to_ascii_lowercase(),
            0x80.. => WIDE,
            _ => SEPARATOR,
        };
        if byte == u8::MAX {
            return classes;
        }
        byte += 1;
    }
}

/// Calls `emit` with each token of a text that has no escape sequences.
#[cfg(test)]
pub(crate) fn for_each_token(text: &str, emit: &mut impl FnMut(&str)) {
    for_each_place(text, &mut |token, _| emit(token));
}

/// Calls `emit` with each token of a text that has no escape sequences, and where it stands. Of scripts without gaps it stands nowhere: their tokens are no words.
pub(crate) fn for_each_place(text: &str, emit: &mut impl FnMut(&str, Option<Range<usize>>)) {
    for run in Runs::new(text) {
        let word = &text[run.range.clone()];
        match run.kind {
            Kind::Cjk => {
                for_each_pair(word, &mut |token| emit(token, None));
                continue;
            }
            Kind::Lower => emit(&word[..word.len().min(TOKEN_BYTES)], Some(run.range.clone())),
            Kind::Word => emit_word(word, &mut |token| emit(token, Some(run.range.clone()))),
        }
        if run.range.start > 0
            && text.as_bytes()[run.range.start - 1] == b'\\'
            && let Some(escape) = escape_bytes(word.as_bytes())
            && escape < word.len()
        {
            let behind = run.range.start + escape..run.range.end;
            emit_word(&word[escape..], &mut |token| emit(token, Some(behind.clone())));
        }
    }
}

/// A run of characters of a token.
pub(super) struct Run {
    pub(super) range: Range<usize>,
    pub(super) kind: Kind,
}

/// What a run consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// ASCII that is in lower case already, as most of all logs is.
    Lower,
    /// Any letters and digits of scripts that put gaps between words.
    Word,
    /// Chinese, Japanese, Korean.
    Cjk,
}

/// The runs of a text.
pub(super) struct Runs<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Runs<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The run from `begin`, where a character of a token stands that is not ASCII, or where ASCII ends in one.
    fn wide(&mut self, begin: usize) -> Run {
        let rest = &self.text[begin..];
        let is_cjk_run = rest.chars().next().is_some_and(is_cjk);
        let length = rest
            .char_indices()
            .find(|(_, letter)| !letter.is_alphanumeric() || is_cjk(*letter) != is_cjk_run)
            .map_or(rest.len(), |(at, _)| at);
        self.at = begin + length;
        Run {
            range: begin..self.at,
            kind: if is_cjk_run { Kind::Cjk } else { Kind::Word },
        }
    }
}

impl Iterator for Runs<'_> {
    type Item = Run;

    #[inline]
    fn next(&mut self) -> Option<Run> {
        let bytes = self.text.as_bytes();
        loop {
            match CLASS[usize::from(*bytes.get(self.at)?)] {
                SEPARATOR => self.at += 1,
                WIDE => {
                    let letter = self.text[self.at..].chars().next()?;
                    if letter.is_alphanumeric() {
                        return Some(self.wide(self.at));
                    }
                    self.at += letter.len_utf8();
                }
                _ => break,
            }
        }
        let begin = self.at;
        let mut changed = 0;
        let mut end = begin;
        while let Some(&byte) = bytes.get(end) {
            match CLASS[usize::from(byte)] {
                SEPARATOR => break,
                WIDE => return Some(self.wide(begin)),
                lower => changed |= lower ^ byte,
            }
            end += 1;
        }
        self.at = end;
        Some(Run {
            range: begin..end,
            kind: if changed == 0 { Kind::Lower } else { Kind::Word },
        })
    }
}

/// A word as a token: in lower case, and cut.
pub(super) fn emit_word(word: &str, emit: &mut impl FnMut(&str)) {
    let mut buffer = [0_u8; TOKEN_BYTES];
    let bytes = word.as_bytes();
    if bytes.is_ascii() {
        let bytes = &bytes[..bytes.len().min(TOKEN_BYTES)];
        for (lower, byte) in buffer.iter_mut().zip(bytes) {
            *lower = byte.to_ascii_lowercase();
        }
        return emit(as_text(&buffer[..bytes.len()]));
    }
    let mut filled = 0;
    for letter in word.chars().map(lower) {
        let Some(free) = buffer[filled..].get_mut(..letter.len_utf8()) else {
            break;
        };
        letter.encode_utf8(free);
        filled += letter.len_utf8();
    }
    emit(as_text(&buffer[..filled]));
}

fn as_text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("whole characters were written")
}

/// The neighbours of a run without gaps, then its last character.
fn for_each_pair(run: &str, emit: &mut impl FnMut(&str)) {
    let mut begin = 0;
    for (at, letter) in run.char_indices() {
        if at > 0 {
            emit(&run[begin..at + letter.len_utf8()]);
        }
        begin = at;
    }
    emit(&run[begin..]);
}

/// How much of a word that follows a backslash is an escape of JSON: `n` in `\nCaused`, `u003c` in `\u003chtml`.
///
/// In any case, because the matcher may look at text in lower case. The name of a file that happens to look so is a token
/// with and without it.
pub(super) fn escape_bytes(word: &[u8]) -> Option<usize> {
    match word {
        [
            b'n' | b'r' | b't' | b'b' | b'f' | b'N' | b'R' | b'T' | b'B' | b'F',
            ..,
        ] => Some(1),
        [b'u' | b'U', code @ ..] if code.len() >= 4 && code[..4].iter().all(u8::is_ascii_hexdigit) => Some(5),
        _ => None,
    }
}

/// One character in lower case, as one character. What would turn into ASCII (the Kelvin sign, the dotted capital I) stays,
/// so that a needle in ASCII can be looked for byte by byte.
pub(super) fn lower(letter: char) -> char {
    if letter.is_ascii() {
        return letter.to_ascii_lowercase();
    }
    let mut lower = letter.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(lower), None) if !lower.is_ascii() => lower,
        _ => letter,
    }
}

/// A text in lower case.
pub(super) fn lowered(text: &str) -> String {
    text.chars().map(lower).collect()
}

/// Whether a character belongs to a word that has to be met whole.
pub(super) fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() && !is_cjk(letter)
}

/// Han, Hiragana, Katakana and Hangul. Punctuation among them is for `is_alphanumeric` to tell.
pub(super) fn is_cjk(letter: char) -> bool {
    matches!(letter,
        '\u{1100}'..='\u{11ff}'
        | '\u{2e80}'..='\u{2fdf}'
        | '\u{3005}'..='\u{3007}'
        | '\u{3021}'..='\u{30ff}'
        | '\u{3130}'..='\u{318f}'
        | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{a960}'..='\u{a97f}'
        | '\u{ac00}'..='\u{d7ff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{ff66}'..='\u{ffdc}'
        | '\u{1b000}'..='\u{1b16f}'
        | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tokens(text: &str) -> Vec<String> {
        let mut tokens = Vec::new();
        for_each_token(text, &mut |token| tokens.push(token.to_owned()));
        tokens
    }

    #[test]
    fn a_text_is_cut_at_everything_that_is_no_letter_or_digit() {
        for (text, expected) in [
            ("GET /api/v1?id=7", &["get", "api", "v1", "id", "7"][..]),
            ("user_id=A-b", &["user", "id", "a", "b"]),
            ("", &[]),
            ("--- \u{0}\u{e000}\u{f8ff} 🦀", &[]),
            ("Größe ÉTÉ naïve", &["größe", "été", "naïve"]),
            ("x\u{e001}y", &["x", "y"]),
            ("abcÖ", &["abcö"]),
            ("错误信息", &["错误", "误信", "信息", "息"]),
            ("错", &["错"]),
            ("error错误abc", &["error", "错误", "误", "abc"]),
            ("テスト、ok", &["テス", "スト", "ト", "ok"]),
            (r"at\nCaused by", &["at", "ncaused", "caused", "by"]),
            (r"\u003chtml\n", &["u003chtml", "html", "n"]),
            ("\u{130}x \u{212a}", &["\u{130}x", "\u{212a}"]),
        ] {
            assert_eq!(tokens(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_long_token_is_cut_between_characters() {
        let narrow = "A".repeat(100);
        let wide = format!("x{}", "ö".repeat(100));

        assert_eq!(tokens(&narrow), ["a".repeat(64)]);
        assert_eq!(tokens(&wide), [format!("x{}", "ö".repeat(31))]);
    }

    #[test]
    fn lower_case_changes_no_boundary() {
        for letter in (0..=u32::from(char::MAX)).filter_map(char::from_u32) {
            let low = lower(letter);

            assert_eq!(letter.is_alphanumeric(), low.is_alphanumeric(), "{letter:?}");
            assert_eq!(is_cjk(letter), is_cjk(low), "{letter:?}");
            assert_eq!(letter.is_whitespace(), low.is_whitespace(), "{letter:?}");
            assert_eq!(letter.is_ascii(), low.is_ascii(), "{letter:?}");
            assert_eq!(lower(low), low, "{letter:?}");
        }
    }

    proptest! {
        #[test]
        fn tokens_are_short_and_hold_no_separator(text in any::<String>()) {
            for token in tokens(&text) {
                prop_assert!(!token.is_empty() && token.len() <= TOKEN_BYTES);
                prop_assert!(token.chars().all(|letter| letter.is_alphanumeric() && lower(letter) == letter));
            }
        }

        #[test]
        fn the_case_of_a_text_does_not_matter(text in any::<String>()) {
            prop_assert_eq!(tokens(&text), tokens(&lowered(&text)));
        }
    }
}
