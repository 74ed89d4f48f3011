//! `GET /api/logs/{id}` and `/context`: one entry, and what its container wrote around it.

use serde_json::Value;

use crate::viewer::{Viewer, encoded, strings};

async fn id_of(viewer: &Viewer, message: &str) -> i64 {
    let search = encoded(&format!("\"{message}\""));
    let list = viewer.list(&format!("search={search}")).await;
    let rows = list["logs"].as_array().unwrap();
    let row = rows.iter().find(|row| row["message"] == message).unwrap();
    row["id"].as_i64().unwrap()
}

async fn two_containers() -> Viewer {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    let mut forum = viewer.docker.container("forum");
    for number in 0..1_200 {
        shop.line(&format!("shop {number} {}", "x".repeat(100)));
        forum.line(&format!("forum {number}"));
    }
    viewer.has(2_400).await;
    viewer
}

fn messages(context: &Value, side: &str) -> Vec<String> {
    let messages = strings(&context[side], "message").into_iter();
    messages
        .map(|message| message.split(" x").next().unwrap().to_owned())
        .collect()
}

fn shop(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|number| format!("shop {number}")).collect()
}

#[tokio::test]
async fn an_entry_is_the_same_alone_as_in_the_list() {
    let viewer = two_containers().await;
    // The open block, and closed ones.
    for query in ["limit=5", "container=forum&offset=700&limit=5", "offset=2395"] {
        for row in viewer.list(query).await["logs"].as_array().unwrap() {
            assert_eq!(&viewer.get(&format!("/api/logs/{}", row["id"])).await, row);
        }
    }
}

#[tokio::test]
async fn the_context_is_what_the_same_container_wrote_before_and_after() {
    let viewer = two_containers().await;
    let padding = "x".repeat(100);
    let id = id_of(&viewer, &format!("shop 600 {padding}")).await;
    for (query, before, after) in [
        ("", 50, 50),
        ("before=3&after=2", 3, 2),
        ("before=0", 0, 50),
        ("before=0&after=0", 0, 0),
        ("before=500&after=500", 500, 500),
        // Clamped, like every number over its maximum.
        ("before=501&after=100000", 500, 500),
    ] {
        let context = viewer.get(&format!("/api/logs/{id}/context?{query}")).await;

        assert_eq!(context["entry"]["id"], id);
        assert_eq!(messages(&context, "before"), shop(600 - before..600), "{query}");
        assert_eq!(messages(&context, "after"), shop(601..601 + after), "{query}");
    }
}

#[tokio::test]
async fn at_an_end_the_context_has_what_there_is() {
    let viewer = two_containers().await;
    let padding = "x".repeat(100);
    let first = id_of(&viewer, &format!("shop 0 {padding}")).await;
    let last = id_of(&viewer, &format!("shop 1199 {padding}")).await;

    let at_first = viewer.get(&format!("/api/logs/{first}/context?after=1")).await;
    let at_last = viewer.get(&format!("/api/logs/{last}/context?before=1")).await;

    assert_eq!(messages(&at_first, "before"), shop(0..0));
    assert_eq!(messages(&at_first, "after"), shop(1..2));
    assert_eq!(messages(&at_last, "before"), shop(1_198..1_199));
    assert_eq!(messages(&at_last, "after"), shop(0..0));
}

#[tokio::test]
async fn entries_of_one_moment_keep_their_order_in_the_context() {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    let at = shop.tick();
    for number in 0..9 {
        shop.write_at("stdout", &format!("shop {number}\n"), at);
    }
    viewer.has(9).await;
    let id = id_of(&viewer, "shop 4").await;

    let context = viewer
        .get(&format!("/api/logs/{id}/context?before=2&after=2"))
        .await;

    assert_eq!(messages(&context, "before"), ["shop 2", "shop 3"]);
    assert_eq!(messages(&context, "after"), ["shop 5", "shop 6"]);
}
