//! Where a container's reading goes on: at the start, and when its files were rotated or truncated.

use std::collections::VecDeque;
use std::io;

use super::{Next, Shared, Tail};
use crate::cursor::Cursor;
use crate::source::figures::Figures;
use crate::source::files::{self, LogFile};
use crate::source::place::{self, Place};
use crate::source::stretch::Stretch;

/// Looks at the files before a place counts as gone.
const LOOKS: usize = 4;

impl Tail {
    pub(super) fn remember(&mut self, place: Cursor, is_done: bool) {
        // Of a file of which nothing was read there is nothing to be remembered.
        if place.position > 0 {
            self.known = Some(place);
            self.is_known_done = is_done;
        }
    }

    /// Finds the place where reading begins.
    pub(super) fn begin(&mut self, shared: &mut Shared<'_>) -> io::Result<()> {
        if let Some(cursor) = self.known {
            let (files, place) = self.locate(&cursor, place::find)?;
            if matches!(place, Place::Gone(_)) && cursor.position > 0 && !files.is_empty() {
                tracing::info!(
                    container.name = self.name,
                    "the log was replaced while it was not watched; lines that are not on the disk any more are lost"
                );
            }
            self.queue = take_up(files, place, &cursor);
            return Ok(());
        }
        let files = files::open_all(&self.folder, &self.log_name)?;
        if let Some(start) = place::begin(&files, shared.backfill) {
            if start.skips_any {
                // What is skipped is older than this.
                self.last_at = shared.now;
            }
            let mut files = files.into_iter().skip(start.file);
            if let Some(first) = files.next() {
                let first = Stretch::from_offset(first, start.offset)?;
                self.has_moved = first.position > 0;
                self.queue.push_back(first);
            }
            self.queue.extend(files.map(Stretch::whole));
        }
        Ok(())
    }

    /// The files, and the place among them.
    ///
    /// They may just be moved, copied or cut: a copy looks like the current file until that one is cut, and then neither
    /// is where it was looked for. What is gone must be gone at several looks.
    fn locate(
        &self,
        cursor: &Cursor,
        find: impl Fn(&Cursor, &mut [LogFile]) -> Place,
    ) -> io::Result<(Vec<LogFile>, Place)> {
        let mut looks = 1;
        loop {
            let mut files = files::open_all(&self.folder, &self.log_name)?;
            let place = find(cursor, &mut files);
            if matches!(place, Place::In(_)) || looks == LOOKS {
                return Ok((files, place));
            }
            looks += 1;
        }
    }

    /// Goes on with the files that came after the one that has been read to its end.
    pub(super) fn find_after_rotation(&mut self, shared: &mut Shared<'_>) -> io::Result<Next> {
        let Some(cursor) = self.queue.front().map(|stretch| stretch.cursor(self.last_at)) else {
            return Ok(Next::Wait);
        };
        if cursor.head.length == 0 {
            // It was empty whenever we looked, which does not say that it always was.
            let is_any = self.find_what_was_missed()?;
            return Ok(if is_any { Next::More } else { Next::Wait });
        }
        let (files, place) = self.locate(&cursor, place::find_done)?;
        let newer = take_up_after(files, place, &cursor);
        if newer.is_empty() {
            // Docker is just about to make it.
            return Ok(Next::Wait);
        }
        Figures::add(&shared.figures.rotations, newer.len() as u64);
        self.remember(cursor, true);
        self.queue = newer;
        self.is_rotated = false;
        Ok(Next::More)
    }

    /// Begins with the files anew after the last place that was reached. Of the current one nothing has been read, so
    /// that it may have been filled, copied and truncated unseen. False when there is nothing else to read.
    pub(super) fn find_what_was_missed(&mut self) -> io::Result<bool> {
        let front = self.queue.front().map(|stretch| stretch.cursor(self.last_at));
        let Some(cursor) = self.known.or(front) else {
            return Ok(false);
        };
        let queue = if self.is_known_done {
            let (files, place) = self.locate(&cursor, place::find_done)?;
            take_up_after(files, place, &cursor)
        } else {
            let (files, place) = self.locate(&cursor, place::find)?;
            take_up(files, place, &cursor)
        };
        let is_any = !queue.is_empty();
        if is_any {
            self.queue = queue;
            self.is_rotated = false;
        }
        Ok(is_any)
    }

    /// Finishes the copy if there is one, and begins the file anew.
    pub(super) fn find_after_truncation(&mut self, shared: &mut Shared<'_>) -> io::Result<()> {
        let Some(cursor) = self.queue.front().map(|stretch| stretch.cursor(self.last_at)) else {
            return Ok(());
        };
        if cursor.position == 0 {
            Figures::add(&shared.figures.truncations, 1);
            if !self.find_what_was_missed()? {
                self.accept_front()?;
            }
            return Ok(());
        }
        let (files, place) = self.locate(&cursor, place::find)?;
        tracing::info!(
            container.name = self.name,
            copy.found = matches!(place, Place::In(_)),
            "a log was truncated"
        );
        Figures::add(&shared.figures.truncations, 1);
        self.remember(cursor, false);
        self.queue = take_up(files, place, &cursor);
        self.is_rotated = false;
        Ok(())
    }
}

/// After a file that has been read to its end.
fn take_up_after(files: Vec<LogFile>, place: Place, cursor: &Cursor) -> VecDeque<Stretch> {
    match place {
        Place::In(own) => files.into_iter().skip(own + 1).map(Stretch::whole).collect(),
        gone @ Place::Gone(_) => take_up(files, gone, cursor),
    }
}

fn take_up(files: Vec<LogFile>, place: Place, cursor: &Cursor) -> VecDeque<Stretch> {
    match place {
        Place::In(own) => {
            let mut files = files.into_iter().skip(own);
            let first = files.next().map(|file| Stretch::resume(file, cursor));
            first.into_iter().chain(files.map(Stretch::whole)).collect()
        }
        Place::Gone(unread) => files
            .into_iter()
            .enumerate()
            .filter(|(index, _)| unread.contains(index))
            .map(|(_, file)| Stretch::whole(file))
            .collect(),
    }
}
