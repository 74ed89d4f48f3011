//! Which letters are the same but for their case.
//!
//! The search index folds case by tables of its own, and it must find all that the text itself is found by. So
//! only letters that those tables know have another case here; the rest, all of them rare, stand for themselves.

use std::ops::RangeInclusive;
use std::sync::OnceLock;

/// Where the letters beyond ASCII are whose case the index knows: European scripts, as Unicode had them in version 6.1.
const CASED: [RangeInclusive<char>; 7] = [
    '\u{80}'..='\u{37e}',
    '\u{380}'..='\u{527}',
    '\u{531}'..='\u{58f}',
    '\u{10a0}'..='\u{10cf}',
    '\u{1e00}'..='\u{2c2e}',
    '\u{2c30}'..='\u{2d2f}',
    '\u{ff21}'..='\u{ff5a}',
];

/// The letter in all its cases; a letter of ASCII has no case beyond ASCII.
pub(super) fn cases(letter: char) -> Vec<char> {
    if letter.is_ascii_alphabetic() {
        return vec![letter.to_ascii_lowercase(), letter.to_ascii_uppercase()];
    }
    let folded = fold(letter);
    let others = others();
    let first = others.partition_point(|(known, _)| *known < folded);
    let same = others[first..].iter().take_while(|(known, _)| *known == folded);
    std::iter::once(folded)
        .chain(same.map(|(_, other)| *other))
        .collect()
}

/// Each letter that folds to another one, behind that one, in order.
fn others() -> &'static [(char, char)] {
    static OTHERS: OnceLock<Vec<(char, char)>> = OnceLock::new();
    OTHERS.get_or_init(|| {
        let mut others: Vec<(char, char)> = CASED
            .into_iter()
            .flatten()
            .map(|letter| (fold(letter), letter))
            .filter(|(folded, letter)| folded != letter)
            .collect();
        others.sort_unstable();
        others
    })
}

/// The one letter that stands for all cases of this one. By way of the capital, because it is one for σ and ς.
pub(super) fn fold(letter: char) -> char {
    if !CASED.iter().any(|range| range.contains(&letter)) {
        return letter;
    }
    let capital = only(letter.to_uppercase()).unwrap_or(letter);
    let small = only(capital.to_lowercase()).unwrap_or(capital);
    if small.is_ascii() { letter } else { small }
}

fn only(mut letters: impl Iterator<Item = char>) -> Option<char> {
    letters.next().filter(|_| letters.next().is_none())
}

#[cfg(test)]
mod tests {
    use sqlx::{Connection as _, SqliteConnection};

    use super::*;

    #[test]
    fn a_letter_has_all_its_cases() {
        for (letters, all) in [
            ("aA", "aA"),
            ("üÜ", "üÜ"),
            ("ßẞ", "ßẞ"),
            ("σςΣ", "σΣς"),
            ("жЖ", "жЖ"),
            ("ﬁ", "ﬁ"),
            ("ı", "ı"),
            ("İ", "İ"),
            ("\u{212A}", "\u{212A}"),
            ("1", "1"),
            ("\u{65E5}", "\u{65E5}"),
            ("\u{1F980}", "\u{1F980}"),
        ] {
            for letter in letters.chars() {
                assert_eq!(cases(letter).into_iter().collect::<String>(), all, "{letter}");
            }
        }
    }

    #[tokio::test]
    async fn the_index_finds_every_letter_by_each_of_its_cases() {
        let mut index = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        sqlx::query("create virtual table letters using fts5 (text, tokenize = 'trigram')")
            .execute(&mut index)
            .await
            .unwrap();
        for (folded, other) in others() {
            sqlx::query("insert into letters (rowid, text) values (?1, ?2)")
                .bind(i64::from(u32::from(*other)))
                .bind(format!("--{other}"))
                .execute(&mut index)
                .await
                .unwrap();
            let found: Vec<i64> = sqlx::query_scalar("select rowid from letters where letters match ?1")
                .bind(format!("\"--{folded}\""))
                .fetch_all(&mut index)
                .await
                .unwrap();
            assert!(
                found.contains(&i64::from(u32::from(*other))),
                "{folded} finds {other}, {:x}",
                u32::from(*other)
            );
        }
        assert!(others().len() > 800, "the usual scripts are there");
    }
}
