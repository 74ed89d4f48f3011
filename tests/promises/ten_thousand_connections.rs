//! Ten thousand connections to the relay, which is the one that faces everybody, and none of them asks for anything: those
//! who do are answered. All four services take connections in the same way.

use std::fs;

use rustix::process::{Resource, getrlimit, setrlimit};
use shared::testing::{Client, RawConnection, eventually};

use crate::stack::Stack;

const CONNECTIONS: usize = 10_000;
/// By then the relay has as many as it takes, and closes an old one for each new one.
const FULL: usize = 2_000;
/// Files that this process may need.
const FILES: u64 = CONNECTIONS as u64 + 2_000;
const MORE_KIB: u64 = 4_096;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_connections_keep_nobody_from_an_answer_and_leave_nothing() {
    let mut allowed = getrlimit(Resource::Nofile);
    allowed.current = allowed.current.map(|current| current.max(FILES));
    setrlimit(Resource::Nofile, allowed).expect("a process may have twelve thousand files here");
    let stack = Stack::of_processes(&[]).await;
    let process = stack.relay.process().id();
    let client = stack.relay.stranger();
    let before = open_files(process);
    let mut peak_when_full = 0;
    let mut held = Vec::new();

    while held.len() < CONNECTIONS {
        held.push(hold(&client, held.len()).await);
        if held.len() % FULL == 0 {
            let health = client.get("/health").await;
            assert_eq!(health.status, 200, "with {} connections", held.len());
        }
        if held.len() == FULL {
            peak_when_full = peak_kib(process);
        }
    }

    let peak = peak_kib(process);
    assert!(
        peak < peak_when_full + MORE_KIB,
        "{peak_when_full} KiB when full, {peak} KiB with all"
    );
    drop(held);
    eventually("all connections are closed", async || {
        // The last one who asked may be there yet.
        (open_files(process) <= before + 1).then_some(())
    })
    .await;
}

/// Every second one has begun a request that it never ends.
async fn hold(client: &Client, number: usize) -> RawConnection {
    let mut connection = client.connect().await;
    if number.is_multiple_of(2) {
        // It may have been closed already, to make room for others.
        let _ = connection.write(b"GET /health HTTP/1.1\r\nHost: ").await;
    }
    connection
}

fn open_files(process: u32) -> usize {
    fs::read_dir(format!("/proc/{process}/fd")).unwrap().count()
}

/// The most memory that the process has had.
fn peak_kib(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
}
