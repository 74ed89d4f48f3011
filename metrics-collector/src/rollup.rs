//! Makes the rows of minutes from points, and those of hours from minutes.
//!
//! Each row is made of all that belongs there, in the place of what stood there: doing it again changes nothing.

use std::collections::{BTreeMap, HashSet};
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;
use std::time::Duration;

use shared::clock::Timestamp;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::bucket::{Floors, MINUTES_PER_HOUR, Resolution};
use crate::catalogue::Metric;
use crate::kind::Kind;
use crate::minute::{self, BySeries, Counting};
use crate::page::{PageId, PageWriter, SeriesId, entries};
use crate::store::aggregated::Place;
use crate::store::raw;
use crate::store::replaceable::NamedValue;
use crate::store::{Result, Store};
use crate::summary::{MOST_EXACT, Summary};
use crate::turns::Turns;

/// Values that are held at once while a minute is made: 1.6 MB.
pub(crate) const MOST_VALUES: u64 = 200_000;

/// A summary takes as much room as so many values, about.
const SUMMARY_VALUES: u64 = 32;
const ALL_SERIES: RangeInclusive<SeriesId> = SeriesId(0)..=SeriesId(u32::MAX);

/// Points that are summarised together before their minute is over.
pub(crate) const PARTIAL_POINTS: u64 = 200_000;
/// How long partials are kept, for points that come late.
const PARTIALS_KEPT_MINUTES: i64 = 3;

/// Rows of an hour are written when they are so many bytes.
const MOST_WAITING_BYTES: usize = 1 << 20;

/// How long each tier is kept, and how often rows are made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Schedule {
    pub(crate) raw: Duration,
    pub(crate) minutes: Duration,
    pub(crate) hours: Duration,
    pub(crate) interval: Duration,
}

impl Schedule {
    pub(crate) fn floors(&self, now: Timestamp) -> Floors {
        let millis = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Floors::at(now, millis(self.raw), millis(self.minutes), millis(self.hours))
    }
}

/// Works at once, and then at each interval until the service stops; and whenever many points have come in, summarises these.
pub(crate) async fn run(store: Store, schedule: Schedule, turns: Arc<Turns>, stop: CancellationToken) {
    stop.run_until_cancelled(async {
        loop {
            let next = Instant::now() + schedule.interval;
            warn(work(&store, schedule, &turns, Timestamp::now()).await);
            while let Ok(()) = timeout_at(next, store.many_points()).await {
                let first_minute = first_with_partials(Timestamp::now());
                warn(make_partials(&store, &turns, first_minute, PARTIAL_POINTS).await);
            }
        }
    })
    .await;
}

fn warn(worked: Result<()>) {
    if let Err(error) = worked {
        tracing::warn!(%error, "what was measured could not be rolled up; it is tried again");
    }
}

/// Minutes before this one have none, but for those that are not settled.
fn first_with_partials(now: Timestamp) -> i64 {
    Resolution::Minute.bucket(now) - PARTIALS_KEPT_MINUTES
}

/// Settles all that is over, and drops what is too old.
pub(crate) async fn work(store: &Store, schedule: Schedule, turns: &Turns, now: Timestamp) -> Result<()> {
    let floors = schedule.floors(now);
    let minutes_end = Resolution::Minute.bucket(now).max(floors.raw);
    let minutes = store.unsettled().between(Resolution::Minute, 0, minutes_end);
    for minute in minutes {
        settle_minute(store, turns, minute).await?;
    }
    let hours_end = Resolution::Hour.bucket(now).max(floors.minutes);
    let hours = store.unsettled().between(Resolution::Hour, 0, hours_end);
    for hour in hours {
        settle_hour(store, hour).await?;
    }
    let first_minute = first_with_partials(now);
    make_partials(store, turns, first_minute, PARTIAL_POINTS).await?;
    store.drop_partials(first_minute).await?;
    if store.raise_floors(floors).await? {
        store.drop_old(now).await?;
    }
    Ok(())
}

/// Makes the rows of a minute.
pub(crate) async fn settle_minute(store: &Store, turns: &Turns, minute: i64) -> Result<()> {
    let Some(change) = store.unsettled().change(Resolution::Minute, minute) else {
        return Ok(());
    };
    let named = store.named_values(minute).await?;
    let rows = raw::rows_of(minute);
    let mut pages = Pages::of(minute);
    let mut left = pages_with_names(store);
    for keys in passes(store, minute, rows.clone(), &named).await? {
        let _turn = turns.take().await;
        let mut collector = BySeries::new(keys, MOST_EXACT);
        minute::read(store, minute, rows.clone(), &mut collector).await?;
        minute::add_named(&mut collector, &store.catalogue(), &named);
        pages.add(collector).await;
        let rows = places(minute, pages.take_finished(&mut left));
        if !store.write_rows(Resolution::Minute, minute, change, rows).await? {
            // What was read is not all of it any more.
            return Ok(());
        }
    }
    pages.close();
    let mut rows = pages.take_finished(&mut left);
    // Values may have been here that count elsewhere now.
    rows.extend(left.into_iter().map(|page| (page, Vec::new())));
    let rows = places(minute, rows);
    store.settle(Resolution::Minute, minute, change, rows).await
}

