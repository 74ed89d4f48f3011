//! Gathers some groups and buckets from where they are: rows, or points of what is not settled yet.

use std::collections::HashSet;
use std::ops;

use super::{Range, Selection};
use crate::bucket::{MINUTES_PER_HOUR, Resolution};
use crate::minute::Minute;
use crate::page::{SeriesId, entries};
use crate::rollup::MOST_VALUES;
use crate::store::{Result, Store};
use crate::summary::{MOST_EXACT, Summary};

/// The summaries that are being gathered.
pub(super) struct Reading<'a> {
    selection: &'a Selection,
    groups: ops::Range<u32>,
    first_bucket: i64,
    summaries: Vec<Summary>,
    is_damaged: bool,
}

impl<'a> Reading<'a> {
    /// Of these groups, from a bucket up to, and without, another one.
    pub(super) fn new(selection: &'a Selection, groups: ops::Range<u32>, from: i64, to: i64) -> Self {
        let mut summaries = Vec::new();
        summaries.resize_with(groups.len() * (to - from).max(0) as usize, Summary::default);
        Self {
            selection,
            groups,
            first_bucket: from,
            summaries,
            is_damaged: false,
        }
    }

    /// Adds what a range has; `into` names the bucket that each of its buckets belongs to.
    pub(super) async fn read(
        &mut self,
        store: &Store,
        range: Range,
        into: &(dyn Fn(i64) -> i64 + Sync),
    ) -> Result<()> {
        let unsettled = store.unsettled().between(range.resolution, range.from, range.to);
        let is_unsettled = |bucket: i64| unsettled.binary_search(&bucket).is_ok();
        for page in self.selection.pages_of(&self.groups) {
            let rows = store.for_each_row(page, range.resolution, range.from, range.to, |bucket, row| {
                if is_unsettled(bucket) {
                    return;
                }
                let start = range.resolution.start(bucket).millis();
                for (slot, entry) in entries(row) {
                    self.merge(SeriesId::new(page, slot), into(bucket), start, entry);
                }
            });
            rows.await?;
        }
        for bucket in unsettled {
            match range.resolution {
                Resolution::Minute => self.read_points(store, bucket, into(bucket)).await?,
                Resolution::Hour => {
                    let minutes = Range {
                        resolution: Resolution::Minute,
                        from: bucket * MINUTES_PER_HOUR,
                        to: (bucket + 1) * MINUTES_PER_HOUR,
                    };
                    let bucket = into(bucket);
                    Box::pin(self.read(store, minutes, &|_| bucket)).await?;
                }
            }
        }
        Ok(())
    }

    fn merge(&mut self, id: SeriesId, bucket: i64, start: i64, entry: &[u8]) {
        let with_sketches = self.selection.with_sketches;
        let Some(group) = self.selection.group_of(id) else {
            return;
        };
        if let Some(summary) = self.summary(group, bucket)
            && summary.merge_bytes(entry, start, with_sketches).is_none()
        {
            self.is_damaged = true;
        }
    }

    fn summary(&mut self, group: u32, bucket: i64) -> Option<&mut Summary> {
        if !self.groups.contains(&group) {
            return None;
        }
        let bucket = usize::try_from(bucket - self.first_bucket).ok()?;
        let place = bucket * self.groups.len() + (group - self.groups.start) as usize;
        self.summaries.get_mut(place)
    }

    /// Adds the points of a minute.
    async fn read_points(&mut self, store: &Store, minute: i64, bucket: i64) -> Result<()> {
        let start_ms = Resolution::Minute.start(minute).millis();
        let names: HashSet<_> = store.names_of(minute).await?;
        let most_values = match store.raw_points(minute).await? {
            points if points <= MOST_VALUES => MOST_EXACT,
            // They do not fit; the distribution is told by the sketch.
            _ => 0,
        };
        let mut collected = Minute::new(start_ms, &names, most_values);
        store
            .for_each_raw(minute, |row| {
                let catalogue = store.catalogue();
                collected.take(row, &catalogue, |series| {
                    let group = self.selection.group_of(series).or_else(|| {
                        let metric = catalogue.metric_of_page(series.page())?;
                        self.selection.total_group(metric.total)
                    })?;
                    self.groups.contains(&group).then_some(group)
                });
            })
            .await?;
        let (parts, _) = collected.finish(&store.catalogue());
        for (group, part) in parts {
            if let Some(summary) = self.summary(group, bucket) {
                summary.merge(&part.finish());
            }
        }
        Ok(())
    }

    /// Hands out what has data.
    pub(super) fn finish(self, mut hand_out: impl FnMut(u32, i64, &Summary)) {
        if self.is_damaged {
            tracing::error!("a summary is damaged; the answer is not complete");
        }
        let mut places = self.summaries.iter();
        for bucket in self.first_bucket.. {
            let mut is_over = true;
            for group in self.groups.clone() {
                let Some(summary) = places.next() else { break };
                is_over = false;
                if summary.count > 0 {
                    hand_out(group, bucket, summary);
                }
            }
            if is_over {
                return;
            }
        }
    }
}
