//! What comes before a handler: 404, 405, the order of refusals, HEAD, and the pages.

use serde_json::json;

use shared::testing::routing::{
    READS, assert_caution, assert_first_refusal, assert_heads, assert_methods, assert_pages, assert_unknown,
};

use crate::collector::{Collector, counter};

#[tokio::test]
async fn unknown_addresses_are_404() {
    let collector = Collector::start().await;
    collector.send(&[counter("jobs", 1.0)]).await;
    assert_unknown(
        &collector.api,
        &[
            "/api/metrics/",
            "/api/metrics/jobs",
            "/api/metrics/names/",
            "/api/metrics/labels/",
            "/api/projects/",
            "/api/projects/default",
            "/api/dashboard/",
            "/api//metrics",
            "/api/METRICS",
        ],
    )
    .await;
    for path in ["/api/metrics/", "/api/nothing"] {
        let reply = collector
            .api
            .post_json(path, &json!([counter("jobs", 1.0)]))
            .await;
        assert_eq!(reply.status, 404, "POST {path}");
    }
    assert_eq!(collector.total("name=jobs").await.0, 1);
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let collector = Collector::start().await;
    assert_methods(
        &collector.api,
        &[
            ("/api/metrics", &["GET", "HEAD", "POST"]),
            ("/api/metrics/names", READS),
            ("/api/metrics/labels", READS),
            ("/api/projects", READS),
            ("/api/dashboard", READS),
            ("/explore", READS),
        ],
    )
    .await;
}

#[tokio::test]
async fn the_first_refusal_in_order_is_the_one_that_is_told() {
    let collector = Collector::with(&[("RATE_LIMIT", "1")]).await;
    let stranger = collector.stranger("192.0.2.1");
    collector.send(&[counter("jobs", 1.0)]).await;

    assert_first_refusal(&stranger, &collector.api, "/api/metrics", 600_000, 429).await;
}

#[tokio::test]
async fn head_works_where_get_does() {
    let collector = Collector::start().await;
    collector.send(&[counter("jobs", 1.0)]).await;
    assert_heads(
        &collector.api,
        &[
            "/explore",
            "/api/metrics",
            "/api/metrics?name=jobs",
            "/api/metrics?name=jobs&period=x",
            "/api/metrics/names",
            "/api/metrics/labels?name=jobs",
            "/api/projects",
            "/api/dashboard",
            "/api/dashboard?project=none",
        ],
    )
    .await;
}

#[tokio::test]
async fn the_shell_is_complete_and_loads_nothing_from_elsewhere() {
    let collector = Collector::start().await;
    assert_pages(
        &collector.service.client(),
        &["/explore", "/explore?name=jobs&group_by=host"],
    )
    .await;
}

#[tokio::test]
async fn every_answer_carries_the_headers_of_caution() {
    let collector = Collector::start().await;
    assert_caution(
        &[collector.api.clone(), collector.stranger("192.0.2.1")],
        &["/api/metrics?name=x", "/api/metrics"],
    )
    .await;
}
