//! What is searched, as the index and as the text itself understand it.
//!
//! The text decides, so that a group is found by the same words before and after it is indexed; the index only
//! leads to it faster.

use std::cell::RefCell;

use sqlx::{Connection as _, QueryBuilder, Sqlite, SqliteConnection};
use tokio::runtime::{Builder, Runtime};

use super::letter_case::{cases, fold};

/// No group has as much text: a type has at most 200 characters, a summary 500. SQLite refuses very long patterns.
const SEARCHABLE_CHARS: usize = 1_000;

pub(super) struct Search {
    /// A phrase for the index; words of less than three characters are in no index.
    pub(super) phrase: Option<String>,
    patterns: Patterns,
}

/// The same for the text itself.
enum Patterns {
    /// For `like`, which is the faster one, and folds the case of ASCII letters only.
    Like(String),
    /// For `glob`, with every letter in all its cases; one of them matches. SQLite is twice as fast when a pattern
    /// begins with one letter rather than a set, so there is one for each case of the first letter.
    Globs(Vec<String>),
}

/// Whether no group can have this text because it is longer than all of them.
pub(super) fn is_too_long(text: &str) -> bool {
    text.chars().nth(SEARCHABLE_CHARS).is_some()
}

impl Search {
    pub(super) fn new(text: &str) -> Self {
        // Ingest has replaced each NUL as well; here it would end the phrase and the pattern.
        let text = &text.replace('\0', "\u{fffd}");
        let has_other_cases = |letter: char| !letter.is_ascii() && cases(letter).len() > 1;
        Self {
            phrase: (text.chars().count() >= 3).then(|| format!("\"{}\"", text.replace('"', "\"\""))),
            patterns: if text.chars().any(has_other_cases) {
                Patterns::Globs(globs(text))
            } else {
                let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
                Patterns::Like(format!("%{escaped}%"))
            },
        }
    }

    /// Pushes the condition that a group's text, of the table `e`, has what is searched.
    pub(super) fn push_condition(&self, query: &mut QueryBuilder<Sqlite>) {
        match &self.patterns {
            Patterns::Like(pattern) => {
                query.push("e.exception_type || char(10) || e.message like ");
                query.push_bind(pattern.clone()).push(" escape '\\'");
            }
            Patterns::Globs(patterns) => {
                let mut either = query.push("(").separated(" or ");
                for pattern in patterns {
                    either.push("e.exception_type || char(10) || e.message glob ");
                    either.push_bind_unseparated(pattern.clone());
                }
                query.push(")");
            }
        }
    }
}

fn globs(text: &str) -> Vec<String> {
    let mut letters = text.chars();
    let first = letters.next().map(cases).unwrap_or_default();
    let rest: String = letters.map(|letter| class(&cases(letter))).collect();
    first
        .into_iter()
        .map(|first| format!("*{}{rest}*", class(&[first])))
        .collect()
}

/// What stands for one of these letters in a `glob`.
fn class(letters: &[char]) -> String {
    match letters {
        [letter] if !matches!(letter, '*' | '?' | '[') => letter.to_string(),
        _ => format!("[{}]", letters.iter().collect::<String>()),
    }
}

/// For the fuzzer: what is looked for is found where it stands and nowhere else, in any case of its letters.
pub(crate) fn check_search(wanted: &str, text: &str) {
    thread_local! {
        static DATABASE: RefCell<(Runtime, SqliteConnection)> = RefCell::new({
            let runtime = Builder::new_current_thread().build().expect("a runtime");
            let opened = runtime.block_on(SqliteConnection::connect("sqlite::memory:"));
            (runtime, opened.expect("a database in memory"))
        });
    }
    if wanted.is_empty() || is_too_long(wanted) {
        return;
    }
    let text = text.replace('\0', "\u{fffd}");
    let search = Search::new(wanted);
    let mut query = QueryBuilder::new("select ");
    search.push_condition(&mut query);
    query
        .push(" from (select '' as exception_type, ")
        .push_bind(&text)
        .push(" as message) e");
    let found: bool = DATABASE.with_borrow_mut(|(runtime, database)| {
        runtime
            .block_on(query.build_query_scalar().fetch_one(database))
            .expect("the statement is sound")
    });
    let folded = |text: &str| {
        text.chars()
            .map(|letter| match letter {
                // SQLite reads them so (`READ_UTF8` in utf.c), in texts as in patterns.
                '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
                letter => fold(letter).to_ascii_lowercase(),
            })
            .collect::<String>()
    };
    // The type is empty here, and a line break stands behind it.
    let whole = format!("\n{text}");
    let is_there = folded(&whole).contains(&folded(&wanted.replace('\0', "\u{fffd}")));
    assert_eq!(found, is_there, "{wanted:?} in {text:?}");
}
