//! A running relay between browsers and peers that the test plays.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use browser_relay::Config;
use serde_json::{Value, json};
use shared::testing::service::lookup;
use shared::testing::{Client, Reply, Service, database, eventually, exposition};
use tempfile::TempDir;

pub(crate) use shared::testing::json::with;

use crate::peer::{Peer, Role};

/// The administrator's key.
pub(crate) const ADMIN: &str = "the-admin-key";
/// The key of the project `shop`.
pub(crate) const KEY: &str = "00112233445566778899aabbccddeeff";
/// Where the pages of the tests are.
pub(crate) const PAGE: &str = "https://shop.example.com";
pub(crate) const TRACKER_KEY: &str = "the-key-of-the-tracker";
pub(crate) const COLLECTOR_KEY: &str = "the-key-of-the-collector";

/// A relay, its peers, and clients.
pub(crate) struct Relay {
    pub(crate) service: Service,
    /// Has the administrator's key.
    pub(crate) admin: Client,
    /// Has the key of `shop`, and comes from no page.
    pub(crate) browser: Client,
    pub(crate) tracker: Arc<Peer>,
    pub(crate) collector: Arc<Peer>,
}

impl Relay {
    /// One without a limit that a test could reach.
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// One with these settings.
    pub(crate) async fn with(settings: &[(&str, &str)]) -> Self {
        let tracker = Arc::new(Peer::start(Role::Tracker, TRACKER_KEY));
        let collector = Arc::new(Peer::start(Role::Collector, COLLECTOR_KEY));
        Self::beside(tempfile::tempdir().unwrap(), tracker, collector, settings).await
    }

    /// Stops it and starts another one on what it has left.
    pub(crate) async fn restarted_with(self, settings: &[(&str, &str)]) -> Self {
        let folder = self.service.stop().await;
        Self::beside(folder, self.tracker, self.collector, settings).await
    }

    async fn beside(
        folder: TempDir,
        tracker: Arc<Peer>,
        collector: Arc<Peer>,
        settings: &[(&str, &str)],
    ) -> Self {
        let service = Service::start_in(folder, |folder, listener, stop| {
            let config = config(folder, &tracker, &collector, settings);
            browser_relay::start(config, listener, stop)
        })
        .await;
        Self {
            admin: service.client().with("X-API-Key", ADMIN),
            browser: service.client().with("X-Monlight-Key", KEY),
            service,
            tracker,
            collector,
        }
    }

    /// A client without key that seems to come from this address; each address has its own limits.
    pub(crate) fn stranger(&self, address: &str) -> Client {
        self.service.stranger(address)
    }

    /// `GET path` of the administrator, which must answer 200 with JSON.
    pub(crate) async fn get(&self, path: &str) -> Value {
        self.admin.get_json(path).await
    }

    pub(crate) async fn report(&self, error: &Value) -> Reply {
        self.browser.post_json("/api/browser/errors", error).await
    }

    /// Sends an error, which must be accepted, and answers with what the tracker got of it.
    pub(crate) async fn reported(&self, error: &Value) -> Value {
        let before = self.tracker.taken().len();
        let reply = self.report(error).await;
        assert!([200, 201, 202].contains(&reply.status), "{}", reply.text());
        self.tracker.has_taken(before + 1).await.pop().unwrap()
    }

    pub(crate) async fn measure(&self, metrics: &Value) -> Reply {
        self.browser.post_json("/api/browser/metrics", metrics).await
    }

    /// Sends metrics, which must be accepted, and answers with what the collector got of them.
    pub(crate) async fn measured(&self, metrics: &Value) -> Vec<Value> {
        let before = self.collector.taken().len();
        let reply = self.measure(metrics).await;
        assert_eq!(reply.status, 202, "{}", reply.text());
        let count = reply.json()["count"].as_u64().unwrap() as usize;
        self.collector.has_taken(before + count).await.split_off(before)
    }

    /// Makes a key, and answers with all that is told of it.
    pub(crate) async fn make_key(&self, body: &Value) -> Value {
        let reply = self.admin.post_json("/api/dsn-keys", body).await;
        assert_eq!(reply.status, 201, "{}", reply.text());
        reply.json()
    }

