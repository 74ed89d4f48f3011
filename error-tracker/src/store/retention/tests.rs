//! What is forgotten, and what stays.

use super::*;
use crate::group::Effect;
use crate::report::Report;
use crate::store::actions::Action;
use crate::store::ingest::testing::{count, ingest, report};
use crate::store::list::{Filter, Page};
use crate::store::testing::{number, store};

const RETENTION: Duration = Duration::from_secs(90 * 86_400);

fn day(number: i64) -> Timestamp {
    Timestamp::from_millis(1_772_366_400_000 + number * DAY_MS)
}

/// The types of the groups that are left.
async fn left(store: &Store) -> Vec<String> {
    let page = Page {
        limit: 200,
        ..Page::default()
    };
    let found = store.list(&Filter::default(), &page).await.unwrap();
    let mut types: Vec<String> = found.items.into_iter().map(|item| item.exception_type).collect();
    types.sort();
    types
}

#[tokio::test]
async fn resolved_groups_go_after_the_retention_and_others_after_four_times_that() {
    let (store, _folder) = store().await;
    let ingest = ingest(&store, 100);
    for (id, (kind, seen, resolved, ignored)) in (1..).zip([
        ("open", 0, None, false),
        ("ignored", 0, None, true),
        ("resolved", 0, Some(10), false),
        ("both", 0, Some(10), true),
        ("resolved later", 0, Some(11), false),
        ("seen later", 1, None, false),
    ]) {
        count(&ingest, &[report(kind, day(seen))], day(seen)).await;
        if ignored {
            store.act(Action::Ignore, &[id], day(1)).await.unwrap();
        }
        if let Some(at) = resolved {
            store.act(Action::Resolve, &[id], day(at)).await.unwrap();
        }
    }
    let all = [
        "both",
        "ignored",
        "open",
        "resolved",
        "resolved later",
        "seen later",
    ];
    for (today, forgotten, expected) in [
        (day(100), 0, &all[..]),
        (
            day(100).plus_millis(1),
            2,
            &["ignored", "open", "resolved later", "seen later"],
        ),
        (day(101).plus_millis(1), 1, &["ignored", "open", "seen later"]),
        (day(360), 0, &["ignored", "open", "seen later"]),
        (day(360).plus_millis(1), 2, &["seen later"]),
        (day(361).plus_millis(1), 1, &[]),
    ] {
        assert_eq!(
            store.forget_old(RETENTION, today).await.unwrap(),
            forgotten,
            "{today}"
        );
        assert_eq!(left(&store).await, expected, "{today}");
    }
    assert_eq!(number(&store, "select groups from projects").await, 0);
}

#[tokio::test]
async fn a_group_that_was_reopened_is_not_forgotten() {
    let (store, _folder) = store().await;
    let ingest = ingest(&store, 100);
    count(&ingest, &[report("E", day(0))], day(0)).await;
    store.act(Action::Resolve, &[1], day(0)).await.unwrap();
    count(&ingest, &[report("E", day(50))], day(50)).await;

    assert_eq!(store.forget_old(RETENTION, day(200)).await.unwrap(), 0);
}

#[tokio::test]
async fn many_groups_go_in_steps() {
    let (store, _folder) = store().await;
    let reports: Vec<Report> = (0..3 * GROUP_STEP + 1)
        .map(|index| report(&format!("E{index}"), day(0)))
        .collect();
    count(&ingest(&store, 100), &reports, day(0)).await;

    let forgotten = store.forget_old(RETENTION, day(400)).await.unwrap();

    assert_eq!(forgotten, 3 * GROUP_STEP as u64 + 1);
    assert!(left(&store).await.is_empty());
}

