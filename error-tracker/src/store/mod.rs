//! The tracker's database: all SQL and all rows, one file per concern.

pub(crate) mod actions;
pub(crate) mod alerts;
pub(crate) mod detail;
pub(crate) mod facets;
mod group_row;
pub(crate) mod ingest;
pub(crate) mod list;
pub(crate) mod retention;
mod rows;
pub(crate) mod search_index;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use shared::db::{Db, Identity};
use shared::settings::Durability;

use self::ingest::WriteBuffer;

/// Whose database it is. `min_reader` is the oldest release that can work on the newest migration.
pub(crate) const IDENTITY: Identity = Identity {
    product: "error-tracker",
    version: env!("CARGO_PKG_VERSION"),
    min_reader: "0.1.0",
    // A batch's groups lie anywhere.
    writer_cache_kib: 2_048,
};

/// What a store method answers with.
pub(crate) type Result<T> = sqlx::Result<T>;

/// The open database. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    pub(crate) db: Db,
    /// Batches of reports since the start; work that can wait goes by it.
    pub(crate) batches: Arc<AtomicU64>,
    /// Events and sessions that are not in their tables yet.
    pub(crate) buffer: Arc<WriteBuffer>,
}

impl Store {
    /// Opens and migrates the file.
    pub(crate) async fn open(path: &Path, durability: Durability) -> anyhow::Result<Self> {
        let mut migrator = sqlx::migrate!();
        // A newer release may have been here; whether that is fine was decided by what the file says.
        migrator.set_ignore_missing(true);
        let store = Self {
            db: Db::open(path, durability, &IDENTITY, &migrator).await?,
            batches: Arc::default(),
            buffer: Arc::default(),
        };
        store.buffer.read(store.db.read()).await?;
        Ok(store)
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// A store in a folder of its own, which lives as long as the guard.
    pub(crate) async fn store() -> (Store, tempfile::TempDir) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = Store::open(&folder.path().join("errors.db"), Durability::Process)
            .await
            .expect("a new database");
        (store, folder)
    }

    /// The one number that a statement answers with.
    pub(crate) async fn number(store: &Store, statement: &'static str) -> i64 {
        sqlx::query_scalar(statement)
            .fetch_one(store.db.read())
            .await
            .expect("a number")
    }
}

#[cfg(test)]
mod tests {
    use shared::testing::plans::{Step, assert_cheap};

    use super::testing::store;

    #[tokio::test]
    async fn every_statement_is_valid_and_reads_no_large_table_from_end_to_end() {
        let (store, _folder) = store().await;

        assert_cheap(env!("CARGO_MANIFEST_DIR"), store.db.read(), 30, is_small).await;
    }

    /// What is scanned here is bounded: what was bound, a result picked before, the projects, the backlog of
    /// the search index, the ring of the write buffer, and once an hour, by a reader, the environments and releases.
    fn is_small(Step { text, .. }: &Step) -> bool {
        if !text.starts_with("SCAN ") || text.contains(" INDEX ") {
            return true;
        }
        let scanned = text.trim_start_matches("SCAN ");
        let name = scanned.split(' ').next().unwrap_or_default();
        let bounded = [
            "j",
            "v",
            "json_each",
            "p",
            "projects",
            "u",
            "errors_unindexed",
            "write_buffer",
            "f",
            "sqlite_sequence",
        ];
        scanned == "CONSTANT ROW" || scanned.starts_with('(') || bounded.contains(&name)
    }
}
