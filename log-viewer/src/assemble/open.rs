//! An entry that may still grow, and what must be known to let it.

use std::time::Duration;

use super::{Entry, LATENESS};
use crate::entry::{Level, Stream};
use crate::level;
use crate::multiline::{State, UNMISTAKABLE_GAP, is_json_object};
use crate::nanos::Nanos;
use crate::record::Record;

/// A longer line is cut.
const LONGEST_LINE_BYTES: usize = 1024 * 1024;

/// Stands at the end of a line that was cut.
const CUT_MARK: &str = " … [line cut at 1 MiB]";

/// What an entry of several lines holds at most. Then the next line begins another.
const LONGEST_ENTRY_BYTES: usize = 256 * 1024;
const MOST_LINES: u32 = 1_000;

/// Docker cuts lines into parts of this size. A shorter part without a newline is the last that a process wrote.
const FULL_PART_BYTES: usize = 16 * 1024;

/// A shorter part is continued within this time. After its process has ended, a container is not restarted sooner.
const SHORT_PART_GAP: Duration = Duration::from_millis(100);

/// In the first of the stored bytes.
const VERSION: u8 = 1;

/// Whether the newline of the last line has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Whole,
    /// The last part had less than Docker's full size.
    ShortPart,
    FullPart,
}

/// An entry that may still grow.
#[derive(Debug, Clone)]
pub(crate) struct Open {
    pub(crate) entry: Entry,
    /// The time of its last record.
    last: Nanos,
    line: Line,
    /// Where in the text the last line begins.
    line_start: usize,
    lines: u32,
    /// The last line was too long; its rest is dropped.
    is_cut: bool,
    state: State,
    /// It is settled whether a traceback raises the level.
    is_judged: bool,
    has_changed: bool,
}

impl Open {
    /// A new entry, with its first record.
    pub(super) fn begin(record: Record<'_>) -> Self {
        let Record { text, stream, at } = record;
        let (length, line) = measure(&text);
        let mut text = text.into_owned();
        text.truncate(length);
        let mut open = Self {
            entry: Entry {
                id: None,
                at,
                stream,
                level: Level::Info,
                text,
            },
            last: at,
            line,
            line_start: 0,
            lines: 1,
            is_cut: false,
            state: State::NEUTRAL,
            is_judged: false,
            has_changed: true,
        };
        if open.entry.text.len() > LONGEST_LINE_BYTES {
            let text = std::mem::take(&mut open.entry.text);
            open.append(&text);
        }
        open.note_head();
        open
    }

    /// Takes the record in if it belongs here.
    pub(super) fn takes(&mut self, record: &Record<'_>) -> bool {
        let Some(gap) = self.gap_to(record.at) else {
            return false;
        };
        let (length, line) = measure(&record.text);
        let piece = &record.text[..length];
        if self.is_continued_within(gap) {
            self.append(piece);
            if line == Line::Whole && !self.is_cut && record.text == "\n" {
                // Docker's cut may fall between the two bytes of a line end.
                self.strip_carriage_return();
            }
            self.note_record(record.at, line);
            return true;
        }
        // If the line has no newline yet, it never gets one.
        self.end_line();
        let is_full = self.lines >= MOST_LINES || self.entry.text.len() + 1 + length > LONGEST_ENTRY_BYTES;
        if self.is_over() || is_full || !self.state.continues(&self.entry.text, piece, gap) {
            return false;
        }
        self.entry.text.push('\n');
        self.line_start = self.entry.text.len();
        self.lines += 1;
        self.append(piece);
        self.note_record(record.at, line);
        self.judge();
        true
    }

    /// Nothing can be joined to it.
    pub(super) fn is_over(&self) -> bool {
        let is_alone = || self.lines == 1 && is_json_object(&self.entry.text);
        self.line == Line::Whole && (self.is_cut || is_alone())
    }

    /// No record that is still to come can be near enough.
    pub(super) fn is_forlorn(&self, now: Nanos, patience: Duration) -> bool {
        // The parts of a line all carry the time of its first, however long the line takes.
        self.line != Line::FullPart && elapsed(self.last, now).is_some_and(|elapsed| elapsed > patience)
    }

    /// The entry as it remains.
    pub(super) fn close(mut self) -> Entry {
        self.end_line();
        self.entry
    }

