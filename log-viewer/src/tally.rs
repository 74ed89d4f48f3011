//! How many entries have a frequent token, by container, level and stream, over a group of blocks.
//!
//! With this a word is counted without a look at each block that has it. A tally says of which blocks it knows all; the
//! others are looked at as if it were not there.

use std::collections::HashMap;

use shared::packed;

use crate::entry::{Level, Stream};
use crate::lines::{ContainerId, kind_of, kind_parts};
use crate::store::directory::{BlockId, PartId};

/// A group has so many blocks at most: a bit each.
const GROUP_BLOCKS: usize = if cfg!(test) { 3 } else { 64 };
/// Entries of a group that have a token, below which a row for it would cost more than it saves.
const FEWEST_ENTRIES: u64 = if cfg!(test) { 8 } else { 128 };
/// With more containers, levels and streams than this a tally no longer says which containers its entries are of.
const MOST_CELLS: usize = if cfg!(test) { 12 } else { 64 };

/// Entries of a container, level and stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cell {
    container: ContainerId,
    /// Stream and level, as [`kind_of`] makes them.
    kind: u8,
    entries: u64,
}

/// How many entries of a group have a token.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// A bit for each block of the group of which it knows all.
    blocks: u64,
    /// By container and kind; by kind alone when there would be too many, each with the container 0.
    cells: Vec<Cell>,
    is_by_container: bool,
}

impl Tally {
    fn new() -> Self {
        Self {
            is_by_container: true,
            ..Self::default()
        }
    }

    fn add(&mut self, mut cell: Cell) {
        if !self.is_by_container {
            cell.container = ContainerId(0);
        }
        let order = |cell: &Cell| (cell.container, cell.kind);
        match self.cells.binary_search_by_key(&order(&cell), order) {
            Ok(place) => {
                let sum = &mut self.cells[place].entries;
                *sum = sum.saturating_add(cell.entries);
            }
            Err(place) => self.cells.insert(place, cell),
        }
        if self.is_by_container && self.cells.len() > MOST_CELLS {
            self.is_by_container = false;
            for cell in std::mem::take(&mut self.cells) {
                self.add(cell);
            }
        }
    }

    fn entries(&self) -> u64 {
        self.cells
            .iter()
            .fold(0, |sum, cell| sum.saturating_add(cell.entries))
    }

    /// Whether it knows all of the block at this place of its group.
    pub(crate) fn knows(&self, place: usize) -> bool {
        place < GROUP_BLOCKS && self.blocks >> place & 1 == 1
    }

    /// The entries that `accepts` takes; `None` when containers decide and it does not know them.
    pub(crate) fn count(
        &self,
        by_container: bool,
        accepts: impl Fn(ContainerId, Stream, Level) -> bool,
    ) -> Option<u64> {
        if by_container && !self.is_by_container {
            return None;
        }
        // A damaged row may hold any numbers.
        let mut count = 0_u64;
        for cell in &self.cells {
            let (stream, level) = kind_parts(cell.kind)?;
            if accepts(cell.container, stream, level) {
                count = count.saturating_add(cell.entries);
            }
        }
        Some(count)
    }

    fn pack(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(16 + self.cells.len() * 4);
        packed::put(&mut bytes, self.blocks);
        bytes.push(self.is_by_container.into());
        put_cells(&mut bytes, &self.cells);
        bytes
    }

    /// `None` when the bytes are not ours.
    pub(crate) fn unpack(mut bytes: &[u8]) -> Option<Self> {
        let blocks = packed::take(&mut bytes)?;
        let (is_by_container, mut bytes) = bytes.split_first()?;
        let cells = take_cells(&mut bytes)?;
        Some(Self {
            blocks,
            cells,
            is_by_container: *is_by_container == 1,
        })
    }
}

fn put_cells(bytes: &mut Vec<u8>, cells: &[Cell]) {
    packed::put(bytes, cells.len() as u64);
    for cell in cells {
        packed::put(bytes, cell.container.0.into());
        bytes.push(cell.kind);
        packed::put(bytes, cell.entries);
    }
}

fn take_cells(bytes: &mut &[u8]) -> Option<Vec<Cell>> {
    let count = usize::try_from(packed::take(bytes)?).ok()?;
    // Each has three bytes at least.
    let mut cells = Vec::with_capacity(count.min(bytes.len() / 3));
    for _ in 0..count {
        let container = ContainerId(u32::try_from(packed::take(bytes)?).ok()?);
        let (kind, rest) = bytes.split_first()?;
        *bytes = rest;
        cells.push(Cell {
            container,
            kind: *kind,
            entries: packed::take(bytes)?,
        });
    }
    Some(cells)
}

