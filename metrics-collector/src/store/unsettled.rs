//! Minutes and hours whose rows do not hold yet all that belongs there.
//!
//! A minute is unsettled from its first point on until its row has been made of all its points, and again when a point
//! comes late; whoever asks for it meanwhile is answered from the points. The marks are written with the points, so
//! that nothing is forgotten by a kill.

use std::collections::BTreeMap;

use sqlx::{SqliteConnection, SqlitePool};

use super::Result;
use super::covers::Covers;
use super::so_far::HoursSoFar;
use crate::bucket::Resolution;

/// The marks, each with a number that changes whenever something is added to the bucket.
#[derive(Debug, Default)]
pub(crate) struct Unsettled {
    minutes: BTreeMap<i64, u64>,
    hours: BTreeMap<i64, u64>,
    changes: u64,
    /// Of minutes, what need not be read point by point.
    pub(crate) covers: Covers,
    /// Of hours, what need not be read minute by minute.
    pub(crate) so_far: HoursSoFar,
}

impl Unsettled {
    fn of(&self, resolution: Resolution) -> &BTreeMap<i64, u64> {
        match resolution {
            Resolution::Minute => &self.minutes,
            Resolution::Hour => &self.hours,
        }
    }

    fn of_mut(&mut self, resolution: Resolution) -> &mut BTreeMap<i64, u64> {
        match resolution {
            Resolution::Minute => &mut self.minutes,
            Resolution::Hour => &mut self.hours,
        }
    }

    pub(crate) fn contains(&self, resolution: Resolution, bucket: i64) -> bool {
        self.of(resolution).contains_key(&bucket)
    }

    /// The number of the last change; `None` when the bucket is settled.
    pub(crate) fn change(&self, resolution: Resolution, bucket: i64) -> Option<u64> {
        self.of(resolution).get(&bucket).copied()
    }

    /// Those from the first bucket up to, and without, the second one.
    pub(crate) fn between(&self, resolution: Resolution, from: i64, to: i64) -> Vec<i64> {
        let range = self.of(resolution).range(from..to.max(from));
        range.map(|(bucket, _)| *bucket).collect()
    }

    pub(super) fn mark(&mut self, resolution: Resolution, bucket: i64) {
        if resolution == Resolution::Minute {
            self.so_far.void(bucket);
        }
        self.changes += 1;
        let change = self.changes;
        self.of_mut(resolution).insert(bucket, change);
    }

    pub(super) fn settle(&mut self, resolution: Resolution, bucket: i64) {
        self.of_mut(resolution).remove(&bucket);
    }
}

fn code(resolution: Resolution) -> i64 {
    match resolution {
        Resolution::Minute => 0,
        Resolution::Hour => 1,
    }
}

pub(super) async fn load(db: &SqlitePool) -> Result<Unsettled> {
    let marks: Vec<(i64, i64)> =
        sqlx::query_as("select resolution, bucket from unsettled order by resolution, bucket")
            .fetch_all(db)
            .await?;
    let mut unsettled = Unsettled::default();
    for (resolution, bucket) in marks {
        let resolution = if resolution == code(Resolution::Minute) {
            Resolution::Minute
        } else {
            Resolution::Hour
        };
        unsettled.mark(resolution, bucket);
    }
    Ok(unsettled)
}

pub(super) async fn write_mark(tx: &mut SqliteConnection, resolution: Resolution, bucket: i64) -> Result<()> {
    sqlx::query("insert into unsettled (resolution, bucket) values (?1, ?2) on conflict do nothing")
        .bind(code(resolution))
        .bind(bucket)
        .execute(tx)
        .await?;
    Ok(())
}

pub(super) async fn remove_mark(
    tx: &mut SqliteConnection,
    resolution: Resolution,
    bucket: i64,
) -> Result<()> {
    sqlx::query("delete from unsettled where resolution = ?1 and bucket = ?2")
        .bind(code(resolution))
        .bind(bucket)
        .execute(tx)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::{open, store};

    #[tokio::test]
    async fn marks_outlive_the_process_and_settle_one_by_one() {
        let (store, folder) = store().await;
        let mut tx = store.begin().await.unwrap();
        for minute in [7, 9, 7] {
            write_mark(&mut tx, Resolution::Minute, minute).await.unwrap();
        }
        write_mark(&mut tx, Resolution::Hour, 7).await.unwrap();
        remove_mark(&mut tx, Resolution::Minute, 9).await.unwrap();
        tx.commit().await.unwrap();

        let mut unsettled = load(open(&folder).await.db.read()).await.unwrap();

        assert_eq!(unsettled.between(Resolution::Minute, 0, 100), [7]);
        assert!(unsettled.between(Resolution::Minute, 8, 7).is_empty());
        let before = unsettled.change(Resolution::Minute, 7);
        unsettled.mark(Resolution::Minute, 7);
        assert_ne!(unsettled.change(Resolution::Minute, 7), before);
        unsettled.settle(Resolution::Minute, 7);
        assert!(!unsettled.contains(Resolution::Minute, 7) && unsettled.contains(Resolution::Hour, 7));
    }
}
