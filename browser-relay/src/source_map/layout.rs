//! The index as bytes: eight tables and what is true of the whole map.
//!
//! Tables are shared by all sections; a section's row says where its own rows begin, those of the next where they end.

use std::ops::Range;

use shared::packed::{put, take};

use super::content::Marks;
use super::json::Extent;
use super::table::{Table, TableWriter};
use super::vlq::STATE_COLUMNS;

/// Begins every index; the last byte is the version of the layout.
const MAGIC: [u8; 4] = *b"MLM\x01";

/// A part of a map with its own offset. A map without sections is one section at the very beginning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) line: u32,
    pub(super) column: u32,
    pub(super) first_checkpoint: u32,
    pub(super) first_source: u32,
    pub(super) first_name: u32,
    pub(super) first_content: u32,
    pub(super) first_ignored: u32,
    pub(super) first_unordered: u32,
    /// Offset of `sourceRoot` and one more than its length; 0 for none.
    pub(super) root: [u32; 2],
}

const SECTION_COLUMNS: usize = 10;

impl Section {
    fn as_row(&self) -> [u32; SECTION_COLUMNS] {
        [
            self.line,
            self.column,
            self.first_checkpoint,
            self.first_source,
            self.first_name,
            self.first_content,
            self.first_ignored,
            self.first_unordered,
            self.root[0],
            self.root[1],
        ]
    }

    pub(super) fn from_row(row: [u32; SECTION_COLUMNS]) -> Self {
        Self {
            line: row[0],
            column: row[1],
            first_checkpoint: row[2],
            first_source: row[3],
            first_name: row[4],
            first_content: row[5],
            first_ignored: row[6],
            first_unordered: row[7],
            root: [row[8], row[9]],
        }
    }
}

/// An entry of a list of strings: its offset and one more than its length, so that `null` has a form too.
pub(super) fn entry(extent: Option<Extent>) -> [u32; 2] {
    extent.map_or([0, 0], |extent| {
        [extent.start as u32, (extent.end - extent.start) as u32 + 1]
    })
}

/// What [`entry`] was given.
pub(super) fn extent(entry: [u32; 2]) -> Option<Extent> {
    let start = u64::from(entry[0]);
    let length = entry[1].checked_sub(1)?;
    Some(Extent {
        start,
        end: start + u64::from(length),
    })
}

/// The tables while they grow.
#[derive(Debug, Default)]
pub(super) struct Tables {
    /// The decoder's state every so many segments, and where its text goes on.
    pub(super) checkpoints: TableWriter<{ STATE_COLUMNS + 1 }>,
    pub(super) sources: TableWriter<2>,
    pub(super) names: TableWriter<2>,
    pub(super) contents: TableWriter<2>,
    pub(super) marks: Marks,
    pub(super) ignored: TableWriter<1>,
    /// Lines on which a segment stands before its predecessor.
    pub(super) unordered: TableWriter<1>,
}

impl Tables {
    pub(super) fn size_bytes(&self) -> usize {
        self.checkpoints.size_bytes()
            + self.sources.size_bytes()
            + self.names.size_bytes()
            + self.contents.size_bytes()
            + self.marks.size_bytes()
            + self.ignored.size_bytes()
            + self.unordered.size_bytes()
    }

    /// A section whose rows begin at the end of what is there.
    pub(super) fn begin_section(&self) -> Section {
        Section {
            first_checkpoint: self.checkpoints.rows(),
            first_source: self.sources.rows(),
            first_name: self.names.rows(),
            first_content: self.contents.rows(),
            first_ignored: self.ignored.rows(),
            first_unordered: self.unordered.rows(),
            ..Section::default()
        }
    }

