//! Whatever the batches and restarts, what was written is in the tables, or it waits.

use std::collections::{BTreeSet, HashMap};

use proptest::prelude::*;

use super::*;
use crate::group::Effect;
use crate::report::Report;
use crate::store::Store;
use crate::store::ingest::testing::{count, ingest, mixed, report};
use crate::store::testing::{number, store};

fn now() -> Timestamp {
    Timestamp::from_millis(1_772_366_400_000)
}

/// A digest in the stretch of the row with this number.
fn digest_of(row: u64) -> Digest {
    let mut digest = [7; 16];
    digest[..4].copy_from_slice(&((row % CIRCLE * DIGESTS_OF_PLACE) as u32).to_be_bytes());
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
    session_errors: BTreeSet<SessionRow>,
    error_sessions: BTreeSet<SessionRow>,
}

impl Tables {
    fn write(&mut self, step: &Step) {
        self.ring
            .extend(step.ring.iter().map(|row| (row.place, (row.number, row.entry))));
        self.events.extend(step.events.iter().map(|(event, ..)| *event));
        self.session_errors.extend(&step.session_errors);
        self.error_sessions
            .extend(step.error_sessions.iter().map(|(session, id, _)| (*session, *id)));
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
                session.is_some_and(|(session, _)| self.error_sessions.contains(&(session, entry.error_id))),
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
                let row = (session, error_id);
                let waits = buffer.groups_of_session(&session).contains(&error_id);
                prop_assert!(waits || tables.session_errors.contains(&row), "session {number} of {sent}");
                let waiting = buffer.lock().by_group.get(&by_group(session, error_id)).copied();
                prop_assert!(waiting.is_some() || tables.error_sessions.contains(&row), "session {number} of {sent}");
                // Whoever forgets it must know where it is.
                let is_by_session = tables.session_errors.contains(&row);
                let is_known = waiting.is_none_or(|met| met.is_by_session) || tables.error_sessions.contains(&row);
                prop_assert!(!is_by_session || is_known, "session {number} of {sent}");
            }
        }
        let inner = buffer.lock();
        for waiting in [inner.events.len(), inner.by_session.len(), inner.by_group.len()] {
            prop_assert!(waiting as u64 <= RING);
        }
        prop_assert!(tables.ring.len() as u64 <= RING);
    }
}

#[test]
fn rows_of_one_batch_share_pages() {
    const GROUPS: i64 = 10_000;
    let buffer = empty();
    // Of each table how far apart, in hundredths of it, what a batch brings there lies.
    let mut widths = [(); 3].map(|()| Vec::new());
    for batch in 0..1_000 {
        let entries: Vec<Entry> = (batch * 32..batch * 32 + 32)
            .map(|number| Entry {
                error_id: (number * 7_919) as i64 % GROUPS,
                ..entry(number, 100)
            })
            .collect();
        let step = buffer.step(&entries);
        let part = |digest: &Digest| f64::from(digest[0]) / 2.56;
        let events: Vec<f64> = step.events.iter().map(|(event, ..)| part(event)).collect();
        let by_session = step
            .session_errors
            .iter()
            .map(|(session, _)| part(session))
            .collect();
        // Groups beyond the circle are next to those at its beginning.
        let place = |group: i64| place_of_group(group) as f64 / CIRCLE as f64 * 100.0;
        let by_group = step
            .error_sessions
            .iter()
            .map(|(_, group, _)| place(*group))
            .collect();
        for (widths, parts) in widths.iter_mut().zip([events, by_session, by_group]) {
            let most = parts.iter().copied().reduce(f64::max);
            let least = parts.iter().copied().reduce(f64::min);
            widths.extend(most.zip(least).map(|(most, least)| most - least));
        }
        buffer.written(&step, &[]);
    }

    for mut widths in widths {
        assert!(widths.len() > 900, "each batch brings some to the table");
        widths.sort_unstable_by(f64::total_cmp);
        assert!(
            widths[widths.len() / 2] < 1.0,
            "which lie within a hundredth of it"
        );
    }
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