    /// A browser with a new key.
    pub(crate) async fn browser_of(&self, body: &Value) -> Client {
        let key = self.make_key(body).await;
        self.service
            .client()
            .with("X-Monlight-Key", key["public_key"].as_str().unwrap())
    }

    pub(crate) async fn upload(&self, project: &str, release: &str, file_url: &str, map: &Value) -> Value {
        let body = json!({
            "project": project, "release": release, "file_url": file_url, "map_content": map.to_string(),
        });
        let reply = self.admin.post_json("/api/source-maps", &body).await;
        assert_eq!(reply.status, 201, "{}", reply.text());
        reply.json()
    }

    /// A figure of its own.
    pub(crate) async fn figure(&self, name: &str) -> u64 {
        let reply = self.admin.get("/metrics").await;
        exposition::figures(&reply, "monlight_browser_relay_")[name]
    }

    /// Waits until a figure of its own is this.
    pub(crate) async fn figure_is(&self, name: &str, value: u64) {
        eventually(&format!("{name} is {value}"), async || {
            (self.figure(name).await == value).then_some(())
        })
        .await;
    }

    /// What `/api/spool` tells of a peer.
    pub(crate) async fn spool(&self, peer: &str) -> Value {
        let state = self.get("/api/spool").await;
        let peers = state["peers"].as_array().unwrap();
        peers.iter().find(|state| state["peer"] == peer).unwrap().clone()
    }

    /// Where the database lies.
    pub(crate) fn database(&self) -> PathBuf {
        self.service.folder().join("relay.db")
    }

    /// All bytes of the database with its log, and what is compressed in the spool.
    pub(crate) async fn bytes_on_disk(&self) -> Vec<u8> {
        let mut database = database::open(&self.database()).await;
        let waiting: Vec<(i64, Vec<u8>)> = sqlx::query_as("select size, body from spool")
            .fetch_all(&mut database)
            .await
            .unwrap();
        let mut bytes = Vec::new();
        for (size, body) in waiting {
            bytes.extend(zstd::bulk::decompress(&body, size as usize).unwrap());
        }
        for entry in std::fs::read_dir(self.service.folder()).unwrap() {
            bytes.extend(std::fs::read(entry.unwrap().path()).unwrap());
        }
        bytes
    }
}

fn config(folder: &Path, tracker: &Peer, collector: &Peer, settings: &[(&str, &str)]) -> Config {
    let database = folder.join("relay.db");
    let (tracker, collector) = (tracker.url(), collector.url());
    let seeded = format!("shop:{KEY}");
    let general = [
        ("ADMIN_API_KEY", ADMIN),
        ("DATABASE_PATH", database.to_str().unwrap()),
        ("ERROR_TRACKER_URL", &tracker),
        ("ERROR_TRACKER_API_KEY", TRACKER_KEY),
        ("METRICS_COLLECTOR_URL", &collector),
        ("METRICS_COLLECTOR_API_KEY", COLLECTOR_KEY),
        ("DSN_KEYS", &seeded),
        ("RATE_LIMIT", "1000000"),
    ];
    Config::load(&lookup(settings, &general)).expect("the settings of the test are right")
}

/// An error as a browser sends it.
pub(crate) fn error(message: &str) -> Value {
    json!({"type": "TypeError", "message": message, "url": "https://shop.example.com/cart"})
}

/// Metrics as a browser sends them.
pub(crate) fn vitals(values: &[f64]) -> Value {
    let points: Vec<Value> = values
        .iter()
        .map(|value| point("web_vitals_lcp", *value))
        .collect();
    json!({"metrics": points, "url": "https://shop.example.com/cart", "session_id": "session-of-a-visitor"})
}

pub(crate) fn point(name: &str, value: f64) -> Value {
    json!({"name": name, "type": "histogram", "value": value})
}

/// The map of the contract.
pub(crate) fn vector() -> Value {
    json!({"version": 3, "sources": ["src/app.ts"], "names": ["realName"], "mappings": "AAAAA,IAAAA"})
}

pub(crate) fn contains(bytes: &[u8], text: &str) -> bool {
    memchr::memmem::find(bytes, text.as_bytes()).is_some()
}
