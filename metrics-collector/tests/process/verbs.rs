//! What the program does besides serving, and a port that is taken.

use std::sync::Arc;

use shared::testing::{Program, verbs};

use crate::ledger::{Ledger, assert_within};
use crate::load::Load;
use crate::setup::{BINARY, program};

#[tokio::test]
async fn version_and_help_need_no_settings() {
    verbs::assert_version_and_help(
        BINARY,
        concat!("metrics-collector ", env!("CARGO_PKG_VERSION"), "\n"),
        &[
            "API_KEY",
            "METRICS_COLLECTOR_API_KEY",
            "MAX_BATCH",
            "MAX_SERIES",
            "RETENTION_RAW",
            "RETENTION_MINUTE",
            "RETENTION_HOURLY",
            "AGGREGATION_INTERVAL",
            "ERROR_TRACKER_URL",
            "LOG_VIEWER_URL",
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
    verbs::assert_health_check(&program(folder.path())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_load_has_all_that_was_acknowledged_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let setup = program(folder.path()).with("AGGREGATION_INTERVAL", 1);
    let ledger = Arc::new(Ledger::new());
    let collector = setup.start().await;
    let load = Load::start(&collector, &ledger);
    for round in 1..=3 {
        load.acknowledged(100 * round).await;
        let (least, _) = ledger.bounds();
        let copy = folder.path().join("copy.db");
        verbs::back_up(&setup, &copy).await;
        let (_, most) = ledger.bounds();

        let restored = Program::new(BINARY, &copy).start().await;
        assert_within(&least, &ledger.found(&restored).await, &most);
        restored.stop().await;
    }
    load.end().await;
    ledger.settle(&collector).await;
    collector.stop().await;
    verbs::assert_no_part_left(folder.path());
}

#[tokio::test]
async fn a_backup_without_a_source_or_a_place_says_so() {
    let folder = tempfile::tempdir().unwrap();
    verbs::assert_backup_refused(&program(folder.path())).await;
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let folder = tempfile::tempdir().unwrap();
    verbs::assert_taken_port_named(program(folder.path()));
}
