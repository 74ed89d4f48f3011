//! Partials: what some of the points of a minute come to, made while more of them come in.
//!
//! Whoever asks for a minute that is not rolled up yet is answered from its points. Of a busy minute these are millions, so
//! every so many of them are summarised once for all who ask. A partial is never changed: who asks reads those that were
//! there at that moment, and the points after them. They do not hold values that may be replaced.

use std::collections::BTreeMap;
use std::sync::Arc;

use shared::db::Db;

use super::{Result, Store, raw};
use crate::bucket::Resolution;
use crate::page::PageId;

/// Partials of one minute, at most; points after them are read as they are.
const MOST_PARTIALS: i64 = 1 << PARTIAL_BITS;
const PARTIAL_BITS: u32 = 10;
const PAGE_BITS: u32 = 26;
/// Rows that are written or deleted in one transaction; more would hold up the points.
const ROWS_PER_COMMIT: usize = 64;
/// Rows that a reader holds at once, before it lets others go first.
const PARTIALS_PER_READ: i64 = 24;

/// How much of a minute is in partials.
#[derive(Debug, Clone)]
pub(crate) struct Cover {
    pub(crate) partials: i64,
    /// The first row of points that is in none of them.
    pub(crate) next_row: i64,
    /// As long as others hold it, the partials are read.
    readers: Arc<()>,
}

impl Cover {
    pub(super) fn none(minute: i64) -> Self {
        Self {
            partials: 0,
            next_row: raw::rows_of(minute).start,
            readers: Arc::default(),
        }
    }
}

/// What is covered of the minutes, and what may be deleted.
#[derive(Debug, Default)]
pub(crate) struct Covers {
    current: BTreeMap<i64, Cover>,
    /// Nobody starts to read these.
    retired: Vec<(i64, Cover)>,
}

impl Covers {
    pub(crate) fn of(&self, minute: i64) -> Cover {
        self.current
            .get(&minute)
            .cloned()
            .unwrap_or_else(|| Cover::none(minute))
    }

    /// The row with which the next partial of the minute begins. `None` when it cannot have one more.
    pub(crate) fn next_row(&self, minute: i64) -> Option<i64> {
        let cover = self.of(minute);
        let is_retired = self.retired.iter().any(|(retired, _)| *retired == minute);
        (cover.partials < MOST_PARTIALS && !is_retired).then_some(cover.next_row)
    }

    fn extend(&mut self, minute: i64, next_row: i64) {
        let cover = self.current.entry(minute).or_insert_with(|| Cover::none(minute));
        cover.partials += 1;
        cover.next_row = next_row;
    }

    /// Takes back the minutes for which this is so. Answers with those whose partials nobody reads any more; they are retired
    /// until they are forgotten.
    fn retire(&mut self, is_over: impl Fn(i64) -> bool) -> Vec<i64> {
        let over = self.current.extract_if(.., |minute, _| is_over(*minute));
        self.retired.extend(over);
        let unread = self
            .retired
            .iter()
            .filter(|(_, cover)| Arc::strong_count(&cover.readers) == 1);
        unread.map(|(minute, _)| *minute).collect()
    }

    /// Its partials are deleted.
    fn forget(&mut self, minute: i64) {
        self.retired.retain(|(retired, _)| *retired != minute);
    }
}

fn row_id(minute: i64, page: PageId, number: i64) -> i64 {
    minute << (PAGE_BITS + PARTIAL_BITS) | i64::from(page.0) << PARTIAL_BITS | number
}

/// Those of the last run are made anew: how far they reach was only known to it.
pub(super) async fn clear(db: &Db) -> Result<()> {
    let last: Option<i64> = sqlx::query_scalar("select max(id) from partials")
        .fetch_one(db.read())
        .await?;
    if last.is_some() {
        let mut tx = db.write().await?;
        sqlx::query("delete from partials").execute(&mut *tx).await?;
        tx.commit().await?;
    }
    Ok(())
}

impl Store {
    /// Writes the next partial of a minute, which holds all rows of points before `next_row`.
    pub(crate) async fn write_partial(
        &self,
        minute: i64,
        pages: &[(PageId, Vec<u8>)],
        next_row: i64,
    ) -> Result<()> {
        let number = self.unsettled().covers.of(minute).partials;
        for pages in pages.chunks(ROWS_PER_COMMIT) {
            let _turn = self.writer().await;
            let mut tx = self.begin().await?;
            for (page, data) in pages {
                // A try before this one may have come half-way.
                sqlx::query("insert or replace into partials (id, data) values (?1, ?2)")
                    .bind(row_id(minute, *page, number))
                    .bind(data)
                    .execute(&mut *tx)
                    .await?;
            }
            tx.commit().await?;
        }
        self.unsettled().covers.extend(minute, next_row);
        Ok(())
    }

