//! What blocks there are, in memory: a search finds by time, container and level which of them it has to read.
//!
//! Some seventy bytes for each block of some 500 entries, kept equal to the database by the one writer.

use std::collections::HashSet;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use tokio::sync::watch;

use crate::counts::Counts;
use crate::lines::{EntryId, Lines};
use crate::nanos::Nanos;

/// The number of a block in the database; blocks that were closed later have higher ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct BlockId(pub(crate) i64);

/// The number of a part of the full-text index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct PartId(pub(crate) i64);

/// The number of a group of blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct GroupId(pub(crate) i64);

/// Closed blocks that follow each other, whose frequent tokens have been counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) id: GroupId,
    pub(crate) first: BlockId,
    pub(crate) last: BlockId,
    /// So many there were. When some are gone, what is known of the group does not help any more.
    pub(crate) blocks: u32,
}

/// What is known of a block without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) id: BlockId,
    pub(crate) part: PartId,
    pub(crate) span: Span,
}

/// What the entries of a block have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) entries: u32,
    pub(crate) text_bytes: u32,
    pub(crate) first_id: EntryId,
    pub(crate) last_id: EntryId,
    pub(crate) oldest: Nanos,
    pub(crate) newest: Nanos,
    /// A bit for each container, by its number modulo 64: what is not set is not in the block.
    pub(crate) containers: u64,
    /// A bit for each level.
    pub(crate) levels: u8,
}

impl Span {
    /// `None` when there is no entry.
    pub(crate) fn of(lines: &Lines) -> Option<Self> {
        let first = lines.heads().first()?;
        let mut span = Self {
            entries: lines.len() as u32,
            text_bytes: lines.text_bytes() as u32,
            first_id: first.id,
            last_id: first.id,
            oldest: first.at,
            newest: first.at,
            containers: 0,
            levels: 0,
        };
        for head in lines.heads() {
            span.first_id = span.first_id.min(head.id);
            span.last_id = span.last_id.max(head.id);
            span.oldest = span.oldest.min(head.at);
            span.newest = span.newest.max(head.at);
            span.containers |= container_bit(head.container);
            span.levels |= level_bit(head.level);
        }
        Some(span)
    }
}

pub(crate) fn container_bit(container: crate::lines::ContainerId) -> u64 {
    1 << (container.0 % 64)
}

pub(crate) fn level_bit(level: crate::entry::Level) -> u8 {
    1 << level as u8
}

/// What the writer has changed in one transaction.
#[derive(Debug, Default)]
pub(crate) struct Change {
    pub(crate) closed: Vec<(Block, Counts)>,
    pub(crate) removed: Vec<(BlockId, Counts)>,
    pub(crate) grouped: Vec<Group>,
    /// What is now in no closed block: the entries of open blocks, and those that may still grow.
    pub(crate) pending: Option<Counts>,
}

#[derive(Debug, Default)]
struct State {
    /// In the order of their numbers.
    blocks: Vec<Block>,
    /// In the order of their blocks.
    groups: Vec<Group>,
    closed_counts: Counts,
    pending_counts: Counts,
    last: Option<BlockId>,
}

/// All closed blocks.
#[derive(Debug)]
pub(crate) struct Directory {
    state: RwLock<State>,
    /// The highest number of a block that is known here.
    last: watch::Sender<BlockId>,
}

impl Default for Directory {
    fn default() -> Self {
        Self {
            state: RwLock::default(),
            last: watch::Sender::new(BlockId(0)),
        }
    }
}

