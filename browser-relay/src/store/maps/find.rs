//! Finds the maps of scripts, and reads what is stored of them.

use sqlx::FromRow;

use super::block_id;
use crate::store::{Result, Store};

/// A map that was found for a script.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(crate) struct Found {
    /// The path or the debug id that was asked for.
    pub(crate) asked: String,
    pub(crate) id: i64,
    /// Of its text, in bytes.
    pub(crate) size: i64,
}

impl Store {
    /// The maps of a release that belong to these paths; the newest where there are several.
    pub(crate) async fn maps_by_path(
        &self,
        project: &str,
        release: &str,
        paths: &[&str],
    ) -> Result<Vec<Found>> {
        sqlx::query_as(
            "select path as asked, id, size from source_maps
             where project = ?1 and release = ?2 and path in (select value from json_each(?3)) order by id",
        )
        .bind(project)
        .bind(release)
        .bind(serde_json::json!(paths).to_string())
        .fetch_all(self.db.read())
        .await
    }

    /// The maps with these debug ids; the newest where there are several.
    pub(crate) async fn maps_by_debug_id(&self, project: &str, ids: &[&str]) -> Result<Vec<Found>> {
        sqlx::query_as(
            "select debug_id as asked, id, size from source_maps
             where project = ?1 and debug_id in (select value from json_each(?2)) order by id",
        )
        .bind(project)
        .bind(serde_json::json!(ids).to_string())
        .fetch_all(self.db.read())
        .await
    }

    /// Whether the release has any map.
    pub(crate) async fn has_release(&self, project: &str, release: &str) -> Result<bool> {
        let found: Option<i64> =
            sqlx::query_scalar("select id from source_maps where project = ?1 and release = ?2 limit 1")
                .bind(project)
                .bind(release)
                .fetch_optional(self.db.read())
                .await?;
        Ok(found.is_some())
    }

    /// The compressed index of a map, and its size before that.
    pub(crate) async fn map_index(&self, map: i64) -> Result<Option<(i64, Vec<u8>)>> {
        sqlx::query_as("select size, bytes from source_map_indexes where map_id = ?1")
            .bind(map)
            .fetch_optional(self.db.read())
            .await
    }

    /// A compressed block of a map's text.
    pub(crate) async fn map_block(&self, map: i64, number: usize) -> Result<Option<Vec<u8>>> {
        sqlx::query_scalar("select bytes from source_map_blocks where id = ?1")
            .bind(block_id(map, number))
            .fetch_optional(self.db.read())
            .await
    }
}
