//! A database that is foreign, newer, damaged, locked or read-only: a clear answer, and no harm.

use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use shared::testing::database::{self, assert_sound, change};
use shared::testing::process::{contents, run};
use shared::testing::{Chance, Process, Program, SmallDisk, eventually};

use crate::ledger::Ledger;
use crate::load::Load;
use crate::setup::{BINARY, count, point, program};

/// The start is refused for `reason`, and everything in the folder is as it was.
fn assert_refused(setup: &Program, reason: &str) {
    let folder = setup.database.parent().unwrap();
    let before = contents(folder);

    let finished = setup.fails();

    assert_eq!(finished.code, Some(1), "{}", finished.stderr);
    assert!(finished.stderr.contains(reason), "{}", finished.stderr);
    let path = setup.database.to_str().unwrap();
    assert!(finished.stderr.contains(path), "{}", finished.stderr);
    assert!(before == contents(folder), "a refused file is left as it was");
}

async fn post(collector: &Process, points: &Value) -> (u16, String) {
    let reply = collector.api().post_json("/api/metrics", points).await;
    (reply.status, reply.text().to_owned())
}

/// A database with something in it, and no collector on it.
async fn used_database(folder: &Path) -> Program {
    let setup = program(folder);
    let collector = setup.start().await;
    assert_eq!(post(&collector, &json!([point("kept")])).await.0, 202);
    collector.stop().await;
    setup
}

#[tokio::test]
async fn a_newer_database_is_refused_unless_it_says_that_this_release_can_read_it() {
    let folder = tempfile::tempdir().unwrap();
    let setup = used_database(folder.path()).await;
    change(
        &setup.database,
        "update _meta set value = '99' where key = 'schema_version'",
    )
    .await;
    change(
        &setup.database,
        "alter table series add column of_the_future text",
    )
    .await;

    let collector = setup.start().await;
    assert_eq!(
        post(&collector, &json!([point("kept"), point("new")])).await.0,
        202
    );
    assert_eq!(count(&collector.api(), "kept").await, 2);
    collector.stop().await;

    change(
        &setup.database,
        "update _meta set value = '99.1.0' where key = 'min_reader'",
    )
    .await;
    assert_refused(&setup, "it needs 99.1.0 or later");
}

#[tokio::test]
async fn files_of_others_are_refused_and_left_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let setup = |name: &str| {
        let below = folder.path().join(name);
        std::fs::create_dir(&below).unwrap();
        program(&below)
    };

    let older = setup("older");
    std::fs::write(&older.database, "").unwrap();
    change(
        &older.database,
        "create table metrics_raw (id integer primary key, timestamp text, name text, value real)",
    )
    .await;
    assert_refused(&older, "it belongs to an older Monlight or to another program");

    let other = setup("other");
    Program::new(BINARY, &other.database).start().await.stop().await;
    change(
        &other.database,
        "update _meta set value = 'error-tracker' where key = 'product'",
    )
    .await;
    assert_refused(
        &other,
        "it belongs to \"error-tracker\", not to metrics-collector",
    );

    let text = setup("text");
    std::fs::write(&text.database, "http_requests_total 1\n".repeat(400)).unwrap();
    assert_refused(&text, "it is no SQLite database, or it is damaged");

    let headless = setup("headless");
    Program::new(BINARY, &headless.database)
        .start()
        .await
        .stop()
        .await;
    overwrite(&headless.database, 0, 100);
    assert_refused(&headless, "it is no SQLite database, or it is damaged");

    let folder_itself = setup("folder");
    std::fs::create_dir(&folder_itself.database).unwrap();
    assert_refused(&folder_itself, "is a folder");
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let in_the_way = folder.path().join("a-file");
    std::fs::write(&in_the_way, "").unwrap();

    let finished = Program::new(BINARY, in_the_way.join("data/metrics.db")).fails();

    assert_eq!(finished.code, Some(1));
    assert!(
        finished.stderr.contains("cannot make the folder"),
        "{}",
        finished.stderr
    );
}

