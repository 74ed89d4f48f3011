//! What goes to the database in one transaction: entries, those that may still grow, and how far the files were read.
//!
//! Made on the thread that reads the files, where blocks are closed, compressed and taken apart into tokens as well,
//! so that the writer has nothing left to do but write.

use crate::counts::Counts;
use crate::cursor::Cursor;
use crate::entry::Stream;
use crate::lines::{ContainerId, Head, Lines, Packed};
use crate::store::directory::Span;
use crate::words::Words;

/// Bytes of text in a block. Twice as much saves an eighth of the disk and makes a rare word four times as dear.
pub(crate) const BLOCK_BYTES: usize = 64 << 10;
/// Open blocks that are put together before the block is closed: each search reads them all.
const MOST_OPEN_BLOCKS: usize = 64;

/// Whether anybody has been told of an entry before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum News {
    /// It is new.
    Entry,
    /// It was there and has grown.
    Amendment,
    /// It was there as it is.
    Nothing,
}

/// An entry that may still grow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OpenEntry {
    pub(crate) head: Head,
    pub(crate) text: String,
    /// What the assembler needs to go on with it.
    pub(crate) state: Vec<u8>,
}

/// What was read of one container.
#[derive(Debug, Default)]
pub(crate) struct Chunk {
    /// Entries that are finished, and for each whether it is news.
    pub(crate) finished: Lines,
    pub(crate) news: Vec<News>,
    /// Entries that may still grow and are new or have changed.
    pub(crate) open: Vec<(OpenEntry, News)>,
    /// Streams without an entry that may still grow.
    pub(crate) closed: Vec<(ContainerId, Stream)>,
    pub(crate) cursor: Option<(ContainerId, Cursor)>,
}

/// A block that is complete.
#[derive(Debug)]
pub(crate) struct ClosedBlock {
    pub(crate) span: Span,
    pub(crate) counts: Counts,
    pub(crate) packed: Packed,
    pub(crate) words: Words,
}

/// Entries that wait for their block to be complete.
#[derive(Debug)]
pub(crate) struct OpenBlock {
    pub(crate) span: Span,
    pub(crate) counts: Counts,
    pub(crate) packed: Packed,
}

/// One transaction.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) closed: Vec<ClosedBlock>,
    /// The open blocks that are there are in `closed` or in `open` now.
    pub(crate) replaces_open: bool,
    pub(crate) open: Option<OpenBlock>,
    /// All entries of open blocks, once this is written.
    pub(crate) open_counts: Counts,
    pub(crate) open_entries: Vec<OpenEntry>,
    pub(crate) closed_streams: Vec<(ContainerId, Stream)>,
    pub(crate) cursors: Vec<(ContainerId, Cursor)>,
    /// For those who watch: entries, and for each whether it is an amendment.
    pub(crate) news: Lines,
    pub(crate) amendments: Vec<bool>,
}

impl Batch {
    pub(crate) fn is_empty(&self) -> bool {
        self.closed.is_empty()
            && self.open.is_none()
            && self.open_entries.is_empty()
            && self.closed_streams.is_empty()
            && self.cursors.is_empty()
    }
}

/// Gathers chunks into batches and closes blocks.
#[derive(Debug)]
pub(crate) struct Packer {
    /// A block has no more entries than this, however short they are.
    block_entries: usize,
    /// Entries in no closed block.
    pending: Lines,
    /// So many of them are in open blocks already.
    stored: usize,
    open_blocks: usize,
    batch: Batch,
    batch_bytes: usize,
}

impl Packer {
    /// Goes on with the entries of open blocks that the database holds.
    pub(crate) fn resume(block_entries: usize, pending: Lines, open_blocks: usize) -> Self {
        Self {
            block_entries,
            stored: pending.len(),
            pending,
            open_blocks,
            batch: Batch::default(),
            batch_bytes: 0,
        }
    }

    /// Bytes of text that wait for [`Self::take`].
    pub(crate) fn waiting_bytes(&self) -> usize {
        self.batch_bytes
    }

    pub(crate) fn add(&mut self, chunk: Chunk) {
        self.batch_bytes += chunk.finished.text_bytes();
        for ((head, text), news) in chunk.finished.iter().zip(&chunk.news) {
            // Its own block when it is that large, so that blocks stay small to read.
            if self.pending.text_bytes() + text.len() > BLOCK_BYTES || self.is_full() {
                self.close_block();
            }
            self.pending.push(*head, text);
            self.tell(*head, text, *news);
        }
        for (entry, news) in chunk.open {
            self.batch_bytes += entry.text.len();
            self.tell(entry.head, &entry.text, news);
            let stream = (entry.head.container, entry.head.stream);
            self.batch.closed_streams.retain(|closed| *closed != stream);
            self.batch
                .open_entries
                .retain(|open| (open.head.container, open.head.stream) != stream);
            self.batch.open_entries.push(entry);
        }
        for stream in chunk.closed {
            self.batch
                .open_entries
                .retain(|open| (open.head.container, open.head.stream) != stream);
            if !self.batch.closed_streams.contains(&stream) {
                self.batch.closed_streams.push(stream);
            }
        }
        if let Some((container, cursor)) = chunk.cursor {
            self.batch.cursors.retain(|(known, _)| *known != container);
            self.batch.cursors.push((container, cursor));
        }
    }

    fn is_full(&self) -> bool {
        self.pending.text_bytes() >= BLOCK_BYTES || self.pending.len() >= self.block_entries
    }

    fn tell(&mut self, head: Head, text: &str, news: News) {
        if news != News::Nothing {
            self.batch.news.push(head, text);
            self.batch.amendments.push(news == News::Amendment);
        }
    }

    fn close_block(&mut self) {
        let Some(span) = Span::of(&self.pending) else {
            return;
        };
        self.batch.closed.push(ClosedBlock {
            span,
            counts: Counts::of(&self.pending),
            packed: self.pending.pack(),
            words: Words::of(&self.pending),
        });
        self.batch.replaces_open = true;
        self.pending.clear();
        self.stored = 0;
        self.open_blocks = 0;
    }

    /// What there is to write; empty when nothing is new.
    pub(crate) fn take(&mut self) -> Batch {
        if self.is_full() {
            self.close_block();
        }
        if self.stored < self.pending.len() {
            if self.open_blocks >= MOST_OPEN_BLOCKS {
                self.batch.replaces_open = true;
                self.stored = 0;
                self.open_blocks = 0;
            }
            let new = self.pending.from(self.stored);
            self.batch.open = Span::of(&new).map(|span| OpenBlock {
                span,
                counts: Counts::of(&new),
                packed: new.pack(),
            });
            self.stored = self.pending.len();
            self.open_blocks += 1;
        }
        self.batch.open_counts = Counts::of(&self.pending);
        self.batch_bytes = 0;
        std::mem::take(&mut self.batch)
    }
}
