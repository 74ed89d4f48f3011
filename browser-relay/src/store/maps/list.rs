//! Source maps as an administrator sees them.

use shared::clock::Timestamp;
use sqlx::FromRow;

use crate::store::{Result, Store};

/// A map as lists show it.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct MapRow {
    pub(crate) id: i64,
    pub(crate) project: String,
    pub(crate) release: String,
    pub(crate) file_url: String,
    pub(crate) debug_id: Option<String>,
    pub(crate) size: i64,
    pub(crate) uploaded_at: Timestamp,
    pub(crate) last_used: Timestamp,
}

/// Which maps a list shows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Filter<'a> {
    pub(crate) project: Option<&'a str>,
    pub(crate) release: Option<&'a str>,
}

impl Store {
    /// Maps with an id below `before`, the newest first, and how many there are in all.
    pub(crate) async fn list_maps(
        &self,
        filter: Filter<'_>,
        before: i64,
        limit: u32,
    ) -> Result<(Vec<MapRow>, i64)> {
        let db = self.db.read();
        match filter {
            Filter {
                project: Some(project),
                release: Some(release),
            } => {
                let rows = sqlx::query_as(
                    "select id, project, release, file_url, debug_id, size, uploaded_at, last_used from source_maps
                     where project = ?1 and release = ?2 and id < ?3 order by id desc limit ?4",
                )
                .bind(project)
                .bind(release)
                .bind(before)
                .bind(limit)
                .fetch_all(db)
                .await?;
                let total = sqlx::query_scalar(
                    "select count(*) from source_maps where project = ?1 and release = ?2",
                )
                .bind(project)
                .bind(release)
                .fetch_one(db)
                .await?;
                Ok((rows, total))
            }
            Filter {
                project: Some(project),
                release: None,
            } => {
                let rows = sqlx::query_as(
                    "select id, project, release, file_url, debug_id, size, uploaded_at, last_used from source_maps
                     where project = ?1 and id < ?2 order by id desc limit ?3",
                )
                .bind(project)
                .bind(before)
                .bind(limit)
                .fetch_all(db)
                .await?;
                let total = sqlx::query_scalar("select count(*) from source_maps where project = ?1")
                    .bind(project)
                    .fetch_one(db)
                    .await?;
                Ok((rows, total))
            }
            Filter {
                project: None,
                release,
            } => {
                let rows = sqlx::query_as(
                    "select id, project, release, file_url, debug_id, size, uploaded_at, last_used from source_maps
                     where id < ?1 and (?2 is null or release = ?2) order by id desc limit ?3",
                )
                .bind(before)
                .bind(release)
                .bind(limit)
                .fetch_all(db)
                .await?;
                let total =
                    sqlx::query_scalar("select count(*) from source_maps where ?1 is null or release = ?1")
                        .bind(release)
                        .fetch_one(db)
                        .await?;
                Ok((rows, total))
            }
        }
    }
}
