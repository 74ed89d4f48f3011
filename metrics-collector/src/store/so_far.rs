//! Hours so far: what the settled minutes of an hour come to, while it is not over.
//!
//! Whoever asks for all of today would read up to sixty rows of minutes of each page otherwise. A row says itself which
//! minutes it holds and of which generation it is: rows are written one by one, and when one of their minutes changes, all of
//! the hour's are void.

use std::collections::BTreeMap;

use super::aggregated::Place;
use super::{Result, Store, json};
use crate::bucket::{MINUTES_PER_HOUR, Resolution, hour_of};
use crate::page::PageId;

/// Rows that are deleted in one transaction.
const ROWS_PER_COMMIT: i64 = 64;

/// Minutes of an hour, a bit for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Minutes(u64);

impl Minutes {
    /// Those of the hour before `end` for which it is so.
    pub(crate) fn of(hour: i64, end: i64, is_in: impl Fn(i64) -> bool) -> Self {
        let first = hour * MINUTES_PER_HOUR;
        let places = 0..MINUTES_PER_HOUR.min(end - first).max(0);
        Self(
            places
                .filter(|place| is_in(first + place))
                .fold(0, |bits, place| bits | 1 << place),
        )
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// For a minute of its hour.
    pub(crate) fn contains(self, minute: i64) -> bool {
        self.0 >> minute.rem_euclid(MINUTES_PER_HOUR) & 1 == 1
    }

    pub(crate) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The same as ranges of minutes of this hour.
    pub(crate) fn ranges(self, hour: i64) -> Vec<(i64, i64)> {
        let first = hour * MINUTES_PER_HOUR;
        let mut ranges = Vec::<(i64, i64)>::new();
        for minute in (first..first + MINUTES_PER_HOUR).filter(|minute| self.contains(*minute)) {
            match ranges.last_mut() {
                Some((_, end)) if *end == minute => *end += 1,
                _ => ranges.push((minute, minute + 1)),
            }
        }
        ranges
    }
}

/// An hour's rows that are valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Current {
    generation: i64,
    /// All rows hold these.
    minutes: Minutes,
    /// Some rows may hold these.
    begun: Minutes,
}

/// Which hours so far there are.
#[derive(Debug, Default)]
pub(crate) struct HoursSoFar {
    current: BTreeMap<i64, Current>,
    generations: i64,
    /// Of which there are rows, valid or not.
    written: Option<i64>,
}

impl HoursSoFar {
    /// The generation of the rows that may be read.
    pub(crate) fn generation(&self, hour: i64) -> Option<i64> {
        self.current.get(&hour).map(|current| current.generation)
    }

    /// The generation of the rows that are to hold these minutes; `None` when all do.
    pub(crate) fn begin(&mut self, hour: i64, minutes: Minutes) -> Option<i64> {
        if minutes.is_empty() {
            return None;
        }
        self.written = Some(hour);
        let generations = &mut self.generations;
        let current = self.current.entry(hour).or_insert_with(|| {
            *generations += 1;
            Current {
                generation: *generations,
                minutes: Minutes::default(),
                begun: Minutes::default(),
            }
        });
        current.begun = current.begun.with(minutes);
        (current.minutes != minutes).then_some(current.generation)
    }

    pub(crate) fn finish(&mut self, hour: i64, generation: i64, minutes: Minutes) {
        if let Some(current) = self.current.get_mut(&hour)
            && current.generation == generation
        {
            current.minutes = minutes;
        }
    }

    /// A minute has changed, which may be in rows.
    pub(super) fn void(&mut self, minute: i64) {
        let hour = hour_of(minute);
        if self
            .current
            .get(&hour)
            .is_some_and(|current| current.begun.contains(minute))
        {
            self.current.remove(&hour);
        }
    }

    /// Whether there are rows of another hour than this one.
    pub(crate) fn has_others(&self, hour: i64) -> bool {
        self.written.is_some_and(|written| written != hour)
    }
}

/// What a page comes to in an hour so far.
#[derive(Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) minutes: Minutes,
    pub(crate) data: Vec<u8>,
}

fn row_id(page: PageId, hour: i64) -> i64 {
    let place = Place {
        page,
        resolution: Resolution::Hour,
        bucket: hour,
    };
    place.row_id()
}

impl Store {
    /// The rows of pages that are of this generation.
    pub(crate) async fn hour_so_far(
        &self,
        pages: &[PageId],
        hour: i64,
        generation: i64,
    ) -> Result<BTreeMap<PageId, Row>> {
        let ids: Vec<i64> = pages.iter().map(|page| row_id(*page, hour)).collect();
        let rows: Vec<(i64, i64, Vec<u8>)> = sqlx::query_as(
            "select id, minutes, data from hours_so_far
             where id in (select value from json_each(?1)) and generation = ?2",
        )
        .bind(json(&ids))
        .bind(generation)
        .fetch_all(self.db.read())
        .await?;
        let rows = rows.into_iter().map(|(id, minutes, data)| {
            let minutes = Minutes(minutes.cast_unsigned());
            (Place::of_row(id).page, Row { minutes, data })
        });
        Ok(rows.collect())
    }

