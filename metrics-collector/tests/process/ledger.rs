//! What was sent and what was acknowledged, and whether the collector counted exactly that.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use shared::clock::{DAY_MS, HOUR_MS, Timestamp};
use shared::testing::{Chance, Client, Process, eventually};

const MINUTE_MS: i64 = 60_000;
/// Each has a series of each metric.
const HOSTS: u64 = 5;
/// Ids of values that replace each other.
const IDS: u64 = 40;
/// Minutes are compared from here on; they are kept much longer.
const MINUTES_MS: i64 = 4 * HOUR_MS;
/// Acknowledged batches that may be sent once more.
const REMEMBERED: usize = 20;

/// `minute` or `hour`, the metric, the host, and when the bucket begins.
type Bucket = (&'static str, &'static str, u64, i64);
/// The count and the sum of what each bucket has.
pub(crate) type Buckets = BTreeMap<Bucket, (u64, u64)>;

/// A point as it is to be counted.
#[derive(Debug, Clone, Copy)]
struct Point {
    metric: &'static str,
    host: u64,
    at: i64,
    value: u64,
    id: Option<u64>,
}

const KINDS: [(&str, &str); 4] = [
    ("hits", "counter"),
    ("wait", "histogram"),
    ("load", "gauge"),
    // Its values have ids.
    ("shift", "histogram"),
];

/// A batch with its key.
#[derive(Debug, Clone)]
pub(crate) struct Batch {
    pub(crate) key: String,
    points: Vec<Point>,
}

impl Batch {
    pub(crate) fn body(&self) -> Value {
        self.points.iter().map(Point::body).collect()
    }
}

impl Point {
    fn body(&self) -> Value {
        let (_, kind) = KINDS.iter().find(|(name, _)| *name == self.metric).unwrap();
        json!({
            "name": self.metric,
            "type": kind,
            "value": self.value,
            "timestamp": self.at,
            "labels": {"host": self.host, "session_id": self.value},
            "id": self.id,
        })
    }
}

/// All batches.
pub(crate) struct Ledger {
    /// The times of points are around this one.
    begin: i64,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    sent: u64,
    acknowledged: u64,
    /// Not known to be counted.
    open: HashMap<String, Batch>,
    counted: Vec<Point>,
    /// Of each id the newest value.
    named: HashMap<(u64, u64), Point>,
    recent: VecDeque<Batch>,
}

impl Inner {
    fn acknowledge(&mut self, batch: Batch) {
        for point in &batch.points {
            let Some(id) = point.id else {
                self.counted.push(*point);
                continue;
            };
            let newest = self.named.entry((point.host, id)).or_insert(*point);
            if point.at > newest.at {
                *newest = *point;
            }
        }
        self.acknowledged += 1;
        self.recent.push_back(batch);
        if self.recent.len() > REMEMBERED {
            self.recent.pop_front();
        }
    }
}

