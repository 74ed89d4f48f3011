//! `search`: what is typed is found, at once, whatever characters it has.

use serde_json::json;
use shared::testing::{DEADLINE, eventually};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use crate::tracker::{Tracker, encoded, report, with};

/// Message, and what a person might type to find it.
const FOUND: &[(&str, &[&str])] = &[
    (
        "Connection to db-1 refused",
        &["Connection", "connection", "nnecti", "db-1", "to db", "ed"],
    ),
    ("no such key: 'user.id'", &["'user.id'", "'us", "y: '", "."]),
    ("he said \"stop\" twice", &["\"stop\"", "\"", "said \"s"]),
    ("100% of 5_000", &["100%", "%", "0% o", "5_000", "_", "5_0"]),
    ("back\\slash and \\% both", &["\\slash", "\\", "\\%", "d \\"]),
    (
        "crab \u{1F980} in the pipe",
        &["\u{1F980}", "\u{1F980} in", "b \u{1F980}"],
    ),
    (
        "\u{65E5}\u{672C}\u{8A9E}\u{306E}\u{30A8}\u{30E9}\u{30FC}",
        &[
            "\u{65E5}",
            "\u{672C}\u{8A9E}",
            "\u{8A9E}\u{306E}\u{30A8}",
            "\u{30E9}\u{30FC}",
        ],
    ),
    (
        "Stra\u{DF}e gesperrt: \u{E4}rger",
        &["Stra\u{DF}e", "\u{E4}rger", ": \u{E4}"],
    ),
    ("a OR b AND NOT c NEAR d", &["OR", "a OR b", "NOT c", "NEAR d"]),
    (
        "f(x) = {y: [z]} * -1 ^ 2; -- drop",
        &["f(x)", "{y:", "[z]", "* -1", "^ 2;", "-- drop", "* -"],
    ),
    ("two\nlines\there", &["two\nlines", "s\th", "lines"]),
];

/// What nothing contains, and what must not be taken for an operator.
const NOT_FOUND: &[&str] = &[
    "Connection%refused",
    "Connection_to",
    "Connection*",
    "Conn* OR refused",
    "\"Connection",
    "text:Connection",
    "'; drop table errors; --",
    "' or 1=1 --",
    "NEAR(a b)",
    "^Connection",
    "\"\"\"",
    "(((",
    "\\\\",
    "%%",
    "__",
    "\u{1F980}\u{1F980}",
    "\u{0}",
    "abc\u{0}def",
    "\u{FFFD}\u{FFFD}\u{FFFD}",
];

async fn filled() -> Tracker {
    let tracker = Tracker::start().await;
    let reports: Vec<_> = FOUND
        .iter()
        .enumerate()
        .map(|(number, (message, _))| with(report(&format!("Kind{number}")), json!({"message": message})))
        .collect();
    tracker.groups(&reports).await;
    tracker
}

async fn assert_all_found(tracker: &Tracker, when: &str) {
    for (number, (message, typed)) in FOUND.iter().enumerate() {
        let kind = format!("Kind{number}");
        for part in typed.iter().chain([message]) {
            let found = tracker.types(&format!("search={}", encoded(part))).await;
            assert!(
                found.contains(&kind),
                "{when}: {part:?} finds {message:?}, not {found:?}"
            );
        }
        let found = tracker.types(&format!("search={kind}")).await;
        assert!(found.contains(&kind), "{when}: the type is searched too");
    }
    for text in NOT_FOUND {
        let found = tracker.types(&format!("search={}", encoded(text))).await;
        assert!(found.is_empty(), "{when}: {text:?} finds {found:?}");
    }
}

