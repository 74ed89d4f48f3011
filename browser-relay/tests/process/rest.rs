//! A service that nobody asks for anything.

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
async fn what_requests_touched_of_the_program_is_given_back_at_rest() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Peers::start().program(folder.path()).start().await;
    relay.get("/health").await;
    let awake = mapped_kib(&relay);

    eventually("the program's pages are given back", async || {
        (mapped_kib(&relay) < awake / 2).then_some(())
    })
    .await;

    assert_eq!(relay.get("/health").await["status"], "ok");
    relay.stop().await;
}
