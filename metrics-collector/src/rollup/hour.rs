//! Hours, made from the rows of their minutes: those that are over, and what others have come to so far.

use std::collections::HashSet;

use super::gather::{Summaries, add_row};
use crate::bucket::{MINUTES_PER_HOUR, Resolution};
use crate::page::{PageId, PageWriter};
use crate::store::aggregated::Place;
use crate::store::so_far::{Minutes, Row};
use crate::store::{Result, Store};

/// Rows of an hour are written when they are so many bytes.
const MOST_WAITING_BYTES: usize = 1 << 20;

/// Makes the rows of the hour, when all its minutes are settled.
pub(super) async fn settle(store: &Store, hour: i64) -> Result<()> {
    let (first, end) = (hour * MINUTES_PER_HOUR, (hour + 1) * MINUTES_PER_HOUR);
    let change = {
        let unsettled = store.unsettled();
        if !unsettled.between(Resolution::Minute, first, end).is_empty() {
            return Ok(());
        }
        unsettled.change(Resolution::Hour, hour)
    };
    let Some(change) = change else { return Ok(()) };
    let (mut rows, mut waiting_bytes) = (Vec::new(), 0);
    for page in all_pages(store) {
        let mut summaries = Summaries::new();
        add_minutes(store, page, first, end, &mut summaries).await?;
        let place = Place {
            page,
            resolution: Resolution::Hour,
            bucket: hour,
        };
        let row = row_of(hour, summaries);
        waiting_bytes += row.len();
        rows.push((place, row));
        if waiting_bytes >= MOST_WAITING_BYTES {
            let rows = std::mem::take(&mut rows);
            if !store.write_rows(Resolution::Hour, hour, change, rows).await? {
                return Ok(());
            }
            waiting_bytes = 0;
        }
    }
    store.settle(Resolution::Hour, hour, change, rows).await
}

/// Adds the minutes of an hour that are settled to what it has come to so far. `end` is the first minute that is not over.
pub(super) async fn extend_so_far(store: &Store, hour: i64, end: i64) -> Result<()> {
    let (minutes, generation) = {
        let mut unsettled = store.unsettled();
        let minutes = Minutes::of(hour, end, |minute| {
            !unsettled.contains(Resolution::Minute, minute)
        });
        (minutes, unsettled.so_far.begin(hour, minutes))
    };
    let Some(generation) = generation else {
        return Ok(());
    };
    let start_ms = Resolution::Hour.start(hour).millis();
    let mut pages = all_pages(store).into_iter().peekable();
    while pages.peek().is_some() {
        let (mut rows, mut waiting_bytes) = (Vec::new(), 0);
        while waiting_bytes < MOST_WAITING_BYTES
            && let Some(page) = pages.next()
        {
            let mut summaries = Summaries::new();
            let mut held = Minutes::default();
            for (page, row) in store.hour_so_far(&[page], hour, generation).await? {
                add_row(&mut summaries, page, start_ms, &row.data);
                held = row.minutes;
            }
            for (from, to) in minutes.without(held).ranges(hour) {
                add_minutes(store, page, from, to, &mut summaries).await?;
            }
            if !summaries.is_empty() {
                let data = row_of(hour, summaries);
                waiting_bytes += data.len();
                // When the clock was set back it holds more than is over.
                let minutes = minutes.with(held);
                rows.push((page, Row { minutes, data }));
            }
        }
        if !store.write_hour_so_far(hour, generation, &rows).await? {
            return Ok(());
        }
    }
    store.unsettled().so_far.finish(hour, generation, minutes);
    Ok(())
}

fn all_pages(store: &Store) -> HashSet<PageId> {
    let catalogue = store.catalogue();
    catalogue
        .metrics()
        .flat_map(|(_, metric)| metric.all_pages())
        .collect()
}

async fn add_minutes(
    store: &Store,
    page: PageId,
    from: i64,
    to: i64,
    summaries: &mut Summaries,
) -> Result<()> {
    store
        .for_each_row(&[page], Resolution::Minute, from, to, |place, row| {
            add_row(
                summaries,
                page,
                Resolution::Minute.start(place.bucket).millis(),
                row,
            );
        })
        .await
}

/// The row of one page.
fn row_of(hour: i64, summaries: Summaries) -> Vec<u8> {
    let start_ms = Resolution::Hour.start(hour).millis();
    let mut writer = PageWriter::default();
    for (series, summary) in summaries {
        writer.push(series.slot(), &summary, start_ms);
    }
    writer.finish()
}