    /// The first page from this one on of which a minute has partials.
    pub(crate) async fn page_with_partials(&self, minute: i64, page: PageId) -> Result<Option<PageId>> {
        let first: Option<i64> =
            sqlx::query_scalar("select id from partials where id >= ?1 and id < ?2 order by id limit 1")
                .bind(row_id(minute, page, 0))
                .bind(row_id(minute + 1, PageId(0), 0))
                .fetch_optional(self.db.read())
                .await?;
        Ok(first.map(|id| PageId((id >> PARTIAL_BITS) as u32 & (u32::MAX >> (32 - PAGE_BITS)))))
    }

    /// Hands out what the first partials of a minute have of a page.
    pub(crate) async fn for_each_partial(
        &self,
        minute: i64,
        page: PageId,
        partials: i64,
        mut hand_out: impl FnMut(&[u8]),
    ) -> Result<()> {
        let mut next = 0;
        while next < partials {
            let rows: Vec<(Vec<u8>,)> =
                sqlx::query_as("select data from partials where id >= ?1 and id < ?2 order by id")
                    .bind(row_id(minute, page, next))
                    .bind(row_id(minute, page, partials.min(next + PARTIALS_PER_READ)))
                    .fetch_all(self.db.read())
                    .await?;
            for (data,) in &rows {
                hand_out(data);
            }
            next += PARTIALS_PER_READ;
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// Deletes the partials of minutes before this one that are settled, once nobody reads them.
    pub(crate) async fn drop_partials(&self, before: i64) -> Result<()> {
        let unread = {
            let mut unsettled = self.unsettled();
            let open = unsettled.between(Resolution::Minute, 0, before);
            unsettled
                .covers
                .retire(|minute| minute < before && !open.contains(&minute))
        };
        for minute in unread {
            self.delete_partials(minute).await?;
            self.unsettled().covers.forget(minute);
        }
        Ok(())
    }

    async fn delete_partials(&self, minute: i64) -> Result<()> {
        loop {
            let _turn = self.writer().await;
            let mut tx = self.begin().await?;
            let deleted = sqlx::query(
                "delete from partials where id in (
                     select id from partials where id >= ?1 and id < ?2 order by id limit ?3)",
            )
            .bind(row_id(minute, PageId(0), 0))
            .bind(row_id(minute + 1, PageId(0), 0))
            .bind(ROWS_PER_COMMIT as i64)
            .execute(&mut *tx)
            .await?;
            tx.commit().await?;
            if deleted.rows_affected() < ROWS_PER_COMMIT as u64 {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::store;

    #[test]
    fn rows_of_all_times_to_come_are_in_their_order() {
        let minute_of_2200 = 230 * 525_960;
        let ids = [
            row_id(0, PageId(0), 1),
            row_id(minute_of_2200 - 1, PageId(u32::MAX / 64), MOST_PARTIALS - 1),
            row_id(minute_of_2200, PageId(0), 0),
            row_id(minute_of_2200, PageId(0), MOST_PARTIALS - 1),
            row_id(minute_of_2200, PageId(1), 0),
        ];
        assert!(ids.is_sorted() && ids[0] > 0, "{ids:?}");
    }

    async fn count(store: &Store) -> i64 {
        sqlx::query_scalar("select count(*) from partials")
            .fetch_one(store.db.read())
            .await
            .unwrap()
    }

    async fn run(store: &Store, statement: &'static str) {
        let mut tx = store.begin().await.unwrap();
        sqlx::query(statement).execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
    }

    #[tokio::test]
    async fn what_could_not_be_deleted_is_deleted_later_and_counts_no_more() {
        let (store, _folder) = store().await;
        let pages: Vec<_> = (0..100).map(|page| (PageId(page), vec![1])).collect();
        store.write_partial(7, &pages, raw::rows_of(7).start + 1).await.unwrap();
        let reader = store.unsettled().covers.of(7);
        store.drop_partials(8).await.unwrap();
        assert_eq!(count(&store).await, 100, "they are being read");
        drop(reader);

        run(&store, "create trigger keep before delete on partials begin select raise(abort, 'no'); end").await;
        assert!(store.drop_partials(8).await.is_err());
        assert_eq!(store.unsettled().covers.next_row(7), None);
        assert_eq!(store.unsettled().covers.of(7).partials, 0);

        run(&store, "drop trigger keep").await;
        store.drop_partials(8).await.unwrap();
        assert_eq!(count(&store).await, 0);
        assert_eq!(store.unsettled().covers.next_row(7), Some(raw::rows_of(7).start));
    }

    #[tokio::test]
    async fn pages_with_partials_are_found_one_after_the_other() {
        let (store, _folder) = store().await;
        let pages = [3, 5, u32::MAX / 64].map(|page| (PageId(page), vec![1]));
        for minute in [7, 7, 9] {
            store.write_partial(minute, &pages, raw::rows_of(minute).start + 1).await.unwrap();
        }

        for (from, found) in [(0, Some(3)), (3, Some(3)), (4, Some(5)), (6, Some(u32::MAX / 64))] {
            let page = store.page_with_partials(7, PageId(from)).await.unwrap();
            assert_eq!(page, found.map(PageId), "from {from} on");
        }
        assert_eq!(store.page_with_partials(8, PageId(0)).await.unwrap(), None);
    }
}
