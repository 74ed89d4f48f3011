//! Whatever the batches and restarts, what was written is in the tables, or it waits.

use std::collections::{BTreeSet, HashMap};

use proptest::prelude::*;

use super::*;
use crate::group::Effect;
use crate::report::Report;
use crate::store::Store;
use crate::store::ingest::testing::{count, ingest, report};
use crate::store::testing::{number, store};

fn now() -> Timestamp {
    Timestamp::from_millis(1_772_366_400_000)
}

/// A digest in the stretch of the row with this number.
fn digest_of(row: u64) -> Digest {
    let mut digest = [7; 16];
    digest[..4].copy_from_slice(&((row % CIRCLE * (KEYS / CIRCLE)) as u32).to_be_bytes());
    digest
}

fn mixed(number: u64) -> Digest {
    let first = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut digest = [0; 16];
    digest[..8].copy_from_slice(&first.to_be_bytes());
    digest[8..].copy_from_slice(&number.to_be_bytes());
    digest
}

fn entry(number: u64, groups: i64) -> Entry {
    let at = now().plus_millis(number as i64);
    Entry {
        error_id: number as i64 % groups,
        event: (number % 5 != 4).then(|| (mixed(number), at)),
        session: (number % 3 != 2).then(|| (mixed(!number), at)),
    }
}

/// The tables as the database would have them.
#[derive(Default)]
struct Tables {
    ring: HashMap<i64, (i64, Entry)>,
    events: BTreeSet<Digest>,
    sessions: BTreeSet<(Digest, i64)>,
}

impl Tables {
    fn write(&mut self, step: &Step) {
        self.ring
            .extend(step.ring.iter().map(|row| (row.place, (row.number, row.entry))));
        self.events.extend(step.events.iter().map(|(event, ..)| *event));
        self.sessions
            .extend(step.sessions.iter().map(|(session, id, _)| (*session, *id)));
    }

    /// A buffer as a new process reads it.
    fn read(&self) -> WriteBuffer {
        let next = self.ring.values().map(|(number, _)| number + 1).max();
        let mut inner = Inner {
            is_exact: true,
            next: next.unwrap_or(0).unsigned_abs(),
            ..Inner::default()
        };
        for (number, entry) in self.ring.values() {
            let (event, session) = (entry.event, entry.session);
            inner.take_back((
                *number,
                event.map(|(event, _)| event.to_vec()),
                event.map(|(_, at)| at.millis()),
                session.map(|(session, _)| session.to_vec()),
                session.map(|(_, at)| at.millis()),
                entry.error_id,
            ));
        }
        WriteBuffer {
            inner: Mutex::new(inner),
        }
    }
}

fn empty() -> WriteBuffer {
    Tables::default().read()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn nothing_is_lost_and_little_waits(
        sizes in prop::collection::vec(prop_oneof![8 => 1..200_usize, 2 => 1_500..MOST_ADDED + 500], 1..60),
        restart_every in 1..40_usize,
    ) {
        let (mut buffer, mut tables, mut sent) = (empty(), Tables::default(), 0);
        for (batch, size) in sizes.into_iter().enumerate() {
            let entries: Vec<Entry> = (sent..sent + size as u64).map(|number| entry(number, 100)).collect();
            sent += size as u64;
            // The first try fails, and changes nothing.
            buffer.step(&entries);
            let step = buffer.step(&entries);
            tables.write(&step);
            buffer.written(&step, &[]);
            if batch % restart_every == 0 {
                buffer = tables.read();
            }
        }

        for number in 0..sent {
            let Entry { error_id, event, session } = entry(number, 100);
            if let Some((event, _)) = event {
                let waits = buffer.group_of_event(&event);
                prop_assert!(waits == Some(error_id) || tables.events.contains(&event), "event {number} of {sent}");
            }
            if let Some((session, _)) = session {
                let waits = buffer.groups_of_session(&session).contains(&error_id);
                prop_assert!(waits || tables.sessions.contains(&(session, error_id)), "session {number} of {sent}");
            }
        }
        let waiting = buffer.lock().events.len();
        prop_assert!(waiting as u64 <= RING);
        prop_assert!(tables.ring.len() as u64 <= RING);
    }
}

