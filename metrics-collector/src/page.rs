//! The series of a metric, sixty-four to a page: what a page has of one bucket is one row.
//!
//! A row per series and bucket would be ten thousand rows a minute, and reading a day of a metric would be as many
//! again. A page keeps what is read together in one place, and its series fit the bits of a number.

use shared::packed::{put, take};

use crate::summary::Summary;

/// Series of one page.
pub(crate) const SLOTS: u32 = 64;

/// A series by its page and its place there; the total of a metric is the only series of a page of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct SeriesId(pub(crate) u32);

/// Series of one metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct PageId(pub(crate) u32);

impl SeriesId {
    pub(crate) fn new(page: PageId, slot: u32) -> Self {
        Self(page.0 * SLOTS + slot)
    }

    pub(crate) fn page(self) -> PageId {
        PageId(self.0 / SLOTS)
    }

    pub(crate) fn slot(self) -> u32 {
        self.0 % SLOTS
    }
}

/// Writes the summaries of one page, in the order of their slots.
#[derive(Debug, Default)]
pub(crate) struct PageWriter {
    bytes: Vec<u8>,
    entry: Vec<u8>,
}

impl PageWriter {
    /// Appends a summary, and answers with the bytes that it takes. `start` is when its bucket begins, in milliseconds.
    pub(crate) fn push(&mut self, slot: u32, summary: &Summary, start: i64) -> usize {
        let before = self.bytes.len();
        self.entry.clear();
        summary.put(&mut self.entry, start);
        let entry = std::mem::take(&mut self.entry);
        self.push_bytes(slot, &entry);
        self.entry = entry;
        self.bytes.len() - before
    }

    /// Appends a summary that is bytes already.
    pub(crate) fn push_bytes(&mut self, slot: u32, summary: &[u8]) {
        self.bytes.push(slot as u8);
        put(&mut self.bytes, summary.len() as u64);
        self.bytes.extend_from_slice(summary);
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// Goes through the summaries of a page; ends early when the bytes are not ours.
pub(crate) fn entries(mut bytes: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    std::iter::from_fn(move || {
        let (&slot, mut rest) = bytes.split_first()?;
        let length = usize::try_from(take(&mut rest)?).ok()?;
        let (entry, rest) = rest.split_at_checked(length)?;
        bytes = rest;
        (u32::from(slot) < SLOTS).then_some((u32::from(slot), entry))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(values in prop::collection::btree_map(0..SLOTS, prop::collection::vec(-1e3..1e3_f64, 1..5), 0..20)) {
            let mut writer = PageWriter::default();
            for (slot, values) in &values {
                let summary = Summary::of_histogram(&mut values.clone());
                writer.push(*slot, &summary, 0);
            }
            let bytes = writer.finish();

            let mut read = Vec::new();
            for (slot, entry) in entries(&bytes) {
                let mut summary = Summary::default();
                summary.merge_bytes(entry, 0, true).unwrap();
                read.push((slot, summary.count as usize));
            }
            let expected: Vec<(u32, usize)> = values.iter().map(|(slot, values)| (*slot, values.len())).collect();
            prop_assert_eq!(read, expected);
        }

        #[test]
        fn foreign_bytes_do_no_harm(bytes: Vec<u8>) {
            entries(&bytes).for_each(drop);
        }
    }

    #[test]
    fn a_series_knows_its_page() {
        let series = SeriesId::new(PageId(7), 63);

        assert_eq!((series.page(), series.slot()), (PageId(7), 63));
    }
}