/// Pages of metrics whose values may be replaced.
fn pages_with_names(store: &Store) -> HashSet<PageId> {
    let catalogue = store.catalogue();
    let metrics = catalogue.metrics().map(|(_, metric)| metric);
    metrics
        .filter(|metric| metric.kind == Kind::Histogram)
        .flat_map(Metric::all_pages)
        .collect()
}

fn places(minute: i64, pages: Vec<(PageId, Vec<u8>)>) -> Vec<(Place, Vec<u8>)> {
    let place = |page| Place {
        page,
        resolution: Resolution::Minute,
        bucket: minute,
    };
    pages.into_iter().map(|(page, row)| (place(page), row)).collect()
}

/// Splits the series, totals among them, so that the values of one part can be held at once.
async fn passes(
    store: &Store,
    minute: i64,
    rows: Range<i64>,
    named: &[NamedValue],
) -> Result<Vec<RangeInclusive<SeriesId>>> {
    let points = store.raw_points(rows.clone()).await? + named.len() as u64;
    // Each is held for its series and for the total.
    if points <= MOST_VALUES / 2 {
        return Ok(vec![ALL_SERIES]);
    }
    let mut counting = Counting::default();
    minute::read(store, minute, rows, &mut counting).await?;
    minute::add_named(&mut counting, &store.catalogue(), named);
    let (mut passes, mut first, mut held) = (Vec::new(), *ALL_SERIES.start(), 0);
    for (series, values) in counting.into_counts() {
        let room = values + SUMMARY_VALUES;
        if held + room > MOST_VALUES && held > 0 {
            passes.push(first..=SeriesId(series.0 - 1));
            (first, held) = (series, 0);
        }
        held += room;
    }
    passes.push(first..=*ALL_SERIES.end());
    Ok(passes)
}

/// Puts summaries into rows, a page in each. They come in the order of their series.
struct Pages {
    start_ms: i64,
    current: Option<(PageId, PageWriter)>,
    finished: Vec<(PageId, Vec<u8>)>,
}

impl Pages {
    fn of(minute: i64) -> Self {
        Self {
            start_ms: Resolution::Minute.start(minute).millis(),
            current: None,
            finished: Vec::new(),
        }
    }

    async fn add(&mut self, collected: BySeries) {
        for (series, part) in collected.into_parts() {
            if self
                .current
                .as_ref()
                .is_none_or(|(page, _)| *page != series.page())
            {
                self.close();
            }
            let (_, writer) = self
                .current
                .get_or_insert_with(|| (series.page(), PageWriter::default()));
            writer.push(series.slot(), &part.finish(), self.start_ms);
            tokio::task::yield_now().await;
        }
    }

    fn close(&mut self) {
        let finished = self.current.take().map(|(page, writer)| (page, writer.finish()));
        self.finished.extend(finished);
    }

    /// Whole pages, which are taken off from those that are left.
    fn take_finished(&mut self, left: &mut HashSet<PageId>) -> Vec<(PageId, Vec<u8>)> {
        for (page, _) in &self.finished {
            left.remove(page);
        }
        std::mem::take(&mut self.finished)
    }
}

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
        loop {
            let next_row = store.unsettled().covers.next_row(minute);
            let Some(next_row) = next_row else { break };
            let rest = next_row..raw::rows_of(minute).end;
            let Some(rows) = store.rows_with(rest, points).await? else {
                break;
            };
            let mut pages = Pages::of(minute);
            for keys in passes(store, minute, rows.clone(), &[]).await? {
                let _turn = turns.take().await;
                let mut collector = BySeries::new(keys, MOST_EXACT);
                minute::read(store, minute, rows.clone(), &mut collector).await?;
                pages.add(collector).await;
            }
            pages.close();
            store.write_partial(minute, &pages.finished, rows.end).await?;
        }
    }
    Ok(())
}

/// Makes the rows of an hour, when all its minutes are settled.
pub(crate) async fn settle_hour(store: &Store, hour: i64) -> Result<()> {
    let (first, end) = (hour * MINUTES_PER_HOUR, (hour + 1) * MINUTES_PER_HOUR);
    let change = {
        let unsettled = store.unsettled();
        if !unsettled.between(Resolution::Minute, first, end).is_empty() {
            return Ok(());
        }
        unsettled.change(Resolution::Hour, hour)
    };
    let Some(change) = change else { return Ok(()) };
    let pages: HashSet<PageId> = {
        let catalogue = store.catalogue();
        catalogue
            .metrics()
            .flat_map(|(_, metric)| metric.all_pages())
            .collect()
    };
    let start_ms = Resolution::Hour.start(hour).millis();
    let (mut rows, mut waiting_bytes) = (Vec::new(), 0);
    for page in pages {
        let mut summaries = BTreeMap::<u32, Summary>::new();
        store
            .for_each_row(page, Resolution::Minute, first, end, |minute, row| {
                let minute_ms = Resolution::Minute.start(minute).millis();
                for (slot, entry) in entries(row) {
                    if summaries
                        .entry(slot)
                        .or_default()
                        .merge_bytes(entry, minute_ms, true)
                        .is_none()
                    {
                        tracing::error!(
                            page = page.0,
                            minute_ms,
                            "a summary is damaged; its hour is not complete"
                        );
                    }
                }
            })
            .await?;
        let mut writer = PageWriter::default();
        for (slot, summary) in summaries {
            writer.push(slot, &summary, start_ms);
        }
        let place = Place {
            page,
            resolution: Resolution::Hour,
            bucket: hour,
        };
        let row = writer.finish();
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
