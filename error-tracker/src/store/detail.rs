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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Report;
    use crate::store::ingest::testing::{count, ingest, report};
    use crate::store::testing::store;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(1_772_366_400_000 + 1_000 * seconds)
    }

    #[tokio::test]
    async fn what_is_not_there_is_none() {
        let (store, _folder) = store().await;

        assert!(store.group(1).await.unwrap().is_none());
        assert!(store.occurrences(1, 5).await.unwrap().is_empty());
        assert!(store.hourly_counts(1, at(0)).await.unwrap().is_none());
        assert_eq!(store.facets_of(1).await.unwrap(), (vec![], vec![]));
    }

    #[tokio::test]
    async fn a_group_has_its_row_its_occurrences_and_its_facets() {
        let (store, _folder) = store().await;
        let seen = |environment: &str, release: &str, seconds: i64| Report {
            environment: Some(environment.into()),
            release: Some(release.into()),
            ..report("E", at(seconds))
        };
        let reports = [
            seen("b", "1", 0),
            seen("a", "2", 20),
            seen("a", "1", 10),
            seen("a", "2", 20),
        ];
        count(&ingest(&store, 10), &reports, at(30)).await;

        let item = store.group(1).await.unwrap().unwrap();
        let occurrences = store.occurrences(1, 2).await.unwrap();

        assert_eq!(
            (item.group.count, item.group.first_seen, item.group.last_seen),
            (4, at(0), at(20))
        );
        assert_eq!(
            (item.project.as_str(), item.exception_type.as_str()),
            ("shop", "E")
        );
        assert_eq!(
            occurrences.iter().map(|row| row.at).collect::<Vec<_>>(),
            [at(20), at(20)]
        );
        assert!(
            occurrences[0].id > occurrences[1].id,
            "of one instant the later first"
        );
        let strings = |list: [&str; 2]| list.map(str::to_owned).to_vec();
        assert_eq!(
            store.facets_of(1).await.unwrap(),
            (strings(["a", "b"]), strings(["1", "2"]))
        );
    }
}
