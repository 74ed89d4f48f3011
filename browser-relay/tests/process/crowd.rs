//! Very many browsers at once while a peer hangs: each is answered, and the memory stays what it was.

use std::time::{Duration, Instant};

use serde_json::json;
use shared::testing::{DEADLINE, Process, exposition};

use crate::peer::Mood;
use crate::setup::{DSN_KEY, Peers};

const BROWSERS: usize = 1_000;

async fn resident(relay: &Process) -> u64 {
    let reply = relay.api().get("/metrics").await;
    exposition::figures(&reply, "monlight_browser_relay_")["resident_memory_bytes"]
}

/// The statuses that a crowd gets, each with one report or points of about 10 KB.
async fn crowd(relay: &Process) -> Vec<u16> {
    let http = shared::outbound::client(DEADLINE);
    let sends = (0..BROWSERS).map(|number| {
        let path = if number % 2 == 0 { "errors" } else { "metrics" };
        let padding = "p".repeat(10_000);
        let body = if number % 2 == 0 {
            json!({"message": "x", "stack": padding})
        } else {
            let points: Vec<_> = (0..40)
                .map(|_| json!({"name": "hits", "type": "histogram", "value": 1, "labels": {"x": &padding[..200]}}))
                .collect();
            json!({"metrics": points})
        };
        let request = http.post(format!("http://{}/api/browser/{path}", relay.address));
        let request = request.header("x-monlight-key", DSN_KEY).json(&body);
        tokio::spawn(async move { request.send().await.unwrap().status().as_u16() })
    });
    let sends: Vec<_> = sends.collect();
    let mut statuses = Vec::new();
    for send in sends {
        statuses.push(send.await.unwrap());
    }
    statuses
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_before_a_peer_that_hangs_is_answered_and_takes_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let peers = Peers::start();
    let relay = peers.program(folder.path()).start().await;
    crowd(&relay).await;
    let before = resident(&relay).await;
    peers.tracker.forget();
    peers.collector.forget();
    for peer in [&peers.tracker, &peers.collector] {
        peer.set(Mood::Hangs);
    }

    let started = Instant::now();
    let mut highest = 0;
    let mut accepted = 0;
    for _ in 0..3 {
        let statuses = crowd(&relay).await;
        let now = resident(&relay).await;
        eprintln!("{before} bytes before, {now} after a crowd");
        highest = highest.max(now);
        assert!(
            statuses.iter().all(|status| [202, 503].contains(status)),
            "{statuses:?}"
        );
        accepted += statuses.iter().filter(|status| **status == 202).count();
    }

    assert!(
        started.elapsed() < Duration::from_secs(25),
        "{:?}",
        started.elapsed()
    );
    assert!(accepted > BROWSERS, "{accepted} were accepted");
    assert!(
        highest < before + (16 << 20),
        "{before} bytes before, {highest} at most"
    );
    relay.stop().await;
}
