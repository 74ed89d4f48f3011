//! Rows of numbers that resemble their neighbours, in about one byte a number, each row still found at once.
//!
//! A row holds the differences to the row before it. Every [`BLOCK`] rows the differences start again from zero, and a
//! directory says where: a search reads one row of each block that it visits, then one block.

use std::ops::Range;

use shared::packed::{put, take, unzigzag, zigzag};

/// How many rows share one entry of the directory.
const BLOCK: u32 = 32;

#[derive(Debug)]
pub(super) struct TableWriter<const K: usize> {
    rows: u32,
    last: [u32; K],
    directory: Vec<u8>,
    data: Vec<u8>,
}

impl<const K: usize> Default for TableWriter<K> {
    fn default() -> Self {
        Self {
            rows: 0,
            last: [0; K],
            directory: Vec::new(),
            data: Vec::new(),
        }
    }
}

impl<const K: usize> TableWriter<K> {
    pub(super) fn push(&mut self, row: [u32; K]) {
        if self.rows.is_multiple_of(BLOCK) {
            self.directory
                .extend_from_slice(&(self.data.len() as u32).to_le_bytes());
            self.last = [0; K];
        }
        for (before, after) in self.last.iter_mut().zip(row) {
            put(&mut self.data, zigzag(i64::from(after) - i64::from(*before)));
            *before = after;
        }
        self.rows += 1;
    }

    pub(super) fn rows(&self) -> u32 {
        self.rows
    }

    pub(super) fn size_bytes(&self) -> usize {
        self.directory.len() + self.data.len()
    }

    /// Appends the table, with what [`Table::take`] needs to find its end.
    pub(super) fn put(&self, bytes: &mut Vec<u8>) {
        put(bytes, self.rows.into());
        put(bytes, self.data.len() as u64);
        bytes.extend_from_slice(&self.directory);
        bytes.extend_from_slice(&self.data);
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Table<'a, const K: usize> {
    rows: u32,
    directory: &'a [u8],
    data: &'a [u8],
}

impl<'a, const K: usize> Table<'a, K> {
    /// Takes a table off the front; `None` when the bytes are not ours.
    pub(super) fn take(bytes: &mut &'a [u8]) -> Option<Self> {
        let rows = u32::try_from(take(bytes)?).ok()?;
        let length = usize::try_from(take(bytes)?).ok()?;
        let (directory, rest) = bytes.split_at_checked(rows.div_ceil(BLOCK) as usize * 4)?;
        let (data, rest) = rest.split_at_checked(length)?;
        *bytes = rest;
        Some(Self {
            rows,
            directory,
            data,
        })
    }

    pub(super) fn rows(&self) -> u32 {
        self.rows
    }

    pub(super) fn get(&self, row: u32) -> Option<[u32; K]> {
        self.iter_from(row).next()
    }

    /// The rows from this one on.
    pub(super) fn iter_from(&self, row: u32) -> Rows<'a, K> {
        let mut rows = self.block(row / BLOCK);
        for _ in 0..row % BLOCK {
            rows.next();
        }
        rows
    }

    /// The last row of the range of which the claim is true, if it is true up to some row and false from there on.
    pub(super) fn last_where(
        &self,
        range: Range<u32>,
        claim: impl Fn(&[u32; K]) -> bool,
    ) -> Option<(u32, [u32; K])> {
        let end = range.end.min(self.rows);
        let (mut low, mut high) = (range.start / BLOCK, end.div_ceil(BLOCK));
        while high.saturating_sub(low) > 1 {
            let middle = low + (high - low) / 2;
            if self.block(middle).next().is_some_and(|row| claim(&row)) {
                low = middle;
            } else {
                high = middle;
            }
        }
        let from = (low * BLOCK).max(range.start);
        (from..end)
            .zip(self.iter_from(from))
            .take_while(|(_, row)| claim(row))
            .take(BLOCK as usize)
            .last()
    }

    fn block(&self, block: u32) -> Rows<'a, K> {
        let entry = self.directory.get(block as usize * 4..);
        let start = entry
            .and_then(<[u8]>::first_chunk)
            .copied()
            .map(u32::from_le_bytes);
        let data = start.and_then(|start| self.data.get(start as usize..));
        Rows {
            next: block.saturating_mul(BLOCK),
            end: self.rows,
            last: [0; K],
            data: data.unwrap_or(&[]),
        }
    }
}

/// Ends early when the bytes are not ours.
#[derive(Debug)]
pub(super) struct Rows<'a, const K: usize> {
    next: u32,
    end: u32,
    last: [u32; K],
    data: &'a [u8],
}

impl<const K: usize> Iterator for Rows<'_, K> {
    type Item = [u32; K];

    fn next(&mut self) -> Option<[u32; K]> {
        if self.next >= self.end {
            return None;
        }
        if self.next.is_multiple_of(BLOCK) {
            self.last = [0; K];
        }
        for number in &mut self.last {
            let step = unzigzag(take(&mut self.data)?);
            *number = u32::try_from(i64::from(*number).checked_add(step)?).ok()?;
        }
        self.next += 1;
        Some(self.last)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(rows: &[[u32; 2]]) -> Vec<u8> {
        let mut writer = TableWriter::default();
        for row in rows {
            writer.push(*row);
        }
        let mut bytes = Vec::new();
        writer.put(&mut bytes);
        bytes
    }

    proptest! {
        #[test]
        fn every_row_is_found(rows: Vec<[u32; 2]>, repeats in 1..5_usize) {
            let rows = rows.repeat(repeats);
            let bytes = written(&rows);

            let table = Table::<2>::take(&mut bytes.as_slice()).unwrap();

            for (row, expected) in (0..).zip(&rows) {
                prop_assert_eq!(table.get(row), Some(*expected));
            }
            prop_assert_eq!(table.get(table.rows()), None);
        }

        #[test]
        fn the_last_row_below_is_found_in_any_range(
            mut numbers in prop::collection::vec(0..500_u32, 0..200), below in 0..500_u32, from in 0..200_u32, to in 0..300_u32,
        ) {
            numbers.sort_unstable();
            let rows: Vec<_> = (0..).zip(&numbers).map(|(row, number)| [*number, row]).collect();
            let bytes = written(&rows);

            let table = Table::<2>::take(&mut bytes.as_slice()).unwrap();
            let found = table.last_where(from..to, |row| row[0] < below);

            let expected = rows.iter().rfind(|row| row[0] < below && (from..to).contains(&row[1]));
            prop_assert_eq!(found, expected.map(|row| (row[1], *row)));
        }

        #[test]
        fn foreign_bytes_do_no_harm(bytes: Vec<u8>, row: u32) {
            if let Some(table) = Table::<3>::take(&mut bytes.as_slice()) {
                let _ = table.get(row);
                let _ = table.last_where(row..u32::MAX, |row| row[0] < 7);
            }
        }
    }
}
