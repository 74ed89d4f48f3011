//! Forgets what is old, in small steps that let reports through in between.

use std::time::Duration;

use shared::clock::{DAY_MS, HOUR_MS, Timestamp};

use super::Store;
use super::actions::delete_groups;
use super::rows::id_list;
use crate::trend::Hours;

/// Groups, or events, in one step.
const GROUP_STEP: i64 = 20;
const ROW_STEP: i64 = 1_000;
/// Rest between two steps.
const REST: Duration = Duration::from_millis(5);
/// A repeat of an event is recognised for so long, and among so many of the newest.
const EVENT_AGE_MS: i64 = 7 * DAY_MS;
const EVENTS_KEPT: i64 = 1_000_000;
/// Groups that are open, or resolved a moment ago, are kept this many times as long.
const UNRESOLVED_FACTOR: i64 = 4;

impl Store {
    /// Forgets all that is older than `retention` allows at `now`. `events_kept` event ids stay.
    pub(crate) async fn forget_old(&self, retention: Duration, now: Timestamp) -> sqlx::Result<u64> {
        self.forget(retention, EVENTS_KEPT, now).await
    }

    async fn forget(&self, retention: Duration, events_kept: i64, now: Timestamp) -> sqlx::Result<u64> {
        let retention_ms = i64::try_from(retention.as_millis()).unwrap_or(i64::MAX);
        let resolved_before = now.millis().saturating_sub(retention_ms);
        let seen_before = now
            .millis()
            .saturating_sub(retention_ms.saturating_mul(UNRESOLVED_FACTOR));
        let mut forgotten = 0;
        loop {
            let ids: Vec<i64> = sqlx::query_scalar(
                "select id from errors where resolved_at < ?1
                 union all select id from (select id from errors where state in (0, 2) and last_seen < ?2 limit ?3)
                 limit ?3",
            )
            .bind(resolved_before)
            .bind(seen_before)
            .bind(GROUP_STEP)
            .fetch_all(self.db.read())
            .await?;
            if ids.is_empty() {
                break;
            }
            let mut tx = self.db.write().await?;
            forgotten += delete_groups(&mut tx, &ids, &self.buffer).await?;
            tx.commit().await?;
            tokio::time::sleep(REST).await;
        }
        self.forget_hours(Timestamp::from_millis(resolved_before)).await?;
        self.forget_events(events_kept, now).await?;
        self.forget_facets().await?;
        Ok(forgotten)
    }

    async fn forget_hours(&self, before: Timestamp) -> sqlx::Result<()> {
        loop {
            let mut tx = self.db.write().await?;
            let deleted = sqlx::query(
                "delete from error_hours where (error_id, hour) in (
                   select error_id, hour from error_hours where hour < ?1 limit ?2)",
            )
            .bind(before.hour())
            .bind(ROW_STEP)
            .execute(&mut *tx)
            .await?;
            tx.commit().await?;
            if deleted.rows_affected() < ROW_STEP as u64 {
                return Ok(());
            }
            tokio::time::sleep(REST).await;
        }
    }

    async fn forget_events(&self, kept: i64, now: Timestamp) -> sqlx::Result<()> {
        let newest_forgotten: Option<i64> =
            sqlx::query_scalar("select at from seen_events order by at desc limit 1 offset ?1")
                .bind(kept)
                .fetch_optional(self.db.read())
                .await?;
        let too_old = now.millis() - EVENT_AGE_MS - 1;
        let last = newest_forgotten.map_or(too_old, |at| at.max(too_old));
        self.buffer.forget_events(Timestamp::from_millis(last));
        loop {
            let mut tx = self.db.write().await?;
            let deleted = sqlx::query(
                "delete from seen_events where key in (select key from seen_events where at <= ?1 order by at limit ?2)",
            )
            .bind(last)
            .bind(ROW_STEP)
            .execute(&mut *tx)
            .await?;
            tx.commit().await?;
            if deleted.rows_affected() < ROW_STEP as u64 {
                return Ok(());
            }
            tokio::time::sleep(REST).await;
        }
    }

    async fn forget_facets(&self) -> sqlx::Result<()> {
        // A reader looks them up: to go through them all in a write transaction would hold up the reports.
        let ids: Vec<i64> = sqlx::query_scalar(
            "select id from facets f where not exists (select 1 from error_facets ef where ef.facet_id = f.id) limit ?1",
        )
        .bind(ROW_STEP)
        .fetch_all(self.db.read())
        .await?;
        if ids.is_empty() {
            return Ok(());
        }
        let json = id_list(&ids);
        let mut tx = self.db.write().await?;
        sqlx::query(
            "delete from facets where id in (select value from json_each(?1))
               and not exists (select 1 from error_facets ef where ef.facet_id = facets.id)",
        )
        .bind(json)
        .execute(&mut *tx)
        .await?;
        tx.commit().await
    }

    /// Brings the trends of groups up to the running hour that no report has touched lately. `last` is when that
    /// was done before; `None` looks at all groups, because it may have been long ago.
    pub(crate) async fn refresh_trends(&self, last: Option<Timestamp>, now: Timestamp) -> sqlx::Result<()> {
        // A trend falls back to zero 48 hours after the last report; one hour more for the running one.
        let since = last.map_or(0, |last| last.millis() - 50 * HOUR_MS);
        for state in 0..4_i64 {
            let mut after = (since, 0_i64);
            loop {
                let rows: Vec<(i64, i64, i64, Vec<u8>)> = sqlx::query_as(
                    "select id, last_seen, trend, hours from errors
                     where state = ?1 and (last_seen, id) > (?2, ?3) order by last_seen, id limit ?4",
                )
                .bind(state)
                .bind(after.0)
                .bind(after.1)
                .bind(ROW_STEP / 4)
                .fetch_all(self.db.read())
                .await?;
                let Some(last) = rows.last() else { break };
                after = (last.1, last.0);
                self.write_trends(&rows, now).await?;
                tokio::time::sleep(REST).await;
            }
        }
        Ok(())
    }

    async fn write_trends(&self, rows: &[(i64, i64, i64, Vec<u8>)], now: Timestamp) -> sqlx::Result<()> {
        let changed: Vec<[i64; 3]> = rows
            .iter()
            .map(|(id, last_seen, trend, hours)| (id, last_seen, trend, Hours::unpack(hours).trend(now)))
            .filter(|(_, _, old, new)| *old != new)
            .map(|(id, last_seen, _, new)| [*id, *last_seen, new])
            .collect();
        if changed.is_empty() {
            return Ok(());
        }
        let json = serde_json::to_string(&changed).map_err(|error| sqlx::Error::Encode(error.into()))?;
        let mut tx = self.db.write().await?;
        // A group that was seen in the meantime has a fresh trend already.
        sqlx::query(
            "update errors set trend = v.value ->> 2 from json_each(?1) v
             where errors.id = v.value ->> 0 and errors.last_seen = v.value ->> 1",
        )
        .bind(json)
        .execute(&mut *tx)
        .await?;
        tx.commit().await
    }
}

#[cfg(test)]
mod tests;
