//! Bodies of browsers: how large they may be, how they may be packed, and how they may arrive.

use shared::testing::encoding::encode;

use crate::relay::{Relay, error, with};

const PATH: &str = "/api/browser/errors";
const LIMIT: usize = 4_096;

async fn small() -> Relay {
    Relay::with(&[("MAX_BODY_SIZE", "4KiB")]).await
}

/// An error that is exactly so long.
fn sized(bytes: usize) -> Vec<u8> {
    let padded = |padding: usize| with(error("x"), serde_json::json!({"padding": "x".repeat(padding)}));
    let text = padded(bytes - padded(0).to_string().len()).to_string();
    assert_eq!(text.len(), bytes);
    text.into_bytes()
}

#[tokio::test]
async fn the_limit_is_exact_whether_announced_or_in_chunks() {
    let relay = small().await;
    for (bytes, is_taken) in [(LIMIT, true), (LIMIT + 1, false)] {
        let body = sized(bytes);
        let chunks: Vec<&[u8]> = body.chunks(1_000).collect();

        let announced = relay.browser.post_bytes(PATH, &body).await;
        let chunked = relay.browser.post_chunked(PATH, &chunks).await;

        for (reply, how) in [(announced, "announced"), (chunked, "chunked")] {
            assert_eq!(reply.status < 300, is_taken, "{how}");
            if !is_taken {
                assert_eq!(reply.status, 413, "{how}");
                assert_eq!(reply.detail(), "the body is larger than 4096 bytes", "{how}");
            }
        }
    }
    assert_eq!(relay.tracker.taken().len(), 2);
}

#[tokio::test]
async fn the_default_limit_is_64_kib() {
    let relay = Relay::start().await;

    let most = relay.browser.post_bytes(PATH, &sized(65_536)).await;
    let more = relay.browser.post_bytes(PATH, &sized(65_537)).await;

    assert_eq!((most.status, more.status), (201, 413));
}

#[tokio::test]
async fn the_limit_counts_what_comes_out_of_a_packed_body() {
    let relay = Relay::start().await;
    let bomb = vec![b' '; 16 << 20];
    for encoding in ["gzip", "deflate", "zstd"] {
        let packed = encode(encoding, &bomb);
        assert!(packed.len() < 80_000, "{encoding} is small on the way");

        let reply = relay
            .browser
            .with("Content-Encoding", encoding)
            .post_bytes(PATH, &packed)
            .await;

        assert_eq!(
            (reply.status, reply.detail().as_str()),
            (413, "the body is larger than 65536 bytes"),
            "{encoding}"
        );
    }
}

#[tokio::test]
async fn bodies_may_be_packed_in_any_usual_way() {
    let relay = Relay::start().await;
    for encoding in ["gzip", "deflate", "zstd", "br"] {
        let packed = encode(encoding, error(encoding).to_string().as_bytes());

        let reply = relay
            .browser
            .with("Content-Encoding", encoding)
            .post_bytes(PATH, &packed)
            .await;

        assert_eq!(reply.status, 201, "{encoding}: {}", reply.text());
    }
    let messages: Vec<_> = relay
        .tracker
        .taken()
        .iter()
        .map(|report| report["message"].clone())
        .collect();
    assert_eq!(messages, ["gzip", "deflate", "zstd", "br"]);
}

#[tokio::test]
async fn the_type_of_the_body_does_not_matter() {
    let relay = Relay::start().await;
    let body = error("x").to_string();
    for kind in [
        "text/plain",
        "text/plain;charset=UTF-8",
        "application/x-www-form-urlencoded",
        "",
    ] {
        let reply = relay
            .browser
            .with("Content-Type", kind)
            .send("POST", PATH, Some(body.as_bytes()))
            .await;

        assert!(reply.status < 300, "{kind}");
    }
}

#[tokio::test]
async fn half_a_character_is_mended_and_not_refused() {
    let relay = Relay::start().await;
    let body = b"\xef\xbb\xbf{\"message\":\"\\ud83d alone\"}";

    let reply = relay.browser.post_bytes(PATH, body).await;

    assert_eq!(reply.status, 201, "{}", reply.text());
    assert_eq!(relay.tracker.only()["message"], "\u{fffd} alone");
    let latin = relay.browser.post_bytes(PATH, b"{\"message\":\"caf\xe9\"}").await;
    assert_eq!(
        (latin.status, latin.detail().as_str()),
        (400, "the body is not UTF-8")
    );
}

#[tokio::test]
async fn one_slow_body_delays_nobody_and_half_a_body_is_none() {
    let relay = Relay::start().await;
    let body = error("slow").to_string();
    let length = [("Content-Length".to_owned(), body.len().to_string())];
    let head = relay.browser.head("POST", PATH, &length);
    let (first, rest) = body.split_at(body.len() / 2);
    let (mut slow, mut gone) = (relay.browser.connect().await, relay.browser.connect().await);
    for connection in [&mut slow, &mut gone] {
        assert!(connection.write(head.as_bytes()).await && connection.write(first.as_bytes()).await);
    }
    drop(gone);

    assert_eq!(relay.report(&error("quick")).await.status, 201);
    assert_eq!(relay.tracker.only()["message"], "quick");
    assert!(slow.write(rest.as_bytes()).await);
    assert_eq!(slow.read_reply().await.status, 201);
    assert_eq!(relay.tracker.taken().len(), 2);
}
