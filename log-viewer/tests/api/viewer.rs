//! A running log viewer beside a folder of containers.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use log_viewer::Config;
use serde_json::Value;
use shared::testing::{Client, Service, eventually};
use tempfile::TempDir;

use crate::docker::DockerFolder;
use crate::events::EventStream;

/// The key that every viewer here accepts.
pub(crate) const KEY: &str = "the-key";

/// A viewer, a client that has its key, and the containers that it reads.
pub(crate) struct Viewer {
    pub(crate) service: Service,
    pub(crate) api: Client,
    pub(crate) docker: DockerFolder,
}

impl Viewer {
    /// One with the default settings.
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// One with these settings.
    pub(crate) async fn with(settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let docker = DockerFolder::at(folder.path().join("containers"));
        Self::beside(folder, docker, settings).await
    }

    async fn beside(folder: TempDir, docker: DockerFolder, settings: &[(&str, &str)]) -> Self {
        let settings = owned(settings);
        let service = Service::start_in(folder, move |folder, listener, stop| {
            log_viewer::start(config(folder, &settings), listener, stop)
        })
        .await;
        let api = service.client().with("X-API-Key", KEY);
        Self { service, api, docker }
    }

    /// Stops it, lets Docker go on alone, and starts another one on what it has left.
    pub(crate) async fn restarted(self, meanwhile: impl FnOnce(&DockerFolder)) -> Self {
        let folder = self.service.stop().await;
        meanwhile(&self.docker);
        Self::beside(folder, self.docker, &[]).await
    }

    /// A client without key that seems to come from this address; each address has its own limits.
    pub(crate) fn stranger(&self, address: &str) -> Client {
        self.service.client().with("X-Forwarded-For", address)
    }

    /// `GET path`, which must answer 200 with JSON.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let reply = self.api.get(path).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        reply.json()
    }

    /// The list that this query gives.
    pub(crate) async fn list(&self, query: &str) -> Value {
        self.get(&format!("/api/logs?{query}")).await
    }

    /// The messages in the list that this query gives, in order.
    pub(crate) async fn messages(&self, query: &str) -> Vec<String> {
        strings(&self.list(query).await["logs"], "message")
    }

    /// Waits until so many entries are there, in all.
    pub(crate) async fn has(&self, entries: usize) {
        eventually(&format!("{entries} entries"), async || {
            (self.get("/api/stats").await["total_logs"] == entries).then_some(())
        })
        .await;
    }

    /// Waits until the entries that this query gives are these, the newest first.
    pub(crate) async fn shows(&self, query: &str, expected: &[&str]) {
        eventually(&format!("{query} shows {expected:?}"), async || {
            (self.messages(query).await == expected).then_some(())
        })
        .await;
    }

    /// A live stream, which has begun when this returns.
    pub(crate) async fn tail(&self, query: &str) -> EventStream {
        self.tail_after(query, None).await
    }

    /// A live stream that goes on where another one ended.
    pub(crate) async fn tail_after(&self, query: &str, last: Option<i64>) -> EventStream {
        let path = format!("/api/logs/tail?{query}");
        let last = last.map(|last| last.to_string());
        let mut headers = vec![("X-API-Key", KEY)];
        headers.extend(last.as_deref().map(|last| ("Last-Event-ID", last)));
        EventStream::open(self.service.address, &path, &headers).await
    }
}

fn owned(settings: &[(&str, &str)]) -> HashMap<String, String> {
    let pairs = settings.iter();
    pairs
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn config(folder: &Path, settings: &HashMap<String, String>) -> Config {
    let text = |path: PathBuf| path.to_str().map(str::to_owned);
    let lookup = |name: &str| match (settings.get(name), name) {
        (Some(value), _) => Some(value.clone()),
        (None, "API_KEY") => Some(KEY.to_owned()),
        (None, "DATABASE_PATH") => text(folder.join("logs.db")),
        (None, "LOG_SOURCES") => text(folder.join("containers")),
        // The tests ask again and again.
        (None, "RATE_LIMIT") => Some("1000000".to_owned()),
        _ => None,
    };
    Config::load(&lookup).expect("the settings of the test are right")
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

/// A recorded traceback.
pub(crate) fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/multiline");
    fs::read_to_string(path.join(name)).unwrap()
}
