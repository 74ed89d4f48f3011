//! The search language: what a person types, made into something that finds entries.
//!
//! `parse` reads it, `literal` is what is looked for, `matcher` decides about one entry, `need` tells the index which blocks
//! can be left out, and `needle` finds the places in a block that are worth a look. All of them see texts without escape
//! sequences, and none of them fails: what is no operator in its place is text.

mod literal;
mod matcher;
mod need;
mod needle;
mod parse;
mod term;
pub(crate) mod tokens;

use std::cell::OnceCell;

pub(crate) use self::need::Need;
use self::needle::Needle;
use self::parse::Expr;

/// A search, ready to run.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    matcher: matcher::Node,
    need: Need,
    anchor: Option<Anchor>,
    listed: Vec<String>,
    is_empty: bool,
}

impl Query {
    /// Reads any text; there is no wrong one.
    pub(crate) fn parse(text: &str) -> Self {
        let expr = parse::parse(text);
        let matcher = matcher::Node::new(&expr);
        Self {
            need: need::of(&expr),
            anchor: matcher.anchor().cloned().map(Anchor),
            listed: listed(&expr).unwrap_or_default(),
            is_empty: matches!(&expr, Expr::All(parts) if parts.is_empty()),
            matcher,
        }
    }

    /// Whether nothing is looked for, so every entry matches.
    pub(crate) fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// Whether an entry's text matches.
    pub(crate) fn matches(&self, text: &str) -> bool {
        self.matcher.matches(&Text::new(text))
    }

    /// The words and pairs of words, if the query is nothing but those and all must be there. An entry then matches if and
    /// only if it has each word among its tokens, and the words of each pair one after the other with blanks between.
    pub(crate) fn listed_only(&self) -> Option<&[String]> {
        (!self.listed.is_empty()).then_some(&*self.listed)
    }

    /// What the tokens of a block must hold so that an entry in it may match.
    pub(crate) fn index(&self) -> Need {
        self.need.clone()
    }

    /// A piece of text that every match holds; none when no single one is necessary.
    pub(crate) fn anchor(&self) -> Option<&Anchor> {
        self.anchor.as_ref()
    }
}

/// Finds the places in many entries at once that are worth a look.
#[derive(Debug, Clone)]
pub(crate) struct Anchor(Needle);

impl Anchor {
    /// The next place where the necessary text begins, in any case of its letters.
    pub(crate) fn find(&self, haystack: &[u8]) -> Option<usize> {
        self.0.find(haystack, 0)
    }
}

/// A text that is looked at, and its lower case when someone needs it.
struct Text<'a> {
    raw: &'a str,
    lowered: OnceCell<String>,
}

impl<'a> Text<'a> {
    fn new(raw: &'a str) -> Self {
        Self {
            raw,
            lowered: OnceCell::new(),
        }
    }

    fn lowered(&self) -> &str {
        self.lowered.get_or_init(|| tokens::lowered(self.raw))
    }
}

fn listed(expr: &Expr) -> Option<Vec<String>> {
    let key = |expr: &Expr| match expr {
        Expr::Term(literal) => literal.as_listed().map(str::to_owned),
        _ => None,
    };
    match expr {
        Expr::All(parts) => parts.iter().map(key).collect(),
        one => key(one).map(|key| vec![key]),
    }
}

#[cfg(test)]
mod agreement_tests;
#[cfg(test)]
mod pasted_tests;
#[cfg(test)]
mod tests;
