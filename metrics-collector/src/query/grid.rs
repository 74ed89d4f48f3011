//! Gathers what some groups come to in some buckets: the rows of what is settled.

use std::collections::BTreeMap;
use std::ops;

use super::{Distributions, Range, Row, Selection, TooMany};
use crate::bucket::{MINUTES_PER_HOUR, Resolution, hour_of};
use crate::page::{PageId, SeriesId, entries};
use crate::sketch::Sketch;
use crate::store::aggregated::Place;
use crate::store::covers::Cover;
use crate::store::so_far::Minutes;
use crate::store::{ROWS_PER_READ, Result, Store};
use crate::summary::Summary;

/// The buckets of a range whose rows do not hold yet all that belongs there, as they were at one moment.
pub(super) struct Unsettled {
    minutes: Vec<i64>,
    /// Of each of these minutes.
    covers: Vec<Cover>,
    hours: Vec<i64>,
    /// Of those of these hours that have rows with what they have come to so far, and which of them are valid.
    so_far: Vec<(i64, i64)>,
}

impl Unsettled {
    pub(super) fn of(store: &Store, range: Range) -> Self {
        let minutes = range.in_minutes();
        let unsettled = store.unsettled();
        let last_hour = hour_of(minutes.to + MINUTES_PER_HOUR - 1);
        let open = unsettled.between(Resolution::Minute, minutes.from, minutes.to);
        let hours = unsettled.between(Resolution::Hour, hour_of(minutes.from), last_hour);
        let so_far = hours
            .iter()
            .filter_map(|hour| Some((*hour, unsettled.so_far.generation(*hour)?)));
        Self {
            covers: open.iter().map(|minute| unsettled.covers.of(*minute)).collect(),
            so_far: so_far.collect(),
            minutes: open,
            hours,
        }
    }

    fn contains(&self, resolution: Resolution, bucket: i64) -> bool {
        let buckets = match resolution {
            Resolution::Minute => &self.minutes,
            Resolution::Hour => &self.hours,
        };
        buckets.binary_search(&bucket).is_ok()
    }

    /// The buckets of the range, each with its minutes of which partials and points have to be read.
    pub(super) fn buckets(&self, range: Range) -> Vec<(i64, Vec<(i64, &Cover)>)> {
        let minutes = || self.minutes.iter().copied().zip(&self.covers);
        match range.resolution {
            Resolution::Minute => minutes()
                .map(|(minute, cover)| (minute, vec![(minute, cover)]))
                .collect(),
            Resolution::Hour => {
                let minutes_of =
                    |hour: i64| minutes().filter(|(minute, _)| hour_of(*minute) == hour).collect();
                self.hours.iter().map(|hour| (*hour, minutes_of(*hour))).collect()
            }
        }
    }
}

/// The summaries that are being gathered.
pub(super) struct Grid<'a> {
    pub(super) selection: &'a Selection,
    groups: ops::Range<u32>,
    first_bucket: i64,
    summaries: Vec<Summary>,
    is_damaged: bool,
}

impl<'a> Grid<'a> {
    pub(super) fn new(selection: &'a Selection, groups: ops::Range<u32>, buckets: ops::Range<i64>) -> Self {
        let empty = || {
            let mut summary = Summary::default();
            summary.sketch = (selection.distributions == Distributions::Rough).then(Sketch::rough);
            summary
        };
        let mut summaries = Vec::new();
        summaries.resize_with(
            groups.len() * (buckets.end - buckets.start).max(0) as usize,
            empty,
        );
        Self {
            selection,
            groups,
            first_bucket: buckets.start,
            summaries,
            is_damaged: false,
        }
    }

    /// Adds what is settled of a range to one bucket: of an hour that is not, its minutes that are.
    pub(super) async fn read_settled(
        &mut self,
        store: &Store,
        range: Range,
        unsettled: &Unsettled,
        bucket: i64,
    ) -> Result<()> {
        if range.resolution == Resolution::Minute {
            return self.read_minutes(store, range, unsettled, bucket).await;
        }
        self.read_rows(store, &self.pages(), range, unsettled, &|_| bucket)
            .await?;
        let hours = unsettled.hours.iter().copied();
        for hour in hours.filter(|hour| (range.from..range.to).contains(hour)) {
            self.read_minutes(store, Range::minutes_of(hour), unsettled, bucket)
                .await?;
        }
        Ok(())
    }

