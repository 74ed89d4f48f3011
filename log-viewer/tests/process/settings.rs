//! Settings: all faults at once, each with the name to change; values from files.

use shared::testing::process::KEY;
use shared::testing::{Client, eventually};

use crate::setup::program;

/// `EX_USAGE` of sysexits.h.
const USAGE: i32 = 64;

#[tokio::test]
async fn every_fault_is_told_at_once_with_its_variable() {
    let folder = tempfile::tempdir().unwrap();
    let (setup, _docker) = program(folder.path());
    let faulty = [
        ("LISTEN", "nowhere"),
        ("LOG_LEVEL", "loud"),
        ("LOG_FORMAT", "xml"),
        ("DURABILITY", "for ever"),
        ("RATE_LIMIT", "0"),
        ("MAX_BODY_SIZE", "huge"),
        ("MAX_CONNECTIONS", "0"),
        ("TRUSTED_PROXIES", "everybody"),
        ("POLL_INTERVAL", "0"),
        ("BACKFILL", "much"),
        ("MAX_ENTRIES", "5"),
        ("MAX_BYTES", "1KiB"),
        ("RETENTION_DAYS", "-1"),
        ("TAIL_BUFFER", "1"),
        ("ERROR_TRACKER_URL", "javascript:alert(1)"),
        ("METRICS_COLLECTOR_URL", "metrics.example.com"),
        ("BROWSER_RELAY_URL", "ftp://example.com"),
    ];
    let setup = faulty
        .iter()
        .fold(setup.without("API_KEY"), |setup, (name, value)| {
            setup.with(name, value)
        });

    let finished = setup.fails();

    assert_eq!(finished.code, Some(USAGE), "{}", finished.stderr);
    for name in faulty.iter().map(|(name, _)| *name).chain(["API_KEY"]) {
        let is_named = finished
            .stderr
            .lines()
            .any(|line| line.trim_start().starts_with(&format!("{name}: ")));
        assert!(is_named, "{name} is missing in {}", finished.stderr);
    }
    assert!(!finished.stderr.contains("panicked"), "{}", finished.stderr);
    assert!(
        !setup.database.exists(),
        "a start that cannot succeed leaves nothing behind"
    );
}

#[tokio::test]
async fn a_key_must_be_somebodys_own() {
    let folder = tempfile::tempdir().unwrap();
    for (key, why) in [
        ("", "is required and not set"),
        ("<put-a-key-here>", "placeholder"),
        ("one,two,three", "more than two keys"),
    ] {
        let finished = program(folder.path()).0.with("LOG_VIEWER_API_KEY", key);
        let finished = match key {
            "" => finished.with("API_KEY", "").fails(),
            _ => finished.fails(),
        };

        assert_eq!(finished.code, Some(USAGE), "{key:?}: {}", finished.stderr);
        assert!(finished.stderr.contains(why), "{key:?}: {}", finished.stderr);
    }
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
