//! Source maps come in whatever way a build sends them.

use serde_json::{Value, json};
use shared::testing::encoding::encode;
use shared::testing::{Client, Reply, database, eventually};

use crate::relay::{Relay, contains, error, vector, with};

const PATH: &str = "/api/source-maps";

/// An error whose only frame is at the place that the contract's map knows.
fn at_vector(url: &str) -> Value {
    with(
        error("x"),
        json!({"release": "1.0", "stack": format!("Error: x\n    at b ({url}:1:5)")}),
    )
}

/// The map is stored, and frames find it.
async fn assert_serves(relay: &Relay, reply: &Reply, what: &str) {
    assert_eq!(reply.status, 201, "{what}: {}", reply.text());
    let told = reply.json();
    assert_eq!(
        (&told["status"], &told["project"], &told["release"]),
        (&json!("uploaded"), &json!("shop"), &json!("1.0")),
        "{what}"
    );
    let report = relay.reported(&at_vector("https://cdn.example.com/s/x.js")).await;
    assert_eq!(
        report["traceback"], "Error: x\n    at realName (src/app.ts:1:1)",
        "{what}"
    );
    let maps = relay.get(PATH).await;
    assert_eq!(maps["total"], 1, "{what}");
    let id = told["id"].as_i64().unwrap();
    assert_eq!(
        relay.admin.delete(&format!("{PATH}/{id}")).await.status,
        200,
        "{what}"
    );
    has_no_blocks(relay).await;
}

/// Waits until nothing is left of any map.
async fn has_no_blocks(relay: &Relay) {
    for table in ["source_map_blocks", "source_map_indexes", "source_maps"] {
        has_rows(relay, table, 0).await;
    }
}

/// Waits until a table has so many rows.
async fn has_rows(relay: &Relay, table: &str, rows: i64) {
    eventually(&format!("{table} has {rows} rows"), async || {
        let mut database = database::open(&relay.database()).await;
        let count = sqlx::AssertSqlSafe(format!("select count(*) from {table}"));
        let found: i64 = sqlx::query_scalar(count).fetch_one(&mut database).await.unwrap();
        (found == rows).then_some(())
    })
    .await;
}

/// The files beside the database, which has three.
fn files(relay: &Relay) -> Vec<String> {
    let entries = std::fs::read_dir(relay.service.folder()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| !name.starts_with("relay.db")).collect()
}

#[tokio::test]
async fn the_members_of_the_json_come_in_any_order() {
    let relay = Relay::start().await;
    let members = [
        ("project", json!("shop")),
        ("release", json!("1.0")),
        ("file_url", json!("https://cdn.example.com/s/x.js")),
        ("map_content", json!(vector().to_string())),
    ];
    // All orders of four.
    for number in 0..24 {
        let mut left: Vec<usize> = (0..4).collect();
        let mut body = String::from("{");
        let mut rest = number;
        for most in (1..=4).rev() {
            let (name, value) = &members[left.remove(rest % most)];
            rest /= most;
            let comma = if most > 1 { "," } else { "}" };
            body += &format!(" \"{name}\" : {value}{comma}");
        }

        let reply = relay.admin.post_bytes(PATH, body.as_bytes()).await;

        assert_serves(&relay, &reply, &body).await;
    }
}

