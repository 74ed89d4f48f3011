//! Index, matcher and anchor are of one mind: what matches is neither left out by the one nor passed over by the other.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::Index;

use super::tests::{found, pieced, tokens_of};
use super::*;

fn is_met(need: &Need, tokens: &BTreeSet<String>) -> bool {
    match need {
        Need::Any => true,
        Need::Token(token) => tokens.contains(token),
        Need::Prefix(prefix) => tokens.iter().any(|token| token.starts_with(prefix)),
        Need::All(needs) => needs.iter().all(|need| is_met(need, tokens)),
        Need::One(needs) => needs.iter().any(|need| is_met(need, tokens)),
    }
}

/// Checks both for one entry between others. Says whether there was anything to check.
fn agrees(query: &str, before: &str, text: &str) -> Result<bool, TestCaseError> {
    let query = Query::parse(query);
    if !query.matches(text) {
        return Ok(false);
    }
    prop_assert!(is_met(&query.index(), &tokens_of(text)), "{:?}", query.index());
    if let Some(anchor) = query.anchor() {
        let block = format!("{before}\n{text}\n{before}");
        let range = before.len() + 1..=before.len() + 1 + text.len();
        let mut from = 0;
        let mut is_inside = false;
        while let Some(found) = anchor.find(&block.as_bytes()[from..]) {
            is_inside |= range.contains(&(from + found));
            from += found + 1;
        }
        prop_assert!(is_inside, "the anchor is not in the entry");
    }
    Ok(true)
}

/// What stands in the values of JSON and logfmt.
fn value() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[abAB1]{1,2}",
        Just(" ".to_owned()),
        Just("\\n".to_owned()),
        Just("\\u003c".to_owned()),
        Just("\\u00e9".to_owned()),
        Just("\\u0061".to_owned()),
        Just("é错误".to_owned()),
        Just(".".to_owned()),
    ];
    proptest::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
}

fn entry() -> impl Strategy<Value = String> {
    prop_oneof![
        pieced(),
        value(),
        value().prop_map(|value| format!(r#"{{"a":"{value}","b":{{"A":["{value}",1.5]}}}}"#)),
        value().prop_map(|value| format!(r#"a="{value}" b.a={value}"#)),
    ]
}

/// Text, or the same as it is after reading JSON, so that queries meet values behind their escapes.
fn decoded(text: &str) -> String {
    text.replace("\\n", "\n")
        .replace("\\u003c", "<")
        .replace("\\u00e9", "é")
        .replace("\\u0061", "a")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6_000))]

    #[test]
    fn a_piece_of_an_entry_finds_it(
        text in entry(), from in any::<Index>(), length in 1_usize..8,
        (field, left, right) in ("(a:|b.a:|b:|)", "\\*?", "\\*?"), other in "( OR b| AND a| NOT zz| a\\*|)",
        (is_decoded, before) in (any::<bool>(), entry()),
    ) {
        let source: Vec<char> = if is_decoded { decoded(&text) } else { text.clone() }.chars().collect();
        prop_assume!(!source.is_empty());
        let piece: String = source[from.index(source.len())..].iter().take(length).collect();

        agrees(&format!("{field}{left}{piece}{right}{other}"), &before, &text)?;
        agrees(&format!("{field}\"{piece}\"{right}{other}"), &before, &text)?;
    }

    #[test]
    fn unrelated_queries_agree_too(query in pieced(), before in entry(), text in entry()) {
        agrees(&query, &before, &text)?;
    }

    #[test]
    fn a_word_at_the_token_limit_is_found(word in "[aé]{30,70}", more in "[aé]{0,3}", star in "\\*?") {
        let query = format!("{word}{star}");
        let text = format!("x {word}{more} y");

        let has_match = agrees(&query, "", &text)?;
        prop_assert_eq!(has_match, more.is_empty() || star == "*");
        prop_assert_eq!(has_match, found(&query, &text));
    }
}
