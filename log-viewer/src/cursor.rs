//! How far a container's log has been read: which file, and where in it.
//!
//! An inode alone says nothing after a restart: a file that is removed and made again gets the same one at once. So
//! the start of the file, and what stands before the place, are known by checksums.

use crate::nanos::Nanos;

/// A stretch of a file, known by its length and checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Mark {
    /// Bytes.
    pub(crate) length: u32,
    pub(crate) hash: u64,
}

/// A place in a file of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) device: u64,
    pub(crate) inode: u64,
    /// The start of the file.
    pub(crate) head: Mark,
    /// Bytes of the file that have been read: complete records.
    pub(crate) position: u64,
    /// What stands directly before the position.
    pub(crate) tail: Mark,
    /// When the last record before the position was written.
    pub(crate) last_at: Nanos,
}
