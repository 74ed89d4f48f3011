//! Everything at once, for its memory: the worst searches, live views, and many lines to read.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use futures_util::future::try_join_all;
use tokio::time::timeout;

use super::corpus::LiveLog;
use super::event_stream::{EventStream, TAIL};
use super::ingest::wait_until_read;
use super::pages::substring;
use super::{API_KEY, Plan};
use crate::connection::{Client, percent_encode};
use crate::process::Service;

const CLIENTS: u64 = 8;
const LIVE_VIEWS: usize = 3;
/// So that each search comes several times even when the lines are read at once.
const AT_LEAST: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(50);

/// Runs until the lines have been read, and some seconds at least.
pub(super) fn run(service: &Service, live: &mut LiveLog, plan: &Plan) -> Result<()> {
    let started = Instant::now();
    let (stop, searches) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        let watchers = scope.spawn(|| watch(service, &stop));
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (stop, searches) = (&stop, &searches);
                scope.spawn(move || search(service, client, stop, searches))
            })
            .collect();
        let written = live.append_corpus(plan.pressure_lines);
        let read = written.and_then(|()| {
            let mut client = Client::open(service.address, API_KEY)?;
            wait_until_read(&mut client, plan.pressure_lines)
        });
        thread::sleep(AT_LEAST.saturating_sub(started.elapsed()));
        stop.store(true, Ordering::Relaxed);

        for thread in clients.into_iter().chain([watchers]) {
            thread.join().map_err(|_| anyhow!("a client panicked"))??;
        }
        read
    })?;
    let searches = searches.into_inner();
    ensure!(searches >= CLIENTS, "only {searches} searches were answered");
    Ok(())
}

fn search(service: &Service, client: u64, stop: &AtomicBool, searches: &AtomicU64) -> Result<()> {
    let mut connection = Client::open(service.address, API_KEY)?;
    let mut turn = client;
    while !stop.load(Ordering::Relaxed) {
        let path = worst_search(turn);
        let answer = connection.get(&path)?;
        ensure!(answer.status == 200, "GET {path} answered {}", answer.status);
        searches.fetch_add(1, Ordering::Relaxed);
        turn += 1;
    }
    Ok(())
}

/// What no index narrows down.
fn worst_search(turn: u64) -> String {
    let (route, search) = match turn % 4 {
        0 => ("/api/logs?limit=500", substring(turn, 5)),
        1 => (
            "/api/logs?limit=500",
            "NOT (get OR post OR msg OR traceback)".to_owned(),
        ),
        2 => ("/api/logs/histogram?buckets=1000", substring(turn, 3)),
        _ => (
            "/api/logs/histogram?buckets=1000",
            format!("NOT {}", substring(turn, 2)),
        ),
    };
    format!("{route}&search={}", percent_encode(&search))
}

fn watch(service: &Service, stop: &AtomicBool) -> Result<()> {
    let watch_one = || async {
        let mut stream = EventStream::open(service.address, TAIL, API_KEY, None).await?;
        while !stop.load(Ordering::Relaxed) {
            // Whatever comes; nothing for a while is no fault.
            if let Ok(next) = timeout(LOOK, stream.next()).await {
                next?;
            }
        }
        anyhow::Ok(())
    };
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(try_join_all((0..LIVE_VIEWS).map(|_| watch_one())))
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_client_comes_to_each_of_the_worst_searches() {
        let paths: Vec<String> = (0..4).map(worst_search).collect();

        assert!(paths[0].starts_with("/api/logs?limit=500&search=%2A"));
        assert!(paths[1].contains("NOT%20%28get"));
        assert!(paths[2].contains("histogram") && paths[3].contains("NOT%20%2A"));
    }
}
