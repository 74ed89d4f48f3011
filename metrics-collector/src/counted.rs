//! What has been taken since the start.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::store::commit::{Batch, Outcome, SeriesRef};

#[derive(Debug, Default)]
pub(crate) struct Counted {
    /// Points that were stored.
    pub(crate) accepted: AtomicU64,
    /// Points that could not be used.
    pub(crate) rejected: AtomicU64,
    /// Points that went to a series that stands for many.
    pub(crate) overflowing: AtomicU64,
    /// Batches that had been stored before.
    pub(crate) duplicates: AtomicU64,
}

impl Counted {
    /// Notes what became of a batch. It counts when it is committed, because who sent it may not wait for the answer.
    pub(crate) fn note(&self, batch: &Batch, outcome: &Outcome) {
        match outcome {
            Outcome::Stored { overflowing, refused } => {
                let is_stored = |series| !matches!(series, SeriesRef::New(index) if refused.contains(&index));
                let stored = batch.points.iter().filter(|point| is_stored(point.series));
                self.accepted.fetch_add(stored.count() as u64, Ordering::Relaxed);
                self.overflowing.fetch_add(*overflowing, Ordering::Relaxed);
            }
            Outcome::Duplicate => {
                self.duplicates.fetch_add(1, Ordering::Relaxed);
            }
            Outcome::Outdated => {}
        }
    }
}
