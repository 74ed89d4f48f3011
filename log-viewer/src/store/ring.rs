//! Makes room: what is oldest goes, a part of the index at a time, in small steps between the batches.
//!
//! Each container keeps its newest entries, however much the others write: those are written anew, together with the
//! removal of the block they stood in.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::append::Appender;
use super::directory::{Block, BlockId, Change, PartId};
use super::{Store, blocks};
use crate::batch::{BLOCK_BYTES, ClosedBlock};
use crate::counts::Counts;
use crate::lines::{ContainerId, Lines};
use crate::nanos::Nanos;
use crate::store::directory::Span;
use crate::words::Words;

/// Blocks in one step; a step holds the writer for a few milliseconds.
const STEP_BLOCKS: usize = 64;
/// Entries that a container keeps whatever the others write.
const KEPT_PER_CONTAINER: u64 = 1_000;
/// The ring is cut into so many parts, and may be too large by one of them.
const PARTS: u64 = 20;
/// Of a limit of bytes, so that a part is worth its tables.
const FEWEST_PART_ENTRIES: u64 = 1_000;
const MOST_PART_ENTRIES: u64 = 500_000;
/// A part takes two full blocks at least.
const PART_BLOCKS: u64 = 2;
/// What an entry takes on the disk, roughly; only for the size of parts.
const ENTRY_BYTES: u64 = 60;

/// How much is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) entries: Option<u64>,
    /// Bytes of the database that are in use.
    pub(crate) bytes: Option<u64>,
    /// Nanoseconds.
    pub(crate) age: Option<i64>,
}

impl Limits {
    /// Entries of a part of the index, at most.
    pub(crate) fn part_entries(&self) -> u64 {
        let of_bytes = self.bytes.map_or(u64::MAX, |bytes| {
            (bytes / PARTS / ENTRY_BYTES).max(FEWEST_PART_ENTRIES)
        });
        self.entries
            .map_or(MOST_PART_ENTRIES, |entries| entries / PARTS)
            .min(of_bytes)
            .clamp(PART_BLOCKS, MOST_PART_ENTRIES)
    }

    /// Entries of a block, at most.
    pub(crate) fn block_entries(&self) -> usize {
        usize::try_from(self.part_entries() / PART_BLOCKS).unwrap_or(usize::MAX)
    }

    /// Entries that each of so many containers keeps.
    fn kept_per_container(&self, containers: usize) -> u64 {
        let entries = self.entries.unwrap_or(u64::MAX);
        let of_bytes = self.bytes.map_or(u64::MAX, |bytes| bytes / ENTRY_BYTES);
        let share = entries.min(of_bytes) / 2 / containers.max(1) as u64;
        share.min(KEPT_PER_CONTAINER)
    }
}

/// A part that is leaving.
#[derive(Debug)]
struct Leaving {
    part: PartId,
    /// Blocks that are still there, the newest last.
    blocks: Vec<BlockId>,
    /// Entries that containers still have to keep of it.
    needed: HashMap<ContainerId, u64>,
}

/// Keeps the store within its limits.
#[derive(Debug)]
pub(crate) struct Ring {
    limits: Limits,
    leaving: Option<Leaving>,
}

