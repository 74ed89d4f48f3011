//! Partials, made of points of a minute while more of them come in.

use std::ops::Range;

use super::gather::{Pages, passes};
use crate::bucket::Resolution;
use crate::minute::{self, BySeries};
use crate::store::{Result, Store, raw};
use crate::turns::Turns;

/// Points that are summarised together before their minute is over, when nobody says otherwise.
pub(crate) const PARTIAL_POINTS: u64 = 200_000;

/// Summarises points of minutes that are not over, or not settled: as many at a time as these, while there are so many.
pub(crate) async fn make_partials(
    store: &Store,
    turns: &Turns,
    first_minute: i64,
    points: u64,
) -> Result<()> {
    let minutes = store
        .unsettled()
        .between(Resolution::Minute, first_minute, i64::MAX);
    for minute in minutes {
        while let Some((rows, _)) = next_rows(store, minute, points)
            .await?
            .filter(|(_, found)| *found >= points)
        {
            make(store, turns, minute, rows).await?;
        }
    }
    Ok(())
}

/// Summarises all points of a minute, so many at a time. False when it has all the partials that it can have.
pub(super) async fn cover(store: &Store, turns: &Turns, minute: i64, points: u64) -> Result<bool> {
    loop {
        match next_rows(store, minute, points).await? {
            Some((_, 0)) => return Ok(true),
            Some((rows, _)) => make(store, turns, minute, rows).await?,
            None => return Ok(false),
        }
    }
}

/// The rows of so many points, or of all that are left, of which the next partial is made, and how many points they have.
async fn next_rows(store: &Store, minute: i64, points: u64) -> Result<Option<(Range<i64>, u64)>> {
    let next_row = store.unsettled().covers.next_row(minute);
    let Some(next_row) = next_row else {
        return Ok(None);
    };
    let rest = next_row..raw::rows_of(minute).end;
    store.rows_with(rest, points).await.map(Some)
}

async fn make(store: &Store, turns: &Turns, minute: i64, rows: Range<i64>) -> Result<()> {
    let mut pages = Pages::of(minute);
    for keys in passes(store, minute, rows.clone(), &[]).await? {
        let _turn = turns.take().await;
        let mut collector = BySeries::new(keys);
        minute::read(store, minute, rows.clone(), &mut collector).await?;
        pages.add(collector).await;
    }
    pages.close();
    store
        .write_partial(minute, &pages.take_finished(), rows.end)
        .await
}
