//! Partials, made of points of a minute while more of them come in.

use std::collections::BTreeMap;
use std::ops::Range;

use super::gather::{Pages, Summaries, add_row};
use super::series::MergedRows;
use crate::bucket::Resolution;
use crate::minute::Part;
use crate::page::{PageId, SeriesId};
use crate::store::{Result, Store, raw};
use crate::summary::Summary;

/// Bytes of a partial that are written at once.
const BYTES_PER_WRITE: usize = 256 << 10;
/// Bytes of points that are held at once while a partial is made.
const MOST_BYTES: usize = 2 << 20;

/// Points that are summarised together before their minute is over, when nobody says otherwise.
pub(crate) const PARTIAL_POINTS: u64 = 500_000;

/// Summarises points of minutes that are not over, or not settled: as many at a time as these, while there are so many.
pub(crate) async fn make_partials(store: &Store, first_minute: i64, points: u64) -> Result<()> {
    let minutes = store
        .unsettled()
        .between(Resolution::Minute, first_minute, i64::MAX);
    for minute in minutes {
        while let Some((rows, _)) = next_rows(store, minute, points)
            .await?
            .filter(|(_, found)| *found >= points)
        {
            make(store, minute, rows).await?;
        }
    }
    Ok(())
}

/// Summarises all points of a minute, so many at a time. False when it has all the partials that it can have.
pub(super) async fn cover(store: &Store, minute: i64, points: u64) -> Result<bool> {
    loop {
        match next_rows(store, minute, points).await? {
            Some((_, 0)) => return Ok(true),
            Some((rows, _)) => make(store, minute, rows).await?,
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

/// Makes the next partial, of these rows or, when they have too many bytes, of the first of them.
async fn make(store: &Store, minute: i64, rows: Range<i64>) -> Result<()> {
    let number = store.number_of_partial(minute);
    let (rows, next_row) = store.raw_rows(rows, MOST_BYTES).await?;
    let (mut points, mut totals) = (MergedRows::of(&rows), BTreeMap::new());
    let (mut pages, mut bytes) = (Pages::of(minute), 0);
    while let Some(series) = points.series() {
        if let Some(summary) = summarise(store, minute, series, &mut points, &mut totals) {
            bytes += pages.push(series, &summary);
        }
        if bytes >= BYTES_PER_WRITE {
            store.write_pages(minute, number, &pages.take_finished()).await?;
            bytes = 0;
        }
        tokio::task::yield_now().await;
    }
    if points.is_damaged() {
        tracing::error!(
            minute_ms = Resolution::Minute.start(minute).millis(),
            "a row of points is damaged; what can be read counts"
        );
    }
    for (total, part) in totals {
        pages.push(SeriesId::new(total, 0), &part.finish());
    }
    pages.close();
    store.write_pages(minute, number, &pages.take_finished()).await?;
    store.add_partial(minute, number, next_row);
    while let Some(partials) = store.partials_to_merge(minute) {
        merge(store, minute, &partials).await?;
    }
    Ok(())
}

/// What the points of the series that comes next come to. They are added to what all series of their metric come to.
fn summarise(
    store: &Store,
    minute: i64,
    series: SeriesId,
    points: &mut MergedRows<'_>,
    totals: &mut BTreeMap<PageId, Part>,
) -> Option<Summary> {
    let catalogue = store.catalogue();
    let start_ms = Resolution::Minute.start(minute).millis();
    let Some(metric) = catalogue.metric_of_page(series.page()) else {
        points.take(|_| {});
        return None;
    };
    let marking = catalogue.marking(series);
    let mut part = Part::new(metric.kind);
    let total = totals
        .entry(metric.total)
        .or_insert_with(|| Part::of_sketch(metric.kind));
    points.take(|point| {
        let at = start_ms + i64::from(point.offset);
        part.take(point.value, marking, at);
        total.take(point.value, marking, at);
    });
    Some(part.finish())
}

/// Makes one partial of several.
async fn merge(store: &Store, minute: i64, partials: &[i64]) -> Result<()> {
    let number = store.number_of_partial(minute);
    let mut next = PageId(0);
    loop {
        let (mut pages, mut bytes) = (Pages::of(minute), 0);
        while bytes < BYTES_PER_WRITE
            && let Some(page) = store.page_with_partials(minute, next).await?
        {
            for (series, summary) in merge_page(store, minute, page, partials).await? {
                bytes += pages.push(series, &summary);
            }
            next = PageId(page.0 + 1);
        }
        pages.close();
        if bytes == 0 {
            break;
        }
        store.write_pages(minute, number, &pages.take_finished()).await?;
    }
    store.merge_partials(minute, number).await
}

/// What partials of a minute have of the series of a page.
pub(super) async fn merge_page(
    store: &Store,
    minute: i64,
    page: PageId,
    partials: &[i64],
) -> Result<Summaries> {
    let start_ms = Resolution::Minute.start(minute).millis();
    let mut summaries = Summaries::new();
    store
        .for_each_partial(minute, &[page], partials, |page, row| {
            add_row(&mut summaries, page, start_ms, row);
        })
        .await?;
    Ok(summaries)
}