impl Directory {
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Follows the database after a commit.
    pub(crate) fn apply(&self, change: Change) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        for (block, counts) in change.closed {
            state.last = state.last.max(Some(block.id));
            state.blocks.push(block);
            state.closed_counts.add(&counts);
        }
        if !change.removed.is_empty() {
            let gone: HashSet<BlockId> = change.removed.iter().map(|(id, _)| *id).collect();
            state.blocks.retain(|block| !gone.contains(&block.id));
            state
                .groups
                .retain(|group| !gone.iter().any(|id| (group.first..=group.last).contains(id)));
            for (_, counts) in &change.removed {
                state.closed_counts.subtract(counts);
            }
        }
        state.groups.extend(change.grouped);
        if let Some(pending) = change.pending {
            state.pending_counts = pending;
        }
        let last = state.last;
        drop(state);
        if let Some(last) = last {
            self.last.send_replace(last);
        }
    }

    /// Waits until this block, which a reader has seen in the database, is known here too.
    pub(crate) async fn reaches(&self, block: BlockId) {
        let mut last = self.last.subscribe();
        // The sender lives as long as the directory.
        let _ = last.wait_for(|last| *last >= block).await;
    }

    /// What `pick` takes of the blocks, in the order of their numbers.
    pub(crate) fn pick<T>(&self, pick: impl Fn(&Block) -> Option<T>) -> Vec<T> {
        self.read().blocks.iter().filter_map(pick).collect()
    }

    /// Of what `pick` takes of the blocks the `most` with the lowest keys, the lowest last; and whether there are more.
    ///
    /// Only so many are held at a time: a search that has enough after a few blocks shall not pay for all of them.
    pub(crate) fn pick_lowest<T, Key: Ord>(
        &self,
        most: usize,
        key: impl Fn(&T) -> Key,
        pick: impl Fn(&Block) -> Option<T>,
    ) -> (Vec<T>, bool) {
        let mut lowest = Vec::new();
        let mut limit: Option<Key> = None;
        let mut is_more = false;
        // The newest blocks first, because those are mostly wanted: nearly all others are then above the limit.
        for item in self.read().blocks.iter().rev().filter_map(pick) {
            if limit.as_ref().is_some_and(|limit| key(&item) > *limit) {
                is_more = true;
                continue;
            }
            lowest.push(item);
            if lowest.len() > 2 * most {
                let (_, highest, _) = lowest.select_nth_unstable_by_key(most, &key);
                limit = Some(key(highest));
                lowest.truncate(most);
                is_more = true;
            }
        }
        lowest.sort_unstable_by_key(&key);
        is_more |= lowest.len() > most;
        lowest.truncate(most);
        lowest.reverse();
        (lowest, is_more)
    }

    /// The groups of which all blocks are there and `takes` takes each, and those blocks in their order.
    pub(crate) fn whole_groups(&self, takes: impl Fn(&Block) -> bool) -> Vec<(Group, Vec<BlockId>)> {
        let state = self.read();
        let mut whole = Vec::new();
        for group in &state.groups {
            let from = state.blocks.partition_point(|block| block.id < group.first);
            let blocks = state.blocks[from..]
                .iter()
                .take_while(|block| block.id <= group.last);
            let ids: Vec<BlockId> = blocks
                .filter(|block| takes(block))
                .map(|block| block.id)
                .collect();
            if ids.len() == group.blocks as usize {
                whole.push((*group, ids));
            }
        }
        whole
    }

    /// Entries by container and level, those included that are in no closed block.
    pub(crate) fn counts(&self) -> Counts {
        let state = self.read();
        let mut counts = state.closed_counts.clone();
        counts.add(&state.pending_counts);
        counts
    }

    /// All entries, those included that are in no closed block.
    pub(crate) fn entries(&self) -> u64 {
        let state = self.read();
        state.closed_counts.total() + state.pending_counts.total()
    }

    /// The times of the oldest and of the newest entry in closed blocks.
    pub(crate) fn reach(&self) -> (Option<Nanos>, Option<Nanos>) {
        let state = self.read();
        let spans = state.blocks.iter().map(|block| block.span);
        (
            spans.clone().map(|span| span.oldest).min(),
            spans.map(|span| span.newest).max(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::{Level, Stream};
    use crate::lines::{ContainerId, Head};

    fn block(id: i64, container: u32, at: i64) -> (Block, Counts) {
        let mut lines = Lines::default();
        for (entry, level) in [(1, Level::Error), (0, Level::Info)] {
            lines.push(
                Head {
                    id: EntryId(id * 10 + entry),
                    at: Nanos(at + entry),
                    container: ContainerId(container),
                    stream: Stream::Stdout,
                    level,
                },
                "four",
            );
        }
        let span = Span::of(&lines).expect("two entries");
        let part = PartId(1);
        let id = BlockId(id);
        (Block { id, part, span }, Counts::of(&lines))
    }

    #[test]
    fn a_span_covers_its_entries() {
        let (block, _) = block(7, 65, 100);

        assert_eq!(
            block.span,
            Span {
                entries: 2,
                text_bytes: 8,
                first_id: EntryId(70),
                last_id: EntryId(71),
                oldest: Nanos(100),
                newest: Nanos(101),
                containers: 0b10,
                levels: 0b0_1010,
            }
        );
        assert_eq!(Span::of(&Lines::default()), None);
    }

    #[test]
    fn the_lowest_of_many_are_picked_whatever_their_order() {
        for numbers in [
            (1..=100).collect::<Vec<i64>>(),
            (1..=100).map(|id| id * 37 % 101).collect(),
        ] {
            let directory = Directory::default();
            let closed = (1..).zip(&numbers).map(|(id, at)| block(id, 1, *at)).collect();
            directory.apply(Change {
                closed,
                ..Change::default()
            });
            for most in [1, 7, 30, 99, 100, 200] {
                let odd = |block: &Block| (block.span.oldest.0 % 2 == 1).then_some(block.span.oldest.0);

                let (picked, is_more) = directory.pick_lowest(most, |at| *at, odd);

                let expected: Vec<i64> = (1..=100).step_by(2).take(most).collect();
                assert!(picked.iter().rev().eq(&expected), "{most}: {picked:?}");
                assert_eq!(is_more, most < 50);
            }
        }
    }

    #[tokio::test]
    async fn it_follows_what_the_writer_changes() {
        let directory = Directory::default();
        let (first, second) = (block(1, 1, 100), block(2, 2, 50));
        directory.apply(Change {
            closed: vec![first.clone(), second.clone()],
            pending: Some(second.1.clone()),
            ..Change::default()
        });

        directory.apply(Change {
            grouped: vec![Group {
                id: GroupId(1),
                first: BlockId(1),
                last: BlockId(2),
                blocks: 2,
            }],
            ..Change::default()
        });

        directory.reaches(BlockId(2)).await;
        let blocks = |takes: fn(&Block) -> bool| {
            let groups = directory.whole_groups(takes).into_iter();
            groups.map(|(_, blocks)| blocks).collect::<Vec<_>>()
        };
        assert_eq!(blocks(|_| true), [[BlockId(1), BlockId(2)]]);
        assert!(blocks(|block| block.id.0 == 1).is_empty());
        assert_eq!(directory.counts().total(), 6);
        assert_eq!(directory.entries(), 6);
        assert_eq!(directory.reach(), (Some(Nanos(50)), Some(Nanos(101))));

        directory.apply(Change {
            removed: vec![(BlockId(1), first.1)],
            ..Change::default()
        });
        assert_eq!(directory.pick(|block| Some(block.id)), [BlockId(2)]);
        assert!(directory.whole_groups(|_| true).is_empty());
        assert_eq!(directory.counts().of_container(ContainerId(1)), 0);
        assert_eq!(directory.counts().of_container(ContainerId(2)), 4);
    }
}
