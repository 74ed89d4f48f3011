//! `GET /api/logs/export`: everything that matches, oldest first, as a file.

use serde_json::Value;

use crate::viewer::{Viewer, fixture};

/// More entries than a step of the export, of two containers, some at the same moment.
async fn many() -> Viewer {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    let mut forum = viewer.docker.container("forum");
    shop.set_clock("2026-03-01T12:00:00Z");
    for number in 0..1_300 {
        let at = shop.tick();
        shop.write_at("stdout", &format!("shop {number}\n"), at);
        forum.write_at("stderr", &format!("forum {number}\n"), at);
    }
    viewer.has(2_600).await;
    viewer
}

#[tokio::test]
async fn ndjson_has_every_entry_as_the_list_has_it_the_oldest_first() {
    let viewer = many().await;
    for (query, expected) in [("", 2_600), ("container=shop", 1_300), ("level=error", 1_300)] {
        let reply = viewer.api.get(&format!("/api/logs/export?{query}")).await;

        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("content-type"), "application/x-ndjson");
        assert!(reply.header("content-disposition").contains("logs.ndjson"));
        assert!(reply.text().ends_with('\n'));
        let exported: Vec<Value> = reply
            .text()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let mut listed = Vec::new();
        for offset in (0..expected).step_by(500) {
            let list = viewer.list(&format!("{query}&limit=500&offset={offset}")).await;
            listed.extend(list["logs"].as_array().unwrap().clone());
        }
        listed.reverse();
        assert_eq!(exported.len(), expected, "{query}");
        assert!(exported == listed, "{query}");
    }
}

#[tokio::test]
async fn every_filter_of_the_list_is_one_of_the_export() {
    let viewer = many().await;
    for query in [
        "search=12",
        "q=%22shop+7%22",
        "stream=stderr&container=forum",
        "level=%3E%3Derror&since=2026-03-01T12:00:01Z",
        "until=2026-03-01T12:00:00.5Z",
        "container=nobody",
    ] {
        let total = viewer.list(query).await["total"].as_u64().unwrap();
        let reply = viewer.api.get(&format!("/api/logs/export?{query}")).await;
        assert_eq!(reply.text().lines().count() as u64, total, "{query}");
    }
}

#[tokio::test]
async fn text_has_time_container_level_and_the_message_without_colours() {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    shop.set_clock("2026-03-01T12:00:00.5Z")
        .line("plain")
        .error_line("\u{1b}[31mred\u{1b}[0m");
    viewer.has(2).await;

    let reply = viewer.api.get("/api/logs/export?format=text").await;

    assert_eq!(reply.header("content-type"), "text/plain; charset=utf-8");
    assert!(reply.header("content-disposition").contains("logs.txt"));
    assert_eq!(
        reply.text(),
        "2026-03-01T12:00:00.500000000Z shop INFO plain\n\
         2026-03-01T12:00:00.501000000Z shop ERROR red\n"
    );
}

#[tokio::test]
async fn text_keeps_the_lines_of_a_traceback() {
    let viewer = Viewer::start().await;
    let traceback = fixture("python-plain.txt");
    viewer.docker.container("shop").lines(&traceback);
    viewer.shows("", &[traceback.trim_end()]).await;

    let reply = viewer.api.get("/api/logs/export?format=text").await;

    assert!(
        reply.text().ends_with(&format!(" shop ERROR {traceback}")),
        "{}",
        reply.text()
    );
}

#[tokio::test]
async fn of_nothing_there_is_an_empty_file() {
    let viewer = Viewer::start().await;
    for format in ["ndjson", "text"] {
        let reply = viewer.api.get(&format!("/api/logs/export?format={format}")).await;
        assert_eq!((reply.status, reply.body.len()), (200, 0));
    }
}
