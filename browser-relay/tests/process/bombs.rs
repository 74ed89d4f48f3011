//! Uploads that are large, or seem small: what is refused is refused with little memory, and so is what is taken.

use serde_json::json;
use shared::testing::encoding::encode;
use shared::testing::process::contents;
use shared::testing::{Client, Process, Reply};

use crate::setup::program;

const PATH: &str = "/api/source-maps";
const ALONE: &str = "/api/source-maps?project=shop&release=1.0&file_url=/s/x.js";
/// More than an upload may take for itself, and far less than what it brings.
const ALLOWED_BYTES: u64 = 14 << 20;

/// The most memory that the process ever had.
fn highest(relay: &Process) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", relay.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib << 10
}

/// Sends these bodies; each is answered with this status, and none takes much memory or leaves a file behind.
async fn assert_cheap(bodies: Vec<(&str, Client, &str, Vec<u8>)>, relay: &Process, status: u16) {
    let before = highest(relay);
    for (what, client, path, body) in bodies {
        let reply: Reply = client.send("POST", path, Some(&body)).await;

        assert_eq!(reply.status, status, "{what}: {}", reply.text());
        let after = highest(relay);
        assert!(
            after < before + ALLOWED_BYTES,
            "{what}: {before} bytes before, {after} after"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_swells_or_never_ends_is_refused_and_takes_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let relay = program(folder.path()).start().await;
    let api = relay.api();
    let gzip = api.with("Content-Encoding", "gzip");
    let form = gzip.with("Content-Type", "multipart/form-data; boundary=cut");
    // An honest one first, so that what is needed once has been taken.
    let map = json!({"version": 3, "sources": ["a.ts"], "names": [], "mappings": "AAAA"}).to_string();
    assert_eq!(api.post_bytes(ALONE, map.as_bytes()).await.status, 201);
    let spaces = vec![b' '; 100 << 20];
    let packed = encode("gzip", &spaces);
    let twice = encode("gzip", &packed);
    let bombs = vec![
        ("packed on the way", gzip.clone(), ALONE, packed.clone()),
        ("a packed file", api.clone(), ALONE, packed.clone()),
        ("both", gzip.clone(), ALONE, twice),
        (
            "another encoding",
            api.with("Content-Encoding", "zstd"),
            ALONE,
            encode("zstd", &spaces),
        ),
        ("JSON", gzip.clone(), PATH, packed),
    ];
    assert_cheap(bombs, &relay, 413).await;

    let endless = |begin: &str, filler: u8| {
        let body = [begin.as_bytes(), &vec![filler; 60 << 20]].concat();
        encode("gzip", &body)
    };
    let field = "--cut\r\nContent-Disposition: form-data; name=\"project\"\r\n\r\n";
    let endless = vec![
        ("a form that never begins", form.clone(), PATH, endless("", b'x')),
        (
            "a head without end",
            form.clone(),
            PATH,
            endless("--cut\r\n", b'x'),
        ),
        ("a field without end", form.clone(), PATH, endless(field, b'x')),
        ("a name without end", gzip.clone(), PATH, endless("{\"", b'x')),
        (
            "a project without end",
            gzip.clone(),
            PATH,
            endless("{\"project\":\"", b'x'),
        ),
        (
            "brackets without end",
            gzip.clone(),
            PATH,
            endless("{\"map_content\":", b'['),
        ),
        (
            "a number without end",
            gzip.clone(),
            PATH,
            endless("{\"map_content\":", b'1'),
        ),
        ("nothing without end", gzip, PATH, endless("", b' ')),
    ];
    assert_cheap(endless, &relay, 400).await;
    let files = contents(folder.path());
    assert!(
        files
            .keys()
            .all(|file| file.to_string_lossy().contains("relay.db")),
        "{:?}",
        files.keys()
    );
    relay.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_map_is_taken_with_little_memory_however_it_comes() {
    let folder = tempfile::tempdir().unwrap();
    let relay = program(folder.path()).start().await;
    let api = relay.api();
    let source = "let answer = 42; // and so on\n".repeat(450_000);
    let map = json!({"version": 3, "sources": ["a.ts"], "names": [], "mappings": "AAAA", "sourcesContent": [source]});
    let text =
        json!({"project": "shop", "release": "1.0", "file_url": "/s/x.js", "map_content": map.to_string()});
    let map = map.to_string().into_bytes();
    assert!(map.len() > 12 << 20);
    let query = "--cut\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x.map\"\r\n\r\n";
    let form = [query.as_bytes(), &map, b"\r\n--cut--\r\n"].concat();
    let multipart = api.with("Content-Type", "multipart/form-data; boundary=cut");

    let bodies = vec![
        ("alone", api.clone(), ALONE, map.clone()),
        ("a form", multipart, ALONE, form),
        ("text", api.clone(), PATH, text.to_string().into_bytes()),
        (
            "packed",
            api.with("Content-Encoding", "gzip"),
            ALONE,
            encode("gzip", &map),
        ),
        ("a packed file", api, ALONE, encode("gzip", &map)),
    ];
    assert_cheap(bodies, &relay, 201).await;
    relay.stop().await;
}
