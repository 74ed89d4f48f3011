//! Pages that send reports and points, what they were told, and whether exactly that has arrived.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde_json::{Value, json};
use shared::clock::{DAY_MS, Timestamp};
use shared::testing::{DEADLINE, eventually};
use tokio::task::JoinSet;

use crate::stack::{DSN_KEY, Kind, ORIGIN, PROJECT, Stack};

const SESSIONS: usize = 4;
/// The tracker keeps so many occurrences of a group; the next ones are of another type.
const PER_GROUP: usize = 100;
/// A point is worth twice the one before it, so that their sum tells which have arrived, as long as it is exact.
const PER_SERIES: usize = 50;

/// Where pages send to, and what all of them have been told.
pub(crate) struct Relay {
    http: Http,
    /// Reports that were accepted.
    pub(crate) accepted: AtomicU64,
    /// Those of them that went into the spool.
    pub(crate) spooled: AtomicU64,
    pub(crate) is_over: AtomicBool,
}

/// Requests over connections of their own, which may fail: the relay may be away.
struct Http {
    client: reqwest::Client,
    url: String,
}

impl Http {
    /// The status and the reply; `None` when there was none.
    async fn post(&self, path: &str, body: &Value) -> Option<(u16, Value)> {
        let request = self
            .client
            .post(format!("{}{path}", self.url))
            .header("X-Monlight-Key", DSN_KEY)
            .header("Origin", ORIGIN)
            .header("Connection", "close")
            .body(body.to_string());
        let reply = request.send().await.ok()?;
        let status = reply.status().as_u16();
        let text = reply.bytes().await.ok()?;
        Some((status, serde_json::from_slice(&text).unwrap_or_default()))
    }
}

impl Relay {
    pub(crate) fn of(stack: &Stack) -> Arc<Self> {
        let http = Http {
            client: shared::outbound::client(DEADLINE),
            url: stack.relay.url(),
        };
        Arc::new(Self {
            http,
            accepted: AtomicU64::new(0),
            spooled: AtomicU64::new(0),
            is_over: AtomicBool::new(false),
        })
    }

    /// Posts until it is accepted. A report carries its id, so it may be sent again when no answer came.
    async fn report(&self, body: &Value) {
        eventually("a report is accepted", async || {
            match self.http.post("/api/browser/errors", body).await {
                Some((status @ (200..=202), _)) => {
                    self.count(status);
                    Some(())
                }
                Some((503, _)) | None => None,
                Some(other) => panic!("{other:?}"),
            }
        })
        .await;
    }

    /// Posts a point once. True when it was accepted, `None` when there was no answer, which leaves it open.
    async fn point(&self, body: &Value) -> Option<bool> {
        match self.http.post("/api/browser/metrics", body).await? {
            (202, _) => Some(true),
            (503, _) => Some(false),
            other => panic!("{other:?}"),
        }
    }

    fn count(&self, status: u16) {
        self.accepted.fetch_add(1, Ordering::Relaxed);
        self.spooled
            .fetch_add(u64::from(status == 202), Ordering::Relaxed);
    }

    /// Waits until so many more have been accepted.
    pub(crate) async fn has_more(&self, counter: &AtomicU64, more: u64) {
        let goal = counter.load(Ordering::Relaxed) + more;
        eventually("pages go on to send", async || {
            (counter.load(Ordering::Relaxed) >= goal).then_some(())
        })
        .await;
    }
}

/// What one page has sent, and what it was told.
pub(crate) struct Session {
    name: String,
    reports: usize,
    /// Of each point whether it was accepted, as far as that is known.
    points: Vec<Option<bool>>,
}

impl Session {
    /// Sends until it is told to end, a report and a point in turn.
    async fn run(name: String, relay: Arc<Relay>) -> Self {
        let mut session = Self {
            name,
            reports: 0,
            points: Vec::new(),
        };
        while !relay.is_over.load(Ordering::Relaxed) {
            relay.report(&session.next_report()).await;
            let point = session.next_point();
            session.points.push(relay.point(&point).await);
        }
        session
    }

    fn next_report(&mut self) -> Value {
        let number = self.reports;
        self.reports += 1;
        json!({
            "type": format!("{}-{}", self.name, number / PER_GROUP),
            "message": format!("number {number}"),
            "stack": "    at pay (https://shop.example/unmapped.js:1:7)",
            "event_id": format!("{}-{number}", self.name),
            "session_id": self.name,
            "context": {"number": number},
        })
    }

    fn next_point(&self) -> Value {
        let number = self.points.len();
        let worth = (1_u64 << (number % PER_SERIES)) as f64;
        let labels = json!({"visitor": self.name, "part": number / PER_SERIES});
        json!({"metrics": [{"name": "sent", "type": "counter", "value": worth, "labels": labels}]})
    }

