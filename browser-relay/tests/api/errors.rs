//! From a browser's error to the tracker's report, and the tracker's answer back.

use serde_json::{Value, json};
use shared::clock::Timestamp;

use crate::peer::UNWANTED;
use crate::relay::{KEY, Relay, error, with};

#[tokio::test]
async fn the_tracker_gets_exactly_what_was_agreed() {
    let relay = Relay::start().await;
    let now = Timestamp::now();
    let report = relay
        .reported(&json!({
            "type": "TypeError",
            "message": "x is undefined",
            "stack": "TypeError: x is undefined\n    at f (https://shop.example.com/a.js:1:5)",
            "url": "https://shop.example.com/cart?page=2",
            "user_agent": "Mozilla/5.0 (X11)",
            "session_id": "s-1",
            "release": "1.2.0",
            "environment": "production",
            "timestamp": now,
            "context": {"user_id": "u-7", "cart": [1, null]},
            "breadcrumbs": [{"category": "click", "message": "buy"}],
            "event_id": "e-1",
            "unknown": "goes nowhere",
        }))
        .await;

    assert_eq!(report["timestamp"], json!(now));
    assert_eq!(report["extra"]["timestamp"], json!(now));
    insta::assert_json_snapshot!(report, {".timestamp" => "[now]", ".extra.timestamp" => "[now]"}, @r#"
    {
      "environment": "production",
      "event_id": "e-1",
      "exception_type": "TypeError",
      "extra": {
        "breadcrumbs": [
          {
            "category": "click",
            "message": "buy"
          }
        ],
        "context": {
          "cart": [
            1,
            null
          ],
          "user_id": "u-7"
        },
        "frames": [
          {
            "column": 5,
            "file": "https://shop.example.com/a.js",
            "function": "f",
            "in_app": true,
            "line": 1,
            "post_context": [],
            "pre_context": [],
            "unresolved": "no map for release 1.2.0"
          }
        ],
        "session_id": "s-1",
        "timestamp": "[now]",
        "user_agent": "Mozilla/5.0 (X11)"
      },
      "message": "x is undefined",
      "project": "shop",
      "release": "1.2.0",
      "request_method": "BROWSER",
      "request_url": "https://shop.example.com/cart?page=2",
      "timestamp": "[now]",
      "traceback": "TypeError: x is undefined\n    at f (https://shop.example.com/a.js:1:5)",
      "user_id": "u-7"
    }
    "#);
    let request = relay.tracker.ledger().requests[0].clone();
    assert_eq!(request.path, "/api/errors/batch");
    let mut names: Vec<&str> = request.headers.keys().map(http::HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "accept",
            "content-length",
            "content-type",
            "host",
            "user-agent",
            "x-api-key"
        ]
    );
}