/// Waits until the index task has nothing left to do.
async fn indexed(tracker: &Tracker) {
    let mut connection = SqliteConnectOptions::new()
        .filename(tracker.database())
        .read_only(true)
        .connect()
        .await
        .unwrap();
    let started = std::time::Instant::now();
    loop {
        let waiting: i64 = sqlx::query_scalar("select count(*) from errors_unindexed")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        if waiting == 0 {
            break;
        }
        assert!(
            started.elapsed() < DEADLINE,
            "the index was never brought up to date"
        );
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    connection.close().await.unwrap();
}

#[tokio::test]
async fn what_was_typed_is_found_before_and_after_the_index_is_written() {
    let tracker = filled().await;

    assert_all_found(&tracker, "at once").await;
    indexed(&tracker).await;
    assert_all_found(&tracker, "indexed").await;
}

#[tokio::test]
async fn a_search_goes_with_the_other_filters_and_orders() {
    let tracker = filled().await;
    indexed(&tracker).await;
    for sort in ["last_seen", "first_seen", "count", "trend"] {
        for (query, expected) in [
            ("search=refused&project=shop", 1),
            ("search=refused&project=forum", 0),
            ("search=refused&resolved=true", 0),
            ("search=refused&source=server", 1),
            ("search=ed&source=server", 1),
            ("search=Kind&resolved=all&ignored=all", FOUND.len()),
        ] {
            let list = tracker.get(&format!("/api/errors?{query}&sort={sort}")).await;
            assert_eq!(list["errors"].as_array().unwrap().len(), expected, "{query}");
            assert_eq!(list["total"], expected, "{query}");
        }
    }
}

#[tokio::test]
async fn the_newest_message_is_found_and_the_one_before_it_is_not() {
    let tracker = Tracker::start().await;
    tracker
        .report(&with(report("E"), json!({"message": "the first words"})))
        .await;
    indexed(&tracker).await;

    tracker
        .report(&with(report("E"), json!({"message": "other speech"})))
        .await;

    for when in ["at once", "indexed"] {
        assert_eq!(tracker.types("search=speech").await, ["E"], "{when}");
        assert!(tracker.types("search=words").await.is_empty(), "{when}");
        indexed(&tracker).await;
    }
}

#[tokio::test]
async fn deleted_groups_are_not_found() {
    let tracker = Tracker::start().await;
    let id = tracker.group(&report("Gone")).await;
    indexed(&tracker).await;

    assert_eq!(tracker.api.delete(&format!("/api/errors/{id}")).await.status, 204);

    assert!(tracker.types("search=Gone").await.is_empty());
    assert!(tracker.types("search=Go").await.is_empty());
}

#[tokio::test]
async fn very_long_searches_find_nothing_and_break_nothing() {
    let tracker = filled().await;
    indexed(&tracker).await;
    for text in [
        "x".repeat(10_240),
        "Connection ".repeat(900),
        "_".repeat(30_000),
        "\"".repeat(3_000),
        "\u{1F980}".repeat(2_000),
    ] {
        let shown: String = text.chars().take(12).collect();
        // What needs no encoding goes as it is: a head has 64 KiB.
        let typed = if text.is_ascii() && !text.contains(['"', ' ']) {
            text
        } else {
            encoded(&text)
        };

        let reply = tracker.api.get(&format!("/api/errors?search={typed}")).await;

        assert_eq!(reply.status, 200, "{shown}…: {}", reply.text());
        assert_eq!(reply.json()["total"], 0, "{shown}…");
    }
}

#[tokio::test]
async fn the_index_catches_up_with_many_new_groups() {
    let tracker = Tracker::start().await;
    let reports: Vec<_> = (0..300).map(|number| report(&format!("Many{number}"))).collect();
    tracker.groups(&reports).await;

    let found = eventually("all groups are found", async || {
        let list = tracker.get("/api/errors?search=Many").await;
        (list["total"] == 300).then_some(list)
    })
    .await;

    assert_eq!(found["total_exact"], true);
    indexed(&tracker).await;
    assert_eq!(tracker.get("/api/errors?search=Many").await["total"], 300);
    assert_eq!(tracker.types("search=Many299").await, ["Many299"]);
}
