//! A database that is foreign, newer, damaged, locked or read-only, and a disk without room: a clear answer, and no harm.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::database::{self, change, overwrite};
use super::process::{contents, run};
use super::{Process, Program, Reply, SmallDisk, eventually};

/// The start is refused for `reason`, and everything in the folder is as it was.
///
/// # Panics
/// When it is not so.
pub fn assert_refused(setup: &Program, reason: &str) {
    let folder = setup.database.parent().expect("a database in a folder");
    let before = contents(folder);

    let finished = setup.fails();

    assert_eq!(finished.code, Some(1), "{}", finished.stderr);
    assert!(finished.stderr.contains(reason), "{}", finished.stderr);
    let path = setup.database.to_str().expect("a path of text");
    assert!(finished.stderr.contains(path), "{}", finished.stderr);
    let after = contents(folder);
    assert_eq!(
        before.keys().collect::<Vec<_>>(),
        after.keys().collect::<Vec<_>>(),
        "no file came or went"
    );
    assert!(before == after, "a refused file is left as it was");
}

/// A database of a newer release is refused unless it says that this release can read it; then `works` shows that it does.
/// `addition` is a column that this release does not know.
///
/// # Panics
/// When it is not so.
pub async fn assert_newer_refused(
    setup: &Program,
    addition: &'static str,
    works: impl AsyncFnOnce(&Process),
) {
    change(
        &setup.database,
        "update _meta set value = '99' where key = 'schema_version'",
    )
    .await;
    change(&setup.database, addition).await;

    let service = setup.start().await;
    works(&service).await;
    service.stop().await;

    change(
        &setup.database,
        "update _meta set value = '99.1.0' where key = 'min_reader'",
    )
    .await;
    assert_refused(setup, "it needs 99.1.0 or later");
}

/// Files that are not the service's are refused, and left as they were. `program` makes one in a folder, and `older` is the
/// statement that makes a table of an older Monlight.
///
/// # Panics
/// When it is not so.
pub async fn assert_others_refused(service: &str, program: impl Fn(&Path) -> Program, older: &'static str) {
    let folder = tempfile::tempdir().expect("a folder");
    let setup = |name: &str| {
        let below = folder.path().join(name);
        std::fs::create_dir(&below).expect("a folder in it");
        program(&below)
    };

    let of_older = setup("older");
    std::fs::write(&of_older.database, "").expect("a file");
    change(&of_older.database, older).await;
    assert_refused(&of_older, "it belongs to an older Monlight or to another program");

    let other = setup("other");
    other.start().await.stop().await;
    change(
        &other.database,
        "update _meta set value = 'another-service' where key = 'product'",
    )
    .await;
    let reason = format!("it belongs to \"another-service\", not to {service}");
    assert_refused(&other, &reason);

    let text = setup("text");
    let words = "[settings]\nthis = \"is no database\"\n".repeat(200);
    std::fs::write(&text.database, words).expect("a file");
    assert_refused(&text, "it is no SQLite database, or it is damaged");

    let headless = setup("headless");
    headless.start().await.stop().await;
    overwrite(&headless.database, 0, 100);
    assert_refused(&headless, "it is no SQLite database, or it is damaged");

    let folder_itself = setup("folder");
    std::fs::create_dir(&folder_itself.database).expect("a folder in it");
    assert_refused(&folder_itself, "is a folder");
}

/// A folder for the database that cannot be made, because there is a file, is named.
///
/// # Panics
/// When it is not.
pub fn assert_folder_named(program: impl FnOnce(&Path) -> Program) {
    let folder = tempfile::tempdir().expect("a folder");
    let in_the_way = folder.path().join("a-file");
    std::fs::write(&in_the_way, "").expect("a file");

    let finished = program(&in_the_way.join("data")).fails();

    assert_eq!(finished.code, Some(1));
    let path = in_the_way.to_str().expect("a path of text");
    for what in ["cannot make the folder", path] {
        assert!(finished.stderr.contains(what), "{}", finished.stderr);
    }
}

