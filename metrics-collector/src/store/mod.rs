//! The collector's database: all SQL and all rows, one file per table family; and what of it is kept in memory.

pub(crate) mod aggregated;
pub(crate) mod catalogue;
pub(crate) mod commit;
pub(crate) mod covers;
mod late;
pub(crate) mod partials;
pub(crate) mod raw;
pub(crate) mod replaceable;
pub(crate) mod retention;
pub(crate) mod retries;
pub(crate) mod so_far;
mod unsettled;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use shared::db::{Db, Identity};
use shared::settings::Durability;
use tokio::sync::Notify;

pub(crate) use self::unsettled::Unsettled;
use crate::bucket::Floors;
use crate::catalogue::Catalogue;

/// Whose database it is. `min_reader` is the oldest release that can work on the newest migration.
pub(crate) const IDENTITY: Identity = Identity {
    product: "metrics-collector",
    version: env!("CARGO_PKG_VERSION"),
    min_reader: "0.1.0",
    // With twice as much a point takes as long.
    writer_cache_kib: 1_024,
};

/// Rows that a reader takes at once, before it lets others go first. One may have a hundred kilobytes, and a
/// statement that is left open would hold fifty.
pub(crate) const ROWS_PER_READ: usize = 16;

/// What a store method answers with.
pub(crate) type Result<T> = sqlx::Result<T>;

/// The open database. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    pub(crate) db: Db,
    shared: Arc<Shared>,
}

/// What the database holds too.
#[derive(Debug)]
struct Shared {
    catalogue: RwLock<Catalogue>,
    unsettled: Mutex<Unsettled>,
    floors: Mutex<Floors>,
    writer: tokio::sync::Mutex<Writer>,
    many_points: Notify,
}

/// What only the one who writes needs.
#[derive(Debug, Default)]
struct Writer {
    /// The next number of a row of raw points, by minute.
    next_raw: HashMap<i64, i64>,
    /// The floors below which all rows of minutes and hours have been dropped since the start.
    dropped_below: Option<Floors>,
    /// Points that were written since many were.
    points: u64,
}

impl Store {
    /// Opens and migrates the file, and reads what is kept in memory.
    pub(crate) async fn open(path: &Path, durability: Durability) -> anyhow::Result<Self> {
        let mut migrator = sqlx::migrate!();
        // A newer release may have been here; whether that is fine was decided by what the file says.
        migrator.set_ignore_missing(true);
        let db = Db::open(path, durability, &IDENTITY, &migrator).await?;
        clear_what_is_made_anew(&db).await?;
        let shared = Shared {
            catalogue: RwLock::new(catalogue::load(db.read()).await?),
            unsettled: Mutex::new(unsettled::load(db.read()).await?),
            floors: Mutex::new(retention::load_floors(db.read()).await?),
            writer: tokio::sync::Mutex::default(),
            many_points: Notify::new(),
        };
        Ok(Self {
            db,
            shared: Arc::new(shared),
        })
    }

    pub(crate) fn catalogue(&self) -> RwLockReadGuard<'_, Catalogue> {
        self.shared
            .catalogue
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn catalogue_mut(&self) -> RwLockWriteGuard<'_, Catalogue> {
        self.shared
            .catalogue
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn unsettled(&self) -> MutexGuard<'_, Unsettled> {
        self.shared
            .unsettled
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn floors(&self) -> Floors {
        *self.shared.floors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_floors(&self, floors: Floors) {
        *self.shared.floors.lock().unwrap_or_else(PoisonError::into_inner) = floors;
    }

    /// Waits for the turn to write. What is in memory is changed before the turn ends, so that it never says less
    /// than the database.
    async fn writer(&self) -> tokio::sync::MutexGuard<'_, Writer> {
        self.shared.writer.lock().await
    }

    /// Waits until many points have been written since the last time.
    pub(crate) async fn many_points(&self) {
        self.shared.many_points.notified().await;
    }

    async fn begin(&self) -> Result<shared::db::Write> {
        self.db.write().await
    }
}

/// Numbers for `json_each`.
fn json(numbers: &[i64]) -> String {
    serde_json::to_string(numbers).unwrap_or_default()
}

/// Partials and hours so far: what they hold was only known to the last run.
async fn clear_what_is_made_anew(db: &Db) -> Result<()> {
    let mut tx = db.write().await?;
    sqlx::query("delete from partials").execute(&mut *tx).await?;
    sqlx::query("delete from hours_so_far").execute(&mut *tx).await?;
    tx.commit().await
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// A store in a folder of its own, which lives as long as the guard.
    pub(crate) async fn store() -> (Store, tempfile::TempDir) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = open(&folder).await;
        (store, folder)
    }

    /// The store that is in this folder.
    pub(crate) async fn open(folder: &tempfile::TempDir) -> Store {
        Store::open(&folder.path().join("metrics.db"), Durability::Process)
            .await
            .expect("a database")
    }
}

#[cfg(test)]
mod tests {
    use shared::testing::plans::{Step, assert_cheap};

    use super::testing::store;

    #[tokio::test]
    async fn every_statement_is_valid_and_none_reads_a_large_table_from_end_to_end() {
        let (store, _folder) = store().await;

        assert_cheap(env!("CARGO_MANIFEST_DIR"), store.db.read(), 20, is_bounded).await;
    }

    /// What was bound; the catalogue, which is read at the start and tidied once an hour; what waits to be settled; and the keys
    /// of repeated batches along their index.
    fn is_bounded(step: &Step) -> bool {
        let scanned = step.text.trim_start_matches("SCAN ");
        let name = scanned.split(' ').next().unwrap_or_default();
        let bounded = [
            "json_each",
            "metrics",
            "series",
            "projects",
            "label_texts",
            "unsettled",
        ];
        bounded.contains(&name) || scanned.contains(" INDEX ")
    }
}
