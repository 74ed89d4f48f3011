//! A database that is foreign, newer, damaged, locked or read-only: a clear answer, and no harm.

use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;
use shared::testing::database::{self, assert_sound, change, number};
use shared::testing::process::{contents, run};
use shared::testing::{Chance, Process, Program, SmallDisk, eventually};

use crate::setup::{BINARY, Peers, before, browser, error, is_drained, program, report, waiting};

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

/// A database with something in it, and no relay on it.
async fn used_database(folder: &Path) -> Program {
    let setup = program(folder);
    let relay = setup.start().await;
    assert_eq!(report(&relay, "kept").await, 202);
    relay.stop().await;
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
    change(&setup.database, "alter table spool add column of_the_future text").await;

    let relay = setup.start().await;
    assert_eq!(report(&relay, "new").await, 202);
    assert_eq!(waiting(&relay).await, (2, 0));
    relay.stop().await;

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
        "create table dsn_keys (id integer primary key, public_key text, project text)",
    )
    .await;
    assert_refused(&older, "it belongs to an older Monlight or to another program");

    let other = setup("other");
    other.start().await.stop().await;
    change(
        &other.database,
        "update _meta set value = 'error-tracker' where key = 'product'",
    )
    .await;
    assert_refused(&other, "it belongs to \"error-tracker\", not to browser-relay");

    let text = setup("text");
    std::fs::write(&text.database, "{\"version\":3}\n".repeat(400)).unwrap();
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
    let nowhere = "http://127.0.0.1:9";

    let finished = before(
        Program::new(BINARY, in_the_way.join("data/relay.db")),
        nowhere,
        nowhere,
    )
    .fails();

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

#[tokio::test]
async fn damaged_pages_are_reported_and_do_not_bring_the_process_down() {
    let folder = tempfile::tempdir().unwrap();
    let setup = program(folder.path());
    let relay = setup.start().await;
    let mut chance = Chance::new();
    for number in 0..60 {
        // Text that cannot be packed, so that there are many pages.
        let source = chance.text(9_000);
        let map = json!({"version": 3, "sources": ["a.ts"], "names": [], "mappings": "AAAA", "sourcesContent": [source]});
        let path = format!("/api/source-maps?project=shop&release=1&file_url=/{number}.js");
        assert_eq!(relay.api().post_json(&path, &map).await.status, 201);
    }
    relay.stop().await;
    let size = std::fs::metadata(&setup.database).unwrap().len();
    // The roots of the tables lie at the front, and nothing waits in the spool, so the start succeeds.
    overwrite(&setup.database, size / 3, size / 3);

    let mut relay = setup.start().await;
    let mut answers = Vec::new();
    for path in ["/api/spool", "/api/dsn-keys", "/api/source-maps?limit=1000"] {
        answers.push(relay.api().get(path).await);
    }
    for number in 0..60 {
        let body = json!({
            "message": "x", "release": "1",
            "stack": format!("    at b (https://x.io/{number}.js:1:1)"),
        });
        answers.push(browser(&relay).post_json("/api/errors", &body).await);
    }
    for id in 1..60 {
        answers.push(relay.api().delete(&format!("/api/source-maps/{id}")).await);
    }
    let health = relay.api().get("/health").await.status;

    assert!(!relay.has_ended());
    assert!(health == 200 || health == 503, "{health}");
    for reply in answers.iter().filter(|reply| reply.status == 503) {
        assert_eq!(reply.detail(), "the database file is damaged; restore a backup");
    }
    let unclear: Vec<_> = answers
        .iter()
        .filter(|reply| ![200, 202, 404, 503].contains(&reply.status))
        .collect();
    assert!(unclear.is_empty(), "{unclear:?}");
    relay.signal("TERM");
    assert_eq!(relay.ended().await.0.code(), Some(0));
    assert!(!relay.log_text().contains("panicked"), "{}", relay.log_text());
}

