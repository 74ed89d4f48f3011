//! A database that is foreign, newer, damaged, locked or read-only: a clear answer, and no harm.

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use shared::testing::database::{assert_sound, change, number, overwrite};
use shared::testing::{Chance, Program, database_faults};

use crate::setup::{Peers, browser, error, is_drained, program, report, waiting};

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
    database_faults::assert_newer_refused(
        &setup,
        "alter table spool add column of_the_future text",
        async |relay| {
            assert_eq!(report(relay, "new").await, 202);
            assert_eq!(waiting(relay).await, (2, 0));
        },
    )
    .await;
}

#[tokio::test]
async fn files_of_others_are_refused_and_left_as_they_were() {
    database_faults::assert_others_refused(
        "browser-relay",
        program,
        "create table dsn_keys (id integer primary key, public_key text, project text)",
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

    let relay = setup.start().await;
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

    database_faults::assert_damage_told(relay, &answers, &[200, 202, 404]).await;
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

    let relay = setup.start().await;
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
    database_faults::assert_ends_well(relay).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_of_another_process_is_answered_within_seconds_and_passes() {
    let folder = tempfile::tempdir().unwrap();
    let peers = Peers::start();
    peers.tracker.down().await;
    let setup = peers.program(folder.path());
    let relay = setup.start().await;
    assert_eq!(report(&relay, "kept").await, 202);
    database_faults::assert_lock_passes(
        &setup,
        &relay,
        Duration::from_secs(8),
        async || browser(&relay).post_json("/api/errors", &error("refused")).await,
        async || {
            let spool = relay.get("/api/spool").await;
            assert_eq!(spool["peers"][0]["waiting"], 1, "reading goes on");
            // What was delivered and cannot be forgotten is delivered again, and known.
            peers.tracker.up();
            peers.tracker.is_asked(2).await;
        },
    )
    .await;
    is_drained(&relay).await;
    assert_eq!(peers.tracker.only()["message"], "kept");
    relay.stop().await;
    assert_sound(&setup.database).await;
    assert_eq!(number(&setup.database, "select count(*) from spool").await, 0);
}

#[tokio::test]
async fn a_database_that_cannot_be_written_is_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let setup = used_database(folder.path()).await;
    database_faults::assert_read_only_told(&setup, program);
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

    let relay = peers.before(setup).start().await;
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
    database_faults::assert_ends_well(relay).await;
}