    /// Writes rows of pages. False when they are void meanwhile.
    pub(crate) async fn write_hour_so_far(
        &self,
        hour: i64,
        generation: i64,
        pages: &[(PageId, Row)],
    ) -> Result<bool> {
        let _turn = self.writer().await;
        if self.unsettled().so_far.generation(hour) != Some(generation) {
            return Ok(false);
        }
        let mut tx = self.begin().await?;
        for (page, row) in pages {
            sqlx::query(
                "insert into hours_so_far (id, generation, minutes, data) values (?1, ?2, ?3, ?4)
                 on conflict (id) do update
                 set generation = excluded.generation, minutes = excluded.minutes, data = excluded.data",
            )
            .bind(row_id(*page, hour))
            .bind(generation)
            .bind(row.minutes.0.cast_signed())
            .bind(row.data.as_slice())
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Deletes all rows.
    pub(crate) async fn drop_hours_so_far(&self) -> Result<()> {
        {
            let mut unsettled = self.unsettled();
            unsettled.so_far.current.clear();
            unsettled.so_far.written = None;
        }
        loop {
            let _turn = self.writer().await;
            let mut tx = self.begin().await?;
            let deleted = sqlx::query(
                "delete from hours_so_far where id in (
                     select id from hours_so_far where id >= ?1 order by id limit ?2)",
            )
            .bind(row_id(PageId(0), 0))
            .bind(ROWS_PER_COMMIT)
            .execute(&mut *tx)
            .await?;
            tx.commit().await?;
            if (deleted.rows_affected() as i64) < ROWS_PER_COMMIT {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::store;

    const HOUR: i64 = 490_000;

    fn minutes(places: &[i64]) -> Minutes {
        Minutes::of(HOUR, i64::MAX, |minute| places.contains(&(minute - HOUR * 60)))
    }

    #[test]
    fn minutes_are_told_as_ranges() {
        let first = HOUR * 60;
        for (places, ranges) in [
            (&[][..], &[][..]),
            (&[0, 1, 2], &[(0, 3)]),
            (&[3, 58, 59], &[(3, 4), (58, 60)]),
        ] {
            let ranges: Vec<(i64, i64)> = ranges
                .iter()
                .map(|(from, to)| (first + from, first + to))
                .collect();
            assert_eq!(minutes(places).ranges(HOUR), ranges);
        }
        assert_eq!(Minutes::of(HOUR, first + 2, |_| true), minutes(&[0, 1]));
        assert!(Minutes::of(HOUR, first - 5, |_| true).is_empty());
        assert_eq!(minutes(&[1, 2]).without(minutes(&[2, 3])), minutes(&[1]));
    }

    #[tokio::test]
    async fn rows_are_void_once_one_of_their_minutes_changes() {
        let (store, _folder) = store().await;
        let page = |data| {
            let minutes = minutes(&[0, 1]);
            [(
                PageId(3),
                Row {
                    minutes,
                    data: vec![data],
                },
            )]
        };
        let begin = || store.unsettled().so_far.begin(HOUR, minutes(&[0, 1]));
        let generation = begin().unwrap();
        assert!(store.write_hour_so_far(HOUR, generation, &page(7)).await.unwrap());
        let rows = async |generation| {
            let pages = [PageId(2), PageId(3)];
            store.hour_so_far(&pages, HOUR, generation).await.unwrap()
        };
        assert_eq!(rows(generation).await, BTreeMap::from(page(7)));
        store
            .unsettled()
            .so_far
            .finish(HOUR, generation, minutes(&[0, 1]));
        assert_eq!(begin(), None, "all of them hold these");

        store.unsettled().so_far.void(HOUR * 60 + 2);
        assert_eq!(
            store.unsettled().so_far.generation(HOUR),
            Some(generation),
            "it is in no row"
        );
        store.unsettled().so_far.void(HOUR * 60 + 1);

        assert!(!store.write_hour_so_far(HOUR, generation, &page(8)).await.unwrap());
        assert_eq!(store.unsettled().so_far.generation(HOUR), None);
        let next = begin().unwrap();
        assert!(rows(next).await.is_empty());
        assert!(store.write_hour_so_far(HOUR, next, &page(9)).await.unwrap());

        assert!(!store.unsettled().so_far.has_others(HOUR) && store.unsettled().so_far.has_others(HOUR + 1));
        store.drop_hours_so_far().await.unwrap();
        assert!(rows(next).await.is_empty());
        assert!(!store.unsettled().so_far.has_others(HOUR + 1));
    }
}
