//! A running log viewer beside a folder of containers.

use std::fs;
use std::path::Path;

use log_viewer::Config;
use serde_json::Value;
use shared::testing::service::lookup;
use shared::testing::{Client, Service, eventually};
use tempfile::TempDir;

pub(crate) use shared::testing::client::encoded;
pub(crate) use shared::testing::json::{numbers, strings};

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
        let service = Service::start_in(folder, |folder, listener, stop| {
            log_viewer::start(config(folder, settings), listener, stop)
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
        self.service.stranger(address)
    }

    /// `GET path`, which must answer 200 with JSON.
    pub(crate) async fn get(&self, path: &str) -> Value {
        self.api.get_json(path).await
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

fn config(folder: &Path, settings: &[(&str, &str)]) -> Config {
    let (database, sources) = (folder.join("logs.db"), folder.join("containers"));
    let general = [
        ("API_KEY", KEY),
        ("DATABASE_PATH", database.to_str().unwrap()),
        ("LOG_SOURCES", sources.to_str().unwrap()),
        // The tests ask again and again.
        ("RATE_LIMIT", "1000000"),
    ];
    Config::load(&lookup(settings, &general)).expect("the settings of the test are right")
}

/// A recorded traceback.
pub(crate) fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/multiline");
    fs::read_to_string(path.join(name)).unwrap()
}
