//! Goes through the blocks that may have something wanted, from one end of time to the other.
//!
//! Blocks overlap in time, because several containers write and some lines come late. What a step finds is therefore
//! in no order; it also says up to which time nothing more can come.

use std::collections::HashMap;
use std::sync::Arc;

use super::Filter;
use super::scan::for_each_hit;
use crate::lines::{Head, Lines};
use crate::nanos::Nanos;
use crate::store::blocks::StoredHeads;
use crate::store::directory::{BlockId, PartId};
use crate::store::{self, Result, Store};

/// Blocks in the first step, and in later ones: a page is often full after the first.
const FIRST_STEP: usize = 2;
const LARGEST_STEP: usize = 16;
/// Heads are small.
const LARGEST_STEP_OF_HEADS: usize = 32;
/// Blocks that are in memory with their texts, for each half of a step.
const TEXTS_AT_ONCE: usize = 8;
/// Blocks that the index is asked about at once.
const FIRST_WINDOW: usize = 32;
const LARGEST_WINDOW: usize = 4_096;

/// Which way to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    NewestFirst,
    OldestFirst,
}

/// What is wanted of each hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Give {
    /// Head and text.
    Entries,
    /// The head; the text is empty.
    Heads,
    /// How many there are.
    Number,
}

/// What is wanted of the hits, and how many there are.
#[derive(Debug, Default)]
pub(crate) struct Hits {
    pub(crate) lines: Lines,
    pub(crate) number: u64,
}

impl Hits {
    fn take(&mut self, head: &Head, text: &str, give: Give) {
        self.number += 1;
        match give {
            Give::Entries => self.lines.push(*head, text),
            Give::Heads => self.lines.push(*head, ""),
            Give::Number => {}
        }
    }

    fn append(&mut self, other: &Self) {
        self.lines.append(&other.lines);
        self.number += other.number;
    }
}

#[derive(Debug, Clone, Copy)]
struct Candidate {
    /// Where the block begins, seen from the way's start.
    edge: Nanos,
    id: BlockId,
    part: PartId,
}

/// A search on its way.
pub(crate) struct Walk {
    store: Store,
    filter: Arc<Filter>,
    give: Give,
    /// What stands in no closed block, until it is given.
    pending: Option<Lines>,
    /// The next one last.
    unasked: Vec<Candidate>,
    /// The index has been asked about these; the next one last.
    candidates: Vec<Candidate>,
    step: usize,
    window: usize,
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
        let mut unasked = store.directory.pick(|block| {
            let known = pending.last_closed.is_some_and(|last| block.id <= last);
            (known && filter.may_be_in(&block.span)).then_some(Candidate {
                edge: match order {
                    Order::NewestFirst => block.span.newest,
                    Order::OldestFirst => block.span.oldest,
                },
                id: block.id,
                part: block.part,
            })
        });
        match order {
            Order::NewestFirst => unasked.sort_by_key(|candidate| (candidate.edge, candidate.id)),
            Order::OldestFirst => {
                unasked.sort_by_key(|candidate| std::cmp::Reverse((candidate.edge, candidate.id)))
            }
        }
        Ok(Self {
            store: store.clone(),
            filter,
            give,
            pending: Some(pending.lines),
            unasked,
            candidates: Vec::new(),
            step: FIRST_STEP,
            window: FIRST_WINDOW,
        })
    }

    /// From here on their number is enough.
    pub(crate) fn give_number(&mut self) {
        self.give = Give::Number;
    }

    /// Reads on; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Found>> {
        if let Some(pending) = self.pending.take() {
            let mut hits = Hits::default();
            gather(&pending, &self.filter, self.give, &mut hits);
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
        let step: Vec<BlockId> = self
            .candidates
            .drain(self.candidates.len() - count..)
            .map(|candidate| candidate.id)
            .collect();
        let largest = match self.give {
            Give::Entries => LARGEST_STEP,
            Give::Heads | Give::Number => LARGEST_STEP_OF_HEADS,
        };
        self.step = (self.step * 2).min(largest);
        let (first, second) = step.split_at(count.div_ceil(2));
        let (first, second) = tokio::try_join!(self.scan(first), self.scan(second))?;
        let mut hits = first;
        hits.append(&second);
        let edge = self.edge();
        Ok(Some(Found { hits, edge }))
    }

    fn edge(&self) -> Option<Nanos> {
        self.candidates
            .last()
            .or(self.unasked.last())
            .map(|candidate| candidate.edge)
    }

    /// Moves the next blocks over that may have a match.
    async fn ask_index(&mut self) -> Result<()> {
        let count = self.window.min(self.unasked.len());
        let mut window = self.unasked.split_off(self.unasked.len() - count);
        self.window = (self.window * 4).min(LARGEST_WINDOW);
        if let Some(expression) = &self.filter.expression {
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
    async fn scan(&self, ids: &[BlockId]) -> Result<Hits> {
        if ids.is_empty() {
            return Ok(Hits::default());
        }
        // So many at once as there are cores: more would only take memory.
        let permit = Arc::clone(&self.store.scans).acquire_owned().await;
        let (mut hits, unsure) = if self.give != Give::Entries && self.filter.can_count_by_heads() {
            let heads = self.store.read_heads(ids).await?;
            let (filter, give) = (Arc::clone(&self.filter), self.give);
            blocking(move || count_by_heads(&heads, &filter, give)).await?
        } else {
            (Hits::default(), ids.to_vec())
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
            hits.append(&more.await?);
        }
        drop(permit);
        Ok(hits)
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(store::failed)
}

/// The hits, as far as heads and frequent tokens tell them, and the blocks whose texts have to be read.
fn count_by_heads(blocks: &[StoredHeads], filter: &Filter, give: Give) -> (Hits, Vec<BlockId>) {
    let (mut hits, mut unsure) = (Hits::default(), Vec::new());
    for block in blocks {
        match filter.query.words_only() {
            None => gather(&block.unpack(), filter, give, &mut hits),
            Some(words) => match block.postings().with_all(words) {
                None => unsure.push(block.id),
                Some(entries) => {
                    let lines = block.unpack();
                    let heads = entries
                        .iter()
                        .filter_map(|entry| lines.heads().get(*entry as usize));
                    for head in heads.filter(|head| filter.accepts(head)) {
                        hits.take(head, "", give);
                    }
                }
            },
        }
    }
    (hits, unsure)
}

fn gather(lines: &Lines, filter: &Filter, give: Give, hits: &mut Hits) {
    for_each_hit(lines, filter, |index| {
        let text = match give {
            Give::Entries => lines.text(index),
            Give::Heads | Give::Number => "",
        };
        hits.take(&lines.heads()[index], text, give);
    });
}
