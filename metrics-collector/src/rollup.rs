//! Makes the rows of minutes from points, and those of hours from minutes.
//!
//! Each row is made of all that belongs there, in the place of what stood there: doing it again changes nothing.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use shared::clock::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::bucket::{Floors, MINUTES_PER_HOUR, Resolution};
use crate::catalogue::Catalogue;
use crate::minute::{ByKey, Minute};
use crate::page::{PageId, PageWriter, SeriesId, entries};
use crate::store::aggregated::Place;
use crate::store::{Result, Store};
use crate::summary::{MOST_EXACT, Summary};

/// Values that are held at once while a minute is made: 3 MB.
pub(crate) const MOST_VALUES: u64 = 400_000;

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

/// Works at once, and then at each interval until the service stops.
pub(crate) async fn run(store: Store, schedule: Schedule, stop: CancellationToken) {
    loop {
        let worked = stop
            .run_until_cancelled(work(&store, schedule, Timestamp::now()))
            .await;
        match worked {
            None => return,
            Some(Ok(())) => {}
            Some(Err(error)) => {
                tracing::warn!(%error, "what was measured could not be rolled up; it is tried again")
            }
        }
        if stop
            .run_until_cancelled(tokio::time::sleep(schedule.interval))
            .await
            .is_none()
        {
            return;
        }
    }
}

/// Settles all that is over, and drops what is too old.
pub(crate) async fn work(store: &Store, schedule: Schedule, now: Timestamp) -> Result<()> {
    let floors = schedule.floors(now);
    let minutes_end = Resolution::Minute.bucket(now).max(floors.raw);
    let minutes = store.unsettled().between(Resolution::Minute, 0, minutes_end);
    for minute in minutes {
        settle_minute(store, minute).await?;
    }
    let hours_end = Resolution::Hour.bucket(now).max(floors.minutes);
    let hours = store.unsettled().between(Resolution::Hour, 0, hours_end);
    for hour in hours {
        settle_hour(store, hour).await?;
    }
    if store.raise_floors(floors).await? {
        store.drop_old(now).await?;
    }
    Ok(())
}

/// Makes the rows of a minute.
pub(crate) async fn settle_minute(store: &Store, minute: i64) -> Result<()> {
    let Some(change) = store.unsettled().change(Resolution::Minute, minute) else {
        return Ok(());
    };
    let mut pages = summarise(store, minute, |_, series| Some(series)).await?;
    let totals = summarise(store, minute, |catalogue, series| {
        let metric = catalogue.metric_of_page(series.page())?;
        Some(SeriesId::new(metric.total, 0))
    });
    pages.extend(totals.await?);
    let rows = pages.into_iter().map(|(page, entries)| {
        let mut writer = PageWriter::default();
        for (slot, entry) in entries {
            writer.push_bytes(slot, &entry);
        }
        let place = Place {
            page,
            resolution: Resolution::Minute,
            bucket: minute,
        };
        (place, writer.finish())
    });
    store
        .settle(Resolution::Minute, minute, change, rows.collect())
        .await
}

/// The summaries of a minute's points by page and place there. Pages of which all points now count elsewhere are empty.
async fn summarise(
    store: &Store,
    minute: i64,
    key_of: impl Fn(&Catalogue, SeriesId) -> Option<SeriesId>,
) -> Result<BTreeMap<PageId, BTreeMap<u32, Vec<u8>>>> {
    let start_ms = Resolution::Minute.start(minute).millis();
    let names = store.names_of(minute).await?;
    let passes = store.raw_points(minute).await?.div_ceil(MOST_VALUES).max(1) as u32;
    let mut pages: BTreeMap<PageId, BTreeMap<u32, Vec<u8>>> = BTreeMap::new();
    for pass in 0..passes {
        let key_of = |catalogue: &Catalogue, series| {
            key_of(catalogue, series).filter(|key| key_in_pass(*key) % passes == pass)
        };
        let mut reading = Minute::new(start_ms, &names, ByKey::new(&key_of, MOST_EXACT));
        store
            .for_each_raw(minute, |row| reading.take(row, &store.catalogue()))
            .await?;
        let (collected, left) = reading.finish(&store.catalogue());
        for series in left {
            if let Some(key) = key_of(&store.catalogue(), series) {
                pages.entry(key.page()).or_default();
            }
        }
        for (key, part) in collected.into_parts() {
            let mut entry = Vec::new();
            part.finish().put(&mut entry, start_ms);
            pages.entry(key.page()).or_default().insert(key.slot(), entry);
            tokio::task::yield_now().await;
        }
    }
    Ok(pages)
}

/// Spreads series of one page and totals of many metrics alike.
fn key_in_pass(key: SeriesId) -> u32 {
    key.page().0.wrapping_add(key.slot())
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
            store.write_rows(std::mem::take(&mut rows)).await?;
            waiting_bytes = 0;
        }
    }
    store.settle(Resolution::Hour, hour, change, rows).await
}
