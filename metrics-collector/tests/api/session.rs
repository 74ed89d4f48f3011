//! A browser's session: the key is exchanged once for a cookie.

use serde_json::json;
use shared::testing::promises::{
    assert_no_session, assert_only_own_cookie, assert_signs_out, cookie, sign_in, signed_in,
};

use crate::collector::{Collector, KEY, counter};

const SERVICE: &str = "metrics-collector";

#[tokio::test]
async fn a_wrong_key_opens_no_session() {
    let collector = Collector::start().await;
    assert_no_session(&collector.stranger("192.0.2.1")).await;
}

#[tokio::test]
async fn a_session_reads_and_writes_only_from_its_own_page() {
    let collector = Collector::start().await;
    let browser = signed_in(&collector.service.client(), SERVICE, KEY).await;
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
    let before = sign_in(&collector.service.client(), KEY).await;
    let browser = signed_in(&collector.service.client(), SERVICE, KEY).await;

    assert_signs_out(&browser, SERVICE).await;
    let collector = collector.restarted_with(&[("API_KEY", "new")]).await;
    let after = collector.stranger("192.0.2.1").with("Cookie", cookie(&before));
    assert_eq!(after.get("/api/dashboard").await.status, 401);
}

#[tokio::test]
async fn a_cookie_of_another_service_is_none() {
    let collector = Collector::start().await;
    let reply = sign_in(&collector.service.client(), KEY).await;

    assert_only_own_cookie(cookie(&reply), SERVICE, "/api/dashboard", |cookies| {
        collector.stranger("192.0.2.1").with("Cookie", cookies)
    })
    .await;
}
