//! What people paste is found as it is, whatever characters it has.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::Query;
use super::tests::found;

/// What is pasted, a line that holds it, and one that nearly does.
const PASTED: [(&str, &str, &str); 45] = [
    ("10.0.0.1", "from 10.0.0.1:80", "from 10.0.0.11"),
    (
        "10.0.0.1:5432",
        "dial tcp 10.0.0.1:5432: refused",
        "dial tcp 10.0.0.1:54321",
    ),
    ("[::1]:80", "listening on [::1]:80", "listening on [::1]:8"),
    (
        "fe80::1ff:fe23",
        "addr fe80::1ff:fe23 up",
        "addr fe80::1ff:fe2 up",
    ),
    (
        "user@example.com",
        "mail to user@example.com.",
        "mail to user@example.org",
    ),
    (
        "/api/v1/users?id=7",
        "GET /api/v1/users?id=7 200",
        "GET /api/v1/users?id=70 200",
    ),
    ("http://x/y", "see http://x/y", "see http://x/z"),
    (
        "https://e.com:8080/a?b=c&d=%20#f",
        "GET https://e.com:8080/a?b=c&d=%20#f",
        "GET https://e.com:8080/a?b=c",
    ),
    (
        "6f1c1e7a-0b1d-4c53-9f0e-6d1f2b3c4d5e",
        "id=6F1C1E7A-0b1d-4c53-9f0e-6d1f2b3c4d5e",
        "id=6f1c1e7a",
    ),
    (
        "/var/lib/docker/a.log",
        "open /var/lib/docker/a.log: denied",
        "open /var/lib/docker/b.log",
    ),
    ("C:\\path", "at C:\\path\\file", "at D:\\path"),
    ("C:\\temp\\new", "at C:\\temp\\new", "at C:\\temp\\old"),
    ("C++", "in C++ code", "in C code"),
    ("a-b", "x a-b y", "x a b y"),
    ("-x", "run -x now", "run x now"),
    ("--flag=value", "run --flag=value", "run --flag value"),
    ("100%", "at 100% now", "at 100 now"),
    ("foo(", "call foo(1)", "call foo 1"),
    ("foo()", "call foo() now", "call foo now"),
    ("Foo.bar(x, y)", "at Foo.bar(x, y)", "at Foo.bar(x)"),
    (")", "a ) b", "a b"),
    ("a)", "(x a)", "x a"),
    ("(a", "x (a", "x a"),
    ("()", "f ()", "f"),
    ("*", "select * from", "select from"),
    ("**", "a ** b", "a * b"),
    ("\"open", "say \"open", "say open"),
    ("open\"", "say open\"", "say open"),
    ("it's", "it's", "its"),
    ("don't \"panic", "don't \"panic", "don't panic"),
    ("AND x", "and x", "x"),
    ("x AND", "x and", "x"),
    ("OR", "this or that", "this that"),
    ("x NOT", "x not", "x"),
    ("foo:bar", "x foo:bar", "x foo bar"),
    (
        "{\"level\":\"error\",\"n\":1}",
        "{\"level\":\"error\",\"n\":1}",
        "{\"level\":\"info\",\"n\":1}",
    ),
    ("key=\"two words\"", "x key=\"two words\" y", "x key=\"two\" y"),
    ("com.acme.Foo$Bar", "at com.acme.Foo$Bar(", "at com.acme.Foo$Baz("),
    ("🦀", "hello 🦀!", "hello!"),
    ("👩‍💻 up", "👩‍💻 up", "👩 up"),
    ("错误", "发生错误了", "发生错了"),
    ("エラー", "致命的エラーです", "致命的"),
    ("오류", "오류가 발생", "발생"),
    ("a\u{0}b", "a\u{0}b", "a b"),
    (
        "2024-03-01T12:00:00.000Z",
        "2024-03-01T12:00:00.000Z x",
        "2024-03-01T12:00:00.001Z x",
    ),
];

#[test]
fn what_is_pasted_is_found_where_it_stands_and_only_there() {
    for (pasted, with, without) in PASTED {
        assert!(found(pasted, with), "{pasted} in {with}");
        assert!(found(pasted, pasted), "{pasted} in itself");
        assert!(!found(pasted, without), "{pasted} not in {without}");
    }
}

#[test]
fn huge_queries_are_read_and_run_in_no_time() {
    let words: Vec<String> = (0..2_000).map(|n| format!("w{n}")).collect();
    let started = Instant::now();

    for text in [
        "(".repeat(10_000),
        ")".repeat(10_000),
        format!("{}a{}", "(".repeat(10_000), ")".repeat(10_000)),
        "( ".repeat(5_000) + &") ".repeat(5_000),
        "NOT ".repeat(10_000) + "a",
        "a OR ".repeat(5_000) + "b",
        "(a OR ".repeat(2_000),
        "\"".repeat(10_001),
        "a:\"".repeat(3_000),
        "*".repeat(10_000),
        "x".repeat(10_000),
        words.join(" "),
        words.join(" OR "),
    ] {
        let query = Query::parse(&text);
        query.matches("a ( ) b");
        query.index();
        assert!(
            query.matches(&text) || text.starts_with("NOT") || text.contains(" OR "),
            "{text:.20}"
        );
    }
    // Milliseconds when built for speed; only something quadratic reaches this.
    assert!(started.elapsed() < Duration::from_secs(20));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn every_line_without_operators_finds_itself(line in "[ab:é错1 \"()*.\\\\n{}=-]{0,24}", before in "[a (]{0,2} ", after in " [b)]{0,2}") {
        let is_found = found(&line, &format!("{before}{line}{after}"));

        prop_assert!(is_found);
    }
}
