//! The one connection that writes, and the turns it is used in.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use tokio::sync::{Mutex, OwnedMappedMutexGuard, OwnedMutexGuard};

/// How long a write waits for those before it.
const TURN_LIMIT: Duration = Duration::from_secs(10);

/// Begins the transaction of a [`Write`] that [`Db::write_in_texts`](super::Db::write_in_texts) has given.
pub const BEGIN: &str = "begin immediate";
/// Ends it.
pub const COMMIT: &str = "commit";

/// The writing connection, for as long as it is held.
pub(super) type Turn = OwnedMappedMutexGuard<Option<SqliteConnection>, SqliteConnection>;

/// Hands the writing connection out, one turn after the other. Clones share it.
///
/// It is no pool of one: a pool takes a connection back in a task of its own, and the next transaction would wait for that.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    /// Empty once it is closed.
    slot: Arc<Mutex<Option<SqliteConnection>>>,
    /// Somebody has begun a transaction and not brought it to its end.
    is_unfinished: Arc<AtomicBool>,
    options: Arc<SqliteConnectOptions>,
}

impl Writer {
    pub(super) async fn open(options: SqliteConnectOptions) -> sqlx::Result<Self> {
        Ok(Self {
            slot: Arc::new(Mutex::new(Some(options.connect().await?))),
            is_unfinished: Arc::default(),
            options: Arc::new(options),
        })
    }

    /// Waits until the connection is free. No transaction is open in it.
    pub(super) async fn turn(&self) -> sqlx::Result<Turn> {
        let waiting = Arc::clone(&self.slot).lock_owned();
        let slot = tokio::time::timeout(TURN_LIMIT, waiting)
            .await
            .map_err(|_| sqlx::Error::PoolTimedOut)?;
        let mut turn = OwnedMutexGuard::try_map(slot, Option::as_mut).map_err(|_| sqlx::Error::PoolClosed)?;
        if self.is_unfinished.load(Ordering::Relaxed) {
            if !roll_back(&mut turn).await {
                *turn = self.options.connect().await?;
            }
            self.is_unfinished.store(false, Ordering::Relaxed);
        }
        Ok(turn)
    }

    /// A turn whose transaction the caller begins and commits.
    pub(super) async fn write(&self) -> sqlx::Result<Write> {
        let turn = self.turn().await?;
        self.is_unfinished.store(true, Ordering::Relaxed);
        Ok(Write {
            turn,
            writer: self.clone(),
        })
    }

    pub(super) async fn close(&self) {
        if let Some(connection) = self.slot.lock().await.take() {
            let _ = connection.close().await;
        }
    }
}

/// False when the connection cannot be used any more.
async fn roll_back(connection: &mut SqliteConnection) -> bool {
    match sqlx::query("rollback").execute(connection).await {
        Ok(_) => true,
        // SQLite itself rolls back when the disk is full or fails, and answers 1 (SQLITE_ERROR) when there is nothing more to do.
        Err(sqlx::Error::Database(error)) => error.code().is_some_and(|code| code == "1"),
        Err(_) => false,
    }
}

/// A write transaction: the writing connection, which nobody else has meanwhile. It is rolled back when it is let go of
/// before its commit.
#[derive(Debug)]
pub struct Write {
    turn: Turn,
    writer: Writer,
}

impl Write {
    /// Begins the transaction.
    ///
    /// # Errors
    /// The database cannot be written now.
    pub async fn begin(&mut self) -> sqlx::Result<()> {
        sqlx::query(BEGIN).execute(&mut *self.turn).await.map(drop)
    }

    /// Makes what was written last.
    ///
    /// # Errors
    /// Nothing was written.
    pub async fn commit(mut self) -> sqlx::Result<()> {
        sqlx::query(COMMIT).execute(&mut *self.turn).await?;
        self.committed();
        Ok(())
    }

    /// Says that a text which ended with [`COMMIT`] went through.
    pub fn committed(self) {
        self.writer.is_unfinished.store(false, Ordering::Relaxed);
    }
}

