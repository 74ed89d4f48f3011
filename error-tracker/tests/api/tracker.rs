//! A running error tracker and the reports that the tests send to it.

use std::path::{Path, PathBuf};

use error_tracker::Config;
use serde_json::{Value, json};
use shared::clock::Timestamp;
use shared::testing::service::lookup;
use shared::testing::{Client, Service};
use tempfile::TempDir;

pub(crate) use shared::testing::client::encoded;
pub(crate) use shared::testing::json::{numbers, strings, with};

/// The key that every tracker here accepts.
pub(crate) const KEY: &str = "the-key";

/// A tracker and a client that has its key.
pub(crate) struct Tracker {
    pub(crate) service: Service,
    pub(crate) api: Client,
}

impl Tracker {
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
            error_tracker::start(config(folder, settings), listener, stop)
        })
        .await;
        let api = service.client().with("X-API-Key", KEY);
        Self { service, api }
    }

    /// A client without key that seems to come from this address; each address has its own limits.
    pub(crate) fn stranger(&self, address: &str) -> Client {
        self.service.stranger(address)
    }

    /// Sends a report that must be counted, and answers with the reply.
    pub(crate) async fn report(&self, report: &Value) -> Value {
        let reply = self.api.post_json("/api/errors", report).await;
        assert!(
            matches!(reply.status, 200 | 201),
            "{}: {}",
            reply.status,
            reply.text()
        );
        reply.json()
    }

    /// Sends a report and answers with its group's id.
    pub(crate) async fn group(&self, report: &Value) -> i64 {
        self.report(report).await["id"].as_i64().unwrap()
    }

    /// Sends many reports at once and answers with the groups' ids.
    pub(crate) async fn groups(&self, reports: &[Value]) -> Vec<i64> {
        let mut ids = Vec::new();
        for part in reports.chunks(500) {
            let reply = self.api.post_json("/api/errors/batch", &json!(part)).await;
            assert_eq!(reply.status, 200, "{}", reply.text());
            let reply = reply.json();
            let results = reply["results"].as_array().unwrap();
            ids.extend(
                results
                    .iter()
                    .map(|result| result["id"].as_i64().expect("not rejected")),
            );
        }
        ids
    }

    /// `GET path`, which must answer 200 with JSON.
    pub(crate) async fn get(&self, path: &str) -> Value {
        self.api.get_json(path).await
    }

    /// `POST path` without a body, which must answer 200.
    pub(crate) async fn act(&self, path: &str) -> Value {
        let reply = self.api.post(path).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        reply.json()
    }

    /// The exception types in the list that this query gives, in order.
    pub(crate) async fn types(&self, query: &str) -> Vec<String> {
        let list = self.get(&format!("/api/errors?{query}")).await;
        strings(&list["errors"], "exception_type")
    }

    /// Where the database lies.
    pub(crate) fn database(&self) -> PathBuf {
        self.service.folder().join("errors.db")
    }
}

fn config(folder: &Path, settings: &[(&str, &str)]) -> Config {
    let database = folder.join("errors.db");
    let general = [("API_KEY", KEY), ("DATABASE_PATH", database.to_str().unwrap())];
    Config::load(&lookup(settings, &general)).expect("the settings of the test are right")
}

/// A report of this type that is a group of its own.
pub(crate) fn report(exception_type: &str) -> Value {
    json!({
        "project": "shop",
        "exception_type": exception_type,
        "message": "it broke",
        "traceback": "Traceback (most recent call last):\n  File \"/srv/shop/cart.py\", line 31, in total\n    return p[k]\nE: it broke",
    })
}

/// RFC 3339, so many seconds before now.
pub(crate) fn seconds_ago(seconds: i64) -> String {
    Timestamp::now().plus_millis(-1_000 * seconds).to_string()
}

/// The time in a member.
pub(crate) fn time(value: &Value) -> Timestamp {
    let text = value.as_str().expect("a time is text");
    assert!(text.len() == 24 && text.ends_with('Z'), "{text}");
    text.parse().expect("RFC 3339")
}
