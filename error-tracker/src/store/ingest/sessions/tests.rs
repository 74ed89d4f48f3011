//! Of each group the newest sessions are found, wherever they are.

use std::collections::{BTreeSet, HashMap};

use shared::clock::Timestamp;
use shared::db::Db;
use shared::settings::Durability;
use sqlx::migrate::Migrator;

use super::*;
use crate::report::Report;
use crate::store::actions::Action;
use crate::store::ingest::testing::{count, ingest, mixed, report};
use crate::store::testing::{number, store};
use crate::store::{IDENTITY, Store};

fn now() -> Timestamp {
    Timestamp::from_millis(1_772_366_400_000)
}

fn met(session: Digest, kind: &str) -> Report {
    Report {
        session: Some(session),
        ..report(kind, now())
    }
}

#[tokio::test]
async fn of_a_storm_only_the_newest_thousand_sessions_are_known_and_few_get_to_the_table() {
    let (store, _folder) = store().await;
    let writer = ingest(&store, 10);
    for batch in 0..60 {
        let reports: Vec<Report> = (batch * 100..batch * 100 + 100)
            .map(|number| Report {
                at: now().plus_millis(number as i64 - 10_000),
                ..met(mixed(number), "E")
            })
            .collect();
        count(&writer, &reports, now()).await;
    }

    let mut known: Vec<u64> = Vec::new();
    for number in 0..6_000 {
        let session = mixed(number);
        let stored: i64 = sqlx::query_scalar("select count(*) from session_errors where session = ?1")
            .bind(&session[..])
            .fetch_one(store.db.read())
            .await
            .unwrap();
        if stored > 0 || store.buffer.groups_of_session(&session) == [1] {
            known.push(number);
        }
    }
    assert_eq!(known, (5_000..6_000).collect::<Vec<_>>());
    assert!(number(&store, "select count(*) from session_errors").await < 200);
}

/// Whatever was forgotten, came back at a start or was deleted: what is found by session is known by group, so that it can
/// be forgotten, and the newest thousand are found.
#[tokio::test]
async fn the_newest_sessions_of_each_group_are_found_and_what_is_found_can_be_forgotten() {
    const DELETED: i64 = 3;
    let (mut store, folder) = store().await;
    let (mut sent, mut reported) = (0, HashMap::<i64, HashMap<Digest, i64>>::new());
    for round in 0..5 {
        let writer = ingest(&store, 10);
        for batch in 0..50 {
            let reports: Vec<Report> = (0..100)
                .map(|_| {
                    sent += 1;
                    // Half of the sessions come again, soon or much later, and a third of the reports is of other groups.
                    let scattered = (u64::wrapping_mul(sent, 0x9e37_79b9_7f4a_7c15) >> 7) % sent;
                    let session = if sent % 2 == 0 { sent } else { scattered };
                    Report {
                        at: now().plus_millis(sent as i64),
                        ..met(mixed(session), ["A", "A", "B", "A", "A", "C"][sent as usize % 6])
                    }
                })
                .collect();
            let counted = count(&writer, &reports, now()).await;
            for (counted, report) in counted.iter().zip(&reports) {
                let newest = reported.entry(counted.id).or_default();
                newest.extend(report.session.map(|session| (session, report.at.millis())));
            }
            if (round, batch) == (3, 20) {
                store.act(Action::Delete, &[DELETED], now()).await.unwrap();
                reported.remove(&DELETED);
            }
        }

        let mut by_session = stored(&store, "select session, error_id from session_errors").await;
        let mut by_group = stored(&store, "select session, error_id from error_sessions").await;
        for rows in [&by_session, &by_group] {
            let of_deleted = rows.iter().filter(|(_, group)| *group == DELETED).count();
            assert!(if round > 2 {
                of_deleted == 0
            } else {
                round < 2 || of_deleted > 0
            });
        }
        for session in (0..=sent).map(mixed) {
            let groups = store.buffer.groups_of_session(&session);
            by_session.extend(groups.into_iter().map(|group| (session, group)));
        }
        by_group.extend(store.buffer.sessions_of_groups(&[1, 2, 3, 4]));
        // What waits of a deleted group finds that it is gone.
        by_session.retain(|(_, group)| reported.contains_key(group));

        assert_eq!(by_session.difference(&by_group).count(), 0, "round {round}");
        for (group, newest) in &reported {
            let mut newest: Vec<(i64, Digest)> = newest.iter().map(|(session, at)| (*at, *session)).collect();
            newest.sort_unstable_by(|a, b| b.cmp(a));
            newest.truncate(KEPT);
            let is_found = |(_, session): &(i64, Digest)| by_session.contains(&(*session, *group));
            assert!(newest.iter().all(is_found), "round {round}, group {group}");
            let found = by_session.iter().filter(|(_, id)| id == group).count();
            assert!(
                found < KEPT + CHECKED as usize,
                "round {round}: {found} of {group}"
            );
        }
        store = Store::open(&folder.path().join("errors.db"), Durability::Process)
            .await
            .unwrap();
    }
}

