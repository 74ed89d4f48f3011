//! Keys: who may use the API, and what stays open.

use shared::testing::Client;
use shared::testing::promises::{assert_guarded, assert_refused};

use crate::tracker::{KEY, Tracker, report};

/// What no document knows is refused in the same way, and of what is refused nothing is counted.
const GUARDED: &[(&str, &str)] = &[
    ("GET", "/api/errors/abc"),
    ("GET", "/api/nothing"),
    ("PATCH", "/api/errors"),
    ("GET", "/api/errors/"),
    ("GET", "/api/"),
    ("GET", "/api"),
    ("HEAD", "/api/errors"),
    ("OPTIONS", "/api/errors"),
    ("POST", "/api/errors"),
];

#[tokio::test]
async fn without_the_key_every_address_answers_the_same() {
    let tracker = Tracker::start().await;
    assert_guarded("error-tracker", KEY, GUARDED, b"{}", |address| {
        tracker.stranger(address)
    })
    .await;
    assert_eq!(
        tracker.get("/api/errors?resolved=all&ignored=all").await["total"],
        0
    );
}

#[tokio::test]
async fn the_key_is_taken_in_either_header() {
    let tracker = Tracker::start().await;
    let open = tracker.service.client();
    for client in [
        open.with("X-API-Key", KEY),
        open.with("x-api-key", KEY),
        open.with("Authorization", &format!("Bearer {KEY}")),
        open.with("authorization", &format!("bearer {KEY}")),
    ] {
        assert_eq!(client.get("/api/errors").await.status, 200);
        assert_eq!(client.get("/metrics").await.status, 200);
        assert_eq!(client.get("/api/openapi.json").await.status, 200);
    }
}

#[tokio::test]
async fn the_key_is_not_taken_from_the_address() {
    let tracker = Tracker::start().await;

    let reply = tracker
        .stranger("192.0.2.1")
        .get(&format!("/api/errors?api_key={KEY}"))
        .await;

    assert_refused(&reply, "GET");
}

#[tokio::test]
async fn two_keys_are_valid_during_a_rotation() {
    let tracker = Tracker::with(&[("API_KEY", "new, old")]).await;
    let open: Client = tracker.service.client();
    for (key, status) in [("new", 200), ("old", 200), ("new, old", 401), ("ne", 401)] {
        assert_eq!(
            open.with("X-API-Key", key).get("/api/errors").await.status,
            status,
            "{key}"
        );
    }
}

#[tokio::test]
async fn the_more_specific_setting_wins() {
    let tracker = Tracker::with(&[("ERROR_TRACKER_API_KEY", "mine"), ("API_KEY", "shared")]).await;
    let open = tracker.service.client();

    assert_eq!(
        open.with("X-API-Key", "mine").get("/api/errors").await.status,
        200
    );
    assert_eq!(
        open.with("X-API-Key", "shared").get("/api/errors").await.status,
        401
    );
}

#[tokio::test]
async fn health_and_the_pages_need_no_key() {
    let tracker = Tracker::start().await;
    for path in ["/health", "/", "/index.html", "/errors/17"] {
        assert_eq!(tracker.service.client().get(path).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn a_refused_report_is_not_counted() {
    let tracker = Tracker::start().await;

    let reply = tracker
        .stranger("192.0.2.1")
        .post_json("/api/errors", &report("KeyError"))
        .await;

    assert_refused(&reply, "POST");
    assert_eq!(tracker.get("/api/errors").await["total"], 0);
}
