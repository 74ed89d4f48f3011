//! One group: its row, its newest occurrences, its counts over time.

use shared::clock::{HOUR_MS, Timestamp};

use super::Store;
use super::facets::{ENVIRONMENT, RELEASE};
use super::list::Item;
use crate::trend::Hours;

/// Values of environments and releases that a group's page shows.
const FACETS_SHOWN: i64 = 50;

/// One kept occurrence; its body is still packed.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct OccurrenceRow {
    pub(crate) id: i64,
    pub(crate) at: Timestamp,
    pub(crate) body: Vec<u8>,
}

impl Store {
    /// The group, if there is one with this id.
    pub(crate) async fn group(&self, id: i64) -> sqlx::Result<Option<Item>> {
        Ok(self.items(&[(id, 0)]).await?.pop())
    }

    /// Its kept occurrences, newest first.
    pub(crate) async fn occurrences(&self, error_id: i64, most: u32) -> sqlx::Result<Vec<OccurrenceRow>> {
        sqlx::query_as("select id, at, body from error_occurrences where error_id = ?1 order by at desc, id desc limit ?2")
            .bind(error_id)
            .bind(most)
            .fetch_all(self.db.read())
            .await
    }

    /// The environments and the releases it was ever seen in.
    pub(crate) async fn facets_of(&self, error_id: i64) -> sqlx::Result<(Vec<String>, Vec<String>)> {
        let rows: Vec<(i64, String)> = sqlx::query_as(
            "select f.kind, f.value from error_facets ef join facets f on f.id = ef.facet_id
             where ef.error_id = ?1 order by f.value limit ?2",
        )
        .bind(error_id)
        .bind(2 * FACETS_SHOWN)
        .fetch_all(self.db.read())
        .await?;
        let of_kind = |kind: i64| {
            rows.iter()
                .filter(|row| row.0 == kind)
                .map(|row| row.1.clone())
                .collect()
        };
        Ok((of_kind(ENVIRONMENT), of_kind(RELEASE)))
    }

    /// Its counts per hour since `since`, oldest first. `None` when there is no such group.
    pub(crate) async fn hourly_counts(
        &self,
        error_id: i64,
        since: Timestamp,
    ) -> sqlx::Result<Option<Vec<(Timestamp, i64)>>> {
        let mut tx = self.db.read().begin().await?;
        let packed: Option<Vec<u8>> = sqlx::query_scalar("select hours from errors where id = ?1")
            .bind(error_id)
            .fetch_optional(&mut *tx)
            .await?;
        let Some(packed) = packed else { return Ok(None) };
        let old: Vec<(i64, i64)> = sqlx::query_as(
            "select hour, count from error_hours where error_id = ?1 and hour >= ?2 order by hour limit 100000",
        )
        .bind(error_id)
        .bind(since.hour())
        .fetch_all(&mut *tx)
        .await?;
        let recent = Hours::unpack(&packed);
        let mut counts = std::collections::BTreeMap::new();
        let recent = recent.counts().iter().map(|(hour, count)| (*hour, *count as i64));
        // A late report may have put the same hour in both places.
        for (hour, count) in old
            .into_iter()
            .chain(recent.filter(|(hour, _)| *hour >= since.hour()))
        {
            *counts.entry(hour).or_insert(0) += count;
        }
        Ok(Some(
            counts
                .into_iter()
                .map(|(hour, count)| (Timestamp::from_millis(hour * HOUR_MS), count))
                .collect(),
        ))
    }
}
