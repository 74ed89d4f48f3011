//! What comes before a handler: 404, 405, the order of refusals, HEAD, and the pages.

use shared::testing::routing::{
    READS, assert_caution, assert_first_refusal, assert_heads, assert_methods, assert_pages, assert_unknown,
};

use crate::tracker::{Tracker, report};

#[tokio::test]
async fn unknown_addresses_are_404() {
    let tracker = Tracker::start().await;
    tracker.report(&report("KeyError")).await;
    assert_unknown(
        &tracker.api,
        &[
            "/api/errors/",
            "/api/errors/1/",
            "/api/errors/1/resolve/",
            "/api/errors/1/nothing",
            "/api/projects/",
            "/api//errors",
            "/api/ERRORS",
        ],
    )
    .await;
    for path in ["/api/errors/", "/api/errors/batch/", "/api/nothing"] {
        let reply = tracker.api.post_json(path, &report("KeyError")).await;
        assert_eq!(reply.status, 404, "POST {path}");
    }
    assert_eq!(tracker.get("/api/errors").await["errors"][0]["count"], 1);
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let tracker = Tracker::start().await;

    assert_methods(
        &tracker.api,
        &[
            ("/api/errors", &["GET", "HEAD", "POST"]),
            ("/api/errors/batch", &["POST"]),
            ("/api/errors/bulk", &["POST"]),
            ("/api/errors/1", &["DELETE", "GET", "HEAD"]),
            ("/api/errors/1/timeline", READS),
            ("/api/errors/1/resolve", &["POST"]),
            ("/api/projects", READS),
            ("/errors/17", READS),
        ],
    )
    .await;
}

#[tokio::test]
async fn the_first_refusal_in_order_is_the_one_that_is_told() {
    let tracker = Tracker::with(&[("RATE_LIMIT", "1")]).await;
    let stranger = tracker.stranger("192.0.2.1");
    let reply = tracker.api.post_json("/api/errors", &report("KeyError")).await;
    assert_eq!(reply.status, 201);

    assert_first_refusal(&stranger, &tracker.api, "/api/errors", 300_000, 429).await;
}

#[tokio::test]
async fn head_works_where_get_does() {
    let tracker = Tracker::start().await;
    let id = tracker.group(&report("KeyError")).await;
    assert_heads(
        &tracker.api,
        &[
            "/api/errors",
            "/api/errors?limit=1",
            "/api/errors?limit=x",
            &format!("/api/errors/{id}"),
            &format!("/api/errors/{id}/timeline"),
            "/api/errors/999",
            "/api/projects",
        ],
    )
    .await;
}

#[tokio::test]
async fn the_shell_is_complete_and_loads_nothing_from_elsewhere() {
    let tracker = Tracker::start().await;
    assert_pages(&tracker.service.client(), &["/errors/17"]).await;
}

#[tokio::test]
async fn every_answer_carries_the_headers_of_caution() {
    let tracker = Tracker::start().await;
    assert_caution(
        &[tracker.api.clone(), tracker.stranger("192.0.2.1")],
        &["/api/errors", "/api/errors/abc"],
    )
    .await;
}
