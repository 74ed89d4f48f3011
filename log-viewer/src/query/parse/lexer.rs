//! Cuts a query into words, phrases, operators and brackets. A bracket without its other half comes out as text.

use super::{Expr, Field};
use crate::query::literal::Literal;

/// Brackets inside more brackets than this are text.
const MAX_DEPTH: usize = 32;

/// A piece of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lexeme {
    Operand(Expr),
    Open,
    Close,
    And,
    Or,
    Not,
}

impl Lexeme {
    /// As it was typed, where it turns out to be text.
    pub(super) fn as_str(&self) -> &'static str {
        match self {
            Self::Operand(_) => "",
            Self::Open => "(",
            Self::Close => ")",
            Self::And => "AND",
            Self::Or => "OR",
            Self::Not => "NOT",
        }
    }
}

/// All lexemes of a query; each `Open` has its `Close`, and something between them.
pub(super) fn lexemes(query: &str) -> Vec<Lexeme> {
    let mut lexer = Lexer {
        rest: query,
        lexemes: Vec::new(),
        open: Vec::new(),
        too_deep: 0,
    };
    while lexer.step() {}
    for at in lexer.open {
        lexer.lexemes[at] = text("(");
    }
    lexer.lexemes
}

struct Lexer<'a> {
    rest: &'a str,
    lexemes: Vec<Lexeme>,
    /// Where the brackets stand that are open.
    open: Vec<usize>,
    /// Open brackets beyond the limit.
    too_deep: usize,
}

impl Lexer<'_> {
    fn step(&mut self) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.chars().next() {
            None => return false,
            Some('(') => {
                self.skip(1);
                self.open_bracket();
            }
            Some(')') => {
                self.skip(1);
                self.close_bracket();
            }
            Some('"') if self.phrase() => {}
            Some(_) => self.word(),
        }
        true
    }

    fn open_bracket(&mut self) {
        if self.open.len() < MAX_DEPTH {
            self.open.push(self.lexemes.len());
            self.lexemes.push(Lexeme::Open);
        } else {
            self.too_deep += 1;
            self.lexemes.push(text("("));
        }
    }

    fn close_bracket(&mut self) {
        if self.too_deep > 0 {
            self.too_deep -= 1;
            self.lexemes.push(text(")"));
            return;
        }
        match self.open.pop() {
            Some(open) if open + 1 < self.lexemes.len() => self.lexemes.push(Lexeme::Close),
            Some(empty) => {
                self.lexemes[empty] = text("(");
                self.lexemes.push(text(")"));
            }
            None => self.lexemes.push(text(")")),
        }
    }

    /// A phrase, if its other quote is there. An empty one says nothing.
    fn phrase(&mut self) -> bool {
        let Some(end) = closing_quote(self.rest) else {
            return false;
        };
        let phrase = &self.rest[1..end];
        self.skip(end + 1);
        let has_star = self.takes_star();
        if !phrase.trim().is_empty() {
            self.lexemes.push(Lexeme::Operand(Expr::Term(Literal {
                open_right: has_star,
                ..Literal::exact(phrase)
            })));
        }
        true
    }

    /// Anything else up to a blank or the bracket around it. Brackets that the word itself opens belong to it: `main()`.
    fn word(&mut self) {
        let mut own_brackets = 0_usize;
        let mut end = self.rest.len();
        for (at, letter) in self.rest.char_indices() {
            let word = &self.rest[..at];
            match letter {
                '(' if operator(word).is_some() => {
                    end = at;
                    break;
                }
                '(' => own_brackets += 1,
                ')' if own_brackets > 0 => own_brackets -= 1,
                ')' if !self.open.is_empty() => {
                    end = at;
                    break;
                }
                '"' if self.quoted_field(word) => return,
                letter if letter.is_whitespace() => {
                    end = at;
                    break;
                }
                _ => {}
            }
        }
        let word = &self.rest[..end];
        self.skip(end);
        self.lexemes.push(operator(word).unwrap_or_else(|| operand(word)));
    }

    /// `field:"two words"`, of which `head` is what stands before the quote.
    fn quoted_field(&mut self, head: &str) -> bool {
        let Some(path) = head.strip_suffix(':').filter(|path| is_path(path)) else {
            return false;
        };
        let quoted = &self.rest[head.len()..];
        let Some(end) = closing_quote(quoted).filter(|end| !quoted[1..*end].trim().is_empty()) else {
            return false;
        };
        let value = &quoted[1..end];
        let pasted = format!("{head}{}", &quoted[..=end]);
        let unquoted = format!("{head}{}", value.trim_start());
        let path = path.to_owned();
        let value = value.to_owned();
        self.skip(head.len() + end + 1);
        let open_right = self.takes_star();
        let literal = |text: &str| Literal {
            open_right,
            ..Literal::exact(text)
        };
        self.lexemes.push(Lexeme::Operand(Expr::Field(Field {
            path,
            value: Some(literal(&value)),
            pasted: vec![Literal::exact(&pasted), literal(&unquoted)],
        })));
        true
    }

    fn takes_star(&mut self) -> bool {
        let has_star = self.rest.starts_with('*');
        self.rest = self.rest.trim_start_matches('*');
        has_star
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = &self.rest[bytes..];
    }
}

/// Where the quote ends that begins a text.
fn closing_quote(text: &str) -> Option<usize> {
    text[1..].find('"').map(|at| at + 1)
}

fn operator(word: &str) -> Option<Lexeme> {
    match word {
        "AND" => Some(Lexeme::And),
        "OR" => Some(Lexeme::Or),
        "NOT" => Some(Lexeme::Not),
        _ => None,
    }
}

fn operand(word: &str) -> Lexeme {
    let Some((path, value)) = word
        .split_once(':')
        .filter(|(path, value)| is_path(path) && !value.is_empty())
    else {
        return Lexeme::Operand(Expr::Term(Literal::starred(word)));
    };
    let is_any = value.bytes().all(|byte| byte == b'*');
    Lexeme::Operand(Expr::Field(Field {
        path: path.to_owned(),
        value: (!is_any).then(|| Literal::starred(value)),
        pasted: vec![Literal::starred(word)],
    }))
}

/// Whether a text may be the name of a field: `user.id`, `@l`, `http-status`.
fn is_path(text: &str) -> bool {
    text.starts_with(|first: char| first.is_alphabetic() || first == '_' || first == '@')
        && text
            .chars()
            .all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '.' | '-' | '@' | '/'))
}

fn text(text: &str) -> Lexeme {
    Lexeme::Operand(Expr::Term(Literal::exact(text)))
}
