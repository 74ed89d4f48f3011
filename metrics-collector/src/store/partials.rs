//! Partials: what some of the points of a minute come to, made while more of them come in.
//!
//! Whoever asks for a minute that is not rolled up yet is answered from its points. Of a busy minute these are millions, so
//! every so many of them are summarised once for all who ask. A partial is never changed: who asks reads those that were
//! there at that moment, and the points after them. They do not hold values that may be replaced.
//!
//! A partial of many series is hardly smaller than its points, as each series has few of them. Four together are, and four
//! of those again. So there are at most three of each size, and who asks reads little, whatever the minute has.

use super::covers::MOST_PARTIALS;
use super::{ROWS_PER_READ, Result, Store, json};
use crate::bucket::Resolution;
use crate::page::PageId;

const PARTIAL_BITS: u32 = MOST_PARTIALS.trailing_zeros();
const PAGE_BITS: u32 = 26;
/// Rows that are written or deleted in one transaction; more would hold up the points.
const ROWS_PER_COMMIT: usize = 64;

fn row_id(minute: i64, page: PageId, number: i64) -> i64 {
    minute << (PAGE_BITS + PARTIAL_BITS) | i64::from(page.0) << PARTIAL_BITS | number
}

fn page_of(row_id: i64) -> PageId {
    PageId((row_id >> PARTIAL_BITS) as u32 & (u32::MAX >> (32 - PAGE_BITS)))
}

impl Store {
    /// Lets a partial be read whose pages are written: the next of its minute, which holds all rows of points before `next_row`.
    pub(crate) fn add_partial(&self, minute: i64, number: i64, next_row: i64) {
        self.unsettled().covers.extend(minute, number, next_row);
    }

    /// The last partials of a minute, when they should become one.
    pub(crate) fn partials_to_merge(&self, minute: i64) -> Option<Vec<i64>> {
        self.unsettled().covers.to_merge(minute)
    }

    /// A number for a partial that is written with [`write_pages`](Self::write_pages), page by page.
    pub(crate) fn number_of_partial(&self, minute: i64) -> i64 {
        self.unsettled().covers.number(minute)
    }

    /// Writes pages of a partial that nobody reads yet.
    pub(crate) async fn write_pages(
        &self,
        minute: i64,
        number: i64,
        pages: &[(PageId, Vec<u8>)],
    ) -> Result<()> {
        for pages in pages.chunks(ROWS_PER_COMMIT) {
            let _turn = self.writer().await;
            let mut tx = self.begin().await?;
            for (page, data) in pages {
                sqlx::query("insert into partials (id, data) values (?1, ?2)")
                    .bind(row_id(minute, *page, number))
                    .bind(data)
                    .execute(&mut *tx)
                    .await?;
            }
            tx.commit().await?;
        }
        Ok(())
    }

    /// Lets a partial stand for the last ones of a minute, which it holds, and deletes those that nobody reads.
    pub(crate) async fn merge_partials(&self, minute: i64, number: i64) -> Result<()> {
        let kept = {
            let mut unsettled = self.unsettled();
            unsettled.covers.merge(minute, number);
            unsettled.covers.unread(minute)
        };
        match kept {
            Some(kept) => self.delete_partials(minute, &kept).await,
            None => Ok(()),
        }
    }

    /// The first page from this one on of which a minute has partials.
    pub(crate) async fn page_with_partials(&self, minute: i64, page: PageId) -> Result<Option<PageId>> {
        let first: Option<i64> =
            sqlx::query_scalar("select id from partials where id >= ?1 and id < ?2 order by id limit 1")
                .bind(row_id(minute, page, 0))
                .bind(row_id(minute + 1, PageId(0), 0))
                .fetch_optional(self.db.read())
                .await?;
        Ok(first.map(page_of))
    }

    /// Hands out what these partials of a minute have of pages.
    pub(crate) async fn for_each_partial(
        &self,
        minute: i64,
        pages: &[PageId],
        partials: &[i64],
        mut hand_out: impl FnMut(PageId, &[u8]),
    ) -> Result<()> {
        if partials.is_empty() {
            return Ok(());
        }
        for pages in pages.chunks((ROWS_PER_READ / partials.len()).max(1)) {
            let ids: Vec<i64> = pages
                .iter()
                .flat_map(|page| partials.iter().map(|number| row_id(minute, *page, *number)))
                .collect();
            let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(
                "select id, data from partials where id in (select value from json_each(?1)) order by id",
            )
            .bind(json(&ids))
            .fetch_all(self.db.read())
            .await?;
            for (id, data) in &rows {
                hand_out(page_of(*id), data);
            }
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
            self.delete_partials(minute, &[]).await?;
            self.unsettled().covers.forget(minute);
        }
        Ok(())
    }

