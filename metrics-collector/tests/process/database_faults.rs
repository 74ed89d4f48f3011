//! A database that is foreign, newer, damaged, locked or read-only: a clear answer, and no harm.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use shared::testing::database::{self, assert_sound, change, overwrite};
use shared::testing::{Chance, Process, Program, database_faults, eventually};

use crate::ledger::Ledger;
use crate::load::Load;
use crate::setup::{count, point, program};

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
    database_faults::assert_newer_refused(
        &setup,
        "alter table series add column of_the_future text",
        async |collector| {
            let points = json!([point("kept"), point("new")]);
            assert_eq!(post(collector, &points).await.0, 202);
            assert_eq!(count(&collector.api(), "kept").await, 2);
        },
    )
    .await;
}

#[tokio::test]
async fn files_of_others_are_refused_and_left_as_they_were() {
    database_faults::assert_others_refused(
        "metrics-collector",
        program,
        "create table metrics_raw (id integer primary key, timestamp text, name text, value real)",
    )
    .await;
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    database_faults::assert_folder_named(program);
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

    let collector = setup.start().await;
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

    let damaged = database_faults::assert_damage_told(collector, &answers, &[200, 202]).await;
    assert!(damaged > 0, "a quarter of the file is damaged");
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

    let collector = setup.with("AGGREGATION_INTERVAL", 1).start().await;
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
    database_faults::assert_ends_well(collector).await;
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
    let batch = ledger.write(&mut Chance::new(), 10);
    let client = collector.api().with("Idempotency-Key", &batch.key);
    database_faults::assert_lock_passes(
        &setup,
        &collector,
        Duration::from_secs(8),
        async || client.post_json("/api/metrics", &batch.body()).await,
        async || assert!(!ledger.found(&collector).await.is_empty(), "reading goes on"),
    )
    .await;
    ledger.settle(&collector).await;
    collector.stop().await;
    assert_sound(&setup.database).await;
}

#[tokio::test]
async fn a_database_that_cannot_be_written_is_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let setup = used_database(folder.path()).await;
    database_faults::assert_read_only_told(&setup, program);
}
