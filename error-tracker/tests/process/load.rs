//! Clients that report all the time, some one by one and some in batches.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use shared::testing::process::KEY;
use shared::testing::{Chance, DEADLINE, Process, eventually};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::ledger::Ledger;

const CLIENTS: u64 = 6;
/// Reports of a batch at most; more than one transaction takes.
const LARGEST_BATCH: u64 = 150;

/// Running clients. What they send and what is acknowledged stands in the ledger.
pub(crate) struct Load {
    stop: CancellationToken,
    clients: Vec<JoinHandle<()>>,
    ledger: Arc<Ledger>,
    acknowledged_before: u64,
}

impl Load {
    pub(crate) fn start(tracker: &Process, ledger: &Arc<Ledger>) -> Self {
        let stop = CancellationToken::new();
        let acknowledged_before = ledger.acknowledged();
        let clients = (0..CLIENTS)
            .map(|number| {
                let is_single = number % 2 == 0;
                let path = if is_single {
                    "/api/errors"
                } else {
                    "/api/errors/batch"
                };
                let client = Client {
                    url: format!("http://{}{path}", tracker.address),
                    is_single,
                    http: shared::outbound::client(DEADLINE),
                    ledger: Arc::clone(ledger),
                };
                let stop = stop.clone();
                tokio::spawn(async move {
                    let mut chance = Chance::from_seed(acknowledged_before * 1_000 + number);
                    while !stop.is_cancelled() {
                        let count = if is_single {
                            1
                        } else {
                            chance.within(2, LARGEST_BATCH)
                        };
                        match client.send(count).await {
                            Outcome::Acknowledged => {}
                            // The next try need not come at once.
                            Outcome::Refused => tokio::time::sleep(Duration::from_millis(2)).await,
                            Outcome::BrokenOff => return,
                        }
                    }
                })
            })
            .collect();
        Self {
            stop,
            clients,
            ledger: Arc::clone(ledger),
            acknowledged_before,
        }
    }

    /// Waits until so many more reports have been acknowledged since the start.
    pub(crate) async fn acknowledged(&self, count: u64) {
        eventually("enough acknowledged reports", async || {
            (self.ledger.acknowledged() >= self.acknowledged_before + count).then_some(())
        })
        .await;
    }

    /// Lets every client finish its request.
    pub(crate) async fn end(self) {
        self.stop.cancel();
        for client in self.clients {
            client.await.unwrap();
        }
    }
}

/// What became of a request.
enum Outcome {
    Acknowledged,
    Refused,
    /// The connection ended; the process is gone or about to go.
    BrokenOff,
}

struct Client {
    url: String,
    is_single: bool,
    http: reqwest::Client,
    ledger: Arc<Ledger>,
}

impl Client {
    /// Sends new reports, and notes whether they were acknowledged.
    async fn send(&self, count: u64) -> Outcome {
        let events = self.ledger.write(count);
        let mut reports: Vec<Value> = events.iter().map(|event| self.ledger.report(*event)).collect();
        let body = if self.is_single {
            reports.remove(0)
        } else {
            reports.into()
        };
        let request = self.http.post(&self.url).header("x-api-key", KEY).json(&body);
        let Ok(answer) = request.send().await else {
            return Outcome::BrokenOff;
        };
        let is_success = answer.status().is_success();
        // An acknowledgement that did not arrive whole is none.
        let Ok(bytes) = answer.bytes().await else {
            return Outcome::BrokenOff;
        };
        if !is_success {
            return Outcome::Refused;
        }
        let body: Value = serde_json::from_slice(&bytes).unwrap();
        assert!(
            self.is_single || body["results"].as_array().unwrap().len() as u64 == count,
            "{body}"
        );
        self.ledger.acknowledge(&events);
        Outcome::Acknowledged
    }
}
