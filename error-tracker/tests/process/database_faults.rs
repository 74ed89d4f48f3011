//! A database that is foreign, newer, damaged, locked, full or read-only: a clear answer, and no harm.

use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use shared::testing::database::{self, assert_sound, change};
use shared::testing::process::{contents, run};
use shared::testing::{Chance, Process, Program, SmallDisk, eventually};

use crate::ledger::Ledger;
use crate::setup::{BINARY, command, counts, program};

/// The start is refused for `reason`, and everything in the folder is as it was.
fn assert_refused(setup: &Program, reason: &str) {
    let folder = setup.database.parent().unwrap();
    let before = contents(folder);

    let finished = setup.fails();

    assert_eq!(finished.code, Some(1), "{}", finished.stderr);
    assert!(finished.stderr.contains(reason), "{}", finished.stderr);
    assert!(
        finished.stderr.contains(setup.database.to_str().unwrap()),
        "{}",
        finished.stderr
    );
    let after = contents(folder);
    assert_eq!(
        before.keys().collect::<Vec<_>>(),
        after.keys().collect::<Vec<_>>(),
        "no file came or went"
    );
    assert!(before == after, "a refused file is left as it was");
}

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
    change(
        &setup.database,
        "update _meta set value = '99' where key = 'schema_version'",
    )
    .await;
    change(
        &setup.database,
        "alter table errors add column of_the_future text",
    )
    .await;

    let tracker = setup.start().await;
    assert_eq!(counts(&tracker, "faults").await["Kept"], 1);
    tracker.stop().await;

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
        "create table errors (id integer primary key, fingerprint text)",
    )
    .await;
    assert_refused(&older, "it belongs to an older Monlight or to another program");

    let other = setup("other");
    other.start().await.stop().await;
    change(
        &other.database,
        "update _meta set value = 'log-viewer' where key = 'product'",
    )
    .await;
    assert_refused(&other, "it belongs to \"log-viewer\", not to error-tracker");

    let text = setup("text");
    std::fs::write(
        &text.database,
        "[settings]\nthis = \"is no database\"\n".repeat(200),
    )
    .unwrap();
    assert_refused(&text, "it is no SQLite database, or it is damaged");

    let headless = setup("headless");
    headless.start().await.stop().await;
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

    let finished = Program::new(BINARY, in_the_way.join("data/errors.db")).fails();

    assert_eq!(finished.code, Some(1));
    assert!(
        finished.stderr.contains("cannot make the folder"),
        "{}",
        finished.stderr
    );
    assert!(
        finished.stderr.contains(in_the_way.to_str().unwrap()),
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

    let mut tracker = setup.start().await;
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
    let health = tracker.api().get("/health").await.status;

    assert!(!tracker.has_ended());
    assert!(health == 200 || health == 503, "{health}");
    let damaged = answers.iter().filter(|reply| reply.status == 503);
    assert!(damaged.clone().count() > 100, "half of the file is damaged");
    for reply in damaged {
        assert_eq!(reply.detail(), "the database file is damaged; restore a backup");
    }
    let unclear: Vec<_> = answers
        .iter()
        .filter(|reply| ![200, 201, 404, 503].contains(&reply.status))
        .collect();
    assert!(unclear.is_empty(), "{unclear:?}");
    tracker.signal("TERM");
    let (status, _) = tracker.ended().await;
    assert_eq!(status.code(), Some(0));
    assert!(!tracker.log_text().contains("panicked"));
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
    let mut other = database::open(&setup.database).await;
    sqlx::query("begin immediate").execute(&mut other).await.unwrap();

    let started = Instant::now();
    let event = ledger.write(1);
    let report = ledger.report(event[0]);
    let refused = tracker.api().post_json("/api/errors", &report).await;
    let took = started.elapsed();
    let health = tracker.api().get("/health").await;
    let counts = counts(&tracker, "locked").await;
    let listen = tracker.address.to_string();
    let mut check = command(&[("LISTEN", &listen)]);
    check.arg("--healthcheck");
    let check = tokio::task::spawn_blocking(|| run(check)).await.unwrap();
    let second_start = {
        let setup = setup.clone();
        tokio::task::spawn_blocking(move || setup.fails()).await.unwrap()
    };
    sqlx::query("rollback").execute(&mut other).await.unwrap();

    assert_eq!(
        (refused.status, refused.detail().as_str()),
        (503, "the database is busy; nothing was stored")
    );
    let body: Value = serde_json::from_slice(&refused.body).unwrap();
    assert!(body["retry_after"].as_u64().is_some(), "{body}");
    assert!(took < Duration::from_secs(6), "{took:?}");
    assert_eq!((health.status, &health.json()["status"]), (503, &json!("error")));
    assert_eq!(check.code, Some(1), "{}", check.stderr);
    assert_eq!(counts.values().sum::<i64>(), 1, "reading goes on");
    assert_eq!(second_start.code, Some(1));
    assert!(
        second_start.stderr.contains("database is locked"),
        "{}",
        second_start.stderr
    );
    accepts_again(&tracker, &ledger).await;
    eventually("health is back", async || {
        (tracker.api().get("/health").await.status == 200).then_some(())
    })
    .await;
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
    // Stopped, but the files go with the process: so the copy that is checked is made before.
    let copy = folder.path().join("copy.db");
    for suffix in ["", "-wal"] {
        let from = disk.seen_from_here(&tracker, &format!("errors.db{suffix}"));
        std::fs::copy(from, format!("{}{suffix}", copy.display())).unwrap();
    }
    assert_sound(&copy).await;
    tracker.signal("TERM");
    let (status, _) = tracker.ended().await;
    assert_eq!(status.code(), Some(0));
}

#[tokio::test]
async fn a_start_on_a_full_disk_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::at(folder.path(), 64) else {
        eprintln!("no mounts here; this start cannot be tried");
        return;
    };

    let finished = run(disk.command(&program(folder.path()), "true"));

    assert_eq!(finished.code, Some(1), "{}", finished.stderr);
    assert!(finished.stderr.contains("full"), "{}", finished.stderr);
    assert!(!finished.stderr.contains("panicked"), "{}", finished.stderr);
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
    let place = folder.path().join("small");
    std::fs::create_dir(&place).unwrap();
    let Some(disk) = SmallDisk::at(&place, 8 * 1_024) else {
        eprintln!("no mounts here; a read-only disk cannot be tried");
        return;
    };
    let copied = program(&place);
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
