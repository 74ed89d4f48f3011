//! Counts what the reading of files comes across, for those who watch it.

use std::sync::atomic::{AtomicU64, Ordering};

/// Since the service has started, but for the last.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    /// Records read.
    pub(crate) records: AtomicU64,
    /// Lines that are no records.
    pub(crate) faults: AtomicU64,
    /// Bytes of plain text read.
    pub(crate) bytes: AtomicU64,
    pub(crate) rotations: AtomicU64,
    pub(crate) truncations: AtomicU64,
    /// Bytes on the disk that are still to be read.
    pub(crate) bytes_behind: AtomicU64,
}

impl Figures {
    pub(super) fn add(counter: &AtomicU64, count: u64) {
        counter.fetch_add(count, Ordering::Relaxed);
    }
}