impl Deref for Write {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.turn
    }
}

impl DerefMut for Write {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.turn
    }
}

impl Drop for Write {
    fn drop(&mut self) {
        if self.writer.is_unfinished.load(Ordering::Relaxed)
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            // The next turn rolls back. It is not put off until somebody writes, because the transaction holds locks.
            let writer = self.writer.clone();
            runtime.spawn(async move { writer.turn().await.map(drop) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn writer(folder: &tempfile::TempDir) -> Writer {
        let options = SqliteConnectOptions::new()
            .filename(folder.path().join("thing.db"))
            .create_if_missing(true);
        let writer = Writer::open(options).await.unwrap();
        let mut turn = writer.turn().await.unwrap();
        sqlx::query("create table items (id integer primary key) strict")
            .execute(&mut *turn)
            .await
            .unwrap();
        drop(turn);
        writer
    }

    async fn insert(write: &mut Write, text: &'static str) -> sqlx::Result<()> {
        sqlx::raw_sql(text).execute(&mut **write).await.map(drop)
    }

    async fn count(connection: &mut SqliteConnection) -> i64 {
        sqlx::query_scalar("select count(*) from items")
            .fetch_one(connection)
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn a_write_that_is_let_go_of_is_rolled_back_though_nobody_writes_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let writer = writer(&folder).await;
        let mut write = writer.write().await.unwrap();
        write.begin().await.unwrap();
        insert(&mut write, "insert into items values (1)").await.unwrap();

        drop(write);

        // Another process gets the lock, while this one does nothing.
        let other = SqliteConnectOptions::new()
            .filename(folder.path().join("thing.db"))
            .busy_timeout(Duration::from_secs(20));
        let mut other = other.connect().await.unwrap();
        sqlx::query("begin immediate").execute(&mut other).await.unwrap();
        assert_eq!(count(&mut other).await, 0);
    }

    #[tokio::test]
    async fn a_text_that_fails_before_its_commit_is_undone_and_the_next_goes_through() {
        let folder = tempfile::tempdir().unwrap();
        let writer = writer(&folder).await;
        let mut write = writer.write().await.unwrap();

        let failed = insert(
            &mut write,
            "begin immediate; insert into items values (1); insert into items values (1); commit",
        );
        assert!(failed.await.is_err());
        drop(write);

        let mut write = writer.write().await.unwrap();
        insert(
            &mut write,
            "begin immediate; insert into items values (2); commit",
        )
        .await
        .unwrap();
        write.committed();
        let mut turn = writer.turn().await.unwrap();
        assert_eq!(count(&mut turn).await, 1);
    }

    #[tokio::test]
    async fn a_commit_that_nobody_waited_for_does_not_spoil_the_next_write() {
        let folder = tempfile::tempdir().unwrap();
        let writer = writer(&folder).await;
        let mut write = writer.write().await.unwrap();
        // Committed, but nobody has said so.
        insert(
            &mut write,
            "begin immediate; insert into items values (1); commit",
        )
        .await
        .unwrap();
        drop(write);

        let mut write = writer.write().await.unwrap();
        write.begin().await.unwrap();
        insert(&mut write, "insert into items values (2)").await.unwrap();
        write.commit().await.unwrap();

        let mut turn = writer.turn().await.unwrap();
        assert_eq!(count(&mut turn).await, 2);
    }

    #[tokio::test]
    async fn a_closed_writer_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let writer = writer(&folder).await;

        writer.close().await;

        assert!(matches!(writer.turn().await, Err(sqlx::Error::PoolClosed)));
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_too_long_for_a_turn_is_told() {
        let slot = Arc::new(Mutex::new(None));
        let _held = Arc::clone(&slot).lock_owned().await;
        let writer = Writer {
            slot,
            is_unfinished: Arc::default(),
            options: Arc::default(),
        };

        assert!(matches!(writer.turn().await, Err(sqlx::Error::PoolTimedOut)));
    }
}
