//! A database that is foreign, newer, damaged, locked, full or read-only: a clear answer, and no harm.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use shared::testing::database::{assert_sound, overwrite};
use shared::testing::verbs::verb;
use shared::testing::{Chance, Process, Program, SmallDisk, database_faults, eventually};

use crate::ledger::Ledger;
use crate::setup::{BINARY, counts, program};

/// A database with something in it, and no tracker on it.
async fn used_database(folder: &Path) -> Program {
    let setup = program(folder);
    let tracker = setup.start().await;
    let reply = tracker.api().post_json("/api/errors", &report("Kept", 0)).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    tracker.stop().await;
    setup
}

fn report(kind: &str, padding: usize) -> Value {
    // Text that does not compress well, so that it fills pages.
    let mut chance = Chance::from_seed(kind.bytes().fold(7, |seed, byte| seed * 31 + u64::from(byte)));
    let padding = chance.text(padding);
    json!({"project": "faults", "exception_type": kind, "message": "m", "traceback": "", "extra": {"padding": padding}})
}

#[tokio::test]
async fn a_newer_database_is_refused_unless_it_says_that_this_release_can_read_it() {
    let folder = tempfile::tempdir().unwrap();
    let setup = used_database(folder.path()).await;
    database_faults::assert_newer_refused(
        &setup,
        "alter table errors add column of_the_future text",
        async |tracker| assert_eq!(counts(tracker, "faults").await["Kept"], 1),
    )
    .await;
}

#[tokio::test]
async fn files_of_others_are_refused_and_left_as_they_were() {
    database_faults::assert_others_refused(
        "error-tracker",
        program,
        "create table errors (id integer primary key, fingerprint text)",
    )
    .await;
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    database_faults::assert_folder_named(program);
}

