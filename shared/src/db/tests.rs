//! The database against real files: foreign ones, newer ones, locked and damaged ones.

use std::borrow::Cow;

use sqlx::migrate::{Migration, MigrationType};

use sqlx::Connection as _;

use super::*;

const IDENTITY: Identity = Identity {
    product: "thing",
    version: "1.2.0",
    min_reader: "1.1.0",
    writer_cache_kib: 2_048,
};

fn migrator(statements: &[&'static str]) -> Migrator {
    let migrations: Vec<Migration> = statements
        .iter()
        .enumerate()
        .map(|(index, sql)| {
            Migration::new(
                index as i64 + 1,
                Cow::Borrowed("test"),
                MigrationType::Simple,
                sqlx::SqlStr::from_static(sql),
                false,
            )
        })
        .collect();
    let mut migrator = Migrator::with_migrations(migrations);
    migrator.set_ignore_missing(true);
    migrator
}

pub(super) async fn open(path: &Path) -> anyhow::Result<Db> {
    open_with(path, Durability::Process, false).await
}

pub(super) async fn open_with(
    path: &Path,
    durability: Durability,
    memory_is_little: bool,
) -> anyhow::Result<Db> {
    Db::open_with(
        path,
        durability,
        memory_is_little,
        &IDENTITY,
        &migrator(&["create table items (id integer primary key) strict"]),
    )
    .await
}

async fn count(db: &Db) -> i64 {
    sqlx::query_scalar("select count(*) from items")
        .fetch_one(db.read())
        .await
        .unwrap()
}

#[tokio::test]
async fn opening_makes_the_folder_and_the_file_and_names_its_owner() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/er/thing.db");

    let db = open(&path).await.unwrap();

    let meta: Vec<(String, String)> = sqlx::query_as("select key, value from _meta order by key")
        .fetch_all(db.read())
        .await
        .unwrap();
    let meta: Vec<_> = meta
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        meta,
        [
            ("min_reader", "1.1.0"),
            ("product", "thing"),
            ("schema_version", "1")
        ]
    );
}

#[tokio::test]
async fn only_the_owner_can_read_a_new_file_and_its_log() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder.path().join("thing.db")).await.unwrap();
    db.probe().await.unwrap();

    for name in ["thing.db", "thing.db-wal"] {
        let mode = std::fs::metadata(folder.path().join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[tokio::test]
async fn many_writers_all_succeed_because_they_queue() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder.path().join("thing.db")).await.unwrap();

    let writes: Vec<_> = (0..50)
        .map(|_| {
            let db = db.clone();
            tokio::spawn(async move {
                let mut tx = db.write().await.unwrap();
                sqlx::query("insert into items default values")
                    .execute(&mut *tx)
                    .await
                    .unwrap();
                tx.commit().await.unwrap();
            })
        })
        .collect();
    for write in writes {
        write.await.unwrap();
    }

    assert_eq!(count(&db).await, 50);
}

#[tokio::test]
async fn the_read_pool_cannot_write() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder.path().join("thing.db")).await.unwrap();

    let refused = sqlx::query("insert into items default values")
        .execute(db.read())
        .await;

    assert!(refused.is_err());
}

#[tokio::test]
async fn a_foreign_a_damaged_and_another_services_file_are_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let other = Identity {
        product: "other",
        ..IDENTITY
    };
    let other_path = folder.path().join("other.db");
    Db::open(&other_path, Durability::Process, &other, &migrator(&[]))
        .await
        .unwrap()
        .close()
        .await;
    let foreign_path = folder.path().join("foreign.db");
    let options = SqliteConnectOptions::new()
        .filename(&foreign_path)
        .create_if_missing(true);
    let foreign = SqlitePool::connect_with(options).await.unwrap();
    sqlx::query("create table errors (id integer)")
        .execute(&foreign)
        .await
        .unwrap();
    foreign.close().await;
    let text_path = folder.path().join("text.db");
    std::fs::write(
        &text_path,
        "this is not a database, but it is long enough to look at".repeat(20),
    )
    .unwrap();

    for (path, reason) in [
        (&other_path, "belongs to \"other\""),
        (&foreign_path, "an older Monlight or to another program"),
        (&text_path, "no SQLite database"),
    ] {
        let before = std::fs::read(path).unwrap();
        let error = format!("{:#}", open(path).await.expect_err("refused"));
        assert!(error.contains(reason), "{error}");
        assert!(error.contains(&path.display().to_string()), "{error}");
        assert_eq!(
            std::fs::read(path).unwrap(),
            before,
            "a refused file is left as it is"
        );
    }
}

#[tokio::test]
async fn a_newer_file_is_read_when_it_says_so_and_refused_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let newer = migrator(&[
        "create table items (id integer primary key) strict",
        "alter table items add column note text",
    ]);
    for (name, min_reader, accepted) in [("a.db", "1.2.0", true), ("b.db", "1.3.0", false)] {
        let path = folder.path().join(name);
        let next = Identity {
            product: "thing",
            version: "1.3.0",
            min_reader,
            ..IDENTITY
        };
        Db::open(&path, Durability::Process, &next, &newer)
            .await
            .unwrap()
            .close()
            .await;

        let opened = open(&path).await;

        assert_eq!(opened.is_ok(), accepted, "{opened:?}");
        if let Ok(db) = opened {
            let version: String = sqlx::query_scalar("select value from _meta where key = 'schema_version'")
                .fetch_one(db.read())
                .await
                .unwrap();
            assert_eq!(
                version, "2",
                "the older release does not take the newer one's mark away"
            );
        } else {
            let error = format!("{:#}", opened.expect_err("refused"));
            assert!(error.contains("1.3.0") && error.contains("1.2.0"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_lock_of_another_process_fails_the_write_in_time_and_passes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("thing.db");
    let db = open(&path).await.unwrap();
    let mut other = sqlx::SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(&path))
        .await
        .unwrap();
    sqlx::query("begin immediate").execute(&mut other).await.unwrap();

    let refused = db.probe().await;
    sqlx::query("rollback").execute(&mut other).await.unwrap();
    let accepted = db.probe().await;

    assert!(refused.is_err());
    assert!(accepted.is_ok());
}

#[tokio::test]
async fn a_backup_of_a_database_in_use_is_complete_and_replaces_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("thing.db");
    let copy_path = folder.path().join("copy.db");
    std::fs::write(&copy_path, "an older copy").unwrap();
    let db = open(&path).await.unwrap();
    let mut tx = db.write().await.unwrap();
    for _ in 0..100 {
        sqlx::query("insert into items default values")
            .execute(&mut *tx)
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();

    back_up(&path, &copy_path, &IDENTITY).await.unwrap();

    assert_eq!(count(&open(&copy_path).await.unwrap()).await, 100);
    let names: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert!(
        !names
            .iter()
            .any(|name| name.to_string_lossy().contains("partial")),
        "{names:?}"
    );
}

#[tokio::test]
async fn a_backup_that_cannot_be_made_leaves_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let copy_path = folder.path().join("copy.db");
    std::fs::write(&copy_path, "an older copy").unwrap();

    let missing = back_up(&folder.path().join("gone.db"), &copy_path, &IDENTITY).await;

    assert!(missing.is_err());
    assert_eq!(std::fs::read_to_string(&copy_path).unwrap(), "an older copy");
}
