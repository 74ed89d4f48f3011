//! SIGTERM and SIGINT: what is in flight is answered, the end is clean and comes in time.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use shared::testing::Process;
use shared::testing::database::{self, assert_sound};
use shared::testing::namespace::as_first_process;
use shared::testing::process::STOP_LIMIT;

use crate::ledger::Ledger;
use crate::load::Load;
use crate::setup::{count, point, program};

/// Waits for the end after a signal, and expects what Docker and systemd expect.
async fn ends_well(collector: &mut Process) {
    let (status, took) = collector.ended().await;

    assert_eq!(status.code(), Some(0), "{}", collector.log_text());
    assert!(took < STOP_LIMIT, "{took:?}");
    assert_eq!(
        collector.log_lines("stopped").len(),
        1,
        "{}",
        collector.log_text()
    );
    assert!(
        !collector.log_text().contains("panicked"),
        "{}",
        collector.log_text()
    );
}

/// The write-ahead log has been moved into the file.
fn assert_merged(database: &Path) {
    let log = format!("{}-wal", database.display());
    let left = std::fs::metadata(log).map_or(0, |metadata| metadata.len());
    assert_eq!(left, 0, "bytes left in the write-ahead log");
}

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
        ends_well(&mut collector).await;
        load.end().await;

        assert_eq!(
            collector.log_lines("stopped")[0]["clean"],
            true,
            "{}",
            collector.log_text()
        );
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
    ends_well(&mut collector).await;
    let again = program.start().await;
    assert_eq!(count(&again.api(), "in_flight").await, 1);
}

#[tokio::test]
async fn neither_idle_nor_half_sent_requests_hold_the_stop_up() {
    let folder = tempfile::tempdir().unwrap();
    let program = program(folder.path());
    let mut collector = program.start().await;
    let body = json!([point("half_sent")]).to_string();
    let (half_sent, _) = collector.api().post_half("/api/metrics", &body).await;
    let mut connections = vec![half_sent];
    for sent in [
        "",
        "POST /api/metrics HTTP/1.1\r\nHost: x\r\n",
        "GET /health HTTP/1.1\r\nHost: x\r\n\r\n",
    ] {
        let mut connection = collector.api().connect().await;
        connection.write(sent.as_bytes()).await;
        connections.push(connection);
    }
    assert_eq!(collector.api().get("/health").await.status, 200);

    collector.signal("TERM");
    ends_well(&mut collector).await;

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
    ends_well(&mut collector).await;
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
    for signal in ["TERM", "INT"] {
        let Some(command) = as_first_process(&program) else {
            eprintln!("no process namespaces here; the process cannot be given the number 1");
            return;
        };
        let mut collector = Process::start(command).await;
        assert_eq!(collector.api().get("/health").await.status, 200);

        collector.signal_child(signal);
        ends_well(&mut collector).await;
    }
}