async fn stored(store: &Store, statement: &'static str) -> BTreeSet<SessionRow> {
    let rows: Vec<(Vec<u8>, i64)> = sqlx::query_as(statement)
        .fetch_all(store.db.read())
        .await
        .unwrap();
    rows.into_iter()
        .map(|(session, group)| (Digest::try_from(session).unwrap(), group))
        .collect()
}

#[tokio::test]
async fn a_session_of_a_group_that_was_deleted_meanwhile_is_left_out() {
    let (store, _folder) = store().await;
    let writer = ingest(&store, 10);
    // Its place is that of the row with this number.
    const SESSION: Digest = [0, 0x10, 0, 0, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7];
    let of = |kind: &str| met(SESSION, kind);
    count(&writer, &[of("A"), of("B")], now()).await;
    assert_eq!(store.buffer.groups_of_session(&SESSION), [1, 2]);
    store.act(Action::Delete, &[1], now()).await.unwrap();

    count(&writer, &[met(mixed(3), "C")], now()).await;

    assert_eq!(store.buffer.groups_of_session(&SESSION), [0; 0]);
    let groups: Vec<i64> = sqlx::query_scalar("select error_id from session_errors where session = ?1")
        .bind(&SESSION[..])
        .fetch_all(store.db.read())
        .await
        .unwrap();
    assert_eq!(groups, [2]);
}

#[tokio::test]
async fn sessions_of_the_version_before_are_found_and_go_with_their_group() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("errors.db");
    let before = sqlx::migrate!()
        .iter()
        .filter(|one| one.version < 4)
        .cloned()
        .collect();
    let before = Migrator::with_migrations(before);
    let db = Db::open(&path, Durability::Process, &IDENTITY, &before)
        .await
        .unwrap();
    let mut tx = db.write().await.unwrap();
    // The first waits and is in the table, the second waits, the third is in the table. What waits of a group that is gone stays out.
    sqlx::raw_sql(
        "insert into projects (id, name) values (1, 'shop');
         insert into errors (id, project_id, fingerprint, exception_type, message, count, first_seen, last_seen, sources,
             newest_source, trend, hours, slots)
           select column1, 1, zeroblob(16), 'E', 'it broke', 1, 1, 1, 1, 1, 1, x'', x'' from (values (1), (2));
         insert into error_sessions (session, error_id, at)
           values (cast('session-number-1' as blob), 1, 5), (cast('session-number-3' as blob), 2, 5);
         insert into write_buffer (place, number, session, at, error_id)
           values (0, 0, cast('session-number-1' as blob), 7, 1), (1, 1, cast('session-number-2' as blob), 7, 1),
             (2, 2, cast('session-number-2' as blob), 6, 1), (3, 3, cast('session-number-2' as blob), 7, 9)",
    )
    .execute(&mut *tx)
    .await
    .unwrap();
    tx.commit().await.unwrap();
    db.close().await;

    let store = Store::open(&path, Durability::Process).await.unwrap();

    let session = |digit: u8| {
        let mut session = *b"session-number-0";
        session[15] = digit;
        session
    };
    let all = BTreeSet::from([(session(b'1'), 1), (session(b'2'), 1), (session(b'3'), 2)]);
    assert_eq!(
        stored(&store, "select session, error_id from session_errors").await,
        all
    );
    assert_eq!(
        stored(&store, "select session, error_id from error_sessions").await,
        all
    );
    let newest = number(&store, "select sum(at) from error_sessions where error_id = 1").await;
    assert_eq!(newest, 7 + 7);

    store.act(Action::Delete, &[1], now()).await.unwrap();

    let left = BTreeSet::from([(session(b'3'), 2)]);
    assert_eq!(
        stored(&store, "select session, error_id from session_errors").await,
        left
    );
    assert_eq!(
        stored(&store, "select session, error_id from error_sessions").await,
        left
    );
}
