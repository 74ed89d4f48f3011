//! Secrets in URLs: they are gone before anything leaves or is stored.

use serde_json::{Value, json};

use crate::relay::{Relay, contains, error, with};

const SECRET: &str = "SeCrEt4711";

/// Everything that a page can put a URL into.
fn full_of_secrets() -> Value {
    let url = |name: &str| format!("https://shop.example.com/a.js?v=3&{name}={SECRET}");
    with(
        error("x"),
        json!({
            "type": url("jwt"),
            "message": format!("GET {} failed", url("access_token")),
            "stack": format!(
                "Error: {}\n    at f ({}:1:5)\n    at {}:2:7",
                url("sig"), url("apiKey"), url("X-Amz-Signature"),
            ),
            "url": format!("https://joe:{SECRET}@shop.example.com/cart?page=2&code={SECRET}#access_token={SECRET}&x=1"),
            "context": {"link": url("password"), "deep": [{"more": {"href": url("session_id")}}]},
            "breadcrumbs": [
                {"data": {"url": url("auth"), "to": format!("/reset?token={SECRET}")}},
                format!("?secret={SECRET}"),
            ],
            "debug_meta": {"images": [{"code_file": url("key"), "debug_id": "0".repeat(32)}]},
        }),
    )
}

#[tokio::test]
async fn no_secret_of_a_url_leaves() {
    let relay = Relay::start().await;

    let report = relay.reported(&full_of_secrets()).await;

    assert!(!contains(&relay.tracker.ledger().bytes, SECRET), "{report}");
    assert_eq!(
        report["request_url"],
        "https://joe:***@shop.example.com/cart?page=2&code=***#***"
    );
    assert_eq!(
        report["message"],
        "GET https://shop.example.com/a.js?v=3&access_token=*** failed"
    );
    assert!(report["traceback"].as_str().unwrap().contains("apiKey=***:1:5)"));
    assert_eq!(
        report["extra"]["context"]["deep"][0]["more"]["href"],
        "https://shop.example.com/a.js?v=3&session_id=***"
    );
    assert_eq!(
        report["extra"]["breadcrumbs"][0]["data"]["to"],
        "/reset?token=***"
    );
}

#[tokio::test]
async fn no_secret_of_a_url_is_stored() {
    let relay = Relay::start().await;
    relay.tracker.down().await;
    relay.collector.down().await;
    let metrics = json!({
        "url": format!("https://shop.example.com/cart?token={SECRET}#id_token={SECRET}"),
        "metrics": [{
            "name": "lcp", "type": "histogram", "value": 1,
            "labels": {"resource": format!("https://shop.example.com/x?sig={SECRET}"), "page": format!("/a?key={SECRET}")},
        }],
    });

    assert_eq!(relay.report(&full_of_secrets()).await.status, 202);
    assert_eq!(relay.measure(&metrics).await.status, 202);

    let disk = relay.bytes_on_disk().await;
    assert!(contains(&disk, "access_token=***"), "the report is there");
    assert!(contains(&disk, "sig=***"), "the point is there");
    assert!(!contains(&disk, SECRET));

    relay.tracker.up();
    relay.collector.up();
    relay.tracker.has_taken(1).await;
    let point = relay.collector.has_taken(1).await.pop().unwrap();
    assert_eq!(point["labels"]["page"], "/a?key=***");
    assert!(!contains(&relay.collector.ledger().bytes, SECRET));
}

#[tokio::test]
async fn each_word_of_the_list_is_a_secret_however_it_is_written() {
    let relay = Relay::start().await;
    for name in [
        "token",
        "key",
        "secret",
        "password",
        "passwd",
        "pwd",
        "auth",
        "authorization",
        "signature",
        "sig",
        "jwt",
        "session",
        "sid",
        "code",
    ] {
        let upper = name.to_uppercase();
        let camel = format!("my{}{}", &upper[..1], &name[1..]);
        let mut spellings = vec![name.to_owned(), upper];
        if name != "code" {
            spellings.extend([
                camel,
                format!("my_{name}"),
                format!("{name}-id"),
                format!("a.{name}.b"),
            ]);
        }
        for spelling in spellings {
            let url = format!("https://x.example.com/p?a=1&{spelling}={SECRET}&b=2");
            let report = relay.reported(&with(error("x"), json!({"url": url}))).await;
            assert_eq!(report["request_url"], url.replace(SECRET, "***"));
        }
    }
    for name in [
        "monkey",
        "keyboard",
        "zip_code",
        "author",
        "tokens",
        "designation",
    ] {
        let url = format!("https://x.example.com/p?{name}=plain");
        let report = relay.reported(&with(error("x"), json!({"url": url}))).await;
        assert_eq!(report["request_url"], url);
    }
}
