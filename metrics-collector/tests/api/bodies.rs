//! Bodies: how large they may be, how they may be packed, and how they may arrive.

use serde_json::{Value, json};
use shared::testing::bodies::{self, SMALL};

use crate::collector::{Collector, counter, with};

const PATH: &str = "/api/metrics";

/// A batch with this text in it.
fn padded(text: &str) -> Value {
    json!([with(counter("jobs", 1.0), json!({"padding": text}))])
}

#[tokio::test]
async fn the_limit_is_exact_whether_announced_or_in_chunks() {
    let collector = Collector::with(&SMALL).await;

    bodies::assert_limit_exact(&collector.api, PATH, padded, &[202]).await;

    assert_eq!(collector.total("name=jobs").await.0, 2);
}

#[tokio::test]
async fn the_default_limit_is_half_a_megabyte() {
    let collector = Collector::start().await;

    bodies::assert_default_limit(&collector.api, PATH, padded, 524_288, 202).await;
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_it_is_read() {
    let collector = Collector::with(&SMALL).await;

    bodies::assert_announced_refused(&collector.api, PATH).await;
    bodies::assert_endless_refused(&collector.api, PATH).await;
}

#[tokio::test]
async fn the_limit_counts_what_comes_out_of_a_packed_body() {
    let collector = Collector::start().await;

    bodies::assert_unpacked_counted(&collector.api, PATH, 524_288).await;

    collector.send(&[counter("jobs", 1.0)]).await;
}

#[tokio::test]
async fn what_cannot_be_unpacked_is_told_apart() {
    let collector = Collector::start().await;
    let good = json!([counter("jobs", 1.0)]).to_string();

    bodies::assert_unpacking_told(&collector.api, PATH, &good).await;

    assert_eq!(collector.figure("points_accepted_total").await, 0);
}

#[tokio::test]
async fn the_type_of_the_body_does_not_matter() {
    let collector = Collector::start().await;
    let body = json!([counter("jobs", 1.0)]).to_string();

    bodies::assert_type_ignored(&collector.api, PATH, &body, &[202]).await;
}

#[tokio::test]
async fn one_slow_body_delays_nobody() {
    let collector = Collector::start().await;
    let body = json!([counter("slow", 1.0)]).to_string();
    let (mut slow, rest) = collector.api.post_half(PATH, &body).await;

    collector.send(&[counter("fast", 1.0)]).await;

    assert!(slow.write(rest).await);
    assert_eq!(slow.read_reply().await.json()["count"], 1);
}
