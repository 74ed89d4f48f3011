//! What the program does besides serving, and a port that is taken.

use std::net::TcpListener;

use shared::testing::database::assert_sound;
use shared::testing::process::{Finished, contents, run};
use shared::testing::{Chance, Program};

use crate::ledger::Ledger;
use crate::setup::{BINARY, export, has, messages, program};
use crate::writing::{Upkeep, Writing};

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
            concat!("log-viewer ", env!("CARGO_PKG_VERSION"), "\n")
        );
    }
    let help = verb(&["--help"], &[]);
    assert_eq!(help.code, Some(0));
    for name in [
        "API_KEY",
        "LOG_VIEWER_API_KEY",
        "DATABASE_PATH",
        "LISTEN",
        "LOG_LEVEL",
        "LOG_FORMAT",
        "DURABILITY",
        "RATE_LIMIT",
        "MAX_BODY_SIZE",
        "MAX_CONNECTIONS",
        "TRUSTED_PROXIES",
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
    let viewer = program(folder.path()).0.start().await;
    // As in a container: all interfaces, and the check goes over loopback. No other setting is needed.
    let everywhere = format!("0.0.0.0:{}", viewer.address.port());

    let healthy = verb(&["--healthcheck"], &[("LISTEN", &everywhere)]);
    viewer.stop().await;
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
        let settings = [("DATABASE_PATH", setup.database.to_str().unwrap())];
        let finished = verb(&["backup", copy.to_str().unwrap()], &settings);
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);
        assert_sound(&copy).await;
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
    let (setup, _docker) = program(folder.path());
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
    let (setup, _docker) = program(folder.path());

    let finished = setup.with("LISTEN", address).fails();

    assert_eq!(finished.code, Some(1));
    assert!(
        finished
            .stderr
            .contains(&format!("cannot listen on {address}: Address already in use")),
        "{}",
        finished.stderr
    );
    assert!(!folder.path().join("logs.db").exists());
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