#[tokio::test]
async fn damaged_pages_are_reported_and_do_not_bring_the_process_down() {
    let folder = tempfile::tempdir().unwrap();
    let setup = program(folder.path());
    let tracker = setup.start().await;
    for batch in 0..20 {
        let reports: Value = (0..50)
            .map(|number| report(&format!("Kind{}", batch * 50 + number), 2_000))
            .collect();
        let reply = tracker.api().post_json("/api/errors/batch", &reports).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    tracker.stop().await;
    let size = std::fs::metadata(&setup.database).unwrap().len();
    // The roots of the tables lie at the front, so the start succeeds.
    overwrite(&setup.database, size / 4, size / 2);

    let tracker = setup.start().await;
    let mut answers = Vec::new();
    for id in 1..=1_000 {
        answers.push(tracker.api().get(&format!("/api/errors/{id}")).await);
    }
    for number in 0..100 {
        let report = report(&format!("Kind{number}"), 500);
        answers.push(tracker.api().post_json("/api/errors", &report).await);
    }
    for path in [
        "?limit=200",
        "?search=kind7&limit=200",
        "?sort=count&limit=200&offset=400",
    ] {
        answers.push(tracker.api().get(&format!("/api/errors{path}")).await);
    }
    let deletion = json!({"ids": [1, 400, 500, 600], "action": "delete"});
    answers.push(tracker.api().post_json("/api/errors/bulk", &deletion).await);

    let damaged = database_faults::assert_damage_told(tracker, &answers, &[200, 201, 404]).await;
    assert!(damaged > 100, "half of the file is damaged");
}

/// Waits until reports are accepted again.
async fn accepts_again(tracker: &Process, ledger: &Ledger) {
    eventually("reports are accepted again", async || {
        let event = ledger.write(1);
        let report = ledger.report(event[0]);
        let reply = tracker.api().post_json("/api/errors", &report).await;
        (reply.status < 300).then(|| ledger.acknowledge(&event))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_of_another_process_is_answered_within_seconds_and_passes() {
    let folder = tempfile::tempdir().unwrap();
    let setup = program(folder.path());
    let ledger = Arc::new(Ledger::new("locked"));
    let tracker = setup.start().await;
    accepts_again(&tracker, &ledger).await;
    let event = ledger.write(1);
    let report = ledger.report(event[0]);
    database_faults::assert_lock_passes(
        &setup,
        &tracker,
        Duration::from_secs(6),
        async || tracker.api().post_json("/api/errors", &report).await,
        async || {
            let counts = counts(&tracker, "locked").await;
            assert_eq!(counts.values().sum::<i64>(), 1, "reading goes on");
            let listen = tracker.address.to_string();
            let check = move || verb(BINARY, &["--healthcheck"], &[("LISTEN", &listen)]);
            let check = tokio::task::spawn_blocking(check).await.unwrap();
            assert_eq!(check.code, Some(1), "{}", check.stderr);
        },
    )
    .await;
    accepts_again(&tracker, &ledger).await;
    ledger.settle(&tracker).await;
    assert_sound(&setup.database).await;
}

/// Reports until the tracker refuses; what it answered then.
async fn report_until_refused(tracker: &Process, ledger: &Ledger) -> String {
    for _ in 0..5_000 {
        let events = ledger.write(40);
        let reports: Value = events.iter().map(|event| ledger.report(*event)).collect();
        let reply = tracker.api().post_json("/api/errors/batch", &reports).await;
        if reply.status == 503 {
            return reply.detail();
        }
        assert_eq!(reply.status, 200, "{}", reply.text());
        ledger.acknowledge(&events);
    }
    panic!("the disk never ran full");
}

/// Where a batch has no room there may be some for a small write, such as the health check's own.
async fn health_tells_of_the_full_disk(tracker: &Process) {
    eventually("health tells of the full disk", async || {
        for action in ["resolve", "unresolve"].iter().cycle() {
            let path = format!("/api/errors/1/{action}");
            let reply = tracker.api().post_json(&path, &json!({})).await;
            if reply.status != 200 {
                assert_eq!(reply.detail(), "the disk is full; nothing was stored");
                break;
            }
        }
        (tracker.api().get("/health").await.status == 503).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_told_loses_nothing_and_ends_with_the_space() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("small");
    std::fs::create_dir(&place).unwrap();
    let Some(disk) = SmallDisk::at(&place, 6 * 1_024) else {
        eprintln!("no mounts here; the limit on file size in the next test stands in for a full disk");
        return;
    };
    let setup = program(&place);
    let ledger = Ledger::new("full");
    let mut tracker = Process::start(disk.command(&setup, "true")).await;
    accepts_again(&tracker, &ledger).await;
    let filler = disk.seen_from_here(&tracker, "filler");
    let filled = std::fs::write(&filler, vec![0_u8; 8 << 20]);
    assert!(filled.is_err(), "the disk is smaller than that");

    for _ in 0..2 {
        let refusal = report_until_refused(&tracker, &ledger).await;
        assert_eq!(refusal, "the disk is full; nothing was stored");
        health_tells_of_the_full_disk(&tracker).await;
        let counted: i64 = counts(&tracker, "full").await.values().sum();
        assert!(counted > 0, "reading goes on");
        assert!(!tracker.has_ended());

        // Some of the space comes back, and runs out again.
        let file = std::fs::File::options().write(true).open(&filler).unwrap();
        file.set_len(file.metadata().unwrap().len() / 2).unwrap();
        accepts_again(&tracker, &ledger).await;
    }

    std::fs::remove_file(&filler).unwrap();
    eventually("health is back", async || {
        (tracker.api().get("/health").await.status == 200).then_some(())
    })
    .await;
    ledger.settle(&tracker).await;
    disk.assert_sound(&tracker, "errors.db").await;
    tracker.signal("TERM");
    let (status, _) = tracker.ended().await;
    assert_eq!(status.code(), Some(0));
}

#[tokio::test]
async fn a_start_on_a_full_disk_says_so() {
    database_faults::assert_full_disk_told(program);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_on_file_size_is_told_and_does_not_kill() {
    let folder = tempfile::tempdir().unwrap();
    let setup = program(folder.path());
    let ledger = Ledger::new("limited");
    // Blocks of 512 bytes, so 2 MiB.
    let limited = setup.command(&["sh", "-c", "ulimit -f 4096 && exec \"$0\""]);
    let tracker = Process::start(limited).await;

    let refusal = report_until_refused(&tracker, &ledger).await;

    assert!(refusal.ends_with("nothing was stored"), "{refusal}");
    let counted: i64 = counts(&tracker, "limited").await.values().sum();
    assert!(counted > 0, "reading goes on");
    tracker.stop().await;
    let tracker = setup.start().await;
    ledger.settle(&tracker).await;
    assert_sound(&setup.database).await;
}

#[tokio::test]
async fn a_database_that_cannot_be_written_is_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let setup = used_database(folder.path()).await;
    database_faults::assert_read_only_told(&setup, program);
}
