//! Statements that write or look up many rows at once.
//!
//! Each statement that sqlx runs crosses to the database's thread and back, which costs more
//! than the row itself. So rows go out in chunks of a few fixed sizes, whose texts are made once
//! and whose prepared forms sqlx keeps. What a chunk has too few rows for is left unbound, which
//! SQLite takes for null, and the statement passes over rows whose first column is null.

use std::sync::OnceLock;

use sqlx::sqlite::{Sqlite, SqliteArguments};
use sqlx::{SqliteConnection, query::Query};

/// A list of ids for `json_each`, which one text of a statement takes however many there are.
pub(crate) fn id_list(ids: &[i64]) -> String {
    let texts: Vec<String> = ids.iter().map(i64::to_string).collect();
    format!("[{}]", texts.join(","))
}

/// The ids of a list that the database made with `json_group_array`.
///
/// Rows cross from the database's thread one by one, and each may have to wake whoever waits for it: two thousand took
/// up to 25 ms that way. A list is one row.
pub(crate) fn ids_of(list: &str) -> sqlx::Result<Vec<i64>> {
    serde_json::from_str(list).map_err(|error| sqlx::Error::Decode(error.into()))
}

const CHUNKS: [usize; 5] = [1, 4, 16, 32, 64];

/// A statement around a list of rows: `head select * from (values (…), (…)) … tail`. The first column is never null.
///
/// A statement that changes rows says `or fail`: a statement that may have to be undone by itself keeps copies of
/// the pages it changes, and here the whole transaction is undone anyway.
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

    /// Cuts `rows` into chunks, each with the shortest text that holds it.
    pub(crate) fn chunks<'q, T>(
        &'static self,
        rows: &'q [T],
    ) -> impl Iterator<Item = (&'static str, &'q [T])> {
        let texts = self
            .texts
            .get_or_init(|| CHUNKS.map(|size| &*Box::leak(self.text(size).into_boxed_str())));
        rows.chunks(CHUNKS[CHUNKS.len() - 1]).map(|chunk| {
            let index = CHUNKS.partition_point(|size| *size < chunk.len());
            (texts[index], chunk)
        })
    }

    fn text(&self, rows: usize) -> String {
        let row = format!("({})", vec!["?"; self.columns].join(", "));
        format!(
            "{}select * from (values {}) where column1 is not null{}",
            self.head,
            vec![row; rows].join(", "),
            self.tail
        )
    }
}

/// Statements that go out together, as one text that crosses to the database's thread once.
///
/// SQLite prepares and runs them one after the other, and each takes its parameters where the one before has ended. So
/// what a chunk has too few rows for is bound as null here.
pub(crate) struct Script {
    statements: &'static [&'static ManyRows],
    /// Statements without parameters around the others.
    first: &'static str,
    last: &'static str,
    texts: OnceLock<[&'static str; CHUNKS.len()]>,
}

type BindRow<'q> = dyn Fn(Query<'q, Sqlite, SqliteArguments>, usize) -> Query<'q, Sqlite, SqliteArguments>
    + Send
    + Sync
    + 'q;

/// The rows of one statement of a script.
pub(crate) struct Rows<'q> {
    count: usize,
    bind: Box<BindRow<'q>>,
}

impl<'q> Rows<'q> {
    /// `bind` binds the columns of one row, in order.
    pub(crate) fn new<T: Sync>(
        rows: &'q [T],
        bind: impl Fn(Query<'q, Sqlite, SqliteArguments>, &'q T) -> Query<'q, Sqlite, SqliteArguments>
        + Send
        + Sync
        + 'q,
    ) -> Self {
        Self {
            count: rows.len(),
            bind: Box::new(move |query, place| match rows.get(place) {
                Some(row) => bind(query, row),
                None => query,
            }),
        }
    }
}

impl Rows<'_> {
    fn longest(rows: &[Self]) -> usize {
        rows.iter().map(|rows| rows.count).max().unwrap_or(0)
    }
}