/// What the entries of a block are, apart from their texts and times.
#[derive(Debug, Default)]
pub(crate) struct Kinds {
    /// The container and kind that is at `of_entry`, with no entries yet.
    cells: Vec<Cell>,
    of_entry: Vec<u32>,
    counts: Vec<u64>,
}

impl Kinds {
    pub(crate) fn of(entries: impl Iterator<Item = (ContainerId, Stream, Level)>) -> Self {
        let mut places: HashMap<(ContainerId, u8), u32> = HashMap::new();
        let mut kinds = Self::default();
        for (container, stream, level) in entries {
            let kind = kind_of(stream, level);
            let place = *places.entry((container, kind)).or_insert_with(|| {
                kinds.cells.push(Cell {
                    container,
                    kind,
                    entries: 0,
                });
                kinds.cells.len() as u32 - 1
            });
            kinds.of_entry.push(place);
        }
        kinds.counts = vec![0; kinds.cells.len()];
        kinds
    }
}

/// The tallies of one block, on their way to those of its group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct BlockTallies(Vec<u8>);

impl BlockTallies {
    /// Adds a token, made of these pieces, that these entries have, and no others.
    pub(crate) fn put(&mut self, token: &[&str], entries: impl Iterator<Item = u32>, kinds: &mut Kinds) {
        packed::put(&mut self.0, token.iter().map(|piece| piece.len() as u64).sum());
        for piece in token {
            self.0.extend_from_slice(piece.as_bytes());
        }
        for entry in entries {
            if let Some(place) = kinds.of_entry.get(entry as usize) {
                kinds.counts[*place as usize] += 1;
            }
        }
        let mut cells = Vec::with_capacity(kinds.cells.len());
        for (cell, count) in kinds.cells.iter().zip(&mut kinds.counts) {
            let entries = std::mem::take(count);
            if entries > 0 {
                cells.push(Cell { entries, ..*cell });
            }
        }
        put_cells(&mut self.0, &cells);
    }

    fn for_each(&self, mut with: impl FnMut(&str, Vec<Cell>)) -> Option<()> {
        let mut rest = self.0.as_slice();
        while !rest.is_empty() {
            let length = usize::try_from(packed::take(&mut rest)?).ok()?;
            let (token, after) = rest.split_at_checked(length)?;
            rest = after;
            with(std::str::from_utf8(token).ok()?, take_cells(&mut rest)?);
        }
        Some(())
    }
}

/// A group that is complete.
#[derive(Debug)]
pub(crate) struct FullGroup {
    pub(crate) part: PartId,
    pub(crate) first: BlockId,
    pub(crate) last: BlockId,
    pub(crate) blocks: usize,
    /// Tokens and their packed tallies, in the order of the tokens.
    pub(crate) rows: Vec<(String, Vec<u8>)>,
}

/// Blocks that wait for their group to be complete.
#[derive(Debug, Default)]
pub(crate) struct Gathering {
    part: Option<PartId>,
    blocks: Vec<BlockId>,
    tallies: HashMap<String, Tally>,
}

impl Gathering {
    /// Adds a block, which is newer than those before; answers the group that is complete with it or without it.
    pub(crate) fn add(&mut self, part: PartId, block: BlockId, tallies: &BlockTallies) -> Option<FullGroup> {
        let before = self
            .part
            .is_some_and(|before| before != part)
            .then(|| self.take())
            .flatten();
        self.part = Some(part);
        let bit = 1 << self.blocks.len();
        self.blocks.push(block);
        // What is damaged has no bit, and is looked at when it is searched.
        let _ = tallies.for_each(|token, cells| {
            if !self.tallies.contains_key(token) {
                self.tallies.insert(token.to_owned(), Tally::new());
            }
            if let Some(tally) = self.tallies.get_mut(token) {
                tally.blocks |= bit;
                cells.into_iter().for_each(|cell| tally.add(cell));
            }
        });
        // A part ends seldom, and a group with one block is not worth it.
        before.or_else(|| (self.blocks.len() >= GROUP_BLOCKS).then(|| self.take()).flatten())
    }

