//! What the program does besides serving, and a port that is taken.

use std::sync::Arc;

use shared::testing::{Program, verbs};

use crate::ledger::Ledger;
use crate::load::Load;
use crate::setup::{BINARY, Peers, is_drained, program};

#[tokio::test]
async fn version_and_help_need_no_settings() {
    verbs::assert_version_and_help(
        BINARY,
        concat!("browser-relay ", env!("CARGO_PKG_VERSION"), "\n"),
        &[
            "ADMIN_API_KEY",
            "BROWSER_RELAY_ADMIN_API_KEY",
            "ERROR_TRACKER_URL",
            "ERROR_TRACKER_API_KEY",
            "METRICS_COLLECTOR_URL",
            "METRICS_COLLECTOR_API_KEY",
            "PUBLIC_URL",
            "DSN_KEYS",
            "CORS_ORIGINS",
            "MAX_SOURCE_MAP_SIZE",
            "RETENTION_DAYS",
            "SPOOL_MAX_BYTES",
            "ERROR_TRACKER_UI_URL",
            "LOG_VIEWER_URL",
            "METRICS_COLLECTOR_UI_URL",
        ],
    );
}

#[tokio::test]
async fn what_it_does_not_know_it_refuses() {
    verbs::assert_unknown_refused(BINARY, "ADMIN_API_KEY");
}

#[tokio::test]
async fn the_health_check_says_whether_the_service_runs() {
    let folder = tempfile::tempdir().unwrap();
    verbs::assert_health_check(&program(folder.path())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_load_has_all_that_was_acknowledged_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let peers = Peers::start();
    peers.tracker.down().await;
    peers.collector.down().await;
    let setup = peers.program(folder.path());
    let ledger = Arc::new(Ledger::default());
    let relay = setup.start().await;
    let load = Load::start(&relay, &ledger);
    load.acknowledged(150).await;
    let (least, (points, _)) = (ledger.reports(), ledger.points());
    let copy = folder.path().join("copy.db");
    verbs::back_up(&setup, &copy).await;
    load.end().await;
    relay.stop().await;

    peers.tracker.up();
    peers.collector.up();
    let restored = peers.before(Program::new(BINARY, &copy)).start().await;
    is_drained(&restored).await;

    for (session, count) in least {
        let kind = format!("Session{session}");
        let taken = peers.tracker.taken();
        let found = taken
            .iter()
            .filter(|report| report["exception_type"] == kind)
            .count() as u64;
        assert!(found >= count, "{found} of {count} of session {session}");
    }
    assert!(peers.collector.taken().len() as u64 >= points);
    restored.stop().await;
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