impl Script {
    pub(crate) const fn new(statements: &'static [&'static ManyRows]) -> Self {
        Self {
            statements,
            first: "",
            last: "",
            texts: OnceLock::new(),
        }
    }

    /// The same after [`BEGIN`](shared::db::BEGIN). Only for rows of which one text holds all ([`Script::holds`]).
    pub(crate) const fn begins(mut self) -> Self {
        self.first = shared::db::BEGIN;
        self
    }

    /// The same before [`COMMIT`](shared::db::COMMIT). Only for rows of which one text holds all ([`Script::holds`]).
    pub(crate) const fn commits(mut self) -> Self {
        self.last = shared::db::COMMIT;
        self
    }

    /// Whether there is something to do, and one text does it.
    pub(crate) fn holds(rows: &[Rows<'_>]) -> bool {
        (1..=CHUNKS[CHUNKS.len() - 1]).contains(&Rows::longest(rows))
    }

    /// The texts with their parameters for all `rows`, which are given in the order of the statements.
    pub(crate) fn queries<'r, 'q>(
        &'static self,
        rows: &'r [Rows<'q>],
    ) -> impl Iterator<Item = Query<'q, Sqlite, SqliteArguments>> + use<'r, 'q> {
        let texts = self.texts.get_or_init(|| {
            CHUNKS.map(|size| {
                let many = self.statements.iter().map(|many| many.text(size));
                let texts: Vec<String> = std::iter::once(self.first.to_owned())
                    .chain(many)
                    .chain(std::iter::once(self.last.to_owned()))
                    .filter(|text| !text.is_empty())
                    .collect();
                &*Box::leak(texts.join(";\n").into_boxed_str())
            })
        });
        let longest = Rows::longest(rows);
        (0..longest).step_by(CHUNKS[CHUNKS.len() - 1]).map(move |from| {
            let index = CHUNKS
                .partition_point(|size| *size < longest - from)
                .min(CHUNKS.len() - 1);
            let places = from..from + CHUNKS[index];
            self.statements
                .iter()
                .zip(rows)
                .fold(sqlx::query(texts[index]), |query, (many, rows)| {
                    places.clone().fold(query, |query, place| {
                        if place < rows.count {
                            (rows.bind)(query, place)
                        } else {
                            (0..many.columns).fold(query, |query, _| query.bind(None::<i64>))
                        }
                    })
                })
        })
    }

    /// Runs all of it.
    pub(crate) async fn execute(
        &'static self,
        connection: &mut SqliteConnection,
        rows: &[Rows<'_>],
    ) -> sqlx::Result<()> {
        for query in self.queries(rows) {
            query.execute(&mut *connection).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use sqlx::Connection as _;

    use super::*;

    #[test]
    fn rows_go_out_in_few_chunks() {
        static INSERT: ManyRows = ManyRows::new("insert into t ", 2, " on conflict do nothing");
        let rows = vec![(); 67];

        let chunks: Vec<_> = INSERT
            .chunks(&rows)
            .map(|(text, chunk)| (text.matches("(?, ?)").count(), chunk.len()))
            .collect();

        assert_eq!(chunks, [(64, 64), (4, 3)]);
        assert_eq!(
            INSERT.chunks(&rows[..1]).next().map(|(text, _)| text),
            Some(
                "insert into t select * from (values (?, ?)) where column1 is not null on conflict do nothing"
            )
        );
        assert_eq!(INSERT.chunks(&rows[..0]).count(), 0);
    }

    #[tokio::test]
    async fn a_list_of_ids_is_read_back_by_the_database() {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        for ids in [&[][..], &[7], &[1, -2, i64::MAX]] {
            let list: String = sqlx::query_scalar(
                "select json_group_array(value) from (select value from json_each(?1) order by key)",
            )
            .bind(id_list(ids))
            .fetch_one(&mut connection)
            .await
            .unwrap();
            assert_eq!(ids_of(&list).unwrap(), ids);
        }
    }

    #[tokio::test]
    async fn a_chunk_that_is_not_full_writes_only_its_rows() {
        static INSERT: ManyRows = ManyRows::new("insert or fail into t (a, b) ", 2, "");
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        sqlx::query("create table t (a integer, b text)")
            .execute(&mut connection)
            .await
            .unwrap();

        for count in [64, 3] {
            let rows: Vec<i64> = (0..count).collect();
            INSERT
                .execute(&mut connection, &rows, |query, row| query.bind(row).bind("x"))
                .await
                .unwrap();
        }

        let (rows, sum): (i64, i64) = sqlx::query_as("select count(*), sum(a) from t where b = 'x'")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert_eq!((rows, sum), (67, 63 * 64 / 2 + 3));
    }

    #[tokio::test]
    async fn statements_of_a_script_write_each_its_own_rows() {
        static LETTERS: ManyRows = ManyRows::new("insert or fail into letters (id, letter) ", 2, "");
        static DIGITS: ManyRows = ManyRows::new("insert or fail into digits (id) ", 1, "");
        static BOTH: Script = Script::new(&[&LETTERS, &DIGITS]);
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        sqlx::raw_sql("create table letters (id integer, letter text); create table digits (id integer)")
            .execute(&mut connection)
            .await
            .unwrap();
        for (letters, digits) in [(3, 1), (0, 5), (70, 0), (1, 1), (0, 0), (2, 130)] {
            let letters: Vec<i64> = (0..letters).collect();
            let digits: Vec<i64> = (0..digits).collect();
            let rows = [
                Rows::new(&letters, |query, id| query.bind(id).bind("x")),
                Rows::new(&digits, |query, id| query.bind(id)),
            ];

            BOTH.execute(&mut connection, &rows).await.unwrap();
        }

        let written: (i64, i64, i64, i64) = sqlx::query_as(
            "select count(*), sum(id), (select count(*) from digits), (select sum(id) from digits)
             from letters where letter = 'x'",
        )
        .fetch_one(&mut connection)
        .await
        .unwrap();
        assert_eq!(written, (76, 3 + 69 * 35 + 1, 137, 10 + 129 * 65));
    }

    #[tokio::test]
    async fn a_script_can_be_a_transaction_of_its_own() {
        static INSERT: ManyRows = ManyRows::new("insert or fail into digits (id) ", 1, "");
        static ALONE: Script = Script::new(&[&INSERT]).begins().commits();
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        sqlx::raw_sql("create table digits (id integer unique)")
            .execute(&mut connection)
            .await
            .unwrap();
        let (none, few, many) = (vec![], vec![1, 2, 3], vec![0; 65]);
        let of = |digits: &'static [i64]| [Rows::new(digits, |query, id| query.bind(id))];
        assert!(!Script::holds(&of(none.leak())), "nothing would begin or commit");
        assert!(!Script::holds(&of(many.leak())), "it would begin twice");
        let few = of(few.leak());
        assert!(Script::holds(&few));

        ALONE.execute(&mut connection, &few).await.unwrap();
        let again = ALONE.execute(&mut connection, &few).await;

        assert!(again.is_err());
        sqlx::query("rollback")
            .execute(&mut connection)
            .await
            .expect("the failed one is still open");
        let written: i64 = sqlx::query_scalar("select count(*) from digits")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert_eq!(written, 3);
    }
}
