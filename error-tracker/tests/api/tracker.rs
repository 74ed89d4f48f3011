//! A running error tracker and the reports that the tests send to it.

use std::collections::HashMap;
use std::path::PathBuf;

use error_tracker::Config;
use serde_json::{Value, json};
use shared::clock::Timestamp;
use shared::testing::{Client, Service};

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
        let settings = owned(settings);
        Self::around(
            Service::start(move |folder, listener, stop| {
                error_tracker::start(config(folder.join("errors.db"), &settings), listener, stop)
            })
            .await,
        )
    }

    /// Stops it and starts another one on what it has left.
    pub(crate) async fn restarted_with(self, settings: &[(&str, &str)]) -> Self {
        let settings = owned(settings);
        let folder = self.service.stop().await;
        Self::around(
            Service::start_in(folder, move |folder, listener, stop| {
                error_tracker::start(config(folder.join("errors.db"), &settings), listener, stop)
            })
            .await,
        )
    }

    fn around(service: Service) -> Self {
        let api = service.client().with("X-API-Key", KEY);
        Self { service, api }
    }

    /// A client without key that seems to come from this address; each address has its own limits.
    pub(crate) fn stranger(&self, address: &str) -> Client {
        self.service.client().with("X-Forwarded-For", address)
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
        let reply = self.api.get(path).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        reply.json()
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

fn owned(settings: &[(&str, &str)]) -> HashMap<String, String> {
    let pairs = settings.iter();
    pairs
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn config(database: PathBuf, settings: &HashMap<String, String>) -> Config {
    let lookup = |name: &str| match (settings.get(name), name) {
        (Some(value), _) => Some(value.clone()),
        (None, "API_KEY") => Some(KEY.to_owned()),
        (None, "DATABASE_PATH") => Some(database.to_str()?.to_owned()),
        _ => None,
    };
    Config::load(&lookup).expect("the settings of the test are right")
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

/// The same report with other members.
pub(crate) fn with(mut report: Value, more: Value) -> Value {
    let Value::Object(more) = more else {
        panic!("members are an object")
    };
    report.as_object_mut().unwrap().extend(more);
    report
}

/// RFC 3339, so many seconds before now.
pub(crate) fn seconds_ago(seconds: i64) -> String {
    Timestamp::now().plus_millis(-1_000 * seconds).to_string()
}

/// Percent-encodes a value for a query.
pub(crate) fn encoded(value: &str) -> String {
    value.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// This member of each object in a list, as text.
pub(crate) fn strings(list: &Value, member: &str) -> Vec<String> {
    let list = list.as_array().expect("a list");
    list.iter()
        .map(|item| item[member].as_str().expect("text").to_owned())
        .collect()
}

/// This member of each object in a list, as numbers.
pub(crate) fn numbers(list: &Value, member: &str) -> Vec<i64> {
    let list = list.as_array().expect("a list");
    list.iter()
        .map(|item| item[member].as_i64().expect("a number"))
        .collect()
}

/// The time in a member.
pub(crate) fn time(value: &Value) -> Timestamp {
    let text = value.as_str().expect("a time is text");
    assert!(text.len() == 24 && text.ends_with('Z'), "{text}");
    text.parse().expect("RFC 3339")
}
