//! Puts the records of one container together to entries: parts to lines, and lines that belong together to one.
//!
//! Pure: what is pushed decides, not how it is cut into reads. What is open can be stored at any moment and resumed
//! by another process, and the entries are the same.

mod open;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::entry::{Level, Stream};
use crate::multiline::UNMISTAKABLE_GAP;
use crate::nanos::Nanos;
use crate::record::Record;

pub(crate) use open::Open;

/// How much later than its own time a record may appear in its file. Docker writes it at once, but disks stall.
pub(crate) const LATENESS: Duration = Duration::from_secs(2);

/// One line, or several that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// None before it was published.
    pub(crate) id: Option<i64>,
    /// Of its first record.
    pub(crate) at: Nanos,
    pub(crate) stream: Stream,
    pub(crate) level: Level,
    /// As it was written, with colours; its lines are joined by `\n`.
    pub(crate) text: String,
}

/// Of one container.
#[derive(Debug, Default)]
pub(crate) struct Assembler {
    /// At most one for each stream, in the order of their first records.
    open: Vec<Open>,
}

impl Assembler {
    /// Begins with nothing.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Goes on with what was open, given in the order of their first records. Of two of the same stream the later
    /// counts.
    pub(crate) fn resume(open: Vec<Open>) -> Self {
        let mut assembler = Self::new();
        for open in open {
            assembler
                .open
                .retain(|other| other.entry.stream != open.entry.stream);
            assembler.open.push(open);
        }
        assembler
    }

    /// Takes the container's next record.
    pub(crate) fn push(&mut self, record: Record<'_>, finished: &mut impl FnMut(Entry)) {
        let place = self
            .open
            .iter()
            .position(|open| open.entry.stream == record.stream);
        if let Some(place) = place {
            let open = &mut self.open[place];
            if open.takes(&record) {
                if open.is_over() {
                    finished(self.open.remove(place).close());
                }
                return;
            }
            finished(self.open.remove(place).close());
        }
        let open = Open::begin(record);
        if open.is_over() {
            finished(open.close());
        } else {
            self.open.push(open);
        }
    }

    /// What may still grow, at most one for each stream, in the order of their first records. The caller sets the
    /// entry's id when it has published it, and the id stays with the entry.
    pub(crate) fn open(&mut self) -> impl Iterator<Item = &mut Open> {
        self.open.iter_mut()
    }

    /// Finishes what no later record could continue. Only right when everything in the file has been pushed.
    pub(crate) fn expire(&mut self, now: Nanos, finished: &mut impl FnMut(Entry)) {
        let patience = UNMISTAKABLE_GAP + LATENESS;
        for open in self.open.extract_if(.., |open| open.is_forlorn(now, patience)) {
            finished(open.close());
        }
    }

    /// Finishes everything: nothing will come any more.
    pub(crate) fn finish(&mut self, finished: &mut impl FnMut(Entry)) {
        for open in self.open.drain(..) {
            finished(open.close());
        }
    }
}
