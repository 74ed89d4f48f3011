//! The tracker's database: all SQL and all rows, one file per concern.

pub(crate) mod actions;
pub(crate) mod alerts;
pub(crate) mod detail;
pub(crate) mod facets;
pub(crate) mod ingest;
pub(crate) mod list;
pub(crate) mod retention;
mod rows;
pub(crate) mod search_index;

use std::path::Path;

use shared::db::{Db, Identity};
use shared::settings::Durability;

/// Whose database it is. `min_reader` is the oldest release that can work on the newest migration.
pub(crate) const IDENTITY: Identity = Identity {
    product: "error-tracker",
    version: env!("CARGO_PKG_VERSION"),
    min_reader: "0.1.0",
};

/// The open database. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    pub(crate) db: Db,
}

impl Store {
    /// Opens and migrates the file.
    pub(crate) async fn open(path: &Path, durability: Durability) -> anyhow::Result<Self> {
        let mut migrator = sqlx::migrate!();
        // A newer release may have been here; whether that is fine was decided by what the file says.
        migrator.set_ignore_missing(true);
        Ok(Self {
            db: Db::open(path, durability, &IDENTITY, &migrator).await?,
        })
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
}
