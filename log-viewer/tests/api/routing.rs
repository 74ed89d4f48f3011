//! What comes before a handler: 404, 405, HEAD, limits, and the pages.

use shared::testing::promises::assert_too_many;
use shared::testing::routing::{
    READS, assert_caution, assert_heads, assert_methods, assert_pages, assert_unknown,
};

use crate::viewer::Viewer;

#[tokio::test]
async fn unknown_addresses_are_404() {
    let viewer = Viewer::start().await;
    viewer.docker.container("shop").line("one");
    viewer.has(1).await;
    assert_unknown(
        &viewer.api,
        &[
            "/api/logs/",
            "/api/logs/1/",
            "/api/logs/1/context/",
            "/api/logs/1/nothing",
            "/api/logs/tail/",
            "/api/logs/histogram/",
            "/api/logs/export/",
            "/api/logs/containers/",
            "/api/logs/stats/",
            "/api/containers/",
            "/api/containers/shop",
            "/api/stats/",
            "/api//logs",
            "/api/LOGS",
        ],
    )
    .await;
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let viewer = Viewer::start().await;

    assert_methods(
        &viewer.api,
        &[
            ("/api/logs", READS),
            ("/api/logs/1", READS),
            ("/api/logs/1/context", READS),
            ("/api/logs/histogram", READS),
            ("/api/logs/export", READS),
            ("/api/logs/tail", READS),
            ("/api/logs/containers", READS),
            ("/api/logs/stats", READS),
            ("/api/containers", READS),
            ("/api/stats", READS),
        ],
    )
    .await;
}

#[tokio::test]
async fn head_works_where_get_does() {
    let viewer = Viewer::start().await;
    viewer.docker.container("shop").line("one");
    viewer.has(1).await;
    assert_heads(
        &viewer.api,
        &[
            "/api/logs",
            "/api/logs?limit=1",
            "/api/logs?limit=x",
            "/api/logs/1",
            "/api/logs/1/context",
            "/api/logs/999",
            "/api/logs/histogram",
            "/api/logs/export",
            "/api/logs/export?format=text",
            "/api/containers",
            "/api/stats",
        ],
    )
    .await;
    // The stream has no end, so there is no GET to compare with.
    let head = viewer.api.send("HEAD", "/api/logs/tail", None).await;
    assert_eq!(head.status, 200);
    assert!(head.header("content-type").starts_with("text/event-stream"));
    assert!(head.body.is_empty());
}

#[tokio::test]
async fn a_client_over_its_limit_is_told_when_to_come_again() {
    let viewer = Viewer::with(&[("RATE_LIMIT", "3")]).await;
    for _ in 0..3 {
        assert_eq!(viewer.api.get("/api/logs").await.status, 200);
    }
    for path in ["/api/logs", "/api/stats", "/api/logs/tail", "/api/logs/export"] {
        let reply = viewer.api.get(path).await;
        let _seconds = assert_too_many(&reply);
    }
    assert_eq!(viewer.service.client().get("/health").await.status, 200);
}

#[tokio::test]
async fn the_shell_is_complete_and_loads_nothing_from_elsewhere() {
    let viewer = Viewer::start().await;
    assert_pages(&viewer.service.client(), &["/logs/17"]).await;
}

#[tokio::test]
async fn every_answer_carries_the_headers_of_caution() {
    let viewer = Viewer::start().await;
    assert_caution(
        &[viewer.api.clone(), viewer.stranger("192.0.2.1")],
        &["/api/logs", "/api/logs/export", "/api/logs/abc"],
    )
    .await;
}
