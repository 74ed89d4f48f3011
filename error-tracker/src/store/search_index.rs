//! Keeps the search index up with the newest messages.
//!
//! Ingest only notes that a group's message is new; the index is written here, in small steps, because
//! indexing costs more than counting. Until then a search looks at the noted groups' text itself, so
//! nothing is ever found late.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::Store;
use super::rows::id_list;

/// Groups in one step; a step holds the writer for a few milliseconds.
const STEP: i64 = 32;
/// Rest between the steps while reports come, and how many times as long as a step at least: the writer is there
/// for them. Between two batches it is at most as long as the step.
const REST: Duration = Duration::from_millis(20);
const REST_FACTOR: u32 = 20;
/// How often it is looked whether there is something to do.
const ROUND: Duration = Duration::from_millis(500);

impl Store {
    /// Indexes some of the noted groups; answers how many.
    pub(crate) async fn index_some(&self) -> sqlx::Result<u64> {
        let waiting: Option<i64> = sqlx::query_scalar("select error_id from errors_unindexed limit 1")
            .fetch_optional(self.db.read())
            .await?;
        if waiting.is_none() {
            return Ok(0);
        }
        let mut tx = self.db.write().await?;
        let ids: Vec<i64> =
            sqlx::query_scalar("select error_id from errors_unindexed order by error_id limit ?1")
                .bind(STEP)
                .fetch_all(&mut *tx)
                .await?;
        let json = id_list(&ids);
        sqlx::query("delete from errors_fts where rowid in (select value from json_each(?1))")
            .bind(&json)
            .execute(&mut *tx)
            .await?;
        sqlx::query(
            "insert into errors_fts (rowid, text)
             select id, exception_type || char(10) || message from errors where id in (select value from json_each(?1))",
        )
        .bind(&json)
        .execute(&mut *tx)
        .await?;
        sqlx::query("delete from errors_unindexed where error_id in (select value from json_each(?1))")
            .bind(&json)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(ids.len() as u64)
    }

    /// Groups that are noted.
    pub(crate) async fn unindexed(&self) -> sqlx::Result<i64> {
        sqlx::query_scalar("select count(*) from errors_unindexed")
            .fetch_one(self.db.read())
            .await
    }

    /// Indexes what is noted until `stop`.
    pub(crate) async fn keep_indexed(self, stop: CancellationToken) {
        let mut batches = 0;
        loop {
            let started = Instant::now();
            let indexed = self.index_some().await;
            let batches_before = std::mem::replace(&mut batches, self.batches.load(Ordering::Relaxed));
            let rest = match indexed {
                Ok(0) => ROUND,
                Ok(_) if batches == batches_before => started.elapsed(),
                Ok(_) => REST.max(started.elapsed() * REST_FACTOR),
                Err(error) => {
                    tracing::warn!(%error, "the search index could not be written");
                    ROUND * 20
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(rest) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::clock::Timestamp;

    use super::*;
    use crate::report::Report;
    use crate::store::ingest::testing::{count, ingest, report};
    use crate::store::testing::store;

    async fn hits(store: &Store, phrase: &str) -> Vec<i64> {
        sqlx::query_scalar("select rowid from errors_fts where errors_fts match ?1 order by rowid limit 100")
            .bind(format!("\"{phrase}\""))
            .fetch_all(store.db.read())
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn the_index_is_written_in_steps_and_follows_the_newest_message() {
        let (store, _folder) = store().await;
        let ingest = ingest(&store, 100);
        let now = Timestamp::from_millis(1_772_366_400_000);
        let reports: Vec<Report> = (0..40)
            .map(|number| report(&format!("Kind{number}"), now))
            .collect();
        count(&ingest, &reports, now).await;
        assert!(
            hits(&store, "Kind").await.is_empty(),
            "ingest only notes what is new"
        );

        assert_eq!(store.unindexed().await.unwrap(), 40);

        let steps = [
            store.index_some().await.unwrap(),
            store.index_some().await.unwrap(),
            store.index_some().await.unwrap(),
        ];

        assert_eq!(steps, [32, 8, 0]);
        assert_eq!(hits(&store, "Kind").await.len(), 40);
        assert_eq!(hits(&store, "broke").await.len(), 40);

        count(&ingest, &reports[..2], now).await;
        assert_eq!(
            store.index_some().await.unwrap(),
            0,
            "the same message again is nothing new"
        );
        let other = Report {
            summary: "something else".into(),
            ..report("Kind0", now)
        };
        count(&ingest, &[other], now).await;
        assert_eq!(store.index_some().await.unwrap(), 1);
        assert_eq!(
            (hits(&store, "something").await, hits(&store, "broke").await.len()),
            (vec![1], 39)
        );
    }
}
