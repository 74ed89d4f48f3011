//! The relay's database: all SQL and all rows, one file per concern.

pub(crate) mod keys;
pub(crate) mod maps;
pub(crate) mod spool;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use anyhow::Context as _;
use shared::db::{Db, Identity};
use shared::settings::Durability;

/// Whose database it is. `min_reader` is the oldest release that can work on the newest migration.
pub(crate) const IDENTITY: Identity = Identity {
    product: "browser-relay",
    version: env!("CARGO_PKG_VERSION"),
    min_reader: "0.1.0",
    writer_cache_kib: 1_024,
};

/// Why the database did not do what it was asked for.
pub(crate) type Error = sqlx::Error;

/// What a store method answers with.
pub(crate) type Result<T> = std::result::Result<T, Error>;

/// The open database. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    pub(crate) db: Db,
    /// The id of the next source map.
    next_map: Arc<AtomicI64>,
}

impl Store {
    /// Opens and migrates the file.
    pub(crate) async fn open(path: &Path, durability: Durability) -> anyhow::Result<Self> {
        let mut migrator = sqlx::migrate!();
        // A newer release may have been here; whether that is fine was decided by what the file says.
        migrator.set_ignore_missing(true);
        let db = Db::open(path, durability, &IDENTITY, &migrator).await?;
        let next_map = maps::next_id(db.read())
            .await
            .with_context(|| format!("cannot read the database {}", path.display()))?;
        Ok(Self {
            db,
            next_map: Arc::new(AtomicI64::new(next_map)),
        })
    }
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
        Store::open(&folder.path().join("relay.db"), Durability::Process)
            .await
            .expect("a database")
    }
}

#[cfg(test)]
mod tests {
    use shared::testing::plans::{Step, assert_cheap};

    use super::testing::store;

    #[tokio::test]
    async fn every_statement_is_valid_and_none_reads_a_table_from_end_to_end() {
        let (store, _folder) = store().await;

        assert_cheap(env!("CARGO_MANIFEST_DIR"), store.db.read(), 20, is_meant).await;
    }

    /// Keys are read once, at start, and a part of a name has no index; a list of the statement's own is a virtual table;
    /// one row is no scan.
    fn is_meant(Step { statement, text, .. }: &Step) -> bool {
        text.contains("VIRTUAL TABLE")
            || text.contains("USING COVERING INDEX") && statement.contains("count(*)")
            || statement.ends_with("from dsn_keys")
            || statement.contains("from dsn_keys") && statement.contains("instr(")
            || statement.ends_with("limit 1")
    }
}
