//! Summarises points of a minute, a part of the series at a time, and puts summaries into rows and out of them.

use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};

use crate::bucket::Resolution;
use crate::minute::{self, BySeries, Counting};
use crate::page::{PageId, PageWriter, SeriesId, entries};
use crate::store::replaceable::NamedValue;
use crate::store::{Result, Store};
use crate::summary::Summary;

/// Values that are held at once while a minute is made: 1.6 MB.
pub(crate) const MOST_VALUES: u64 = 200_000;

/// A summary takes as much room as so many values, about.
const SUMMARY_VALUES: u64 = 32;
pub(super) const ALL_SERIES: RangeInclusive<SeriesId> = SeriesId(0)..=SeriesId(u32::MAX);

/// Splits the series, totals among them, so that the values of one part can be held at once.
pub(super) async fn passes(
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

/// What series come to.
pub(super) type Summaries = BTreeMap<SeriesId, Summary>;

/// Adds what a row has of the series of a page. `start_ms` is when its bucket begins.
pub(super) fn add_row(summaries: &mut Summaries, page: PageId, start_ms: i64, row: &[u8]) {
    for (slot, entry) in entries(row) {
        let summary = summaries.entry(SeriesId::new(page, slot)).or_default();
        if summary.merge_bytes(entry, start_ms, true).is_none() {
            tracing::error!(
                page = page.0,
                start_ms,
                "a summary is damaged; what is made of it is not complete"
            );
        }
    }
}

/// Puts summaries into rows, a page in each. They come in the order of their series.
pub(super) struct Pages {
    start_ms: i64,
    current: Option<(PageId, PageWriter)>,
    finished: Vec<(PageId, Vec<u8>)>,
}

impl Pages {
    pub(super) fn of(minute: i64) -> Self {
        Self {
            start_ms: Resolution::Minute.start(minute).millis(),
            current: None,
            finished: Vec::new(),
        }
    }

    pub(super) async fn add(&mut self, collected: BySeries) {
        for (series, part) in collected.into_parts() {
            self.push(series, &part.finish());
            tokio::task::yield_now().await;
        }
    }

    /// Answers with the bytes that it takes.
    pub(super) fn push(&mut self, series: SeriesId, summary: &Summary) -> usize {
        let is_of_current = |(page, _): &(PageId, PageWriter)| *page == series.page();
        if !self.current.as_ref().is_some_and(is_of_current) {
            self.close();
        }
        let (_, writer) = self
            .current
            .get_or_insert_with(|| (series.page(), PageWriter::default()));
        writer.push(series.slot(), summary, self.start_ms)
    }

    /// Nothing more comes of the last page.
    pub(super) fn close(&mut self) {
        let finished = self.current.take().map(|(page, writer)| (page, writer.finish()));
        self.finished.extend(finished);
    }

    pub(super) fn take_finished(&mut self) -> Vec<(PageId, Vec<u8>)> {
        std::mem::take(&mut self.finished)
    }
}
