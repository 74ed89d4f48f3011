//! `/api/openapi.json`: the document is the one in `docs`, and it tells the truth.
//!
//! After a change on purpose: `UPDATE_OPENAPI=1 cargo nextest run -p log-viewer --test api openapi`.

use shared::testing::openapi::{Document, assert_all_documented};

use crate::viewer::{KEY, Viewer};

/// A viewer with an entry that is there, under the number 1.
async fn documented() -> (Viewer, Document) {
    let viewer = Viewer::start().await;
    viewer.docker.container("shop").line("one");
    viewer.has(1).await;
    let document = Document::of(&viewer.api).await;
    (viewer, document)
}

fn address(path: &str) -> String {
    path.replace("{id}", "1")
}

#[tokio::test]
async fn the_document_is_the_one_that_is_kept_and_whole() {
    let (_viewer, document) = documented().await;

    document.assert_is_kept("log-viewer");
    document.assert_is_whole(env!("CARGO_PKG_VERSION"));
}

#[tokio::test]
async fn exactly_the_documented_methods_are_served() {
    let (_viewer, document) = documented().await;

    document.assert_methods(address).await;
}

#[tokio::test]
async fn every_documented_answer_of_a_read_has_the_documented_members() {
    const TAIL: &str = "/api/logs/tail";
    let (_viewer, document) = documented().await;

    // It has no end; its events are the rows of the list.
    let content = &document.whole["paths"][TAIL]["get"]["responses"]["200"]["content"];
    assert!(content["text/event-stream"]["schema"].is_object(), "{content}");
    document
        .assert_reads(|path| (path != TAIL).then(|| address(path)))
        .await;
}

#[tokio::test]
async fn every_operation_asks_for_the_key_that_the_document_says() {
    let (viewer, document) = documented().await;

    document
        .assert_authorised("log-viewer", KEY, address, |address| viewer.stranger(address))
        .await;
}

#[test]
fn nothing_is_served_without_being_documented() {
    assert_all_documented(include_str!("../../src/http/mod.rs"));
}

#[tokio::test]
async fn the_plumbing_is_documented_with_what_it_asks_for() {
    let (viewer, document) = documented().await;

    document.assert_plumbing(&viewer.service.client()).await;
}
