//! A database that is foreign, newer, damaged, locked, full or read-only: a clear answer, and no harm.

use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::chance::Chance;
use crate::ledger::Ledger;
use crate::namespace::SmallDisk;
use crate::sqlite::{self, assert_sound};
use crate::tracker::{Setup, Tracker, command, contents, eventually, run};

/// The start is refused for `reason`, and everything in the folder is as it was.
fn assert_refused(setup: &Setup, reason: &str) {
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
async fn used_database(folder: &Path) -> Setup {
    let setup = Setup::new(folder.join("errors.db"));
    let tracker = setup.start().await;
    let (status, body) = tracker.post("/api/errors", &report("Kept", 0)).await;
    assert_eq!(status, 201, "{body}");
    tracker.stop().await;
    setup
}

fn report(kind: &str, padding: usize) -> Value {
    // Text that does not compress well, so that it fills pages.
    let mut chance = Chance::from_seed(kind.bytes().fold(7, |seed, byte| seed * 31 + u64::from(byte)));
    let padding: String = (0..padding)
        .map(|_| char::from(chance.within(33, 127) as u8))
        .collect();
    json!({"project": "faults", "exception_type": kind, "message": "m", "traceback": "", "extra": {"padding": padding}})
}

#[tokio::test]
async fn a_newer_database_is_refused_unless_it_says_that_this_release_can_read_it() {
    let folder = tempfile::tempdir().unwrap();
    let setup = used_database(folder.path()).await;
    sqlite::change(
        &setup.database,
        "update _meta set value = '99' where key = 'schema_version'",
    )
    .await;
    sqlite::change(
        &setup.database,
        "alter table errors add column of_the_future text",
    )
    .await;

    let tracker = setup.start().await;
    assert_eq!(tracker.counts("faults").await["Kept"], 1);
    tracker.stop().await;

    sqlite::change(
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
        Setup::new(below.join("errors.db"))
    };

    let older = setup("older");
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(&older.database)
        .create_if_missing(true);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    sqlx::query("create table errors (id integer primary key, fingerprint text)")
        .execute(&pool)
        .await
        .unwrap();
    pool.close().await;
    assert_refused(&older, "it belongs to an older Monlight or to another program");

    let other = setup("other");
    Setup::new(&other.database).start().await.stop().await;
    sqlite::change(
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
    Setup::new(&headless.database).start().await.stop().await;
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

    let finished = Setup::new(in_the_way.join("data/errors.db")).fails();

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
    let setup = Setup::new(folder.path().join("errors.db"));
    let tracker = setup.start().await;
    for batch in 0..20 {
        let reports: Vec<Value> = (0..50)
            .map(|number| report(&format!("Kind{}", batch * 50 + number), 2_000))
            .collect();
        assert_eq!(tracker.post("/api/errors/batch", &reports.into()).await.0, 200);
    }
    tracker.stop().await;
    let size = std::fs::metadata(&setup.database).unwrap().len();
    // The roots of the tables lie at the front, so the start succeeds.
    overwrite(&setup.database, size / 4, size / 2);

    let mut tracker = setup.start().await;
    let mut answers: Vec<(u16, Value)> = Vec::new();
    for id in 1..=1_000 {
        answers.push(tracker.get(&format!("/api/errors/{id}")).await);
    }
    for number in 0..100 {
        answers.push(
            tracker
                .post("/api/errors", &report(&format!("Kind{number}"), 500))
                .await,
        );
    }
    for path in [
        "?limit=200",
        "?search=kind7&limit=200",
        "?sort=count&limit=200&offset=400",
    ] {
        answers.push(tracker.get(&format!("/api/errors{path}")).await);
    }
    answers.push(
        tracker
            .post(
                "/api/errors/bulk",
                &json!({"ids": [1, 400, 500, 600], "action": "delete"}),
            )
            .await,
    );
    let (health, _) = tracker.get("/health").await;

    assert!(!tracker.has_ended());
    assert!(health == 200 || health == 503, "{health}");
    let damaged = answers.iter().filter(|(status, _)| *status == 503);
    assert!(damaged.clone().count() > 100, "half of the file is damaged");
    for (_, body) in damaged {
        assert_eq!(body["detail"], "the database file is damaged; restore a backup");
    }
    let unclear: Vec<_> = answers
        .iter()
        .filter(|(status, _)| ![200, 201, 404, 503].contains(status))
        .collect();
    assert!(unclear.is_empty(), "{unclear:?}");
    tracker.signal("TERM");
    let (status, _) = tracker.ended().await;
    assert_eq!(status.code(), Some(0));
    assert!(!tracker.log_text().contains("panicked"));
}

/// Waits until reports are accepted again.
async fn accepts_again(tracker: &Tracker, ledger: &Ledger) {
    eventually("reports are accepted again", async || {
        let event = ledger.write(1);
        let (status, _) = tracker.post("/api/errors", &ledger.report(event[0])).await;
        (status < 300).then(|| ledger.acknowledge(&event))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_of_another_process_is_answered_within_seconds_and_passes() {
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::new(folder.path().join("errors.db"));
    let ledger = Arc::new(Ledger::new("locked"));
    let tracker = setup.start().await;
    accepts_again(&tracker, &ledger).await;
    let mut other = sqlite::open(&setup.database).await;
    sqlx::query("begin immediate").execute(&mut other).await.unwrap();

    let started = Instant::now();
    let event = ledger.write(1);
    let (status, body) = tracker.post("/api/errors", &ledger.report(event[0])).await;
    let took = started.elapsed();
    let health = tracker.get("/health").await;
    let counts = tracker.counts("locked").await;
    let listen = tracker.address.to_string();
    let mut check = command(&[("LISTEN", &listen)]);
    check.arg("--healthcheck");
    let check = tokio::task::spawn_blocking(|| run(check)).await.unwrap();
    let second_start = {
        let setup = setup.clone();
        tokio::task::spawn_blocking(move || setup.fails()).await.unwrap()
    };
    sqlx::query("rollback").execute(&mut other).await.unwrap();

    assert_eq!(status, 503);
    assert_eq!(body["detail"], "the database is busy; nothing was stored");
    assert!(body["retry_after"].as_u64().is_some(), "{body}");
    assert!(took < Duration::from_secs(6), "{took:?}");
    assert_eq!((health.0, &health.1["status"]), (503, &json!("error")));
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
        (tracker.get("/health").await.0 == 200).then_some(())
    })
    .await;
    ledger.settle(&tracker).await;
    assert_sound(&setup.database).await;
}

/// Reports until the tracker refuses; what it answered then.
async fn report_until_refused(tracker: &Tracker, ledger: &Ledger) -> Value {
    for _ in 0..5_000 {
        let events = ledger.write(40);
        let reports: Vec<Value> = events.iter().map(|event| ledger.report(*event)).collect();
        let (status, body) = tracker.post("/api/errors/batch", &reports.into()).await;
        if status == 503 {
            return body;
        }
        assert_eq!(status, 200, "{body}");
        ledger.acknowledge(&events);
    }
    panic!("the disk never ran full");
}

/// Where a batch has no room there may be some for a small write, such as the health check's own.
async fn health_tells_of_the_full_disk(tracker: &Tracker) {
    eventually("health tells of the full disk", async || {
        for action in ["resolve", "unresolve"].iter().cycle() {
            let (status, body) = tracker.post(&format!("/api/errors/1/{action}"), &json!({})).await;
            if status != 200 {
                assert_eq!(body["detail"], "the disk is full; nothing was stored");
                break;
            }
        }
        (tracker.get("/health").await.0 == 503).then_some(())
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
    let setup = Setup::new(place.join("errors.db"));
    let ledger = Ledger::new("full");
    let mut tracker = Tracker::start(disk.command(&setup, "true")).await;
    accepts_again(&tracker, &ledger).await;
    let filler = disk.seen_from_here(&tracker, "filler");
    let filled = std::fs::write(&filler, vec![0_u8; 8 << 20]);
    assert!(filled.is_err(), "the disk is smaller than that");

    for _ in 0..2 {
        let refusal = report_until_refused(&tracker, &ledger).await;
        assert_eq!(refusal["detail"], "the disk is full; nothing was stored");
        health_tells_of_the_full_disk(&tracker).await;
        assert!(
            tracker.counts("full").await.values().sum::<i64>() > 0,
            "reading goes on"
        );
        assert!(!tracker.has_ended());

        // Some of the space comes back, and runs out again.
        let file = std::fs::File::options().write(true).open(&filler).unwrap();
        file.set_len(file.metadata().unwrap().len() / 2).unwrap();
        accepts_again(&tracker, &ledger).await;
    }

    std::fs::remove_file(&filler).unwrap();
    eventually("health is back", async || {
        (tracker.get("/health").await.0 == 200).then_some(())
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

    let finished = run(disk.command(&Setup::new(folder.path().join("errors.db")), "true"));

    assert_eq!(finished.code, Some(1), "{}", finished.stderr);
    assert!(finished.stderr.contains("full"), "{}", finished.stderr);
    assert!(!finished.stderr.contains("panicked"), "{}", finished.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_on_file_size_is_told_and_does_not_kill() {
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::new(folder.path().join("errors.db"));
    let ledger = Ledger::new("limited");
    // Blocks of 512 bytes, so 2 MiB.
    let limited = setup.command(&["sh", "-c", "ulimit -f 4096 && exec \"$0\""]);
    let tracker = Tracker::start(limited).await;

    let refusal = report_until_refused(&tracker, &ledger).await;

    let detail = refusal["detail"].as_str().unwrap();
    assert!(detail.ends_with("nothing was stored"), "{detail}");
    assert!(
        tracker.counts("limited").await.values().sum::<i64>() > 0,
        "reading goes on"
    );
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
    let copied = Setup::new(place.join("errors.db"));
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
