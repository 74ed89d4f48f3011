//! One SQLite file: a single writer, a read-only pool, migrations, and what the file says of itself.
//!
//! Writes are serialised by construction, because there is one writing connection and
//! every write transaction starts with `begin immediate`.

mod backup;
mod checkpoint;
mod identity;
mod writer;

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

pub use backup::back_up;
pub use identity::Identity;
pub use writer::{BEGIN, COMMIT, Write};

use self::checkpoint::{LogLimits, Written};
use self::writer::Writer;
use crate::settings::Durability;

/// How long a statement waits for another process that holds the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);
/// Page cache of each reader, in KiB. Small on purpose: the kernel caches the file as well.
const READER_CACHE_KIB: i32 = 512;
const READERS: u32 = 3;
/// The write-ahead log is moved into the file at this many pages, 4 MB.
const CHECKPOINT_PAGES: i32 = 1_000;
/// For the last checkpoint, so that another process that holds the file does not hold the stop up.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);

/// An open database. Clones share the same connections.
#[derive(Debug, Clone)]
pub struct Db {
    writer: Writer,
    reader: SqlitePool,
    path: PathBuf,
    written: Arc<Written>,
    log: LogLimits,
    /// To flush it. It stays open for as long as the process lives: if it were closed, the kernel would drop the locks that
    /// SQLite holds on the file (<https://sqlite.org/howtocorrupt.html>, 2.2).
    file: &'static File,
}

impl Db {
    /// Opens the file (and makes it and its folder), refuses one that is not ours or is too new, and migrates it.
    ///
    /// # Errors
    /// A sentence for the operator: which file, and why it cannot be used. A refused file is left as it was.
    pub async fn open(
        path: &Path,
        durability: Durability,
        identity: &Identity,
        migrator: &Migrator,
    ) -> anyhow::Result<Self> {
        Self::open_with(path, durability, crate::memory::is_little(), identity, migrator).await
    }

    async fn open_with(
        path: &Path,
        durability: Durability,
        memory_is_little: bool,
        identity: &Identity,
        migrator: &Migrator,
    ) -> anyhow::Result<Self> {
        let log = LogLimits::new(durability, memory_is_little);
        let shown = path.display();
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("cannot make the folder {} for the database", folder.display()))?;
        }
        identity::check_file(path, identity).await?;
        make_private(path);

        let options = writer_options(path, durability, log, identity.writer_cache_kib);
        let writer = Writer::open(options)
            .await
            .with_context(|| format!("cannot write to the database {shown} or to its folder"))?;
        identity::claim(&writer, identity)
            .await
            .with_context(|| format!("cannot write to the database {shown}"))?;
        migrator
            .run_direct(None, &mut *writer.turn().await?, false)
            .await
            .with_context(|| format!("cannot bring the database {shown} up to date"))?;
        identity::record_version(&writer, identity, migrator)
            .await
            .with_context(|| format!("cannot write to the database {shown}"))?;

        let reader = SqlitePoolOptions::new()
            .max_connections(READERS)
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(Duration::from_secs(10))
            .connect_with(reader_options(path))
            .await
            .with_context(|| format!("cannot open the database {shown} for reading"))?;
        let file = File::open(path).with_context(|| format!("cannot open the database {shown}"))?;
        Ok(Self {
            writer,
            reader,
            path: path.to_owned(),
            written: Arc::default(),
            log,
            file: Box::leak(Box::new(file)),
        })
    }

    /// Starts a write transaction. Waits its turn behind the other writers of this process.
    ///
    /// # Errors
    /// The database cannot be written now (locked by another process, read-only, full, damaged).
    pub async fn write(&self) -> sqlx::Result<Write> {
        let mut write = self.write_in_texts().await?;
        write.begin().await?;
        Ok(write)
    }

    /// The same, but the first text that the caller executes begins the transaction with [`BEGIN`]: it crosses to the
    /// connection's thread and back together with what follows it. So may [`COMMIT`] with what comes before
    /// ([`Write::committed`]).
    ///
    /// # Errors
    /// The writer is closed, or those before took too long.
    pub async fn write_in_texts(&self) -> sqlx::Result<Write> {
        self.written.note();
        self.writer.write().await
    }

    /// The read-only connections.
    #[must_use]
    pub fn read(&self) -> &SqlitePool {
        &self.reader
    }

    /// Where the file lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes one small row, so that a full disk, a lock or a read-only file shows.
    ///
    /// # Errors
    /// The database cannot be written now.
    pub async fn probe(&self) -> sqlx::Result<()> {
        let mut tx = self.write().await?;
        sqlx::query(
            "insert into _meta (key, value) values ('probed_at', ?1)
             on conflict (key) do update set value = excluded.value",
        )
        .bind(crate::clock::Timestamp::now().to_string())
        .execute(&mut *tx)
        .await?;
        tx.commit().await
    }

    /// Bytes on disk: the file and its write-ahead log.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        bytes_of(self.path.as_os_str()) + self.log_bytes()
    }

    fn log_bytes(&self) -> u64 {
        let mut log = self.path.clone().into_os_string();
        log.push("-wal");
        bytes_of(&log)
    }

    /// Moves the write-ahead log into the file and closes every connection, as far as that goes in a short time.
    /// What is left in the log is safe there.
    pub async fn close(&self) {
        if tokio::time::timeout(CLOSE_LIMIT, self.check_point_and_close())
            .await
            .is_err()
        {
            tracing::warn!("the database could not be closed in time; the next start takes up its log");
        }
    }

    async fn empty_log(&self) -> sqlx::Result<()> {
        let mut writer = self.writer.turn().await?;
        sqlx::query("pragma wal_checkpoint(truncate)")
            .execute(&mut *writer)
            .await
            .map(drop)
    }

    async fn check_point_and_close(&self) {
        self.reader.close().await;
        if let Err(error) = self.empty_log().await {
            tracing::warn!(%error, "the last checkpoint failed; the next start repeats it");
        }
        self.writer.close().await;
    }
}

/// None when there is no such file.
fn bytes_of(path: &OsStr) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// Makes a new file that only its owner can read, because it holds what users typed. SQLite gives its log the
/// same mode. When it cannot be made, opening it says why.
fn make_private(path: &Path) {
    use std::os::unix::fs::OpenOptionsExt as _;

    let _ = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
}

fn writer_options(
    path: &Path,
    durability: Durability,
    log: LogLimits,
    cache_kib: u32,
) -> SqliteConnectOptions {
    let synchronous = match durability {
        Durability::Process => SqliteSynchronous::Normal,
        Durability::Power => SqliteSynchronous::Full,
    };
    common_options(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        .pragma("cache_size", format!("-{cache_kib}"))
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES.to_string())
        .pragma("journal_size_limit", log.kept_bytes.to_string())
        .thread_name(|_| "sqlite-writer".to_owned())
}

fn reader_options(path: &Path) -> SqliteConnectOptions {
    common_options(path)
        .read_only(true)
        .pragma("cache_size", (-READER_CACHE_KIB).to_string())
        .thread_name(|number| format!("sqlite-read-{number}"))
}

fn common_options(path: &Path) -> SqliteConnectOptions {
    use sqlx::ConnectOptions as _;

    SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        // A container with a read-only root has no folder for temporary files.
        .pragma("temp_store", "memory")
        .pragma("trusted_schema", "off")
        .statement_cache_capacity(64)
        .disable_statement_logging()
}

#[cfg(test)]
mod log_tests;
#[cfg(test)]
mod tests;
