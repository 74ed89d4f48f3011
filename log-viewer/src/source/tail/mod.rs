//! Follows the log of one container through its files.
//!
//! The files that are still to be read are held open, so that nothing Docker does to their names matters.

mod find;

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use memchr::memchr;

use super::figures::Figures;
use super::meanwhile::others_act;
use super::publish::{Numbers, Publisher};
use super::stretch::{Bytes, Found, Stretch};
use crate::batch::{Chunk, OpenEntry};
use crate::cursor::Cursor;
use crate::lines::ContainerId;
use crate::nanos::Nanos;
use crate::record;

/// The reader's place in one container's log.
#[derive(Debug)]
pub(super) struct Tail {
    folder: PathBuf,
    log_name: String,
    /// For messages.
    pub(super) name: String,
    /// Files to be read, the oldest first. The last one is the current one.
    queue: VecDeque<Stretch>,
    /// Another file has taken the current one's name, so nothing will be written to it any more.
    is_rotated: bool,
    /// The folder is gone.
    pub(super) is_gone: bool,
    /// A place that was reached before the first file of the queue.
    known: Option<Cursor>,
    /// There is nothing more in the file of that place.
    is_known_done: bool,
    last_at: Nanos,
    /// The place has moved since it was last told.
    has_moved: bool,
    publisher: Publisher,
}

/// What all containers share while they are read.
#[derive(Debug)]
pub(super) struct Shared<'a> {
    pub(super) buffer: &'a mut Vec<u8>,
    pub(super) numbers: &'a mut Numbers,
    pub(super) figures: &'a Figures,
    pub(super) now: Nanos,
    /// Of a new container so much is read.
    pub(super) backfill: u64,
}

/// What there is to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// There is more to read.
    More,
    /// Everything has been read.
    Wait,
    /// There will never be more.
    Ended,
}

