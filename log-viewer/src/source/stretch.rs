//! One log file that is being read: how far, and whether it is still the same file.

use std::io;

use memchr::{memchr, memrchr};

use super::content::Content;
use super::files::{Inode, LogFile};
use super::mark::{TAIL_BYTES, has_first_line, is_whole, read_head};
use crate::cursor::{Cursor, Mark};
use crate::nanos::Nanos;

/// Read at once.
pub(super) const BUFFER_BYTES: usize = 256 << 10;
/// A longer line is no record of Docker's, which cuts at 16 KiB.
const LONGEST_LINE_BYTES: usize = 8 << 20;
const SCAN_BYTES: usize = 64 << 10;

/// From a place in a file on.
#[derive(Debug)]
pub(super) struct Stretch {
    pub(super) content: Content,
    pub(super) inode: Inode,
    pub(super) position: u64,
    head: Mark,
    is_head_whole: bool,
    /// The head has the first line's end, by which the file can be told from others that begin with the same text.
    has_first_line: bool,
    tail: Mark,
    /// The position is in a line that is too long.
    is_skipping: bool,
}

/// What a read has found in the buffer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// What was read before is not there any more: the file was truncated.
    Changed,
    /// The file was empty until now, or had half a line. It may have been filled and truncated meanwhile, unseen.
    Begun,
    Bytes(Bytes),
}

/// New bytes, by their places in the buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bytes {
    /// Before them stands what was read before.
    pub(super) start: usize,
    /// Where the last complete line ends.
    pub(super) lines_end: usize,
    pub(super) end: usize,
    /// The file ends here as well.
    pub(super) is_last: bool,
    /// A line begins here that is too long to be a record.
    pub(super) is_fault: bool,
}

impl Stretch {
    /// A file from its start.
    pub(super) fn whole(file: LogFile) -> Self {
        Self {
            head: file.head(),
            is_head_whole: file.is_head_whole(),
            has_first_line: file.has_first_line(),
            content: file.content,
            inode: file.inode,
            position: 0,
            tail: Mark::of(&[]),
            is_skipping: false,
        }
    }

    /// Goes on in the cursor's file.
    pub(super) fn resume(file: LogFile, cursor: &Cursor) -> Self {
        Self {
            position: cursor.position,
            tail: cursor.tail,
            head: cursor.head,
            is_head_whole: false,
            ..Self::whole(file)
        }
    }

    /// From the first line that begins there or later.
    pub(super) fn from_offset(file: LogFile, offset: u64) -> io::Result<Self> {
        let mut stretch = Self::whole(file);
        let Some(mut at) = offset.checked_sub(1) else {
            return Ok(stretch);
        };
        let content = &mut stretch.content;
        let mut buffer = vec![0; SCAN_BYTES];
        stretch.position = loop {
            let count = content.read_at(at, &mut buffer)?;
            if let Some(newline) = memchr(b'\n', &buffer[..count]) {
                break at + newline as u64 + 1;
            }
            at += count as u64;
            if count < buffer.len() {
                // The last line has no end yet. It is not ours.
                stretch.is_skipping = true;
                break at;
            }
        };
        let tail_start = stretch.position.saturating_sub(TAIL_BYTES as u64);
        let count = content.read_at(
            tail_start,
            &mut buffer[..(stretch.position - tail_start) as usize],
        )?;
        stretch.tail = Mark::of(&buffer[..count]);
        content.keep(tail_start, &buffer[..count]);
        Ok(stretch)
    }

    pub(super) fn cursor(&self, last_at: Nanos) -> Cursor {
        Cursor {
            device: self.inode.0,
            inode: self.inode.1,
            head: self.head,
            position: self.position,
            tail: self.tail,
            last_at,
        }
    }

    /// Bytes that are still to be read.
    pub(super) fn behind(&self) -> u64 {
        self.content.size().unwrap_or(0).saturating_sub(self.position)
    }

    /// Reads what comes next; the buffer grows when a single line is longer.
    ///
    /// Each read begins with what was read last, so that a truncation is never overlooked, even if the file
    /// has grown past its old size again.
    pub(super) fn read(&mut self, buffer: &mut Vec<u8>) -> io::Result<Found> {
        let start = self.tail.length as usize;
        let offset = self.position - u64::from(self.tail.length);
        loop {
            let end = self.content.read_at(offset, buffer)?;
            let is_known = self.position > 0 || self.has_first_line;
            if !is_known && (end > 0 && self.head.length == 0 || has_first_line(&buffer[..end])) {
                return Ok(Found::Begun);
            }
            // Where nothing was read yet, the start is all that is known.
            let is_other = offset == 0 && !self.head.begins(&buffer[..end]);
            if is_other || !self.tail.begins(&buffer[..end]) {
                return Ok(Found::Changed);
            }
            let mut bytes = Bytes {
                start,
                lines_end: start,
                end,
                is_last: end < buffer.len(),
                is_fault: false,
            };
            // Half a line stays half a line, or another file's first line would be taken for its other half.
            if is_known && end > start && !self.refresh_head()? {
                return Ok(Found::Changed);
            }
            let new = &buffer[start..end];
            if let Some(newline) = memrchr(b'\n', new) {
                bytes.lines_end = start + newline + 1;
            } else if !bytes.is_last {
                let is_nothing = new.iter().all(|byte| *byte == 0);
                if !is_nothing && !self.is_skipping && buffer.len() < LONGEST_LINE_BYTES {
                    let length = buffer.len() * 2;
                    // Read before it grows, a compressed file would have to be decoded from its start.
                    self.content.keep(offset, &buffer[..end]);
                    buffer.resize(length, 0);
                    continue;
                }
                // A run of NUL bytes is not the start of a line: a good record may follow directly.
                bytes.is_fault = is_nothing || !self.is_skipping;
                self.is_skipping |= !is_nothing;
                bytes.lines_end = end;
            }
            return Ok(Found::Bytes(bytes));
        }
    }

    /// Takes a file of which nothing was read for what it is now.
    pub(super) fn accept(&mut self) -> io::Result<()> {
        self.head = Mark::default();
        self.is_head_whole = false;
        self.has_first_line = false;
        self.refresh_head().map(drop)
    }

    /// Marks what was read up to this place of the buffer as done.
    pub(super) fn advance(&mut self, buffer: &[u8], bytes: Bytes, done: usize) {
        self.position += (done - bytes.start) as u64;
        self.tail = Mark::of_tail(&buffer[..done]);
        let tail_start = done - self.tail.length as usize;
        self.content.keep(
            self.position - u64::from(self.tail.length),
            &buffer[tail_start..bytes.end],
        );
    }

    /// Whether the next line is the rest of one that is too long. It is asked once for each line.
    pub(super) fn take_skipping(&mut self) -> bool {
        std::mem::take(&mut self.is_skipping)
    }

    /// While the file is short, its start is known in part only. False when it begins otherwise now.
    fn refresh_head(&mut self) -> io::Result<bool> {
        if self.is_head_whole || self.content.is_gz() {
            return Ok(true);
        }
        let head = read_head(&mut self.content)?;
        let is_same = self.head.begins(&head);
        if is_same {
            self.head = Mark::of(&head);
            self.is_head_whole = is_whole(&head);
            self.has_first_line = has_first_line(&head);
        }
        Ok(is_same)
    }
}
