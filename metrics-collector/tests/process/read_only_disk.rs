//! A disk that nobody can write any more: it is told, and nothing that was acknowledged is lost.

use serde_json::json;
use shared::testing::{Program, read_only_disk};

use crate::setup::{BINARY, count, point};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fails_is_told_and_loses_nothing_that_was_acknowledged() {
    read_only_disk::survive(
        |disk| Program::new(BINARY, disk.join("metrics.db")),
        async |collector, _| {
            collector
                .api()
                .post_json("/api/metrics", &json!([point("sent")]))
                .await
        },
        async |collector| count(&collector.api(), "sent").await as usize,
    )
    .await;
}
