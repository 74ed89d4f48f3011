//! Settings: all faults at once, each with the name to change; values from files.

use serde_json::json;
use shared::testing::process::KEY;
use shared::testing::{Client, settings};

use crate::setup::{point, program};

#[tokio::test]
async fn every_fault_is_told_at_once_with_its_variable() {
    let folder = tempfile::tempdir().unwrap();
    settings::assert_faults_told(
        program(folder.path()),
        &[
            ("MAX_BATCH", "10001"),
            ("MAX_SERIES", "-1"),
            ("RETENTION_RAW", "59"),
            ("RETENTION_MINUTE", "soon"),
            ("RETENTION_HOURLY", "1h"),
            ("AGGREGATION_INTERVAL", "2h"),
            ("ERROR_TRACKER_URL", "javascript:alert(1)"),
            ("LOG_VIEWER_URL", "logs.example.com"),
            ("BROWSER_RELAY_URL", "ftp://example.com"),
        ],
        &["API_KEY"],
    );
}

#[tokio::test]
async fn a_key_must_be_somebodys_own() {
    let folder = tempfile::tempdir().unwrap();
    settings::assert_key_is_own(&program(folder.path()), "METRICS_COLLECTOR_API_KEY");
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
