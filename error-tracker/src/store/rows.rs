//! Statements that write many rows at once.
//!
//! Each statement that sqlx runs crosses to the database's thread and back, which costs more
//! than the row itself. So rows go out in chunks of a few fixed sizes, whose texts are made once
//! and whose prepared forms sqlx keeps.

use std::sync::OnceLock;

use sqlx::sqlite::{Sqlite, SqliteArguments};
use sqlx::{SqliteConnection, query::Query};

const CHUNKS: [usize; 4] = [64, 16, 4, 1];

/// A statement around a list of rows: `head values (…), (…) tail`.
pub(crate) struct ManyRows {
    head: &'static str,
    columns: usize,
    tail: &'static str,
    texts: OnceLock<[&'static str; CHUNKS.len()]>,
}

impl ManyRows {
    pub(crate) const fn new(head: &'static str, columns: usize, tail: &'static str) -> Self {
        Self {
            head,
            columns,
            tail,
            texts: OnceLock::new(),
        }
    }

    /// Runs the statement for all `rows`; `bind` binds the columns of one row, in order.
    pub(crate) async fn execute<'q, T>(
        &'static self,
        connection: &mut SqliteConnection,
        rows: &'q [T],
        bind: impl Fn(Query<'q, Sqlite, SqliteArguments>, &'q T) -> Query<'q, Sqlite, SqliteArguments>,
    ) -> sqlx::Result<()> {
        for (text, chunk) in self.chunks(rows) {
            let query = chunk.iter().fold(sqlx::query(text), &bind);
            query.execute(&mut *connection).await?;
        }
        Ok(())
    }

    /// Cuts `rows` into the largest chunks that there are texts for.
    pub(crate) fn chunks<'q, T>(
        &'static self,
        mut rows: &'q [T],
    ) -> impl Iterator<Item = (&'static str, &'q [T])> {
        let texts = self
            .texts
            .get_or_init(|| CHUNKS.map(|size| &*Box::leak(self.text(size).into_boxed_str())));
        std::iter::from_fn(move || {
            let index = CHUNKS.iter().position(|size| *size <= rows.len())?;
            let (chunk, rest) = rows.split_at(CHUNKS[index]);
            rows = rest;
            Some((texts[index], chunk))
        })
    }

    fn text(&self, rows: usize) -> String {
        let row = format!("({})", vec!["?"; self.columns].join(", "));
        format!("{}values {}{}", self.head, vec![row; rows].join(", "), self.tail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_go_out_in_few_chunks() {
        static INSERT: ManyRows = ManyRows::new("insert into t ", 2, " on conflict do nothing");
        let rows = vec![(); 85];

        let chunks: Vec<_> = INSERT
            .chunks(&rows)
            .map(|(text, chunk)| (text, chunk.len()))
            .collect();

        assert_eq!(
            chunks.iter().map(|(_, size)| *size).collect::<Vec<_>>(),
            [64, 16, 4, 1]
        );
        assert_eq!(chunks[3].0, "insert into t values (?, ?) on conflict do nothing");
    }
}
