//! Rows of points.

use std::collections::HashMap;
use std::ops::Range;

use sqlx::SqliteConnection;

use super::{Result, Store, Writer};

/// Rows of one minute.
const MINUTE_ROWS: i64 = 1 << 24;
/// What a reader holds at once, about. A row may have half a megabyte, and a statement that is left open would hold
/// fifty rows.
const READ_BYTES: usize = 256 << 10;
const MOST_ROWS_PER_READ: usize = 64;
/// Rows whose points are counted at once.
const COUNTS_PER_READ: i64 = 1_024;

/// The rows that a minute may have.
pub(crate) fn rows_of(minute: i64) -> Range<i64> {
    minute * MINUTE_ROWS..(minute + 1) * MINUTE_ROWS
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
    let rows = rows_of(minute);
    let last: Option<i64> = sqlx::query_scalar("select max(id) from metrics_raw where id >= ?1 and id < ?2")
        .bind(rows.start)
        .bind(rows.end)
        .fetch_one(tx)
        .await?;
    Ok(last.map_or(rows.start, |last| last + 1))
}

/// Forgets numbers of minutes that take no points any more.
pub(super) fn forget_numbers(next_raw: &mut HashMap<i64, i64>, first_minute: i64) {
    next_raw.retain(|minute, _| *minute >= first_minute);
}

impl Store {
    /// How many points these rows have.
    pub(crate) async fn raw_points(&self, rows: Range<i64>) -> Result<u64> {
        let points: i64 =
            sqlx::query_scalar("select coalesce(sum(points), 0) from metrics_raw where id >= ?1 and id < ?2")
                .bind(rows.start)
                .bind(rows.end)
                .fetch_one(self.db.read())
                .await?;
        Ok(points.unsigned_abs())
    }

    /// The first of these rows that together have so many points, or all of them, and how many they have.
    pub(crate) async fn rows_with(&self, rows: Range<i64>, points: u64) -> Result<(Range<i64>, u64)> {
        let (mut next, mut so_far) = (rows.start, 0);
        loop {
            let read: Vec<(i64, i64)> = sqlx::query_as(
                "select id, points from metrics_raw where id >= ?1 and id < ?2 order by id limit ?3",
            )
            .bind(next)
            .bind(rows.end)
            .bind(COUNTS_PER_READ)
            .fetch_all(self.db.read())
            .await?;
            for (id, count) in &read {
                next = id + 1;
                so_far += count.unsigned_abs();
                if so_far >= points {
                    return Ok((rows.start..next, so_far));
                }
            }
            if (read.len() as i64) < COUNTS_PER_READ {
                return Ok((rows.start..next, so_far));
            }
        }
    }

    /// The first of these rows, so many that they have about as many bytes, and the one behind them.
    pub(crate) async fn raw_rows(
        &self,
        mut rows: Range<i64>,
        most_bytes: usize,
    ) -> Result<(Vec<Vec<u8>>, i64)> {
        let (mut all, mut bytes, mut rows_per_read) = (Vec::new(), 0, 1);
        while bytes < most_bytes {
            let read = self.next_raw(&mut rows, &mut rows_per_read).await?;
            if read.is_empty() {
                return Ok((all, rows.end));
            }
            bytes += read.iter().map(Vec::len).sum::<usize>();
            all.extend(read);
        }
        Ok((all, rows.start))
    }

    /// Takes the first of these rows, as many as are held at once; none at their end.
    async fn next_raw(&self, rows: &mut Range<i64>, rows_per_read: &mut usize) -> Result<Vec<Vec<u8>>> {
        let read: Vec<(i64, Vec<u8>)> = sqlx::query_as(
            "select id, data from metrics_raw where id >= ?1 and id < ?2 order by id limit ?3",
        )
        .bind(rows.start)
        .bind(rows.end)
        .bind(*rows_per_read as i64)
        .fetch_all(self.db.read())
        .await?;
        if let Some((last, _)) = read.last() {
            rows.start = last + 1;
            let bytes: usize = read.iter().map(|(_, data)| data.len()).sum();
            *rows_per_read = (READ_BYTES * read.len() / bytes.max(1)).clamp(1, MOST_ROWS_PER_READ);
        }
        Ok(read.into_iter().map(|(_, data)| data).collect())
    }

    /// Hands out these rows in the order in which they came.
    pub(crate) async fn for_each_raw(
        &self,
        mut rows: Range<i64>,
        mut hand_out: impl FnMut(&[u8]),
    ) -> Result<()> {
        let mut rows_per_read = 1;
        loop {
            let read = self.next_raw(&mut rows, &mut rows_per_read).await?;
            if read.is_empty() {
                return Ok(());
            }
            for data in &read {
                hand_out(data);
                // A long minute must not hold up those who send the next one.
                tokio::task::yield_now().await;
            }
        }
    }
}
