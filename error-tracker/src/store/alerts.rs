//! The queue of alerts: one row for each channel that still has to be told.

use shared::clock::{HOUR_MS, Timestamp};
use sqlx::{FromRow, SqliteConnection};

use super::Store;
use super::rows::{ManyRows, id_list};
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
    sqlx::query("delete from alerts where id in (select value from json_each(?1))")
        .bind(id_list(ids))
        .execute(tx)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::ingest::testing::{count, ingest, report};
    use crate::store::testing::store;

    fn now() -> Timestamp {
        Timestamp::from_millis(1_772_366_400_000)
    }

    /// Two channels, and three groups that were new.
    async fn queued() -> (Store, tempfile::TempDir) {
        let (store, folder) = store().await;
        let mut ingest = ingest(&store, 10);
        ingest.channels = vec!["smtp", "webhook"];
        let reports = ["A", "B", "C"].map(|kind| report(kind, now()));
        count(&ingest, &reports, now()).await;
        (store, folder)
    }

    #[tokio::test]
    async fn each_channel_has_each_alert_in_order() {
        let (store, _folder) = queued().await;
        for channel in ["smtp", "webhook"] {
            let waiting = store.waiting_alerts(channel).await.unwrap();

            let kinds: Vec<String> = waiting
                .iter()
                .map(|row| {
                    serde_json::from_str::<Alert>(&row.payload)
                        .unwrap()
                        .exception_type
                })
                .collect();
            assert_eq!(kinds, ["A", "B", "C"]);
            assert!(
                waiting
                    .iter()
                    .all(|row| (row.attempts, row.next_at) == (0, now()))
            );
            let mut tokens: Vec<&str> = waiting.iter().map(|row| row.token.as_str()).collect();
            tokens.dedup();
            assert_eq!(tokens.len(), 3, "a token each");
        }
        assert_eq!(store.alerts_waiting().await.unwrap(), 6);
        assert!(store.waiting_alerts("postmark").await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn what_was_sent_leaves_the_queue_and_counts_for_an_hour() {
        let (store, _folder) = queued().await;
        let ids: Vec<i64> = store
            .waiting_alerts("smtp")
            .await
            .unwrap()
            .iter()
            .map(|row| row.id)
            .collect();

        store.alerts_sent("smtp", &ids[..2], now()).await.unwrap();
        store
            .alerts_sent("smtp", &ids[2..], now().plus_millis(HOUR_MS / 2))
            .await
            .unwrap();

        assert!(store.waiting_alerts("smtp").await.unwrap().is_empty());
        assert_eq!(
            store.waiting_alerts("webhook").await.unwrap().len(),
            3,
            "the other channel still has to be told"
        );
        for (later, messages) in [(HOUR_MS - 1, 2), (HOUR_MS, 1), (2 * HOUR_MS, 0)] {
            let sent = store
                .sent_in_the_last_hour("smtp", now().plus_millis(later))
                .await
                .unwrap();
            assert_eq!(sent.len(), messages, "{later} ms later");
        }
        assert!(
            store
                .sent_in_the_last_hour("webhook", now())
                .await
                .unwrap()
                .is_empty()
        );
    }

    #[tokio::test]
    async fn a_postponed_alert_stays_first_and_one_given_up_is_gone() {
        let (store, _folder) = queued().await;
        let first = store.waiting_alerts("webhook").await.unwrap()[0].id;
        let later = now().plus_millis(60_000);

        store.alert_postponed(first, 3, later).await.unwrap();

        let waiting = store.waiting_alerts("webhook").await.unwrap();
        assert_eq!(
            (waiting[0].id, waiting[0].attempts, waiting[0].next_at),
            (first, 3, later)
        );
        store.alerts_given_up(&[first]).await.unwrap();
        assert_eq!(store.waiting_alerts("webhook").await.unwrap().len(), 2);
    }

    #[tokio::test]
    async fn a_full_queue_drops_the_newest() {
        let (store, _folder) = queued().await;
        let mut tx = store.db.write().await.unwrap();
        sqlx::query(
            "with recursive n (i) as (select 1 union all select i + 1 from n where i < ?1)
             insert into alerts (channel, token, payload, created_at, next_at) select 'webhook', i, '{}', 0, 0 from n",
        )
        .bind(QUEUE_ROWS - 4)
        .execute(&mut *tx)
        .await
        .unwrap();
        tx.commit().await.unwrap();

        let reports = ["D", "E", "F"].map(|kind| report(kind, now()));
        let counted = count(&ingest(&store, 10), &reports, now()).await;

        assert_eq!(counted.len(), 3, "the reports are counted all the same");
        let kept: Vec<Option<i64>> = sqlx::query_scalar(
            "select error_id from alerts where channel = 'webhook' order by id desc limit 2",
        )
        .fetch_all(store.db.read())
        .await
        .unwrap();
        assert_eq!(kept, [Some(4), None], "room for one");
    }
}
