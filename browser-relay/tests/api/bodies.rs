//! Bodies of browsers: how large they may be, how they may be packed, and how they may arrive.

use serde_json::{Value, json};
use shared::testing::bodies::{self, SMALL};
use shared::testing::encoding::encode;

use crate::relay::{Relay, error, with};

const PATH: &str = "/api/browser/errors";
/// An error that the tracker knows, one that it does not, and one that waits.
const TAKEN: [u16; 3] = [200, 201, 202];

/// An error with this text in it.
fn padded(text: &str) -> Value {
    with(error("x"), json!({"padding": text}))
}

#[tokio::test]
async fn the_limit_is_exact_whether_announced_or_in_chunks() {
    let relay = Relay::with(&SMALL).await;

    bodies::assert_limit_exact(&relay.browser, PATH, padded, &TAKEN).await;

    assert_eq!(relay.tracker.taken().len(), 2);
}

#[tokio::test]
async fn the_default_limit_is_64_kib() {
    let relay = Relay::start().await;

    bodies::assert_default_limit(&relay.browser, PATH, padded, 65_536, 201).await;
}

#[tokio::test]
async fn the_limit_counts_what_comes_out_of_a_packed_body() {
    let relay = Relay::start().await;

    bodies::assert_unpacked_counted(&relay.browser, PATH, 65_536).await;
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

    bodies::assert_type_ignored(&relay.browser, PATH, &error("x").to_string(), &TAKEN).await;
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
    let (mut slow, rest) = relay.browser.post_half(PATH, &body).await;
    let (gone, _) = relay.browser.post_half(PATH, &body).await;
    drop(gone);

    assert_eq!(relay.report(&error("quick")).await.status, 201);
    assert_eq!(relay.tracker.only()["message"], "quick");
    assert!(slow.write(rest).await);
    assert_eq!(slow.read_reply().await.status, 201);
    assert_eq!(relay.tracker.taken().len(), 2);
}
