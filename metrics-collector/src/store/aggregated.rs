//! Rows of minutes and hours: what a page of series comes to in each.

use sqlx::{QueryBuilder, SqliteConnection};

use super::{ROWS_PER_READ, Result, Store, json, unsettled};
use crate::bucket::Resolution;
use crate::page::PageId;

/// Rows that go into one statement.
const ROWS_AT_ONCE: usize = 16;
/// Rows that are written in one transaction; more would hold up the points.
const ROWS_PER_COMMIT: usize = 64;

/// Which row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub(crate) page: PageId,
    pub(crate) resolution: Resolution,
    pub(crate) bucket: i64,
}

impl Place {
    pub(super) fn row_id(self) -> i64 {
        let is_hour = i64::from(self.resolution == Resolution::Hour);
        i64::from(self.page.0) << 33 | is_hour << 32 | self.bucket.clamp(0, u32::MAX.into())
    }

    pub(super) fn of_row(id: i64) -> Self {
        Self {
            page: PageId((id >> 33) as u32),
            resolution: if id >> 32 & 1 == 1 {
                Resolution::Hour
            } else {
                Resolution::Minute
            },
            bucket: i64::from(id as u32),
        }
    }
}

/// Writes rows in the place of those that are there; an empty one is deleted.
pub(super) async fn put(tx: &mut SqliteConnection, rows: &[(Place, Vec<u8>)]) -> Result<()> {
    let (filled, empty): (Vec<_>, Vec<_>) = rows.iter().partition(|(_, data)| !data.is_empty());
    for rows in filled.chunks(ROWS_AT_ONCE) {
        let mut statement = QueryBuilder::new("insert into metrics_aggregated (id, data) ");
        statement.push_values(rows, |mut row, (place, data)| {
            row.push_bind(place.row_id()).push_bind(data.as_slice());
        });
        statement.push(" on conflict (id) do update set data = excluded.data");
        statement.build().execute(&mut *tx).await?;
    }
    if !empty.is_empty() {
        sqlx::query("delete from metrics_aggregated where id in (select value from json_each(?1))")
            .bind(ids(empty.iter().map(|(place, _)| *place)))
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}

/// As a JSON array.
fn ids(places: impl Iterator<Item = Place>) -> String {
    let ids: Vec<i64> = places.map(Place::row_id).collect();
    json(&ids)
}

/// The rows at these places, of those that are there.
pub(super) async fn get(tx: &mut SqliteConnection, places: &[Place]) -> Result<Vec<(Place, Vec<u8>)>> {
    let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(
        "select id, data from metrics_aggregated where id in (select value from json_each(?1))",
    )
    .bind(ids(places.iter().copied()))
    .fetch_all(tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(id, data)| (Place::of_row(id), data))
        .collect())
}

