//! A group remembers its newest sessions.

use std::collections::{HashMap, HashSet};

use shared::clock::Timestamp;
use sqlx::SqliteConnection;

/// After so many reports of a group it is looked whether it has more sessions than are kept: counting them for each
/// report would cost more than the report.
pub(super) const CHECKED: i64 = 200;
/// Sessions that are remembered of each group.
const KEPT: usize = 1_000;

/// Leaves a group its newest sessions, of those in the table and those that wait; answers which do not have to wait any more.
pub(super) async fn forget(
    tx: &mut SqliteConnection,
    error_id: i64,
    waiting: &HashMap<[u8; 16], Timestamp>,
) -> sqlx::Result<Vec<[u8; 16]>> {
    let mut newest: Vec<(i64, &[u8; 16])> = waiting.iter().map(|(key, at)| (at.millis(), key)).collect();
    newest.sort_unstable_by(|a, b| b.cmp(a));
    let stored: i64 = sqlx::query_scalar(
        "select count(*) from (select 1 from error_sessions where error_id = ?1 limit ?2)",
    )
    .bind(error_id)
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
    .bind(error_id)
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
    sqlx::query(
        "delete from error_sessions where error_id = ?1 and session in (
           select session from error_sessions where error_id = ?1 order by at desc, session desc limit -1 offset ?2)",
    )
    .bind(error_id)
    .bind(stored_kept as i64)
    .execute(tx)
    .await?;
    let spare = newest.iter().filter(|(_, key)| !kept.contains(key.as_slice()));
    Ok(spare.map(|(_, key)| **key).collect())
}
