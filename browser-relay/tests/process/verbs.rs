//! What the program does besides serving, and a port that is taken.

use std::net::TcpListener;
use std::sync::Arc;

use shared::testing::Program;
use shared::testing::database::assert_sound;
use shared::testing::process::{Finished, contents, run};

use crate::ledger::Ledger;
use crate::load::Load;
use crate::setup::{BINARY, Peers, is_drained, program};

fn verb(arguments: &[&str], settings: &[(&str, &str)]) -> Finished {
    let mut command = std::process::Command::new(BINARY);
    command.env_clear().envs(settings.iter().copied()).args(arguments);
    run(command)
}

#[tokio::test]
async fn version_and_help_need_no_settings() {
    for name in ["--version", "-V"] {
        let finished = verb(&[name], &[]);
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);
        assert_eq!(
            finished.stdout,
            concat!("browser-relay ", env!("CARGO_PKG_VERSION"), "\n")
        );
    }
    let help = verb(&["--help"], &[]);
    assert_eq!(help.code, Some(0));
    for name in [
        "ADMIN_API_KEY",
        "BROWSER_RELAY_ADMIN_API_KEY",
        "ERROR_TRACKER_URL",
        "ERROR_TRACKER_API_KEY",
        "METRICS_COLLECTOR_URL",
        "METRICS_COLLECTOR_API_KEY",
        "DATABASE_PATH",
        "PUBLIC_URL",
        "DSN_KEYS",
        "CORS_ORIGINS",
        "RATE_LIMIT",
        "MAX_BODY_SIZE",
        "MAX_SOURCE_MAP_SIZE",
        "RETENTION_DAYS",
        "SPOOL_MAX_BYTES",
        "LISTEN",
        "LOG_LEVEL",
        "LOG_FORMAT",
        "DURABILITY",
        "MAX_CONNECTIONS",
        "TRUSTED_PROXIES",
        "ERROR_TRACKER_UI_URL",
        "LOG_VIEWER_URL",
        "METRICS_COLLECTOR_UI_URL",
        "NAME_FILE",
        "backup DEST",
        "--healthcheck",
        "--version",
    ] {
        assert!(help.stdout.contains(name), "{name} is missing in {}", help.stdout);
    }
}

#[tokio::test]
async fn what_it_does_not_know_it_refuses() {
    for arguments in [
        &["serve"][..],
        &["--port", "1"],
        &["backup"],
        &["backup", "a", "b"],
        &["--version", "x"],
    ] {
        let finished = verb(arguments, &[("ADMIN_API_KEY", "key")]);

        assert_eq!(finished.code, Some(64), "{arguments:?}");
        assert!(finished.stderr.contains("--help"), "{}", finished.stderr);
    }
}

#[tokio::test]
async fn the_health_check_says_whether_the_service_runs() {
    let folder = tempfile::tempdir().unwrap();
    let relay = program(folder.path()).start().await;
    // As in a container: all interfaces, and the check goes over loopback. No other setting is needed.
    let everywhere = format!("0.0.0.0:{}", relay.address.port());

    let healthy = verb(&["--healthcheck"], &[("LISTEN", &everywhere)]);
    relay.stop().await;
    let stopped = verb(&["--healthcheck"], &[("LISTEN", &everywhere)]);

    assert_eq!(healthy.code, Some(0), "{}", healthy.stderr);
    assert_eq!(stopped.code, Some(1));
    assert!(
        stopped.stderr.contains("the service does not listen"),
        "{}",
        stopped.stderr
    );
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
    // No other setting is needed.
    let (source, destination) = (setup.database.clone(), copy.clone());
    let finished = tokio::task::spawn_blocking(move || {
        let settings = [("DATABASE_PATH", source.to_str().unwrap())];
        verb(&["backup", destination.to_str().unwrap()], &settings)
    });
    let finished = finished.await.unwrap();
    load.end().await;
    relay.stop().await;
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    assert_sound(&copy).await;

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
    let names: Vec<_> = contents(folder.path()).into_keys().collect();
    assert!(
        !names
            .iter()
            .any(|name| name.to_string_lossy().contains("partial")),
        "{names:?}"
    );
}

#[tokio::test]
async fn a_backup_without_a_source_or_a_place_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let setup = program(folder.path());
    setup.start().await.stop().await;
    let there = setup.database;
    let missing = folder.path().join("missing.db");
    let copy = folder.path().join("copy.db");
    let nowhere = folder.path().join("no/such/folder/copy.db");
    for (source, destination, why) in [
        (&missing, &copy, "there is no database at"),
        (&there, &nowhere, "cannot write the copy"),
        (&there, &folder.path().to_owned(), "is a folder"),
    ] {
        let finished = verb(
            &["backup", destination.to_str().unwrap()],
            &[("DATABASE_PATH", source.to_str().unwrap())],
        );

        assert_eq!(finished.code, Some(1), "{}", finished.stderr);
        assert!(finished.stderr.contains(why), "{}", finished.stderr);
        let left = contents(folder.path());
        let is_copy = |name: &std::path::PathBuf| name.to_string_lossy().contains("copy");
        assert!(!left.keys().any(is_copy), "no part of a copy is left behind");
    }
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();

    let finished = program(folder.path()).with("LISTEN", address).fails();

    assert_eq!(finished.code, Some(1));
    let what = format!("cannot listen on {address}: Address already in use");
    assert!(finished.stderr.contains(&what), "{}", finished.stderr);
    assert!(!folder.path().join("relay.db").exists());
}
