//! Hours, made from the rows of their minutes.

use std::collections::{BTreeMap, HashSet};

use crate::bucket::{MINUTES_PER_HOUR, Resolution};
use crate::page::{PageId, PageWriter, entries};
use crate::store::aggregated::Place;
use crate::store::{Result, Store};
use crate::summary::Summary;

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