#[tokio::test]
async fn a_damaged_spool_is_told_at_the_start_with_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let setup = program(folder.path());
    let relay = setup.start().await;
    let mut chance = Chance::new();
    for number in 0..60 {
        let body = json!({"message": number.to_string(), "stack": chance.text(2_000)});
        assert_eq!(browser(&relay).post_json("/api/errors", &body).await.status, 202);
    }
    relay.stop().await;
    let size = std::fs::metadata(&setup.database).unwrap().len();
    overwrite(&setup.database, size / 2, size / 4);

    let finished = setup.fails();

    assert_eq!(finished.code, Some(1), "{}", finished.stderr);
    let what = format!("cannot read the database {}", setup.database.display());
    assert!(finished.stderr.contains(&what), "{}", finished.stderr);
    assert!(!finished.stderr.contains("panicked"), "{}", finished.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_map_harms_only_the_frames_that_need_it() {
    let folder = tempfile::tempdir().unwrap();
    let peers = Peers::start();
    let setup = peers.program(folder.path());
    let relay = setup.start().await;
    let map = json!({"version": 3, "sources": ["a.ts"], "names": [], "mappings": "AAAA", "sourcesContent": ["line"]});
    for name in ["block", "index", "whole"] {
        let path = format!("/api/source-maps?project=shop&release=1&file_url=/{name}.js");
        assert_eq!(relay.api().post_json(&path, &map).await.status, 201);
    }
    relay.stop().await;
    change(
        &setup.database,
        "update source_map_blocks set bytes = randomblob(50)
         where id >> 20 = (select id from source_maps where file_url = '/block.js')",
    )
    .await;
    change(
        &setup.database,
        "update source_map_indexes set bytes = randomblob(50)
         where map_id = (select id from source_maps where file_url = '/index.js')",
    )
    .await;

    let mut relay = setup.start().await;
    let stack = "    at b (https://x.io/block.js:1:1)\n    at i (https://x.io/index.js:1:1)\n    at w (https://x.io/whole.js:1:1)";
    let body = json!({"message": "x", "release": "1", "stack": stack});
    assert_eq!(browser(&relay).post_json("/api/errors", &body).await.status, 201);

    let report = peers.tracker.only();
    let frames = report["extra"]["frames"].as_array().unwrap();
    assert!(
        frames[0]["unresolved"].is_string() || frames[0]["no_context"].is_string(),
        "{report}"
    );
    assert_eq!(frames[1]["unresolved"], "the stored map is damaged", "{report}");
    assert_eq!(
        (&frames[2]["file"], &frames[2]["context_line"]),
        (&json!("a.ts"), &json!("line"))
    );
    relay.signal("TERM");
    assert_eq!(relay.ended().await.0.code(), Some(0));
    assert!(!relay.log_text().contains("panicked"), "{}", relay.log_text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_of_another_process_is_answered_within_seconds_and_passes() {
    let folder = tempfile::tempdir().unwrap();
    let peers = Peers::start();
    peers.tracker.down().await;
    let setup = peers.program(folder.path());
    let relay = setup.start().await;
    assert_eq!(report(&relay, "kept").await, 202);
    let mut other = database::open(&setup.database).await;
    sqlx::query("begin immediate").execute(&mut other).await.unwrap();

    let started = Instant::now();
    let refused = browser(&relay).post_json("/api/errors", &error("refused")).await;
    let took = started.elapsed();
    let health = relay.api().get("/health").await;
    let second_start = {
        let setup = setup.clone();
        tokio::task::spawn_blocking(move || setup.fails()).await.unwrap()
    };
    assert_eq!(
        (refused.status, refused.detail().as_str()),
        (503, "the database is busy; nothing was stored")
    );
    assert!(took < Duration::from_secs(8), "{took:?}");
    assert_eq!(health.status, 503);
    assert_eq!(
        relay.get("/api/spool").await["peers"][0]["waiting"],
        1,
        "reading goes on"
    );
    assert_eq!(second_start.code, Some(1));
    assert!(
        second_start.stderr.contains("database is locked"),
        "{}",
        second_start.stderr
    );
    // What was delivered and cannot be forgotten is delivered again, and known.
    peers.tracker.up();
    peers.tracker.is_asked(2).await;
    sqlx::query("rollback").execute(&mut other).await.unwrap();

    is_drained(&relay).await;
    eventually("health is back", async || {
        (relay.api().get("/health").await.status == 200).then_some(())
    })
    .await;
    assert_eq!(peers.tracker.only()["message"], "kept");
    relay.stop().await;
    assert_sound(&setup.database).await;
    assert_eq!(number(&setup.database, "select count(*) from spool").await, 0);
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
    let nowhere = "http://127.0.0.1:9";
    let copied = before(Program::new(BINARY, place.join("relay.db")), nowhere, nowhere);
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

#[tokio::test]
async fn rows_of_the_spool_that_cannot_be_read_harm_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let peers = Peers::start();
    let setup = program(folder.path());
    let relay = setup.start().await;
    for number in 0..6 {
        assert_eq!(report(&relay, &number.to_string()).await, 202);
    }
    let points = json!({"metrics": [{"name": "hits", "type": "gauge", "value": 1}]});
    for _ in 0..3 {
        assert_eq!(
            browser(&relay).post_json("/api/metrics", &points).await.status,
            202
        );
    }
    relay.stop().await;
    for statement in [
        "update spool set body = randomblob(50) where id in (1, 8)",
        "update spool set size = -1 where id = 3",
        "update spool set size = 1 << 60 where id = 4",
        "insert into spool (peer, items, size, body, accepted_at) values (7, 1, 1, x'00', 1)",
    ] {
        change(&setup.database, statement).await;
    }

    let mut relay: Process = peers.before(setup).start().await;
    is_drained(&relay).await;

    let messages: Vec<_> = peers
        .tracker
        .taken()
        .iter()
        .map(|report| report["message"].clone())
        .collect();
    assert_eq!(messages, ["1", "4", "5"]);
    assert_eq!(peers.collector.taken().len(), 2);
    assert_eq!(report(&relay, "after").await, 201);
    relay.signal("TERM");
    assert_eq!(relay.ended().await.0.code(), Some(0));
    assert!(!relay.log_text().contains("panicked"), "{}", relay.log_text());
}