#[test]
fn rows_of_one_batch_share_pages() {
    let buffer = empty();
    let mut stretches = Vec::new();
    for batch in 0..1_000 {
        let entries: Vec<Entry> = (batch * 32..batch * 32 + 32)
            .map(|number| entry(number, 100))
            .collect();
        let step = buffer.step(&entries);
        let firsts = step.events.iter().map(|(event, ..)| u64::from(event[0]));
        stretches.extend(
            firsts
                .clone()
                .max()
                .zip(firsts.min())
                .map(|(most, least)| most - least),
        );
        buffer.written(&step, &[]);
    }

    assert!(stretches.len() > 900, "each batch brings some to the table");
    stretches.sort_unstable();
    assert!(
        stretches[stretches.len() / 2] <= 1,
        "which lie within a hundredth of its keys"
    );
}

fn remembered(number: u64, kind: &str) -> Report {
    Report {
        event: Some(mixed(number)),
        session: Some(mixed(!number)),
        ..report(kind, now())
    }
}

#[tokio::test]
async fn every_event_is_recognised_while_it_waits_when_it_has_moved_and_after_a_restart() {
    let (store, folder) = store().await;
    let sent = RING + 1_500;
    let all: Vec<Report> = (0..sent).map(|number| remembered(number, "E")).collect();
    let writer = ingest(&store, 10);
    for batch in all.chunks(500) {
        count(&writer, batch, now()).await;
    }
    let moved = number(&store, "select count(*) from seen_events").await;
    assert!((4_000..sent as i64 - 2_000).contains(&moved), "{moved}");
    assert_eq!(
        number(&store, "select count(*) from write_buffer").await,
        RING as i64
    );

    let reopened = Store::open(
        &folder.path().join("errors.db"),
        shared::settings::Durability::Process,
    )
    .await
    .unwrap();

    for store in [store, reopened] {
        let writer = ingest(&store, 10);
        for batch in all.chunks(500) {
            let counted = count(&writer, batch, now()).await;
            let repeats = counted.iter().all(|counted| counted.effect == Effect::Duplicate);
            assert!(repeats, "each was counted before");
        }
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
                ..remembered(number, "E")
            })
            .collect();
        count(&writer, &reports, now()).await;
    }

    let mut known: Vec<u64> = Vec::new();
    for number in 0..6_000 {
        let session = mixed(!number);
        let stored: i64 = sqlx::query_scalar("select count(*) from error_sessions where session = ?1")
            .bind(&session[..])
            .fetch_one(store.db.read())
            .await
            .unwrap();
        if stored > 0 || store.buffer.groups_of_session(&session) == [1] {
            known.push(number);
        }
    }
    assert_eq!(known, (5_000..6_000).collect::<Vec<_>>());
    assert!(number(&store, "select count(*) from error_sessions").await < 200);
}

#[tokio::test]
async fn what_a_failed_transaction_would_have_moved_still_waits() {
    let (store, _folder) = store().await;
    let writer = ingest(&store, 10);
    let first = Report {
        event: Some(digest_of(1)),
        ..report("A", now())
    };
    count(&writer, std::slice::from_ref(&first), now()).await;
    for statement in [
        "alter table alerts rename to away",
        "alter table away rename to alerts",
    ] {
        let mut tx = store.db.write().await.unwrap();
        sqlx::query(statement).execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();

        let counted = super::super::Commit::commit(&writer, &[vec![remembered(1, "B")]]).await;

        assert_eq!(counted.is_err(), statement.ends_with("away"), "{statement}");
    }

    assert_eq!(
        number(&store, "select count(*) from seen_events").await,
        1,
        "it has moved now"
    );
    let counted = count(&writer, &[first, remembered(1, "B")], now()).await;
    assert!(counted.iter().all(|counted| counted.effect == Effect::Duplicate));
}

#[tokio::test]
async fn a_session_of_a_group_that_was_deleted_meanwhile_is_left_out() {
    let (store, _folder) = store().await;
    let writer = ingest(&store, 10);
    let of = |kind: &str| Report {
        session: Some(digest_of(2)),
        ..report(kind, now())
    };
    count(&writer, &[of("A"), of("B")], now()).await;
    assert_eq!(store.buffer.groups_of_session(&digest_of(2)), [1, 2]);
    store
        .act(crate::store::actions::Action::Delete, &[1], now())
        .await
        .unwrap();

    count(&writer, &[remembered(3, "C")], now()).await;

    assert_eq!(store.buffer.groups_of_session(&digest_of(2)), [0; 0]);
    let groups: Vec<i64> = sqlx::query_scalar("select error_id from error_sessions where session = ?1")
        .bind(&digest_of(2)[..])
        .fetch_all(store.db.read())
        .await
        .unwrap();
    assert_eq!(groups, [2]);
}
