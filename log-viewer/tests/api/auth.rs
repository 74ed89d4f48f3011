//! Who may ask what.

use serde_json::json;
use shared::testing::promises::{assert_guarded, assert_refused};

use crate::events::EventStream;
use crate::viewer::{KEY, Viewer};

const GUARDED: [&str; 15] = [
    "/api/logs",
    "/api/logs/1",
    "/api/logs/1/context",
    "/api/logs/histogram",
    "/api/logs/export",
    "/api/logs/tail",
    "/api/logs/containers",
    "/api/logs/stats",
    "/api/containers",
    "/api/stats",
    "/api/about",
    "/api/openapi.json",
    "/metrics",
    "/api/nothing",
    "/api/logs/",
];

#[tokio::test]
async fn without_the_key_every_guarded_address_answers_the_same() {
    let viewer = Viewer::start().await;
    let addresses: Vec<(&str, &str)> = GUARDED
        .iter()
        .flat_map(|path| [("GET", *path), ("HEAD", *path)])
        .collect();

    assert_guarded("log-viewer", KEY, &addresses, b"", |address| {
        viewer.stranger(address)
    })
    .await;
}

#[tokio::test]
async fn the_key_is_taken_in_either_header() {
    let viewer = Viewer::start().await;
    let open = viewer.service.client();
    for client in [
        open.with("X-API-Key", KEY),
        open.with("Authorization", &format!("Bearer {KEY}")),
    ] {
        for path in ["/api/logs", "/metrics", "/api/openapi.json"] {
            assert_eq!(client.get(path).await.status, 200, "{path}");
        }
    }
}

#[tokio::test]
async fn the_key_is_taken_from_the_address_of_the_stream_alone() {
    let viewer = Viewer::start().await;
    for (number, path) in GUARDED.iter().enumerate() {
        if *path != "/api/logs/tail" {
            let stranger = viewer.stranger(&format!("192.0.2.{number}"));
            assert_refused(&stranger.get(&format!("{path}?api_key={KEY}")).await, path);
        }
    }
    let stranger = viewer.stranger("198.51.100.1");
    assert_refused(&stranger.get("/api/logs/tail?api_key=wrong").await, "a wrong key");
    assert_refused(&stranger.get("/api/logs/tail/?api_key=x").await, "a slash");

    let mut shop = viewer.docker.container("shop");
    let path = format!("/api/logs/tail?container=shop&api_key={KEY}");
    shop.line("known");
    viewer.has(1).await;
    let mut stream = EventStream::open(viewer.service.address, &path, &[]).await;
    shop.line("hello");
    let mut seen = stream.next_log().await;
    if seen.message() == "known" {
        seen = stream.next_log().await;
    }
    assert_eq!(seen.message(), "hello");
}

#[tokio::test]
async fn two_keys_are_valid_during_a_rotation() {
    let viewer = Viewer::with(&[("API_KEY", "new, old")]).await;
    for (key, status) in [("new", 200), ("old", 200), ("new, old", 401), ("ne", 401)] {
        let client = viewer.service.client().with("X-API-Key", key);
        assert_eq!(client.get("/api/logs").await.status, status, "{key}");
    }
}

#[tokio::test]
async fn the_more_specific_setting_wins() {
    let viewer = Viewer::with(&[("LOG_VIEWER_API_KEY", "mine"), ("API_KEY", "shared")]).await;
    let open = viewer.service.client();
    assert_eq!(open.with("X-API-Key", "mine").get("/api/logs").await.status, 200);
    assert_eq!(
        open.with("X-API-Key", "shared").get("/api/logs").await.status,
        401
    );
}

#[tokio::test]
async fn a_browser_reads_and_watches_with_its_session() {
    let viewer = Viewer::start().await;
    let open = viewer.service.client();
    let reply = open.post_json("/api/session", &json!({"api_key": KEY})).await;
    assert_eq!(reply.status, 204, "{}", reply.text());
    let cookie = reply.header("set-cookie").split(';').next().unwrap().to_owned();
    assert!(cookie.starts_with("monlight_log-viewer="), "{cookie}");

    assert_eq!(open.with("Cookie", &cookie).get("/api/logs").await.status, 200);
    let mut tail = EventStream::open(viewer.service.address, "/api/logs/tail", &[("Cookie", &cookie)]).await;
    viewer.docker.container("shop").line("hello");
    assert_eq!(tail.next_log().await.message(), "hello");
}

#[tokio::test]
async fn health_and_the_pages_need_no_key() {
    let viewer = Viewer::start().await;
    for path in ["/health", "/", "/index.html", "/logs/17"] {
        assert_eq!(viewer.service.client().get(path).await.status, 200, "{path}");
    }
}
