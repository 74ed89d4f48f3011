//! Decides whether an entry matches. The tree is as deep as the query's brackets, which is not deep.

use super::Text;
use super::literal::Literal;
use super::needle::Needle;
use super::parse::{Expr, Field};
use super::term::Term;
use super::tokens;
use crate::fields;

/// A query, compiled.
#[derive(Debug, Clone)]
pub(super) enum Node {
    All(Vec<Self>),
    One(Vec<Self>),
    Not(Box<Self>),
    Term(Term),
    Field(Box<FieldTerm>),
}

impl Node {
    pub(super) fn new(expr: &Expr) -> Self {
        match expr {
            Expr::All(parts) => {
                let mut nodes: Vec<Self> = parts.iter().map(Self::new).collect();
                // What is cheap and rarely there decides first.
                nodes.sort_by_key(Self::cost);
                Self::All(nodes)
            }
            Expr::One(parts) => Self::One(parts.iter().map(Self::new).collect()),
            Expr::Not(part) => Self::Not(Box::new(Self::new(part))),
            Expr::Term(literal) => Self::Term(Term::new(literal)),
            Expr::Field(field) => Self::Field(Box::new(FieldTerm::new(field))),
        }
    }

    pub(super) fn matches(&self, text: &Text<'_>) -> bool {
        match self {
            Self::All(nodes) => nodes.iter().all(|node| node.matches(text)),
            Self::One(nodes) => nodes.iter().any(|node| node.matches(text)),
            Self::Not(node) => !node.matches(text),
            Self::Term(term) => term.matches(text),
            Self::Field(field) => field.matches(text),
        }
    }

    /// The best of the ASCII texts that every match holds.
    pub(super) fn anchor(&self) -> Option<&Needle> {
        match self {
            Self::All(nodes) => best(nodes.iter().filter_map(Self::anchor)),
            Self::One(_) | Self::Not(_) => None,
            Self::Term(term) => term.anchor(),
            Self::Field(field) => best(field.guards.iter().filter_map(Term::anchor)),
        }
    }

    fn cost(&self) -> (u8, (usize, usize)) {
        match self {
            Self::Term(term) => term.anchor().map_or((1, (0, 0)), |needle| (0, needle.cost())),
            Self::All(_) | Self::One(_) | Self::Not(_) => (2, (0, 0)),
            Self::Field(_) => (3, (0, 0)),
        }
    }
}

fn best<'a>(needles: impl Iterator<Item = &'a Needle>) -> Option<&'a Needle> {
    needles.min_by_key(|needle| needle.cost())
}

/// `field:value`.
#[derive(Debug, Clone)]
pub(super) struct FieldTerm {
    path: String,
    /// The query as text.
    pasted: Vec<Term>,
    /// The words that the text has if it has the field: they spare most entries the reading, and keep the matcher and the
    /// index of one mind about values that are written with escapes.
    guards: Vec<Term>,
    /// None when any value will do.
    value: Option<(Literal, Term)>,
}

impl FieldTerm {
    fn new(field: &Field) -> Self {
        Self {
            path: field.path.clone(),
            pasted: field.pasted.iter().map(Term::new).collect(),
            guards: field.guards().iter().map(Term::new).collect(),
            value: field.value.clone().map(|literal| {
                let term = Term::new(&literal);
                (literal, term)
            }),
        }
    }

    fn matches(&self, text: &Text<'_>) -> bool {
        self.guards.iter().all(|guard| guard.matches(text))
            && (self.pasted.iter().any(|pasted| pasted.matches(text))
                || fields::any(text.raw, &self.path, &mut |value| self.accepts(value)))
    }

    fn accepts(&self, value: &str) -> bool {
        let Some((literal, term)) = &self.value else {
            return true;
        };
        if !is_number_or_bool(value) {
            return term.matches(&Text::new(value));
        }
        let value = tokens::lowered(value);
        match (literal.open_left, literal.open_right) {
            (false, false) => value == literal.text,
            (false, true) => value.starts_with(&literal.text),
            (true, false) => value.ends_with(&literal.text),
            (true, true) => value.contains(&literal.text),
        }
    }
}

/// Such a value counts whole: `5` is not in `1.5`.
fn is_number_or_bool(value: &str) -> bool {
    let starts = value.starts_with(|first: char| first.is_ascii_digit() || first == '-');
    matches!(value, "true" | "false") || starts && value.parse::<f64>().is_ok()
}
