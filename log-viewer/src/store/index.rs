//! The full-text index, in parts that come and go as a whole.
//!
//! Deleting single documents from FTS5 costs more than writing them and frees nothing until much later, so a part
//! is dropped when all its blocks are gone. It holds tokens only, no text and no positions: it says which blocks may have
//! a match, and their text decides.

use std::collections::HashMap;

use sqlx::{AssertSqlSafe, SqliteConnection};

use super::directory::{BlockId, PartId};
use super::{Store, tallies};
use crate::query::Need;

/// Pages of a dropped part that are freed in one step: 4 MB.
const PAGES_IN_STEP: i64 = 1_000;

/// Makes the next part.
pub(super) async fn begin_part(tx: &mut SqliteConnection) -> sqlx::Result<PartId> {
    let id: i64 = sqlx::query_scalar("insert into parts default values returning id")
        .fetch_one(&mut *tx)
        .await?;
    let part = PartId(id);
    // The tokens come ready; what is no ASCII letter or digit separates, and everything else is part of a token.
    sqlx::query(AssertSqlSafe(format!(
        "create virtual table {table} using fts5 (tokens, content = '', columnsize = 0, detail = none, tokenize = 'ascii')",
        table = table(part),
    )))
    .execute(&mut *tx)
    .await?;
    Ok(part)
}

pub(super) async fn add_document(
    tx: &mut SqliteConnection,
    part: PartId,
    block: BlockId,
    tokens: &str,
) -> sqlx::Result<()> {
    sqlx::query(AssertSqlSafe(format!(
        "insert into {} (rowid, tokens) values (?1, ?2)",
        table(part)
    )))
    .bind(block.0)
    .bind(tokens)
    .execute(tx)
    .await
    .map(drop)
}

/// The name is made of a number of our own.
fn table(part: PartId) -> String {
    format!("log_entries_fts_{}", part.0)
}

impl Store {
    /// Which blocks may have a match, in the order of their numbers. Of each part those from the first to the last one are
    /// asked about.
    ///
    /// In one transaction, because parts come and go: a reader that opens a table while another one is made or dropped is
    /// refused, and what was retired since the directory was looked at has no blocks any more.
    pub(crate) async fn candidates(
        &self,
        expression: &str,
        ranges: &HashMap<PartId, (BlockId, BlockId)>,
    ) -> sqlx::Result<Vec<BlockId>> {
        let mut tx = self.db.read().begin().await?;
        let live: Vec<i64> = sqlx::query_scalar("select id from parts where retired = 0")
            .fetch_all(&mut *tx)
            .await?;
        let mut matching = Vec::new();
        for part in live.into_iter().map(PartId) {
            let Some((first, last)) = ranges.get(&part) else {
                continue;
            };
            let list: String = sqlx::query_scalar(AssertSqlSafe(format!(
                "select coalesce(group_concat(rowid), '') from {table} where {table} match ?1 and rowid between ?2 and ?3",
                table = table(part)
            )))
            .bind(expression)
            .bind(first.0)
            .bind(last.0)
            .fetch_one(&mut *tx)
            .await?;
            matching.extend(
                list.split(',')
                    .filter_map(|number| number.parse().ok().map(BlockId)),
            );
        }
        matching.sort_unstable();
        Ok(matching)
    }

    /// Frees a group, and then some pages, of a part whose blocks are all gone; answers whether something is left to do.
    pub(crate) async fn free_retired_part(&self) -> sqlx::Result<bool> {
        let retired: Option<i64> = sqlx::query_scalar("select id from parts where retired = 1 limit 1")
            .fetch_optional(self.db.read())
            .await?;
        let Some(id) = retired else {
            return Ok(false);
        };
        let table = table(PartId(id));
        let mut tx = self.write().await?;
        if tallies::free_group(&mut tx, PartId(id)).await? {
            tx.commit().await?;
            return Ok(true);
        }
        // Dropping a large table at once would hold the writer for a tenth of a second and more.
        let freed = sqlx::query(AssertSqlSafe(format!(
            "delete from {table}_data where id in (select id from {table}_data limit ?1)"
        )))
        .bind(PAGES_IN_STEP)
        .execute(&mut *tx)
        .await?
        .rows_affected();
        if freed < PAGES_IN_STEP as u64 {
            sqlx::query(AssertSqlSafe(format!("drop table {table}")))
                .execute(&mut *tx)
                .await?;
            sqlx::query("delete from parts where id = ?1")
                .bind(id)
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(true)
    }
}

/// The query in FTS5's language; `None` when every block may have a match.
///
/// Tokens are letters and digits only, and quoted, so nothing in them has a meaning there.
pub(crate) fn expression(need: &Need) -> Option<String> {
    match need {
        Need::Any => None,
        Need::Token(token) => Some(format!("\"{token}\"")),
        Need::Prefix(prefix) => Some(format!("\"{prefix}\"*")),
        Need::All(needs) => {
            let parts: Vec<String> = needs.iter().filter_map(expression).collect();
            (!parts.is_empty()).then(|| format!("({})", parts.join(" AND ")))
        }
        Need::One(needs) => {
            let parts: Option<Vec<String>> = needs.iter().map(expression).collect();
            parts
                .filter(|parts| !parts.is_empty())
                .map(|parts| format!("({})", parts.join(" OR ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_any_block_may_hold_narrows_nothing_down() {
        let token = |text: &str| Need::Token(text.to_owned());
        for (need, expected) in [
            (Need::Any, None),
            (token("error"), Some("\"error\"")),
            (Need::Prefix("err".into()), Some("\"err\"*")),
            (
                Need::All(vec![token("a"), Need::Any, token("b")]),
                Some("(\"a\" AND \"b\")"),
            ),
            (Need::One(vec![token("a"), Need::Any]), None),
            (
                Need::All(vec![Need::One(vec![token("a"), token("b")]), token("c")]),
                Some("((\"a\" OR \"b\") AND \"c\")"),
            ),
            (Need::All(Vec::new()), None),
        ] {
            assert_eq!(expression(&need).as_deref(), expected, "{need:?}");
        }
    }
}
