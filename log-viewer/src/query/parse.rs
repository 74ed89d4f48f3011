//! Reads a query. There are no errors: an operator without its operand, or a bracket without its other half, is text.

mod lexer;

use std::collections::HashSet;

use self::lexer::Lexeme;
use super::literal::Literal;

/// What a query means.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Expr {
    /// Everything matches when there are none.
    All(Vec<Self>),
    One(Vec<Self>),
    Not(Box<Self>),
    Term(Literal),
    Field(Field),
}

/// `field:value`, which may also be a piece of text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Field {
    pub(super) path: String,
    /// None for `field:*`.
    pub(super) value: Option<Literal>,
    /// The same as text, in the ways in which it may have been copied.
    pub(super) pasted: Vec<Literal>,
}

impl Field {
    /// The words of path and value, which stand in the text whether the field is a field or was pasted. Words that are not
    /// ASCII are left out, because JSON may have them as escapes.
    pub(super) fn guards(&self) -> Vec<Literal> {
        let path = Literal::exact(&self.path);
        let whole = path.parts().chain(self.value.iter().flat_map(Literal::parts));
        whole
            .filter(|part| part.text.is_ascii() && !part.is_open_left)
            .map(|part| Literal {
                open_right: part.is_open_right,
                ..Literal::exact(part.text)
            })
            .collect()
    }
}

/// Reads any text.
pub(super) fn parse(text: &str) -> Expr {
    let mut parser = Parser {
        lexemes: lexer::lexemes(text).into_iter(),
    };
    parser.one()
}

/// The lexemes that are left. Their brackets are balanced and not deep: the lexer saw to it.
struct Parser {
    lexemes: std::vec::IntoIter<Lexeme>,
}

impl Parser {
    /// Branches with `OR` between them, up to the end or a closing bracket.
    fn one(&mut self) -> Expr {
        let mut branches = vec![self.all()];
        while self.takes_operator(&Lexeme::Or) {
            branches.push(self.all());
        }
        combined(branches, Expr::One)
    }

    /// Operands with `AND` or nothing between them.
    fn all(&mut self) -> Expr {
        let mut operands = Vec::new();
        loop {
            let is_first = operands.is_empty();
            match self.peek() {
                None | Some(Lexeme::Close) => break,
                Some(Lexeme::Or) if !is_first && self.has_operand_next() => break,
                Some(_) => {}
            }
            if !is_first {
                self.takes_operator(&Lexeme::And);
            }
            operands.push(self.operand());
        }
        combined(operands, Expr::All)
    }

    /// One operand. An operator that stands here is text.
    fn operand(&mut self) -> Expr {
        let mut is_negated = false;
        while self.takes_operator(&Lexeme::Not) {
            is_negated = !is_negated;
        }
        let operand = match self.lexemes.next() {
            Some(Lexeme::Operand(operand)) => operand,
            Some(Lexeme::Open) => {
                let group = self.one();
                self.lexemes.next();
                group
            }
            Some(operator) => Expr::Term(Literal::exact(operator.as_str())),
            None => Expr::All(Vec::new()),
        };
        if is_negated {
            Expr::Not(Box::new(operand))
        } else {
            operand
        }
    }

    fn takes_operator(&mut self, operator: &Lexeme) -> bool {
        let takes = self.peek() == Some(operator) && self.has_operand_next();
        if takes {
            self.lexemes.next();
        }
        takes
    }

    fn peek(&self) -> Option<&Lexeme> {
        self.lexemes.as_slice().first()
    }

    /// Whether something follows that the operator ahead can apply to.
    fn has_operand_next(&self) -> bool {
        !matches!(self.lexemes.as_slice().get(1), None | Some(Lexeme::Close))
    }
}

/// Several parts as one, each once: a pasted text repeats its words.
fn combined(parts: Vec<Expr>, wrap: fn(Vec<Expr>) -> Expr) -> Expr {
    let mut seen = HashSet::new();
    let mut distinct: Vec<Expr> = parts
        .into_iter()
        .filter(|part| seen.insert(part.clone()))
        .collect();
    if distinct.len() == 1 {
        distinct.remove(0)
    } else {
        wrap(distinct)
    }
}