    fn take(&mut self) -> Option<FullGroup> {
        let blocks = std::mem::take(&mut self.blocks);
        let mut rows: Vec<(String, Vec<u8>)> = self
            .tallies
            .drain()
            .filter(|(_, tally)| tally.entries() >= FEWEST_ENTRIES)
            .map(|(token, tally)| (token, tally.pack()))
            .collect();
        rows.sort_unstable();
        Some(FullGroup {
            part: self.part.take()?,
            first: *blocks.first()?,
            last: *blocks.last()?,
            blocks: blocks.len(),
            rows,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KINDS: [(u32, Stream, Level); 4] = [
        (1, Stream::Stdout, Level::Info),
        (1, Stream::Stderr, Level::Error),
        (2, Stream::Stdout, Level::Info),
        (7, Stream::Stdout, Level::Debug),
    ];

    fn kinds(entries: &[usize]) -> Kinds {
        let kind = |entry: &usize| {
            let (container, stream, level) = KINDS[*entry];
            (ContainerId(container), stream, level)
        };
        Kinds::of(entries.iter().map(kind))
    }

    proptest! {
        #[test]
        fn a_group_counts_what_its_blocks_have(blocks in prop::collection::vec(prop::collection::vec((0..4_usize, any::<bool>()), 1..30), GROUP_BLOCKS)) {
            let mut gathering = Gathering::default();
            let mut full = None;
            for (id, block) in (1..).zip(&blocks) {
                let entries: Vec<usize> = block.iter().map(|(kind, _)| *kind).collect();
                let mut tallies = BlockTallies::default();
                let having = (0..).zip(block).filter(|(_, (_, has))| *has).map(|(entry, _)| entry);
                tallies.put(&["disk", " ", "full"], having, &mut kinds(&entries));
                prop_assert!(full.is_none());
                full = gathering.add(PartId(1), BlockId(id), &tallies);
            }

            let full = full.expect("a full group");
            let having = blocks.iter().flatten().filter(|(_, has)| *has);
            let expected: Vec<u64> = (0..4).map(|wanted| having.clone().filter(|(kind, _)| *kind == wanted).count() as u64).collect();
            prop_assert_eq!((full.first, full.last, full.blocks), (BlockId(1), BlockId(GROUP_BLOCKS as i64), GROUP_BLOCKS));
            prop_assert_eq!(full.rows.len(), usize::from(expected.iter().sum::<u64>() >= FEWEST_ENTRIES));
            for (token, tally) in &full.rows {
                prop_assert_eq!(token, "disk full");
                let tally = Tally::unpack(tally).expect("not damaged");
                prop_assert!((0..GROUP_BLOCKS).all(|place| tally.knows(place)) && !tally.knows(GROUP_BLOCKS));
                for ((container, stream, level), expected) in KINDS.iter().zip(&expected) {
                    let count = tally.count(true, |other, of_stream, of_level| (other, of_stream, of_level) == (ContainerId(*container), *stream, *level));
                    prop_assert_eq!(count, Some(*expected));
                }
            }
        }

        #[test]
        fn foreign_bytes_do_no_harm(bytes: Vec<u8>) {
            if let Some(tally) = Tally::unpack(&bytes) {
                let _ = (tally.count(true, |_, _, _| true), tally.knows(63), tally.knows(64));
            }
            let _ = Gathering::default().add(PartId(1), BlockId(1), &BlockTallies(bytes));
        }
    }

    #[test]
    fn with_many_containers_a_tally_knows_kinds_alone() {
        let mut tally = Tally::new();
        for container in 0..=MOST_CELLS as u32 {
            tally.add(Cell {
                container: ContainerId(container),
                kind: kind_of(Stream::Stdout, Level::Info),
                entries: 2,
            });
        }

        let tally = Tally::unpack(&tally.pack()).expect("not damaged");

        assert_eq!(tally.count(true, |_, _, _| true), None);
        assert_eq!(
            tally.count(false, |_, _, level| level == Level::Info),
            Some(2 * (MOST_CELLS as u64 + 1))
        );
    }

    #[test]
    fn a_group_ends_with_its_part() {
        let mut gathering = Gathering::default();
        let tallies = BlockTallies::default();

        assert!(gathering.add(PartId(1), BlockId(4), &tallies).is_none());
        assert!(gathering.add(PartId(1), BlockId(7), &tallies).is_none());
        let full = gathering.add(PartId(2), BlockId(9), &tallies).expect("a group");

        assert_eq!(
            (full.part, full.first, full.last, full.blocks),
            (PartId(1), BlockId(4), BlockId(7), 2)
        );
        assert_eq!(gathering.blocks, [BlockId(9)]);
    }
}
