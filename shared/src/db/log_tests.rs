//! The write-ahead log: it is moved into the file beside the writer, begins again and is cut.

use super::tests::{open, open_with};
use super::*;

/// Commits a row of so many bytes.
async fn write(db: &Db, bytes: i64) {
    let mut tx = db.write().await.unwrap();
    sqlx::query("create table if not exists blobs (bytes blob) strict")
        .execute(&mut *tx)
        .await
        .unwrap();
    sqlx::query("insert into blobs (bytes) values (zeroblob(?1))")
        .bind(bytes)
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_log_that_grows_is_moved_into_the_file_beside_the_writer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("thing.db");
    let db = open(&path).await.unwrap();
    let stop = tokio_util::sync::CancellationToken::new();
    let moving = tokio::spawn(db.clone().keep_log_short(stop.clone()));
    let before = std::fs::metadata(&path).unwrap().len();

    // 20 MB: more than is worth moving, less than the writer would move by itself.
    for _ in 0..100 {
        write(&db, 200_000).await;
    }

    until(async || {
        tokio::time::sleep(Duration::from_millis(5)).await;
        std::fs::metadata(&path).unwrap().len() >= before + 4_000_000
    })
    .await;
    stop.cancel();
    moving.await.unwrap();
}

async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    let wait = async { while !is_so().await {} };
    tokio::time::timeout(Duration::from_secs(60), wait).await.unwrap();
}

#[tokio::test]
async fn a_log_begins_again_though_the_writer_neither_rests_nor_moves_it() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder.path().join("thing.db")).await.unwrap();
    let stop = tokio_util::sync::CancellationToken::new();
    let moving = tokio::spawn(db.clone().keep_log_short(stop.clone()));

    // Only the other connection is left to move it.
    let of_writer = async |pragma| {
        let number: i64 = sqlx::query_scalar(pragma)
            .fetch_one(&mut *db.writer.turn().await.unwrap())
            .await
            .unwrap();
        number
    };
    until(async || of_writer("pragma wal_autocheckpoint").await == 16_000).await;
    of_writer("pragma wal_autocheckpoint = 0").await;
    let pages_in_log = async || {
        let (_, pages, _): (i64, i64, i64) = sqlx::query_as("pragma wal_checkpoint(noop)")
            .fetch_one(&mut *db.writer.turn().await.unwrap())
            .await
            .unwrap();
        pages
    };

    let mut before = 0;
    until(async || {
        write(&db, 200_000).await;
        let pages = pages_in_log().await;
        std::mem::replace(&mut before, pages) > pages
    })
    .await;

    stop.cancel();
    moving.await.unwrap();
}

#[tokio::test]
async fn a_log_that_begins_again_is_cut_when_memory_is_little_unless_each_commit_goes_to_the_disk() {
    for (durability, memory_is_little, is_cut) in [
        (Durability::Process, true, true),
        (Durability::Process, false, false),
        (Durability::Power, true, false),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("thing.db");
        let db = open_with(&path, durability, memory_is_little).await.unwrap();
        let log = folder.path().join("thing.db-wal");
        let log_bytes = || std::fs::metadata(&log).unwrap().len();
        // More than the writer leaves in the log.
        write(&db, 6_000_000).await;
        let before = log_bytes();
        assert!(before > 6_000_000);

        write(&db, 1).await;

        assert_eq!(
            log_bytes() < 100_000,
            is_cut,
            "{durability:?}: {before}, then {}",
            log_bytes()
        );
    }
}

#[tokio::test]
async fn two_connections_may_move_the_log_with_this_release_of_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder.path().join("thing.db")).await.unwrap();
    let version: String = sqlx::query_scalar("select sqlite_version()")
        .fetch_one(db.read())
        .await
        .unwrap();

    let numbers: Vec<u32> = version.split('.').map(|part| part.parse().unwrap()).collect();

    assert!(numbers >= vec![3, 51, 3], "{version}");
}
