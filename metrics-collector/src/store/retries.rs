//! Batches that have been taken, so that one that is sent again is counted once.

use md5::{Digest as _, Md5};
use shared::clock::{DAY_MS, Timestamp};
use sqlx::SqliteConnection;

use super::{Result, Store};

/// How long a key is known.
const KEPT_MS: i64 = 7 * DAY_MS;
/// How many keys are known at most.
const KEPT_KEYS: i64 = 100_000;
const KEYS_PER_STEP: i64 = 1_000;

/// The digest of an `Idempotency-Key`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct RetryKey([u8; 16]);

impl RetryKey {
    pub(crate) fn new(key: &[u8]) -> Self {
        Self(Md5::digest(key).into())
    }
}

/// Notes a key. False when it is known already.
pub(super) async fn note(tx: &mut SqliteConnection, key: RetryKey, now: Timestamp) -> Result<bool> {
    let noted = sqlx::query("insert into retry_keys (key, at) values (?1, ?2) on conflict do nothing")
        .bind(&key.0[..])
        .bind(now.millis())
        .execute(tx)
        .await?;
    Ok(noted.rows_affected() > 0)
}

/// Takes a key back that was noted.
pub(super) async fn forget(tx: &mut SqliteConnection, key: RetryKey) -> Result<()> {
    sqlx::query("delete from retry_keys where key = ?1")
        .bind(&key.0[..])
        .execute(tx)
        .await?;
    Ok(())
}

impl Store {
    /// Forgets keys that are too old or too many, a step at a time; answers whether there is more to do.
    pub(crate) async fn forget_retry_keys(&self, now: Timestamp) -> Result<bool> {
        let _turn = self.writer().await;
        let mut tx = self.begin().await?;
        let forgotten = sqlx::query(
            "delete from retry_keys where key in (
                 select key from retry_keys
                 where at < max(?1, coalesce((select at from retry_keys order by at desc limit 1 offset ?2), 0))
                 order by at limit ?3)",
        )
        .bind(now.millis() - KEPT_MS)
        .bind(KEPT_KEYS - 1)
        .bind(KEYS_PER_STEP)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(forgotten.rows_affected() as i64 == KEYS_PER_STEP)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::store;

    const NOW: i64 = 1_772_366_400_000;

    async fn note_at(store: &Store, key: &str, at: i64) -> bool {
        let mut tx = store.begin().await.unwrap();
        let is_new = note(&mut tx, RetryKey::new(key.as_bytes()), Timestamp::from_millis(at))
            .await
            .unwrap();
        tx.commit().await.unwrap();
        is_new
    }

    #[tokio::test]
    async fn a_key_is_known_for_seven_days() {
        let (store, _folder) = store().await;
        assert!(note_at(&store, "old", NOW - KEPT_MS - 1).await);
        assert!(note_at(&store, "new", NOW - KEPT_MS).await);
        assert!(!note_at(&store, "old", NOW).await);

        store
            .forget_retry_keys(Timestamp::from_millis(NOW))
            .await
            .unwrap();

        assert!(!note_at(&store, "new", NOW).await);
        assert!(note_at(&store, "old", NOW).await);
    }

    #[tokio::test]
    async fn the_newest_hundred_thousand_are_known() {
        let (store, _folder) = store().await;
        let mut tx = store.begin().await.unwrap();
        for number in 0..102_500_i64 {
            sqlx::query("insert into retry_keys (key, at) values (?1, ?2) on conflict do nothing")
                .bind(number.to_string().into_bytes())
                .bind(NOW + number)
                .execute(&mut *tx)
                .await
                .unwrap();
        }
        tx.commit().await.unwrap();

        let mut steps = 0;
        while store
            .forget_retry_keys(Timestamp::from_millis(NOW))
            .await
            .unwrap()
        {
            steps += 1;
        }

        let left: (i64, i64) = sqlx::query_as("select count(*), min(at) from retry_keys")
            .fetch_one(store.db.read())
            .await
            .unwrap();
        assert_eq!((left, steps), ((100_000, NOW + 2_500), 2));
    }
}
