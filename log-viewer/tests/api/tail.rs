//! `GET /api/logs/tail`: entries as they come, and what happens to readers who are cut off.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use serde_json::json;
use shared::testing::eventually;

use crate::docker::{Container, record};
use crate::events::Event;
use crate::viewer::{Viewer, fixture};

/// Waits until so many streams are open, as far as the viewer knows.
pub(crate) async fn tails(viewer: &Viewer, count: usize) {
    let expected = format!("monlight_log_viewer_tails {count}");
    eventually(&expected, async || {
        let metrics = viewer.api.get("/metrics").await;
        metrics.text().lines().any(|line| line == expected).then_some(())
    })
    .await;
}

/// Writes so many lines at once.
pub(crate) fn write_many(container: &mut Container, range: std::ops::Range<usize>, padding: &str) {
    let lines: String = range
        .map(|number| {
            let at = container.tick();
            record("stdout", &format!("line {number} {padding}\n"), at)
        })
        .collect();
    container.raw(lines.as_bytes());
}

#[tokio::test]
async fn an_entry_comes_as_the_list_has_it_with_its_number() {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    shop.line("before the stream");
    viewer.has(1).await;
    let mut tail = viewer.tail("").await;
    tails(&viewer, 1).await;

    shop.line(r#"{"level":"warn","msg":"low"}"#);
    let event = tail.next_log().await;

    let list = viewer.list("limit=1").await;
    assert_eq!(event.data, list["logs"][0]);
    assert_eq!(event.id, list["logs"][0]["id"].as_i64());
    assert_eq!(event.data["fields"]["msg"], "low");
}

#[tokio::test]
async fn an_entry_that_grows_is_sent_at_once_and_amended_under_its_number() {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    let mut tail = viewer.tail("").await;
    tails(&viewer, 1).await;
    let traceback = fixture("python-plain.txt");
    let lines: Vec<&str> = traceback.lines().collect();

    shop.line(lines[0]);
    let head = tail.next_log().await;
    assert_eq!(head.message(), lines[0]);
    let mut shown = lines[0].to_owned();
    for line in &lines[1..] {
        shop.line(line);
        shown = format!("{shown}\n{line}");
        let amended = tail.next().await.unwrap();
        assert_eq!(amended.name, "amend");
        assert_eq!(amended.entry(), head.entry());
        assert_eq!(amended.message(), shown);
        assert_eq!(amended.data["timestamp"], head.data["timestamp"]);
    }
    shop.line("GET /next 200");
    let next = tail.next_log().await;
    assert_eq!(next.message(), "GET /next 200");
    assert!(next.entry() > head.entry());
}

#[tokio::test]
async fn a_stream_has_what_its_filters_leave() {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    let mut forum = viewer.docker.container("forum");
    shop.line("known");
    forum.line("known");
    viewer.has(2).await;
    let queries = [
        (
            "",
            vec!["INFO cart", "ERROR cart", "INFO post", "CRITICAL post", "end"],
        ),
        ("container=shop", vec!["INFO cart", "ERROR cart", "end"]),
        (
            "container=forum&container=shop&level=critical",
            vec!["CRITICAL post", "end"],
        ),
        ("level=%3E%3Derror", vec!["ERROR cart", "CRITICAL post", "end"]),
        ("search=cart+OR+end", vec!["INFO cart", "ERROR cart", "end"]),
        ("q=%22ERROR+cart%22+OR+end", vec!["ERROR cart", "end"]),
        ("stream=stderr", vec!["ERROR cart", "CRITICAL post", "end"]),
        ("search=%22cart+post%22+OR+end", vec!["end"]),
    ];
    let mut streams = Vec::new();
    for (query, _) in &queries {
        streams.push(viewer.tail(query).await);
    }
    tails(&viewer, queries.len()).await;

    shop.line("INFO cart");
    viewer.has(3).await;
    shop.error_line("ERROR cart");
    viewer.has(4).await;
    forum.line("INFO post");
    viewer.has(5).await;
    forum.error_line("CRITICAL post");
    viewer.has(6).await;
    // Every filter above lets this one through.
    shop.error_line("[CRITICAL] end");

    for (stream, (query, expected)) in streams.iter_mut().zip(&queries) {
        let mut messages = Vec::new();
        for message in stream.until("[CRITICAL] end").await {
            messages.push(message.message().replace("[CRITICAL] end", "end"));
        }
        assert_eq!(messages, *expected, "{query}");
    }
}

#[tokio::test]
async fn a_container_that_is_new_has_its_name_in_the_stream() {
    let viewer = Viewer::start().await;
    let mut tail = viewer.tail("").await;
    tails(&viewer, 1).await;
    for name in ["shop", "forum"] {
        viewer.docker.container(name).line("hello");
        assert_eq!(tail.next_log().await.data["container"], name);
    }
}

#[tokio::test]
async fn a_container_that_is_not_there_yet_can_be_waited_for() {
    let viewer = Viewer::start().await;
    let mut tail = viewer.tail("container=later").await;
    tails(&viewer, 1).await;
    viewer.docker.container("other").line("not this");
    viewer.has(1).await;
    viewer.docker.container("later").line("this");
    viewer.has(2).await;

    assert_eq!(tail.next_log().await.message(), "this");
}

#[tokio::test]
async fn a_container_that_is_made_again_is_watched_under_its_name() {
    let viewer = Viewer::start().await;
    let mut first = viewer.docker.container("shop");
    first.line("of the first one");
    viewer.has(1).await;
    let mut tail = viewer.tail("container=shop").await;
    tails(&viewer, 1).await;
    first.remove();
    viewer.docker.container("shop").line("of the second one");

    assert_eq!(tail.next_log().await.message(), "of the second one");
}

#[tokio::test]
async fn a_stream_goes_on_without_gap_or_repeat_while_lines_keep_coming() {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    let mut forum = viewer.docker.container("forum");
    shop.line("first");
    viewer.has(1).await;
    let mut tail = viewer.tail("").await;
    tails(&viewer, 1).await;
    const LINES: usize = 4_000;
    let writing = std::thread::spawn(move || {
        for number in 0..LINES / 2 {
            shop.line(&format!("shop {number}"));
            forum.line(&format!("forum {number}"));
            if number % 5 == 0 {
                // Gently, so that the reader is cut off in the middle of it.
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    });

    let mut received: Vec<Event> = Vec::new();
    let mut cuts = 0;
    while received.len() < LINES {
        // Cut off after a few, or after many.
        for _ in 0..[3, 90, 400][cuts % 3] {
            if received.len() == LINES {
                break;
            }
            received.push(tail.next_log().await);
        }
        let last = received.last().and_then(|event| event.id);
        tail = if cuts % 2 == 0 {
            viewer.tail_after("", last).await
        } else {
            // For clients that cannot send the header.
            viewer.tail(&format!("last_event_id={}", last.unwrap())).await
        };
        cuts += 1;
    }
    writing.join().unwrap();

    assert!(cuts > 20, "{cuts}");
    let ids: Vec<i64> = received.iter().map(Event::entry).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), LINES, "none twice");
    assert!(ids.is_sorted());
    let mut next: HashMap<String, usize> = HashMap::new();
    for event in &received {
        let container = event.data["container"].as_str().unwrap();
        let number = next.entry(container.to_owned()).or_default();
        assert_eq!(event.message(), format!("{container} {number}"));
        *number += 1;
    }
}

#[tokio::test]
async fn a_stream_goes_on_across_a_restart() {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    let mut tail = viewer.tail("").await;
    tails(&viewer, 1).await;
    shop.line("one");
    let last = tail.next_log().await.id;

    let viewer = viewer
        .restarted(|_| {
            shop.line("two");
            shop.line("three");
        })
        .await;
    let mut tail = viewer.tail_after("", last).await;

    assert_eq!(tail.next_log().await.message(), "two");
    assert_eq!(tail.next_log().await.message(), "three");
    shop.line("four");
    assert_eq!(tail.next_log().await.message(), "four");
}

#[tokio::test]
async fn what_an_entry_grew_by_while_nobody_listened_is_told() {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    let traceback = fixture("python-plain.txt");
    let lines: Vec<&str> = traceback.lines().collect();
    let mut tail = viewer.tail("").await;
    tails(&viewer, 1).await;
    shop.line(lines[0]);
    let head = tail.next_log().await;
    drop(tail);
    shop.lines(&lines[1..].join("\n"));
    viewer.shows("", &[traceback.trim_end()]).await;

    let mut tail = viewer.tail_after("", head.id).await;

    let amended = tail.next().await.unwrap();
    assert_eq!(amended.name, "amend");
    assert_eq!(amended.entry(), head.entry());
    assert_eq!(amended.message(), traceback.trim_end());
}

#[tokio::test]
async fn a_filtered_stream_goes_on_with_its_filter() {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    shop.line("INFO one")
        .line("ERROR two")
        .line("INFO three")
        .line("ERROR four");
    viewer.has(4).await;

    let mut tail = viewer.tail_after("level=error", Some(1)).await;

    assert_eq!(tail.next_log().await.message(), "ERROR two");
    assert_eq!(tail.next_log().await.message(), "ERROR four");
}

#[tokio::test]
async fn one_who_was_away_for_too_long_is_told_how_much_is_left_out() {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    write_many(&mut shop, 0..12_001, "");
    viewer.has(12_001).await;

    let mut tail = viewer.tail_after("", Some(1)).await;

    let dropped = tail.next().await.unwrap();
    assert_eq!(
        (dropped.name.as_str(), &dropped.data),
        ("dropped", &json!({"count": 2_000}))
    );
    assert_eq!(tail.next_log().await.message(), "line 2001 ");
    assert_eq!(tail.until("line 12000 ").await.len(), 9_999);
}
