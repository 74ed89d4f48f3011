//! Browsers that send all the time: sessions with reports, each sent until it is acknowledged, and beacons with points,
//! sent once.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use shared::testing::{Chance, DEADLINE, Process, eventually};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::ledger::{Ledger, SESSIONS};
use crate::setup::DSN_KEY;

const BEACONS: u64 = 3;

/// Running browsers. What they send and what is acknowledged stands in the ledger.
pub(crate) struct Load {
    stop: CancellationToken,
    browsers: Vec<JoinHandle<()>>,
    ledger: Arc<Ledger>,
    acknowledged_before: u64,
}

impl Load {
    pub(crate) fn start(relay: &Process, ledger: &Arc<Ledger>) -> Self {
        let stop = CancellationToken::new();
        let acknowledged_before = ledger.acknowledged();
        let browser = |seed: u64| Browser {
            url: format!("http://{}", relay.address),
            http: shared::outbound::client(DEADLINE),
            ledger: Arc::clone(ledger),
            chance: Chance::from_seed(acknowledged_before * 1_000 + seed),
            stop: stop.clone(),
        };
        let sessions = (0..SESSIONS).map(|session| tokio::spawn(browser(session).report(session)));
        let beacons = (0..BEACONS).map(|number| tokio::spawn(browser(100 + number).measure()));
        Self {
            browsers: sessions.chain(beacons).collect(),
            ledger: Arc::clone(ledger),
            acknowledged_before,
            stop,
        }
    }

    /// Waits until so many more requests have been acknowledged since the start.
    pub(crate) async fn acknowledged(&self, count: u64) {
        eventually("enough acknowledged requests", async || {
            (self.ledger.acknowledged() >= self.acknowledged_before + count).then_some(())
        })
        .await;
    }

    /// Lets every browser finish its request.
    pub(crate) async fn end(self) {
        self.stop.cancel();
        for browser in self.browsers {
            browser.await.unwrap();
        }
    }
}

/// What became of a request.
#[derive(PartialEq)]
enum Outcome {
    Acknowledged,
    Refused,
    /// The connection ended; the process is gone or about to go.
    BrokenOff,
}

struct Browser {
    url: String,
    http: reqwest::Client,
    ledger: Arc<Ledger>,
    chance: Chance,
    stop: CancellationToken,
}

impl Browser {
    async fn report(self, session: u64) {
        while !self.stop.is_cancelled() {
            match self
                .send("/api/browser/errors", &self.ledger.next_report(session))
                .await
            {
                Outcome::Acknowledged => self.ledger.acknowledge_report(session),
                Outcome::Refused => wait_a_little().await,
                Outcome::BrokenOff => return,
            }
        }
    }

    async fn measure(mut self) {
        while !self.stop.is_cancelled() {
            let (body, numbers) = self.ledger.next_points(self.chance.within(1, 6));
            match self.send("/api/browser/metrics", &body).await {
                Outcome::Acknowledged => self.ledger.acknowledge_points(&numbers),
                Outcome::Refused => wait_a_little().await,
                Outcome::BrokenOff => return,
            }
        }
    }

    async fn send(&self, path: &str, body: &Value) -> Outcome {
        let request = self.http.post(format!("{}{path}", self.url));
        let Ok(answer) = request.header("x-monlight-key", DSN_KEY).json(body).send().await else {
            return Outcome::BrokenOff;
        };
        let status = answer.status().as_u16();
        assert!([200, 201, 202, 503].contains(&status), "{status}");
        // An acknowledgement that did not arrive whole is none.
        match answer.bytes().await {
            Ok(_) if status < 300 => Outcome::Acknowledged,
            Ok(_) => Outcome::Refused,
            Err(_) => Outcome::BrokenOff,
        }
    }
}

/// The next try need not come at once.
async fn wait_a_little() {
    tokio::time::sleep(Duration::from_millis(2)).await;
}
