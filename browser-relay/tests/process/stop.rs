//! SIGTERM and SIGINT: what is in flight is answered, the end is clean and comes in time.

use std::sync::Arc;

use serde_json::json;
use shared::testing::database::{self, assert_sound};
use shared::testing::stop::{
    assert_clean, assert_ends_well, assert_first_process_stops, assert_merged, open_idle,
};

use crate::ledger::Ledger;
use crate::load::Load;
use crate::peer::Mood;
use crate::setup::{Peers, browser, error, is_drained, program, report};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_under_load_loses_nothing_whatever_the_peers_do() {
    let folder = tempfile::tempdir().unwrap();
    let peers = Peers::start();
    let program = peers.program(folder.path());
    let ledger = Arc::new(Ledger::default());
    for (signal, mood) in [
        ("TERM", Mood::Well),
        ("INT", Mood::Hangs),
        ("TERM", Mood::status(500)),
        ("TERM", Mood::Slow(std::time::Duration::from_millis(1_500))),
    ] {
        let mut relay = program.start().await;
        let load = Load::start(&relay, &ledger);
        load.acknowledged(60).await;
        peers.tracker.set(mood.clone());
        peers.collector.set(mood);
        load.acknowledged(20).await;

        relay.signal(signal);
        assert_ends_well(&mut relay).await;
        load.end().await;

        assert_clean(&relay);
        assert_merged(&program.database);
        assert_sound(&program.database).await;
    }
    peers.tracker.set(Mood::Well);
    peers.collector.set(Mood::Well);
    let relay = program.start().await;
    is_drained(&relay).await;
    ledger.assert_arrived(&peers);
    relay.stop().await;
}

#[tokio::test]
async fn requests_in_flight_at_the_stop_are_answered_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let peers = Peers::start();
    for is_away in [false, true] {
        if is_away {
            peers.tracker.down().await;
        }
        let mut relay = peers.program(folder.path()).start().await;
        let body = error(&format!("in flight {is_away}")).to_string();
        let (mut connection, rest) = browser(&relay).post_half("/api/browser/errors", &body).await;
        let map = json!({
            "project": "shop", "release": is_away, "file_url": "/a.js",
            "map_content": {"version": 3, "sources": ["a.ts"], "names": [], "mappings": "AAAA"},
        });
        let map = map.to_string().replace("true", "\"1\"").replace("false", "\"0\"");
        let (mut upload, rest_of_map) = relay.api().post_half("/api/source-maps", &map).await;
        // An answer on another connection shows that the relay has taken up the others.
        assert_eq!(relay.api().get("/health").await.status, 200);

        relay.signal("TERM");
        relay.logged("stopping").await;
        assert!(connection.write(rest).await && upload.write(rest_of_map).await);
        let (reply, uploaded) = (connection.read_reply().await, upload.read_reply().await);

        assert_eq!(reply.status, if is_away { 202 } else { 201 });
        assert_eq!(uploaded.status, 201, "{}", uploaded.text());
        assert_ends_well(&mut relay).await;
    }
    peers.tracker.up();
    let relay = peers.program(folder.path()).start().await;
    let taken = peers.tracker.has_taken(2).await;
    assert_eq!(taken[1]["message"], "in flight true");
    assert_eq!(relay.get("/api/source-maps").await["total"], 2);
}

#[tokio::test]
async fn a_report_that_waits_for_the_tracker_at_the_stop_is_answered_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let peers = Peers::start();
    peers.tracker.set(Mood::Hangs);
    let mut relay = peers.program(folder.path()).start().await;
    let client = browser(&relay);
    let waiting = tokio::spawn(async move { client.post_json("/api/browser/errors", &error("x")).await });
    peers.tracker.is_asked(1).await;

    relay.signal("TERM");
    let reply = waiting.await.unwrap();

    assert_eq!(reply.status, 202, "{}", reply.text());
    assert_ends_well(&mut relay).await;
    peers.tracker.set(Mood::Well);
    let _relay = peers.program(folder.path()).start().await;
    assert_eq!(peers.tracker.has_taken(1).await[0]["message"], "x");
}

#[tokio::test]
async fn neither_idle_nor_half_sent_requests_hold_the_stop_up() {
    let folder = tempfile::tempdir().unwrap();
    let program = program(folder.path());
    let mut relay = program.start().await;
    let body = error("half sent").to_string();
    let _idle = open_idle(&relay.api(), "/api/browser/errors").await;
    let (_half_sent, _) = browser(&relay).post_half("/api/browser/errors", &body).await;
    let (_half_uploaded, _) = relay.api().post_half("/api/source-maps", &body).await;
    assert_eq!(relay.api().get("/health").await.status, 200);

    relay.signal("TERM");
    assert_ends_well(&mut relay).await;

    let again = program.start().await;
    assert_eq!(
        crate::setup::waiting(&again).await,
        (0, 0),
        "half a report is none"
    );
}

#[tokio::test]
async fn a_database_that_another_process_holds_does_not_hold_the_stop_up() {
    let folder = tempfile::tempdir().unwrap();
    let program = program(folder.path());
    let mut relay = program.start().await;
    assert_eq!(report(&relay, "kept").await, 202);
    let mut other = database::open(&program.database).await;
    sqlx::query("begin immediate").execute(&mut other).await.unwrap();

    relay.signal("TERM");
    assert_ends_well(&mut relay).await;
    sqlx::query("rollback").execute(&mut other).await.unwrap();

    let again = program.start().await;
    assert_eq!(crate::setup::waiting(&again).await, (1, 0));
    assert_sound(&program.database).await;
}

#[tokio::test]
async fn the_first_process_of_a_container_stops_on_a_signal_too() {
    let folder = tempfile::tempdir().unwrap();
    let program = program(folder.path());
    assert_first_process_stops(&program).await;
}
