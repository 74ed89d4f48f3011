//! Events and sessions on their way into their tables.
//!
//! In a large table each of them changes a page of its own, wherever its digest or its group lies, and three such pages for
//! each report cost more than all the rest of it. So they gather first: in memory in the order of each table, and in a ring
//! of rows that lie one after the other (`write_buffer`). Each batch takes to the tables what lies in the next stretch of
//! their orders, where several share a page. Both happen in the transaction that counts the batch.
//!
//! How far the stretches have come is told by the rows' numbers alone: [`CIRCLE`] further rows lead once through all places.
//! A row is written over when there are [`RING`] further rows, so what it holds is in the tables by then.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::{Bound, Range, RangeInclusive};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::TryStreamExt as _;
use shared::clock::Timestamp;
use sqlx::SqlitePool;

/// Rows in which the stretches lead once through all places. On average half as many wait: some hundred kilobytes.
const CIRCLE: u64 = 8_192;
/// Rows of a batch. A larger one goes into the tables as it is: it has enough rows for each page.
const MOST_ADDED: usize = 1_024;
/// Rows of the table. Until its batch is complete a row is in no stretch.
const RING: u64 = CIRCLE + MOST_ADDED as u64;
/// Digests whose first 32 bits are among so many have one place.
const DIGESTS_OF_PLACE: u64 = (1 << 32) / CIRCLE;

pub(super) type Digest = [u8; 16];

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

/// A row of `seen_events` with the time at which it was counted, or of `error_sessions` with that of its newest report.
pub(super) type TimedRow = (Digest, i64, Timestamp);
/// A row of `session_errors`.
pub(super) type SessionRow = (Digest, i64);

/// What one batch has to write.
#[derive(Debug, Default)]
pub(super) struct Step {
    pub(super) ring: Vec<RingRow>,
    pub(super) events: Vec<TimedRow>,
    pub(super) session_errors: Vec<SessionRow>,
    pub(super) error_sessions: Vec<TimedRow>,
}

/// A session of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Met {
    /// Of its newest report.
    pub(super) at: Timestamp,
    /// Whether `session_errors` may have it.
    pub(super) is_by_session: bool,
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
    /// On their way to `seen_events`.
    events: BTreeMap<Digest, (i64, Timestamp)>,
    /// On their way to `session_errors`.
    by_session: BTreeSet<SessionRow>,
    /// On their way to `error_sessions`, by the place of the group.
    by_group: BTreeMap<(u64, i64, Digest), Met>,
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
        let mut rows = sqlx::query_as(
            "select number, event, counted_at, session, at, error_id,
               exists (select 1 from error_sessions s where s.error_id = write_buffer.error_id and s.session = write_buffer.session)
             from write_buffer",
        )
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
        inner.by_session.range(all).map(|(_, group)| *group).collect()
    }

    /// The sessions of groups that are on their way to `error_sessions`.
    pub(crate) fn sessions_of_groups(&self, groups: &[i64]) -> Vec<SessionRow> {
        let inner = self.lock();
        let waiting = groups
            .iter()
            .flat_map(|group| inner.by_group.range(of_group(*group)));
        waiting
            .map(|((_, group, session), _)| (*session, *group))
            .collect()
    }

    /// Events that were counted then or before are no longer looked for.
    pub(crate) fn forget_events(&self, last: Timestamp) {
        self.lock().events.retain(|_, (_, at)| *at > last);
    }

    /// What there is to write with these entries. Nothing has happened before [`written`](Self::written).
    pub(super) fn step(&self, entries: &[Entry]) -> Step {
        let inner = self.lock();
        let mut step = Step::default();
        if !inner.is_exact || entries.len() > MOST_ADDED {
            step.events.extend(entries.iter().filter_map(Entry::event_row));
            let sessions = entries.iter().filter_map(Entry::session_row);
            for (session, group, at) in sessions {
                step.session_errors.push((session, group));
                step.error_sessions.push((session, group, at));
            }
            return step;
        }
        let end = inner.next + entries.len() as u64;
        for stretch in stretches(inner.next, end) {
            let events = inner.events.range(stretch.digests(|digest| digest));
            step.events.extend(events.map(|(key, (id, at))| (*key, *id, *at)));
            let sessions = inner
                .by_session
                .range(stretch.digests(|digest| (digest, i64::MIN)));
            step.session_errors.extend(sessions);
            let sessions = inner.by_group.range(stretch.groups());
            step.error_sessions
                .extend(sessions.map(|((_, group, session), met)| (*session, *group, met.at)));
        }
        step.ring
            .extend((inner.next..end).zip(entries).map(|(number, entry)| RingRow {
                place: (number % RING) as i64,
                number: number as i64,
                entry: *entry,
            }));
        step
    }

    /// The sessions of a group that will wait for `error_sessions` after this step, or go there with it.
    pub(super) fn sessions_of_group(&self, group: i64, step: &Step) -> HashMap<Digest, Met> {
        let inner = self.lock();
        let waiting = inner.by_group.range(of_group(group));
        let mut all: HashMap<Digest, Met> = waiting.map(|((_, _, session), met)| (*session, *met)).collect();
        for (session, _) in step.session_errors.iter().filter(|(_, id)| *id == group) {
            if let Some(met) = all.get_mut(session) {
                met.is_by_session = true;
            }
        }
        let added = step.ring.iter().filter_map(|row| row.entry.session_row());
        for (session, _, at) in added.filter(|(_, id, _)| *id == group) {
            all.entry(session).or_insert(Met::new(at)).again(at);
        }
        all
    }

    /// The step's transaction has been committed, in which these sessions of groups were forgotten.
    pub(super) fn written(&self, step: &Step, forgotten: &[SessionRow]) {
        let mut inner = self.lock();
        for (event, _, _) in &step.events {
            inner.events.remove(event);
        }
        for (session, group, _) in &step.error_sessions {
            inner.by_group.remove(&by_group(*session, *group));
        }
        for (session, group) in &step.session_errors {
            inner.by_session.remove(&(*session, *group));
            if let Some(met) = inner.by_group.get_mut(&by_group(*session, *group)) {
                met.is_by_session = true;
            }
        }
        for row in &step.ring {
            inner.add(&row.entry);
            inner.next += 1;
        }
        for (session, group) in forgotten {
            inner.by_session.remove(&(*session, *group));
            inner.by_group.remove(&by_group(*session, *group));
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
    bool,
);

impl Inner {
    fn add(&mut self, entry: &Entry) {
        if let Some((event, group, at)) = entry.event_row() {
            self.events.insert(event, (group, at));
        }
        if let Some((session, group, at)) = entry.session_row() {
            self.by_session.insert((session, group));
            self.met(session, group, at);
        }
    }

    fn met(&mut self, session: Digest, group: i64, at: Timestamp) -> &mut Met {
        let met = self.by_group.entry(by_group(session, group));
        let met = met.or_insert(Met::new(at));
        met.again(at);
        met
    }

    /// Takes a row that was written by an earlier process, without what is in the tables for certain. To bring
    /// something there twice does no harm.
    fn take_back(&mut self, (number, event, counted_at, session, at, group, is_by_group): StoredRow) {
        // From here on the stretches have looked at it.
        let since = number.unsigned_abs() + MOST_ADDED as u64;
        let next = self.next;
        let waits = |place: u64| {
            since + CIRCLE > next
                && (since >= next || !stretches(since, next).iter().any(|stretch| stretch.has(place)))
        };
        let timed = |key: Option<Vec<u8>>, at: Option<i64>| {
            let key = key.and_then(|key| Digest::try_from(key).ok());
            key.zip(at.map(Timestamp::from_millis))
        };
        if let Some((event, at)) = timed(event, counted_at).filter(|(event, _)| waits(place_of(event))) {
            self.events.insert(event, (group, at));
        }
        if let Some((session, at)) = timed(session, at) {
            let waits_by_group = waits(place_of_group(group));
            if waits_by_group {
                self.met(session, group, at).is_by_session = true;
            }
            // One that has been forgotten by group must not come back by session, where nobody would look for it.
            if waits(place_of(&session)) && (waits_by_group || is_by_group) {
                self.by_session.insert((session, group));
            }
        }
    }
}

impl Entry {
    fn event_row(&self) -> Option<TimedRow> {
        self.event.map(|(event, at)| (event, self.error_id, at))
    }

    fn session_row(&self) -> Option<TimedRow> {
        self.session.map(|(session, at)| (session, self.error_id, at))
    }
}

impl Met {
    fn new(at: Timestamp) -> Self {
        Self {
            at,
            is_by_session: false,
        }
    }

    fn again(&mut self, at: Timestamp) {
        self.at = at.max(self.at);
    }
}

fn place_of(digest: &Digest) -> u64 {
    u64::from(u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])) / DIGESTS_OF_PLACE
}

