//! Bodies: how large they may be, how they may be packed, and how they may arrive.

use serde_json::{Value, json};
use shared::testing::encoding::encode;

use crate::tracker::{Tracker, report, with};

const LIMIT: usize = 4_096;

async fn small() -> Tracker {
    Tracker::with(&[("MAX_BODY_SIZE", "4KiB")]).await
}

/// A report that is exactly so long.
fn sized(bytes: usize) -> Vec<u8> {
    let empty = with(report("KeyError"), json!({"extra": ""})).to_string();
    let text = with(
        report("KeyError"),
        json!({"extra": "x".repeat(bytes - empty.len())}),
    )
    .to_string();
    assert_eq!(text.len(), bytes);
    text.into_bytes()
}

#[tokio::test]
async fn the_limit_is_exact_whether_announced_or_in_chunks() {
    let tracker = small().await;
    for (bytes, accepted) in [(LIMIT, true), (LIMIT + 1, false)] {
        let body = sized(bytes);
        let chunks: Vec<&[u8]> = body.chunks(1_000).collect();

        let announced = tracker.api.post_bytes("/api/errors", &body).await;
        let chunked = tracker.api.post_chunked("/api/errors", &chunks).await;

        for (reply, how) in [(announced, "announced"), (chunked, "chunked")] {
            if accepted {
                assert!(matches!(reply.status, 200 | 201), "{how}: {}", reply.text());
            } else {
                assert_eq!(
                    (reply.status, reply.detail().as_str()),
                    (413, "the body is larger than 4096 bytes"),
                    "{how}"
                );
            }
        }
    }
    assert_eq!(tracker.get("/api/errors").await["errors"][0]["count"], 2);
}

#[tokio::test]
async fn the_default_limit_is_a_quarter_of_a_megabyte() {
    let tracker = Tracker::start().await;

    let most = tracker.api.post_bytes("/api/errors", &sized(262_144)).await;
    let more = tracker.api.post_bytes("/api/errors", &sized(262_145)).await;

    assert_eq!((most.status, more.status), (201, 413));
}

#[tokio::test]
async fn an_announced_length_is_refused_before_any_byte_is_read() {
    let tracker = small().await;
    let head = tracker.api.head(
        "POST",
        "/api/errors",
        &[("Content-Length".into(), "1000000000".into())],
    );
    let mut connection = tracker.api.connect().await;
    assert!(connection.write(head.as_bytes()).await);

    let answer = connection.read_until("\r\n\r\n").await;

    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test]
async fn a_body_that_never_ends_is_refused_at_the_limit() {
    let tracker = small().await;
    let head = tracker.api.head(
        "POST",
        "/api/errors",
        &[("Transfer-Encoding".into(), "chunked".into())],
    );
    let mut connection = tracker.api.connect().await;
    assert!(connection.write(head.as_bytes()).await);
    let chunk = format!("400\r\n{}\r\n", "x".repeat(1_024));
    for _ in 0..8 {
        assert!(connection.write(chunk.as_bytes()).await);
    }

    let answer = connection.read_until("\r\n\r\n").await;

    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert_eq!(tracker.report(&report("KeyError")).await["count"], 1);
}

#[tokio::test]
async fn expect_continue_is_answered_by_what_comes_next() {
    let tracker = small().await;
    for (length, answer) in [(None, "HTTP/1.1 100"), (Some(1_000_000), "HTTP/1.1 413")] {
        let body = report("KeyError").to_string();
        let length: usize = length.unwrap_or(body.len());
        let head = tracker.api.head(
            "POST",
            "/api/errors",
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
            .post_bytes("/api/errors", &body)
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
    let bomb = vec![b' '; 16 << 20];
    for encoding in ["gzip", "deflate", "zstd"] {
        let packed = encode(encoding, &bomb);
        assert!(packed.len() < 262_144, "{encoding} is small on the way");

        let reply = tracker
            .api
            .with("Content-Encoding", encoding)
            .post_bytes("/api/errors", &packed)
            .await;

        assert_eq!(
            (reply.status, reply.detail().as_str()),
            (413, "the body is larger than 262144 bytes"),
            "{encoding}"
        );
    }
    assert_eq!(tracker.report(&report("KeyError")).await["count"], 1);
}

#[tokio::test]
async fn what_cannot_be_unpacked_is_told_apart() {
    let tracker = Tracker::start().await;
    let good = report("KeyError").to_string();
    let cut = |encoding: &str| {
        let packed = encode(encoding, good.as_bytes());
        packed[..packed.len() / 2].to_vec()
    };
    for (encoding, body, status) in [
        ("gzip", good.clone().into_bytes(), 400),
        ("gzip", cut("gzip"), 400),
        ("deflate", vec![0xff; 64], 400),
        ("br", vec![0xff; 64], 400),
        ("br", cut("br"), 400),
        ("zstd", good.clone().into_bytes(), 400),
        ("zstd", cut("zstd"), 400),
        ("lzma", good.clone().into_bytes(), 415),
        ("gzip, br", good.clone().into_bytes(), 415),
    ] {
        let reply = tracker
            .api
            .with("Content-Encoding", encoding)
            .post_bytes("/api/errors", &body)
            .await;

        assert_eq!(reply.status, status, "{encoding}: {}", reply.detail());
        assert!(reply.detail().contains("Content-Encoding"), "{}", reply.detail());
    }
    assert_eq!(tracker.get("/api/errors").await["total"], 0);
}

#[tokio::test]
async fn the_type_of_the_body_does_not_matter() {
    let tracker = Tracker::start().await;
    let body = report("KeyError").to_string();
    for (number, kind) in ["text/plain", "application/x-www-form-urlencoded", ""]
        .into_iter()
        .enumerate()
    {
        let reply = tracker
            .api
            .with("Content-Type", kind)
            .send("POST", "/api/errors", Some(body.as_bytes()))
            .await;

        assert_eq!(reply.json()["count"], number + 1);
    }
}

#[tokio::test]
async fn one_slow_body_delays_nobody() {
    let tracker = Tracker::start().await;
    let body = report("Slow").to_string();
    let head = tracker.api.head(
        "POST",
        "/api/errors",
        &[("Content-Length".into(), body.len().to_string())],
    );
    let (first, rest) = body.split_at(body.len() / 2);
    let mut slow = tracker.api.connect().await;
    assert!(slow.write(head.as_bytes()).await && slow.write(first.as_bytes()).await);

    assert_eq!(tracker.report(&report("Fast")).await["status"], "created");

    assert!(slow.write(rest.as_bytes()).await);
    let reply: Value = slow.read_reply().await.json();
    assert_eq!(reply["status"], "created");
}
