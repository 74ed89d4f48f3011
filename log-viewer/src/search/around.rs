//! One entry, and what its container wrote before and after it.

use std::time::Instant;

use super::Filter;
use super::page::{self, Place, Request, Total};
use super::walk::Order;
use crate::lines::{EntryId, Head, Lines};
use crate::store::{Result, Store};

/// An entry by its number; `None` when there is none (any more).
pub(crate) async fn find(store: &Store, id: EntryId) -> Result<Option<(Head, String)>> {
    let pending = store.pending().await?;
    if let Some(found) = in_lines(&pending.lines, id) {
        return Ok(Some(found));
    }
    if let Some(last) = pending.last_closed {
        store.directory.reaches(last).await;
    }
    let blocks = store
        .directory
        .pick(|block| (block.span.first_id <= id && id <= block.span.last_id).then_some(block.id));
    // One, or a few where entries were written anew.
    for block in blocks {
        for (_, stored) in store.read_blocks(&[block]).await? {
            if let Some(found) = in_lines(&stored.unpack(), id) {
                return Ok(Some(found));
            }
        }
    }
    Ok(None)
}

fn in_lines(lines: &Lines, id: EntryId) -> Option<(Head, String)> {
    lines
        .iter()
        .find(|(head, _)| head.id == id)
        .map(|(head, text)| (*head, text.to_owned()))
}

/// What the container of `head` wrote directly before and directly after it, both in the order of time.
pub(crate) async fn read(
    store: &Store,
    head: &Head,
    before: usize,
    after: usize,
    deadline: Instant,
) -> Result<(Lines, Lines)> {
    let side = async |order, limit| {
        let request = Request {
            order,
            behind: Some(Place::of(head)),
            offset: 0,
            limit,
            // Nobody asks for it.
            total: Some(Total {
                count: 0,
                exact: false,
            }),
            deadline,
        };
        page::read(store, Filter::default().of_containers([head.container]), request).await
    };
    let (earlier, later) =
        tokio::try_join!(side(Order::NewestFirst, before), side(Order::OldestFirst, after))?;
    let mut in_order = Lines::default();
    for index in (0..earlier.entries.len()).rev() {
        in_order.push(earlier.entries.heads()[index], earlier.entries.text(index));
    }
    Ok((in_order, later.entries))
}
