//! Values that a later point of the same series and name replaces: which of them counts.

use sqlx::SqliteConnection;

use super::{Result, Store};
use crate::page::SeriesId;

/// The name that a client gave to a value, in short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PointId(pub(crate) i64);

/// A value that may be replaced.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct NamedValue {
    pub(crate) series: SeriesId,
    /// Milliseconds since the epoch.
    pub(crate) at_ms: i64,
    pub(crate) value: f64,
}

/// Lets a value stand for its name, unless there is a newer one. Answers with the minute that it is taken away from, when
/// that is another one; below `floor` minutes have no points any more, and what stands there stays.
pub(super) async fn put(
    tx: &mut SqliteConnection,
    id: PointId,
    named: NamedValue,
    minute: i64,
    floor: i64,
) -> Result<Option<i64>> {
    let before: Option<i64> =
        sqlx::query_scalar("select minute from replaceable_points where series_id = ?1 and point_id = ?2")
            .bind(named.series.0)
            .bind(id.0)
            .fetch_optional(&mut *tx)
            .await?;
    let changed = sqlx::query(
        "insert into replaceable_points (series_id, point_id, minute, at, value) values (?1, ?2, ?3, ?4, ?5)
         on conflict (series_id, point_id)
         do update set minute = excluded.minute, at = excluded.at, value = excluded.value
         where excluded.at >= replaceable_points.at",
    )
    .bind(named.series.0)
    .bind(id.0)
    .bind(minute)
    .bind(named.at_ms)
    .bind(named.value)
    .execute(&mut *tx)
    .await?;
    let is_taken_away = |before: &i64| *before != minute && *before >= floor && changed.rows_affected() > 0;
    Ok(before.filter(is_taken_away))
}

impl Store {
    /// The values that count in this minute, by series.
    pub(crate) async fn named_values(&self, minute: i64) -> Result<Vec<NamedValue>> {
        let values: Vec<(u32, i64, f64)> = sqlx::query_as(
            "select series_id, at, value from replaceable_points where minute = ?1
             order by series_id, point_id",
        )
        .bind(minute)
        .fetch_all(self.db.read())
        .await?;
        let named = |(series, at_ms, value)| NamedValue {
            series: SeriesId(series),
            at_ms,
            value,
        };
        Ok(values.into_iter().map(named).collect())
    }
}
