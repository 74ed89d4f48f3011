//! A service that few ask for anything.

use std::cell::Cell;
use std::fs;

use shared::testing::{Process, eventually};

use crate::setup::Peers;

/// Kilobytes of the program's file that are resident.
fn mapped_kib(relay: &Process) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", relay.id())).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssFile:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[tokio::test]
async fn what_requests_touched_of_the_program_is_given_back_while_few_ask() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Peers::start().program(folder.path()).start().await;
    let awake = Cell::new(0);

    // It is given back at any moment, so also between a request and the look after it. The next request maps it again.
    eventually("the program's pages are given back", async || {
        if mapped_kib(&relay) < awake.get() / 2 {
            return Some(());
        }
        relay.get("/health").await;
        awake.set(awake.get().max(mapped_kib(&relay)));
        None
    })
    .await;

    assert_eq!(relay.get("/health").await["status"], "ok");
    relay.stop().await;
}
