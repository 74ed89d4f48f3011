//! Crafted maps: refused with the reason, and the service goes on.

use serde_json::{Value, json};

use crate::relay::{Relay, vector, with};

/// So many index maps in each other.
fn nested(levels: usize) -> String {
    let mut map = vector().to_string();
    for _ in 0..levels {
        map = format!(
            "{{\"version\":3,\"sections\":[{{\"offset\":{{\"line\":0,\"column\":0}},\"map\":{map}}}]}}"
        );
    }
    map
}

fn mappings(mappings: &str) -> String {
    with(vector(), json!({"mappings": mappings})).to_string()
}

#[tokio::test]
async fn a_broken_map_is_refused_with_the_reason() {
    let relay = Relay::start().await;
    let offset = |line: Value| {
        json!({"version": 3, "sections": [{"offset": {"line": line, "column": 0}, "map": vector()}]})
            .to_string()
    };
    let unordered = json!({"version": 3, "sections": [
        {"offset": {"line": 5, "column": 0}, "map": vector()},
        {"offset": {"line": 2, "column": 0}, "map": vector()},
    ]});
    let elsewhere = json!({"version": 3, "sections": [
        {"offset": {"line": 0, "column": 0}, "url": "https://elsewhere.example.org/x.map"},
    ]});
    let whole = vector().to_string();
    for (map, why) in [
        (String::new(), "map_content"),
        ("no JSON".into(), "not valid JSON at byte"),
        ("[]".into(), "not valid JSON"),
        ("null".into(), "not valid JSON"),
        ("<!doctype html>".into(), "not valid JSON"),
        (whole[..whole.len() / 2].into(), "cut off"),
        (whole[..whole.len() - 1].into(), "cut off"),
        (format!("{whole} x"), "not valid JSON"),
        ("{}".into(), "version"),
        (
            with(vector(), json!({"version": 2})).to_string(),
            "version is not 3",
        ),
        (with(vector(), json!({"version": "3"})).to_string(), "version"),
        (
            "{\"version\":3,\"sources\":[],\"names\":[]}".into(),
            "mappings is missing",
        ),
        (
            "{\"version\":3,\"mappings\":\"\",\"mappings\":\"\"}".into(),
            "twice",
        ),
        // Sums below zero, numbers without end and beyond all bounds.
        (mappings("DAAA"), "below zero"),
        (mappings("AAAA,DAAA"), "below zero"),
        (mappings("ADAA"), "below zero"),
        (mappings("AADA"), "below zero"),
        (mappings("AAAD"), "below zero"),
        (mappings("AAAAD"), "below zero"),
        (mappings("ggggggggggggggggggggB"), "too large"),
        (mappings("AA+/////HA"), "too large"),
        (mappings("g"), "without its end"),
        (mappings("AAAg"), "without its end"),
        (mappings("AA"), "a segment of 2 numbers"),
        (mappings("AAA"), "a segment of 3 numbers"),
        (mappings("AAAAAA"), "a segment of 6 numbers"),
        (mappings("A AA"), "not base 64"),
        (mappings("AAé"), "not base 64"),
        (mappings("ACAA"), "the map lists 1"),
        (mappings("AAAAC"), "the map lists 1"),
        (offset(json!(-1)), "map_content"),
        (offset(json!(9_000_000_000_u64)), "map_content"),
        (offset(json!(1.5)), "map_content"),
        (nested(200), "map_content"),
        (unordered.to_string(), "out of order"),
        (elsewhere.to_string(), "not fetched"),
        (
            format!("{{\"version\":3,\"x\":{}", "[".repeat(200_000)),
            "nested too deep",
        ),
    ] {
        let body = json!({"project": "shop", "release": "1.0", "file_url": "/x.js", "map_content": map});

        let reply = relay.admin.post_json("/api/source-maps", &body).await;

        assert_eq!(reply.status, 400, "{map:.80}: {}", reply.text());
        let detail = reply.detail();
        assert!(
            detail.starts_with("map_content") || detail.contains("map_content"),
            "{map:.80}: {detail}"
        );
        assert!(detail.contains(why), "{map:.80}: {detail}");
    }
    assert_eq!(relay.get("/api/source-maps").await["total"], 0);
    let mut database = shared::testing::database::open(&relay.database()).await;
    let blocks: i64 = sqlx::query_scalar("select count(*) from source_map_blocks")
        .fetch_one(&mut database)
        .await
        .unwrap();
    assert_eq!(blocks, 0);
    relay.upload("shop", "1.0", "/x.js", &vector()).await;
}

#[tokio::test]
async fn a_broken_body_around_the_map_is_refused_with_the_reason() {
    let relay = Relay::start().await;
    for (body, why) in [
        ("", "cannot be used"),
        ("[]", "an object"),
        ("{\"map_content\":\"{}\",\"map_content\":\"{}\"}", "twice"),
        ("{\"map_content\":\"{}\"", "cut off"),
        ("{\"map_content\":\"\\uD83D\\uD83D\"}", "project"),
        ("{\"map_content\":\"\\x\"}", "not valid JSON"),
        ("{\"map_content\":\"{}\"} {}", "not valid JSON"),
    ] {
        let reply = relay.admin.post_bytes("/api/source-maps", body.as_bytes()).await;
        assert_eq!(reply.status, 400, "{body}: {}", reply.text());
        assert!(reply.detail().contains(why), "{body}: {}", reply.detail());
    }
    for body in [&b""[..], b"--cut", b"--cut\r\n\r\n--cut--", b"--other--\r\n"] {
        let client = relay
            .admin
            .with("Content-Type", "multipart/form-data; boundary=cut");
        let reply = client.send("POST", "/api/source-maps", Some(body)).await;
        assert_eq!(reply.status, 400, "{body:?}: {}", reply.text());
    }
}

#[tokio::test]
async fn strange_but_valid_maps_are_taken() {
    let relay = Relay::start().await;
    for (number, map) in [
        json!({"version": 3, "sources": [], "names": [], "mappings": ""}),
        json!({"version": 3, "sources": [null, "a.ts"], "names": [], "mappings": ";;;AACA", "file": null, "sourceRoot": null}),
        json!({"version": 3, "sources": ["a.ts"], "mappings": "AAAA"}),
        with(vector(), json!({"sourcesContent": [null]})),
        with(vector(), json!({"sourcesContent": []})),
        with(vector(), json!({"x_google_ignoreList": [0], "ignoreList": [0]})),
        with(vector(), json!({"scopes": "abc", "rangeMappings": "A", "originalScopes": [{"a": []}]})),
        json!({"version": 3, "sections": []}),
        serde_json::from_str(&nested(1)).unwrap(),
    ]
    .iter()
    .enumerate()
    {
        relay.upload("shop", "1.0", &format!("/{number}.js"), map).await;
    }
}
