//! Goes through the blocks that may have something wanted, from one end of time to the other.
//!
//! Blocks overlap in time, because several containers write and some lines come late. What a step finds is therefore
//! in no order; it also says up to which time nothing more can come.

mod reading;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use self::reading::gather;
use super::Filter;
use super::count::count_tally;
use super::hits::{Give, Hits};
use crate::lines::Lines;
use crate::nanos::Nanos;
use crate::store::directory::{Block, BlockId, Group, GroupId, PartId, Span};
use crate::store::{Result, Store};
use crate::tally::Tally;

/// Blocks in the first step, and in later ones: a page is often full after the first.
const FIRST_STEP: usize = 2;
const LARGEST_STEP: usize = 16;
/// What is counted without texts is small.
const LARGEST_STEP_OF_WORDS: usize = 96;
/// Blocks that the index is asked about at first; each time it is more of them, up to all that have been taken.
const FIRST_WINDOW: usize = 32;
/// When the index has been asked about so many, and a match may be in one of so many at most, it is asked about all the rest.
const ASKED: usize = if cfg!(test) { 2 } else { 160 };
const RARE: usize = if cfg!(test) { 2 } else { 8 };
/// Blocks that are taken from the directory at once: at first, and when those were not enough. Each search that goes
/// on at the same time holds twice as many for a moment. Tests have few blocks.
const FIRST_PICK: usize = if cfg!(test) { 2 } else { 256 };
const LARGEST_PICK: usize = if cfg!(test) { 3 } else { 1_024 };

/// Groups of blocks that are counted at once: enough for most totals, and the most.
const FIRST_GROUPS: usize = 24;
const LARGEST_GROUPS: usize = 192;

/// Which way to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    NewestFirst,
    OldestFirst,
}

impl Order {
    /// Where a block begins, seen from the way's start.
    fn edge(self, span: &Span) -> Nanos {
        match self {
            Self::NewestFirst => span.newest,
            Self::OldestFirst => span.oldest,
        }
    }