    /// Whether there is anything new since this was asked last.
    pub(crate) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.has_changed)
    }

    /// Everything but what is public of the entry, to be stored beside it.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let line = match self.line {
            Line::Whole => 0,
            Line::ShortPart => 1,
            Line::FullPart => 2,
        };
        let flags = line | u8::from(self.is_cut) << 2 | u8::from(self.is_judged) << 3;
        let line_start = u32::try_from(self.line_start).unwrap_or_default();
        let mut bytes = vec![VERSION, flags];
        bytes.extend(self.state.to_bytes());
        bytes.extend(self.last.0.to_le_bytes());
        bytes.extend(self.lines.to_le_bytes());
        bytes.extend(line_start.to_le_bytes());
        bytes
    }

    /// What was stored. From bytes that are not ours comes a whole line of which nothing is known.
    pub(crate) fn restore(entry: Entry, bytes: &[u8]) -> Self {
        let mut open = Self {
            last: entry.at,
            line: Line::Whole,
            line_start: 0,
            lines: 1,
            is_cut: false,
            state: State::NEUTRAL,
            is_judged: false,
            has_changed: false,
            entry,
        };
        // Where reading fails, nothing was set.
        let _ = open.read(bytes);
        open
    }

    fn read(&mut self, bytes: &[u8]) -> Option<()> {
        let ([VERSION, flags], bytes) = bytes.split_first_chunk()? else {
            return None;
        };
        let (state, bytes) = bytes.split_first_chunk()?;
        let (last, bytes) = bytes.split_first_chunk()?;
        let (lines, bytes) = bytes.split_first_chunk()?;
        let line_start = usize::try_from(u32::from_le_bytes(bytes.try_into().ok()?)).ok()?;
        let line = match flags & 3 {
            0 => Line::Whole,
            1 => Line::ShortPart,
            2 => Line::FullPart,
            _ => return None,
        };
        if !self.entry.text.is_char_boundary(line_start) {
            return None;
        }
        self.last = Nanos(i64::from_le_bytes(*last));
        self.line = line;
        self.line_start = line_start;
        self.lines = u32::from_le_bytes(*lines);
        self.is_cut = flags & 4 != 0;
        self.state = State::from_bytes(*state);
        self.is_judged = flags & 8 != 0;
        Some(())
    }

    /// None when the clock was set back: such records have nothing to do with each other.
    fn gap_to(&self, at: Nanos) -> Option<Duration> {
        elapsed(self.last, at).or_else(|| (elapsed(at, self.last)? <= LATENESS).then_some(Duration::ZERO))
    }

    fn is_continued_within(&self, gap: Duration) -> bool {
        match self.line {
            Line::Whole => false,
            Line::ShortPart => gap < SHORT_PART_GAP,
            // Daemons before 17.12 gave each part a time of its own.
            Line::FullPart => gap <= UNMISTAKABLE_GAP,
        }
    }

    fn append(&mut self, piece: &str) {
        if self.is_cut {
            return;
        }
        let text = &mut self.entry.text;
        let room = LONGEST_LINE_BYTES.saturating_sub(text.len() - self.line_start);
        self.is_cut = piece.len() > room;
        text.push_str(&piece[..piece.floor_char_boundary(room)]);
        if self.is_cut {
            text.push_str(CUT_MARK);
        }
    }

    fn strip_carriage_return(&mut self) {
        if self.entry.text.ends_with('\r') {
            self.entry.text.pop();
        }
    }

    fn note_record(&mut self, at: Nanos, line: Line) {
        self.last = at;
        self.line = line;
        self.has_changed = true;
        if line == Line::Whole {
            self.note_head();
        }
    }

    fn end_line(&mut self) {
        if self.line != Line::Whole {
            self.line = Line::Whole;
            self.note_head();
        }
    }

    /// The first line decides what the entry is. While it is incomplete, this is a guess.
    fn note_head(&mut self) {
        if self.lines > 1 {
            return;
        }
        self.state = State::start(&self.entry.text);
        let level = level::detect(&self.entry.text, self.entry.stream);
        self.has_changed |= level != self.entry.level;
        self.entry.level = level;
    }

    /// A traceback makes an error of an entry whose head named no level.
    fn judge(&mut self) {
        if self.is_judged || !self.state.is_trouble() {
            return;
        }
        self.is_judged = true;
        let head = self.entry.text.split('\n').next().unwrap_or_default();
        // Only where the head says nothing does the stream make a difference.
        let names_level = level::detect(head, Stream::Stdout) == level::detect(head, Stream::Stderr);
        if !names_level {
            self.entry.level = self.entry.level.max(Level::Error);
        }
    }
}

/// How long the text is without its line end, and whether it has one.
fn measure(text: &str) -> (usize, Line) {
    match text.strip_suffix('\n') {
        Some(line) => (line.strip_suffix('\r').unwrap_or(line).len(), Line::Whole),
        None if text.len() < FULL_PART_BYTES => (text.len(), Line::ShortPart),
        None => (text.len(), Line::FullPart),
    }
}

fn elapsed(from: Nanos, to: Nanos) -> Option<Duration> {
    // The whole range of times does not fit the difference; nearly three centuries are enough.
    u64::try_from(to.0.saturating_sub(from.0))
        .ok()
        .map(Duration::from_nanos)
}
