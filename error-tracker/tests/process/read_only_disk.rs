//! A disk that nobody can write any more: it is told, and nothing that was acknowledged is lost.

use serde_json::json;
use shared::testing::{Program, read_only_disk};

use crate::setup::BINARY;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fails_is_told_and_loses_nothing_that_was_acknowledged() {
    read_only_disk::survive(
        |disk| Program::new(BINARY, disk.join("errors.db")),
        async |tracker, _| {
            let report = json!({"project": "shop", "exception_type": "ValueError", "message": "sent", "traceback": ""});
            tracker.api().post_json("/api/errors", &report).await
        },
        async |tracker| {
            let list = tracker.get("/api/errors").await;
            list["errors"][0]["count"].as_u64().unwrap() as usize
        },
    )
    .await;
}
