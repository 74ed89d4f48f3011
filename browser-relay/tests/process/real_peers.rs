//! The relay before the real error tracker and the real metrics collector, with a network that breaks and kills of the
//! relay: what they count is what was acknowledged.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use shared::testing::{Chance, Program, Service};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::ledger::Ledger;
use crate::load::Load;
use crate::setup::{BINARY, COLLECTOR_KEY, TRACKER_KEY, before, is_drained};

const ROUNDS: u64 = 14;

/// A network in front of a service: it breaks off all connections and lets none in, and it lets them in again.
struct Network {
    address: SocketAddr,
    target: watch::Sender<Option<SocketAddr>>,
}

impl Network {
    async fn before(service: &Service) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (target, seen) = watch::channel(Some(service.address));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let mut seen = seen.clone();
                tokio::spawn(async move {
                    let Some(target) = *seen.borrow_and_update() else {
                        return;
                    };
                    tokio::select! {
                        _ = pass_on(stream, target) => {}
                        _ = seen.changed() => {}
                    }
                });
            }
        });
        Self { address, target }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn break_off(&self) {
        self.target.send_replace(None);
    }

    fn lead_to(&self, service: &Service) {
        self.target.send_replace(Some(service.address));
    }
}

async fn pass_on(mut browser: TcpStream, target: SocketAddr) -> std::io::Result<()> {
    let mut service = TcpStream::connect(target).await?;
    tokio::io::copy_bidirectional(&mut browser, &mut service).await?;
    Ok(())
}

fn lookup(key: &'static str, database: std::path::PathBuf) -> impl Fn(&str) -> Option<String> {
    move |name| match name {
        "API_KEY" => Some(key.to_owned()),
        "DATABASE_PATH" => Some(database.to_str()?.to_owned()),
        "RATE_LIMIT" => Some("1000000".into()),
        _ => None,
    }
}

async fn tracker(folder: tempfile::TempDir) -> Service {
    Service::start_in(folder, |folder, listener, stop| {
        let config = error_tracker::Config::load(&lookup(TRACKER_KEY, folder.join("errors.db")));
        error_tracker::start(config.expect("settings"), listener, stop)
    })
    .await
}

async fn collector(folder: tempfile::TempDir) -> Service {
    Service::start_in(folder, |folder, listener, stop| {
        let config = metrics_collector::Config::load(&lookup(COLLECTOR_KEY, folder.join("metrics.db")));
        metrics_collector::start(config.expect("settings"), listener, stop)
    })
    .await
}

async fn get(service: &Service, key: &str, path: &str) -> Value {
    let client = service.client().with("X-API-Key", key);
    client.get_json(path).await
}

/// How often the tracker has counted the reports of each session.
async fn counted(tracker: &Service) -> BTreeMap<u64, u64> {
    let list = get(tracker, TRACKER_KEY, "/api/errors?limit=100").await;
    let groups = list["errors"].as_array().unwrap().iter();
    let mut counts = BTreeMap::new();
    for group in groups {
        let session = group["exception_type"]
            .as_str()
            .unwrap()
            .strip_prefix("Session")
            .unwrap();
        *counts.entry(session.parse().unwrap()).or_default() += group["count"].as_u64().unwrap();
    }
    counts
}

async fn points(collector: &Service) -> u64 {
    let metric = get(collector, COLLECTOR_KEY, "/api/metrics?name=hits&period=24h").await;
    let rows = metric["data"].as_array().unwrap().iter();
    rows.map(|row| row["count"].as_u64().unwrap()).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_real_peers_count_what_was_acknowledged_through_kills_and_broken_networks() {
    let mut tracker = tracker(tempfile::tempdir().unwrap()).await;
    let mut collector = collector(tempfile::tempdir().unwrap()).await;
    let (to_tracker, to_collector) = (Network::before(&tracker).await, Network::before(&collector).await);
    let folder = tempfile::tempdir().unwrap();
    let program = Program::new(BINARY, folder.path().join("relay.db"));
    let program = before(program, &to_tracker.url(), &to_collector.url());
    let ledger = Arc::new(Ledger::default());
    let mut chance = Chance::new();

    for round in 0..ROUNDS {
        let relay = program.start().await;
        let load = Load::start(&relay, &ledger);
        for _ in 0..4 {
            load.acknowledged(chance.within(0, 60)).await;
            for network in [&to_tracker, &to_collector] {
                if chance.once_in(2) {
                    network.break_off();
                }
            }
            tokio::time::sleep(Duration::from_millis(chance.within(0, 40))).await;
            to_tracker.lead_to(&tracker);
            to_collector.lead_to(&collector);
        }
        if round % 5 == 2 {
            to_tracker.break_off();
            tracker = self::tracker(tracker.stop().await).await;
            to_tracker.lead_to(&tracker);
        }
        if round % 5 == 4 {
            to_collector.break_off();
            collector = self::collector(collector.stop().await).await;
            to_collector.lead_to(&collector);
        }
        relay.kill();
        load.end().await;
    }

    // The last report of each session is sent until it is acknowledged, so the tracker's count is exact.
    let relay = program.start().await;
    let load = Load::start(&relay, &ledger);
    load.acknowledged(60).await;
    load.end().await;
    is_drained(&relay).await;
    assert_eq!(counted(&tracker).await, ledger.reports());
    let (acknowledged, sent) = ledger.points();
    let found = points(&collector).await;
    assert!(
        (acknowledged..=sent).contains(&found),
        "{found} points, of which {acknowledged} were acknowledged and {sent} sent"
    );
    relay.stop().await;
}
