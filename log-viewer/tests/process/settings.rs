//! Settings: all faults at once, each with the name to change; values from files.

use shared::testing::process::KEY;
use shared::testing::{Client, eventually, settings};

use crate::setup::program;

#[tokio::test]
async fn every_fault_is_told_at_once_with_its_variable() {
    let folder = tempfile::tempdir().unwrap();
    settings::assert_faults_told(
        program(folder.path()).0,
        &[
            ("POLL_INTERVAL", "0"),
            ("BACKFILL", "much"),
            ("MAX_ENTRIES", "5"),
            ("MAX_BYTES", "1KiB"),
            ("RETENTION_DAYS", "-1"),
            ("TAIL_BUFFER", "1"),
            ("ERROR_TRACKER_URL", "javascript:alert(1)"),
            ("METRICS_COLLECTOR_URL", "metrics.example.com"),
            ("BROWSER_RELAY_URL", "ftp://example.com"),
        ],
        &["API_KEY"],
    );
}

#[tokio::test]
async fn a_key_must_be_somebodys_own() {
    let folder = tempfile::tempdir().unwrap();
    settings::assert_key_is_own(&program(folder.path()).0, "LOG_VIEWER_API_KEY");
}

#[tokio::test]
async fn settings_may_come_from_files_and_a_blank_value_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let (setup, docker) = program(folder.path());
    let (key_file, names_file) = (folder.path().join("key"), folder.path().join("names"));
    std::fs::write(&key_file, "key-from-a-file\n").unwrap();
    std::fs::write(&names_file, "shop\n").unwrap();
    let viewer = setup
        .with("API_KEY", " ")
        .with("API_KEY_FILE", key_file.display())
        .with("CONTAINERS_FILE", names_file.display())
        .with("RETENTION_DAYS", "")
        .with("MAX_BYTES", " ")
        .start()
        .await;
    docker.container("forum").line("not wanted");
    docker.container("shop").line("wanted");
    let api = |key: &str| Client::new(viewer.address).with("X-API-Key", key);

    assert_eq!(api(KEY).get("/api/logs").await.status, 401);
    let list = eventually("the wanted container is read", async || {
        let list = api("key-from-a-file").get("/api/logs").await.json();
        (list["total"] == 1).then_some(list)
    })
    .await;
    assert_eq!(list["logs"][0]["message"], "wanted");
}

#[tokio::test]
async fn without_events_of_the_kernel_the_poll_interval_counts() {
    let folder = tempfile::tempdir().unwrap();
    let (setup, docker) = program(folder.path());
    let other = folder.path().join("linked");
    // A path through a link: Docker's root is often moved to another disk like that.
    std::os::unix::fs::symlink(docker.path(), &other).unwrap();
    let viewer = setup
        .with("LOG_SOURCES", other.display())
        .with("POLL_INTERVAL", "1")
        .start()
        .await;
    docker.container("shop").line("over a link");

    crate::setup::has(&viewer, 1).await;
}