impl Store {
    /// Writes the last rows of a bucket, some at a time. It is settled when nothing was added since `change`.
    pub(crate) async fn settle(
        &self,
        resolution: Resolution,
        bucket: i64,
        change: u64,
        mut rows: Vec<(Place, Vec<u8>)>,
    ) -> Result<()> {
        let last = rows.split_off(rows.len().saturating_sub(ROWS_PER_COMMIT));
        if !self.write_rows(resolution, bucket, change, rows).await? {
            return Ok(());
        }
        let _turn = self.writer().await;
        if self.unsettled().change(resolution, bucket) != Some(change) {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        put(&mut tx, &last).await?;
        unsettled::remove_mark(&mut tx, resolution, bucket).await?;
        tx.commit().await?;
        self.unsettled().settle(resolution, bucket);
        Ok(())
    }

    /// Writes rows of a bucket that is not settled yet. False when something was added since `change`: then they do not hold
    /// all of it, or more than it, and are not written.
    pub(crate) async fn write_rows(
        &self,
        resolution: Resolution,
        bucket: i64,
        change: u64,
        rows: Vec<(Place, Vec<u8>)>,
    ) -> Result<bool> {
        for rows in rows.chunks(ROWS_PER_COMMIT) {
            let _turn = self.writer().await;
            if self.unsettled().change(resolution, bucket) != Some(change) {
                return Ok(false);
            }
            let mut tx = self.begin().await?;
            put(&mut tx, rows).await?;
            tx.commit().await?;
        }
        Ok(true)
    }

    /// Hands out the rows of pages from a bucket up to, and without, another one, those of a page in the order of time.
    pub(crate) async fn for_each_row(
        &self,
        pages: &[PageId],
        resolution: Resolution,
        from: i64,
        to: i64,
        mut hand_out: impl FnMut(Place, &[u8]),
    ) -> Result<()> {
        let buckets = usize::try_from(to - from).unwrap_or_default();
        if buckets * 2 > ROWS_PER_READ {
            for page in pages {
                self.for_each_row_of(*page, resolution, from, to, &mut hand_out)
                    .await?;
            }
            return Ok(());
        }
        for pages in pages.chunks(ROWS_PER_READ / buckets.max(1)) {
            let places = pages.iter().flat_map(|page| {
                (from..to).map(|bucket| Place {
                    page: *page,
                    resolution,
                    bucket,
                })
            });
            let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(
                "select id, data from metrics_aggregated where id in (select value from json_each(?1)) order by id",
            )
            .bind(ids(places))
            .fetch_all(self.db.read())
            .await?;
            for (id, data) in &rows {
                hand_out(Place::of_row(*id), data);
            }
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    async fn for_each_row_of(
        &self,
        page: PageId,
        resolution: Resolution,
        from: i64,
        to: i64,
        hand_out: &mut impl FnMut(Place, &[u8]),
    ) -> Result<()> {
        let place = |bucket| Place {
            page,
            resolution,
            bucket,
        };
        let mut next = place(from).row_id();
        loop {
            let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(
                "select id, data from metrics_aggregated where id >= ?1 and id < ?2 order by id limit ?3",
            )
            .bind(next)
            .bind(place(to).row_id())
            .bind(ROWS_PER_READ as i64)
            .fetch_all(self.db.read())
            .await?;
            for (id, data) in &rows {
                hand_out(Place::of_row(*id), data);
            }
            match rows.last() {
                Some((last, _)) if rows.len() == ROWS_PER_READ => next = last + 1,
                _ => return Ok(()),
            }
            tokio::task::yield_now().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::store;

    #[tokio::test]
    async fn a_range_has_the_rows_of_one_page_and_one_resolution() {
        let (store, _folder) = store().await;
        let mut rows = Vec::new();
        for page in [1, 2] {
            for resolution in [Resolution::Minute, Resolution::Hour] {
                for bucket in 0..40 {
                    let place = Place {
                        page: PageId(page),
                        resolution,
                        bucket,
                    };
                    rows.push((place, vec![bucket as u8 + 1]));
                }
            }
        }
        let mut tx = store.begin().await.unwrap();
        put(&mut tx, &rows).await.unwrap();
        let place = |bucket| Place {
            page: PageId(1),
            resolution: Resolution::Hour,
            bucket,
        };
        put(&mut tx, &[(place(12), vec![99]), (place(13), vec![])])
            .await
            .unwrap();
        assert_eq!(
            get(&mut tx, &[place(12), place(13)]).await.unwrap(),
            [(place(12), vec![99])]
        );
        tx.commit().await.unwrap();

        let mut found = Vec::new();
        store
            .for_each_row(&[PageId(1)], Resolution::Hour, 10, 15, |place, data| {
                found.push((place.bucket, data[0]))
            })
            .await
            .unwrap();

        assert_eq!(found, [(10, 11), (11, 12), (12, 99), (14, 15)]);

        // Few rows of each page are read of several pages at once, many of one page after the other.
        for (from, to) in [(11, 13), (5, 40)] {
            let mut found = Vec::new();
            let pages = [PageId(1), PageId(2), PageId(9)];
            store
                .for_each_row(&pages, Resolution::Hour, from, to, |place, data| {
                    found.push((place.page.0, place.bucket, data[0]));
                })
                .await
                .unwrap();
            let of = |page| {
                (from..to).filter_map(move |bucket| match (page, bucket) {
                    (1, 12) => Some((1, 12, 99)),
                    (1, 13) => None,
                    _ => Some((page, bucket, bucket as u8 + 1)),
                })
            };
            assert_eq!(found, of(1).chain(of(2)).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_place_is_known_by_its_row() {
        for (page, resolution, bucket) in [
            (0, Resolution::Minute, 0),
            (7, Resolution::Hour, 490_000),
            (u32::MAX / 64, Resolution::Minute, 69_000_000),
        ] {
            let place = Place {
                page: PageId(page),
                resolution,
                bucket,
            };
            assert_eq!(Place::of_row(place.row_id()), place);
        }
    }
}
