//! Events and sessions on their way into their tables.
//!
//! Their keys are digests, so in a large table each of them changes a page of its own, and two such pages for each report
//! cost more than all the rest of it. So they gather first: in memory in the order of their keys, and in a ring of rows that
//! lie one after the other (`write_buffer`). Each batch takes to the tables what lies in the next stretch of the keys,
//! where several share a page. Both happen in the transaction that counts the batch.
//!
//! How far the stretches have come is told by the rows' numbers alone: [`CIRCLE`] further rows lead once through all keys.
//! A row is written over when there are [`RING`] further rows, so what it holds is in the tables by then.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::TryStreamExt as _;
use shared::clock::Timestamp;
use sqlx::SqlitePool;

/// Rows in which the stretches lead once through all keys. On average half as many wait: some hundred kilobytes.
const CIRCLE: u64 = 8_192;
/// Rows of a batch. A larger one goes into the tables as it is: it has enough rows for each page.
const MOST_ADDED: usize = 1_024;
/// Rows of the table. Until its batch is complete a row is in no stretch.
const RING: u64 = CIRCLE + MOST_ADDED as u64;
const KEYS: u64 = 1 << 32;

type Digest = [u8; 16];

/// What a report is to be remembered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) error_id: i64,
    /// With the time at which it was counted.
    pub(super) event: Option<(Digest, Timestamp)>,
    /// With the time of the report.
    pub(super) session: Option<(Digest, Timestamp)>,
}

/// An entry and its place in the ring.
#[derive(Debug)]
pub(super) struct RingRow {
    pub(super) place: i64,
    pub(super) number: i64,
    pub(super) entry: Entry,
}

/// A row for a table: an event and when it was counted, or a session and its newest report, with the group.
pub(super) type DigestRow = (Digest, i64, Timestamp);

/// What one batch has to write.
#[derive(Debug, Default)]
pub(super) struct Step {
    pub(super) ring: Vec<RingRow>,
    pub(super) events: Vec<DigestRow>,
    pub(super) sessions: Vec<DigestRow>,
}

/// What waits. Only the writer of reports adds to it; lists look sessions up.
#[derive(Debug, Default)]
pub(crate) struct WriteBuffer {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Whether this is what the ring has: not before it was read, nor when a transaction may have failed.
    is_exact: bool,
    /// Of the next row.
    next: u64,
    events: BTreeMap<Digest, (i64, Timestamp)>,
    sessions: BTreeMap<(Digest, i64), Timestamp>,
}

impl WriteBuffer {
    /// Reads what waits, unless it is known.
    pub(crate) async fn read(&self, reader: &SqlitePool) -> sqlx::Result<()> {
        if self.lock().is_exact {
            return Ok(());
        }
        let last: Option<i64> = sqlx::query_scalar("select max(number) from write_buffer")
            .fetch_one(reader)
            .await?;
        let mut inner = Inner {
            is_exact: true,
            next: last.map_or(0, |last| last.unsigned_abs() + 1),
            ..Inner::default()
        };
        let mut rows =
            sqlx::query_as("select number, event, counted_at, session, at, error_id from write_buffer")
                .fetch(reader);
        while let Some(row) = rows.try_next().await? {
            inner.take_back(row);
        }
        *self.lock() = inner;
        Ok(())
    }

    /// A transaction has failed, or nobody knows whether it has: what waits is to be read again before the next one.
    pub(super) fn doubt(&self) {
        self.lock().is_exact = false;
    }

    /// The group of an event that waits.
    pub(super) fn group_of_event(&self, event: &Digest) -> Option<i64> {
        self.lock().events.get(event).map(|(error_id, _)| *error_id)
    }

    /// The groups of a session, as far as they wait. To be asked before the table: a row is there before it is gone here.
    pub(crate) fn groups_of_session(&self, session: &Digest) -> Vec<i64> {
        let all = (*session, i64::MIN)..=(*session, i64::MAX);
        let inner = self.lock();
        inner.sessions.range(all).map(|((_, id), _)| *id).collect()
    }

    /// Events that were counted then or before are no longer looked for.
    pub(crate) fn forget_events(&self, last: Timestamp) {
        self.lock().events.retain(|_, (_, at)| *at > last);
    }

    /// What there is to write with these entries. Nothing has happened before [`written`](Self::written).
    pub(super) fn step(&self, entries: &[Entry]) -> Step {
        let inner = self.lock();
        if !inner.is_exact || entries.len() > MOST_ADDED {
            return Step {
                events: entries.iter().filter_map(Entry::event_row).collect(),
                sessions: entries.iter().filter_map(Entry::session_row).collect(),
                ring: Vec::new(),
            };
        }
        let mut step = Step::default();
        let end = inner.next + entries.len() as u64;
        for keys in stretches(inner.next, end) {
            let events = inner.events.range(keys.of(|digest| digest));
            step.events.extend(events.map(|(key, (id, at))| (*key, *id, *at)));
            let sessions = inner.sessions.range(keys.of(|digest| (digest, i64::MIN)));
            step.sessions
                .extend(sessions.map(|((session, id), at)| (*session, *id, *at)));
        }
        step.ring
            .extend((inner.next..end).zip(entries).map(|(number, entry)| RingRow {
                place: (number % RING) as i64,
                number: number as i64,
                entry: *entry,
            }));
        step
    }