/// Puts bytes that mean nothing over a part of a file.
fn overwrite(path: &Path, from: u64, length: u64) {
    let mut file = std::fs::File::options().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(from)).unwrap();
    file.write_all(&vec![0xa5; usize::try_from(length).unwrap()])
        .unwrap();
}

/// Points of many minutes and series, so that there are many pages.
async fn fill(collector: &Process) {
    let now = shared::clock::Timestamp::now().millis();
    let mut chance = Chance::new();
    for minute in 1..=50 {
        let points: Vec<Value> = (0..500)
            .map(|host| {
                json!({
                    "name": "wait", "type": "histogram", "value": chance.within(0, u64::MAX >> 12),
                    "timestamp": now - minute * 60_000, "labels": {"host": host},
                })
            })
            .collect();
        assert_eq!(post(collector, &json!(points)).await.0, 202);
    }
}

#[tokio::test]
async fn damaged_pages_are_reported_and_do_not_bring_the_process_down() {
    let folder = tempfile::tempdir().unwrap();
    let setup = program(folder.path()).with("AGGREGATION_INTERVAL", 1);
    let collector = setup.start().await;
    fill(&collector).await;
    collector.stop().await;
    let size = std::fs::metadata(&setup.database).unwrap().len();
    // The roots of the tables lie at the front, and so does the catalogue, so the start succeeds.
    overwrite(&setup.database, size / 2, size / 4);

    let mut collector = setup.start().await;
    let mut answers = Vec::new();
    for query in [
        "name=wait",
        "name=wait&group_by=host",
        "name=wait&resolution=hour",
        "name=wait&labels=host:7",
    ] {
        answers.push(collector.api().get(&format!("/api/metrics?{query}")).await);
    }
    answers.push(collector.api().get("/api/dashboard").await);
    for _ in 0..50 {
        let points = json!([point("jobs")]);
        answers.push(collector.api().post_json("/api/metrics", &points).await);
    }
    let health = collector.api().get("/health").await.status;

    assert!(!collector.has_ended());
    assert!(health == 200 || health == 503, "{health}");
    let damaged = answers.iter().filter(|reply| reply.status == 503);
    assert!(damaged.clone().count() > 0, "a quarter of the file is damaged");
    for reply in damaged {
        assert_eq!(reply.detail(), "the database file is damaged; restore a backup");
    }
    let unclear: Vec<_> = answers
        .iter()
        .filter(|reply| ![200, 202, 503].contains(&reply.status))
        .collect();
    assert!(unclear.is_empty(), "{unclear:?}");
    collector.signal("TERM");
    assert_eq!(collector.ended().await.0.code(), Some(0));
    assert!(
        !collector.log_text().contains("panicked"),
        "{}",
        collector.log_text()
    );
}

#[tokio::test]
async fn damaged_rows_are_reported_and_the_rest_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let setup = program(folder.path());
    let collector = setup.start().await;
    fill(&collector).await;
    collector.stop().await;
    change(
        &setup.database,
        "update metrics_raw set data = randomblob(100) where id % 3 = 0",
    )
    .await;
    change(
        &setup.database,
        "update metrics_aggregated set data = randomblob(100) where id % 3 = 0",
    )
    .await;

    let mut collector = setup.with("AGGREGATION_INTERVAL", 1).start().await;
    eventually("all minutes are rolled up", async || {
        let figures = collector.api().get("/metrics").await;
        figures.text().contains("unsettled_minutes 0\n").then_some(())
    })
    .await;
    for query in [
        "name=wait",
        "name=wait&group_by=host",
        "name=wait&resolution=hour",
        "name=wait&labels=host:7",
    ] {
        let reply = collector.api().get(&format!("/api/metrics?{query}")).await;
        assert_eq!(reply.status, 200, "{query}: {}", reply.text());
    }
    assert_eq!(collector.api().get("/api/dashboard").await.status, 200);
    assert_eq!(post(&collector, &json!([point("jobs")])).await.0, 202);

    assert!(
        collector.log_text().contains("damaged"),
        "{}",
        collector.log_text()
    );
    collector.signal("TERM");
    assert_eq!(collector.ended().await.0.code(), Some(0));
    assert!(
        !collector.log_text().contains("panicked"),
        "{}",
        collector.log_text()
    );
}

