//! Goes through the blocks that may have something wanted, from one end of time to the other.
//!
//! Blocks overlap in time, because several containers write and some lines come late. What a step finds is therefore
//! in no order; it also says up to which time nothing more can come.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::Filter;
use super::count::{Counted, count_tally, count_words};
use super::hits::{Give, Hits};
use super::scan::for_each_hit;
use crate::lines::Lines;
use crate::nanos::Nanos;
use crate::store::directory::{BlockId, Group, GroupId, PartId, Span};
use crate::store::{self, Result, Store};
use crate::tally::Tally;

/// Blocks in the first step, and in later ones: a page is often full after the first.
const FIRST_STEP: usize = 2;
const LARGEST_STEP: usize = 16;
/// What is counted without texts is small.
const LARGEST_STEP_OF_WORDS: usize = 96;
/// Blocks whose words are counted while the next ones are read.
const WORDS_AT_ONCE: usize = 16;
/// Blocks that are in memory with their texts, for each half of a step.
const TEXTS_AT_ONCE: usize = 4;
/// Blocks that the index is asked about at once.
const FIRST_WINDOW: usize = 32;
const LARGEST_WINDOW: usize = 4_096;
/// Blocks that are taken from the directory at once: at first, and when those were not enough. Tests have few blocks.
const FIRST_PICK: usize = if cfg!(test) { 2 } else { 256 };
const LARGEST_PICK: usize = if cfg!(test) { 3 } else { LARGEST_WINDOW };

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
        let (order, filter) = (self.order, &self.filter);
        let place = |candidate: &Candidate| order.place(candidate.edge, candidate.id);
        (self.unasked, self.is_more) = self.store.directory.pick_lowest(self.pick, place, |block| {
            let is_known = self.last_closed.is_some_and(|last| block.id <= last);
            if !is_known || !filter.may_be_in(&block.span) {
                return None;
            }
            let candidate = Candidate {
                edge: order.edge(&block.span),
                id: block.id,
                part: block.part,
                entries: block.span.entries,
                is_whole: filter.takes_all_of(&block.span),
            };
            let is_ahead = self.picked_to.is_none_or(|behind| place(&candidate) > behind);
            is_ahead.then_some(candidate)
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

    /// Whether all texts are read, whatever the blocks hold.
    fn needs_texts(&self) -> bool {
        let is_counted = !self.filter.has_query() || self.filter.query.listed_only().is_some();
        self.give == Give::Entries || !is_counted
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
        self.window = (self.window * 4).min(LARGEST_WINDOW);
        // So that it is known how far on the next one is.
        self.pick_more();
        window.retain(|candidate| !self.counted.contains(&candidate.id));
        if let Some(expression) = self.filter.expression.as_ref().filter(|_| !window.is_empty()) {
            let mut ranges: HashMap<PartId, (BlockId, BlockId)> = HashMap::new();
            for candidate in &window {
                let range = ranges
                    .entry(candidate.part)
                    .or_insert((candidate.id, candidate.id));
                *range = (range.0.min(candidate.id), range.1.max(candidate.id));
            }
            let matching = self.store.candidates(expression, &ranges).await?;
            window.retain(|candidate| matching.contains(&candidate.id));
        }
        self.candidates = window;
        Ok(())
    }

    /// Reads blocks and gathers what is wanted of them.
    async fn scan(&self, blocks: Vec<Candidate>) -> Result<Hits> {
        if blocks.is_empty() {
            return Ok(Hits::default());
        }
        // So many at once as there are cores: more would only take memory.
        let permit = Arc::clone(&self.store.scans).acquire_owned().await;
        let (mut hits, unsure) = if self.needs_texts() {
            (Hits::default(), ids(&blocks))
        } else if self.filter.has_query() {
            self.count_words(&blocks).await?
        } else {
            (self.count_heads(&blocks).await?, Vec::new())
        };
        for some in unsure.chunks(TEXTS_AT_ONCE) {
            let blocks = self.store.read_blocks(some).await?;
            let (filter, give) = (Arc::clone(&self.filter), self.give);
            let more = blocking(move || {
                let mut hits = Hits::default();
                for (_, block) in blocks {
                    gather(&block.unpack(), &filter, give, &mut hits);
                }
                hits
            });
            hits.append(more.await?);
        }
        drop(permit);
        Ok(hits)
    }

    /// The hits as far as frequent tokens tell them, and the blocks whose texts have to be read.
    async fn count_words(&self, blocks: &[Candidate]) -> Result<(Hits, Vec<BlockId>)> {
        let is_number = self.give == Give::Number;
        let with_heads = !is_number || blocks.iter().any(|block| !block.is_whole);
        let whole: HashSet<BlockId> = blocks
            .iter()
            .filter(|block| block.is_whole)
            .map(|block| block.id)
            .collect();
        let whole = Arc::new(whole);
        let mut chunks = blocks.chunks(WORDS_AT_ONCE);
        let mut read = async || match chunks.next() {
            Some(some) => self.store.read_postings(&ids(some), with_heads).await.map(Some),
            None => Ok(None),
        };
        let (mut hits, mut unsure) = (Hits::default(), Vec::new());
        let mut stored = read().await?;
        while let Some(some) = stored {
            let (filter, give, whole) = (Arc::clone(&self.filter), self.give, Arc::clone(&whole));
            let count = blocking(move || {
                let (mut hits, mut unsure) = (Hits::default(), Vec::new());
                for (id, block) in some {
                    match count_words(&block, &filter, whole.contains(&id), give, &mut hits) {
                        Counted::All => {}
                        Counted::Unsure => unsure.push(id),
                        Counted::Damaged => tracing::error!("a block is damaged"),
                    }
                }
                (hits, unsure)
            });
            let ((more, more_unsure), next) = tokio::try_join!(count, read())?;
            hits.append(more);
            unsure.extend(more_unsure);
            stored = next;
        }
        Ok((hits, unsure))
    }

    /// The hits when no text decides.
    async fn count_heads(&self, blocks: &[Candidate]) -> Result<Hits> {
        let mut hits = Hits::default();
        let is_known = |block: &&Candidate| self.give == Give::Number && block.is_whole;
        let (known, others): (Vec<&Candidate>, Vec<&Candidate>) = blocks.iter().partition(is_known);
        hits.number += known.iter().map(|block| u64::from(block.entries)).sum::<u64>();
        if others.is_empty() {
            return Ok(hits);
        }
        let others: Vec<BlockId> = others.iter().map(|block| block.id).collect();
        let stored = self.store.read_heads(&others).await?;
        let (filter, give) = (Arc::clone(&self.filter), self.give);
        blocking(move || {
            for (_, block) in stored {
                gather(&block.unpack_heads(), &filter, give, &mut hits);
            }
            hits
        })
        .await
    }
}

fn ids(blocks: &[Candidate]) -> Vec<BlockId> {
    blocks.iter().map(|block| block.id).collect()
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(store::failed)
}

fn gather(lines: &Lines, filter: &Filter, give: Give, hits: &mut Hits) {
    for_each_hit(lines, filter, |index| hits.take(lines, index, give));
}