impl Ledger {
    pub(crate) fn new() -> Self {
        Self {
            begin: Timestamp::now().millis(),
            inner: Mutex::default(),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new batch, noted as sent before it is.
    pub(crate) fn write(&self, chance: &mut Chance, most: u64) -> Batch {
        let mut inner = self.inner();
        let count = chance.within(1, most + 1);
        let mut points = Vec::new();
        for _ in 0..count {
            inner.sent += 1;
            points.push(self.point(inner.sent, chance));
        }
        let key = format!("batch-{}", inner.sent);
        let batch = Batch {
            key: key.clone(),
            points,
        };
        inner.open.insert(key, batch.clone());
        batch
    }

    fn point(&self, number: u64, chance: &mut Chance) -> Point {
        let (metric, _) = KINDS[chance.within(0, 4) as usize];
        let is_named = metric == "shift";
        let within = |chance: &mut Chance, span: i64| chance.within(0, span as u64) as i64;
        let at = if is_named {
            // No two at the same time, and all where points are kept.
            self.begin - 40 * MINUTE_MS + number as i64
        } else {
            match chance.within(0, 8) {
                0..=2 => Timestamp::now().millis(),
                3..=4 => self.begin - within(chance, 10 * MINUTE_MS),
                5..=6 => self.begin - 3 * HOUR_MS - within(chance, 5 * MINUTE_MS),
                _ => self.begin - 3 * DAY_MS - within(chance, 2 * HOUR_MS),
            }
        };
        Point {
            metric,
            host: chance.within(0, HOSTS),
            at,
            value: chance.within(1, 1_000),
            id: is_named.then(|| chance.within(0, IDS)),
        }
    }

    /// Notes that this batch is counted; a second acknowledgement of it says the same.
    pub(crate) fn acknowledge(&self, key: &str) {
        let mut inner = self.inner();
        if let Some(batch) = inner.open.remove(key) {
            inner.acknowledge(batch);
        }
    }

    /// Batches so far.
    pub(crate) fn acknowledged(&self) -> u64 {
        self.inner().acknowledged
    }

    fn buckets<'a>(&self, points: impl Iterator<Item = &'a Point>) -> Buckets {
        let mut buckets = Buckets::new();
        let mut add = |resolution, length: i64, point: &Point| {
            let bucket = point.at - point.at.rem_euclid(length);
            let (count, sum) = buckets
                .entry((resolution, point.metric, point.host, bucket))
                .or_default();
            (*count, *sum) = (*count + 1, *sum + point.value);
        };
        for point in points {
            add("hour", HOUR_MS, point);
            if point.at > self.begin - MINUTES_MS {
                add("minute", MINUTE_MS, point);
            }
        }
        buckets
    }

    /// What must be there.
    pub(crate) fn expected(&self) -> Buckets {
        let inner = self.inner();
        self.buckets(inner.counted.iter().chain(inner.named.values()))
    }

    /// What must be there at least now, and what may be there at most; without values that replace each other.
    pub(crate) fn bounds(&self) -> (Buckets, Buckets) {
        let inner = self.inner();
        let open = inner.open.values().flat_map(|batch| &batch.points);
        let open = open.filter(|point| point.id.is_none());
        (
            self.buckets(inner.counted.iter()),
            self.buckets(inner.counted.iter().chain(open)),
        )
    }

    /// What the collector tells.
    pub(crate) async fn found(&self, collector: &Process) -> Buckets {
        let mut buckets = Buckets::new();
        let since = self.begin - MINUTES_MS;
        let since = since - since.rem_euclid(HOUR_MS);
        for (resolution, range) in [
            ("hour", "period=5d".to_owned()),
            ("minute", format!("since={since}")),
        ] {
            for (metric, _) in KINDS {
                let query = format!("name={metric}&group_by=host&resolution={resolution}&{range}");
                let reply = collector.get(&format!("/api/metrics?{query}")).await;
                for series in reply["series"].as_array().unwrap() {
                    let host = series["labels"]["host"].as_str().unwrap().parse().unwrap();
                    for row in series["data"].as_array().unwrap() {
                        let bucket: Timestamp = row["bucket"].as_str().unwrap().parse().unwrap();
                        let sum = row["sum"].as_f64().unwrap();
                        assert_eq!(sum.fract(), 0.0, "{row}");
                        let place = (resolution, metric, host, bucket.millis());
                        buckets.insert(place, (row["count"].as_u64().unwrap(), sum as u64));
                    }
                }
            }
        }
        buckets
    }

    /// Checks that nothing acknowledged is missing and nothing is there that was not sent; then sends what is open again
    /// under its keys, and some of what is not, and checks that each point is counted once.
    pub(crate) async fn settle(&self, collector: &Process) {
        // What is sent from here on could hide what was forgotten.
        let (least, most) = self.bounds();
        assert_within(&least, &self.found(collector).await, &most);
        let (open, recent): (Vec<Batch>, Vec<Batch>) = {
            let inner = self.inner();
            (
                inner.open.values().cloned().collect(),
                inner.recent.iter().cloned().collect(),
            )
        };
        for batch in open {
            send_again(&collector.api(), &batch).await;
            self.acknowledge(&batch.key);
        }
        for batch in recent {
            let reply = send_again(&collector.api(), &batch).await;
            assert_eq!(
                reply["duplicate"], true,
                "{} was acknowledged and is not known",
                batch.key
            );
        }
        let (expected, found) = (self.expected(), self.found(collector).await);
        if expected != found {
            let wrong: Vec<String> = expected
                .keys()
                .chain(found.keys())
                .filter(|place| expected.get(place) != found.get(place))
                .map(|place| {
                    format!(
                        "{place:?}: {:?}, found {:?}",
                        expected.get(place),
                        found.get(place)
                    )
                })
                .take(10)
                .collect();
            panic!("what was counted is not what was sent:\n{}", wrong.join("\n"));
        }
    }
}

/// Values that replace each other have no bounds.
pub(crate) fn assert_within(least: &Buckets, found: &Buckets, most: &Buckets) {
    for (bucket, (count, sum)) in least {
        let (found_count, found_sum) = found.get(bucket).copied().unwrap_or_default();
        assert!(
            found_count >= *count && found_sum >= *sum,
            "{bucket:?} has {found_count} of {count}"
        );
    }
    for (bucket, (count, sum)) in found.iter().filter(|((_, metric, ..), _)| *metric != "shift") {
        let (most_count, most_sum) = most.get(bucket).copied().unwrap_or_default();
        assert!(
            *count <= most_count && *sum <= most_sum,
            "{bucket:?} has {count}, and {most_count} were sent"
        );
    }
}

async fn send_again(api: &Client, batch: &Batch) -> Value {
    let client = api.with("Idempotency-Key", &batch.key);
    eventually("a batch is taken", async || {
        let reply = client.post_json("/api/metrics", &batch.body()).await;
        assert!([202, 503].contains(&reply.status), "{}", reply.text());
        (reply.status == 202).then(|| reply.json())
    })
    .await
}
