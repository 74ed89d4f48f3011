//! What peers could not take, in the order in which it was accepted.

use shared::clock::Timestamp;
use sqlx::FromRow;

use super::{Result, Store};
use crate::forward::peer::Destination;

/// What a row costs beside its body, for the limit of the spool.
pub(crate) const ROW_BYTES: u64 = 100;

/// What was committed together.
#[derive(Debug, FromRow)]
pub(crate) struct Row {
    pub(crate) id: i64,
    pub(crate) items: i64,
    pub(crate) retry_key: Option<String>,
    /// Before it was compressed, in bytes.
    pub(crate) size: i64,
    /// Compressed.
    pub(crate) body: Vec<u8>,
    pub(crate) accepted_at: Timestamp,
}

/// A row to be.
#[derive(Debug)]
pub(crate) struct NewRow {
    pub(crate) items: usize,
    pub(crate) retry_key: Option<String>,
    /// Before it was compressed, in bytes.
    pub(crate) size: usize,
    /// Compressed.
    pub(crate) body: Vec<u8>,
    pub(crate) accepted_at: Timestamp,
}

/// What of the spool is for one peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, FromRow)]
pub(crate) struct Waiting {
    pub(crate) rows: i64,
    /// Reports or points.
    pub(crate) items: i64,
    /// With what rows cost.
    pub(crate) bytes: i64,
}

/// A row without its body.
#[derive(Debug, FromRow)]
struct Head {
    id: i64,
    items: i64,
    bytes: i64,
    has_key: bool,
}

/// The statement that keeps a row, with what stands before and after it.
macro_rules! keep {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            "insert into spool (peer, items, retry_key, size, body, accepted_at) values (?1, ?2, ?3, ?4, ?5, ?6)",
            $after
        )
    };
}

/// What is read at once, to be sent at once.
const HEADS: i64 = 500;

impl Store {
    /// Keeps rows, all or none. Nearly always it is one, and then one text goes to the database and back.
    pub(crate) async fn spool(&self, peer: Destination, rows: Vec<NewRow>) -> Result<()> {
        const KEEP: [[&str; 2]; 2] = [
            [keep!("", ""), keep!("", "; commit")],
            [
                keep!("begin immediate; ", ""),
                keep!("begin immediate; ", "; commit"),
            ],
        ];
        let Some(last) = rows.len().checked_sub(1) else {
            return Ok(());
        };
        let mut tx = self.db.write_in_texts().await?;
        for (place, row) in rows.into_iter().enumerate() {
            sqlx::query(KEEP[usize::from(place == 0)][usize::from(place == last)])
                .bind(peer.number())
                .bind(row.items as i64)
                .bind(row.retry_key)
                .bind(row.size as i64)
                .bind(row.body)
                .bind(row.accepted_at)
                .execute(&mut *tx)
                .await?;
        }
        tx.committed();
        Ok(())
    }

    /// What waits for a peer.
    pub(crate) async fn waiting(&self, peer: Destination) -> Result<Waiting> {
        sqlx::query_as(
            "select count(*) as rows, coalesce(sum(items), 0) as items, coalesce(sum(length(body) + ?2), 0) as bytes
             from spool where peer = ?1",
        )
        .bind(peer.number())
        .bind(ROW_BYTES as i64)
        .fetch_one(self.db.read())
        .await
    }

    /// When the oldest that waits was accepted.
    pub(crate) async fn waiting_since(&self, peer: Destination) -> Result<Option<Timestamp>> {
        sqlx::query_scalar("select accepted_at from spool where peer = ?1 order by id limit 1")
            .bind(peer.number())
            .fetch_optional(self.db.read())
            .await
    }

