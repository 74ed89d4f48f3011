//! `RATE_LIMIT`: per client, with a budget for points and one for pages.

use serde_json::json;
use shared::testing::Client;
use shared::testing::promises::assert_too_many;

use crate::collector::{Collector, KEY, counter};

async fn limited(more: &[(&str, &str)]) -> Collector {
    let mut settings = vec![("RATE_LIMIT", "3")];
    settings.extend(more);
    Collector::with(&settings).await
}

/// The statuses of so many batches.
async fn send(client: &Client, times: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..times {
        let reply = client
            .post_json("/api/metrics", &json!([counter("jobs", 1.0)]))
            .await;
        statuses.push(reply.status);
    }
    statuses
}

#[tokio::test]
async fn over_the_limit_the_answer_says_when_to_come_again() {
    let collector = limited(&[]).await;
    assert_eq!(send(&collector.api, 3).await, [202; 3]);

    let reply = collector
        .api
        .post_json("/api/metrics", &json!([counter("jobs", 1.0)]))
        .await;

    let _seconds = assert_too_many(&reply);
    assert_eq!(collector.total("name=jobs").await.0, 3);
}

#[tokio::test]
async fn pages_and_points_have_a_budget_each() {
    let collector = limited(&[]).await;
    for path in ["/api/dashboard", "/api/projects", "/api/metrics?name=jobs"] {
        assert_eq!(collector.api.get(path).await.status, 200);
    }
    for path in [
        "/api/dashboard",
        "/api/metrics/names",
        "/api/metrics/labels?name=x",
        "/api/about",
    ] {
        assert_eq!(collector.api.get(path).await.status, 429, "{path}");
    }

    assert_eq!(send(&collector.api, 4).await, [202, 202, 202, 429]);
}

#[tokio::test]
async fn each_client_behind_a_trusted_proxy_has_its_own_limit() {
    let collector = limited(&[]).await;
    let from = |address: &str| collector.stranger(address).with("X-API-Key", KEY);

    assert_eq!(send(&from("192.0.2.1"), 4).await, [202, 202, 202, 429]);
    assert_eq!(send(&from("192.0.2.2"), 1).await, [202]);
    // Only the hop that the proxy itself has added is believed.
    assert_eq!(send(&from("203.0.113.9, 192.0.2.1"), 1).await, [429]);
}

#[tokio::test]
async fn each_key_has_its_own_limit_and_who_has_none_uses_up_nothing() {
    let collector = limited(&[("API_KEY", "new,old")]).await;
    let with_key = |key: &str| collector.service.client().with("X-API-Key", key);
    assert_eq!(send(&collector.service.client(), 4).await, [401; 4]);

    assert_eq!(send(&with_key("new"), 4).await, [202, 202, 202, 429]);
    assert_eq!(send(&with_key("old"), 1).await, [202]);
    for _ in 0..5 {
        assert_eq!(collector.service.client().get("/health").await.status, 200);
        assert_eq!(collector.service.client().get("/explore").await.status, 200);
    }
}
