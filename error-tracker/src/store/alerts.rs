//! The queue of alerts: one row for each channel that still has to be told.

use shared::clock::{HOUR_MS, Timestamp};
use sqlx::{FromRow, SqliteConnection};

use super::Store;
use super::rows::ManyRows;
use crate::alert::Alert;

/// Alerts that one digest can take.
const DIGEST_ROWS: i64 = 1_000;
/// Alerts of one channel that wait at most; of a storm of new kinds the newest beyond it are dropped.
const QUEUE_ROWS: i64 = 10_000;

/// A waiting alert.
#[derive(Debug, FromRow)]
pub(crate) struct Waiting {
    pub(crate) id: i64,
    pub(crate) token: String,
    pub(crate) payload: String,
    pub(crate) created_at: Timestamp,
    pub(crate) attempts: u32,
    pub(crate) next_at: Timestamp,
}

/// Queues alerts for every channel, in the transaction that counts their reports.
pub(super) async fn enqueue(
    tx: &mut SqliteConnection,
    channels: &[&'static str],
    alerts: &[Alert],
    now: Timestamp,
) -> sqlx::Result<()> {
    static INSERT: ManyRows = ManyRows::new(
        "insert into alerts (error_id, channel, token, payload, created_at, next_at) ",
        6,
        "",
    );
    if alerts.is_empty() {
        return Ok(());
    }
    for channel in channels {
        let waiting: i64 =
            sqlx::query_scalar("select count(*) from (select 1 from alerts where channel = ?1 limit ?2)")
                .bind(channel)
                .bind(QUEUE_ROWS)
                .fetch_one(&mut *tx)
                .await?;
        let room = usize::try_from(QUEUE_ROWS - waiting).unwrap_or(0);
        if room < alerts.len() {
            tracing::warn!(channel, dropped = alerts.len() - room, "the alert queue is full");
        }
        let rows: Vec<(i64, &str, String, String)> = alerts
            .iter()
            .take(room)
            .map(|alert| {
                let token = format!("{}-{}-{}", alert.group_id, alert.count, now.millis());
                (
                    alert.group_id,
                    *channel,
                    token,
                    serde_json::to_string(alert).unwrap_or_default(),
                )
            })
            .collect();
        INSERT
            .execute(tx, &rows, |query, (id, channel, token, payload)| {
                query
                    .bind(id)
                    .bind(*channel)
                    .bind(token)
                    .bind(payload)
                    .bind(now.millis())
                    .bind(now.millis())
            })
            .await?;
    }
    Ok(())
}

impl Store {
    /// The oldest alerts that wait for `channel`, as many as one digest can take.
    pub(crate) async fn waiting_alerts(&self, channel: &str) -> sqlx::Result<Vec<Waiting>> {
        sqlx::query_as(
            "select id, token, payload, created_at, attempts, next_at from alerts where channel = ?1 order by id limit ?2",
        )
        .bind(channel)
        .bind(DIGEST_ROWS)
        .fetch_all(self.db.read())
        .await
    }

    /// When messages went out through `channel` in the last hour.
    pub(crate) async fn sent_in_the_last_hour(
        &self,
        channel: &str,
        now: Timestamp,
    ) -> sqlx::Result<Vec<i64>> {
        sqlx::query_scalar(
            "select at from alerts_sent where channel = ?1 and at > ?2 order by at limit 10000",
        )
        .bind(channel)
        .bind(now.millis() - HOUR_MS)
        .fetch_all(self.db.read())
        .await
    }

    /// These alerts have been told: they leave the queue, and one message counts against the hour.
    pub(crate) async fn alerts_sent(&self, channel: &str, ids: &[i64], now: Timestamp) -> sqlx::Result<()> {
        let mut tx = self.db.write().await?;
        delete(&mut tx, ids).await?;
        sqlx::query("insert into alerts_sent (channel, at) values (?1, ?2)")
            .bind(channel)
            .bind(now.millis())
            .execute(&mut *tx)
            .await?;
        sqlx::query("delete from alerts_sent where channel = ?1 and at <= ?2")
            .bind(channel)
            .bind(now.millis() - HOUR_MS)
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }

    /// These alerts will never be told.
    pub(crate) async fn alerts_given_up(&self, ids: &[i64]) -> sqlx::Result<()> {
        let mut tx = self.db.write().await?;
        delete(&mut tx, ids).await?;
        tx.commit().await
    }

    /// The first alert of a channel could not be told; it is tried again at `next_at`, and those behind it wait.
    pub(crate) async fn alert_postponed(
        &self,
        id: i64,
        attempts: u32,
        next_at: Timestamp,
    ) -> sqlx::Result<()> {
        let mut tx = self.db.write().await?;
        sqlx::query("update alerts set attempts = ?2, next_at = ?3 where id = ?1")
            .bind(id)
            .bind(attempts)
            .bind(next_at.millis())
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }

    /// Alerts that wait, for all channels together.
    pub(crate) async fn alerts_waiting(&self) -> sqlx::Result<i64> {
        sqlx::query_scalar("select count(*) from alerts")
            .fetch_one(self.db.read())
            .await
    }
}

async fn delete(tx: &mut SqliteConnection, ids: &[i64]) -> sqlx::Result<()> {
    let json = serde_json::to_string(ids).map_err(|error| sqlx::Error::Encode(error.into()))?;
    sqlx::query("delete from alerts where id in (select value from json_each(?1))")
        .bind(json)
        .execute(tx)
        .await?;
    Ok(())
}
