//! What queries mean.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

pub(super) fn found(query: &str, text: &str) -> bool {
    Query::parse(query).matches(text)
}

pub(super) fn tokens_of(text: &str) -> BTreeSet<String> {
    let mut tokens = BTreeSet::new();
    tokens::for_each_token(text, &mut |token| {
        tokens.insert(token.to_owned());
    });
    tokens
}

#[test]
fn operators_bind_as_in_logic() {
    for (query, found_in, missed_in) in [
        ("a b", &["a b", "b x a"][..], &["a", "b"][..]),
        ("a AND b", &["a b"], &["a"]),
        ("a OR b", &["a", "b"], &["c"]),
        ("a OR b c", &["a", "b c"], &["b", "c"]),
        ("a b OR c", &["a b", "c"], &["a"]),
        ("NOT a OR b", &["c", "a b"], &["a"]),
        ("NOT (a OR b)", &["c"], &["a", "b"]),
        ("NOT(a OR b)", &["c"], &["a", "b"]),
        ("a NOT b", &["a"], &["a b"]),
        ("NOT NOT a", &["a"], &["b"]),
        ("(a OR b) (c OR d)", &["a d", "b c"], &["a b", "c d"]),
        ("a and b", &["a and b"], &["a b"]),
        ("\"a AND b\"", &["a and b"], &["a b"]),
        ("", &["", "a"], &[]),
    ] {
        for text in found_in {
            assert!(found(query, text), "{query} in {text}");
        }
        for text in missed_in {
            assert!(!found(query, text), "{query} not in {text}");
        }
    }
}

#[test]
fn terms_respect_words_stars_and_scripts() {
    for (query, text, expected) in [
        ("error", "(Error)", true),
        ("error", "error:", true),
        ("error", "an_error_here", true),
        ("error", "errors", false),
        ("error", "myerror and error", true),
        ("err*", "errors", true),
        ("err*", "myerrors", false),
        ("*rror", "error", true),
        ("*rror", "errors", false),
        ("*rro*", "errors", true),
        ("\"two words\"", "two \n\t words", true),
        ("\"two words\"", "two, words", false),
        ("\"two wor\"", "two words", false),
        ("\"two wor\"*", "two words", true),
        ("größe", "Die GRÖSSE", false),
        ("größe", "Die GRÖßE: 7", true),
        ("GRÖß", "größe", false),
        ("误信", "错误信息", true),
        ("误", "错误信息", true),
        ("错信", "错误信息", false),
        ("error", "错误error错误", true),
        ("---", "a --- b", true),
        ("---", "a -- b", false),
        ("caused", r"x\nCaused by", true),
        ("html", r"\u003chtml\u003e", true),
        ("aused", r"x\nCaused by", false),
    ] {
        assert_eq!(found(query, text), expected, "{query} in {text}");
    }
}

