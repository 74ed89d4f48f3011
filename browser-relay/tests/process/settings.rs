//! Settings: all faults at once, each with the name to change; values from files.

use serde_json::json;
use shared::testing::process::{KEY, USAGE};
use shared::testing::{Client, settings};

use crate::setup::program;

#[tokio::test]
async fn every_fault_is_told_at_once_with_its_variable() {
    let folder = tempfile::tempdir().unwrap();
    settings::assert_faults_told(
        program(folder.path()),
        &[
            ("ERROR_TRACKER_URL", "tracker:8000"),
            ("ERROR_TRACKER_API_KEY", "<put-a-key-here>"),
            ("METRICS_COLLECTOR_URL", "ftp://collector"),
            ("METRICS_COLLECTOR_API_KEY", " "),
            ("PUBLIC_URL", "relay.example.com"),
            ("DSN_KEYS", "shop:tooshort"),
            ("CORS_ORIGINS", "https://example.com/path"),
            ("RETENTION_DAYS", "1h"),
            ("MAX_SOURCE_MAP_SIZE", "2TiB"),
            ("SPOOL_MAX_BYTES", "1"),
            ("ERROR_TRACKER_UI_URL", "javascript:alert(1)"),
            ("LOG_VIEWER_URL", "logs.example.com"),
            ("METRICS_COLLECTOR_UI_URL", "ftp://example.com"),
        ],
        &["ADMIN_API_KEY"],
    );
}

#[tokio::test]
async fn each_required_setting_is_missed() {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "ADMIN_API_KEY",
        "ERROR_TRACKER_URL",
        "ERROR_TRACKER_API_KEY",
        "METRICS_COLLECTOR_URL",
        "METRICS_COLLECTOR_API_KEY",
    ] {
        for setup in [
            program(folder.path()).without(name),
            program(folder.path()).with(name, ""),
        ] {
            let finished = setup.fails();

            assert_eq!(finished.code, Some(USAGE), "{name}: {}", finished.stderr);
            let what = format!("{name}: is required and not set");
            assert!(finished.stderr.contains(&what), "{name}: {}", finished.stderr);
        }
    }
}

#[tokio::test]
async fn a_bad_dsn_key_is_named_by_its_place_and_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let good = "ab".repeat(16);
    for (keys, place) in [
        (format!("shop:{good},nothing"), "entry 2"),
        (good.clone(), "entry 1"),
        (format!("shop:{}z", &good[1..]), "entry 1"),
        (format!(":{good}"), "entry 1"),
    ] {
        let finished = program(folder.path()).with("DSN_KEYS", &keys).fails();

        assert_eq!(finished.code, Some(USAGE), "{}", finished.stderr);
        assert!(finished.stderr.contains(place), "{keys}: {}", finished.stderr);
        assert!(!finished.stderr.contains(&good[1..]), "{}", finished.stderr);
    }
}

#[tokio::test]
async fn settings_may_come_from_files_and_a_blank_value_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, value: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, value).unwrap();
        path.display().to_string()
    };
    let seeded = "ab".repeat(16);
    let relay = program(folder.path())
        .with("ADMIN_API_KEY", " ")
        .with("ADMIN_API_KEY_FILE", file("admin", "key-from-a-file\n"))
        .without("DSN_KEYS")
        .with("DSN_KEYS_FILE", file("keys", &format!("from-a-file:{seeded}\n")))
        .without("METRICS_COLLECTOR_API_KEY")
        .with("METRICS_COLLECTOR_API_KEY_FILE", file("collector", "x\n"))
        .with("RETENTION_DAYS", "")
        .with("CORS_ORIGINS", " ")
        .start()
        .await;
    let api = |key: &str| Client::new(relay.address).with("X-API-Key", key);

    assert_eq!(api(KEY).get("/api/spool").await.status, 401);
    let keys = api("key-from-a-file").get("/api/dsn-keys").await.json();
    assert_eq!(
        (&keys["keys"][0]["project"], &keys["keys"][0]["public_key"]),
        (&json!("from-a-file"), &json!(seeded))
    );
    let about = api("key-from-a-file").get("/api/about").await.json();
    assert_eq!(
        (&about["retention_days"], &about["any_origin"]),
        (&json!(90), &json!(true))
    );
}

#[tokio::test]
async fn durations_and_sizes_take_units_and_bare_numbers_are_days() {
    let folder = tempfile::tempdir().unwrap();
    for (retention, days) in [("30", 30), ("48h", 2), ("7d", 7)] {
        let relay = program(folder.path())
            .with("RETENTION_DAYS", retention)
            .with("MAX_SOURCE_MAP_SIZE", "1MiB")
            .start()
            .await;
        let about = relay.get("/api/about").await;
        assert_eq!(about["retention_days"], days, "{retention}");
        assert_eq!(about["max_source_map_bytes"], 1 << 20);
        relay.stop().await;
    }
}
