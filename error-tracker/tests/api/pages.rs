//! `next` and `cursor`: a walk over the whole list while it changes.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::tracker::{Tracker, numbers, report, seconds_ago, with};

/// Walks from page to page; `between` runs after each page.
async fn walk(tracker: &Tracker, query: &str, mut between: impl AsyncFnMut(usize)) -> Vec<i64> {
    let mut ids = Vec::new();
    let mut cursor = String::new();
    for page in 0.. {
        let list = tracker
            .get(&format!("/api/errors?limit=7&{query}&cursor={cursor}"))
            .await;
        ids.extend(numbers(&list["errors"], "id"));
        let Some(next) = list["next"].as_str() else { break };
        cursor = next.to_owned();
        between(page).await;
    }
    ids
}

fn forty(prefix: &str, seconds: i64) -> Vec<Value> {
    (0..40_i64)
        .map(|number| {
            // Every four groups share their time, so that a page ends within a tie.
            let at = seconds_ago(seconds - number / 4);
            with(
                report(&format!("{prefix}{number}")),
                json!({"timestamp": at, "project": if number % 2 == 0 { "even" } else { "odd" }}),
            )
        })
        .collect()
}

#[tokio::test]
async fn a_walk_meets_each_group_once_while_new_ones_come() {
    for sort in ["last_seen", "first_seen", "count", "trend"] {
        let tracker = Tracker::start().await;
        let at_start: HashSet<i64> = tracker.groups(&forty("E", 5_000)).await.into_iter().collect();

        let met = walk(&tracker, &format!("sort={sort}"), async |page| {
            tracker.report(&report(&format!("New{page}"))).await;
        })
        .await;

        let once: HashSet<i64> = met.iter().copied().collect();
        assert_eq!(once.len(), met.len(), "{sort}: none twice");
        assert!(at_start.is_subset(&once), "{sort}: none left out");
    }
}

#[tokio::test]
async fn a_walk_goes_the_way_of_the_list_whatever_the_filter() {
    let tracker = Tracker::start().await;
    let ids = tracker.groups(&forty("E", 5_000)).await;
    for id in ids.iter().step_by(5) {
        tracker.act(&format!("/api/errors/{id}/ignore")).await;
    }
    for id in ids.iter().skip(1).step_by(5) {
        tracker.act(&format!("/api/errors/{id}/resolve")).await;
    }
    for sort in ["last_seen", "first_seen", "count", "trend"] {
        for filter in [
            "",
            "resolved=all&ignored=all",
            "ignored=all",
            "project=even",
            "project=odd&resolved=all",
            "search=broke",
            "search=br&resolved=all",
            "source=server",
        ] {
            let query = format!("{filter}&sort={sort}");
            let whole = tracker.get(&format!("/api/errors?limit=200&{query}")).await;

            let walked = walk(&tracker, &query, async |_| {}).await;

            assert_eq!(walked, numbers(&whole["errors"], "id"), "{query}");
            assert_eq!(whole["total"], walked.len(), "{query}");
        }
    }
}

#[tokio::test]
async fn pages_by_offset_fit_together() {
    let tracker = Tracker::start().await;
    tracker.groups(&forty("E", 5_000)).await;
    let whole = tracker.get("/api/errors?limit=200").await;

    let mut ids = Vec::new();
    for offset in (0..40).step_by(7) {
        let page = tracker.get(&format!("/api/errors?limit=7&offset={offset}")).await;
        ids.extend(numbers(&page["errors"], "id"));
    }

    assert_eq!(ids, numbers(&whole["errors"], "id"));
}

#[tokio::test]
async fn a_cursor_outlives_the_group_it_points_at() {
    let tracker = Tracker::start().await;
    let ids = tracker.groups(&forty("E", 5_000)).await;
    let first = tracker.get("/api/errors?limit=10").await;
    let shown = numbers(&first["errors"], "id");
    for id in &shown {
        assert_eq!(tracker.api.delete(&format!("/api/errors/{id}")).await.status, 204);
    }

    let next = first["next"].as_str().unwrap();
    let rest = tracker.get(&format!("/api/errors?limit=200&cursor={next}")).await;

    assert_eq!(numbers(&rest["errors"], "id").len(), ids.len() - shown.len());
}
