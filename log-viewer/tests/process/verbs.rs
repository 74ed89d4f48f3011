//! What the program does besides serving, and a port that is taken.

use shared::testing::{Chance, Program, verbs};

use crate::ledger::Ledger;
use crate::setup::{BINARY, export, has, messages, program};
use crate::writing::{Upkeep, Writing};

#[tokio::test]
async fn version_and_help_need_no_settings() {
    verbs::assert_version_and_help(
        BINARY,
        concat!("log-viewer ", env!("CARGO_PKG_VERSION"), "\n"),
        &[
            "API_KEY",
            "LOG_VIEWER_API_KEY",
            "LOG_SOURCES",
            "CONTAINERS",
            "POLL_INTERVAL",
            "BACKFILL",
            "MAX_ENTRIES",
            "MAX_BYTES",
            "RETENTION_DAYS",
            "TAIL_BUFFER",
            "ERROR_TRACKER_URL",
            "METRICS_COLLECTOR_URL",
            "BROWSER_RELAY_URL",
        ],
    );
}

#[tokio::test]
async fn what_it_does_not_know_it_refuses() {
    verbs::assert_unknown_refused(BINARY, "API_KEY");
}

#[tokio::test]
async fn the_health_check_says_whether_the_service_runs() {
    let folder = tempfile::tempdir().unwrap();
    verbs::assert_health_check(&program(folder.path()).0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_load_is_a_database_to_go_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let (setup, docker) = program(folder.path());
    let copy = folder.path().join("copy.db");
    let ledger = std::sync::Arc::new(Ledger::default());
    let viewer = setup.start().await;
    let seed = Chance::new().within(0, u64::MAX);
    let writing = Writing::start(docker.rotating("shop", 200, true), Upkeep::Rotate, seed, &ledger);
    for _ in 0..3 {
        let least = viewer.get("/api/stats").await["total_logs"].as_u64().unwrap();
        verbs::back_up(&setup, &copy).await;
        assert!(viewer.get("/api/stats").await["total_logs"].as_u64() >= Some(least));
    }
    writing.end();
    viewer.stop().await;

    // It goes on where the copy was made, so nothing is missing and nothing is there twice.
    let restored = Program::new(BINARY, &copy)
        .with("LOG_SOURCES", docker.path().display())
        .start()
        .await;
    has(&restored, ledger.entries()).await;
    ledger.assert_equals(&export(&restored).await);
    restored.stop().await;
    verbs::assert_no_part_left(folder.path());
}

#[tokio::test]
async fn a_backup_without_a_source_or_a_place_says_so() {
    let folder = tempfile::tempdir().unwrap();
    verbs::assert_backup_refused(&program(folder.path()).0).await;
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let folder = tempfile::tempdir().unwrap();
    verbs::assert_taken_port_named(program(folder.path()).0);
}

#[tokio::test]
async fn a_restart_reads_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let (setup, docker) = program(folder.path());
    let mut shop = docker.container("shop");
    let mut expected = Vec::new();
    for round in 0..4 {
        let viewer = setup.start().await;
        shop.line(&format!("while it runs {round}"));
        expected.push(format!("while it runs {round}"));
        has(&viewer, expected.len()).await;
        viewer.stop().await;
        shop.line(&format!("while it is down {round}"));
        expected.push(format!("while it is down {round}"));
    }

    let viewer = setup.start().await;
    has(&viewer, expected.len()).await;
    assert_eq!(messages(&viewer).await, expected);
}