#[tokio::test]
async fn a_map_comes_as_text_as_an_object_as_a_form_or_alone() {
    let relay = Relay::start().await;
    let label = json!({"project": "shop", "release": "1.0", "file_url": "~/s/x.js"});
    let query = "?project=shop&release=1.0&file_url=https%3A%2F%2Fcdn.example.com%2Fs%2Fx.js";
    let map = vector().to_string();
    let object = with(
        label.clone(),
        json!({"map_content": vector(), "unknown": [{"x": null}]}),
    );
    let text = with(label.clone(), json!({"map_content": map}));
    let form = form(
        &[
            ("project", "shop"),
            ("release", "1.0"),
            ("file_url", "/s/x.js?v=1"),
        ],
        map.as_bytes(),
    );
    let half_form = self::form(&[("release", "1.0")], map.as_bytes());
    let guarded = format!(")]}}'\n{map}");
    let multipart = relay
        .admin
        .with("Content-Type", "multipart/form-data; boundary=cut");
    let json_text = relay.admin.with("Content-Type", "text/plain");
    let gzip = relay.admin.with("Content-Encoding", "gzip");
    let packed = encode("gzip", map.as_bytes());
    let plain = String::new();
    for (what, client, query, body) in [
        ("text", &relay.admin, &plain, text.to_string().into_bytes()),
        ("an object", &relay.admin, &plain, object.to_string().into_bytes()),
        (
            "JSON called text",
            &json_text,
            &plain,
            text.to_string().into_bytes(),
        ),
        ("a form", &multipart, &plain, form.clone()),
        (
            "a form with a query",
            &multipart,
            &"?project=shop&file_url=/s/x.js".to_owned(),
            half_form,
        ),
        (
            "a form with a packed file",
            &multipart,
            &plain,
            self::form(
                &[("project", "shop"), ("release", "1.0"), ("file_url", "/s/x.js")],
                &packed,
            ),
        ),
        ("alone", &relay.admin, &query.to_owned(), map.clone().into_bytes()),
        (
            "alone, guarded",
            &relay.admin,
            &query.to_owned(),
            guarded.into_bytes(),
        ),
        (
            "alone, a packed file",
            &relay.admin,
            &query.to_owned(),
            packed.clone(),
        ),
        (
            "alone, packed on the way",
            &gzip,
            &query.to_owned(),
            packed.clone(),
        ),
        (
            "a packed file, packed on the way",
            &gzip,
            &query.to_owned(),
            encode("gzip", &packed),
        ),
        (
            "text, packed on the way",
            &gzip,
            &plain,
            encode("gzip", text.to_string().as_bytes()),
        ),
        (
            "a form, packed on the way",
            &multipart.with("Content-Encoding", "gzip"),
            &plain,
            encode("gzip", &form),
        ),
    ] {
        let reply = client.send("POST", &format!("{PATH}{query}"), Some(&body)).await;
        assert_serves(&relay, &reply, what).await;
    }
    let chunks: Vec<&[u8]> = map.as_bytes().chunks(7).collect();
    let reply = relay.admin.post_chunked(&format!("{PATH}{query}"), &chunks).await;
    assert_serves(&relay, &reply, "in chunks").await;
    let alias = relay.admin.post_json("/api/sourcemaps", &text).await;
    assert_serves(&relay, &alias, "the other address").await;
    for encoding in ["deflate", "zstd", "br"] {
        let reply = relay
            .admin
            .with("Content-Encoding", encoding)
            .post_bytes(PATH, &encode(encoding, text.to_string().as_bytes()))
            .await;
        assert_serves(&relay, &reply, encoding).await;
    }
}

