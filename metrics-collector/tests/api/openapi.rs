//! `/api/openapi.json`: the document is the one in `docs`, and it tells the truth.
//!
//! After a change on purpose: `UPDATE_OPENAPI=1 cargo nextest run -p metrics-collector --test api openapi`.

use serde_json::json;
use shared::testing::openapi::{Document, assert_all_documented};

use crate::collector::{Collector, KEY, counter, histogram, labelled};

async fn documented() -> (Collector, Document) {
    let collector = Collector::with(&[("MAX_SERIES", "2")]).await;
    let document = Document::of(&collector.api).await;
    (collector, document)
}

#[tokio::test]
async fn the_document_is_the_one_that_is_kept_and_whole() {
    let (_collector, document) = documented().await;

    document.assert_is_kept("metrics-collector");
    document.assert_is_whole(env!("CARGO_PKG_VERSION"));
}

#[tokio::test]
async fn exactly_the_documented_methods_are_served() {
    let (_collector, document) = documented().await;

    document.assert_methods(str::to_owned).await;
}

#[tokio::test]
async fn every_documented_answer_has_the_documented_members() {
    let (collector, document) = documented().await;
    let point =
        |name: &str, host: u32| labelled(histogram(name, 2_600.0), json!({"page": "/", "host": host}));
    let points = json!([
        point("web_vitals_lcp", 1),
        point("http_request_duration_seconds", 1),
        labelled(counter("http_requests_total", 1.0), json!({"status": 500})),
        counter("bad", -1.0),
    ]);
    let client = collector.api.with("Idempotency-Key", "one");
    for _ in ["stored", "duplicate"] {
        let reply = client.post_json("/api/metrics", &points).await;
        document.assert_describes("post", "/api/metrics", &reply);
    }
    for (method, path, query) in [
        ("get", "/api/metrics", "name=http_requests_total&rate=true"),
        ("get", "/api/metrics", "name=web_vitals_lcp&group_by=page"),
        ("get", "/api/metrics", ""),
        ("get", "/api/metrics/labels", ""),
        ("get", "/api/dashboard", "period=x"),
        ("get", "/api/dashboard", "project=none"),
    ] {
        let reply = collector.api.get(&format!("{path}?{query}")).await;
        document.assert_describes(method, path, &reply);
    }
    let refused = collector.api.post_bytes("/api/metrics", b"[]").await;
    document.assert_describes("post", "/api/metrics", &refused);

    document
        .assert_reads(|path| {
            let needs_name = ["/api/metrics", "/api/metrics/labels"].contains(&path);
            Some(path.to_owned() + if needs_name { "?name=web_vitals_lcp" } else { "" })
        })
        .await;
}

#[tokio::test]
async fn every_operation_asks_for_the_key_that_the_document_says() {
    let (collector, document) = documented().await;

    document
        .assert_authorised("metrics-collector", KEY, str::to_owned, |address| {
            collector.stranger(address)
        })
        .await;
}

#[test]
fn nothing_is_served_without_being_documented() {
    assert_all_documented(include_str!("../../src/http/mod.rs"));
}

#[tokio::test]
async fn the_plumbing_is_documented_with_what_it_asks_for() {
    let (collector, document) = documented().await;

    document.assert_plumbing(&collector.service.client()).await;
}
