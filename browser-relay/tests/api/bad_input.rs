//! What is wrong with a request is told in words, and harms nobody.

use serde_json::{Value, json};

use crate::relay::{Relay, error, point, with};

async fn refused(relay: &Relay, path: &str, body: &str) -> String {
    let reply = relay.browser.post_bytes(path, body.as_bytes()).await;
    assert_eq!(reply.status, 400, "{body}: {}", reply.text());
    reply.detail()
}

#[tokio::test]
async fn what_is_no_error_is_told_why() {
    let relay = Relay::start().await;
    let deep = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    for (body, why) in [
        ("", "the body is empty"),
        ("no JSON", "expected"),
        ("null", "a JSON object"),
        ("7", "a JSON object"),
        ("\"text\"", "a JSON object"),
        ("[]", "not an array"),
        (" [{\"message\":\"x\"}]", "not an array"),
        ("{}", "Missing required field: message"),
        ("{\"message\":null}", "Missing required field: message"),
        ("{\"message\":7}", "message"),
        ("{\"message\":{}}", "message"),
        ("{\"message\":\"x\"", "EOF"),
        ("{\"message\":\"x\"} {}", "trailing"),
        ("{\"message\":\"x\",\"stack\":[]}", "stack"),
        ("{\"message\":\"x\",\"url\":7}", "url"),
        ("{\"message\":\"x\",\"session_id\":{}}", "session_id"),
        ("{\"message\":\"x\",\"debug_meta\":7}", "debug_meta"),
        ("{\"message\":\"x\",\"message\":\"y\"}", "message"),
        (
            &format!("{{\"message\":\"x\",\"context\":{}}}", deep(91)),
            "context: nested deeper",
        ),
        (
            &format!("{{\"message\":\"x\",\"breadcrumbs\":{}}}", deep(5_000)),
            "breadcrumbs: nested deeper",
        ),
    ] {
        let detail = refused(&relay, "/api/browser/errors", body).await;
        assert!(detail.contains(why), "{body:.60}: {detail}");
        assert!(!detail.contains("serde") && detail.len() < 300, "{detail}");
    }
    assert_eq!(relay.tracker.requests(), 0);
    assert_eq!(relay.report(&error("x")).await.status, 201);
}

#[tokio::test]
async fn strange_but_usable_errors_are_taken() {
    let relay = Relay::start().await;
    for (more, member, expected) in [
        (json!({"type": ""}), "exception_type", json!("Error")),
        (json!({"type": null}), "exception_type", json!("Error")),
        (json!({"release": 7}), "release", json!("7")),
        (json!({"release": " "}), "release", Value::Null),
        (json!({"context": {"user_id": 7}}), "user_id", json!("7")),
        (json!({"context": {"user_id": {}}}), "user_id", Value::Null),
        (json!({"context": "text"}), "user_id", Value::Null),
        (json!({"message": ""}), "message", json!("")),
        (json!({"message": "a\u{0}b"}), "message", json!("a\u{0}b")),
        (json!({"unknown": {"member": 1}}), "message", json!("x")),
        (
            json!({"type": "T".repeat(500)}),
            "exception_type",
            json!("T".repeat(199) + "…"),
        ),
        (json!({"environment": true}), "environment", json!("true")),
    ] {
        let report = relay.reported(&with(error("x"), more.clone())).await;
        assert_eq!(report[member], expected, "{more}");
    }
}

#[tokio::test]
async fn what_are_no_metrics_is_told_why() {
    let relay = Relay::start().await;
    let too_many = json!({"metrics": vec![point("x", 1.0); 1_001]}).to_string();
    for (body, why) in [
        ("", "the body is empty"),
        ("null", "a JSON object"),
        (
            "[[{\"name\":\"x\",\"type\":\"gauge\",\"value\":1}]]",
            "not an array",
        ),
        ("{}", "Missing required field: metrics"),
        ("{\"metrics\":[]}", "at least one"),
        ("{\"metrics\":{}}", "metrics"),
        (&too_many, "at most 1000"),
        ("{\"metrics\":[{}]}", "0: Missing required field: name"),
        ("{\"metrics\":[7]}", "0: "),
        (
            "{\"metrics\":[{\"name\":\"x\",\"type\":\"sum\",\"value\":1}]}",
            "type: must be",
        ),
        (
            "{\"metrics\":[{\"name\":\"x\",\"type\":\"counter\",\"value\":-1}]}",
            "below zero",
        ),
        (
            "{\"metrics\":[{\"name\":\"x\",\"type\":\"gauge\",\"value\":1e999}]}",
            "0: ",
        ),
        ("{\"metrics\":[{\"name\":\"x\",\"type\":\"gauge\"}]}", "value"),
        (
            "{\"metrics\":[{\"name\":\"x\",\"type\":\"gauge\",\"value\":1,\"timestamp\":\"soon\"}]}",
            "timestamp",
        ),
        (
            "{\"metrics\":[{\"name\":\"x\",\"type\":\"gauge\",\"value\":1,\"labels\":[]}]}",
            "expected a map",
        ),
    ] {
        let detail = refused(&relay, "/api/browser/metrics", body).await;
        assert!(detail.contains(why), "{body:.60}: {detail}");
    }
    assert_eq!(relay.collector.requests(), 0);
}

#[tokio::test]
async fn queries_are_checked_and_the_parameter_is_named() {
    let relay = Relay::start().await;
    for path in ["/api/dsn-keys", "/api/source-maps"] {
        for (query, name) in [
            ("limit=x", "limit"),
            ("limit=0", "limit"),
            ("limit=-1", "limit"),
            ("before=x", "before"),
            ("before=1.5", "before"),
        ] {
            let reply = relay.admin.get(&format!("{path}?{query}")).await;
            assert_eq!(reply.status, 400, "{path}?{query}");
            assert!(reply.detail().contains(name), "{}", reply.detail());
        }
        for query in ["limit=999999999999999999999", "limit=", "unknown=1", "before="] {
            assert_eq!(
                relay.admin.get(&format!("{path}?{query}")).await.status,
                200,
                "{query}"
            );
        }
    }
}