    /// All reports are in the tracker once. Answers with their numbers in the order in which they came.
    async fn reports_have_arrived(&self, stack: &Stack) -> Vec<u64> {
        let counts = eventually("all reports arrive", async || {
            let counts = self.counts(stack).await;
            (counts.values().sum::<u64>() >= self.reports as u64).then_some(counts)
        })
        .await;
        let expected: BTreeMap<String, u64> = (0..self.reports.div_ceil(PER_GROUP))
            .map(|part| {
                let count = (self.reports - part * PER_GROUP).min(PER_GROUP);
                (format!("{}-{part}", self.name), count as u64)
            })
            .collect();
        assert_eq!(counts, expected);
        let arrived = numbers_as_they_came(stack, &self.groups(stack).await).await;
        let mut sorted = arrived.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, Vec::from_iter(0..self.reports as u64), "{}", self.name);
        arrived
    }

    async fn groups(&self, stack: &Stack) -> Vec<Value> {
        let list = stack.tracker.get("/api/errors?limit=200").await;
        let groups = list["errors"].as_array().unwrap().iter();
        let own = |group: &&Value| {
            let kind = group["exception_type"].as_str().unwrap();
            kind.rsplit_once('-').is_some_and(|(name, _)| name == self.name)
        };
        groups.filter(own).cloned().collect()
    }

    async fn counts(&self, stack: &Stack) -> BTreeMap<String, u64> {
        let groups = self.groups(stack).await;
        let count = |group: &Value| {
            let kind = group["exception_type"].as_str().unwrap();
            (kind.to_owned(), group["count"].as_u64().unwrap())
        };
        groups.iter().map(count).collect()
    }

    /// All points that were accepted are in the collector once, and none that was refused.
    async fn points_have_arrived(&self, stack: &Stack) {
        for (part, points) in self.points.chunks(PER_SERIES).enumerate() {
            let bits = |told: fn(&Option<bool>) -> bool| {
                let places = points.iter().enumerate().filter(|(_, point)| told(point));
                places.fold(0_u64, |bits, (place, _)| bits | 1 << place)
            };
            let (accepted, refused) = (
                bits(|point| *point == Some(true)),
                bits(|point| *point == Some(false)),
            );
            let sum = eventually("all points arrive", async || {
                let sum = sum(stack, &self.name, part).await;
                (sum & accepted == accepted).then_some(sum)
            })
            .await;
            // A point that came twice, or that nobody sent, is in a bit that must not be there.
            let all = (1_u64 << points.len()) - 1;
            assert_eq!(
                (sum & refused, sum & !all),
                (0, 0),
                "{} {part}: {sum:b}",
                self.name
            );
            let unknown = points.iter().filter(|point| point.is_none()).count();
            if unknown == 0 {
                assert_eq!(sum, accepted, "{} {part}", self.name);
            }
        }
    }
}

/// The sessions' numbers of all reports of these groups, in the order in which the tracker got them.
pub(crate) async fn numbers_as_they_came(stack: &Stack, groups: &[Value]) -> Vec<u64> {
    let mut found = Vec::new();
    for group in groups {
        let group = stack.tracker.get(&format!("/api/errors/{}", group["id"])).await;
        for occurrence in group["occurrences"].as_array().unwrap() {
            let number = &occurrence["extra"]["context"]["number"];
            // The tracker's own number grows as reports come.
            found.push((occurrence["id"].as_u64().unwrap(), number.as_u64().unwrap()));
        }
    }
    found.sort_unstable();
    found.into_iter().map(|(_, number)| number).collect()
}

async fn sum(stack: &Stack, visitor: &str, part: usize) -> u64 {
    let filter = format!("visitor:{visitor},part:{part}");
    // Wherever the clocks were.
    let now = Timestamp::now();
    let (since, until) = (now.plus_millis(-2 * DAY_MS), now.plus_millis(2 * DAY_MS));
    let path =
        format!("/api/metrics?name=sent&project={PROJECT}&labels={filter}&since={since}&until={until}");
    let found = stack.collector.get(&path).await;
    let rows = found["data"].as_array().unwrap().iter();
    rows.map(|row| row["sum"].as_f64().unwrap()).sum::<f64>() as u64
}

/// Several pages that send at the same time.
pub(crate) fn sessions(relay: &Arc<Relay>) -> JoinSet<Session> {
    let names = (0..SESSIONS).map(|number| format!("page{number}"));
    names.map(|name| Session::run(name, Arc::clone(relay))).collect()
}

/// All reports and points have arrived once. Answers with the numbers of each session's reports, as they came.
pub(crate) async fn everything_has_arrived(stack: &Stack, sessions: JoinSet<Session>) -> Vec<Vec<u64>> {
    let mut arrived = Vec::new();
    for session in sessions.join_all().await {
        arrived.push(session.reports_have_arrived(stack).await);
        session.points_have_arrived(stack).await;
    }
    let nothing_waits = stack.relay.get("/api/spool").await;
    assert_eq!(nothing_waits["used_bytes"], 0, "{nothing_waits}");
    arrived
}

/// The same, and each session's reports came in its order.
pub(crate) async fn everything_has_arrived_in_order(stack: &Stack, sessions: JoinSet<Session>) {
    let arrived = everything_has_arrived(stack, sessions).await;
    assert!(arrived.iter().all(|numbers| numbers.is_sorted()), "{arrived:?}");
}

/// The tracker shows every report that a group counts.
pub(crate) const KEEPS_ALL: [(Kind, &str, &str); 1] = [(Kind::ErrorTracker, "OCCURRENCES_KEPT", "100")];