/// Neighbouring groups have neighbouring places.
fn place_of_group(group: i64) -> u64 {
    group.unsigned_abs() % CIRCLE
}

fn by_group(session: Digest, group: i64) -> (u64, i64, Digest) {
    (place_of_group(group), group, session)
}

fn of_group(group: i64) -> RangeInclusive<(u64, i64, Digest)> {
    by_group([0; 16], group)..=by_group([u8::MAX; 16], group)
}

/// Places from the one up to before the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stretch {
    from: u64,
    to: u64,
}

impl Stretch {
    fn has(self, place: u64) -> bool {
        (self.from..self.to).contains(&place)
    }

    fn digests<K>(self, key: impl Fn(Digest) -> K) -> (Bound<K>, Bound<K>) {
        let first = |place: u64| {
            let mut digest = [0; 16];
            digest[..4].copy_from_slice(&((place * DIGESTS_OF_PLACE) as u32).to_be_bytes());
            key(digest)
        };
        let end = if self.to < CIRCLE {
            Bound::Excluded(first(self.to))
        } else {
            Bound::Unbounded
        };
        (Bound::Included(first(self.from)), end)
    }

    fn groups(self) -> Range<(u64, i64, Digest)> {
        (self.from, i64::MIN, [0; 16])..(self.to, i64::MIN, [0; 16])
    }
}

/// The places that belong to the rows from the one number up to before the other: one stretch, or two around the last place.
fn stretches(from: u64, to: u64) -> Vec<Stretch> {
    if to.saturating_sub(from) >= CIRCLE {
        return vec![Stretch { from: 0, to: CIRCLE }];
    }
    let (from, to) = (from % CIRCLE, to % CIRCLE);
    let all = if from <= to {
        vec![Stretch { from, to }]
    } else {
        vec![Stretch { from, to: CIRCLE }, Stretch { from: 0, to }]
    };
    all.into_iter()
        .filter(|stretch| stretch.from < stretch.to)
        .collect()
}

#[cfg(test)]
mod tests;
