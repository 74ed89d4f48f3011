//! Drops what is too old from each tier, in small steps, and says from where on each tier is complete.

use shared::clock::Timestamp;
use sqlx::SqlitePool;

use super::aggregated::Place;
use super::{Result, Store, raw};
use crate::bucket::{Floors, MINUTES_PER_HOUR, Resolution};
use crate::page::PageId;

/// Rows that one step deletes; a step holds the writer for a few milliseconds.
const ROWS_PER_STEP: i64 = 100;
/// Pages that one step looks at.
const PAGES_PER_STEP: usize = 50;

pub(super) async fn load_floors(db: &SqlitePool) -> Result<Floors> {
    let (raw, minutes, hours) = sqlx::query_as("select raw, minutes, hours from floors where id = 1")
        .fetch_one(db)
        .await?;
    Ok(Floors { raw, minutes, hours })
}

impl Store {
    /// Raises the floors, unless something below them is still unsettled. Answers whether they stand there now.
    pub(crate) async fn raise_floors(&self, wanted: Floors) -> Result<bool> {
        let mut writer = self.writer().await;
        let floors = self.floors().raised(wanted);
        let is_settled = {
            let unsettled = self.unsettled();
            unsettled.between(Resolution::Minute, 0, floors.raw).is_empty()
                && unsettled.between(Resolution::Hour, 0, floors.minutes).is_empty()
        };
        if !is_settled {
            return Ok(false);
        }
        if floors == self.floors() {
            return Ok(true);
        }
        let mut tx = self.begin().await?;
        sqlx::query("update floors set raw = ?1, minutes = ?2, hours = ?3 where id = 1")
            .bind(floors.raw)
            .bind(floors.minutes)
            .bind(floors.hours)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        self.set_floors(floors);
        raw::forget_numbers(&mut writer.next_raw, floors.raw);
        Ok(true)
    }

    /// Deletes what lies below the floors, a step at a time; answers whether there is more to do.
    pub(crate) async fn drop_raw(&self) -> Result<bool> {
        let _turn = self.writer().await;
        let floors = self.floors();
        let mut tx = self.begin().await?;
        let points = sqlx::query(
            "delete from metrics_raw where id in (select id from metrics_raw where id < ?1 order by id limit ?2)",
        )
        .bind(raw::rows_of(floors.raw).start)
        .bind(ROWS_PER_STEP)
        .execute(&mut *tx)
        .await?;
        let names = sqlx::query(
            "delete from replaceable_points where (series_id, point_id) in (
                 select series_id, point_id from replaceable_points where minute < ?1 order by minute limit ?2)",
        )
        .bind(floors.raw)
        .bind(ROWS_PER_STEP * 10)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(points.rows_affected() as i64 == ROWS_PER_STEP
            || names.rows_affected() as i64 == ROWS_PER_STEP * 10)
    }

    /// Deletes rows of minutes and hours below the floors, of some pages at a time.
    pub(crate) async fn drop_aggregated(&self) -> Result<()> {
        let pages: Vec<PageId> = {
            let catalogue = self.catalogue();
            catalogue
                .metrics()
                .flat_map(|(_, metric)| metric.all_pages())
                .collect()
        };
        let floors = self.floors();
        for pages in pages.chunks(PAGES_PER_STEP) {
            let _turn = self.writer().await;
            let mut tx = self.begin().await?;
            for page in pages {
                for (resolution, floor) in [
                    (Resolution::Minute, floors.minutes * MINUTES_PER_HOUR),
                    (Resolution::Hour, floors.hours),
                ] {
                    let place = |bucket| Place {
                        page: *page,
                        resolution,
                        bucket,
                    };
                    sqlx::query("delete from metrics_aggregated where id >= ?1 and id < ?2")
                        .bind(place(0).row_id())
                        .bind(place(floor).row_id())
                        .execute(&mut *tx)
                        .await?;
                }
            }
            tx.commit().await?;
        }
        Ok(())
    }

    /// Forgets all that is too old: below the floors, and keys of requests.
    pub(crate) async fn drop_old(&self, now: Timestamp) -> Result<()> {
        while self.drop_raw().await? {}
        // These floors move once an hour, and every page has to be looked at.
        let floors = Floors {
            raw: 0,
            ..self.floors()
        };
        if self.writer().await.dropped_below != Some(floors) {
            self.drop_aggregated().await?;
            // Only now that nothing is left of it: the place of a series may be given again.
            let forgotten = self.forget_series(floors.hours).await?;
            if forgotten > 0 {
                tracing::info!(series = forgotten, "series without data were forgotten");
            }
            self.writer().await.dropped_below = Some(floors);
        }
        while self.forget_retry_keys(now).await? {}
        Ok(())
    }
}
