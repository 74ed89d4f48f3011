//! Finds one literal in a text, with its word boundaries.

use memchr::memmem::Finder;

use super::Text;
use super::literal::Literal;
use super::needle::Needle;
use super::tokens;

/// A literal, ready to be found.
#[derive(Debug, Clone)]
pub(super) struct Term {
    /// The words of the literal; any run of blanks may stand between them.
    pieces: Vec<Piece>,
    /// Something is not ASCII, so the text has to be in lower case.
    is_wide: bool,
    is_bounded_left: bool,
    is_bounded_right: bool,
}

#[derive(Debug, Clone)]
enum Piece {
    Narrow(Needle),
    Wide(Box<Finder<'static>>),
}

impl Term {
    pub(super) fn new(literal: &Literal) -> Self {
        let pieces: Vec<Piece> = literal.text.split(' ').map(Piece::new).collect();
        let text = &literal.text;
        Self {
            is_wide: !text.is_ascii(),
            is_bounded_left: !literal.open_left && text.chars().next().is_some_and(tokens::is_word),
            is_bounded_right: !literal.open_right && text.chars().next_back().is_some_and(tokens::is_word),
            pieces,
        }
    }

    pub(super) fn matches(&self, text: &Text<'_>) -> bool {
        let text = if self.is_wide { text.lowered() } else { text.raw };
        let Some((first, rest)) = self.pieces.split_first() else {
            return true;
        };
        let mut from = 0;
        while let Some(begin) = first.find(text, from) {
            if (!self.is_bounded_left || begins_word(text, begin))
                && end_of(rest, text, begin + first.len())
                    .is_some_and(|end| !self.is_bounded_right || ends_word(text, end))
            {
                return true;
            }
            from = begin + 1;
        }
        false
    }

    /// The ASCII piece that is best to look for.
    pub(super) fn anchor(&self) -> Option<&Needle> {
        self.pieces
            .iter()
            .filter_map(|piece| match piece {
                Piece::Narrow(needle) => Some(needle),
                Piece::Wide(_) => None,
            })
            .min_by_key(|needle| needle.cost())
    }
}

impl Piece {
    fn new(text: &str) -> Self {
        if text.is_ascii() {
            Self::Narrow(Needle::new(text))
        } else {
            Self::Wide(Box::new(Finder::new(text).into_owned()))
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Narrow(needle) => needle.len(),
            Self::Wide(finder) => finder.needle().len(),
        }
    }

    fn find(&self, text: &str, from: usize) -> Option<usize> {
        match self {
            Self::Narrow(needle) => needle.find(text.as_bytes(), from),
            Self::Wide(finder) => finder.find(text.as_bytes().get(from..)?).map(|at| from + at),
        }
    }

    fn is_at(&self, text: &str, at: usize) -> bool {
        match self {
            Self::Narrow(needle) => needle.is_at(text.as_bytes(), at),
            Self::Wide(finder) => text.as_bytes()[at..].starts_with(finder.needle()),
        }
    }
}

/// Where the other pieces end if they follow, each behind some blanks.
fn end_of(pieces: &[Piece], text: &str, mut at: usize) -> Option<usize> {
    for piece in pieces {
        let rest = text.get(at..)?;
        let blanks = rest.len() - rest.trim_start().len();
        at += blanks;
        if blanks == 0 || !piece.is_at(text, at) {
            return None;
        }
        at += piece.len();
    }
    Some(at)
}

/// Whether a word may begin here. It may behind an escape of JSON too, as the tokens have it.
fn begins_word(text: &str, at: usize) -> bool {
    let before = &text[..at];
    if !before.chars().next_back().is_some_and(tokens::is_word) {
        return true;
    }
    let before = before.as_bytes();
    [1, 5].into_iter().any(|length| {
        let escape = before
            .len()
            .checked_sub(length)
            .map(|begin| before.split_at(begin));
        escape.is_some_and(|(before, escape)| {
            before.ends_with(b"\\") && tokens::escape_bytes(escape) == Some(length)
        })
    })
}

fn ends_word(text: &str, at: usize) -> bool {
    !text[at..].chars().next().is_some_and(tokens::is_word)
}
