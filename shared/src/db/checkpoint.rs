//! Moves the write-ahead log into the file beside the writer.
//!
//! SQLite does that within a commit, where the writer waits for the disk, and all who wait for the writer with it. Here a
//! connection of its own does it while the writer goes on. Only when nothing is left does the log begin again from its
//! start: when it has become long, the little that has come meanwhile is moved between two transactions.
//!
//! This needs SQLite 3.51.3, before which two connections that did this at the same moment could damage the file
//! (<https://sqlite.org/wal.html#walresetbug>); a test holds the version.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sqlx::sqlite::SqliteConnection;
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{Db, common_options};
use crate::settings::Durability;

/// Write transactions between two looks at the log.
const LOOK_EVERY: u64 = 16;
/// Of SQLite's usual size, with which our databases are made.
const PAGE_BYTES: u64 = 4_096;
/// The writer moves the log after all when it has so many pages, because here it could not be done.
const WRITER_PAGES: i32 = 16_000;
/// After a failure.
const REST: Duration = Duration::from_secs(1);

/// What becomes of the log as it grows.
#[derive(Debug, Clone, Copy)]
pub(super) struct LogLimits {
    /// When it has so many pages, the next transaction waits until nothing is left in it.
    long_pages: i64,
    /// So much of it stays when it begins again, and is written over.
    pub(super) kept_bytes: i64,
}

impl LogLimits {
    /// With little memory the log stays short: the kernel drops what it cannot keep of a service's files, and a longer log
    /// is read again before it is moved. It is cut as well, because what is written over has to be read first, as no page of
    /// the log is a page of the file, and what grows anew has nothing to read. With enough memory, growing costs more;
    /// and where each commit is flushed to the disk, the new length would be flushed as well.
    pub(super) fn new(durability: Durability, memory_is_little: bool) -> Self {
        Self {
            long_pages: if memory_is_little { 2_000 } else { 6_000 },
            kept_bytes: match durability {
                Durability::Process if memory_is_little => 0,
                Durability::Process | Durability::Power => 32 << 20,
            },
        }
    }

    /// Pages that are worth to be moved.
    fn many_pages(self) -> i64 {
        self.long_pages / 2
    }
}

/// Counts the write transactions.
#[derive(Debug, Default)]
pub(super) struct Written {
    count: AtomicU64,
    many: Notify,
}

impl Written {
    pub(super) fn note(&self) {
        if self
            .count
            .fetch_add(1, Ordering::Relaxed)
            .is_multiple_of(LOOK_EVERY)
        {
            self.many.notify_one();
        }
    }
}

impl Db {
    /// Moves the log into the file whenever it has grown, until `stop`. For a service that writes without a pause.
    pub async fn keep_log_short(self, stop: CancellationToken) {
        // A connection that takes the writer's place has the usual number again, which is slower and does no harm.
        if let Err(error) = self.let_writer_go_on().await {
            tracing::warn!(%error, "the writer keeps its short log");
        }
        // Opened when there may be something to do, because it costs memory.
        let mut connection = None;
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.written.many.notified() => {}
            }
            if connection.is_none() && self.log_bytes() < self.log.many_pages() as u64 * PAGE_BYTES {
                continue;
            }
            if let Err(error) = self.move_log(&mut connection).await {
                tracing::warn!(%error, "the write-ahead log could not be moved into the file");
                connection = None;
                tokio::select! {
                    () = stop.cancelled() => break,
                    () = tokio::time::sleep(REST) => {}
                }
            }
        }
        if let Some(connection) = connection {
            let _ = connection.close().await;
        }
    }

    async fn let_writer_go_on(&self) -> sqlx::Result<()> {
        let pragma = sqlx::AssertSqlSafe(format!("pragma wal_autocheckpoint = {WRITER_PAGES}"));
        let mut writer = self.writer.turn().await?;
        sqlx::query(pragma).execute(&mut *writer).await.map(drop)
    }

    async fn move_log(&self, connection: &mut Option<SqliteConnection>) -> sqlx::Result<()> {
        let connection = match connection {
            Some(connection) => connection,
            None => {
                let options = common_options(&self.path).thread_name(|_| "sqlite-log".to_owned());
                connection.insert(options.connect().await?)
            }
        };
        let (in_log, moved) = check_point(connection, "pragma wal_checkpoint(noop)").await?;
        let is_long = in_log >= self.log.long_pages;
        if in_log - moved < self.log.many_pages() && !is_long {
            return Ok(());
        }
        check_point(connection, "pragma wal_checkpoint(passive)").await?;
        if is_long {
            // The disk takes what was moved, and what has come meanwhile is moved, so that little is left for the turn.
            self.flush().await;
            check_point(connection, "pragma wal_checkpoint(passive)").await?;
            // Even if nothing is left: a transaction that is open goes on where the log ended when it began.
            let _turn = self.writer.turn().await?;
            check_point(connection, "pragma wal_checkpoint(passive)").await?;
        }
        Ok(())
    }

    /// Brings the file to the disk. Whether that succeeds does not matter: SQLite does it again before the log begins anew.
    async fn flush(&self) {
        let file = self.file;
        let _ = tokio::task::spawn_blocking(|| file.sync_data()).await;
    }
}

/// Answers how many pages the log has, and how many of them are in the file.
async fn check_point(connection: &mut SqliteConnection, pragma: &'static str) -> sqlx::Result<(i64, i64)> {
    let (_busy, in_log, moved): (i64, i64, i64) = sqlx::query_as(pragma).fetch_one(connection).await?;
    Ok((in_log, moved))
}
