//! The limit for writes: the same statements on SQLite itself, from one thread, with nothing around them.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rusqlite::{Connection, Statement, Transaction, TransactionBehavior};

/// A table layout and the statements that one row costs.
pub(crate) struct Yardstick<'a> {
    pub(crate) schema_sql: &'a str,
    pub(crate) statements: &'a [&'a str],
    pub(crate) rows_per_transaction: i64,
    /// Rows that must be there before the first.
    pub(crate) prepare: fn(&Connection) -> rusqlite::Result<()>,
}

impl Yardstick<'_> {
    /// Rows per second that `write_row` reaches; it gets the prepared statements and the row's number, signed
    /// because SQLite's integers are.
    ///
    /// The first `untimed_rows` fill the tables, so that a service with the same rows in it can be compared.
    pub(crate) fn measure(
        &self,
        folder: &Path,
        untimed_rows: i64,
        planned: Duration,
        mut write_row: impl FnMut(&mut [Statement<'_>], i64) -> rusqlite::Result<()>,
    ) -> Result<f64> {
        let connection = open(&folder.join("yardstick.db"))?;
        connection
            .execute_batch(self.schema_sql)
            .context("the schema of the yardstick")?;
        (self.prepare)(&connection).context("the first rows of the yardstick")?;
        let prepared: rusqlite::Result<Vec<_>> = self
            .statements
            .iter()
            .map(|sql| connection.prepare(sql))
            .collect();
        let mut statements = prepared.context("a statement of the yardstick")?;

        let mut row = 0;
        while row < untimed_rows {
            self.write_batch(&connection, &mut statements, &mut row, &mut write_row)?;
        }
        let first_timed = row;
        let started = Instant::now();
        while started.elapsed() < planned {
            self.write_batch(&connection, &mut statements, &mut row, &mut write_row)?;
        }
        Ok((row - first_timed) as f64 / started.elapsed().as_secs_f64())
    }

    fn write_batch(
        &self,
        connection: &Connection,
        statements: &mut [Statement<'_>],
        row: &mut i64,
        write_row: &mut impl FnMut(&mut [Statement<'_>], i64) -> rusqlite::Result<()>,
    ) -> Result<()> {
        let tx = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
        for _ in 0..self.rows_per_transaction {
            write_row(statements, *row).with_context(|| format!("row {row} of the yardstick"))?;
            *row += 1;
        }
        Ok(tx.commit()?)
    }
}

/// With the settings of the services' writer, or the comparison would not be one.
fn open(path: &Path) -> Result<Connection> {
    let connection = Connection::open(path)?;
    connection.execute_batch(
        "pragma journal_mode = wal;
         pragma synchronous = normal;
         pragma foreign_keys = on;
         pragma cache_size = -2048;
         pragma wal_autocheckpoint = 2000;",
    )?;
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_committed_in_whole_batches_and_only_the_timed_ones_count() {
        let folder = tempfile::tempdir().expect("a folder");
        let yardstick = Yardstick {
            schema_sql: "create table kinds (kind integer primary key, count integer not null) strict",
            statements: &[
                "insert into kinds values (?1, 1) on conflict (kind) do update set count = count + 1",
            ],
            rows_per_transaction: 10,
            prepare: |_| Ok(()),
        };

        let rate = yardstick
            .measure(folder.path(), 95, Duration::from_millis(20), |statements, row| {
                statements[0].execute([row % 7]).map(drop)
            })
            .expect("it runs");

        assert!(rate > 0.0);
        let written: i64 = open(&folder.path().join("yardstick.db"))
            .and_then(|db| Ok(db.query_row("select sum(count) from kinds", [], |row| row.get(0))?))
            .expect("a sum");
        assert!(written >= 110 && written % 10 == 0, "{written} rows");
    }

    #[test]
    fn a_row_that_fails_ends_the_measurement() {
        let folder = tempfile::tempdir().expect("a folder");
        let yardstick = Yardstick {
            schema_sql: "create table kinds (kind integer primary key) strict",
            statements: &["insert into kinds values (1)"],
            rows_per_transaction: 10,
            prepare: |_| Ok(()),
        };

        let outcome = yardstick.measure(folder.path(), 0, Duration::ZERO, |statements, _| {
            statements[0].execute([]).map(drop)
        });
        assert!(outcome.is_ok(), "nothing is written when there is no time");

        let outcome = yardstick.measure(folder.path(), 2, Duration::ZERO, |statements, _| {
            statements[0].execute([]).map(drop)
        });
        assert!(outcome.is_err());
    }
}
