//! `search`: what is typed is found, at once, whatever characters it has.

use serde_json::json;
use shared::testing::eventually;
use sqlx::SqlitePool;
use sqlx::sqlite::SqliteConnectOptions;

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
    let options = SqliteConnectOptions::new()
        .filename(tracker.database())
        .read_only(true);
    let database = SqlitePool::connect_with(options).await.unwrap();
    eventually("the search index is brought up to date", async || {
        let waiting: i64 = sqlx::query_scalar("select count(*) from errors_unindexed")
            .fetch_one(&database)
            .await
            .unwrap();
        (waiting == 0).then_some(())
    })
    .await;
    database.close().await;
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
async fn the_total_of_a_search_never_promises_more_than_there_is() {
    let tracker = filled().await;
    for search in ["Ki", "Kind"] {
        for (more, exact) in [
            ("", true),
            ("&limit=3", search == "Kind"),
            ("&limit=3&offset=9", true),
            ("&offset=11", search == "Kind"),
            ("&offset=5000", search == "Kind"),
            ("&offset=18446744073709551615", search == "Kind"),
        ] {
            let list = tracker.get(&format!("/api/errors?search={search}{more}")).await;

            let total = list["total"].as_u64().unwrap() as usize;
            assert!(total <= FOUND.len(), "{search}{more}: {total}");
            if list["total_exact"] == true {
                assert_eq!(total, FOUND.len(), "{search}{more}");
            } else {
                assert!(!exact, "{search}{more} can be told exactly");
            }
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
async fn every_new_message_is_found_at_once_while_the_index_is_written() {
    let tracker = Tracker::start().await;
    for round in 0..150 {
        let message = format!("round-{round} begins");
        tracker
            .report(&with(report("E"), json!({"message": message})))
            .await;

        let found = tracker.types(&format!("search=round-{round}")).await;

        assert_eq!(found, ["E"], "{message}");
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
    for when in ["at once", "indexed"] {
        for text in [
            "x".repeat(10_240),
            "x".repeat(30_000),
            "Connection ".repeat(900),
            "_".repeat(30_000),
            "\"".repeat(3_000),
            "\u{1F980}".repeat(2_000),
        ] {
            let shown: String = text.chars().take(12).collect();
            // What needs no encoding goes as it is: a head has 32 KiB.
            let plain = text.is_ascii() && !text.contains(['"', ' ']);
            let typed = if plain { text } else { encoded(&text) };

            let reply = tracker.api.get(&format!("/api/errors?search={typed}")).await;

            assert_eq!(reply.status, 200, "{when}: {shown}: {}", reply.text());
            assert_eq!(reply.json()["total"], 0, "{when}: {shown}");
        }
        indexed(&tracker).await;
    }
}

#[tokio::test]
async fn a_whole_message_is_found_as_far_as_lists_show_it() {
    let tracker = Tracker::start().await;
    let kind = "K".repeat(200);
    let message: String = (0..499_u32)
        .filter_map(|number| char::from_u32(0x4e00 + number))
        .collect();
    let sent = with(report(&kind), json!({"message": message}));
    tracker.report(&sent).await;
    for when in ["at once", "indexed"] {
        for text in [message.clone(), kind.clone(), format!("{kind}\n{message}")] {
            assert_eq!(
                tracker.types(&format!("search={}", encoded(&text))).await.len(),
                1,
                "{when}"
            );
        }
        indexed(&tracker).await;
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