#[tokio::test]
async fn a_batch_counts_when_its_sender_did_not_wait_for_the_answer() {
    let folder = tempfile::tempdir().unwrap();
    let setup = program(folder.path());
    let collector = setup.start().await;
    let api = collector.api();

    // A sender that gives up before the machine has taken all of its batch sends nothing.
    eventually("a batch that nobody waits for", async || {
        let mut other = database::open(&setup.database).await;
        sqlx::query("begin immediate").execute(&mut other).await.unwrap();
        let batch = json!([point("jobs"), point("jobs")]);
        let sent = api.post_json("/api/metrics", &batch);
        let answered = tokio::time::timeout(Duration::from_millis(300), sent).await;
        sqlx::query("rollback").execute(&mut other).await.unwrap();
        assert!(answered.is_err(), "it cannot be stored yet");
        (count(&api, "jobs").await > 0).then_some(())
    })
    .await;

    eventually("all that is stored is counted", async || {
        let figures = api.get("/metrics").await;
        let stored = count(&api, "jobs").await;
        let counted = format!("monlight_metrics_collector_points_accepted_total {stored}\n");
        figures.text().contains(&counted).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_of_another_process_is_answered_within_seconds_and_passes() {
    let folder = tempfile::tempdir().unwrap();
    let setup = program(folder.path()).with("AGGREGATION_INTERVAL", 1);
    let ledger = Arc::new(Ledger::new());
    let collector = setup.start().await;
    let load = Load::start(&collector, &ledger);
    load.acknowledged(50).await;
    load.end().await;
    let mut other = database::open(&setup.database).await;
    sqlx::query("begin immediate").execute(&mut other).await.unwrap();

    let started = Instant::now();
    let batch = ledger.write(&mut Chance::new(), 10);
    let client = collector.api().with("Idempotency-Key", &batch.key);
    let refused = client.post_json("/api/metrics", &batch.body()).await;
    let took = started.elapsed();
    let health = collector.api().get("/health").await;
    let reading = ledger.found(&collector).await;
    let second_start = {
        let setup = setup.clone();
        tokio::task::spawn_blocking(move || setup.fails()).await.unwrap()
    };
    sqlx::query("rollback").execute(&mut other).await.unwrap();

    assert_eq!(
        (refused.status, refused.detail().as_str()),
        (503, "the database is busy; nothing was stored")
    );
    assert!(took < Duration::from_secs(8), "{took:?}");
    assert_eq!(health.status, 503);
    assert!(!reading.is_empty(), "reading goes on");
    assert_eq!(second_start.code, Some(1));
    assert!(
        second_start.stderr.contains("database is locked"),
        "{}",
        second_start.stderr
    );
    ledger.settle(&collector).await;
    eventually("health is back", async || {
        (collector.api().get("/health").await.status == 200).then_some(())
    })
    .await;
    collector.stop().await;
    assert_sound(&setup.database).await;
}

#[tokio::test]
async fn a_database_that_cannot_be_written_is_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let setup = used_database(folder.path()).await;
    let place = folder.path().join("small");
    std::fs::create_dir(&place).unwrap();
    let Some(disk) = SmallDisk::at(&place, 8 * 1_024) else {
        eprintln!("no mounts here; a read-only disk cannot be tried");
        return;
    };
    let copied = Program::new(BINARY, place.join("metrics.db"));
    let read_only = format!(
        "cp \"{}\" \"$0\" && mount -o remount,ro \"$0\"",
        setup.database.display()
    );

    let finished = run(disk.command(&copied, &read_only));

    assert_eq!(finished.code, Some(1), "{}", finished.stderr);
    let what = format!(
        "cannot write to the database {} or to its folder",
        copied.database.display()
    );
    assert!(finished.stderr.contains(&what), "{}", finished.stderr);
}
