//! What the program does besides serving, and a port that is taken.

use std::net::TcpListener;
use std::sync::Arc;

use shared::testing::Program;
use shared::testing::database::assert_sound;
use shared::testing::process::{Finished, contents, run};

use crate::ledger::{Ledger, assert_within};
use crate::load::Load;
use crate::setup::{BINARY, program};

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
            concat!("metrics-collector ", env!("CARGO_PKG_VERSION"), "\n")
        );
    }
    let help = verb(&["--help"], &[]);
    assert_eq!(help.code, Some(0));
    for name in [
        "API_KEY",
        "METRICS_COLLECTOR_API_KEY",
        "DATABASE_PATH",
        "LISTEN",
        "LOG_LEVEL",
        "LOG_FORMAT",
        "DURABILITY",
        "RATE_LIMIT",
        "MAX_BODY_SIZE",
        "MAX_BATCH",
        "MAX_CONNECTIONS",
        "MAX_SERIES",
        "TRUSTED_PROXIES",
        "RETENTION_RAW",
        "RETENTION_MINUTE",
        "RETENTION_HOURLY",
        "AGGREGATION_INTERVAL",
        "ERROR_TRACKER_URL",
        "LOG_VIEWER_URL",
        "BROWSER_RELAY_URL",
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
        let finished = verb(arguments, &[("API_KEY", "key")]);

        assert_eq!(finished.code, Some(64), "{arguments:?}");
        assert!(finished.stderr.contains("--help"), "{}", finished.stderr);
    }
}

#[tokio::test]
async fn the_health_check_says_whether_the_service_runs() {
    let folder = tempfile::tempdir().unwrap();
    let collector = program(folder.path()).start().await;
    // As in a container: all interfaces, and the check goes over loopback. No other setting is needed.
    let everywhere = format!("0.0.0.0:{}", collector.address.port());

    let healthy = verb(&["--healthcheck"], &[("LISTEN", &everywhere)]);
    collector.stop().await;
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
    let setup = program(folder.path()).with("AGGREGATION_INTERVAL", 1);
    let ledger = Arc::new(Ledger::new());
    let collector = setup.start().await;
    let load = Load::start(&collector, &ledger);
    for round in 1..=3 {
        load.acknowledged(100 * round).await;
        let (least, _) = ledger.bounds();
        let copy = folder.path().join("copy.db");
        let (source, destination) = (setup.database.clone(), copy.clone());
        // The load goes on meanwhile.
        let finished = tokio::task::spawn_blocking(move || {
            let settings = [("DATABASE_PATH", source.to_str().unwrap())];
            verb(&["backup", destination.to_str().unwrap()], &settings)
        });
        let finished = finished.await.unwrap();
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);
        assert_sound(&copy).await;
        let (_, most) = ledger.bounds();

        let restored = Program::new(BINARY, &copy).start().await;
        assert_within(&least, &ledger.found(&restored).await, &most);
        restored.stop().await;
    }
    load.end().await;
    ledger.settle(&collector).await;
    collector.stop().await;
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
    assert!(!folder.path().join("metrics.db").exists());
}
