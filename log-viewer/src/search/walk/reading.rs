//! Reads the blocks of a step and gathers what is wanted of them, with as little of each as that needs.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;

use super::{Candidate, Walk};
use crate::lines::Lines;
use crate::search::Filter;
use crate::search::count::{Counted, count_words};
use crate::search::hits::{Give, Hits};
use crate::search::scan::{for_each_hit, may_match};
use crate::store::directory::BlockId;
use crate::store::{self, Result};

/// Blocks whose words are counted while the next ones are read.
const WORDS_AT_ONCE: usize = 16;

impl Walk {
    /// Whether all texts are read, whatever the blocks hold.
    pub(super) fn needs_texts(&self) -> bool {
        let is_counted = !self.filter.has_query() || self.filter.query.listed_only().is_some();
        self.give == Give::Entries || !is_counted
    }

    /// Reads blocks and gathers what is wanted of them.
    pub(super) async fn scan(&self, blocks: Vec<Candidate>) -> Result<Hits> {
        if blocks.is_empty() {
            return Ok(Hits::default());
        }
        // So many at once as there are cores: more would only take memory. It is never closed.
        let permit = Arc::clone(&self.store.scans).acquire_owned().await.ok();
        let (mut hits, unsure) = if self.needs_texts() {
            (Hits::default(), ids(&blocks))
        } else if self.filter.has_query() {
            self.count_words(&blocks).await?
        } else {
            (self.count_heads(&blocks).await?, Vec::new())
        };
        if unsure.is_empty() {
            return Ok(hits);
        }
        hits.append(self.look_through(unsure, permit).await?);
        Ok(hits)
    }

    /// Looks through the texts of blocks, each while SQLite reads the next ones.
    async fn look_through(&self, blocks: Vec<BlockId>, permit: Option<OwnedSemaphorePermit>) -> Result<Hits> {
        let (store, filter, give) = (self.store.clone(), Arc::clone(&self.filter), self.give);
        let runtime = Handle::current();
        blocking(move || {
            let (mut hits, mut buffer) = (Hits::default(), Vec::new());
            runtime.block_on(store.each_block(&blocks, |block| {
                if let Some(lines) = block.unpack_if(&mut buffer, |texts| may_match(texts, &filter)) {
                    gather(&lines, &filter, give, &mut hits);
                }
            }))?;
            // Only now, whether anybody still waits or not.
            drop(permit);
            Ok(hits)
        })
        .await?
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

pub(super) fn gather(lines: &Lines, filter: &Filter, give: Give, hits: &mut Hits) {
    for_each_hit(lines, filter, |index| hits.take(lines, index, give));
}
