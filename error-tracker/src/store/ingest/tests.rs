//! Counting against a real database.

use std::collections::BTreeMap;

use shared::clock::HOUR_MS;

use super::testing::{count, ingest, report};
use super::write::next_occurrence_id;
use super::*;
use crate::report::pack_body;
use crate::store::testing::{number, store};

fn hour(number: i64) -> Timestamp {
    Timestamp::from_millis(490_000 * HOUR_MS + number * HOUR_MS + 17)
}

async fn change(store: &Store, statement: &'static str) {
    let mut tx = store.db.write().await.unwrap();
    sqlx::query(statement).execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn counts_per_hour_stay_right_while_hours_leave_the_row() {
    let (store, _folder) = store().await;
    let ingest = ingest(&store, 10);
    let mut expected = BTreeMap::new();
    let mut random = 7_u32;
    let mut now = 0;
    for _ in 0..150 {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        now += i64::from(random >> 29);
        // Some come late, up to 127 hours, which is far beyond what the row holds.
        let late = if random & 1 == 0 {
            0
        } else {
            i64::from((random >> 20) & 127)
        };
        *expected.entry(hour(now - late).hour()).or_insert(0) += 1;

        count(&ingest, &[report("E", hour(now - late))], hour(now)).await;
    }

    let counts = store.hourly_counts(1, hour(-200)).await.unwrap().unwrap();

    let counted: BTreeMap<i64, i64> = counts.iter().map(|(at, count)| (at.hour(), *count)).collect();
    assert_eq!(counted, expected);
    assert_eq!(counts.len(), counted.len(), "each hour once");
    assert!(counts.is_sorted(), "oldest first");
    assert!(number(&store, "select count(*) from error_hours").await > 10);
    let newest_moved = number(&store, "select max(hour) from error_hours").await;
    assert!(
        newest_moved <= hour(now).hour() - 48,
        "the last 48 hours are in the row"
    );
}

#[tokio::test]
async fn hours_move_out_of_the_row_after_forty_eight_of_them() {
    let (store, _folder) = store().await;
    let ingest = ingest(&store, 10);
    for (at, moved) in [(0, 0), (47, 0), (48, 1), (95, 2), (96, 3)] {
        count(&ingest, &[report("E", hour(at))], hour(at)).await;

        assert_eq!(
            number(&store, "select count(*) from error_hours").await,
            moved,
            "hour {at}"
        );
    }
    let counts = store.hourly_counts(1, hour(47)).await.unwrap().unwrap();
    let hours: Vec<i64> = counts.iter().map(|(at, _)| at.hour() - hour(0).hour()).collect();
    assert_eq!(hours, [47, 48, 95, 96], "as far back as asked");
}

#[tokio::test]
async fn the_trend_is_kept_with_the_count() {
    let (store, _folder) = store().await;
    let ingest = ingest(&store, 10);
    let old = vec![report("E", hour(0)); 4];
    let new = vec![report("E", hour(30)); 7];

    count(&ingest, &old, hour(0)).await;
    count(&ingest, &new, hour(30)).await;

    assert_eq!(number(&store, "select trend from errors").await, 3);
}

#[tokio::test]
async fn a_storm_leaves_its_newest_occurrences_in_few_rows() {
    let (store, _folder) = store().await;
    let ingest = ingest(&store, 10);
    for batch in 0..4 {
        let reports: Vec<Report> = (0..50)
            .map(|index| report("E", hour(0).plus_millis(batch * 50 + index)))
            .collect();
        let counted = count(&ingest, &reports, hour(0)).await;
        let counts: Vec<i64> = counted.iter().map(|counted| counted.count).collect();
        assert_eq!(counts, (batch * 50 + 1..=batch * 50 + 50).collect::<Vec<_>>());
    }

    let kept = store.occurrences(1, 100).await.unwrap();

    let ages: Vec<i64> = kept
        .iter()
        .map(|row| row.at.millis() - hour(0).millis())
        .collect();
    assert_eq!(ages, [199, 198, 197], "newest first");
    assert_eq!(number(&store, "select count(*) from error_occurrences").await, 3);
}

#[tokio::test]
async fn a_storm_is_known_after_its_batch_and_its_occurrences_are_stored_compressed() {
    let (store, _folder) = store().await;
    let ingest = ingest(&store, 10);
    let uncompressed = Report {
        body: br#"{"message":"it broke","traceback":""}"#.to_vec(),
        ..report("E", hour(0))
    };
    let fingerprint = uncompressed.fingerprint;

    ingest.commit(&[vec![uncompressed.clone(); 4]]).await.unwrap();

    assert!(ingest.storms.hold(fingerprint));
    for kept in store.occurrences(1, 100).await.unwrap() {
        assert_eq!(kept.body, pack_body(&uncompressed.body));
    }
    ingest.commit(&[vec![uncompressed; 3]]).await.unwrap();
    assert!(!ingest.storms.hold(fingerprint), "all three are kept");
}

#[tokio::test]
async fn an_event_that_comes_twice_in_one_batch_is_counted_once() {
    let (store, _folder) = store().await;
    let ingest = ingest(&store, 10);
    let event = |kind: &str| Report {
        event: Some([7; 16]),
        ..report(kind, hour(0))
    };

    let counted = count(&ingest, &[event("A"), event("A"), event("B")], hour(0)).await;

    let effects: Vec<Effect> = counted.iter().map(|counted| counted.effect).collect();
    assert_eq!(effects, [Effect::Created, Effect::Duplicate, Effect::Duplicate]);
    assert!(
        counted
            .iter()
            .all(|counted| (counted.id, counted.count) == (1, 1))
    );
    assert_eq!(number(&store, "select count(*) from errors").await, 1);
    assert_eq!(number(&store, "select groups from projects").await, 1);
}

#[tokio::test]
async fn a_full_project_has_one_overflow_group_that_alerts_once() {
    let (store, _folder) = store().await;
    let ingest = ingest(&store, 2);
    let kinds = |kinds: &[&str]| -> Vec<Report> { kinds.iter().map(|kind| report(kind, hour(0))).collect() };

    let first = count(&ingest, &kinds(&["A", "B", "C", "A", "D"]), hour(0)).await;
    let second = count(&ingest, &kinds(&["E", "B", "C"]), hour(1)).await;

    let ids: Vec<i64> = first.iter().chain(&second).map(|counted| counted.id).collect();
    assert_eq!(ids, [1, 2, 3, 1, 3, 3, 2, 3]);
    assert_eq!(second[2].count, 4);
    assert_eq!(number(&store, "select groups from projects").await, 2);
    assert_eq!(
        number(
            &store,
            "select count(*) from alerts where payload like '%verflow%'"
        )
        .await,
        1
    );
    assert_eq!(number(&store, "select count(*) from alerts").await, 3);
}

#[tokio::test]
async fn a_batch_that_fails_leaves_nothing_behind() {
    let (store, _folder) = store().await;
    let ingest = ingest(&store, 10);
    change(&store, "alter table alerts rename to away").await;

    let failed = ingest.commit(&[vec![report("E", hour(0))]]).await;

    assert!(failed.is_err(), "its alert cannot be queued");
    for table in [
        "errors",
        "error_keys",
        "error_occurrences",
        "projects",
        "errors_unindexed",
    ] {
        let left: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select count(*) from {table}")))
            .fetch_one(store.db.read())
            .await
            .unwrap();
        assert_eq!(left, 0, "{table}");
    }
    change(&store, "alter table away rename to alerts").await;
    let counted = ingest.commit(&[vec![report("E", hour(0))]]).await.unwrap();
    assert_eq!((counted[0][0].effect, counted[0][0].count), (Effect::Created, 1));
}

#[tokio::test]
async fn each_job_of_a_batch_gets_its_own_answers() {
    let (store, _folder) = store().await;
    let ingest = ingest(&store, 10);
    let jobs = [
        vec![report("A", hour(0))],
        vec![report("B", hour(0)), report("A", hour(0))],
        vec![],
        vec![report("B", hour(0))],
    ];

    let counted = ingest.commit(&jobs).await.unwrap();

    let counts: Vec<Vec<(i64, i64)>> = counted
        .iter()
        .map(|job| job.iter().map(|counted| (counted.id, counted.count)).collect())
        .collect();
    assert_eq!(counts, [vec![(1, 1)], vec![(2, 1), (1, 2)], vec![], vec![(2, 2)]]);
}

#[tokio::test]
async fn ids_of_deleted_groups_are_never_used_again() {
    let (store, _folder) = store().await;
    let ingest = ingest(&store, 10);
    count(&ingest, &[report("A", hour(0)), report("B", hour(0))], hour(0)).await;
    store
        .act(crate::store::actions::Action::Delete, &[1, 2], hour(0))
        .await
        .unwrap();

    let counted = count(&ingest, &[report("A", hour(0))], hour(0)).await;

    assert_eq!((counted[0].id, counted[0].effect), (3, Effect::Created));
}

#[tokio::test]
async fn occurrence_ids_are_unique_and_grow() {
    let ids: Vec<i64> = (0..1_000).map(|_| next_occurrence_id()).collect();

    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
    assert!(ids[999] < 1 << 53, "exact in JavaScript");
}
