//! Keys: who may use the API, and what stays open.

use serde_json::json;
use shared::testing::promises::{assert_guarded, assert_refused};

use crate::collector::{Collector, KEY, counter};

/// What no document knows is refused in the same way, and of what is refused nothing is kept.
const GUARDED: &[(&str, &str)] = &[
    ("POST", "/api/metrics"),
    ("GET", "/api/metrics?name=x"),
    ("GET", "/api/dashboard?project=none"),
    ("GET", "/api/nothing"),
    ("PATCH", "/api/metrics"),
    ("GET", "/api/metrics/"),
    ("GET", "/api/"),
    ("GET", "/api"),
    ("HEAD", "/api/metrics"),
    ("OPTIONS", "/api/metrics"),
];

#[tokio::test]
async fn without_the_key_every_address_answers_the_same() {
    let collector = Collector::start().await;
    let points = json!([counter("jobs", 1.0)]).to_string();
    assert_guarded("metrics-collector", KEY, GUARDED, points.as_bytes(), |address| {
        collector.stranger(address)
    })
    .await;
    assert_eq!(collector.get("/api/metrics/names").await, json!({"metrics": []}));
}

#[tokio::test]
async fn the_key_is_taken_in_either_header_and_not_from_the_address() {
    let collector = Collector::start().await;
    let open = collector.service.client();
    for client in [
        open.with("X-API-Key", KEY),
        open.with("x-api-key", KEY),
        open.with("Authorization", &format!("Bearer {KEY}")),
        open.with("authorization", &format!("bearer {KEY}")),
    ] {
        for path in ["/api/metrics/names", "/metrics", "/api/openapi.json"] {
            assert_eq!(client.get(path).await.status, 200, "{path}");
        }
        let reply = client
            .post_json("/api/metrics", &json!([counter("jobs", 1.0)]))
            .await;
        assert_eq!(reply.status, 202);
    }
    for path in ["/api/projects", "/api/dashboard", "/metrics"] {
        let stranger = collector.stranger("192.0.2.1");
        assert_refused(&stranger.get(&format!("{path}?api_key={KEY}")).await, path);
    }
}

#[tokio::test]
async fn two_keys_are_valid_during_a_rotation() {
    let collector = Collector::with(&[("API_KEY", "new, old")]).await;
    for (key, status) in [("new", 200), ("old", 200), ("new, old", 401), ("ne", 401)] {
        let client = collector.service.client().with("X-API-Key", key);
        assert_eq!(client.get("/api/projects").await.status, status, "{key}");
    }
}

#[tokio::test]
async fn the_more_specific_setting_wins() {
    let collector = Collector::with(&[("METRICS_COLLECTOR_API_KEY", "mine"), ("API_KEY", "shared")]).await;
    for (key, status) in [("mine", 200), ("shared", 401)] {
        let client = collector.service.client().with("X-API-Key", key);
        assert_eq!(client.get("/api/projects").await.status, status, "{key}");
    }
}

#[tokio::test]
async fn health_and_the_pages_need_no_key() {
    let collector = Collector::start().await;
    for path in ["/health", "/", "/index.html", "/explore"] {
        assert_eq!(collector.service.client().get(path).await.status, 200, "{path}");
    }
}
