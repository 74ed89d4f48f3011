//! The viewer's database: all SQL and all rows, one file per concern.

pub(crate) mod append;
pub(crate) mod blocks;
pub(crate) mod containers;
pub(crate) mod directory;
pub(crate) mod index;
pub(crate) mod ring;
pub(crate) mod tallies;

use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use shared::db::{Db, Identity};
use shared::http::metrics::Timing;
use shared::settings::Durability;
use sqlx::SqliteConnection;
use tokio::sync::Semaphore;

use self::directory::Directory;

/// What the database answers, or why it does not.
pub(crate) type Result<T> = sqlx::Result<T>;

/// Searches that read and look through blocks at the same time.
const SCANS: usize = 2;

/// Whose database it is. `min_reader` is the oldest release that can work on the newest migration.
pub(crate) const IDENTITY: Identity = Identity {
    product: "log-viewer",
    version: env!("CARGO_PKG_VERSION"),
    min_reader: "0.1.0",
    // It appends, and what it reads again while the index merges its pieces is little: with twice as much a line takes as long.
    writer_cache_kib: 1_024,
};

/// The open database. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    pub(crate) db: Db,
    pub(crate) directory: Arc<Directory>,
    /// Blocks are searched by so many at once.
    pub(crate) scans: Arc<Semaphore>,
    /// How long transactions have held the writer.
    pub(crate) commits: Arc<Timing>,
}

impl Store {
    /// Opens and migrates the file, and reads what blocks it has.
    pub(crate) async fn open(path: &Path, durability: Durability) -> anyhow::Result<Self> {
        let mut migrator = sqlx::migrate!();
        // A newer release may have been here; whether that is fine was decided by what the file says.
        migrator.set_ignore_missing(true);
        let store = Self {
            db: Db::open(path, durability, &IDENTITY, &migrator).await?,
            directory: Arc::default(),
            scans: Arc::new(Semaphore::new(SCANS)),
            commits: Arc::default(),
        };
        store.load_directory().await?;
        store.load_groups().await?;
        // The pages that were read for it would stay in the cache of the one reader that there is by now.
        sqlx::query("pragma shrink_memory")
            .execute(store.db.read())
            .await?;
        Ok(store)
    }

    /// Begins to write entries, blocks or parts: the transactions whose time is told.
    pub(crate) async fn write(&self) -> Result<Write> {
        let tx = self.db.write().await?;
        Ok(Write {
            tx,
            commits: Arc::clone(&self.commits),
            began: Instant::now(),
        })
    }
}

/// A transaction whose time is told once it is committed.
pub(crate) struct Write {
    tx: shared::db::Write,
    commits: Arc<Timing>,
    began: Instant,
}

impl Write {
    pub(crate) async fn commit(self) -> Result<()> {
        self.tx.commit().await?;
        self.commits.add(self.began.elapsed());
        Ok(())
    }
}

impl Deref for Write {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.tx
    }
}

impl DerefMut for Write {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.tx
    }
}

/// What could not be done with what was read.
pub(crate) fn failed(error: tokio::task::JoinError) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(error))
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// A store in a folder of its own, which lives as long as the guard.
    pub(crate) async fn store() -> (Store, tempfile::TempDir) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = Store::open(&folder.path().join("logs.db"), Durability::Process)
            .await
            .expect("a new database");
        (store, folder)
    }
}

#[cfg(test)]
mod tests;