    pub(super) fn to_bytes(&self, sections: &[Section], debug_id: &str) -> Vec<u8> {
        let mut rows = TableWriter::default();
        for section in sections {
            rows.push(section.as_row());
        }
        let mut bytes = Vec::with_capacity(self.size_bytes() + rows.size_bytes() + 128);
        bytes.extend_from_slice(&MAGIC);
        put(&mut bytes, debug_id.len() as u64);
        bytes.extend_from_slice(debug_id.as_bytes());
        rows.put(&mut bytes);
        self.checkpoints.put(&mut bytes);
        self.sources.put(&mut bytes);
        self.names.put(&mut bytes);
        self.contents.put(&mut bytes);
        self.marks.put(&mut bytes);
        self.ignored.put(&mut bytes);
        self.unordered.put(&mut bytes);
        bytes
    }
}

/// The index of one map, read from the bytes that [`index`](super::index) wrote. Opening it copies nothing.
#[derive(Debug, Clone, Copy)]
pub struct Index<'a> {
    pub(super) debug_id: &'a str,
    pub(super) sections: Table<'a, SECTION_COLUMNS>,
    pub(super) checkpoints: Table<'a, { STATE_COLUMNS + 1 }>,
    pub(super) sources: Table<'a, 2>,
    pub(super) names: Table<'a, 2>,
    pub(super) contents: Table<'a, 2>,
    pub(super) marks: Table<'a, 3>,
    pub(super) ignored: Table<'a, 1>,
    pub(super) unordered: Table<'a, 1>,
}

impl<'a> Index<'a> {
    /// Opens an index; `None` when the bytes are not one, or of another version.
    #[must_use]
    pub fn open(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(&MAGIC)?;
        let length = usize::try_from(take(&mut rest)?).ok()?;
        let (debug_id, mut rest) = rest.split_at_checked(length)?;
        Some(Self {
            debug_id: std::str::from_utf8(debug_id).ok()?,
            sections: Table::take(&mut rest)?,
            checkpoints: Table::take(&mut rest)?,
            sources: Table::take(&mut rest)?,
            names: Table::take(&mut rest)?,
            contents: Table::take(&mut rest)?,
            marks: Table::take(&mut rest)?,
            ignored: Table::take(&mut rest)?,
            unordered: Table::take(&mut rest)?,
        })
    }

    /// The id that ties the map to its bundle, in its [normal form](super::normal_debug_id), if its tool wrote one.
    #[must_use]
    pub fn debug_id(&self) -> Option<&'a str> {
        Some(self.debug_id).filter(|id| !id.is_empty())
    }

    pub(super) fn section(&self, number: u32) -> Option<OpenSection> {
        let mut rows = self.sections.iter_from(number);
        let section = Section::from_row(rows.next()?);
        let next = rows.next().map_or(
            Section {
                first_checkpoint: self.checkpoints.rows(),
                first_source: self.sources.rows(),
                first_name: self.names.rows(),
                first_content: self.contents.rows(),
                first_ignored: self.ignored.rows(),
                first_unordered: self.unordered.rows(),
                ..Section::default()
            },
            Section::from_row,
        );
        Some(OpenSection {
            number,
            line: section.line,
            column: section.column,
            root: section.root,
            checkpoints: section.first_checkpoint..next.first_checkpoint,
            sources: section.first_source..next.first_source,
            names: section.first_name..next.first_name,
            contents: section.first_content..next.first_content,
            ignored: section.first_ignored..next.first_ignored,
            unordered: section.first_unordered..next.first_unordered,
        })
    }
}

/// A section, and which rows of each table are its own.
#[derive(Debug, Clone)]
pub(super) struct OpenSection {
    pub(super) number: u32,
    pub(super) line: u32,
    pub(super) column: u32,
    pub(super) root: [u32; 2],
    pub(super) checkpoints: Range<u32>,
    pub(super) sources: Range<u32>,
    pub(super) names: Range<u32>,
    pub(super) contents: Range<u32>,
    pub(super) ignored: Range<u32>,
    pub(super) unordered: Range<u32>,
}

/// The row of the entry with this number in its section's list.
pub(super) fn row_of(rows: &Range<u32>, number: u32) -> Option<u32> {
    let row = rows.start.checked_add(number)?;
    (row < rows.end).then_some(row)
}
