//! Rows of points.

use std::collections::HashMap;

use sqlx::SqliteConnection;

use super::{Result, Store, Writer};

/// Rows of one minute.
const MINUTE_ROWS: i64 = 1 << 24;
/// What a reader holds at once, about. A row may have half a megabyte, and a statement that is left open would hold
/// fifty rows.
const READ_BYTES: usize = 256 << 10;
const MOST_ROWS_PER_READ: usize = 64;

/// The first row of a minute.
pub(super) fn first_of(minute: i64) -> i64 {
    minute * MINUTE_ROWS
}

pub(super) async fn insert(
    tx: &mut SqliteConnection,
    writer: &mut Writer,
    minute: i64,
    points: usize,
    data: &[u8],
) -> Result<()> {
    let id = match writer.next_raw.get(&minute) {
        Some(next) => *next,
        None => next_of(tx, minute).await?,
    };
    sqlx::query("insert into metrics_raw (id, points, data) values (?1, ?2, ?3)")
        .bind(id)
        .bind(points as i64)
        .bind(data)
        .execute(tx)
        .await?;
    // When the transaction fails, a number is left out.
    writer.next_raw.insert(minute, id + 1);
    Ok(())
}

async fn next_of(tx: &mut SqliteConnection, minute: i64) -> Result<i64> {
    let last: Option<i64> = sqlx::query_scalar("select max(id) from metrics_raw where id >= ?1 and id < ?2")
        .bind(first_of(minute))
        .bind(first_of(minute + 1))
        .fetch_one(tx)
        .await?;
    Ok(last.map_or(first_of(minute), |last| last + 1))
}

/// Forgets numbers of minutes that take no points any more.
pub(super) fn forget_numbers(next_raw: &mut HashMap<i64, i64>, first_minute: i64) {
    next_raw.retain(|minute, _| *minute >= first_minute);
}

impl Store {
    /// How many points a minute has, replaced ones among them.
    pub(crate) async fn raw_points(&self, minute: i64) -> Result<u64> {
        let points: i64 =
            sqlx::query_scalar("select coalesce(sum(points), 0) from metrics_raw where id >= ?1 and id < ?2")
                .bind(first_of(minute))
                .bind(first_of(minute + 1))
                .fetch_one(self.db.read())
                .await?;
        Ok(points.unsigned_abs())
    }

    /// Hands out the rows of a minute in the order in which they came.
    pub(crate) async fn for_each_raw(&self, minute: i64, mut hand_out: impl FnMut(&[u8])) -> Result<()> {
        let (mut next, mut rows_per_read) = (first_of(minute), 1);
        loop {
            let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(
                "select id, data from metrics_raw where id >= ?1 and id < ?2 order by id limit ?3",
            )
            .bind(next)
            .bind(first_of(minute + 1))
            .bind(rows_per_read as i64)
            .fetch_all(self.db.read())
            .await?;
            let Some((last, _)) = rows.last() else {
                return Ok(());
            };
            next = last + 1;
            let bytes: usize = rows.iter().map(|(_, data)| data.len()).sum();
            rows_per_read = (READ_BYTES * rows.len() / bytes.max(1)).clamp(1, MOST_ROWS_PER_READ);
            for (_, data) in &rows {
                hand_out(data);
                // A long minute must not hold up those who send the next one.
                tokio::task::yield_now().await;
            }
        }
    }
}
