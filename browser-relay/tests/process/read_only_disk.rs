//! A disk that nobody can write any more: it is told, and nothing that was acknowledged is lost.

use shared::testing::{Program, read_only_disk};

use crate::setup::{BINARY, Peers, browser, error, waiting};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fails_is_told_and_loses_nothing_that_was_acknowledged() {
    let peers = Peers::start();
    peers.tracker.down().await;
    read_only_disk::survive(
        |disk| peers.before(Program::new(BINARY, disk.join("relay.db"))),
        async |relay, number| {
            let error = error(&number.to_string());
            browser(relay).post_json("/api/browser/errors", &error).await
        },
        async |relay| waiting(relay).await.0 as usize,
    )
    .await;
}
