//! What was sent and what was acknowledged, and whether the peers have exactly that.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use crate::setup::Peers;

/// Sessions that send reports, one after the other.
pub(crate) const SESSIONS: u64 = 6;

/// All reports and points.
#[derive(Default)]
pub(crate) struct Ledger(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    /// Of each session how many of its reports were acknowledged. The next one is sent until it is.
    reports: BTreeMap<u64, u64>,
    points_sent: u64,
    points: HashSet<u64>,
    acknowledged: u64,
}

impl Ledger {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The report that this session has to send.
    pub(crate) fn next_report(&self, session: u64) -> Value {
        let number = self.inner().reports.get(&session).copied().unwrap_or(0);
        json!({
            "type": format!("Session{session}"), "message": format!("number {number}"), "session_id": session,
            "event_id": format!("{session}-{number}"), "context": {"session": session, "number": number},
        })
    }

    pub(crate) fn acknowledge_report(&self, session: u64) {
        let mut inner = self.inner();
        *inner.reports.entry(session).or_insert(0) += 1;
        inner.acknowledged += 1;
    }

    /// Points that are sent once, whatever becomes of them; and their numbers.
    pub(crate) fn next_points(&self, count: u64) -> (Value, Vec<u64>) {
        let mut inner = self.inner();
        let first = inner.points_sent;
        inner.points_sent += count;
        let numbers: Vec<u64> = (first..first + count).collect();
        let points: Vec<Value> = numbers
            .iter()
            .map(|number| json!({"name": "hits", "type": "histogram", "value": number}))
            .collect();
        (json!({"metrics": points, "url": "/cart"}), numbers)
    }

    pub(crate) fn acknowledge_points(&self, numbers: &[u64]) {
        let mut inner = self.inner();
        inner.points.extend(numbers);
        inner.acknowledged += 1;
    }

    /// Acknowledged requests so far.
    pub(crate) fn acknowledged(&self) -> u64 {
        self.inner().acknowledged
    }

    /// Acknowledged reports of each session.
    pub(crate) fn reports(&self) -> BTreeMap<u64, u64> {
        self.inner().reports.clone()
    }

    /// Points that were acknowledged, and that were sent.
    pub(crate) fn points(&self) -> (u64, u64) {
        let inner = self.inner();
        (inner.points.len() as u64, inner.points_sent)
    }

    /// Each acknowledged report is there once and in its session's order, each acknowledged point is there once, and
    /// nothing is there that was not sent.
    pub(crate) fn assert_arrived(&self, peers: &Peers) {
        let mut arrived: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        for report in peers.tracker.taken() {
            let of = |name: &str| report["extra"]["context"][name].as_u64().unwrap();
            arrived.entry(of("session")).or_default().push(of("number"));
        }
        let inner = self.inner();
        for (session, count) in &inner.reports {
            let numbers = arrived.get(session).cloned().unwrap_or_default();
            // The last one may have arrived without anybody having heard of it.
            let expected: Vec<u64> = (0..(*count).max(numbers.len() as u64)).collect();
            assert_eq!(numbers, expected, "session {session}");
            assert!(numbers.len() as u64 <= count + 1, "session {session}");
        }
        let values = peers.collector.taken();
        let mut seen = HashSet::new();
        for value in values.iter().map(|point| point["value"].as_f64().unwrap() as u64) {
            assert!(seen.insert(value), "point {value} was counted twice");
            assert!(value < inner.points_sent, "point {value} was never sent");
        }
        let missing: Vec<_> = inner.points.difference(&seen).collect();
        assert!(missing.is_empty(), "lost points: {missing:?}");
    }
}
