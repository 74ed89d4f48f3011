//! Clients that send points all the time, each batch with its key, some of them twice at once.

use std::sync::Arc;
use std::time::Duration;

use shared::testing::process::KEY;
use shared::testing::{Chance, DEADLINE, Process, eventually};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::ledger::{Batch, Ledger};

const CLIENTS: u64 = 6;
/// Points of a batch at most.
const LARGEST_BATCH: u64 = 40;

/// Running clients. What they send and what is acknowledged stands in the ledger.
pub(crate) struct Load {
    stop: CancellationToken,
    clients: Vec<JoinHandle<()>>,
    ledger: Arc<Ledger>,
    acknowledged_before: u64,
}

impl Load {
    pub(crate) fn start(collector: &Process, ledger: &Arc<Ledger>) -> Self {
        let stop = CancellationToken::new();
        let acknowledged_before = ledger.acknowledged();
        let clients = (0..CLIENTS).map(|number| {
            let client = Client {
                url: format!("http://{}/api/metrics", collector.address),
                http: shared::outbound::client(DEADLINE),
                ledger: Arc::clone(ledger),
                chance: Chance::from_seed(acknowledged_before * 1_000 + number + 7),
            };
            tokio::spawn(client.run(stop.clone()))
        });
        Self {
            clients: clients.collect(),
            stop,
            ledger: Arc::clone(ledger),
            acknowledged_before,
        }
    }

    /// Waits until so many more batches have been acknowledged since the start.
    pub(crate) async fn acknowledged(&self, count: u64) {
        eventually("enough acknowledged batches", async || {
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
#[derive(PartialEq)]
enum Outcome {
    Acknowledged,
    Refused,
    /// The connection ended; the process is gone or about to go.
    BrokenOff,
}

struct Client {
    url: String,
    http: reqwest::Client,
    ledger: Arc<Ledger>,
    chance: Chance,
}

impl Client {
    async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let batch = self.ledger.write(&mut self.chance, LARGEST_BATCH);
            let outcome = if self.chance.once_in(5) {
                // As a client does that gave up too early.
                let (first, second) = tokio::join!(self.send(&batch), self.send(&batch));
                if first == Outcome::Acknowledged {
                    first
                } else {
                    second
                }
            } else {
                self.send(&batch).await
            };
            match outcome {
                Outcome::Acknowledged => self.ledger.acknowledge(&batch.key),
                // The next try need not come at once.
                Outcome::Refused => tokio::time::sleep(Duration::from_millis(2)).await,
                Outcome::BrokenOff => return,
            }
        }
    }

    async fn send(&self, batch: &Batch) -> Outcome {
        let request = self.http.post(&self.url).header("x-api-key", KEY);
        let request = request.header("idempotency-key", &batch.key).json(&batch.body());
        let Ok(answer) = request.send().await else {
            return Outcome::BrokenOff;
        };
        let status = answer.status().as_u16();
        assert!([202, 503].contains(&status), "{status}");
        // An acknowledgement that did not arrive whole is none.
        match answer.bytes().await {
            Ok(_) if status == 202 => Outcome::Acknowledged,
            Ok(_) => Outcome::Refused,
            Err(_) => Outcome::BrokenOff,
        }
    }
}
