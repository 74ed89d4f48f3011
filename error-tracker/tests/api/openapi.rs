//! `/api/openapi.json`: the document is the one in `docs`, and it tells the truth.
//!
//! After a change on purpose: `UPDATE_OPENAPI=1 cargo nextest run -p error-tracker --test api openapi`.

use shared::testing::openapi::{Document, assert_all_documented};

use crate::tracker::{KEY, Tracker, report};

/// A tracker with a group that is there, under the number 1.
async fn documented() -> (Tracker, Document) {
    let tracker = Tracker::start().await;
    assert_eq!(tracker.group(&report("KeyError")).await, 1);
    let document = Document::of(&tracker.api).await;
    (tracker, document)
}

fn address(path: &str) -> String {
    path.replace("{id}", "1")
}

#[tokio::test]
async fn the_document_is_the_one_that_is_kept_and_whole() {
    let (_tracker, document) = documented().await;

    document.assert_is_kept("error-tracker");
    document.assert_is_whole(env!("CARGO_PKG_VERSION"));
}

#[tokio::test]
async fn exactly_the_documented_methods_are_served() {
    let (_tracker, document) = documented().await;

    document.assert_methods(address).await;
}

#[tokio::test]
async fn every_documented_answer_of_a_read_has_the_documented_members() {
    let (_tracker, document) = documented().await;

    document.assert_reads(|path| Some(address(path))).await;
}

#[tokio::test]
async fn every_operation_asks_for_the_key_that_the_document_says() {
    let (tracker, document) = documented().await;

    document
        .assert_authorised("error-tracker", KEY, address, |address| tracker.stranger(address))
        .await;
}

#[test]
fn nothing_is_served_without_being_documented() {
    assert_all_documented(include_str!("../../src/http/mod.rs"));
}

#[tokio::test]
async fn the_plumbing_is_documented_with_what_it_asks_for() {
    let (tracker, document) = documented().await;

    document.assert_plumbing(&tracker.service.client()).await;
}
