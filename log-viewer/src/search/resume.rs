//! What was committed after an entry: for a live stream that goes on where it was cut off.

use std::sync::Arc;

use super::Filter;
use crate::lines::{EntryId, Head, Lines};
use crate::nanos::Nanos;
use crate::store::directory::BlockId;
use crate::store::{Result, Store};

/// Blocks that are read, the newest ones; what lies in older ones is left out without a look.
const MOST_BLOCKS: usize = 200;
/// An entry grows no longer than so many nanoseconds after it has begun: the gaps within one are shorter.
const GROWTH: i64 = 10_000_000_000;

/// What a stream has missed.
#[derive(Debug, Default)]
pub(crate) struct Missed {
    /// New entries, in the order of their numbers.
    pub(crate) entries: Lines,
    /// Entries that may have grown since.
    pub(crate) grown: Lines,
    /// Older ones that were too many; of those that were not looked at, all are counted.
    pub(crate) left_out: u64,
    /// The last entry that there is, wanted or not.
    pub(crate) through: EntryId,
}

/// Entries after `last` that are wanted, the newest `most` of them.
pub(crate) async fn since(store: &Store, filter: Arc<Filter>, last: EntryId, most: usize) -> Result<Missed> {
    let pending = store.pending().await?;
    if let Some(closed) = pending.last_closed {
        store.directory.reaches(closed).await;
    }
    let known = |id: BlockId| pending.last_closed.is_some_and(|closed| id <= closed);
    let newest = store
        .directory
        .pick(|block| known(block.id).then_some(block.span.last_id))
        .into_iter()
        .chain(pending.lines.heads().iter().map(|head| head.id))
        .max()
        .unwrap_or(EntryId(0));
    let mut missed = Missed {
        through: newest,
        ..Missed::default()
    };
    let mut blocks = store.directory.pick(|block| {
        (known(block.id) && block.span.last_id >= last).then_some((block.id, block.span.entries))
    });
    let unread = blocks.len().saturating_sub(MOST_BLOCKS);
    for (_, entries) in blocks.drain(..unread) {
        missed.left_out += u64::from(entries);
    }

    let mut new: Vec<(Head, String)> = Vec::new();
    let mut before: Vec<(Head, String)> = Vec::new();
    let mut last_at = None;
    let mut take = |lines: &Lines| {
        for (head, text) in lines.iter() {
            if head.id == last {
                last_at = Some(head.at);
            }
            if head.id > last && filter.wants(head, text) {
                new.push((*head, text.to_owned()));
            } else if head.id <= last && text.contains('\n') && filter.wants(head, text) {
                before.push((*head, text.to_owned()));
            }
        }
        new.sort_unstable_by_key(|(head, _)| head.id);
        let over = new.len().saturating_sub(most);
        missed.left_out += over as u64;
        new.drain(..over);
    };
    for (block, _) in blocks {
        for (_, stored) in store.read_blocks(&[block]).await? {
            take(&stored.unpack());
        }
    }
    take(&pending.lines);
    for (head, text) in &new {
        missed.entries.push(*head, text);
    }
    for (head, text) in &before {
        if last_at.is_some_and(|at: Nanos| head.at.0 >= at.0.saturating_sub(GROWTH)) {
            missed.grown.push(*head, text);
        }
    }
    Ok(missed)
}
