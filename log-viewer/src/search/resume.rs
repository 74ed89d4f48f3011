//! What was committed after an entry: for a live stream that goes on where it was cut off.

use std::sync::Arc;

use sqlx::Result;

use super::Filter;
use crate::lines::{EntryId, Head, Lines};
use crate::store::Store;

/// Entries in the order of their numbers.
#[derive(Debug)]
pub(crate) struct Missed {
    pub(crate) entries: Lines,
    /// Older ones that were too many.
    pub(crate) left_out: u64,
    /// The last entry that there was, wanted or not.
    pub(crate) through: EntryId,
}

/// Entries after `last` that are wanted, the newest `most` of them.
pub(crate) async fn since(store: &Store, filter: Arc<Filter>, last: EntryId, most: usize) -> Result<Missed> {
    let pending = store.pending().await?;
    if let Some(closed) = pending.last_closed {
        store.directory.reaches(closed).await;
    }
    let mut through = last;
    let mut found: Vec<(Head, String)> = Vec::new();
    let mut left_out = 0;
    let mut take = |lines: &Lines, found: &mut Vec<(Head, String)>| {
        for (head, text) in lines.iter().filter(|(head, _)| head.id > last) {
            through = through.max(head.id);
            if filter.wants(head, text) {
                found.push((*head, text.to_owned()));
            }
        }
        found.sort_unstable_by_key(|(head, _)| head.id);
        let over = found.len().saturating_sub(most);
        left_out += over as u64;
        found.drain(..over);
    };
    let blocks = store.directory.pick(|block| {
        let known = pending.last_closed.is_some_and(|closed| block.id <= closed);
        (known && block.span.last_id > last).then_some(block.id)
    });
    for block in blocks {
        for (_, stored) in store.read_blocks(&[block]).await? {
            take(&stored.unpack(), &mut found);
        }
    }
    take(&pending.lines, &mut found);
    let mut entries = Lines::default();
    for (head, text) in &found {
        entries.push(*head, text);
    }
    Ok(Missed {
        entries,
        left_out,
        through,
    })
}
