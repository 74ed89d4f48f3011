//! Bodies: how large they may be, how they may be packed, and how they may arrive.

use serde_json::{Value, json};
use shared::testing::encoding::encode;

use crate::collector::{Collector, counter, with};

const LIMIT: usize = 4_096;

async fn small() -> Collector {
    Collector::with(&[("MAX_BODY_SIZE", "4KiB")]).await
}

/// A batch that is exactly so long.
fn sized(bytes: usize) -> Vec<u8> {
    let padded = |padding: usize| {
        json!([with(
            counter("jobs", 1.0),
            json!({"padding": "x".repeat(padding)})
        )])
    };
    let text = padded(bytes - padded(0).to_string().len()).to_string();
    assert_eq!(text.len(), bytes);
    text.into_bytes()
}

#[tokio::test]
async fn the_limit_is_exact_whether_announced_or_in_chunks() {
    let collector = small().await;
    for (bytes, status) in [(LIMIT, 202), (LIMIT + 1, 413)] {
        let body = sized(bytes);
        let chunks: Vec<&[u8]> = body.chunks(1_000).collect();

        let announced = collector.api.post_bytes("/api/metrics", &body).await;
        let chunked = collector.api.post_chunked("/api/metrics", &chunks).await;

        for (reply, how) in [(announced, "announced"), (chunked, "chunked")] {
            assert_eq!(reply.status, status, "{how}");
            if status == 413 {
                assert_eq!(reply.detail(), "the body is larger than 4096 bytes", "{how}");
            }
        }
    }
    assert_eq!(collector.total("name=jobs").await.0, 2);
}

#[tokio::test]
async fn the_default_limit_is_half_a_megabyte() {
    let collector = Collector::start().await;

    let most = collector.api.post_bytes("/api/metrics", &sized(524_288)).await;
    let more = collector.api.post_bytes("/api/metrics", &sized(524_289)).await;

    assert_eq!((most.status, more.status), (202, 413));
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_it_is_read() {
    let collector = small().await;
    for (name, value) in [("Content-Length", "1000000000"), ("Transfer-Encoding", "chunked")] {
        let head = collector
            .api
            .head("POST", "/api/metrics", &[(name.into(), value.into())]);
        let mut connection = collector.api.connect().await;
        assert!(connection.write(head.as_bytes()).await);
        if value == "chunked" {
            let chunk = format!("400\r\n{}\r\n", "x".repeat(1_024));
            for _ in 0..8 {
                connection.write(chunk.as_bytes()).await;
            }
        }

        let answer = connection.read_until("\r\n\r\n").await;

        assert!(answer.starts_with("HTTP/1.1 413"), "{name}: {answer}");
    }
}

#[tokio::test]
async fn the_limit_counts_what_comes_out_of_a_packed_body() {
    let collector = Collector::start().await;
    let bomb = vec![b' '; 16 << 20];
    for encoding in ["gzip", "deflate", "zstd"] {
        let packed = encode(encoding, &bomb);
        assert!(packed.len() < 524_288, "{encoding} is small on the way");

        let reply = collector
            .api
            .with("Content-Encoding", encoding)
            .post_bytes("/api/metrics", &packed)
            .await;

        assert_eq!(
            (reply.status, reply.detail().as_str()),
            (413, "the body is larger than 524288 bytes"),
            "{encoding}"
        );
    }
    collector.send(&[counter("jobs", 1.0)]).await;
}

#[tokio::test]
async fn what_cannot_be_unpacked_is_told_apart() {
    let collector = Collector::start().await;
    let good = json!([counter("jobs", 1.0)]).to_string();
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
        let reply = collector
            .api
            .with("Content-Encoding", encoding)
            .post_bytes("/api/metrics", &body)
            .await;

        assert_eq!(reply.status, status, "{encoding}: {}", reply.detail());
        assert!(reply.detail().contains("Content-Encoding"), "{}", reply.detail());
    }
    assert_eq!(collector.figure("points_accepted_total").await, 0);
}

#[tokio::test]
async fn the_type_of_the_body_does_not_matter() {
    let collector = Collector::start().await;
    let body = json!([counter("jobs", 1.0)]).to_string();
    for kind in ["text/plain", "application/x-www-form-urlencoded", ""] {
        let reply = collector
            .api
            .with("Content-Type", kind)
            .send("POST", "/api/metrics", Some(body.as_bytes()))
            .await;

        assert_eq!(reply.status, 202, "{kind}");
    }
}

#[tokio::test]
async fn one_slow_body_delays_nobody() {
    let collector = Collector::start().await;
    let body = json!([counter("slow", 1.0)]).to_string();
    let length = [("Content-Length".to_owned(), body.len().to_string())];
    let head = collector.api.head("POST", "/api/metrics", &length);
    let (first, rest) = body.split_at(body.len() / 2);
    let mut slow = collector.api.connect().await;
    assert!(slow.write(head.as_bytes()).await && slow.write(first.as_bytes()).await);

    collector.send(&[counter("fast", 1.0)]).await;

    assert!(slow.write(rest.as_bytes()).await);
    let reply: Value = slow.read_reply().await.json();
    assert_eq!(reply["count"], 1);
}