    /// Where a block stands on the way; what comes first is lower.
    fn place(self, edge: Nanos, id: BlockId) -> (i64, i64) {
        match self {
            // Turns the order round, and knows no overflow.
            Self::NewestFirst => (!edge.0, !id.0),
            Self::OldestFirst => (edge.0, id.0),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Candidate {
    /// Where the block begins, seen from the way's start.
    edge: Nanos,
    id: BlockId,
    part: PartId,
    entries: u32,
    /// Nothing but the text decides about its entries.
    is_whole: bool,
}

/// A search on its way.
pub(crate) struct Walk {
    store: Store,
    filter: Arc<Filter>,
    order: Order,
    give: Give,
    /// What stands in no closed block, until it is given.
    pending: Option<Lines>,
    /// Blocks that were closed later are in `pending`.
    last_closed: Option<BlockId>,
    /// The place of the last block that was taken from the directory; `None` before the first one.
    picked_to: Option<(i64, i64)>,
    /// The directory has more blocks.
    is_more: bool,
    pick: usize,
    /// The next one last.
    unasked: Vec<Candidate>,
    /// The index has been asked about these; the next one last.
    candidates: Vec<Candidate>,
    step: usize,
    window: usize,
    /// Blocks that the index was asked about, and those of them that may have a match.
    asked: usize,
    narrowed: usize,
    /// Once the index has told it: all that may have a match, in the order of their numbers.
    rest: Option<Vec<BlockId>>,
    /// Groups of blocks further on, of which the number is known without a look at each block; the next one last.
    groups: Vec<(Group, Vec<BlockId>)>,
    groups_at_once: usize,
    /// Blocks that were counted with their group.
    counted: HashSet<BlockId>,
}

/// What a step has found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) hits: Hits,
    /// Nothing further on this way lies before this edge; `None` at the end.
    pub(crate) edge: Option<Nanos>,
}

impl Walk {
    pub(crate) async fn begin(store: &Store, filter: Arc<Filter>, order: Order, give: Give) -> Result<Self> {
        let pending = store.pending().await?;
        if let Some(last) = pending.last_closed {
            store.directory.reaches(last).await;
        }
        let mut walk = Self {
            store: store.clone(),
            filter,
            order,
            give,
            pending: Some(pending.lines),
            last_closed: pending.last_closed,
            picked_to: None,
            is_more: true,
            pick: FIRST_PICK,
            unasked: Vec::new(),
            candidates: Vec::new(),
            step: FIRST_STEP,
            window: FIRST_WINDOW,
            asked: 0,
            narrowed: 0,
            rest: None,
            groups: Vec::new(),
            groups_at_once: FIRST_GROUPS,
            counted: HashSet::new(),
        };
        walk.pick_more();
        Ok(walk)
    }

    /// Takes the next blocks from the directory when none is left.
    fn pick_more(&mut self) {
        if !self.unasked.is_empty() || !self.is_more {
            return;
        }
        let place = |candidate: &Candidate| self.order.place(candidate.edge, candidate.id);
        let directory = &self.store.directory;
        (self.unasked, self.is_more) = directory.pick_lowest(self.pick, place, |block| {
            self.is_ahead(block).then(|| Candidate {
                edge: self.order.edge(&block.span),
                id: block.id,
                part: block.part,
                entries: block.span.entries,
                is_whole: self.filter.takes_all_of(&block.span),
            })
        });
        self.pick = LARGEST_PICK;
        if let Some(last) = self.unasked.first() {
            self.picked_to = Some(place(last));
        }
    }

    /// From here on their number is enough. It comes first from where many blocks have been counted together.
    pub(crate) fn give_number(&mut self) {
        self.give = Give::Number;
        let is_one_token = self
            .filter
            .query
            .listed_only()
            .is_some_and(|keys| keys.len() == 1);
        let next = self.candidates.last().or(self.unasked.last());
        let (true, Some(next)) = (is_one_token, next) else {
            return;
        };
        let next = self.order.place(next.edge, next.id);
        self.groups = self.store.directory.whole_groups(|block| {
            self.last_closed.is_some_and(|last| block.id <= last)
                && self.filter.takes_times_of(&block.span)
                && self.order.place(self.order.edge(&block.span), block.id) >= next
        });
    }

    /// Reads on; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Found>> {
        if let Some(pending) = self.pending.take() {
            let mut hits = Hits::default();
            gather(&pending, &self.filter, self.give, &mut hits);
            let edge = self.edge();
            return Ok(Some(Found { hits, edge }));
        }
        if !self.groups.is_empty() {
            let hits = self.count_groups().await?;
            let edge = self.edge();
            return Ok(Some(Found { hits, edge }));
        }
        while self.candidates.is_empty() {
            if self.unasked.is_empty() {
                return Ok(None);
            }
            self.ask_index().await?;
        }
        let count = self.step.min(self.candidates.len());
        let mut step = self.candidates.split_off(self.candidates.len() - count);
        let largest = if self.needs_texts() {
            LARGEST_STEP
        } else {
            LARGEST_STEP_OF_WORDS
        };
        self.step = (self.step * 2).min(largest);
        let second = step.split_off(count.div_ceil(2));
        let (mut hits, second) = tokio::try_join!(self.scan(step), self.scan(second))?;
        hits.append(second);
        let edge = self.edge();
        Ok(Some(Found { hits, edge }))
    }

    fn edge(&self) -> Option<Nanos> {
        self.candidates
            .last()
            .or(self.unasked.last())
            .map(|candidate| candidate.edge)
    }

    /// The number of hits in the next groups, as far as their tallies tell. Blocks of which they do not are left for later.
    async fn count_groups(&mut self) -> Result<Hits> {
        let from = self.groups.len().saturating_sub(self.groups_at_once);
        self.groups_at_once = LARGEST_GROUPS;
        let groups = self.groups.split_off(from);
        let mut hits = Hits::default();
        let Some([token]) = self.filter.query.listed_only() else {
            return Ok(hits);
        };
        let ids: Vec<GroupId> = groups.iter().map(|(group, _)| group.id).collect();
        let tallies: HashMap<GroupId, Tally> = self.store.tallies(&ids, token).await?.into_iter().collect();
        for (group, blocks) in &groups {
            let Some(tally) = tallies.get(&group.id) else {
                continue;
            };
            if let Some(number) = count_tally(tally, &self.filter) {
                hits.number = hits.number.saturating_add(number);
                let known = blocks.iter().enumerate().filter(|(place, _)| tally.knows(*place));
                self.counted.extend(known.map(|(_, block)| *block));
            }
        }
        self.candidates
            .retain(|candidate| !self.counted.contains(&candidate.id));
        Ok(hits)
    }

    /// Moves the next blocks over that may have a match.
    async fn ask_index(&mut self) -> Result<()> {
        let count = self.window.min(self.unasked.len());
        let mut window = self.unasked.split_off(self.unasked.len() - count);
        self.window = self.window.saturating_mul(4);
        window.retain(|candidate| !self.counted.contains(&candidate.id));
        if self.rest.is_none()
            && let Some(expression) = self.filter.expression.as_ref().filter(|_| !window.is_empty())
        {
            self.asked += window.len();
            let blocks = window.iter().map(|candidate| (candidate.part, candidate.id));
            let matching = self.store.candidates(expression, &ranges(blocks)).await?;
            window.retain(|candidate| matching.binary_search(&candidate.id).is_ok());
            self.narrowed += window.len();
            if self.asked >= ASKED && self.narrowed * RARE <= self.asked && self.is_more {
                self.ask_about_rest().await?;
            }
        }
        self.candidates = window;
        // So that it is known how far on the next one is.
        self.pick_more();
        Ok(())
    }

    /// Few blocks may have a match: to know which they are is cheaper than to take each from the directory.
    async fn ask_about_rest(&mut self) -> Result<()> {
        let Some(expression) = &self.filter.expression else {
            return Ok(());
        };
        let taken = self
            .unasked
            .iter()
            .map(|candidate| (candidate.part, candidate.id));
        let ahead = self
            .store
            .directory
            .pick(|block| self.is_ahead(block).then_some((block.part, block.id)));
        let matching = self
            .store
            .candidates(expression, &ranges(taken.chain(ahead)))
            .await?;
        self.unasked
            .retain(|candidate| matching.binary_search(&candidate.id).is_ok());
        self.rest = Some(matching);
        Ok(())
    }

    /// Whether a block has to be looked at that was not yet taken from the directory.
    fn is_ahead(&self, block: &Block) -> bool {
        let place = self.order.place(self.order.edge(&block.span), block.id);
        self.last_closed.is_some_and(|last| block.id <= last)
            && self.filter.may_be_in(&block.span)
            && self.picked_to.is_none_or(|behind| place > behind)
            && self
                .rest
                .as_ref()
                .is_none_or(|rest| rest.binary_search(&block.id).is_ok())
    }
}

/// The first and the last block of each part.
fn ranges(blocks: impl Iterator<Item = (PartId, BlockId)>) -> HashMap<PartId, (BlockId, BlockId)> {
    let mut ranges = HashMap::new();
    for (part, id) in blocks {
        let range = ranges.entry(part).or_insert((id, id));
        *range = (range.0.min(id), range.1.max(id));
    }
    ranges
}