    /// Deletes the partials of a minute but for those with these numbers, some at a time.
    async fn delete_partials(&self, minute: i64, kept: &[i64]) -> Result<()> {
        loop {
            let _turn = self.writer().await;
            let mut tx = self.begin().await?;
            let deleted = sqlx::query(
                "delete from partials where id in (
                     select id from partials
                     where id >= ?1 and id < ?2 and id & ?3 not in (select value from json_each(?4))
                     order by id limit ?5)",
            )
            .bind(row_id(minute, PageId(0), 0))
            .bind(row_id(minute + 1, PageId(0), 0))
            .bind(MOST_PARTIALS - 1)
            .bind(json(kept))
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
    use crate::store::raw;
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

    async fn write_partial(
        store: &Store,
        minute: i64,
        pages: &[(PageId, Vec<u8>)],
        next_row: i64,
    ) -> Result<()> {
        let number = store.number_of_partial(minute);
        store.write_pages(minute, number, pages).await?;
        store.add_partial(minute, number, next_row);
        Ok(())
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
        write_partial(&store, 7, &pages, raw::rows_of(7).start + 1)
            .await
            .unwrap();
        let reader = store.unsettled().covers.of(7);
        store.drop_partials(8).await.unwrap();
        assert_eq!(count(&store).await, 100, "they are being read");
        drop(reader);

        run(
            &store,
            "create trigger keep before delete on partials begin select raise(abort, 'no'); end",
        )
        .await;
        assert!(store.drop_partials(8).await.is_err());
        assert_eq!(store.unsettled().covers.next_row(7), None);
        assert!(store.unsettled().covers.of(7).partials.is_empty());

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
            write_partial(&store, minute, &pages, raw::rows_of(minute).start + 1)
                .await
                .unwrap();
        }

        for (from, found) in [(0, Some(3)), (3, Some(3)), (4, Some(5)), (6, Some(u32::MAX / 64))] {
            let page = store.page_with_partials(7, PageId(from)).await.unwrap();
            assert_eq!(page, found.map(PageId), "from {from} on");
        }
        assert_eq!(store.page_with_partials(8, PageId(0)).await.unwrap(), None);
    }

    /// The numbers that are read, and how many rows there are.
    async fn merge_until_done(store: &Store, minute: i64) -> (Vec<i64>, i64) {
        let pages = [(PageId(3), vec![1]), (PageId(5), vec![1])];
        while store.partials_to_merge(minute).is_some() {
            let number = store.number_of_partial(minute);
            store.write_pages(minute, number, &pages).await.unwrap();
            store.merge_partials(minute, number).await.unwrap();
        }
        let read = store.unsettled().covers.of(minute).partials;
        (read, count(store).await)
    }

    #[tokio::test]
    async fn four_partials_of_one_size_become_one_and_readers_keep_theirs() {
        let (store, _folder) = store().await;
        let pages = [(PageId(3), vec![1]), (PageId(5), vec![1])];
        let mut read = Vec::new();
        for number in 1..=16 {
            let next_row = raw::rows_of(7).start + number;
            write_partial(&store, 7, &pages, next_row).await.unwrap();
            read.push(merge_until_done(&store, 7).await);
            assert_eq!(store.unsettled().covers.next_row(7), Some(next_row));
        }
        assert_eq!(read[2], (vec![0, 1, 2], 6));
        assert_eq!(read[3], (vec![4], 2));
        assert_eq!(read[8], (vec![4, 9, 10], 6));
        assert_eq!(read[14], (vec![4, 9, 14, 15, 16, 17], 12));
        assert_eq!(read[15], (vec![20], 2));

        let reader = store.unsettled().covers.of(7);
        for _ in 0..4 {
            write_partial(&store, 7, &pages, raw::rows_of(7).end)
                .await
                .unwrap();
        }
        assert_eq!(merge_until_done(&store, 7).await, (vec![20, 25], 12));
        let mut found = 0;
        store
            .for_each_partial(7, &[PageId(3)], &reader.partials, |_, _| found += 1)
            .await
            .unwrap();
        assert_eq!(found, 1);
        drop(reader);
        store.drop_partials(8).await.unwrap();
        assert_eq!(count(&store).await, 0);
    }

    #[tokio::test]
    async fn what_was_written_half_way_is_not_read() {
        let (store, _folder) = store().await;
        let pages = [(PageId(3), vec![1]), (PageId(5), vec![1])];
        run(&store, "create trigger fail before insert on partials when new.id & 4095 >= 1024 begin select raise(abort, 'no'); end").await;
        assert!(
            write_partial(&store, 7, &pages, raw::rows_of(7).start + 1)
                .await
                .is_err()
        );
        assert!(store.unsettled().covers.of(7).partials.is_empty());

        run(&store, "drop trigger fail").await;
        write_partial(&store, 7, &pages[1..], raw::rows_of(7).start + 1)
            .await
            .unwrap();

        let cover = store.unsettled().covers.of(7);
        for (page, expected) in [(3, 0), (5, 1)] {
            let mut found = 0;
            store
                .for_each_partial(7, &[PageId(page)], &cover.partials, |_, _| found += 1)
                .await
                .unwrap();
            assert_eq!(found, expected, "page {page}");
        }
    }
}
