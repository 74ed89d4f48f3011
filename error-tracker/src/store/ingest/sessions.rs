//! A group remembers its newest sessions.

use std::collections::{HashMap, HashSet};

use sqlx::SqliteConnection;

use super::write_buffer::{Digest, Met, SessionRow};
use crate::store::rows::{ManyRows, Rows, Script};

/// After so many reports of a group it is looked whether it has more sessions than are kept: counting them for each
/// report would cost more than the report.
pub(super) const CHECKED: i64 = 200;
/// Sessions that are remembered of each group.
const KEPT: usize = 1_000;

/// Leaves a group its newest sessions, of those in the tables and those that wait; answers which were forgotten.
pub(super) async fn forget(
    tx: &mut SqliteConnection,
    group: i64,
    waiting: &HashMap<Digest, Met>,
) -> sqlx::Result<Vec<SessionRow>> {
    let mut newest: Vec<(i64, &Digest)> = waiting.iter().map(|(key, met)| (met.at.millis(), key)).collect();
    newest.sort_unstable_by(|a, b| b.cmp(a));
    let stored: i64 = sqlx::query_scalar(
        "select count(*) from (select 1 from error_sessions where error_id = ?1 limit ?2)",
    )
    .bind(group)
    .bind(KEPT as i64 + 1)
    .fetch_one(&mut *tx)
    .await?;
    if newest.len() + stored as usize <= KEPT {
        return Ok(Vec::new());
    }
    // Older ones than these are not among the newest, wherever they are.
    let oldest = newest.get(KEPT - 1).map_or(i64::MIN, |(at, _)| *at);
    let stored: Vec<(i64, Vec<u8>)> = sqlx::query_as(
        "select at, session from error_sessions where error_id = ?1 and at >= ?2 order by at desc, session desc limit ?3",
    )
    .bind(group)
    .bind(oldest)
    .bind(KEPT as i64)
    .fetch_all(&mut *tx)
    .await?;
    let (mut kept, mut stored_kept, mut waiting_looked_at) = (HashSet::new(), 0, 0);
    while kept.len() < KEPT {
        let next_stored = stored.get(stored_kept).map(|(at, key)| (*at, key.as_slice()));
        let next_waiting = newest
            .get(waiting_looked_at)
            .map(|(at, key)| (*at, key.as_slice()));
        let Some((_, key)) = next_stored.max(next_waiting) else {
            break;
        };
        kept.insert(key);
        if next_stored >= next_waiting {
            stored_kept += 1;
        } else {
            waiting_looked_at += 1;
        }
    }
    let older: Vec<Vec<u8>> = sqlx::query_scalar(
        "select session from error_sessions where error_id = ?1 order by at desc, session desc limit -1 offset ?2",
    )
    .bind(group)
    .bind(stored_kept as i64)
    .fetch_all(&mut *tx)
    .await?;
    let mut forgotten: HashMap<Digest, bool> = waiting
        .iter()
        .map(|(key, met)| (*key, met.is_by_session))
        .collect();
    let older = older.into_iter().filter_map(|key| Digest::try_from(key).ok());
    forgotten.extend(older.map(|key| (key, true)));
    forgotten.retain(|key, _| !kept.contains(key.as_slice()));
    let in_tables = forgotten.iter().filter(|(_, is_in_tables)| **is_in_tables);
    let in_tables: Vec<SessionRow> = in_tables.map(|(key, _)| (*key, group)).collect();
    delete(tx, &in_tables).await?;
    Ok(forgotten.into_keys().map(|key| (key, group)).collect())
}

/// Deletes sessions of groups from both tables.
pub(crate) async fn delete(tx: &mut SqliteConnection, rows: &[SessionRow]) -> sqlx::Result<()> {
    static BY_SESSION: ManyRows = ManyRows::new(
        "with v as (",
        2,
        ") delete from session_errors where (session, error_id) in (select column1, column2 from v)",
    );
    static BY_GROUP: ManyRows = ManyRows::new(
        "with v as (",
        2,
        ") delete from error_sessions where (session, error_id) in (select column1, column2 from v)",
    );
    static BOTH: Script = Script::new(&[&BY_SESSION, &BY_GROUP]);

    let list = || {
        Rows::new(rows, |query, (session, group): &SessionRow| {
            query.bind(&session[..]).bind(group)
        })
    };
    BOTH.execute(tx, &[list(), list()]).await
}

#[cfg(test)]
mod tests;
