//! What every service promises when it is told to stop: the end is clean, comes in time, and waits for nobody who says
//! nothing.

use std::path::Path;

use super::namespace::as_first_process;
use super::process::STOP_LIMIT;
use super::{Client, Process, Program, RawConnection};

/// Waits for the end after a signal, which is as Docker and systemd expect it.
///
/// # Panics
/// When it is another one.
pub async fn assert_ends_well(process: &mut Process) {
    let (status, took) = process.ended().await;

    let log = process.log_text();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(took < STOP_LIMIT, "{took:?}");
    assert_eq!(process.log_lines("stopped").len(), 1, "{log}");
    assert!(!log.contains("panicked"), "{log}");
}

/// It had nothing left to do when it ended.
///
/// # Panics
/// When it had.
pub fn assert_clean(process: &Process) {
    let stopped = process.log_lines("stopped");
    assert_eq!(stopped[0]["clean"], true, "{}", process.log_text());
}

/// The write-ahead log has been moved into the database.
///
/// # Panics
/// When something is left in it.
pub fn assert_merged(database: &Path) {
    let log = format!("{}-wal", database.display());
    let left = std::fs::metadata(log).map_or(0, |metadata| metadata.len());
    assert_eq!(left, 0, "bytes left in the write-ahead log");
}

/// Connections that no stop may wait for: one without a word, one with half the head of a `POST path`, and one that stays
/// open after a whole request.
///
/// # Panics
/// When the service takes none.
pub async fn open_idle(client: &Client, path: &str) -> Vec<RawConnection> {
    let half_a_head = format!("POST {path} HTTP/1.1\r\nHost: x\r\n");
    let mut connections = Vec::new();
    for sent in ["", &half_a_head, "GET /health HTTP/1.1\r\nHost: x\r\n\r\n"] {
        let mut connection = client.connect().await;
        assert!(connection.write(sent.as_bytes()).await);
        connections.push(connection);
    }
    connections
}

/// The first process of a container stops on a signal too, which the system does not do for it.
///
/// # Panics
/// When it does not.
pub async fn assert_first_process_stops(program: &Program) {
    for signal in ["TERM", "INT"] {
        let Some(command) = as_first_process(program) else {
            eprintln!("no process namespaces here; the process cannot be given the number 1");
            return;
        };
        let mut process = Process::start(command).await;
        assert_eq!(process.api().get("/health").await.status, 200);

        process.signal_child(signal);
        assert_ends_well(&mut process).await;
        assert_clean(&process);
    }
}
