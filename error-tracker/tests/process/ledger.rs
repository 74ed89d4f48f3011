//! What was sent and what was acknowledged, and whether the tracker counted exactly that.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;

use serde_json::{Value, json};
use shared::testing::Process;

use crate::setup::counts;

/// Different errors that the reports are spread over.
const KINDS: u64 = 7;
/// Reports that are sent again together.
const RESEND: usize = 400;

/// The reports of one project.
pub(crate) struct Ledger {
    project: &'static str,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    sent: u64,
    acknowledged: u64,
    /// Not settled yet: the event's id with its kind, and whether it was acknowledged.
    open: HashMap<u64, bool>,
    /// Reports of each kind that are known to be counted once each.
    settled: BTreeMap<String, i64>,
}

fn kind_of(event: u64) -> String {
    format!("Kind{}", event % KINDS)
}

impl Ledger {
    pub(crate) fn new(project: &'static str) -> Self {
        Self {
            project,
            inner: Mutex::default(),
        }
    }

    /// New reports, noted as sent before they are.
    pub(crate) fn write(&self, count: u64) -> Vec<u64> {
        let mut inner = self.inner.lock().unwrap();
        let events: Vec<u64> = (inner.sent..inner.sent + count).collect();
        inner.sent += count;
        inner.open.extend(events.iter().map(|event| (*event, false)));
        events
    }

    pub(crate) fn acknowledge(&self, events: &[u64]) {
        let mut inner = self.inner.lock().unwrap();
        inner.acknowledged += events.len() as u64;
        for event in events {
            inner.open.insert(*event, true);
        }
    }

    pub(crate) fn acknowledged(&self) -> u64 {
        self.inner.lock().unwrap().acknowledged
    }

    /// The report of an event, the same each time.
    pub(crate) fn report(&self, event: u64) -> Value {
        json!({
            "project": self.project,
            "exception_type": kind_of(event),
            "message": format!("report {event}"),
            "traceback": format!("Traceback (most recent call last):\n  File \"app/job.py\", line 7, in run\n{}", kind_of(event)),
            "environment": "production",
            "extra": {"session_id": format!("s{}", event % 50), "padding": "x".repeat(500)},
            "event_id": format!("event-{event}"),
        })
    }

    /// The bounds that hold before anything is sent again: no acknowledged report is missing,
    /// and nothing is counted that was not sent.
    fn assert_bounds(&self, counted: &BTreeMap<String, i64>) {
        let (least, most) = self.bounds();
        for (kind, most) in most {
            let least = least.get(&kind).copied().unwrap_or(0);
            let count = counted.get(&kind).copied().unwrap_or(0);
            assert!(
                (least..=most).contains(&count),
                "{kind}: {count} counted, {least} acknowledged, {most} sent"
            );
        }
    }

    fn bounds(&self) -> (BTreeMap<String, i64>, BTreeMap<String, i64>) {
        let inner = self.inner.lock().unwrap();
        let (mut least, mut most) = (inner.settled.clone(), inner.settled.clone());
        for (event, is_acknowledged) in &inner.open {
            *most.entry(kind_of(*event)).or_default() += 1;
            *least.entry(kind_of(*event)).or_default() += i64::from(*is_acknowledged);
        }
        (least, most)
    }

    /// Checks the counts, sends everything again under the same event ids, and checks that now
    /// each report is counted once: those that were acknowledged must be known already.
    pub(crate) async fn settle(&self, tracker: &Process) {
        self.assert_bounds(&counts(tracker, self.project).await);

        let open: Vec<(u64, bool)> = self.inner.lock().unwrap().open.drain().collect();
        for chunk in open.chunks(RESEND) {
            let reports: Value = chunk.iter().map(|(event, _)| self.report(*event)).collect();
            let reply = tracker.api().post_json("/api/errors/batch", &reports).await;
            assert_eq!(reply.status, 200, "{}", reply.text());
            let body = reply.json();
            let results = body["results"].as_array().unwrap();
            assert_eq!(results.len(), chunk.len());
            for ((event, was_acknowledged), result) in chunk.iter().zip(results) {
                let status = result["status"].as_str().unwrap();
                assert_ne!(status, "rejected", "{result}");
                assert!(
                    !was_acknowledged || status == "duplicate",
                    "event {event} was acknowledged and is lost: {result}"
                );
            }
        }
        let mut expected = {
            let mut inner = self.inner.lock().unwrap();
            for (event, _) in &open {
                *inner.settled.entry(kind_of(*event)).or_default() += 1;
            }
            inner.settled.clone()
        };
        expected.retain(|_, count| *count > 0);
        assert_eq!(counts(tracker, self.project).await, expected);
    }
}
