//! What the index must hold of a query. It may ask for too little, never for too much.

use super::literal::{Literal, Part};
use super::parse::Expr;
use super::tokens;

/// What a block's set of tokens must contain so that an entry in it may match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Need {
    /// Nothing: every block has to be looked at.
    Any,
    /// This token.
    Token(String),
    /// A token that begins so.
    Prefix(String),
    /// All of these.
    All(Vec<Self>),
    /// At least one of these.
    One(Vec<Self>),
}

/// The need of a query.
pub(super) fn of(expr: &Expr) -> Need {
    match expr {
        Expr::All(parts) => all(parts.iter().map(of)),
        Expr::One(parts) => {
            let needs: Vec<Need> = parts.iter().map(of).collect();
            if needs.contains(&Need::Any) {
                Need::Any
            } else {
                Need::One(needs)
            }
        }
        // An entry without the word may stand beside one with it.
        Expr::Not(_) => Need::Any,
        Expr::Term(literal) => of_literal(literal),
        Expr::Field(field) => all(field.guards().iter().map(of_literal)),
    }
}

fn of_literal(literal: &Literal) -> Need {
    all(literal.parts().flat_map(|part| of_part(&part)))
}

fn of_part(part: &Part<'_>) -> Vec<Need> {
    if part.is_cjk {
        let mut needs = Vec::new();
        let letters: Vec<char> = part.text.chars().collect();
        if let [letter] = &*letters {
            needs.push(Need::Prefix(letter.to_string()));
        }
        needs.extend(letters.windows(2).map(|pair| Need::Token(pair.iter().collect())));
        return needs;
    }
    if part.is_open_left {
        return Vec::new();
    }
    let mut needs = Vec::new();
    tokens::emit_word(part.text, &mut |token| {
        needs.push(if part.is_open_right {
            Need::Prefix(token.to_owned())
        } else {
            Need::Token(token.to_owned())
        });
    });
    needs
}

fn all(needs: impl Iterator<Item = Need>) -> Need {
    let mut flat = Vec::new();
    for need in needs {
        match need {
            Need::Any => {}
            Need::All(parts) => flat.extend(parts),
            need => flat.push(need),
        }
    }
    match flat.len() {
        0 => Need::Any,
        1 => flat.remove(0),
        _ => Need::All(flat),
    }
}