    /// The sessions of a group that will wait after this step, or go to the table with it, and their newest reports.
    pub(super) fn sessions_of_group(&self, group: i64, step: &Step) -> HashMap<Digest, Timestamp> {
        let inner = self.lock();
        let waiting = inner
            .sessions
            .iter()
            .map(|((session, error_id), at)| (*session, *error_id, *at));
        let added = step.ring.iter().filter_map(|row| row.entry.session_row());
        let mut newest = HashMap::new();
        for (session, error_id, at) in waiting.chain(added) {
            if error_id == group {
                let known = newest.entry(session).or_insert(at);
                *known = at.max(*known);
            }
        }
        newest
    }

    /// The step's transaction has been committed. These sessions of groups are not worth keeping any more.
    pub(super) fn written(&self, step: &Step, spare: &[(Digest, i64)]) {
        let mut inner = self.lock();
        for (event, _, _) in &step.events {
            inner.events.remove(event);
        }
        for (session, error_id, _) in &step.sessions {
            inner.sessions.remove(&(*session, *error_id));
        }
        for row in &step.ring {
            inner.add(&row.entry);
            inner.next += 1;
        }
        for session in spare {
            inner.sessions.remove(session);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type StoredRow = (
    i64,
    Option<Vec<u8>>,
    Option<i64>,
    Option<Vec<u8>>,
    Option<i64>,
    i64,
);

impl Inner {
    fn add(&mut self, entry: &Entry) {
        if let Some((event, error_id, at)) = entry.event_row() {
            self.events.insert(event, (error_id, at));
        }
        if let Some((session, error_id, at)) = entry.session_row() {
            let newest = self.sessions.entry((session, error_id)).or_insert(at);
            *newest = at.max(*newest);
        }
    }

    /// Takes a row that was written by an earlier process, without what is in the tables for certain. To bring
    /// something there twice does no harm.
    fn take_back(&mut self, (number, event, counted_at, session, at, error_id): StoredRow) {
        // From here on the stretches have looked at it.
        let since = number.unsigned_abs() + MOST_ADDED as u64;
        let waits = |key: &Digest| {
            since + CIRCLE > self.next
                && (since >= self.next || !stretches(since, self.next).iter().any(|keys| keys.have(key)))
        };
        let timed = |key: Option<Vec<u8>>, at: Option<i64>| {
            let key = key.and_then(|key| Digest::try_from(key).ok()).filter(&waits);
            key.zip(at.map(Timestamp::from_millis))
        };
        let entry = Entry {
            error_id,
            event: timed(event, counted_at),
            session: timed(session, at),
        };
        self.add(&entry);
    }
}

impl Entry {
    fn event_row(&self) -> Option<DigestRow> {
        self.event.map(|(event, at)| (event, self.error_id, at))
    }

    fn session_row(&self) -> Option<DigestRow> {
        self.session.map(|(session, at)| (session, self.error_id, at))
    }
}

/// Keys whose first 32 bits are from the one number up to before the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Keys {
    from: u64,
    to: u64,
}

impl Keys {
    fn have(self, key: &Digest) -> bool {
        let first = u64::from(u32::from_be_bytes([key[0], key[1], key[2], key[3]]));
        (self.from..self.to).contains(&first)
    }

    fn of<K>(self, key: impl Fn(Digest) -> K) -> (Bound<K>, Bound<K>) {
        let first = |number: u64| {
            let mut digest = [0; 16];
            digest[..4].copy_from_slice(&(number as u32).to_be_bytes());
            key(digest)
        };
        let end = if self.to < KEYS {
            Bound::Excluded(first(self.to))
        } else {
            Bound::Unbounded
        };
        (Bound::Included(first(self.from)), end)
    }
}

/// The keys that belong to the rows from the one number up to before the other: one stretch, or two around the end of all keys.
fn stretches(from: u64, to: u64) -> Vec<Keys> {
    if to.saturating_sub(from) >= CIRCLE {
        return vec![Keys { from: 0, to: KEYS }];
    }
    let place = |number: u64| number % CIRCLE * (KEYS / CIRCLE);
    let (from, to) = (place(from), place(to));
    let all = if from <= to {
        vec![Keys { from, to }]
    } else {
        vec![Keys { from, to: KEYS }, Keys { from: 0, to }]
    };
    all.into_iter().filter(|keys| keys.from < keys.to).collect()
}

#[cfg(test)]
mod tests;
