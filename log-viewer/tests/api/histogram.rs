//! `GET /api/logs/histogram`: the same entries as the list, counted over time.

use serde_json::Value;

use crate::viewer::{Viewer, encoded};

/// An hour of lines, one a second, of all levels.
async fn an_hour() -> Viewer {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    let mut forum = viewer.docker.container("forum");
    shop.set_clock("2026-03-01T12:00:00Z");
    let start = shop.tick();
    for second in 0..3_600 {
        let level = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"][second % 5];
        let container = if second % 2 == 0 { &mut shop } else { &mut forum };
        let at = start + i64::try_from(second).unwrap() * 1_000_000_000;
        container.write_at("stdout", &format!("{level} word{} {second}\n", second % 7), at);
    }
    viewer.has(3_600).await;
    viewer
}

/// All counts of all buckets, or of one level.
fn sum(histogram: &Value, level: Option<&str>) -> u64 {
    let buckets = histogram["buckets"].as_array().unwrap().iter();
    buckets
        .flat_map(|bucket| bucket["counts"].as_object().unwrap())
        .filter(|(name, _)| level.is_none_or(|level| *name == level))
        .map(|(_, count)| count.as_u64().unwrap())
        .sum()
}

fn nanos(value: &Value) -> i128 {
    let at: jiff::Timestamp = value.as_str().unwrap().parse().unwrap();
    at.as_nanosecond()
}

#[tokio::test]
async fn it_counts_what_the_list_has_with_every_filter() {
    let viewer = an_hour().await;
    for query in [
        "",
        "container=shop",
        "container=nobody",
        "level=error",
        "level=%3E%3Dwarning",
        "search=word3",
        "search=word3&container=forum&level=info",
        "search=nothing",
        "since=2026-03-01T12:10:00Z",
        "until=2026-03-01T12:10:00Z",
        "since=2026-03-01T12:10:00Z&until=2026-03-01T12:20:00Z&search=word1",
        "stream=stdout&buckets=7",
        "stream=stderr",
    ] {
        let list = viewer.list(query).await;
        let histogram = viewer.get(&format!("/api/logs/histogram?{query}")).await;

        assert_eq!(histogram["total"], list["total"], "{query}");
        assert_eq!(histogram["complete"], true, "{query}");
        assert_eq!(sum(&histogram, None), list["total"].as_u64().unwrap(), "{query}");
        for level in ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] {
            if !query.contains("level") {
                let of_level = viewer.list(&format!("{query}&level={level}")).await;
                let expected = of_level["total"].as_u64().unwrap();
                assert_eq!(sum(&histogram, Some(level)), expected, "{query} {level}");
            }
        }
    }
}

#[tokio::test]
async fn each_bucket_holds_what_lies_within_its_bounds() {
    let viewer = an_hour().await;
    for query in [
        "since=2026-03-01T12:00:00Z&until=2026-03-01T13:00:00Z",
        "since=2026-03-01T12:00:00Z&until=2026-03-01T13:00:00Z&buckets=12",
        "since=2026-03-01T12:00:30Z&until=2026-03-01T12:41:00Z&search=word2",
        "buckets=30&until=2026-03-01T13:00:00Z",
    ] {
        let histogram = viewer.get(&format!("/api/logs/histogram?{query}")).await;

        let width = i128::from(histogram["bucket_ms"].as_i64().unwrap()) * 1_000_000;
        let (from, to) = (nanos(&histogram["from"]), nanos(&histogram["to"]));
        assert!(width > 0 && from < to, "{query}");
        let buckets = histogram["buckets"].as_array().unwrap();
        let starts: Vec<i128> = buckets.iter().map(|bucket| nanos(&bucket["at"])).collect();
        assert!(starts.is_sorted_by(|one, next| one + width <= *next), "{query}");
        assert!(
            starts.iter().all(|start| *start > from - width && *start < to),
            "{query}"
        );
        let search = query.split('&').find(|part| part.starts_with("search"));
        let (since, until) = (
            query.split('&').find_map(|part| part.strip_prefix("since=")),
            query.split('&').find_map(|part| part.strip_prefix("until=")),
        );
        for bucket in buckets {
            let start = nanos(&bucket["at"]);
            let bound = |at: i128| jiff::Timestamp::from_nanosecond(at).unwrap();
            let least = since.map_or(bound(start), |since| bound(start).max(since.parse().unwrap()));
            let end = until.map_or(bound(start + width), |until| {
                bound(start + width).min(until.parse().unwrap())
            });
            let list = viewer
                .list(&format!(
                    "since={}&until={}&limit=1&{}",
                    encoded(&least.to_string()),
                    encoded(&end.to_string()),
                    search.unwrap_or("")
                ))
                .await;
            let counted: u64 = bucket["counts"]
                .as_object()
                .unwrap()
                .values()
                .map(|count| count.as_u64().unwrap())
                .sum();
            assert_eq!(list["total"], counted, "{query}: {bucket}");
        }
    }
}

#[tokio::test]
async fn the_number_of_buckets_is_about_what_was_asked_for_and_has_a_maximum() {
    let viewer = an_hour().await;
    let range = "since=2026-03-01T12:00:00Z&until=2026-03-01T13:00:00Z";
    for (asked, least, most) in [
        ("", 20, 120),
        ("buckets=1", 1, 2),
        ("buckets=10", 3, 20),
        ("buckets=360", 120, 720),
        ("buckets=4000000000", 300, 2_000),
        ("buckets=9000000000000000000", 300, 2_000),
    ] {
        let histogram = viewer.get(&format!("/api/logs/histogram?{range}&{asked}")).await;
        let count = histogram["buckets"].as_array().unwrap().len();
        assert!((least..=most).contains(&count), "{asked}: {count}");
        assert_eq!(histogram["total"], 3_600, "{asked}");
    }
}

#[tokio::test]
async fn without_entries_there_are_no_buckets() {
    let viewer = Viewer::start().await;

    let histogram = viewer.get("/api/logs/histogram").await;

    assert_eq!(histogram["total"], 0);
    assert_eq!(histogram["buckets"].as_array().unwrap().len(), 0);
}
