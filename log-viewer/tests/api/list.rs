//! `GET /api/logs`: the shape of a row, order, filters, pages.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::docker::now;
use crate::viewer::{Viewer, encoded, numbers, strings};

const SECOND: i64 = 1_000_000_000;

#[tokio::test]
async fn a_row_has_what_the_contract_names() {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    shop.set_clock("2026-03-01T12:00:00.123456789Z")
        .line(r#"{"level":"warn","msg":"stock is low","left":2}"#);
    viewer.has(1).await;

    let list = viewer.list("").await;

    insta::assert_json_snapshot!(list, @r#"
    {
      "complete": true,
      "limit": 100,
      "logs": [
        {
          "container": "shop",
          "fields": {
            "left": 2,
            "level": "warn",
            "msg": "stock is low"
          },
          "id": 1,
          "level": "WARNING",
          "message": "{\"level\":\"warn\",\"msg\":\"stock is low\",\"left\":2}",
          "stream": "stdout",
          "timestamp": "2026-03-01T12:00:00.123456789Z"
        }
      ],
      "next": null,
      "offset": 0,
      "scanned_to": null,
      "total": 1,
      "total_exact": true
    }
    "#);
}

#[tokio::test]
async fn the_order_is_by_time_then_by_number_whatever_came_first() {
    let viewer = Viewer::start().await;
    let mut late = viewer.docker.container("late");
    late.set_clock("2026-03-01T12:00:10Z")
        .line("ten")
        .line("ten and more");
    viewer.has(2).await;
    // These are older and come later, two of them at the same nanosecond.
    let mut early = viewer.docker.container("early");
    early.set_clock("2026-03-01T12:00:05Z").line("five");
    let same = early.tick();
    early
        .write_at("stdout", "same, first\n", same)
        .write_at("stderr", "same, second\n", same);
    early.set_clock("2026-03-01T12:00:20Z").line("twenty");
    viewer.has(6).await;

    assert_eq!(
        viewer.messages("").await,
        [
            "twenty",
            "ten and more",
            "ten",
            "same, second",
            "same, first",
            "five"
        ]
    );
}

/// Lines of three containers that differ in everything a filter can look at.
async fn mixed() -> Viewer {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    shop.set_clock("2026-03-01T12:00:00Z")
        .line("DEBUG cache warm")
        .line("INFO cart loaded")
        .error_line("WARNING stock low")
        .error_line("ERROR cart failed")
        .line("CRITICAL out of stock");
    let mut forum = viewer.docker.container("forum");
    forum
        .set_clock("2026-03-01T13:00:00Z")
        .line("INFO post loaded")
        .error_line("ERROR post failed");
    let mut mail = viewer.docker.container("mail+queue");
    mail.set_clock("2026-03-01T14:00:00Z").line("NOTICE letter sent");
    viewer.has(8).await;
    viewer
}

#[tokio::test]
async fn each_filter_leaves_what_it_says() {
    let viewer = mixed().await;
    let all = [
        "NOTICE letter sent",
        "ERROR post failed",
        "INFO post loaded",
        "CRITICAL out of stock",
        "ERROR cart failed",
        "WARNING stock low",
        "INFO cart loaded",
        "DEBUG cache warm",
    ];
    for (query, expected) in [
        ("", &all[..]),
        ("container=shop", &all[3..]),
        ("container=forum&container=mail%2Bqueue", &all[..3]),
        ("container=nobody", &[]),
        ("container=nobody&container=forum", &all[1..3]),
        ("container=SHOP", &[]),
        ("container=sho", &[]),
        ("level=ERROR", &["ERROR post failed", "ERROR cart failed"]),
        ("level=error", &["ERROR post failed", "ERROR cart failed"]),
        ("level=Warning", &["WARNING stock low"]),
        ("level=warn", &["WARNING stock low"]),
        ("level=fatal", &["CRITICAL out of stock"]),
        ("level=trace", &["DEBUG cache warm"]),
        ("level=info", &[all[0], all[2], all[6]]),
        ("level=%3E%3DERROR", &[all[1], all[3], all[4]]),
        ("level=%3E%3Dwarning", &[all[1], all[3], all[4], all[5]]),
        ("level=%3E%3Ddebug", &all),
        ("level=debug&level=critical", &[all[3], all[7]]),
        ("level=debug,critical", &[all[3], all[7]]),
        ("stream=stderr", &[all[1], all[4], all[5]]),
        ("stream=stdout&container=forum", &[all[2]]),
        ("search=failed", &[all[1], all[4]]),
        ("q=failed", &[all[1], all[4]]),
        ("q=failed+NOT+cart", &[all[1]]),
        ("search=%22post+failed%22", &[all[1]]),
        ("search=(cart+OR+post)+AND+load*", &[all[2], all[6]]),
        (
            "search=failed&level=error&container=shop&stream=stderr",
            &[all[4]],
        ),
        ("search=failed&stream=stdout", &[]),
        ("since=2026-03-01T13:00:00Z", &all[..3]),
        ("until=2026-03-01T13:00:00Z", &all[3..]),
        ("since=2026-03-01T15:00:00%2B02:00", &all[..3]),
        (
            "since=2026-03-01T12:00:00.002Z&until=2026-03-01T12:00:00.003Z",
            &[all[5]],
        ),
        ("since=2026-03-01T13:00:00Z&until=2026-03-01T13:00:00Z", &[]),
        ("since=2026-03-01T14:00:00Z&until=2026-03-01T13:00:00Z", &[]),
        ("since=-1m", &[]),
        // A parameter without a value, and one that nobody knows, change nothing.
        ("container=&level=&search=&limit=&cursor=&unknown=1", &all),
    ] {
        let list = viewer.list(query).await;

        assert_eq!(strings(&list["logs"], "message"), expected, "{query}");
        assert_eq!(list["total"], expected.len(), "{query}");
        assert_eq!(
            (&list["total_exact"], &list["complete"]),
            (&json!(true), &json!(true)),
            "{query}"
        );
    }
}

#[tokio::test]
async fn a_while_ago_is_counted_from_now() {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    let now = now();
    for (minutes, text) in [(90, "ninety"), (20, "twenty"), (10, "ten"), (0, "now")] {
        shop.write_at("stdout", &format!("{text}\n"), now - minutes * 60 * SECOND);
    }
    viewer.has(4).await;
    for (query, expected) in [
        ("since=-15m", &["now", "ten"][..]),
        ("since=-1h", &["now", "ten", "twenty"]),
        ("since=-1d", &["now", "ten", "twenty", "ninety"]),
        ("since=-900s&until=-300s", &["ten"]),
        ("until=-15m", &["twenty", "ninety"]),
        ("until=-1h", &["ninety"]),
    ] {
        assert_eq!(viewer.messages(query).await, expected, "{query}");
    }
}

/// Lines of two containers: many that share their time, and enough for several closed blocks.
async fn walked() -> Viewer {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    let mut forum = viewer.docker.container("forum");
    shop.set_clock("2026-03-01T12:00:00Z");
    for number in 0..1_500 {
        let at = shop.tick();
        // Four share their time; half of the forum's are of an hour before.
        for (container, at) in [(&mut shop, at), (&mut forum, at - (number % 2) * 3_600 * SECOND)] {
            let padding = "x".repeat(80);
            container.write_at("stdout", &format!("entry {number} {padding}\n"), at);
            container.write_at("stderr", &format!("ERROR {number} {padding}\n"), at);
        }
    }
    viewer.has(6_000).await;
    viewer
}

/// Follows the cursor to the end; all rows, and the totals that the pages told.
async fn walk(viewer: &Viewer, query: &str, limit: usize) -> (Vec<Value>, BTreeSet<u64>) {
    let (mut rows, mut totals) = (Vec::new(), BTreeSet::new());
    let mut cursor = String::new();
    loop {
        let list = viewer
            .list(&format!("{query}&limit={limit}&cursor={}", encoded(&cursor)))
            .await;
        let page = list["logs"].as_array().unwrap();
        assert!(page.len() <= limit);
        rows.extend_from_slice(page);
        totals.insert(list["total"].as_u64().unwrap());
        match list["next"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => return (rows, totals),
        }
    }
}

#[tokio::test]
async fn the_cursor_meets_everything_once_and_in_order() {
    let viewer = walked().await;
    for (query, limit, expected) in [
        ("", 499, 6_000),
        ("container=forum", 333, 3_000),
        ("level=error", 500, 3_000),
        ("search=entry", 500, 3_000),
        ("search=entry&container=shop", 97, 1_500),
        ("stream=stderr&until=2026-03-01T12:00:00Z", 500, 750),
        // A page that ends exactly with the list.
        ("container=shop&search=entry", 500, 1_500),
    ] {
        let (rows, totals) = walk(&viewer, query, limit).await;

        assert_eq!(rows.len(), expected, "{query}");
        let places: Vec<(&str, i64)> = rows
            .iter()
            .map(|row| (row["timestamp"].as_str().unwrap(), row["id"].as_i64().unwrap()))
            .collect();
        assert!(places.is_sorted_by(|one, next| one > next), "{query}");
        assert_eq!(totals, BTreeSet::from([expected as u64]), "{query}");
    }
}

#[tokio::test]
async fn a_walk_meets_each_entry_once_while_new_ones_come() {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    for number in 0..300 {
        shop.line(&format!("old {number}"));
    }
    viewer.has(300).await;
    let mut cursor = String::new();
    let mut met = Vec::new();
    let mut written = 300;
    loop {
        let list = viewer.list(&format!("limit=23&cursor={cursor}")).await;
        met.extend(numbers(&list["logs"], "id"));
        let Some(next) = list["next"].as_str() else {
            break;
        };
        next.clone_into(&mut cursor);
        shop.line("new").line("new as well");
        written += 2;
        viewer.has(written).await;
    }

    assert_eq!(met, (1..=300).rev().collect::<Vec<i64>>());
}

#[tokio::test]
async fn limit_and_offset_have_defaults_and_a_maximum() {
    let viewer = walked().await;
    for (query, limit, offset, rows, has_next) in [
        ("", 100, 0, 100, true),
        ("limit=1", 1, 0, 1, true),
        ("limit=500", 500, 0, 500, true),
        ("limit=501", 500, 0, 500, true),
        ("limit=99999999999999999999999", 500, 0, 500, true),
        ("limit=20&offset=5980", 20, 5_980, 20, false),
        ("limit=20&offset=5979", 20, 5_979, 20, true),
        ("offset=5999", 100, 5_999, 1, false),
        ("offset=6000", 100, 6_000, 0, false),
        ("offset=10000", 100, 10_000, 0, false),
    ] {
        let list = viewer.list(query).await;

        assert_eq!(
            (&list["limit"], &list["offset"]),
            (&json!(limit), &json!(offset)),
            "{query}"
        );
        assert_eq!(list["logs"].as_array().unwrap().len(), rows, "{query}");
        assert_eq!(list["next"].is_string(), has_next, "{query}");
        assert_eq!(list["total"], 6_000, "{query}");
    }
    let (rows, _) = walk(&viewer, "container=shop", 500).await;
    let skipped = viewer.list("container=shop&offset=777&limit=3").await;
    assert_eq!(skipped["logs"].as_array().unwrap(), &rows[777..780]);
}

#[tokio::test]
async fn a_total_is_exact_without_a_search_and_up_to_ten_thousand_hits() {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    let mut written = 0;
    let lines: String = (0..10_000)
        .map(|number| {
            written += 1;
            let at = shop.tick();
            crate::docker::record("stdout", &format!("common {number}\n"), at)
        })
        .collect();
    shop.raw(lines.as_bytes());
    viewer.has(written).await;

    let exactly = viewer.list("search=common").await;
    shop.line("common, once more").line("another");
    viewer.has(written + 2).await;
    let over = viewer.list("search=common").await;
    let without = viewer.list("stream=stdout").await;

    assert_eq!(
        (&exactly["total"], &exactly["total_exact"]),
        (&json!(10_000), &json!(true))
    );
    assert_eq!(over["total_exact"], false);
    assert!(over["total"].as_u64() >= Some(10_000), "{}", over["total"]);
    assert_eq!(
        (&without["total"], &without["total_exact"]),
        (&json!(10_002), &json!(true))
    );
}
