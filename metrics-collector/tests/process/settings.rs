//! Settings: all faults at once, each with the name to change; values from files.

use serde_json::json;
use shared::testing::Client;
use shared::testing::process::KEY;

use crate::setup::{point, program};

/// `EX_USAGE` of sysexits.h.
const USAGE: i32 = 64;

#[tokio::test]
async fn every_fault_is_told_at_once_with_its_variable() {
    let folder = tempfile::tempdir().unwrap();
    let faulty = [
        ("LISTEN", "nowhere"),
        ("LOG_LEVEL", "loud"),
        ("LOG_FORMAT", "xml"),
        ("DURABILITY", "for ever"),
        ("RATE_LIMIT", "0"),
        ("MAX_BODY_SIZE", "huge"),
        ("MAX_CONNECTIONS", "0"),
        ("TRUSTED_PROXIES", "everybody"),
        ("MAX_BATCH", "10001"),
        ("MAX_SERIES", "-1"),
        ("RETENTION_RAW", "59"),
        ("RETENTION_MINUTE", "soon"),
        ("RETENTION_HOURLY", "1h"),
        ("AGGREGATION_INTERVAL", "2h"),
        ("ERROR_TRACKER_URL", "javascript:alert(1)"),
        ("LOG_VIEWER_URL", "logs.example.com"),
        ("BROWSER_RELAY_URL", "ftp://example.com"),
    ];
    let setup = program(folder.path()).without("API_KEY");
    let setup = faulty
        .iter()
        .fold(setup, |setup, (name, value)| setup.with(name, value));

    let finished = setup.fails();

    assert_eq!(finished.code, Some(USAGE), "{}", finished.stderr);
    for name in faulty.iter().map(|(name, _)| *name).chain(["API_KEY"]) {
        let mut lines = finished.stderr.lines();
        let is_named = lines.any(|line| line.trim_start().starts_with(&format!("{name}: ")));
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
        let finished = program(folder.path()).with("API_KEY", key).fails();

        assert_eq!(finished.code, Some(USAGE), "{key:?}: {}", finished.stderr);
        assert!(finished.stderr.contains(why), "{key:?}: {}", finished.stderr);
    }
}

#[tokio::test]
async fn settings_may_come_from_files_and_a_blank_value_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let (key_file, series_file) = (folder.path().join("key"), folder.path().join("series"));
    std::fs::write(&key_file, "key-from-a-file\n").unwrap();
    std::fs::write(&series_file, "1\n").unwrap();
    let collector = program(folder.path())
        .with("API_KEY", " ")
        .with("API_KEY_FILE", key_file.display())
        .with("MAX_SERIES_FILE", series_file.display())
        .with("RETENTION_RAW", "")
        .with("RETENTION_MINUTE", " ")
        .start()
        .await;
    let api = |key: &str| Client::new(collector.address).with("X-API-Key", key);

    assert_eq!(api(KEY).get("/api/projects").await.status, 401);
    let api = api("key-from-a-file");
    let reply = api
        .post_json("/api/metrics", &json!([point("one"), point("two")]))
        .await;
    assert_eq!(reply.json()["overflowing"], 1);
    let about = api.get("/api/about").await.json();
    assert_eq!(
        about["retention"],
        json!({"raw_s": 3_600, "minute_s": 86_400, "hourly_s": 2_592_000})
    );
}

#[tokio::test]
async fn durations_take_units_and_bare_numbers_are_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let collector = program(folder.path())
        .with("RETENTION_RAW", "90m")
        .with("RETENTION_MINUTE", "172800")
        .with("RETENTION_HOURLY", "400d")
        .with("AGGREGATION_INTERVAL", "5s")
        .start()
        .await;

    let about = collector.get("/api/about").await;

    assert_eq!(
        about["retention"],
        json!({"raw_s": 5_400, "minute_s": 172_800, "hourly_s": 34_560_000})
    );
    collector.stop().await;
}
