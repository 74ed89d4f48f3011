//! `kill -9` at any moment, with peers in any mood, loses nothing that was acknowledged and brings nothing twice.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use shared::testing::database::{assert_sound, number};
use shared::testing::process::contents;
use shared::testing::{Chance, Process, eventually};

use crate::ledger::Ledger;
use crate::load::Load;
use crate::peer::Mood;
use crate::setup::{Peers, browser, is_drained, waiting};
use crate::weather::Weather;

const ROUNDS: u64 = 45;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_at_any_moment_lose_nothing_and_bring_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let peers = Peers::start();
    let program = peers.program(folder.path());
    let ledger = Arc::new(Ledger::default());
    let mut chance = Chance::new();
    let weather = Weather::start(&peers, 60);

    for round in 0..ROUNDS {
        if round % 5 == 4 {
            // Into the start, wherever it is.
            let starting = Process::spawn(program.command(&[]));
            pause(chance.within(0, 60_000)).await;
            starting.kill();
        }
        let relay = program.start().await;
        if round % 9 == 0 {
            assert_sound(&program.database).await;
        }
        let load = Load::start(&relay, &ledger);
        // Some kills fall into the first requests of the process.
        load.acknowledged(chance.within(0, [2, 30, 60][(round % 3) as usize]))
            .await;
        pause(chance.within(0, 15_000)).await;
        relay.kill();
        load.end().await;
    }
    weather.clear_up().await;

    let relay = program.start().await;
    is_drained(&relay).await;
    ledger.assert_arrived(&peers);
    // What a browser does not know to have arrived it sends again.
    let load = Load::start(&relay, &ledger);
    load.acknowledged(100).await;
    load.end().await;
    is_drained(&relay).await;
    ledger.assert_arrived(&peers);
    assert!(ledger.acknowledged() > ROUNDS * 10, "the kills met no load");
    relay.stop().await;
    assert_sound(&program.database).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn peers_in_any_mood_get_everything_once_and_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let peers = Peers::start();
    let program = peers.program(folder.path());
    let ledger = Arc::new(Ledger::default());
    for _ in 0..4 {
        let weather = Weather::start(&peers, 400);
        let relay = program.start().await;
        let load = Load::start(&relay, &ledger);
        load.acknowledged(400).await;
        load.end().await;
        // Whatever the mood is just now, the stop comes in time.
        relay.stop().await;
        weather.clear_up().await;
    }

    let relay = program.start().await;
    is_drained(&relay).await;

    ledger.assert_arrived(&peers);
    relay.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spool_that_runs_full_again_and_again_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let peers = Peers::start();
    let program = peers.program(folder.path()).with("SPOOL_MAX_BYTES", "1MiB");
    let ledger = Arc::new(Ledger::default());
    let relay = program.start().await;
    // Half of it is taken by what is large.
    peers.tracker.down().await;
    let mut filled = 0;
    let large = json!({"message": "filler", "stack": Chance::new().text(60_000), "context": {"session": 999, "number": 0}});
    while browser(&relay)
        .post_json("/api/browser/errors", &large)
        .await
        .status
        == 202
    {
        filled += 1;
        assert!(filled < 100);
    }
    let load = Load::start(&relay, &ledger);
    eventually("browsers are turned away", async || {
        let figures = relay.api().get("/metrics").await;
        let text = figures.text().to_owned();
        let line = text
            .lines()
            .find(|line| line.starts_with("monlight_browser_relay_reports_turned_away_total"));
        let count: u64 = line.unwrap().rsplit(' ').next().unwrap().parse().unwrap();
        (count > 50).then_some(())
    })
    .await;
    peers.tracker.up();
    eventually("all sessions go on", async || {
        let reports = ledger.reports();
        (reports.len() == 6 && reports.values().all(|count| *count > 5)).then_some(())
    })
    .await;
    load.end().await;
    is_drained(&relay).await;

    let fillers = peers
        .tracker
        .taken()
        .iter()
        .filter(|report| report["message"] == "filler")
        .count();
    assert_eq!(fillers, filled);
    ledger.assert_arrived(&peers);
    relay.stop().await;
}

#[tokio::test]
async fn unreachable_peers_at_the_start_are_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let peers = Peers::start();
    peers.tracker.down().await;
    peers.collector.set(Mood::Hangs);
    let relay = peers.program(folder.path()).start().await;
    assert_eq!(relay.api().get("/health").await.status, 200);
    assert_eq!(crate::setup::report(&relay, "x").await, 202);
    let points = json!({"metrics": [{"name": "hits", "type": "histogram", "value": 1}]});
    assert_eq!(
        browser(&relay).post_json("/api/metrics", &points).await.status,
        202
    );
    assert_eq!(waiting(&relay).await, (1, 1));

    peers.tracker.up();
    peers.collector.set(Mood::Well);

    is_drained(&relay).await;
    assert_eq!(
        (peers.tracker.taken().len(), peers.collector.taken().len()),
        (1, 1)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_amid_an_upload_leaves_nothing_that_the_next_start_does_not_clear() {
    let folder = tempfile::tempdir().unwrap();
    let program = crate::setup::program(folder.path());
    let mut chance = Chance::new();
    // Text that cannot be packed, so that there are many blocks.
    let source = chance.text(6 << 20);
    let map = json!({"version": 3, "sources": ["a.ts"], "names": [], "mappings": "AAAA", "sourcesContent": [source]});
    let map = map.to_string().into_bytes();
    let mut stored = 0;
    for round in 0..8 {
        let relay = program.start().await;
        let api = relay.api();
        let path = format!("/api/source-maps?project=shop&release={round}&file_url=/a.js");
        let body = map.clone();
        let upload = tokio::spawn(async move {
            let mut connection = api.connect().await;
            let head = api.head(
                "POST",
                &path,
                &[("Content-Length".into(), body.len().to_string())],
            );
            let _ = connection.write(head.as_bytes()).await && connection.write(&body).await;
            connection
                .read_until("\r\n\r\n")
                .await
                .starts_with("HTTP/1.1 201")
        });
        if round < 7 {
            pause(chance.within(0, 900_000)).await;
        } else {
            eventually("the last upload is done", async || {
                upload.is_finished().then_some(())
            })
            .await;
        }
        relay.kill();
        stored += i64::from(upload.await.unwrap());
    }

    let relay = program.start().await;
    let blocks_of =
        "select count(*) from source_map_blocks where id >> 20 not in (select id from source_maps)";
    let indexes_of =
        "select count(*) from source_map_indexes where map_id not in (select id from source_maps)";
    eventually("nothing is left of what broke off", async || {
        let left = number(&program.database, blocks_of).await + number(&program.database, indexes_of).await;
        (left == 0).then_some(())
    })
    .await;
    let kept = number(&program.database, "select count(*) from source_maps").await;
    assert!(kept >= stored, "{kept} of {stored}");
    let files = contents(folder.path());
    assert!(
        files
            .keys()
            .all(|path| path.to_string_lossy().contains("relay.db")),
        "{:?}",
        files.keys()
    );
    relay.stop().await;
    assert_sound(&program.database).await;
}

/// A random moment is the point of the test; nothing is waited for.
async fn pause(micros: u64) {
    tokio::time::sleep(Duration::from_micros(micros)).await;
}
