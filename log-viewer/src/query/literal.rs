//! What a term looks for: a text, and at which of its ends a word may go on.

use super::tokens::{self, Kind, Runs, TOKEN_BYTES};

/// A text in lower case, runs of blanks as one space.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Literal {
    pub(super) text: String,
    /// `*suffix`: the first word may begin earlier.
    pub(super) open_left: bool,
    /// `prefix*`: the last word may go on.
    pub(super) open_right: bool,
}

impl Literal {
    /// The text as it is, stars and all.
    pub(super) fn exact(text: &str) -> Self {
        let words: Vec<&str> = text.split_whitespace().collect();
        Self {
            text: tokens::lowered(&words.join(" ")),
            open_left: false,
            open_right: false,
        }
    }

    /// A text whose outer stars mean "goes on"; stars alone are text.
    pub(super) fn starred(text: &str) -> Self {
        let inner = text.trim_matches('*');
        if inner.is_empty() {
            return Self::exact(text);
        }
        Self {
            open_left: text.starts_with('*'),
            open_right: text.ends_with('*'),
            ..Self::exact(inner)
        }
    }

    /// The text if it is a word, or two words, that are found if and only if the list of frequent tokens says so: see
    /// [`crate::words`].
    pub(super) fn as_listed(&self) -> Option<&str> {
        let is_word = |word: &str| {
            !word.is_empty()
                && word.len() < TOKEN_BYTES
                && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        let is_listed = match self.text.split_once(' ') {
            Some((first, second)) => is_word(first) && is_word(second),
            None => is_word(&self.text),
        };
        (is_listed && !self.open_left && !self.open_right).then_some(&*self.text)
    }

    /// The runs of token characters, and for each whether it may begin earlier or go on in a text that matches.
    pub(super) fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        Runs::new(&self.text).map(|run| Part {
            is_open_left: self.open_left && run.range.start == 0,
            is_open_right: self.open_right && run.range.end == self.text.len(),
            is_cjk: run.kind == Kind::Cjk,
            text: &self.text[run.range],
        })
    }
}

/// A run of token characters of a literal.
pub(super) struct Part<'a> {
    pub(super) text: &'a str,
    pub(super) is_cjk: bool,
    pub(super) is_open_left: bool,
    pub(super) is_open_right: bool,
}