#[tokio::test]
async fn what_the_browser_left_out_is_left_out_or_made_up() {
    let relay = Relay::start().await;
    let report = relay.reported(&json!({"message": "x"})).await;

    let id = report["event_id"].as_str().unwrap();
    assert!(id.len() >= 32, "{id}");
    let at: Timestamp = report["timestamp"].as_str().unwrap().parse().unwrap();
    assert!((Timestamp::now().millis() - at.millis()).abs() < 60_000);
    insta::assert_json_snapshot!(report, {".timestamp" => "[now]", ".event_id" => "[id]"}, @r#"
    {
      "event_id": "[id]",
      "exception_type": "Error",
      "extra": {},
      "message": "x",
      "project": "shop",
      "request_method": "BROWSER",
      "timestamp": "[now]",
      "traceback": ""
    }
    "#);
    let other = relay.reported(&json!({"message": "x"})).await;
    assert_ne!(other["event_id"], report["event_id"]);
}

#[tokio::test]
async fn the_answer_of_the_tracker_passes_through() {
    let relay = Relay::start().await;
    let once = with(error("x"), json!({"event_id": "e-1"}));
    for (body, status, said, count) in [
        (once.clone(), 201, "created", 1),
        (error("x"), 200, "incremented", 2),
        (once, 200, "duplicate", 2),
    ] {
        for path in ["/api/browser/errors"] {
            let reply = relay.browser.post_json(path, &body).await;

            assert_eq!(reply.status, status, "{said}");
            assert_eq!(
                reply.json(),
                json!({"status": said, "id": 7, "fingerprint": "00112233445566778899aabbccddeeff", "count": count})
            );
        }
    }
}

#[tokio::test]
async fn a_refusal_of_the_tracker_is_final_and_told_and_counted() {
    let relay = Relay::start().await;

    let reply = relay.report(&error(UNWANTED)).await;

    assert_eq!(
        (reply.status, reply.detail().as_str()),
        (400, "message: not wanted here")
    );
    assert_eq!(relay.figure("reports_refused_total").await, 1);
    assert_eq!(relay.figure("spool_reports").await, 0);
    assert_eq!(relay.tracker.requests(), 1, "it is not tried again");
}

#[tokio::test]
async fn an_error_without_an_answer_is_accepted_and_comes_later() {
    let relay = Relay::start().await;
    relay.tracker.down().await;

    let reply = relay.report(&with(error("x"), json!({"event_id": "e-1"}))).await;

    assert_eq!((reply.status, reply.json()), (202, json!({"status": "accepted"})));
    relay.tracker.up();
    assert_eq!(relay.tracker.has_taken(1).await[0]["event_id"], "e-1");
}

#[tokio::test]
async fn the_project_is_that_of_the_key_whatever_the_page_says() {
    let relay = Relay::start().await;
    let other = relay.browser_of(&json!({"project": "other"})).await;
    let lies = with(error("x"), json!({"project": "lie"}));

    relay.report(&lies).await;
    other.post_json("/api/errors", &lies).await;

    let projects: Vec<Value> = relay
        .tracker
        .taken()
        .iter()
        .map(|report| report["project"].clone())
        .collect();
    assert_eq!(projects, ["shop", "other"]);
}

#[tokio::test]
async fn neither_the_clients_address_nor_its_key_goes_further() {
    let relay = Relay::start().await;
    let client = relay
        .stranger("203.0.113.77")
        .with("X-Monlight-Key", KEY)
        .with("Cookie", "visitor=cookie-of-the-visitor")
        .with("Referer", "https://shop.example.com/refers-here");
    let vitals = crate::relay::vitals(&[1.0]);
    for away in [false, true] {
        if away {
            relay.tracker.down().await;
            relay.collector.down().await;
        }
        assert!(client.post_json("/api/browser/errors", &error("x")).await.status < 300);
        assert!(client.post_json("/api/browser/metrics", &vitals).await.status < 300);
    }

    let disk = relay.bytes_on_disk().await;
    let sent = [
        relay.tracker.ledger().bytes.clone(),
        relay.collector.ledger().bytes.clone(),
    ]
    .concat();
    for (place, bytes) in [("the database", &disk), ("what was sent", &sent)] {
        for secret in [
            "203.0.113.77",
            "cookie-of-the-visitor",
            "refers-here",
            "session-of-a-visitor",
        ] {
            assert!(!crate::relay::contains(bytes, secret), "{secret} in {place}");
        }
    }
    assert!(!crate::relay::contains(&sent, KEY));
    assert!(!crate::relay::contains(&disk, crate::relay::TRACKER_KEY));
}

#[tokio::test]
async fn a_report_is_trimmed_below_what_the_tracker_takes() {
    let relay = Relay::with(&[("MAX_BODY_SIZE", "1MiB")]).await;
    let crumbs = json!([{"message": "c".repeat(300_000)}]);
    for (more, trimmed) in [
        (
            json!({"breadcrumbs": crumbs}),
            json!(["source context", "breadcrumbs and context"]),
        ),
        (
            json!({"message": "m".repeat(300_000), "context": {"user_id": "u"}}),
            json!([
                "source context",
                "breadcrumbs and context",
                "the end of message and stack"
            ]),
        ),
    ] {
        let report = relay.reported(&with(error("large"), more)).await;

        assert!(
            report.to_string().len() < 256 << 10,
            "{}",
            report.to_string().len()
        );
        assert_eq!(report["extra"]["trimmed"], trimmed);
        assert_eq!(report["extra"].get("breadcrumbs"), None);
    }
}