#[tokio::test]
async fn hourly_counts_are_kept_for_the_retention_and_the_count_for_good() {
    let (store, _folder) = store().await;
    let ingest = ingest(&store, 100);
    for seen in [0, 1, 80, 100] {
        count(&ingest, &[report("E", day(seen))], day(seen)).await;
    }

    store.forget_old(RETENTION, day(91)).await.unwrap();

    let counts = store.hourly_counts(1, day(-10)).await.unwrap().unwrap();
    let days: Vec<Timestamp> = counts.iter().map(|(at, _)| *at).collect();
    assert_eq!(days, [day(1), day(80), day(100)]);
    assert_eq!(number(&store, "select count from errors").await, 4);
}

#[tokio::test]
async fn events_are_remembered_for_seven_days_and_up_to_a_number() {
    let (store, _folder) = store().await;
    let mut tx = store.db.write().await.unwrap();
    for event in 0..10_u8 {
        sqlx::query("insert into seen_events (key, error_id, at) values (?1, 1, ?2)")
            .bind(&[event; 16][..])
            .bind(day(0).plus_millis(i64::from(event)).millis())
            .execute(&mut *tx)
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
    for (kept, today, left) in [
        (100, day(7), 10),
        (100, day(7).plus_millis(3), 7),
        (5, day(7), 5),
        (100, day(8), 0),
    ] {
        store.forget(RETENTION, kept, today).await.unwrap();
        assert_eq!(
            number(&store, "select count(*) from seen_events").await,
            left,
            "{kept} at {today}"
        );
    }
}

#[tokio::test]
async fn events_that_are_not_in_their_table_yet_are_forgotten_as_well() {
    let (store, _folder) = store().await;
    let ingest = ingest(&store, 100);
    let sent = Report {
        event: Some([9; 16]),
        ..report("E", day(0))
    };
    let mut effects = Vec::new();
    for today in [day(0), day(7), day(8)] {
        store.forget(RETENTION, 100, today).await.unwrap();
        let counted = count(&ingest, std::slice::from_ref(&sent), today).await;
        effects.push(counted[0].effect);
    }

    assert_eq!(effects, [Effect::Created, Effect::Duplicate, Effect::Incremented]);
}

#[tokio::test]
async fn facets_go_with_their_last_group() {
    let (store, _folder) = store().await;
    let seen = |kind: &str, release: &str, number: i64| Report {
        release: Some(release.into()),
        ..report(kind, day(number))
    };
    let ingest = ingest(&store, 100);
    count(&ingest, &[seen("Old", "1", 0), seen("Old", "2", 0)], day(0)).await;
    count(&ingest, &[seen("New", "2", 300)], day(300)).await;

    store.forget_old(RETENTION, day(365)).await.unwrap();

    let values: Vec<String> = sqlx::query_scalar("select value from facets limit 10")
        .fetch_all(store.db.read())
        .await
        .unwrap();
    assert_eq!(values, ["2"]);
}

#[tokio::test]
async fn trends_fall_without_new_reports() {
    let (store, _folder) = store().await;
    let ingest = ingest(&store, 100);
    count(&ingest, &vec![report("E", day(0)); 5], day(0)).await;
    count(&ingest, &vec![report("Ignored", day(0)); 2], day(0)).await;
    store.act(Action::Ignore, &[2], day(0)).await.unwrap();
    let mut last = None;
    for (hours, expected) in [
        (1, [5, 2]),
        (23, [5, 2]),
        (24, [-5, -2]),
        (47, [-5, -2]),
        (48, [0, 0]),
        (90, [0, 0]),
    ] {
        let now = day(0).plus_millis(hours * HOUR_MS);
        store.refresh_trends(last, now).await.unwrap();
        last = Some(now);

        let trends: Vec<i64> = sqlx::query_scalar("select trend from errors order by id limit 10")
            .fetch_all(store.db.read())
            .await
            .unwrap();
        assert_eq!(trends, expected, "{hours} hours later");
    }
}

#[tokio::test]
async fn trends_fall_also_when_the_service_did_not_run_for_days() {
    let (store, _folder) = store().await;
    count(&ingest(&store, 100), &[report("E", day(0))], day(0)).await;

    store.refresh_trends(None, day(10)).await.unwrap();

    assert_eq!(number(&store, "select trend from errors").await, 0);
}
