//! Values that a later point of the same series and name replaces: which of them counts.

use std::collections::HashSet;

use sqlx::SqliteConnection;

use super::{Result, Store};
use crate::chunk::PointId;
use crate::page::SeriesId;

/// Lets a point stand for its name. Answers with the minute that it is taken away from, when that is another one; and
/// whether the point counts at all: an older one that comes late does not.
pub(super) async fn put(
    tx: &mut SqliteConnection,
    series: SeriesId,
    id: PointId,
    minute: i64,
    at_ms: i64,
) -> Result<Option<i64>> {
    let before: Option<i64> =
        sqlx::query_scalar("select minute from replaceable_points where series_id = ?1 and point_id = ?2")
            .bind(series.0)
            .bind(id.0)
            .fetch_optional(&mut *tx)
            .await?;
    let changed = sqlx::query(
        "insert into replaceable_points (series_id, point_id, minute, at) values (?1, ?2, ?3, ?4)
         on conflict (series_id, point_id) do update set minute = excluded.minute, at = excluded.at
         where excluded.at >= replaceable_points.at",
    )
    .bind(series.0)
    .bind(id.0)
    .bind(minute)
    .bind(at_ms)
    .execute(&mut *tx)
    .await?;
    Ok(before.filter(|before| *before != minute && changed.rows_affected() > 0))
}

impl Store {
    /// The names whose value is the one of this minute.
    pub(crate) async fn names_of(&self, minute: i64) -> Result<HashSet<(SeriesId, PointId)>> {
        let names: Vec<(u32, i64)> =
            sqlx::query_as("select series_id, point_id from replaceable_points where minute = ?1")
                .bind(minute)
                .fetch_all(self.db.read())
                .await?;
        Ok(names
            .into_iter()
            .map(|(series, id)| (SeriesId(series), PointId(id)))
            .collect())
    }
}
