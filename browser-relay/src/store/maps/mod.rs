//! Source maps: what is known of each, its index, and its text in compressed blocks.
//!
//! A map's blocks are written in small steps before anything refers to them, and deleted in small steps after nothing
//! does any more: what waits for the writer meanwhile waits for a few milliseconds.

mod find;
mod list;
#[cfg(test)]
mod tests;

use std::sync::atomic::Ordering;

use shared::clock::Timestamp;
use sqlx::SqlitePool;

pub(crate) use self::find::Found;
pub(crate) use self::list::{Filter, MapRow};
use super::{Result, Store};

/// A block's id is that of its map, and then its number.
const NUMBER_BITS: u32 = 20;
/// Blocks that one step deletes.
const BLOCKS_PER_STEP: i64 = 200;

/// A map to be.
#[derive(Debug)]
pub(crate) struct NewMap<'a> {
    pub(crate) project: &'a str,
    pub(crate) release: &'a str,
    pub(crate) file_url: &'a str,
    pub(crate) path: &'a str,
    pub(crate) debug_id: Option<&'a str>,
    /// Of its text, in bytes.
    pub(crate) size: u64,
    pub(crate) index: Packed<'a>,
}

/// Compressed bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Packed<'a> {
    /// Before they were compressed.
    pub(crate) size: usize,
    pub(crate) bytes: &'a [u8],
}

pub(super) async fn next_id(db: &SqlitePool) -> Result<i64> {
    let map: Option<i64> = sqlx::query_scalar("select id from source_maps order by id desc limit 1")
        .fetch_optional(db)
        .await?;
    let block: Option<i64> = sqlx::query_scalar("select id from source_map_blocks order by id desc limit 1")
        .fetch_optional(db)
        .await?;
    Ok(map.max(block.map(|block| block >> NUMBER_BITS)).unwrap_or(0) + 1)
}

impl Store {
    /// Maps that are uploaded from now on have this id or a higher one.
    pub(crate) fn next_map_id(&self) -> i64 {
        self.next_map.load(Ordering::Relaxed)
    }

    /// The id for a map whose blocks are about to be written.
    pub(crate) fn new_map_id(&self) -> i64 {
        self.next_map.fetch_add(1, Ordering::Relaxed)
    }

    /// Writes compressed blocks of a text, the first of which has this number.
    pub(crate) async fn put_blocks(&self, map: i64, first: usize, blocks: &[Vec<u8>]) -> Result<()> {
        let mut tx = self.db.write().await?;
        for (number, block) in (first..).zip(blocks) {
            sqlx::query("insert into source_map_blocks (id, bytes) values (?1, ?2)")
                .bind(block_id(map, number))
                .bind(block.as_slice())
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await
    }

    /// Lets frames find a map whose blocks are written. Answers which map it replaces.
    pub(crate) async fn publish_map(&self, id: i64, map: &NewMap<'_>, now: Timestamp) -> Result<Option<i64>> {
        let mut tx = self.db.write().await?;
        let replaced = sqlx::query_scalar(
            "delete from source_maps where project = ?1 and release = ?2 and file_url = ?3 returning id",
        )
        .bind(map.project)
        .bind(map.release)
        .bind(map.file_url)
        .fetch_optional(&mut *tx)
        .await?;
        sqlx::query("insert into source_map_indexes (map_id, size, bytes) values (?1, ?2, ?3)")
            .bind(id)
            .bind(map.index.size as i64)
            .bind(map.index.bytes)
            .execute(&mut *tx)
            .await?;
        sqlx::query(
            "insert into source_maps (id, project, release, file_url, path, debug_id, size, uploaded_at, last_used)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)",
        )
        .bind(id)
        .bind(map.project)
        .bind(map.release)
        .bind(map.file_url)
        .bind(map.path)
        .bind(map.debug_id)
        .bind(map.size as i64)
        .bind(now)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(replaced)
    }

    /// Lets no frame find the map any more; its blocks are dropped later. False when there is none of that id.
    pub(crate) async fn unpublish_map(&self, id: i64) -> Result<bool> {
        let mut tx = self.db.write().await?;
        let deleted = sqlx::query("delete from source_maps where id = ?1")
            .bind(id)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(deleted.rows_affected() > 0)
    }

    /// Deletes what is left of a map that nothing refers to.
    pub(crate) async fn drop_blocks(&self, map: i64) -> Result<()> {
        loop {
            let mut tx = self.db.write().await?;
            let deleted = sqlx::query(
                "delete from source_map_blocks where id in (
                     select id from source_map_blocks where id between ?1 and ?2 order by id limit ?3)",
            )
            .bind(block_id(map, 0))
            .bind(block_id(map + 1, 0) - 1)
            .bind(BLOCKS_PER_STEP)
            .execute(&mut *tx)
            .await?;
            sqlx::query("delete from source_map_indexes where map_id = ?1")
                .bind(map)
                .execute(&mut *tx)
                .await?;
            tx.commit().await?;
            if (deleted.rows_affected() as i64) < BLOCKS_PER_STEP {
                return Ok(());
            }
        }
    }

    /// The next map, from this id on, of which there are blocks but nothing that refers to them: an upload or a deletion
    /// was cut off. Maps from `end` on may be on their way.
    pub(crate) async fn next_orphan(&self, from: i64, end: i64) -> Result<Option<i64>> {
        let mut map = from;
        while map < end {
            let block: Option<i64> =
                sqlx::query_scalar("select id from source_map_blocks where id >= ?1 order by id limit 1")
                    .bind(block_id(map, 0))
                    .fetch_optional(self.db.read())
                    .await?;
            let Some(block) = block else { break };
            map = block >> NUMBER_BITS;
            let known: Option<i64> = sqlx::query_scalar("select id from source_maps where id = ?1")
                .bind(map)
                .fetch_optional(self.db.read())
                .await?;
            if known.is_none() && map < end {
                return Ok(Some(map));
            }
            map += 1;
        }
        Ok(None)
    }

    /// Maps that nothing has needed since `before`.
    pub(crate) async fn unused_maps(&self, before: Timestamp, limit: u32) -> Result<Vec<i64>> {
        sqlx::query_scalar("select id from source_maps where last_used < ?1 order by last_used limit ?2")
            .bind(before)
            .bind(limit)
            .fetch_all(self.db.read())
            .await
    }
}

fn block_id(map: i64, number: usize) -> i64 {
    (map << NUMBER_BITS) + number as i64
}
