//! `POST /api/test-alert`: does anybody hear us?

use serde_json::json;
use shared::testing::Receiver;
use tokio::net::TcpListener;

use crate::tracker::Tracker;

#[tokio::test]
async fn without_a_channel_the_answer_says_so() {
    let tracker = Tracker::start().await;

    let reply = tracker.api.post("/api/test-alert").await;

    assert_eq!(
        (reply.status, reply.detail().as_str()),
        (503, "no alert channel is configured")
    );
}

#[tokio::test]
async fn each_channel_answers_for_itself() {
    let receiver = Receiver::start().await;
    let tracker = Tracker::with(&[
        ("ALERT_WEBHOOK_URL", &receiver.url()),
        ("ALERT_WEBHOOK_SECRET", "hush"),
    ])
    .await;

    let reply = tracker.act("/api/test-alert").await;

    assert_eq!(
        reply,
        json!({"results": [{"channel": "webhook", "ok": true, "detail": null}]})
    );
    let received = receiver.next().await;
    let signature = received.headers["x-monlight-signature"].to_str().unwrap();
    assert!(signature.starts_with("sha256=") && signature.len() == 7 + 64);
    assert!(received.json()["text"].is_string());
    assert_eq!(tracker.get("/api/errors").await["total"], 0, "a test is no error");
}

#[tokio::test]
async fn a_channel_that_does_not_work_says_why() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", nobody.local_addr().unwrap());
    drop(nobody);
    let tracker = Tracker::with(&[("ALERT_WEBHOOK_URL", &url)]).await;

    let reply = tracker.act("/api/test-alert").await;

    let result = &reply["results"][0];
    assert_eq!(
        (&result["channel"], &result["ok"]),
        (&json!("webhook"), &json!(false))
    );
    let detail = result["detail"].as_str().unwrap();
    assert!(!detail.is_empty() && !detail.contains(&url), "{detail}");
}
