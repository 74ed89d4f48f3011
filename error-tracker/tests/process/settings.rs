//! Settings: all faults at once, each with the name to change; values from files.

use shared::testing::process::{KEY, USAGE, run};
use shared::testing::{Client, settings};

use crate::setup::program;

#[tokio::test]
async fn every_fault_is_told_at_once_with_its_variable() {
    let folder = tempfile::tempdir().unwrap();
    // A password without a server is a fault of the server's name.
    let setup = program(folder.path()).with("SMTP_PASSWORD", "without a server");
    settings::assert_faults_told(
        setup,
        &[
            ("RETENTION_DAYS", "-1"),
            ("OCCURRENCES_KEPT", "1000"),
            ("MAX_GROUPS", "many"),
            ("LOG_VIEWER_URL", "javascript:alert(1)"),
            ("POSTMARK_API_TOKEN", "<token>"),
            ("SMTP_PORT", "0"),
            ("ALERT_WEBHOOK_URL", "ftp://example.com"),
            ("ALERT_EMAILS", "nobody"),
            ("ALERT_MAX_PER_HOUR", "0"),
            ("BASE_URL", "example.com"),
        ],
        &["API_KEY", "POSTMARK_FROM_EMAIL", "SMTP_HOST"],
    );
}

#[tokio::test]
async fn a_key_must_be_somebodys_own() {
    let folder = tempfile::tempdir().unwrap();
    settings::assert_key_is_own(&program(folder.path()), "ERROR_TRACKER_API_KEY");
}

#[tokio::test]
async fn settings_may_come_from_files_and_a_blank_value_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let key_file = folder.path().join("key");
    std::fs::write(&key_file, "key-from-a-file\n").unwrap();
    let tracker = program(folder.path())
        .with("API_KEY", " ")
        .with("API_KEY_FILE", key_file.display())
        .with("RETENTION_DAYS", "")
        .with("SMTP_HOST", "  ")
        .start()
        .await;
    let ask = async |key: &str| {
        let client = Client::new(tracker.address).with("X-API-Key", key);
        client.get("/api/projects").await.status
    };

    assert_eq!(ask("key-from-a-file").await, 200);
    assert_eq!(ask(KEY).await, 401);
}

#[tokio::test]
async fn a_file_that_cannot_be_read_and_a_value_given_twice_are_faults() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    let limit_file = folder.path().join("limit");
    std::fs::write(&limit_file, "5").unwrap();

    let finished = program(folder.path())
        .without("API_KEY")
        .with("API_KEY_FILE", missing.display())
        .with("RATE_LIMIT_FILE", limit_file.display())
        .fails();

    assert_eq!(finished.code, Some(USAGE));
    assert!(
        finished.stderr.contains("API_KEY_FILE: cannot read"),
        "{}",
        finished.stderr
    );
    assert!(
        finished
            .stderr
            .contains("RATE_LIMIT: is set, and RATE_LIMIT_FILE too"),
        "{}",
        finished.stderr
    );
}

#[tokio::test]
async fn the_more_specific_name_of_the_key_wins() {
    let folder = tempfile::tempdir().unwrap();
    let tracker = program(folder.path())
        .with("API_KEY", "the-general-one")
        .with("ERROR_TRACKER_API_KEY", KEY)
        .start()
        .await;

    assert_eq!(tracker.api().get("/api/projects").await.status, 200);
}

#[tokio::test]
async fn a_value_that_is_no_text_is_a_fault_and_not_the_default() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let folder = tempfile::tempdir().unwrap();
    let mut command = program(folder.path()).command(&[]);
    command.env("RETENTION_DAYS", OsStr::from_bytes(b"3\xff"));
    command.env("LISTEN", "127.0.0.1:0x");

    let finished = run(command);

    assert_eq!(finished.code, Some(USAGE));
    assert!(
        finished.stderr.contains("RETENTION_DAYS: "),
        "{}",
        finished.stderr
    );
}