fn form(fields: &[(&str, &str)], map: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in fields {
        let part = format!("--cut\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    let part = "--cut\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x.js.map\"\r\nContent-Type: application/json\r\n\r\n";
    body.extend_from_slice(part.as_bytes());
    body.extend_from_slice(map);
    body.extend_from_slice(b"\r\n--cut--\r\n");
    body
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let relay = Relay::start().await;
    let whole = json!({"project": "shop", "release": "1.0", "file_url": "/x.js", "map_content": vector().to_string()});
    for name in ["project", "release", "file_url", "map_content"] {
        for value in [None, Some(json!("")), Some(json!(7)), Some(Value::Null)] {
            let mut body = whole.clone();
            match &value {
                Some(value) => body[name] = value.clone(),
                None => {
                    body.as_object_mut().unwrap().remove(name);
                }
            }
            let reply = relay.admin.post_json(PATH, &body).await;
            assert_eq!(reply.status, 400, "{name} {value:?}: {}", reply.text());
            assert!(
                reply.detail().contains(name),
                "{name} {value:?}: {}",
                reply.detail()
            );
        }
    }
    for (name, value, why) in [
        ("release", "r".repeat(201), "release: longer than 200"),
        ("file_url", "u".repeat(1_001), "file_url: longer than 1000"),
        ("project", "p".repeat(101), "project: longer than 100"),
        (
            "release",
            "a\nb".into(),
            "release: must not hold control characters",
        ),
    ] {
        let reply = relay
            .admin
            .post_json(PATH, &with(whole.clone(), json!({name: value})))
            .await;
        assert_eq!(
            (reply.status, reply.detail().contains(why)),
            (400, true),
            "{}",
            reply.detail()
        );
    }
    assert_eq!(relay.get(PATH).await["total"], 0);
    has_no_blocks(&relay).await;
}

#[tokio::test]
async fn a_map_replaces_the_one_of_the_same_file() {
    let relay = Relay::start().await;
    let other = with(vector(), json!({"sources": ["src/other.ts"]}));
    let first = relay
        .upload("shop", "1.0", "https://cdn.example.com/s/x.js", &vector())
        .await;
    let elsewhere = relay
        .upload("shop", "1.1", "https://cdn.example.com/s/x.js", &vector())
        .await;
    let before = relay.reported(&at_vector("https://cdn.example.com/s/x.js")).await;

    let second = relay
        .upload("shop", "1.0", "https://cdn.example.com/s/x.js", &other)
        .await;

    assert_eq!(
        (&first["replaced"], &elsewhere["replaced"], &second["replaced"]),
        (&json!(false), &json!(false), &json!(true))
    );
    assert_eq!(before["traceback"], "Error: x\n    at realName (src/app.ts:1:1)");
    let after = relay.reported(&at_vector("https://cdn.example.com/s/x.js")).await;
    assert_eq!(after["traceback"], "Error: x\n    at realName (src/other.ts:1:1)");
    assert_eq!(relay.get(PATH).await["total"], 2);
    has_rows(&relay, "source_map_blocks", 2).await;
}

/// The head of an upload that announces so many bytes.
async fn begin(client: &Client, bytes: usize) -> shared::testing::RawConnection {
    let head = client.head("POST", PATH, &[("Content-Length".into(), bytes.to_string())]);
    let mut connection = client.connect().await;
    assert!(connection.write(head.as_bytes()).await);
    connection
}

#[tokio::test]
async fn a_body_that_breaks_off_leaves_nothing_behind() {
    let relay = Relay::start().await;
    let map = with(vector(), json!({"sourcesContent": ["x".repeat(3 << 20)]}));
    let body =
        json!({"project": "shop", "release": "1.0", "file_url": "/x.js", "map_content": map.to_string()});
    let body = body.to_string().into_bytes();
    for part in [1, body.len() / 2, body.len() - 1] {
        let mut connection = begin(&relay.admin, body.len()).await;
        assert!(connection.write(&body[..part]).await);
        drop(connection);
    }
    // What broke off has been given up when another one is done.
    let reply = relay.admin.post_bytes(PATH, &body).await;

    assert_eq!(reply.status, 201, "{}", reply.text());
    assert_eq!(relay.get(PATH).await["total"], 1);
    assert_eq!(files(&relay), Vec::<String>::new());
    let id = reply.json()["id"].clone();
    relay.admin.delete(&format!("{PATH}/{id}")).await;
    has_no_blocks(&relay).await;
    assert!(!contains(
        &std::fs::read(relay.database()).unwrap(),
        "xxxxxxxxxxxxxxxx"
    ));
}

#[tokio::test]
async fn a_slow_upload_delays_no_other() {
    let relay = Relay::start().await;
    let body = json!({"project": "slow", "release": "1.0", "file_url": "/x.js", "map_content": vector()});
    let body = body.to_string().into_bytes();
    let mut slow = begin(&relay.admin, body.len()).await;
    assert!(slow.write(&body[..20]).await);
    // An answer shows that the relay has taken it up.
    relay.get(PATH).await;

    relay.upload("quick", "1.0", "/x.js", &vector()).await;

    assert!(slow.write(&body[20..]).await);
    assert_eq!(slow.read_reply().await.status, 201);
    assert_eq!(relay.get(PATH).await["total"], 2);
}

#[tokio::test]
async fn uploads_at_once_are_all_stored() {
    let relay = Relay::start().await;
    let filler = "y".repeat(200_000);
    let uploads = (0..8).map(|number| {
        let map = with(
            vector(),
            json!({"sources": [format!("src/{number}.ts")], "sourcesContent": [format!("{filler}{number}")]}),
        );
        let relay = &relay;
        async move {
            relay
                .upload("shop", "1.0", &format!("/s/{}.js", number % 6), &map)
                .await
        }
    });

    let uploaded = futures_util::future::join_all(uploads).await;

    let maps = relay.get(PATH).await;
    assert_eq!(maps["total"], 6);
    for map in maps["source_maps"].as_array().unwrap() {
        let path = map["file_url"].as_str().unwrap();
        let place = uploaded.iter().position(|one| one["id"] == map["id"]).unwrap();
        let report = relay.reported(&at_vector(&format!("https://x.io{path}"))).await;
        let frame = &report["extra"]["frames"][0];
        assert_eq!(frame["file"], format!("src/{place}.ts"));
        assert!(frame["context_line"].is_string(), "{frame}");
    }
}

#[tokio::test]
async fn a_map_over_the_limit_is_refused_however_it_comes() {
    let relay = Relay::with(&[("MAX_SOURCE_MAP_SIZE", "64KiB")]).await;
    let query = "?project=shop&release=1.0&file_url=/s/x.js";
    let sized = |bytes: usize| {
        let padded = |padding: usize| with(vector(), json!({"x_pad": "p".repeat(padding)})).to_string();
        padded(bytes - padded(0).len())
    };
    for (bytes, status) in [(65_536, 201), (65_537, 413), (1 << 20, 413)] {
        let map = sized(bytes);
        let label = json!({"project": "shop", "release": "1.0", "file_url": "/s/x.js"});
        let text = with(label.clone(), json!({"map_content": map})).to_string();
        let object = with(
            label,
            json!({"map_content": serde_json::from_str::<Value>(&map).unwrap()}),
        )
        .to_string();
        let fields = [("project", "shop"), ("release", "1.0"), ("file_url", "/s/x.js")];
        let multipart = relay
            .admin
            .with("Content-Type", "multipart/form-data; boundary=cut");
        let gzip = relay.admin.with("Content-Encoding", "gzip");
        let alone = format!("{PATH}{query}");
        let chunks: Vec<&[u8]> = map.as_bytes().chunks(10_000).collect();
        for (how, reply) in [
            ("alone", relay.admin.post_bytes(&alone, map.as_bytes()).await),
            ("in chunks", relay.admin.post_chunked(&alone, &chunks).await),
            ("text", relay.admin.post_bytes(PATH, text.as_bytes()).await),
            ("an object", relay.admin.post_bytes(PATH, object.as_bytes()).await),
            (
                "a form",
                multipart
                    .send("POST", PATH, Some(&form(&fields, map.as_bytes())))
                    .await,
            ),
            (
                "a packed file",
                relay
                    .admin
                    .post_bytes(&alone, &encode("gzip", map.as_bytes()))
                    .await,
            ),
            (
                "packed",
                gzip.post_bytes(&alone, &encode("gzip", map.as_bytes())).await,
            ),
        ] {
            assert_eq!(reply.status, status, "{how} of {bytes}: {}", reply.text());
            if status == 413 {
                assert!(!reply.detail().is_empty());
            }
        }
    }
    assert_eq!(files(&relay), Vec::<String>::new());
}

#[tokio::test]
async fn what_cannot_be_unpacked_is_told_apart() {
    let relay = Relay::start().await;
    let query = format!("{PATH}?project=shop&release=1.0&file_url=/s/x.js");
    let map = vector().to_string().into_bytes();
    let cut = |encoding: &str| {
        let packed = encode(encoding, &map);
        packed[..packed.len() - 6].to_vec()
    };
    for (encoding, body, status) in [
        ("gzip", map.clone(), 400),
        ("gzip", cut("gzip"), 400),
        ("deflate", vec![0xff; 64], 400),
        ("zstd", map.clone(), 400),
        ("zstd", cut("zstd"), 400),
        ("br", vec![0xff; 64], 400),
        ("br", cut("br"), 400),
        ("lzma", map.clone(), 415),
        ("gzip, br", map.clone(), 415),
        // A file that looks packed.
        ("identity", cut("gzip"), 400),
        ("identity", vec![0x1f, 0x8b, 1, 2, 3], 400),
    ] {
        let client = relay.admin.with("Content-Encoding", encoding);
        let reply = client.post_bytes(&query, &body).await;
        assert_eq!(reply.status, status, "{encoding}: {}", reply.text());
        assert!(!reply.detail().is_empty());
    }
    assert_eq!(relay.get(PATH).await["total"], 0);
}
