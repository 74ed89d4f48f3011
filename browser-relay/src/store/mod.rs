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
    writer_cache_kib: 2_048,
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
    use super::testing::store;

    const FILES: [(&str, &str); 5] = [
        ("keys", include_str!("keys.rs")),
        ("maps", include_str!("maps/mod.rs")),
        ("maps/find", include_str!("maps/find.rs")),
        ("maps/list", include_str!("maps/list.rs")),
        ("spool", include_str!("spool.rs")),
    ];

    /// The literals that stand in the calls of `sqlx::query…`.
    fn statements(source: &str) -> Vec<&str> {
        let product = source
            .split("#[cfg(test)]\nmod tests {")
            .next()
            .unwrap_or_default();
        let calls = product.split("sqlx::query").skip(1);
        calls
            .filter_map(|rest| rest.split_once('(')?.1.trim_start().strip_prefix('"'))
            .map(|rest| rest.split('"').next().unwrap_or_default())
            .collect()
    }

    #[tokio::test]
    async fn every_statement_is_valid_and_none_reads_a_table_from_end_to_end() {
        let (store, _folder) = store().await;
        let mut checked = 0;
        for (file, source) in FILES {
            for statement in statements(source) {
                let explain = sqlx::AssertSqlSafe(format!("explain query plan {statement}"));
                let steps: Vec<(i64, i64, i64, String)> = sqlx::query_as(explain)
                    .fetch_all(store.db.read())
                    .await
                    .unwrap_or_else(|error| panic!("{file}: {error}: {statement}"));

                for (_, _, _, step) in steps {
                    // Keys are read once, at start, and a part of a name has no index; a list of the statement's own is
                    // a virtual table; one row is no scan.
                    let is_meant = step.contains("VIRTUAL TABLE")
                        || step.contains("USING COVERING INDEX") && statement.contains("count(*)")
                        || statement.ends_with("from dsn_keys")
                        || statement.contains("from dsn_keys") && statement.contains("instr(")
                        || statement.ends_with("limit 1");
                    let is_scan = step.starts_with("SCAN ") || step.contains("TEMP B-TREE");
                    assert!(!is_scan || is_meant, "{file}: {step} in {statement}");
                }
                checked += 1;
            }
        }
        assert!(checked > 20, "only {checked} statements were found");
    }
}