    /// The rows that go first of those behind the one with the id `after`: so many that they have at most `items`, and `bytes` before they were
    /// compressed, but at least one. A row with a retry key goes alone.
    pub(crate) async fn rows_after(
        &self,
        peer: Destination,
        after: i64,
        items: i64,
        bytes: i64,
    ) -> Result<Vec<Row>> {
        // What would be too large together is not read.
        let heads: Vec<Head> = sqlx::query_as(
            "select id, items, size as bytes, retry_key is not null as has_key from spool
             where peer = ?1 and id > ?2 order by id limit ?3",
        )
        .bind(peer.number())
        .bind(after)
        .bind(HEADS)
        .fetch_all(self.db.read())
        .await?;
        let (mut taken_items, mut taken_bytes) = (0, 0);
        let fitting = heads.iter().enumerate().take_while(|(place, head)| {
            taken_items += head.items;
            taken_bytes += head.bytes + 1;
            *place == 0
                || (!head.has_key && !heads[0].has_key && taken_items <= items && taken_bytes <= bytes)
        });
        let (Some(first), Some(last)) = (heads.first(), fitting.last()) else {
            return Ok(Vec::new());
        };
        sqlx::query_as("select id, items, retry_key, size, body, accepted_at from spool where peer = ?1 and id between ?2 and ?3 order by id")
            .bind(peer.number())
            .bind(first.id)
            .bind(last.1.id)
            .fetch_all(self.db.read())
            .await
    }

    /// Forgets rows that have arrived.
    pub(crate) async fn forget(&self, peer: Destination, first: i64, last: i64) -> Result<()> {
        let mut tx = self.db.write().await?;
        sqlx::query("delete from spool where peer = ?1 and id between ?2 and ?3")
            .bind(peer.number())
            .bind(first)
            .bind(last)
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::store;
    use super::*;

    const AT: Timestamp = Timestamp::MAX;

    fn row(items: usize, bytes: usize) -> NewRow {
        NewRow {
            items,
            retry_key: None,
            size: bytes,
            body: vec![b'x'; bytes],
            accepted_at: AT,
        }
    }

    #[tokio::test]
    async fn rows_come_back_in_their_order_and_each_peer_has_its_own() {
        let (store, _folder) = store().await;
        let (tracker, collector) = (Destination::ErrorTracker, Destination::MetricsCollector);
        for (peer, rows) in [
            (tracker, [row(2, 10), row(3, 10)]),
            (collector, [row(1, 5), row(1, 5)]),
            (tracker, [row(9, 10), row(1, 10)]),
        ] {
            store.spool(peer, rows.into()).await.unwrap();
        }

        let first = store.rows_after(tracker, 0, 6, 1_000).await.unwrap();
        assert_eq!(first.iter().map(|row| row.items).collect::<Vec<_>>(), [2, 3]);
        let by_bytes = store.rows_after(tracker, 0, 100, 35).await.unwrap();
        assert_eq!(by_bytes.len(), 3);
        let behind = store.rows_after(tracker, first[1].id, 6, 1_000).await.unwrap();
        assert_eq!(behind.iter().map(|row| row.items).collect::<Vec<_>>(), [9]);
        let waiting = store.waiting(tracker).await.unwrap();
        assert_eq!((waiting.rows, waiting.items, waiting.bytes), (4, 15, 440));

        store.forget(tracker, first[0].id, first[1].id).await.unwrap();
        let rest = store.rows_after(tracker, 0, 3, 1_000).await.unwrap();
        assert_eq!(
            rest.iter().map(|row| row.items).collect::<Vec<_>>(),
            [9],
            "one is always taken"
        );
        assert_eq!(store.waiting(collector).await.unwrap().rows, 2);
        assert_eq!(store.waiting_since(collector).await.unwrap(), Some(AT));
    }

    #[tokio::test]
    async fn a_row_with_a_retry_key_goes_alone() {
        let (store, _folder) = store().await;
        let peer = Destination::MetricsCollector;
        let keyed = || NewRow {
            retry_key: Some("k".into()),
            ..row(1, 5)
        };
        store.spool(peer, vec![keyed(), keyed()]).await.unwrap();

        assert_eq!(store.rows_after(peer, 0, 100, 1_000).await.unwrap().len(), 1);
    }
}
