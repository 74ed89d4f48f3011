//! A running metrics collector and the points that the tests send to it.

use std::path::{Path, PathBuf};

use metrics_collector::Config;
use serde_json::{Value, json};
use shared::clock::{HOUR_MS, Timestamp};
use shared::testing::service::lookup;
use shared::testing::{Client, Service, eventually, exposition};
use tempfile::TempDir;

pub(crate) use shared::testing::client::encoded;
pub(crate) use shared::testing::json::with;

/// The key that every collector here accepts.
pub(crate) const KEY: &str = "the-key";
pub(crate) const MINUTE_MS: i64 = 60_000;

/// A collector and a client that has its key.
pub(crate) struct Collector {
    pub(crate) service: Service,
    pub(crate) api: Client,
}

impl Collector {
    /// One with the default settings.
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// One with these settings.
    pub(crate) async fn with(settings: &[(&str, &str)]) -> Self {
        Self::beside(tempfile::tempdir().unwrap(), settings).await
    }

    /// Stops it and starts another one on what it has left.
    pub(crate) async fn restarted_with(self, settings: &[(&str, &str)]) -> Self {
        Self::beside(self.service.stop().await, settings).await
    }

    async fn beside(folder: TempDir, settings: &[(&str, &str)]) -> Self {
        let service = Service::start_in(folder, |folder, listener, stop| {
            metrics_collector::start(config(folder, settings), listener, stop)
        })
        .await;
        let api = service.client().with("X-API-Key", KEY);
        Self { service, api }
    }

    /// A client without key that seems to come from this address; each address has its own limits.
    pub(crate) fn stranger(&self, address: &str) -> Client {
        self.service.stranger(address)
    }

    /// Sends points, of which at least one must be accepted, and answers with the reply.
    pub(crate) async fn post(&self, points: &Value) -> Value {
        let reply = self.api.post_json("/api/metrics", points).await;
        assert_eq!(reply.status, 202, "{}", reply.text());
        reply.json()
    }

    /// Sends points that must all be accepted, a thousand at once.
    pub(crate) async fn send(&self, points: &[Value]) {
        for part in points.chunks(1_000) {
            let reply = self.post(&json!(part)).await;
            assert_eq!(reply, json!({"status": "accepted", "count": part.len()}));
        }
    }

    /// `GET path`, which must answer 200 with JSON.
    pub(crate) async fn get(&self, path: &str) -> Value {
        self.api.get_json(path).await
    }

    /// What this query gives for a metric.
    pub(crate) async fn metric(&self, query: &str) -> Value {
        self.get(&format!("/api/metrics?{query}")).await
    }

    /// The buckets that this query gives.
    pub(crate) async fn rows(&self, query: &str) -> Vec<Value> {
        self.metric(query).await["data"].as_array().unwrap().clone()
    }

    /// The count and the sum of all buckets that this query gives.
    pub(crate) async fn total(&self, query: &str) -> (u64, f64) {
        let rows = self.rows(query).await;
        let count = rows.iter().map(|row| row["count"].as_u64().unwrap()).sum();
        (count, rows.iter().map(|row| number(&row["sum"])).sum())
    }

    /// A figure of its own.
    pub(crate) async fn figure(&self, name: &str) -> u64 {
        let reply = self.api.get("/metrics").await;
        exposition::figures(&reply, "monlight_metrics_collector_")[name]
    }

    /// Waits until no minute waits for its rollup.
    pub(crate) async fn is_settled(&self) {
        eventually("all minutes are rolled up", async || {
            (self.figure("unsettled_minutes").await == 0).then_some(())
        })
        .await;
    }

    /// Where the database lies.
    pub(crate) fn database(&self) -> PathBuf {
        self.service.folder().join("metrics.db")
    }
}

fn config(folder: &Path, settings: &[(&str, &str)]) -> Config {
    let database = folder.join("metrics.db");
    let general = [("API_KEY", KEY), ("DATABASE_PATH", database.to_str().unwrap())];
    Config::load(&lookup(settings, &general)).expect("the settings of the test are right")
}

pub(crate) fn counter(name: &str, value: f64) -> Value {
    json!({"name": name, "type": "counter", "value": value})
}

pub(crate) fn histogram(name: &str, value: f64) -> Value {
    json!({"name": name, "type": "histogram", "value": value})
}

pub(crate) fn gauge(name: &str, value: f64) -> Value {
    json!({"name": name, "type": "gauge", "value": value})
}

/// The same point with these labels.
pub(crate) fn labelled(point: Value, labels: Value) -> Value {
    with(point, json!({"labels": labels}))
}

/// The same point at this time.
pub(crate) fn at(point: Value, at: Timestamp) -> Value {
    with(point, json!({"timestamp": at}))
}

/// The beginning of a minute that is over since at least so many minutes.
pub(crate) fn minutes_ago(minutes: i64) -> Timestamp {
    let now = Timestamp::now().millis();
    Timestamp::from_millis(now - now.rem_euclid(MINUTE_MS) - (minutes + 1) * MINUTE_MS)
}

/// The beginning of an hour that is over since at least so many hours.
pub(crate) fn hours_ago(hours: i64) -> Timestamp {
    let now = Timestamp::now().millis();
    Timestamp::from_millis(now - now.rem_euclid(HOUR_MS) - (hours + 1) * HOUR_MS)
}

pub(crate) fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// Equal but for the last digits.
pub(crate) fn assert_near(found: &Value, expected: f64) {
    let found = number(found);
    assert!(
        (found - expected).abs() <= 1e-9 * expected.abs(),
        "{found} is not {expected}"
    );
}