    /// Adds the settled minutes of a range to one bucket, many at once where there are rows with what an hour has come to so
    /// far.
    async fn read_minutes(
        &mut self,
        store: &Store,
        range: Range,
        unsettled: &Unsettled,
        bucket: i64,
    ) -> Result<()> {
        let begins_in_range = |hour: i64| (range.from..range.to).contains(&(hour * MINUTES_PER_HOUR));
        let so_far = unsettled.so_far.iter().find(|(hour, _)| begins_in_range(*hour));
        let pages = self.pages();
        let Some((hour, generation)) = so_far else {
            return self.read_rows(store, &pages, range, unsettled, &|_| bucket).await;
        };
        let is_settled = |minute| !unsettled.contains(Resolution::Minute, minute);
        let wanted = Minutes::of(*hour, range.to, is_settled);
        let start = Resolution::Hour.start(*hour).millis();
        for pages in pages.chunks(ROWS_PER_READ) {
            // By what their rows hold.
            let mut held = BTreeMap::<Minutes, Vec<PageId>>::new();
            let mut rows = store.hour_so_far(pages, *hour, *generation).await?;
            for page in pages {
                let row = rows.remove(page);
                // One may hold a minute that was settled since we began, which is read from its points.
                let row = row.filter(|row| row.minutes.without(wanted).is_empty());
                for (slot, entry) in row.iter().flat_map(|row| entries(&row.data)) {
                    self.merge(SeriesId::new(*page, slot), bucket, start, entry);
                }
                let minutes = row.map(|row| row.minutes).unwrap_or_default();
                held.entry(minutes).or_default().push(*page);
            }
            for (held, pages) in held {
                let mut ranges = wanted.without(held).ranges(*hour);
                ranges.push((range.from, hour * MINUTES_PER_HOUR));
                ranges.push(((hour + 1) * MINUTES_PER_HOUR, range.to));
                for (from, to) in ranges.into_iter().filter(|(from, to)| from < to) {
                    let range = Range { from, to, ..range };
                    self.read_rows(store, &pages, range, unsettled, &|_| bucket)
                        .await?;
                }
            }
        }
        Ok(())
    }

    /// Adds the rows of pages in a range. `into` names the bucket that each bucket belongs to.
    pub(super) async fn read_rows(
        &mut self,
        store: &Store,
        pages: &[PageId],
        range: Range,
        unsettled: &Unsettled,
        into: &(dyn Fn(i64) -> i64 + Sync),
    ) -> Result<()> {
        store
            .for_each_row(pages, range.resolution, range.from, range.to, |place, row| {
                let Place { page, bucket, .. } = place;
                if unsettled.contains(range.resolution, bucket) {
                    return;
                }
                let start = range.resolution.start(bucket).millis();
                for (slot, entry) in entries(row) {
                    self.merge(SeriesId::new(page, slot), into(bucket), start, entry);
                }
            })
            .await
    }

    /// The pages that have a series of what is gathered.
    pub(super) fn pages(&self) -> Vec<PageId> {
        self.selection.pages_of(&self.groups)
    }

    /// Adds an entry of a row, when its series is gathered here. `start` is when the row's bucket begins, in milliseconds.
    pub(super) fn merge(&mut self, id: SeriesId, bucket: i64, start: i64, entry: &[u8]) {
        let with_sketch = self.selection.distributions != Distributions::None;
        let group = self
            .selection
            .page(id.page())
            .map(|page| page[id.slot() as usize]);
        let place = group.and_then(|group| self.place(group, bucket));
        if let Some(place) = place
            && self.summaries[place]
                .merge_bytes(entry, start, with_sketch)
                .is_none()
        {
            self.is_damaged = true;
        }
    }

    /// Where the summary of a group in a bucket is; `None` when it is not gathered here.
    pub(super) fn place(&self, group: u32, bucket: i64) -> Option<usize> {
        if !self.groups.contains(&group) {
            return None;
        }
        let bucket = usize::try_from(bucket - self.first_bucket).ok()?;
        let place = bucket * self.groups.len() + (group - self.groups.start) as usize;
        (place < self.summaries.len()).then_some(place)
    }

    pub(super) fn at(&mut self, place: usize) -> &mut Summary {
        &mut self.summaries[place]
    }

    /// Hands a row out for what has data.
    pub(super) fn finish(
        self,
        mut hand_out: impl FnMut(Row) -> std::result::Result<(), TooMany>,
    ) -> std::result::Result<(), TooMany> {
        if self.is_damaged {
            tracing::error!("a summary is damaged; the answer is not complete");
        }
        let places =
            (self.first_bucket..).flat_map(|bucket| self.groups.clone().map(move |group| (group, bucket)));
        for ((group, bucket), summary) in places.zip(&self.summaries) {
            if summary.count > 0 {
                hand_out(Row::new(group, bucket, summary))?;
            }
        }
        Ok(())
    }
}
