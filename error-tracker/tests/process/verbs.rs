//! What the program does besides serving, and a port that is taken.

use std::sync::Arc;

use shared::testing::database::number;
use shared::testing::{Program, verbs};

use crate::ledger::Ledger;
use crate::load::Load;
use crate::setup::{BINARY, counts, program};

#[tokio::test]
async fn version_and_help_need_no_settings() {
    verbs::assert_version_and_help(
        BINARY,
        concat!("error-tracker ", env!("CARGO_PKG_VERSION"), "\n"),
        &[
            "API_KEY",
            "ERROR_TRACKER_API_KEY",
            "RETENTION_DAYS",
            "OCCURRENCES_KEPT",
            "MAX_GROUPS",
            "LOG_VIEWER_URL",
            "METRICS_COLLECTOR_URL",
            "BROWSER_RELAY_URL",
            "POSTMARK_API_TOKEN",
            "POSTMARK_FROM_EMAIL",
            "SMTP_HOST",
            "SMTP_PORT",
            "SMTP_USERNAME",
            "SMTP_PASSWORD",
            "SMTP_FROM",
            "ALERT_WEBHOOK_URL",
            "ALERT_WEBHOOK_SECRET",
            "ALERT_EMAILS",
            "ALERT_MAX_PER_HOUR",
            "BASE_URL",
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
async fn a_backup_under_load_holds_all_that_was_acknowledged_before() {
    let folder = tempfile::tempdir().unwrap();
    let setup = program(folder.path());
    let copy = folder.path().join("copy.db");
    let ledger = Arc::new(Ledger::new("copied"));
    let tracker = setup.start().await;
    let load = Load::start(&tracker, &ledger);

    for round in 1..=3 {
        load.acknowledged(round * 200).await;
        let least = ledger.acknowledged();
        verbs::back_up(&setup, &copy).await;
        let counted = number(&copy, "select sum(count) from errors").await;
        assert!(
            counted as u64 >= least,
            "{counted} in the copy, {least} acknowledged before it"
        );
    }
    load.end().await;
    ledger.settle(&tracker).await;
    tracker.stop().await;

    // The copy is a database to start on, not only one to read.
    let restored = Program::new(BINARY, &copy).start().await;
    assert!(!counts(&restored, "copied").await.is_empty());
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
    verbs::assert_taken_port_named(program(&folder.path().join("data")));
}
