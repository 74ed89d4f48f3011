//! The program under test, and its peers.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use shared::testing::process::KEY;
use shared::testing::{Client, Process, Program, eventually};

use crate::peer::{Peer, Role};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_browser-relay");
/// The key of the project `shop`.
pub(crate) const DSN_KEY: &str = "00112233445566778899aabbccddeeff";
pub(crate) const TRACKER_KEY: &str = "the-key-of-the-tracker";
pub(crate) const COLLECTOR_KEY: &str = "the-key-of-the-collector";

/// The two services behind the relay.
pub(crate) struct Peers {
    pub(crate) tracker: Arc<Peer>,
    pub(crate) collector: Arc<Peer>,
}

impl Peers {
    pub(crate) fn start() -> Self {
        Self {
            tracker: Arc::new(Peer::start(Role::Tracker, TRACKER_KEY)),
            collector: Arc::new(Peer::start(Role::Collector, COLLECTOR_KEY)),
        }
    }

    /// The program on a database in this folder, before these peers.
    pub(crate) fn program(&self, folder: &Path) -> Program {
        self.before(Program::new(BINARY, folder.join("relay.db")))
    }

    pub(crate) fn before(&self, program: Program) -> Program {
        before(program, &self.tracker.url(), &self.collector.url())
    }
}

/// The program before the services at these addresses.
pub(crate) fn before(program: Program, tracker: &str, collector: &str) -> Program {
    program
        .without("API_KEY")
        .with("ADMIN_API_KEY", KEY)
        .with("ERROR_TRACKER_URL", tracker)
        .with("ERROR_TRACKER_API_KEY", TRACKER_KEY)
        .with("METRICS_COLLECTOR_URL", collector)
        .with("METRICS_COLLECTOR_API_KEY", COLLECTOR_KEY)
        .with("DSN_KEYS", format!("shop:{DSN_KEY}"))
}

/// The program in this folder, before peers that nobody can reach.
pub(crate) fn program(folder: &Path) -> Program {
    let nowhere = "http://127.0.0.1:9";
    before(Program::new(BINARY, folder.join("relay.db")), nowhere, nowhere)
}

/// A client that has the DSN key.
pub(crate) fn browser(relay: &Process) -> Client {
    Client::new(relay.address).with("X-Monlight-Key", DSN_KEY)
}

pub(crate) fn error(message: &str) -> Value {
    json!({"type": "TypeError", "message": message})
}

pub(crate) async fn report(relay: &Process, message: &str) -> u16 {
    let reply = browser(relay)
        .post_json("/api/browser/errors", &error(message))
        .await;
    reply.status
}

/// What waits for the two peers.
pub(crate) async fn waiting(relay: &Process) -> (u64, u64) {
    let health = Client::new(relay.address).get("/health").await;
    let health: Value = serde_json::from_slice(&health.body).unwrap();
    let of = |name: &str| health[name].as_u64().unwrap();
    (of("waiting_reports"), of("waiting_points"))
}

/// Waits until nothing waits for the peers any more.
pub(crate) async fn is_drained(relay: &Process) {
    eventually("the spool is empty", async || {
        (waiting(relay).await == (0, 0)).then_some(())
    })
    .await;
}
