//! Points that come late: they are added to rows of minutes and hours that are made of no points any more.

use std::collections::BTreeMap;

use sqlx::SqliteConnection;

use super::Result;
use super::aggregated::{self, Place};
use crate::page::{PageWriter, entries};
use crate::summary::Summary;

/// Adds what late points come to, by the place on the page.
pub(super) async fn add(
    tx: &mut SqliteConnection,
    late: BTreeMap<Place, BTreeMap<u32, Summary>>,
) -> Result<()> {
    if late.is_empty() {
        return Ok(());
    }
    let places: Vec<Place> = late.keys().copied().collect();
    let stored: BTreeMap<Place, Vec<u8>> = aggregated::get(tx, &places).await?.into_iter().collect();
    let rows = late.into_iter().map(|(place, added)| {
        let before = stored.get(&place).map(Vec::as_slice).unwrap_or_default();
        (place, with_added(place, before, added))
    });
    aggregated::put(tx, &rows.collect::<Vec<_>>()).await
}

/// A row with more in it.
fn with_added(place: Place, row: &[u8], added: BTreeMap<u32, Summary>) -> Vec<u8> {
    let start = place.resolution.start(place.bucket).millis();
    let mut added = added.into_iter().peekable();
    let mut writer = PageWriter::default();
    for (slot, entry) in entries(row) {
        while let Some((new_slot, summary)) = added.next_if(|(new_slot, _)| *new_slot < slot) {
            writer.push(new_slot, &summary, start);
        }
        match added.next_if(|(new_slot, _)| *new_slot == slot) {
            Some((_, more)) => {
                let mut summary = Summary::default();
                if summary.merge_bytes(entry, start, true).is_none() {
                    tracing::error!(
                        page = place.page.0,
                        bucket = place.bucket,
                        "a summary is damaged; it begins anew"
                    );
                    summary = Summary::default();
                }
                summary.merge(&more);
                writer.push(slot, &summary, start);
            }
            None => writer.push_bytes(slot, entry),
        }
    }
    for (slot, summary) in added {
        writer.push(slot, &summary, start);
    }
    writer.finish()
}
