//! SIGTERM and SIGINT: what is in flight is answered, the end is clean and comes in time.

use std::sync::Arc;

use serde_json::json;
use shared::testing::database::{self, assert_sound, number};
use shared::testing::process::KEY;
use shared::testing::stop::{assert_ends_well, assert_first_process_stops, assert_merged, open_idle};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::ledger::Ledger;
use crate::load::Load;
use crate::mail_server::MailServer;
use crate::setup::{counts, program};

async fn a_stop_under_load_keeps_every_promise(signal: &str) {
    let folder = tempfile::tempdir().unwrap();
    let setup = program(folder.path());
    let ledger = Arc::new(Ledger::new("stopped"));
    let mut tracker = setup.start().await;
    let load = Load::start(&tracker, &ledger);
    load.acknowledged(500).await;

    tracker.signal(signal);
    assert_ends_well(&mut tracker).await;
    load.end().await;

    assert_merged(&setup.database);
    let again = setup.start().await;
    ledger.settle(&again).await;
    assert_sound(&setup.database).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_under_load_loses_nothing_that_was_acknowledged() {
    a_stop_under_load_keeps_every_promise("TERM").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigint_under_load_loses_nothing_that_was_acknowledged() {
    a_stop_under_load_keeps_every_promise("INT").await;
}

#[tokio::test]
async fn a_request_in_flight_at_the_stop_is_answered_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let setup = program(folder.path());
    let mut tracker = setup.start().await;
    let (head, body) = report("InFlight");
    let (first_half, second_half) = body.split_at(body.len() / 2);
    let mut stream = TcpStream::connect(tracker.address).await.unwrap();
    stream
        .write_all(format!("{head}{first_half}").as_bytes())
        .await
        .unwrap();
    // An answer on another connection shows that the tracker has taken up the first one.
    assert_eq!(tracker.api().get("/health").await.status, 200);

    tracker.signal("TERM");
    tracker.logged("stopping").await;
    stream.write_all(second_half.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();

    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    assert!(answer.contains("\"status\":\"created\""), "{answer}");
    assert_ends_well(&mut tracker).await;
    let again = setup.start().await;
    assert_eq!(counts(&again, "stopped").await["InFlight"], 1);
}

#[tokio::test]
async fn neither_idle_nor_half_sent_requests_hold_the_stop_up() {
    let folder = tempfile::tempdir().unwrap();
    let setup = program(folder.path());
    let mut tracker = setup.start().await;
    let (head, body) = report("HalfSent");
    let _idle = open_idle(&tracker.api(), "/api/errors").await;
    let mut half_sent = TcpStream::connect(tracker.address).await.unwrap();
    let half = format!("{head}{}", &body[..body.len() / 2]);
    half_sent.write_all(half.as_bytes()).await.unwrap();
    assert_eq!(tracker.api().get("/health").await.status, 200);

    tracker.signal("TERM");
    assert_ends_well(&mut tracker).await;

    let again = setup.start().await;
    let counts = counts(&again, "stopped").await;
    assert!(counts.is_empty(), "half a report is none");
}

#[tokio::test]
async fn an_idle_connection_alone_is_closed_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut tracker = program(folder.path()).start().await;
    let mut stream = TcpStream::connect(tracker.address).await.unwrap();
    stream
        .write_all(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    let mut answer = [0; 1_024];
    assert!(stream.read(&mut answer).await.unwrap() > 0);

    tracker.signal("TERM");
    let (status, took) = tracker.ended().await;

    assert_eq!(status.code(), Some(0));
    // Far below the four seconds that a request in flight is given.
    assert!(took.as_secs() < 3, "{took:?}");
}

#[tokio::test]
async fn a_mail_server_that_hangs_does_not_hold_the_stop_up() {
    let folder = tempfile::tempdir().unwrap();
    let server = MailServer::silent().await;
    let setup = server.set(program(folder.path()));
    let mut tracker = setup.start().await;
    let (_, body) = report("Hanging");
    let reply = tracker.api().post_bytes("/api/errors", body.as_bytes()).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    server.connected().await;

    tracker.signal("TERM");
    assert_ends_well(&mut tracker).await;

    assert_eq!(
        number(&setup.database, "select count(*) from alerts").await,
        1,
        "the alert waits for the next start"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_another_process_holds_does_not_hold_the_stop_up() {
    let folder = tempfile::tempdir().unwrap();
    let setup = program(folder.path());
    let ledger = Arc::new(Ledger::new("stopped"));
    let mut tracker = setup.start().await;
    let load = Load::start(&tracker, &ledger);
    load.acknowledged(100).await;
    let mut other = database::open(&setup.database).await;
    sqlx::query("begin immediate").execute(&mut other).await.unwrap();

    tracker.signal("TERM");
    assert_ends_well(&mut tracker).await;
    load.end().await;
    sqlx::query("rollback").execute(&mut other).await.unwrap();

    let again = setup.start().await;
    ledger.settle(&again).await;
    assert_sound(&setup.database).await;
}

#[tokio::test]
async fn the_first_process_of_a_container_stops_on_a_signal_too() {
    let folder = tempfile::tempdir().unwrap();
    let setup = program(folder.path());
    assert_first_process_stops(&setup).await;
    assert_merged(&setup.database);
}

/// Head and body of a report.
fn report(kind: &str) -> (String, String) {
    let body =
        json!({"project": "stopped", "exception_type": kind, "message": "m", "traceback": ""}).to_string();
    let head = format!(
        "POST /api/errors HTTP/1.1\r\nHost: x\r\nX-API-Key: {KEY}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    (head, body)
}
