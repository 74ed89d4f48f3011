//! Bodies: how large they may be, how they may be packed, and how they may arrive.

use serde_json::{Value, json};
use shared::testing::bodies::{self, SMALL};
use shared::testing::encoding::encode;

use crate::tracker::{Tracker, report, with};

const PATH: &str = "/api/errors";

/// A report with this text in it.
fn padded(text: &str) -> Value {
    with(report("KeyError"), json!({"extra": text}))
}

#[tokio::test]
async fn the_limit_is_exact_whether_announced_or_in_chunks() {
    let tracker = Tracker::with(&SMALL).await;

    bodies::assert_limit_exact(&tracker.api, PATH, padded, &[200, 201]).await;

    assert_eq!(tracker.get(PATH).await["errors"][0]["count"], 2);
}

#[tokio::test]
async fn the_default_limit_is_a_quarter_of_a_megabyte() {
    let tracker = Tracker::start().await;

    bodies::assert_default_limit(&tracker.api, PATH, padded, 262_144, 201).await;
}

#[tokio::test]
async fn an_announced_length_is_refused_before_any_byte_is_read() {
    let tracker = Tracker::with(&SMALL).await;

    bodies::assert_announced_refused(&tracker.api, PATH).await;
}

#[tokio::test]
async fn a_body_that_never_ends_is_refused_at_the_limit() {
    let tracker = Tracker::with(&SMALL).await;

    bodies::assert_endless_refused(&tracker.api, PATH).await;

    assert_eq!(tracker.report(&report("KeyError")).await["count"], 1);
}

#[tokio::test]
async fn expect_continue_is_answered_by_what_comes_next() {
    let tracker = Tracker::with(&SMALL).await;
    for (length, answer) in [(None, "HTTP/1.1 100"), (Some(1_000_000), "HTTP/1.1 413")] {
        let body = report("KeyError").to_string();
        let length: usize = length.unwrap_or(body.len());
        let head = tracker.api.head(
            "POST",
            PATH,
            &[
                ("Content-Length".into(), length.to_string()),
                ("Expect".into(), "100-continue".into()),
            ],
        );
        let mut connection = tracker.api.connect().await;
        assert!(connection.write(head.as_bytes()).await);

        let first = connection.read_until("\r\n\r\n").await;

        assert!(first.starts_with(answer), "{first}");
        if length == body.len() {
            assert!(connection.write(body.as_bytes()).await);
            assert_eq!(connection.read_reply().await.json()["status"], "created");
        }
    }
}

#[tokio::test]
async fn packed_bodies_are_read() {
    let tracker = Tracker::start().await;
    for (number, encoding) in ["gzip", "deflate", "br", "zstd", "GZIP"].into_iter().enumerate() {
        let body = encode(
            &encoding.to_lowercase(),
            report("KeyError").to_string().as_bytes(),
        );

        let reply = tracker
            .api
            .with("Content-Encoding", encoding)
            .post_bytes(PATH, &body)
            .await;

        assert_eq!(reply.json()["count"], number + 1, "{encoding}: {}", reply.text());
    }
    let batch = encode(
        "gzip",
        json!([report("KeyError"), report("KeyError")])
            .to_string()
            .as_bytes(),
    );
    let reply = tracker
        .api
        .with("Content-Encoding", "gzip")
        .post_bytes("/api/errors/batch", &batch)
        .await;
    assert_eq!(reply.json()["results"][1]["count"], 7);
}

#[tokio::test]
async fn the_limit_counts_what_comes_out_of_a_packed_body() {
    let tracker = Tracker::start().await;

    bodies::assert_unpacked_counted(&tracker.api, PATH, 262_144).await;

    assert_eq!(tracker.report(&report("KeyError")).await["count"], 1);
}

#[tokio::test]
async fn what_cannot_be_unpacked_is_told_apart() {
    let tracker = Tracker::start().await;

    bodies::assert_unpacking_told(&tracker.api, PATH, &report("KeyError").to_string()).await;

    assert_eq!(tracker.get(PATH).await["total"], 0);
}

#[tokio::test]
async fn the_type_of_the_body_does_not_matter() {
    let tracker = Tracker::start().await;
    let body = report("KeyError").to_string();

    let replies = bodies::assert_type_ignored(&tracker.api, PATH, &body, &[200, 201]).await;

    for (number, reply) in replies.iter().enumerate() {
        assert_eq!(reply.json()["count"], number + 1);
    }
}

#[tokio::test]
async fn one_slow_body_delays_nobody() {
    let tracker = Tracker::start().await;
    let body = report("Slow").to_string();
    let (mut slow, rest) = tracker.api.post_half(PATH, &body).await;

    assert_eq!(tracker.report(&report("Fast")).await["status"], "created");

    assert!(slow.write(rest).await);
    assert_eq!(slow.read_reply().await.json()["status"], "created");
}
