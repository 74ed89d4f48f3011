//! SIGTERM and SIGINT: what is in flight is answered, the end is clean and comes in time.

use std::sync::Arc;

use serde_json::json;
use shared::testing::database::{self, assert_sound};
use shared::testing::stop::{
    assert_clean, assert_ends_well, assert_first_process_stops, assert_merged, open_idle,
};

use crate::ledger::Ledger;
use crate::load::Load;
use crate::setup::{count, point, program};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_under_load_loses_nothing_that_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let program = program(folder.path()).with("AGGREGATION_INTERVAL", 1);
    let ledger = Arc::new(Ledger::new());
    for signal in ["TERM", "INT", "TERM"] {
        let mut collector = program.start().await;
        let load = Load::start(&collector, &ledger);
        load.acknowledged(150).await;

        collector.signal(signal);
        assert_ends_well(&mut collector).await;
        load.end().await;

        assert_clean(&collector);
        assert_merged(&program.database);
        let again = program.start().await;
        ledger.settle(&again).await;
        again.stop().await;
        assert_sound(&program.database).await;
    }
}

#[tokio::test]
async fn a_batch_in_flight_at_the_stop_is_answered_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let program = program(folder.path());
    let mut collector = program.start().await;
    let body = json!([point("in_flight")]).to_string();
    let (mut connection, rest) = collector.api().post_half("/api/metrics", &body).await;
    // An answer on another connection shows that the collector has taken up the first one.
    assert_eq!(collector.api().get("/health").await.status, 200);

    collector.signal("TERM");
    collector.logged("stopping").await;
    assert!(connection.write(rest).await);
    let reply = connection.read_reply().await;

    assert_eq!((reply.status, &reply.json()["count"]), (202, &json!(1)));
    assert_ends_well(&mut collector).await;
    let again = program.start().await;
    assert_eq!(count(&again.api(), "in_flight").await, 1);
}

#[tokio::test]
async fn neither_idle_nor_half_sent_requests_hold_the_stop_up() {
    let folder = tempfile::tempdir().unwrap();
    let program = program(folder.path());
    let mut collector = program.start().await;
    let body = json!([point("half_sent")]).to_string();
    let _idle = open_idle(&collector.api(), "/api/metrics").await;
    let (_half_sent, _) = collector.api().post_half("/api/metrics", &body).await;
    assert_eq!(collector.api().get("/health").await.status, 200);

    collector.signal("TERM");
    assert_ends_well(&mut collector).await;

    let again = program.start().await;
    assert_eq!(count(&again.api(), "half_sent").await, 0, "half a batch is none");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_another_process_holds_does_not_hold_the_stop_up() {
    let folder = tempfile::tempdir().unwrap();
    let program = program(folder.path()).with("AGGREGATION_INTERVAL", 1);
    let ledger = Arc::new(Ledger::new());
    let mut collector = program.start().await;
    let load = Load::start(&collector, &ledger);
    load.acknowledged(30).await;
    let mut other = database::open(&program.database).await;
    sqlx::query("begin immediate").execute(&mut other).await.unwrap();

    collector.signal("TERM");
    assert_ends_well(&mut collector).await;
    load.end().await;
    sqlx::query("rollback").execute(&mut other).await.unwrap();

    let again = program.start().await;
    ledger.settle(&again).await;
    assert_sound(&program.database).await;
}

#[tokio::test]
async fn the_first_process_of_a_container_stops_on_a_signal_too() {
    let folder = tempfile::tempdir().unwrap();
    let program = program(folder.path());
    assert_first_process_stops(&program).await;
}
