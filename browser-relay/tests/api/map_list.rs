//! The list of source maps, and how they go.

use serde_json::{Value, json};
use shared::clock::Timestamp;
use shared::testing::{database, eventually};
use sqlx::Connection as _;

use crate::relay::{Relay, error, vector, with};

async fn maps(relay: &Relay, query: &str) -> Value {
    relay.get(&format!("/api/source-maps{query}")).await
}

fn urls(page: &Value) -> Vec<String> {
    let maps = page["source_maps"].as_array().unwrap().iter();
    maps.map(|map| map["file_url"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_map_is_listed_with_what_is_known_of_it() {
    let relay = Relay::start().await;
    let map = with(
        vector(),
        json!({"debugId": "6F1D9C1E-8C1B-4A55-9A51-1D2C3B4A5F60"}),
    );
    let uploaded = relay.upload("shop", "1.0", "https://x.io/a.js", &map).await;

    let list = maps(&relay, "").await;

    let item = &list["source_maps"][0];
    let at: Timestamp = item["uploaded_at"].as_str().unwrap().parse().unwrap();
    assert!((Timestamp::now().millis() - at.millis()).abs() < 60_000);
    assert_eq!(
        list,
        json!({
            "source_maps": [{
                "id": uploaded["id"], "project": "shop", "release": "1.0", "file_url": "https://x.io/a.js",
                "debug_id": "6f1d9c1e8c1b4a559a511d2c3b4a5f60", "size": map.to_string().len(),
                "uploaded_at": item["uploaded_at"], "last_used": item["uploaded_at"],
            }],
            "total": 1, "next": null,
        })
    );
}

#[tokio::test]
async fn lists_are_filtered_and_come_in_pages_the_newest_first() {
    let relay = Relay::start().await;
    for (project, release, file) in [
        ("a", "1", "/1.js"),
        ("a", "1", "/2.js"),
        ("b", "1", "/3.js"),
        ("a", "2", "/4.js"),
        ("a", "1", "/5.js"),
    ] {
        relay.upload(project, release, file, &vector()).await;
    }
    for (query, expected) in [
        ("", &["/5.js", "/4.js", "/3.js", "/2.js", "/1.js"][..]),
        ("?project=a", &["/5.js", "/4.js", "/2.js", "/1.js"]),
        ("?project=a&release=1", &["/5.js", "/2.js", "/1.js"]),
        ("?project=b&release=2", &[]),
        ("?project=none", &[]),
        (
            "?project=&release=",
            &["/5.js", "/4.js", "/3.js", "/2.js", "/1.js"],
        ),
    ] {
        let whole = maps(&relay, query).await;
        assert_eq!(urls(&whole), expected, "{query}");
        assert_eq!(whole["total"], expected.len(), "{query}");

        let mut paged = Vec::new();
        let mut next = Value::Null;
        for _ in 0..5 {
            let glue = if query.is_empty() { "?" } else { "&" };
            let before = if next.is_null() {
                String::new()
            } else {
                format!("&before={next}")
            };
            let page = maps(&relay, &format!("{query}{glue}limit=2{before}")).await;
            assert_eq!(page["total"], expected.len(), "{query}");
            paged.extend(urls(&page));
            next = page["next"].clone();
            if next.is_null() {
                break;
            }
        }
        assert_eq!(paged, expected, "{query} in pages");
    }
    // A release alone is no filter that an index serves, and is one all the same.
    assert_eq!(urls(&maps(&relay, "?release=2").await), ["/4.js"]);
}

#[tokio::test]
async fn a_deleted_map_serves_no_longer() {
    let relay = Relay::start().await;
    let id = relay.upload("shop", "1.0", "/a.js", &vector()).await["id"].clone();
    let body = with(
        error("x"),
        json!({"release": "1.0", "stack": "    at b (https://x.io/a.js:1:5)"}),
    );
    let before = relay.reported(&body).await;

    let reply = relay.admin.delete(&format!("/api/source-maps/{id}")).await;

    assert_eq!((reply.status, reply.json()), (200, json!({"status": "deleted"})));
    let again = relay.admin.delete(&format!("/api/source-maps/{id}")).await;
    assert_eq!(
        (again.status, again.detail().as_str()),
        (404, "Source map not found")
    );
    let after = relay.reported(&body).await;
    assert_eq!(before["traceback"], "    at realName (src/app.ts:1:1)");
    assert_eq!(after["traceback"], body["stack"]);
    assert_eq!(
        after["extra"]["frames"][0]["unresolved"],
        "no map for release 1.0"
    );
    assert_eq!(maps(&relay, "").await["total"], 0);
}

#[tokio::test]
async fn the_last_use_of_a_map_is_known_after_a_restart() {
    let relay = Relay::start().await;
    for file in ["/used.js", "/unused.js"] {
        relay.upload("shop", "1.0", file, &vector()).await;
    }
    let before = maps(&relay, "").await;
    let body = with(
        error("x"),
        json!({"release": "1.0", "stack": "    at b (https://x.io/used.js:1:5)"}),
    );
    relay.reported(&body).await;

    let relay = relay.restarted_with(&[]).await;

    let after = maps(&relay, "").await;
    assert_eq!(
        after["source_maps"][0], before["source_maps"][0],
        "the unused one"
    );
    let at = |list: &Value| -> Timestamp {
        list["source_maps"][1]["last_used"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap()
    };
    assert!(at(&after).millis() >= at(&before).millis());
    let report = relay.reported(&body).await;
    assert_eq!(
        report["traceback"], "    at realName (src/app.ts:1:1)",
        "maps outlive a restart"
    );
}

#[tokio::test]
async fn a_map_that_no_stack_has_needed_for_long_is_forgotten() {
    let settings = [("RETENTION_DAYS", "2")];
    let relay = Relay::with(&settings).await;
    for file in ["/old.js", "/used.js", "/new.js"] {
        relay.upload("shop", "1.0", file, &vector()).await;
    }
    let mut database = database::open(&relay.database()).await;
    // All were uploaded long ago, and one was used yesterday.
    let yesterday = Timestamp::now().millis() - 86_400_000;
    sqlx::query(
        "update source_maps set uploaded_at = 1, last_used = case file_url when '/old.js' then 1 else ?1 end",
    )
    .bind(yesterday)
    .execute(&mut database)
    .await
    .unwrap();
    database.close().await.unwrap();

    let relay = relay.restarted_with(&settings).await;

    eventually("the old one is forgotten", async || {
        (urls(&maps(&relay, "").await) == ["/new.js", "/used.js"]).then_some(())
    })
    .await;
    eventually("its text is gone too", async || {
        let mut database = database::open(&relay.database()).await;
        let blocks: i64 = sqlx::query_scalar("select count(*) from source_map_blocks")
            .fetch_one(&mut database)
            .await
            .unwrap();
        (blocks == 2).then_some(())
    })
    .await;
}
