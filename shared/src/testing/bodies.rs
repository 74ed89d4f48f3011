//! Bodies that a service takes: how large they may be, how they may be packed, and how they may arrive.

use serde_json::Value;

use super::encoding::encode;
use super::{Client, RawConnection, Reply};

/// The setting with which a body may have 4096 bytes.
pub const SMALL: [(&str, &str); 1] = [("MAX_BODY_SIZE", "4KiB")];
const SMALL_BYTES: usize = 4_096;
/// What a large body of nothing comes to at most when it is packed.
const PACKED_BYTES: usize = 80_000;

/// A body that is exactly so long. `padded` makes one with such a text in it.
fn sized(bytes: usize, padded: &impl Fn(&str) -> Value) -> Vec<u8> {
    let without = padded("").to_string().len();
    let text = padded(&"x".repeat(bytes - without)).to_string();
    assert_eq!(text.len(), bytes);
    text.into_bytes()
}

/// With the setting of [`SMALL`], a body of as many bytes is answered with one of `taken`, and one more is refused, whether
/// their number is announced or not. `padded` makes a body with such a text in it.
///
/// # Panics
/// When it is not so.
pub async fn assert_limit_exact(client: &Client, path: &str, padded: impl Fn(&str) -> Value, taken: &[u16]) {
    for (bytes, is_taken) in [(SMALL_BYTES, true), (SMALL_BYTES + 1, false)] {
        let body = sized(bytes, &padded);
        let chunks: Vec<&[u8]> = body.chunks(1_000).collect();

        let announced = client.post_bytes(path, &body).await;
        let chunked = client.post_chunked(path, &chunks).await;

        for (reply, how) in [(announced, "announced"), (chunked, "chunked")] {
            if is_taken {
                assert!(taken.contains(&reply.status), "{how}: {}", reply.text());
            } else {
                assert_too_large(&reply, SMALL_BYTES, how);
            }
        }
    }
}

/// A body of so many bytes is answered with `taken`, and one more is too large. `padded` makes a body with such a text in
/// it.
///
/// # Panics
/// When it is not so.
pub async fn assert_default_limit(
    client: &Client,
    path: &str,
    padded: impl Fn(&str) -> Value,
    bytes: usize,
    taken: u16,
) {
    let most = client.post_bytes(path, &sized(bytes, &padded)).await;
    let more = client.post_bytes(path, &sized(bytes + 1, &padded)).await;

    assert_eq!((most.status, more.status), (taken, 413));
}

/// A body that is announced to be too large is refused before any of it is sent.
///
/// # Panics
/// When it is not.
pub async fn assert_announced_refused(client: &Client, path: &str) {
    let connection = begin(client, path, "Content-Length", "1000000000").await;

    assert_refused_early(connection).await;
}

/// With the setting of [`SMALL`], a body without an end is refused at the limit.
///
/// # Panics
/// When it is not.
pub async fn assert_endless_refused(client: &Client, path: &str) {
    let mut connection = begin(client, path, "Transfer-Encoding", "chunked").await;
    let chunk = format!("400\r\n{}\r\n", "x".repeat(1_024));
    for _ in 0..8 {
        assert!(connection.write(chunk.as_bytes()).await);
    }

    assert_refused_early(connection).await;
}

async fn begin(client: &Client, path: &str, name: &str, value: &str) -> RawConnection {
    let head = client.head("POST", path, &[(name.to_owned(), value.to_owned())]);
    let mut connection = client.connect().await;
    assert!(connection.write(head.as_bytes()).await);
    connection
}

async fn assert_refused_early(mut connection: RawConnection) {
    let answer = connection.read_until("\r\n\r\n").await;

    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

/// A body that is small on the way is refused when more than `limit` bytes come out of it.
///
/// # Panics
/// When it is not.
pub async fn assert_unpacked_counted(client: &Client, path: &str, limit: usize) {
    let bomb = vec![b' '; 16 << 20];
    for encoding in ["gzip", "deflate", "zstd"] {
        let packed = encode(encoding, &bomb);
        assert!(packed.len() < PACKED_BYTES, "{encoding} is small on the way");

        let client = client.with("Content-Encoding", encoding);
        let reply = client.post_bytes(path, &packed).await;

        assert_too_large(&reply, limit, encoding);
    }
}

/// What cannot be unpacked, although `good` could be read, is refused as such, and an encoding that nobody knows as another
/// thing.
///
/// # Panics
/// When it is not so.
pub async fn assert_unpacking_told(client: &Client, path: &str, good: &str) {
    let plain = good.as_bytes();
    let cut = |encoding: &str| {
        let packed = encode(encoding, plain);
        packed[..packed.len() / 2].to_vec()
    };
    for (encoding, body, status) in [
        ("gzip", plain.to_vec(), 400),
        ("gzip", cut("gzip"), 400),
        ("deflate", vec![0xff; 64], 400),
        ("br", vec![0xff; 64], 400),
        ("br", cut("br"), 400),
        ("zstd", plain.to_vec(), 400),
        ("zstd", cut("zstd"), 400),
        ("lzma", plain.to_vec(), 415),
        ("gzip, br", plain.to_vec(), 415),
    ] {
        let client = client.with("Content-Encoding", encoding);
        let reply = client.post_bytes(path, &body).await;

        assert_eq!(reply.status, status, "{encoding}: {}", reply.detail());
        assert!(reply.detail().contains("Content-Encoding"), "{}", reply.detail());
    }
}

/// A body is answered with one of `taken` whatever type it is said to have, or none. Gives the answers.
///
/// # Panics
/// When it is not.
pub async fn assert_type_ignored(client: &Client, path: &str, body: &str, taken: &[u16]) -> Vec<Reply> {
    let mut replies = Vec::new();
    for kind in [
        "text/plain",
        "text/plain;charset=UTF-8",
        "application/x-www-form-urlencoded",
        "",
    ] {
        let client = client.with("Content-Type", kind);
        let reply = client.send("POST", path, Some(body.as_bytes())).await;

        assert!(taken.contains(&reply.status), "{kind}: {}", reply.text());
        replies.push(reply);
    }
    replies
}

fn assert_too_large(reply: &Reply, limit: usize, how: &str) {
    assert_eq!(reply.status, 413, "{how}: {}", reply.text());
    let told = format!("the body is larger than {limit} bytes");
    assert_eq!(reply.detail(), told, "{how}");
}
