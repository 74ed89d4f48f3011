//! What the program does besides serving, and a port that is taken.

use std::net::TcpListener;
use std::sync::Arc;

use shared::testing::Program;
use shared::testing::database::{assert_sound, number};
use shared::testing::process::{contents, run};

use crate::ledger::Ledger;
use crate::load::Load;
use crate::setup::{BINARY, command, counts, program};

#[tokio::test]
async fn version_and_help_need_no_settings() {
    for verb in ["--version", "-V"] {
        let mut version = command(&[]);
        version.arg(verb);
        let finished = run(version);
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);
        assert_eq!(
            finished.stdout,
            concat!("error-tracker ", env!("CARGO_PKG_VERSION"), "\n")
        );
    }

    let mut help = command(&[]);
    help.arg("--help");
    let finished = run(help);
    assert_eq!(finished.code, Some(0));
    for name in [
        "API_KEY",
        "ERROR_TRACKER_API_KEY",
        "DATABASE_PATH",
        "LISTEN",
        "LOG_LEVEL",
        "LOG_FORMAT",
        "DURABILITY",
        "RATE_LIMIT",
        "MAX_BODY_SIZE",
        "MAX_CONNECTIONS",
        "TRUSTED_PROXIES",
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
        "NAME_FILE",
        "backup DEST",
        "--healthcheck",
        "--version",
    ] {
        assert!(
            finished.stdout.contains(name),
            "{name} is missing in {}",
            finished.stdout
        );
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
        let mut unknown = command(&[("API_KEY", "key")]);
        unknown.args(arguments);

        let finished = run(unknown);

        assert_eq!(finished.code, Some(64), "{arguments:?}");
        assert!(finished.stderr.contains("--help"), "{}", finished.stderr);
    }
}

#[tokio::test]
async fn the_health_check_says_whether_the_service_runs() {
    let folder = tempfile::tempdir().unwrap();
    let tracker = program(folder.path()).start().await;
    // As in a container: all interfaces, and the check goes over loopback. No other setting is needed.
    let everywhere = format!("0.0.0.0:{}", tracker.address.port());
    let check = || {
        let mut check = command(&[("LISTEN", &everywhere)]);
        check.arg("--healthcheck");
        run(check)
    };

    let healthy = check();
    tracker.stop().await;
    let stopped = check();

    assert_eq!(healthy.code, Some(0), "{}", healthy.stderr);
    assert_eq!(stopped.code, Some(1));
    assert!(
        stopped.stderr.contains("the service does not listen"),
        "{}",
        stopped.stderr
    );
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
        let mut back_up = command(&[("DATABASE_PATH", setup.database.to_str().unwrap())]);
        back_up.args(["backup", copy.to_str().unwrap()]);
        let finished = tokio::task::spawn_blocking(|| run(back_up)).await.unwrap();
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);

        assert_sound(&copy).await;
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
        let mut back_up = command(&[("DATABASE_PATH", source.to_str().unwrap())]);
        back_up.arg("backup").arg(destination);

        let finished = run(back_up);

        assert_eq!(finished.code, Some(1), "{}", finished.stderr);
        assert!(finished.stderr.contains(why), "{}", finished.stderr);
        let names: Vec<_> = contents(folder.path()).into_keys().collect();
        let is_copy = |name: &std::path::PathBuf| name.to_string_lossy().contains("copy");
        assert!(
            !names.iter().any(is_copy),
            "no part of a copy is left behind: {names:?}"
        );
    }
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let database = folder.path().join("data/errors.db");

    let finished = Program::new(BINARY, &database).with("LISTEN", address).fails();

    assert_eq!(finished.code, Some(1));
    assert!(
        finished
            .stderr
            .contains(&format!("cannot listen on {address}: Address already in use")),
        "{}",
        finished.stderr
    );
    assert_eq!(finished.stderr.lines().count(), 1, "{}", finished.stderr);
    assert!(!database.exists());
}
