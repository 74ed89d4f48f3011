//! Groups of blocks and the tallies of their frequent tokens.

use sqlx::SqliteConnection;

use super::Store;
use super::directory::{BlockId, Change, Group, GroupId, PartId};
use crate::tally::{FullGroup, Tally};

impl Store {
    /// Reads what groups there are.
    pub(super) async fn load_groups(&self) -> sqlx::Result<()> {
        let rows: Vec<(i64, i64, i64, u32)> =
            sqlx::query_as("select id, first_block, last_block, blocks from block_groups order by id")
                .fetch_all(self.db.read())
                .await?;
        let group = |(id, first, last, blocks)| Group {
            id: GroupId(id),
            first: BlockId(first),
            last: BlockId(last),
            blocks,
        };
        self.directory.apply(Change {
            grouped: rows.into_iter().map(group).collect(),
            ..Change::default()
        });
        Ok(())
    }

    /// What these groups know of a token. Those that know nothing are left out.
    pub(crate) async fn tallies(
        &self,
        groups: &[GroupId],
        token: &str,
    ) -> sqlx::Result<Vec<(GroupId, Tally)>> {
        let numbers: Vec<String> = groups.iter().map(|group| group.0.to_string()).collect();
        let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(
            "select group_id, tally from tallies
             where token = ?1 and group_id in (select value from json_each(?2))",
        )
        .bind(token)
        .bind(format!("[{}]", numbers.join(",")))
        .fetch_all(self.db.read())
        .await?;
        Ok(rows
            .into_iter()
            .filter_map(|(group, tally)| Some((GroupId(group), Tally::unpack(&tally)?)))
            .collect())
    }
}

/// Writes a group that is complete.
pub(super) async fn write(tx: &mut SqliteConnection, group: &FullGroup) -> sqlx::Result<Group> {
    let id: i64 = sqlx::query_scalar(
        "insert into block_groups (part, first_block, last_block, blocks) values (?1, ?2, ?3, ?4) returning id",
    )
    .bind(group.part.0)
    .bind(group.first.0)
    .bind(group.last.0)
    .bind(group.blocks as i64)
    .fetch_one(&mut *tx)
    .await?;
    // All at once: some hundred statements would take several milliseconds.
    sqlx::query(
        "insert into tallies (group_id, token, tally)
         select ?1, value ->> 0, unhex(value ->> 1) from json_each(?2)",
    )
    .bind(id)
    .bind(as_json(&group.rows))
    .execute(&mut *tx)
    .await?;
    Ok(Group {
        id: GroupId(id),
        first: group.first,
        last: group.last,
        blocks: group.blocks as u32,
    })
}

/// Pairs of a token and its tally in hexadecimal digits. Tokens are letters, digits and blanks, which JSON takes as they are.
fn as_json(rows: &[(String, Vec<u8>)]) -> String {
    use std::fmt::Write as _;

    let mut json = String::from("[");
    for (token, tally) in rows {
        if json.len() > 1 {
            json.push(',');
        }
        json.push_str("[\"");
        json.push_str(token);
        json.push_str("\",\"");
        for byte in tally {
            // A string takes any text.
            let _ = write!(json, "{byte:02x}");
        }
        json.push_str("\"]");
    }
    json.push(']');
    json
}

/// Frees one group of a part whose blocks are gone; answers whether there was one.
pub(super) async fn free_group(tx: &mut SqliteConnection, part: PartId) -> sqlx::Result<bool> {
    let group: Option<i64> = sqlx::query_scalar("select id from block_groups where part = ?1 limit 1")
        .bind(part.0)
        .fetch_optional(&mut *tx)
        .await?;
    let Some(group) = group else {
        return Ok(false);
    };
    sqlx::query("delete from tallies where group_id = ?1")
        .bind(group)
        .execute(&mut *tx)
        .await?;
    sqlx::query("delete from block_groups where id = ?1")
        .bind(group)
        .execute(&mut *tx)
        .await?;
    Ok(true)
}
