//! Source maps: what is known of each, its index, and its text in compressed blocks.
//!
//! A map's blocks are written in small steps before anything refers to them, and deleted in small steps after nothing
//! does any more: what waits for the writer meanwhile waits for a few milliseconds.

use std::sync::atomic::Ordering;

use shared::clock::Timestamp;
use sqlx::{FromRow, SqlitePool};

use super::{Result, Store};

/// A block's id is that of its map, and then its number.
const NUMBER_BITS: u32 = 20;
/// Blocks that one step deletes.
const BLOCKS_PER_STEP: i64 = 200;

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

/// A map that was found for a script.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(crate) struct Found {
    /// The path or the debug id that was asked for.
    pub(crate) asked: String,
    pub(crate) id: i64,
    /// Of its text, in bytes.
    pub(crate) size: i64,
}

/// Which maps a list shows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Filter<'a> {
    pub(crate) project: Option<&'a str>,
    pub(crate) release: Option<&'a str>,
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

#[cfg(test)]
pub(crate) mod tests {
    use super::super::testing::{open, store};
    use super::*;

    fn map<'a>(project: &'a str, release: &'a str, file_url: &'a str) -> NewMap<'a> {
        NewMap {
            project,
            release,
            file_url,
            path: crate::page::path(file_url),
            debug_id: Some("0123"),
            size: 7,
            index: Packed {
                size: 3,
                bytes: b"abc",
            },
        }
    }

    async fn put(store: &Store, map: &NewMap<'_>) -> (i64, Option<i64>) {
        let id = store.new_map_id();
        store.put_blocks(id, 0, &[vec![1], vec![2]]).await.unwrap();
        let replaced = store
            .publish_map(id, map, Timestamp::from_millis(id * 1_000))
            .await
            .unwrap();
        (id, replaced)
    }

    #[tokio::test]
    async fn a_map_is_found_by_its_path_and_by_its_debug_id() {
        let (store, _folder) = store().await;
        let (id, _) = put(&store, &map("shop", "1.0", "https://x/a.js")).await;
        let (newer, _) = put(&store, &map("shop", "1.0", "https://y/a.js")).await;
        put(&store, &map("other", "1.0", "https://x/a.js")).await;

        let found = store
            .maps_by_path("shop", "1.0", &["/a.js", "/b.js"])
            .await
            .unwrap();
        assert_eq!(
            found.iter().map(|found| found.id).collect::<Vec<_>>(),
            [id, newer],
            "the newest comes last"
        );
        assert!(
            store
                .maps_by_path("shop", "2.0", &["/a.js"])
                .await
                .unwrap()
                .is_empty()
        );
        assert_eq!(store.maps_by_debug_id("shop", &["0123"]).await.unwrap().len(), 2);
        assert_eq!(store.map_block(id, 1).await.unwrap(), Some(vec![2]));
        assert_eq!(
            store.map_block(id, 2).await.unwrap(),
            None,
            "the next block is another map's"
        );
        assert_eq!(store.map_index(id).await.unwrap(), Some((3, b"abc".to_vec())));
        assert!(
            store.has_release("shop", "1.0").await.unwrap()
                && !store.has_release("shop", "2.0").await.unwrap()
        );
    }

    #[tokio::test]
    async fn an_upload_of_the_same_file_replaces_the_map() {
        let (store, _folder) = store().await;
        let (old, _) = put(&store, &map("shop", "1.0", "https://x/a.js")).await;
        let (new, replaced) = put(&store, &map("shop", "1.0", "https://x/a.js")).await;

        assert_eq!(replaced, Some(old));
        let filter = Filter {
            project: Some("shop"),
            release: None,
        };
        let (rows, total) = store.list_maps(filter, i64::MAX, 10).await.unwrap();
        assert_eq!((rows.len(), rows[0].id, total), (1, new, 1));
        assert_eq!(store.next_orphan(0, i64::MAX).await.unwrap(), Some(old));
        store.drop_blocks(old).await.unwrap();
        assert_eq!(store.next_orphan(0, i64::MAX).await.unwrap(), None);
        assert_eq!(store.map_block(new, 0).await.unwrap(), Some(vec![1]));
    }

    #[tokio::test]
    async fn an_upload_that_was_cut_off_takes_no_id_of_another_and_is_found() {
        let (store, folder) = store().await;
        let (_, _) = put(&store, &map("shop", "1.0", "https://x/a.js")).await;
        let lost = store.new_map_id();
        store.put_blocks(lost, 0, &[vec![1]]).await.unwrap();
        drop(store);

        let store = open(&folder).await;
        assert_eq!(store.new_map_id(), lost + 1);
        assert_eq!(store.next_orphan(0, lost + 1).await.unwrap(), Some(lost));
        assert_eq!(
            store.next_orphan(0, lost).await.unwrap(),
            None,
            "it may be on its way"
        );
    }

    #[tokio::test]
    async fn lists_are_filtered_and_paged_and_maps_are_dropped_by_their_last_use() {
        let (store, _folder) = store().await;
        for (project, release) in [("a", "1"), ("a", "2"), ("b", "1"), ("a", "1")] {
            put(
                &store,
                &map(
                    project,
                    release,
                    &format!("/{}", store.next_map.load(Ordering::Relaxed)),
                ),
            )
            .await;
        }
        for (project, release, ids) in [
            (None, None, vec![4, 3, 2, 1]),
            (Some("a"), None, vec![4, 2, 1]),
            (Some("a"), Some("1"), vec![4, 1]),
            (None, Some("1"), vec![4, 3, 1]),
            (Some("c"), None, vec![]),
        ] {
            let filter = Filter { project, release };
            let (first, total) = store.list_maps(filter, i64::MAX, 2).await.unwrap();
            let before = first.last().map_or(0, |row| row.id);
            let (second, _) = store.list_maps(filter, before, 9).await.unwrap();
            let listed: Vec<_> = first.iter().chain(&second).map(|row| row.id).collect();
            assert_eq!((listed.len() as i64, listed), (total, ids), "{filter:?}");
        }

        store
            .touch(&[], &[(1, Timestamp::from_millis(60_000))])
            .await
            .unwrap();
        let unused = store
            .unused_maps(Timestamp::from_millis(3_500), 10)
            .await
            .unwrap();
        assert_eq!(unused, [2, 3]);
        assert!(store.unpublish_map(2).await.unwrap() && !store.unpublish_map(2).await.unwrap());
    }
}