impl Ring {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            leaving: None,
        }
    }

    /// Takes small steps for so long at most; answers whether there is more to do.
    ///
    /// While there are too many entries by more than a part it goes on: what comes in has to wait then, in its files.
    pub(crate) async fn work(
        &mut self,
        appender: &mut Appender,
        now: Nanos,
        time: Duration,
    ) -> sqlx::Result<bool> {
        let started = Instant::now();
        while self.step(appender, now).await? {
            if started.elapsed() >= time && !self.is_overfull(appender.store()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn is_overfull(&self, store: &Store) -> bool {
        let part = self.limits.part_entries();
        self.limits
            .entries
            .is_some_and(|most| store.directory.entries() > most + part)
    }

    /// Takes one small step; answers whether there is more to do.
    async fn step(&mut self, appender: &mut Appender, now: Nanos) -> sqlx::Result<bool> {
        if let Some(leaving) = &mut self.leaving {
            if leaving.step(appender, self.limits.block_entries()).await? {
                self.leaving = None;
            }
            return Ok(true);
        }
        // First what is on its way out: it still takes room that must not be counted twice.
        if appender.store().free_retired_part().await? {
            return Ok(true);
        }
        self.leaving = self.next_to_leave(appender).await?;
        if self.leaving.is_some() {
            return Ok(true);
        }
        match self.limits.age {
            Some(age) => drop_older(appender, Nanos(now.0.saturating_sub(age))).await,
            None => Ok(false),
        }
    }

    /// The oldest part, when there are as many entries as are wanted without it, or too many bytes.
    async fn next_to_leave(&self, appender: &Appender) -> sqlx::Result<Option<Leaving>> {
        let store = appender.store();
        let oldest = store.directory.pick(|block| Some(block.part)).into_iter().min();
        // The part that is being written stays: what is newest is never dropped.
        let Some(part) = oldest.filter(|part| appender.part().is_none_or(|(current, _)| current != *part))
        else {
            return Ok(None);
        };
        let in_part = store
            .directory
            .pick(|block| (block.part == part).then_some((block.id, u64::from(block.span.entries))));
        let without = store
            .directory
            .entries()
            .saturating_sub(in_part.iter().map(|(_, entries)| entries).sum());
        let too_many = self.limits.entries.is_some_and(|most| without >= most);
        let too_large = match self.limits.bytes {
            Some(most) => store.used_bytes().await? > most,
            None => false,
        };
        if !too_many && !too_large {
            return Ok(None);
        }
        let blocks: Vec<BlockId> = in_part.into_iter().map(|(id, _)| id).collect();
        let mut in_part = Counts::default();
        for (_, counts) in blocks::counts_of(store, &blocks).await? {
            in_part.add(&counts);
        }
        let everywhere = store.directory.counts();
        let kept = self.limits.kept_per_container(everywhere.iter().count());
        let needed = in_part
            .iter()
            .filter_map(|(container, _)| {
                let elsewhere = everywhere
                    .of_container(container)
                    .saturating_sub(in_part.of_container(container));
                (elsewhere < kept).then(|| (container, kept - elsewhere))
            })
            .collect();
        Ok(Some(Leaving { part, blocks, needed }))
    }
}

impl Leaving {
    /// Removes some blocks; answers whether the part is gone.
    async fn step(&mut self, appender: &mut Appender, block_entries: usize) -> sqlx::Result<bool> {
        let from = self.blocks.len().saturating_sub(STEP_BLOCKS);
        let step = &self.blocks[from..];
        let mut needed = self.needed.clone();
        let kept = if needed.is_empty() {
            Lines::default()
        } else {
            newest_of(appender.store(), step, &mut needed).await?
        };
        let kept = pieces(&kept, block_entries);
        remove(appender, step, &kept, (from == 0).then_some(self.part)).await?;
        self.needed = needed;
        self.blocks.truncate(from);
        Ok(from == 0)
    }
}

/// The newest entries of these blocks that containers still need, in their order.
async fn newest_of(
    store: &Store,
    ids: &[BlockId],
    needed: &mut HashMap<ContainerId, u64>,
) -> sqlx::Result<Lines> {
    let mut stored = store.read_blocks(ids).await?;
    stored.sort_unstable_by_key(|(id, _)| std::cmp::Reverse(*id));
    let mut newest_first = Vec::new();
    for (_, block) in stored {
        let lines = block.unpack();
        for index in (0..lines.len()).rev() {
            let head = lines.heads()[index];
            if let Some(count) = needed.get_mut(&head.container)
                && *count > 0
            {
                *count -= 1;
                newest_first.push((head, lines.text(index).to_owned()));
            }
        }
    }
    needed.retain(|_, count| *count > 0);
    let mut lines = Lines::default();
    for (head, text) in newest_first.iter().rev() {
        lines.push(*head, text);
    }
    Ok(lines)
}

/// Removes blocks, writes anew what is kept of them, and retires the part when they were its last ones.
async fn remove(
    appender: &mut Appender,
    ids: &[BlockId],
    kept: &[Lines],
    emptied: Option<PartId>,
) -> sqlx::Result<()> {
    let removed = blocks::counts_of(appender.store(), ids).await?;
    let mut tx = appender.store().write().await?;
    blocks::delete(&mut tx, ids).await?;
    let mut part = appender.part();
    let mut closed: Vec<(Block, Counts)> = Vec::new();
    let mut gathered = Vec::new();
    for lines in kept {
        let Some(span) = Span::of(lines) else { continue };
        let block = ClosedBlock {
            span,
            counts: Counts::of(lines),
            packed: lines.pack(),
            words: Words::of(lines),
        };
        let written = appender.write_closed(&mut tx, &mut part, &block).await?;
        closed.push((written, block.counts));
        gathered.push((written, block.words.tallies));
    }
    if let Some(emptied) = emptied {
        blocks::retire(&mut tx, emptied).await?;
    }
    tx.commit().await?;
    appender.set_part(part);
    for (block, tallies) in &gathered {
        appender.gather(block.part, block.id, tallies);
    }
    appender.store().directory.apply(Change {
        closed,
        removed,
        ..Change::default()
    });
    Ok(())
}

/// Cuts entries into blocks.
fn pieces(lines: &Lines, block_entries: usize) -> Vec<Lines> {
    let mut pieces = vec![Lines::default()];
    for (head, text) in lines.iter() {
        if pieces.last().is_some_and(|last| {
            !last.is_empty() && (last.text_bytes() + text.len() > BLOCK_BYTES || last.len() >= block_entries)
        }) {
            pieces.push(Lines::default());
        }
        if let Some(last) = pieces.last_mut() {
            last.push(*head, text);
        }
    }
    pieces
}

/// Removes some blocks of which every entry is older; answers whether there were any.
async fn drop_older(appender: &mut Appender, than: Nanos) -> sqlx::Result<bool> {
    let old: Vec<(BlockId, PartId)> = appender
        .store()
        .directory
        .pick(|block| (block.span.newest < than).then_some((block.id, block.part)));
    let Some((_, part)) = old.first().copied() else {
        return Ok(false);
    };
    let ids: Vec<BlockId> = old
        .iter()
        .filter(|(_, other)| *other == part)
        .map(|(id, _)| *id)
        .take(STEP_BLOCKS)
        .collect();
    let left = appender
        .store()
        .directory
        .pick(|block| (block.part == part).then_some(()))
        .len()
        - ids.len();
    let is_current = appender.part().is_some_and(|(current, _)| current == part);
    remove(appender, &ids, &[], (left == 0 && !is_current).then_some(part)).await?;
    Ok(true)
}
