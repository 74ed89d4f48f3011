//! Whatever people paste is found, in exactly the lines that hold it, before a block is closed and after.

use proptest::prelude::*;

use crate::viewer::{Viewer, encoded};

/// What is pasted, and what stands around it in its line.
fn pasted() -> Vec<(String, String)> {
    let mut pasted: Vec<(String, String)> = [
        ("10.0.0.1:5432", "dial tcp 10.0.0.1:5432: connection refused"),
        ("user@example.com", "mail to user@example.com bounced"),
        ("/api/v1/users?id=7", "GET /api/v1/users?id=7 HTTP/1.1"),
        (
            "6f1c1e7a-0b1d-4c53-9f0e-6d1f2b3c4d5e",
            "request 6f1c1e7a-0b1d-4c53-9f0e-6d1f2b3c4d5e took long",
        ),
        ("\"unbalanced", "he said \"unbalanced and left"),
        ("a-b", "option a-b is odd"),
        ("C:\\path", "cannot open C:\\path\\file.txt"),
        ("100%", "disk at 100% now"),
        ("🚀🔥", "deployed 🚀🔥 at last"),
        ("数据库连接失败", "错误:数据库连接失败,请重试"),
        ("データベース", "データベースに接続できません"),
        ("Größe", "die Größe passt nicht"),
        (
            "https://example.com:8080/a?b=c&d=%20#f",
            "see https://example.com:8080/a?b=c&d=%20#f for more",
        ),
        ("fe80::1ff:fe23", "neighbour fe80::1ff:fe23 is up"),
        (
            "{\"code\":1234,\"why\":\"none\"}",
            "{\"code\":1234,\"why\":\"none\"}",
        ),
        ("key='two words'", "with key='two words' and more"),
        ("foo(bar, baz)", "at foo(bar, baz) again"),
        ("--flag=value", "run --flag=value now"),
        ("$HOME/*.log", "glob $HOME/*.log matched"),
        ("don't", "we don't know"),
        (
            "x'; drop table logs; --",
            "input x'; drop table logs; -- was refused",
        ),
        ("tab\tin", "tab\tin between"),
    ]
    .map(|(text, line)| (text.to_owned(), line.to_owned()))
    .into();
    // Ten kilobytes of text.
    let words: Vec<String> = (0..1_700)
        .map(|number| format!("w{:x}", number * 7_919))
        .collect();
    let long = words.join(" ");
    assert!(long.len() > 10_000);
    pasted.push((long.clone(), format!("dump {long} end")));
    pasted
}

/// Lines that are like the ones that are looked for.
const DECOYS: [&str; 14] = [
    "dial tcp 10.0.0.1:54321: connection refused",
    "dial tcp 10.0.0.11:5432: connection refused",
    "mail to user@example.org bounced",
    "GET /api/v1/users?id=70 HTTP/1.1",
    "request 6f1c1e7a-0b1d-4c53-9f0e-6d1f2b3c4d5f took long",
    "he said unbalanced and left",
    "option a b is odd",
    "cannot open D:\\path\\file.txt",
    "disk at 100 now",
    "deployed 🚀 at last",
    "错误:数据库连接成功",
    "データに接続できません",
    "we do not know",
    "{\"code\":1235,\"why\":\"none\"}",
];

async fn assert_each_is_found(viewer: &Viewer, when: &str) {
    for (text, line) in pasted() {
        let path = format!("/api/logs?limit=500&search={}", encoded(&text));
        // A request's head has its limit; a page sends ten kilobytes as well.
        let list = viewer.get(&path).await;
        let found = crate::viewer::strings(&list["logs"], "message");
        let start: String = text.chars().take(60).collect();
        assert_eq!(found.len(), 1, "{when}: {start:?}: {found:?}");
        assert_eq!(found[0], line, "{when}: {start:?}");
        assert_eq!(list["complete"], true);
    }
}

#[tokio::test]
async fn what_is_pasted_is_found_in_exactly_its_line() {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    for line in DECOYS {
        shop.line(line);
    }
    for (_, line) in pasted() {
        shop.line(&line);
    }
    let mut written = DECOYS.len() + pasted().len();
    viewer.has(written).await;
    assert_each_is_found(&viewer, "in the open block").await;

    // Enough for several blocks behind theirs.
    for number in 0..3_000 {
        shop.line(&format!("ordinary line {number} {}", "filler ".repeat(10)));
    }
    written += 3_000;
    viewer.has(written).await;
    assert_each_is_found(&viewer, "in closed blocks").await;

    let viewer = viewer.restarted(|_| {}).await;
    assert_each_is_found(&viewer, "after a restart").await;
}

#[tokio::test]
async fn the_language_finds_the_same_in_closed_and_open_blocks() {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    for round in 0..2 {
        shop.line("order placed for cart 7")
            .line("order cancelled for cart 8")
            .line("payment placed for cart 7")
            .line(r#"{"user":"ann","status":503,"took_ms":1200}"#)
            .line(r#"{"user":"bob","status":200,"took_ms":12}"#);
        if round == 0 {
            for number in 0..3_000 {
                shop.line(&format!("ordinary line {number} {}", "filler ".repeat(10)));
            }
        }
    }
    viewer.has(3_010).await;
    for (search, hits) in [
        ("order", 4),
        ("ORDER", 4),
        ("order placed", 2),
        ("order OR payment", 6),
        ("order NOT cancelled", 2),
        ("order AND NOT (cancelled OR payment)", 2),
        ("\"placed for cart 7\"", 4),
        ("\"cart placed\"", 0),
        ("plac*", 4),
        ("status:503", 2),
        ("user:ann", 2),
        ("user:ann OR user:bob", 4),
        ("status:503 user:bob", 0),
        ("\"line 17 filler\"", 1),
        ("nowhere", 0),
        ("ordinary NOT filler", 0),
    ] {
        let list = viewer.list(&format!("search={}", encoded(search))).await;
        assert_eq!(list["total"], hits, "{search}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, .. ProptestConfig::default() })]

    /// Each case asks many texts, because a service takes longer to start than to answer.
    #[test]
    fn any_text_is_a_search(
        texts in proptest::collection::vec(any::<String>(), 30),
        like_queries in proptest::collection::vec("[a-z\"'()*:\\\\ANDORT -]{0,40}", 30),
    ) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let viewer = Viewer::start().await;
            let mut shop = viewer.docker.container("shop");
            shop.line("a and b or c").line("NOT (this) \"one\"");
            viewer.has(2).await;
            for text in texts.iter().chain(&like_queries) {
                for path in ["/api/logs", "/api/logs/histogram", "/api/logs/export"] {
                    let reply = viewer.api.get(&format!("{path}?search={}", encoded(text))).await;
                    assert_eq!(reply.status, 200, "{path} {text:?}: {}", reply.text());
                }
            }
            viewer.service.stop().await;
        });
    }
}