impl Tail {
    pub(super) fn new(
        container: ContainerId,
        folder: &Path,
        docker_id: &str,
        known: Option<Cursor>,
        open: Vec<OpenEntry>,
    ) -> Self {
        Self {
            folder: folder.to_owned(),
            log_name: format!("{docker_id}-json.log"),
            name: String::new(),
            queue: VecDeque::new(),
            is_rotated: false,
            is_gone: false,
            last_at: known.map_or(Nanos(i64::MIN), |cursor| cursor.last_at),
            known,
            is_known_done: false,
            has_moved: false,
            publisher: Publisher::resume(container, open),
        }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn log(&self) -> PathBuf {
        self.folder.join(&self.log_name)
    }

    pub(super) fn is_begun(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Files that are held open beside the current one.
    pub(super) fn old_files(&self) -> usize {
        self.queue.len().saturating_sub(1)
    }

    pub(super) fn behind(&self) -> u64 {
        self.queue.iter().map(Stretch::behind).sum()
    }

    /// How far the log has been read.
    pub(super) fn cursor(&self) -> Option<Cursor> {
        // Of an empty file nothing is known by which it could be found again.
        let place = self.queue.front().map(|stretch| stretch.cursor(self.last_at));
        place.filter(|place| place.position > 0).or(self.known)
    }

    /// Reads one buffer.
    pub(super) fn step(&mut self, shared: &mut Shared<'_>) -> io::Result<Next> {
        match self.read(shared) {
            // The folder has gone since it was last seen.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Next::Wait),
            result => result,
        }
    }

    fn read(&mut self, shared: &mut Shared<'_>) -> io::Result<Next> {
        if self.queue.is_empty() && !self.is_gone {
            self.begin(shared)?;
        }
        let Some(stretch) = self.queue.front_mut() else {
            return Ok(self.wait(shared));
        };
        match stretch.read(shared.buffer)? {
            Found::Changed if self.is_gone => Ok(self.wait(shared)),
            Found::Changed => {
                self.find_after_truncation(shared)?;
                Ok(Next::More)
            }
            Found::Begun => {
                if self.is_gone || !self.find_what_was_missed()? {
                    self.accept_front()?;
                }
                Ok(Next::More)
            }
            Found::Bytes(bytes) => {
                self.take(bytes, shared);
                self.go_on(bytes, shared)
            }
        }
    }

    /// Finishes every entry, though more may come.
    pub(super) fn finish(&mut self, numbers: &mut Numbers) {
        self.publisher.finish(numbers);
    }

    /// What was read since this was last called; `None` when it is nothing.
    pub(super) fn take_chunk(&mut self, numbers: &mut Numbers) -> Option<Chunk> {
        let cursor = std::mem::take(&mut self.has_moved)
            .then(|| self.cursor())
            .flatten();
        self.publisher.take(cursor, numbers)
    }

    /// Takes the complete lines.
    fn take(&mut self, bytes: Bytes, shared: &mut Shared<'_>) {
        let Some(stretch) = self.queue.front_mut() else {
            return;
        };
        let mut faults = u64::from(bytes.is_fault);
        let mut records = 0;
        let mut rest = &shared.buffer[bytes.start..bytes.lines_end];
        while let Some(end) = memchr(b'\n', rest) {
            let line = &rest[..end];
            rest = &rest[end + 1..];
            if stretch.take_skipping() {
                continue;
            }
            match record::parse(line) {
                Ok(record) => {
                    self.last_at = record.at;
                    self.publisher.push(record, shared.numbers);
                    records += 1;
                }
                Err(_) => faults += 1,
            }
        }
        self.has_moved |= bytes.lines_end > bytes.start;
        stretch.advance(shared.buffer, bytes, bytes.lines_end);
        Figures::add(&shared.figures.records, records);
        Figures::add(&shared.figures.faults, faults);
        Figures::add(&shared.figures.bytes, (bytes.lines_end - bytes.start) as u64);
    }

    fn accept_front(&mut self) -> io::Result<()> {
        self.queue.front_mut().map_or(Ok(()), Stretch::accept)
    }

    /// Decides what comes after the bytes.
    fn go_on(&mut self, bytes: Bytes, shared: &mut Shared<'_>) -> io::Result<Next> {
        if !bytes.is_last {
            return Ok(Next::More);
        }
        let is_complete = self.queue.len() > 1 || self.is_rotated || self.is_gone;
        if is_complete {
            self.take_last_line(bytes, shared);
        }
        if self.queue.len() > 1 {
            if let Some(done) = self.queue.pop_front() {
                self.remember(done.cursor(self.last_at), true);
            }
            return Ok(Next::More);
        }
        if self.is_gone {
            return Ok(self.wait(shared));
        }
        if self.is_rotated {
            return self.find_after_rotation(shared);
        }
        others_act();
        match fs::metadata(self.log()) {
            Ok(metadata) => {
                let inode = (metadata.dev(), metadata.ino());
                self.is_rotated = self.queue.front().is_some_and(|stretch| stretch.inode != inode);
            }
            // Between Docker's renaming and its making of a new one, or the container has just been removed.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        if self.is_rotated {
            // The writer may have written between our read and its rotation.
            return Ok(Next::More);
        }
        if bytes.lines_end == bytes.end {
            self.publisher.expire(shared.now, shared.numbers);
        }
        Ok(Next::Wait)
    }

    /// A file to which nothing will be added may end without a newline.
    fn take_last_line(&mut self, bytes: Bytes, shared: &mut Shared<'_>) {
        let Some(stretch) = self.queue.front_mut() else {
            return;
        };
        let is_skipped = stretch.take_skipping();
        let line = &shared.buffer[bytes.lines_end..bytes.end];
        if stretch.content.is_damaged() {
            tracing::warn!(
                container.name = self.name,
                "a compressed log ends before its time"
            );
        }
        if line.is_empty() {
            return;
        }
        let after = Bytes {
            start: bytes.lines_end,
            ..bytes
        };
        match record::parse(line) {
            _ if is_skipped => {}
            Ok(record) => {
                self.last_at = record.at;
                self.publisher.push(record, shared.numbers);
                Figures::add(&shared.figures.records, 1);
            }
            Err(_) => Figures::add(&shared.figures.faults, 1),
        }
        Figures::add(&shared.figures.bytes, line.len() as u64);
        stretch.advance(shared.buffer, after, bytes.end);
        self.has_moved = true;
    }

    /// Nothing is there to be read.
    fn wait(&mut self, shared: &mut Shared<'_>) -> Next {
        if self.is_gone {
            self.publisher.finish(shared.numbers);
            return Next::Ended;
        }
        self.publisher.expire(shared.now, shared.numbers);
        Next::Wait
    }
}
