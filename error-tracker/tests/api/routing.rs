//! What comes before a handler: 404, 405, the order of refusals, HEAD, and the pages.

use shared::testing::promises::{assert_caution, assert_heads, assert_methods, assert_pages, assert_unknown};

use crate::tracker::{Tracker, report};

#[tokio::test]
async fn unknown_addresses_are_404() {
    let tracker = Tracker::start().await;
    tracker.report(&report("KeyError")).await;
    assert_unknown(
        &tracker.api,
        &[
            "/api/nothing",
            "/api/",
            "/api",
            "/api/errors/",
            "/api/errors/1/",
            "/api/errors/1/resolve/",
            "/api/errors/1/nothing",
            "/api/projects/",
            "/api//errors",
            "/api/ERRORS",
            "/assets/none.js",
            "/favicon.png",
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
    let reads = &["GET", "HEAD"][..];

    assert_methods(
        &tracker.api,
        &[
            ("/api/errors", &["GET", "HEAD", "POST"]),
            ("/api/errors/batch", &["POST"]),
            ("/api/errors/bulk", &["POST"]),
            ("/api/errors/1", &["DELETE", "GET", "HEAD"]),
            ("/api/errors/1/timeline", reads),
            ("/api/errors/1/resolve", &["POST"]),
            ("/api/projects", reads),
            ("/api/openapi.json", reads),
            ("/api/session", &["DELETE", "POST"]),
            ("/metrics", reads),
            ("/health", reads),
            ("/", reads),
            ("/errors/17", reads),
        ],
    )
    .await;
}

#[tokio::test]
async fn the_first_refusal_in_order_is_the_one_that_is_told() {
    let tracker = Tracker::with(&[("RATE_LIMIT", "1")]).await;
    let stranger = tracker.stranger("192.0.2.1");
    let large = vec![b'x'; 300_000];
    assert_eq!(
        tracker
            .api
            .post_json("/api/errors", &report("KeyError"))
            .await
            .status,
        201
    );
    for (client, method, path, body, status) in [
        (&stranger, "PUT", "/api/errors", &large, 401),
        (&stranger, "POST", "/api/nothing", &large, 401),
        (&tracker.api, "POST", "/api/nothing", &large, 404),
        (&tracker.api, "PUT", "/api/errors", &large, 405),
        (&tracker.api, "POST", "/api/errors", &large, 413),
        (&tracker.api, "POST", "/api/errors", &b"no JSON".to_vec(), 429),
    ] {
        let reply = client.send(method, path, Some(body)).await;

        assert_eq!(reply.status, status, "{method} {path}");
        assert!(!reply.detail().is_empty());
    }
}

#[tokio::test]
async fn head_works_where_get_does() {
    let tracker = Tracker::start().await;
    let id = tracker.group(&report("KeyError")).await;
    assert_heads(
        &tracker.api,
        &[
            "/",
            "/health",
            "/metrics",
            "/api/errors",
            "/api/errors?limit=1",
            "/api/errors?limit=x",
            &format!("/api/errors/{id}"),
            &format!("/api/errors/{id}/timeline"),
            "/api/errors/999",
            "/api/projects",
            "/api/about",
            "/api/openapi.json",
            "/api/nothing",
        ],
    )
    .await;
}

#[tokio::test]
async fn the_shell_is_complete_and_loads_nothing_from_elsewhere() {
    let tracker = Tracker::start().await;
    assert_pages(&tracker.service.client(), &["/", "/errors/17", "/index.html"]).await;
}

#[tokio::test]
async fn every_answer_carries_the_headers_of_caution() {
    let tracker = Tracker::start().await;
    assert_caution(
        &[tracker.api.clone(), tracker.stranger("192.0.2.1")],
        &[
            "/",
            "/health",
            "/metrics",
            "/api/errors",
            "/api/nothing",
            "/api/errors/abc",
        ],
    )
    .await;
}