/// What a service on a damaged file has answered is one of `statuses`, or tells of the damage, and the process goes on until
/// it is told to stop. Answers with how many tell of the damage.
///
/// # Panics
/// When it is not so.
pub async fn assert_damage_told(mut service: Process, answers: &[Reply], statuses: &[u16]) -> usize {
    let health = service.api().get("/health").await.status;

    assert!(!service.has_ended());
    assert!(health == 200 || health == 503, "{health}");
    let (damaged, others): (Vec<_>, Vec<_>) = answers.iter().partition(|reply| reply.status == 503);
    for reply in &damaged {
        assert_eq!(reply.detail(), "the database file is damaged; restore a backup");
    }
    let unclear: Vec<_> = others
        .iter()
        .filter(|reply| !statuses.contains(&reply.status))
        .collect();
    assert!(unclear.is_empty(), "{unclear:?}");
    assert_ends_well(service).await;
    damaged.len()
}

/// A service that has met a fault ends well when it is told to stop, and has not panicked.
///
/// # Panics
/// When it is not so.
pub async fn assert_ends_well(mut service: Process) {
    service.signal("TERM");
    let (status, _) = service.ended().await;
    assert_eq!(status.code(), Some(0));
    assert!(!service.log_text().contains("panicked"), "{}", service.log_text());
}

/// While another process holds the database, what `send` sends is refused `within` this time, health tells of it, and no
/// second service starts; `meanwhile` looks at what goes on. It passes with the lock.
///
/// # Panics
/// When it is not so.
pub async fn assert_lock_passes(
    setup: &Program,
    service: &Process,
    within: Duration,
    send: impl AsyncFnOnce() -> Reply,
    meanwhile: impl AsyncFnOnce(),
) {
    let mut other = database::open(&setup.database).await;
    let lock = sqlx::query("begin immediate").execute(&mut other).await;
    lock.expect("nobody writes now");

    let started = Instant::now();
    let refused = send().await;
    let took = started.elapsed();
    let health = service.api().get("/health").await;
    let second = setup.clone();
    let second_start = tokio::task::spawn_blocking(move || second.fails()).await;
    meanwhile().await;
    let unlock = sqlx::query("rollback").execute(&mut other).await;
    unlock.expect("a lock that is given back");

    assert_eq!(
        (refused.status, refused.detail().as_str()),
        (503, "the database is busy; nothing was stored")
    );
    let body: Value = serde_json::from_slice(&refused.body).expect("a body of JSON");
    assert!(body["retry_after"].as_u64().is_some(), "{body}");
    assert!(took < within, "{took:?}");
    assert_eq!(health.status, 503);
    assert_eq!(health.json()["status"], "error");
    let second_start = second_start.expect("a start that ends");
    assert_eq!(second_start.code, Some(1));
    assert!(
        second_start.stderr.contains("database is locked"),
        "{}",
        second_start.stderr
    );
    eventually("health is back", async || {
        (service.api().get("/health").await.status == 200).then_some(())
    })
    .await;
}

/// A start on a disk without room says so.
///
/// # Panics
/// When it does not.
pub fn assert_full_disk_told(program: impl FnOnce(&Path) -> Program) {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(disk) = SmallDisk::at(folder.path(), 64) else {
        eprintln!("no mounts here; this start cannot be tried");
        return;
    };

    let finished = run(disk.command(&program(folder.path()), "true"));

    assert_eq!(finished.code, Some(1), "{}", finished.stderr);
    assert!(finished.stderr.contains("full"), "{}", finished.stderr);
    assert!(!finished.stderr.contains("panicked"), "{}", finished.stderr);
}

/// A start on a disk that cannot be written says so. There is a database at `setup`, and `program` makes one in another
/// folder, for a copy of it.
///
/// # Panics
/// When it is not so.
pub fn assert_read_only_told(setup: &Program, program: impl FnOnce(&Path) -> Program) {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(disk) = SmallDisk::at(folder.path(), 8 * 1_024) else {
        eprintln!("no mounts here; a read-only disk cannot be tried");
        return;
    };
    let copied = program(folder.path());
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
