//! A browser's session: the key is exchanged once for a cookie.

use serde_json::json;
use shared::testing::{Client, Reply};

use crate::collector::{Collector, KEY, counter};

/// Signs in and answers with the whole reply.
async fn sign_in(client: &Client, key: &str) -> Reply {
    client.post_json("/api/session", &json!({"api_key": key})).await
}

/// `name=value` of the cookie that a reply sets.
fn cookie(reply: &Reply) -> String {
    let whole = reply.header("set-cookie");
    whole.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn the_cookie_is_out_of_reach_for_scripts_and_other_sites() {
    let collector = Collector::start().await;

    let reply = sign_in(&collector.service.client(), KEY).await;

    assert_eq!((reply.status, reply.body.len()), (204, 0));
    let whole = reply.header("set-cookie");
    assert!(whole.starts_with("monlight_metrics-collector="), "{whole}");
    let attributes: Vec<&str> = whole.split("; ").skip(1).collect();
    assert_eq!(attributes, ["Max-Age=2592000", "HttpOnly", "SameSite=Strict"]);
    assert!(!whole.contains(KEY));
}

#[tokio::test]
async fn a_wrong_key_opens_no_session() {
    let collector = Collector::start().await;
    let stranger = collector.stranger("192.0.2.1");

    let wrong = sign_in(&stranger, "wrong").await;
    let none = stranger.post_json("/api/session", &json!({})).await;

    assert_eq!((wrong.status, wrong.detail().as_str()), (401, "Invalid API key"));
    assert_eq!(wrong.header("set-cookie"), "");
    assert_eq!(none.status, 400);
}

#[tokio::test]
async fn a_session_reads_and_writes_only_from_its_own_page() {
    let collector = Collector::start().await;
    let reply = sign_in(&collector.service.client(), KEY).await;
    let browser = collector.service.client().with("Cookie", &cookie(&reply));
    let points = json!([counter("jobs", 1.0)]);

    for path in [
        "/api/dashboard",
        "/api/metrics?name=jobs",
        "/api/about",
        "/metrics",
    ] {
        assert_eq!(browser.get(path).await.status, 200, "{path}");
    }
    let refused = browser.post_json("/api/metrics", &points).await;
    let own = browser
        .with("X-Monlight-UI", "1")
        .post_json("/api/metrics", &points)
        .await;

    assert_eq!((refused.status, own.status), (403, 202), "{}", refused.detail());
    assert_eq!(collector.total("name=jobs").await.0, 1);
}

#[tokio::test]
async fn signing_out_and_a_change_of_the_key_end_the_session() {
    let collector = Collector::start().await;
    let signed_in = sign_in(&collector.service.client(), KEY).await;
    let browser = collector.service.client().with("Cookie", &cookie(&signed_in));

    let reply = browser.with("X-Monlight-UI", "1").delete("/api/session").await;

    assert_eq!(reply.status, 204);
    let whole = reply.header("set-cookie");
    assert!(
        whole.starts_with("monlight_metrics-collector=;") && whole.contains("Max-Age=0"),
        "{whole}"
    );
    let collector = collector.restarted_with(&[("API_KEY", "new")]).await;
    let after = collector
        .stranger("192.0.2.1")
        .with("Cookie", &cookie(&signed_in));
    assert_eq!(after.get("/api/dashboard").await.status, 401);
}

#[tokio::test]
async fn a_cookie_of_another_service_is_none() {
    let collector = Collector::start().await;
    let value = cookie(&sign_in(&collector.service.client(), KEY).await);
    for (cookies, status) in [
        (format!("a=1; {value}; b=2"), 200),
        (value.replace("metrics-collector", "log-viewer"), 401),
        (format!("{value}x"), 401),
    ] {
        let client = collector.stranger("192.0.2.1").with("Cookie", &cookies);
        assert_eq!(client.get("/api/dashboard").await.status, status, "{cookies}");
    }
}