#[test]
fn fields_are_met_as_fields_and_as_text() {
    let json = r#"{"level":"warn","user":{"name":"Ann Lee","id":42},"path":"/api/v1","ratio":1.5,"note":"a\nb \"c\""}"#;
    let logfmt = r#"msg="slow query" took=1.5s db=main"#;

    for (query, text, expected) in [
        ("level:warn", json, true),
        ("level:WARN", json, true),
        ("level:war", json, false),
        ("level:war*", json, true),
        ("user.name:lee", json, true),
        ("user.name:\"ann lee\"", json, true),
        ("user.name:\"lee ann\"", json, false),
        ("user.id:42", json, true),
        ("user.id:4", json, false),
        ("ratio:5", json, false),
        ("ratio:1.5", json, true),
        ("path:/api/v1", json, true),
        ("note:b", json, true),
        ("user.id:*", json, true),
        ("user.age:*", json, false),
        ("name:lee", json, false),
        ("msg:\"slow query\"", logfmt, true),
        ("db:main", logfmt, true),
        ("db:slow", logfmt, false),
        ("a:café", r#"{"a":"un caf\u00e9 noir"}"#, true),
        // Nobody writes ASCII letters as escapes, and the index does not have them.
        ("a:ba", r#"{"a":"b\u0061"}"#, false),
        ("foo:bar", "plain foo:bar text", true),
        ("foo:bar", "plain foo:bars text", false),
        ("foo:\"b c\"", "x foo:\"b c\" y", true),
        ("foo:\"b c\"", "x foo:b c y", true),
    ] {
        assert_eq!(found(query, text), expected, "{query} in {text}");
    }
}

#[test]
fn only_plain_words_and_pairs_of_them_are_listed() {
    for (query, expected) in [
        ("Error", Some(&["error"][..])),
        ("a AND b a", Some(&["a", "b"])),
        ("", None),
        ("a OR b", None),
        ("a NOT b", None),
        ("a*", None),
        ("a-b", None),
        ("ü", None),
        ("a:b", None),
        ("\"a  B\" c", Some(&["a b", "c"])),
        ("\"a b c\"", None),
        ("\"a b-c\"", None),
        ("\"a b\"*", None),
    ] {
        let parsed = Query::parse(query);
        let words = parsed.listed_only();

        let words: Option<Vec<&str>> = words.map(|words| words.iter().map(String::as_str).collect());
        assert_eq!(words.as_deref(), expected, "{query}");
    }
}

#[test]
fn the_index_is_asked_for_what_is_certain() {
    let token = |text: &str| Need::Token(text.to_owned());
    let prefix = |text: &str| Need::Prefix(text.to_owned());

    for (query, need) in [
        ("Error", token("error")),
        ("err*", prefix("err")),
        ("*rr*", Need::Any),
        ("*a.b.c*", Need::All(vec![token("b"), prefix("c")])),
        ("a OR b", Need::One(vec![token("a"), token("b")])),
        ("a OR *b", Need::Any),
        ("a NOT b", token("a")),
        ("误", prefix("误")),
        ("错误信", Need::All(vec![token("错误"), token("误信")])),
        ("user:ann", Need::All(vec![token("user"), token("ann")])),
        ("---", Need::Any),
    ] {
        assert_eq!(Query::parse(query).index(), need, "{query}");
    }
}

/// Pieces from which both queries and texts are made, so that they often meet.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        "[abAB]{1,3}",
        "[ab错误é \\\\nu.:\"{}*()-]{1,4}",
        Just("AND".to_owned()),
        Just("OR".to_owned()),
        Just("NOT".to_owned()),
        Just("\\u003c".to_owned()),
        Just("a:b".to_owned()),
        Just("\"a\":\"b\"".to_owned()),
        Just("\u{130}\u{212a}ẞ".to_owned()),
        "[aé]{60,70}",
    ]
}

pub(super) fn pieced() -> impl Strategy<Value = String> {
    (proptest::collection::vec(piece(), 0..6), "[ ,=]").prop_map(|(pieces, gap)| pieces.join(&gap))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_text_is_a_query(query in any::<String>(), like in "[()\"*: aANDORT\\\\.\u{0}🦀]{0,40}", text in any::<String>()) {
        for query in [&query, &like] {
            let query = Query::parse(query);
            query.matches(&text);
        }
    }

    #[test]
    fn what_is_listed_only_is_equality_of_tokens(query in "[abn]{1,2}( [abn]{1,2}){0,2}", text in pieced()) {
        let query = Query::parse(&query);
        let tokens = tokens_of(&text);
        let words = query.listed_only().expect("these are plain words");

        prop_assert_eq!(query.matches(&text), words.iter().all(|word| tokens.contains(word)));
    }

    #[test]
    fn a_pair_of_words_is_two_tokens_with_blanks_between(pair in "[abn]{1,2} [abn]{1,2}", text in pieced()) {
        let mut pairs = BTreeSet::new();
        crate::words::for_each_listed(&text, &mut |token, before| {
            pairs.extend(before.iter().map(|before| format!("{before} {token}")));
        });

        prop_assert_eq!(found(&format!("\"{pair}\""), &text), pairs.contains(&pair), "{:?}", pairs);
    }

    #[test]
    fn operators_are_those_of_logic(left in "[ab]{1,2}", right in "[ab]{1,2}\\*?", text in pieced()) {
        let (has_left, has_right) = (found(&left, &text), found(&right, &text));

        prop_assert_eq!(found(&format!("{left} AND {right}"), &text), has_left && has_right);
        prop_assert_eq!(found(&format!("{left} {right}"), &text), has_left && has_right);
        prop_assert_eq!(found(&format!("({left}) OR {right}"), &text), has_left || has_right);
        prop_assert_eq!(found(&format!("NOT {left}"), &text), !has_left);
    }

    #[test]
    fn a_phrase_finds_the_text_it_was_copied_from(text in "[^\"]{1,20}", around in "[ .é]?") {
        prop_assume!(!text.trim().is_empty());

        let has_it = found(&format!("\"{text}\""), &format!("{around} {text} {around}"));
        prop_assert!(has_it);
    }
}
