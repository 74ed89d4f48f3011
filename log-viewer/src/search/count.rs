//! Counts in a block what is wanted, as far as that needs no text.

use super::Filter;
use super::hits::{Give, Hits};
use crate::columns::Columns;
use crate::store::blocks::StoredPostings;
use crate::tally::Tally;

/// What is known of a block without its text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Counted {
    /// Everything: the hits have been added.
    All,
    /// Too little: some of its words are not frequent there.
    Unsure,
    /// It is damaged.
    Damaged,
}

/// Adds the entries that have the words of the filter's query, if frequent tokens tell which those are. `is_whole` says that
/// only the text decides.
pub(super) fn count_words(
    block: &StoredPostings,
    filter: &Filter,
    is_whole: bool,
    give: Give,
    hits: &mut Hits,
) -> Counted {
    let keys = filter.query.listed_only().unwrap_or_default();
    let Some(entries) = block.postings().with_all(keys) else {
        return Counted::Unsure;
    };
    if entries.is_empty() {
        return Counted::All;
    }
    if is_whole && give == Give::Number {
        hits.number += entries.len() as u64;
        return Counted::All;
    }
    let counted = block
        .columns()
        .and_then(|columns| count_entries(&columns, &entries, filter, is_whole, give, hits));
    counted.map_or(Counted::Damaged, |()| Counted::All)
}

/// The entries that a filter wants of those that a tally knows, when times do not matter; `None` when it cannot tell.
pub(super) fn count_tally(tally: &Tally, filter: &Filter) -> Option<u64> {
    tally.count(filter.containers.is_some(), |container, stream, level| {
        filter.accepts_kind(stream, level) && filter.has_container(container)
    })
}

/// Decodes the columns alone that decide. `None` when they are damaged.
fn count_entries(
    columns: &Columns,
    entries: &[u32],
    filter: &Filter,
    is_whole: bool,
    give: Give,
    hits: &mut Hits,
) -> Option<()> {
    let containers = match &filter.containers {
        Some(wanted) => Some((wanted, columns.containers()?)),
        None => None,
    };
    let times = match give {
        Give::Number if !filter.has_times() => None,
        _ => Some(columns.times()?),
    };
    for entry in entries {
        let (stream, level) = columns.kind(*entry)?;
        let index = *entry as usize;
        let at = match &times {
            Some(times) => Some(*times.get(index)?),
            None => None,
        };
        let is_wanted = is_whole
            || filter.accepts_kind(stream, level)
                && at.is_none_or(|at| filter.accepts_time(at))
                && match &containers {
                    Some((wanted, containers)) => wanted.contains(containers.get(index)?),
                    None => true,
                };
        if is_wanted {
            hits.number += 1;
            if let (Give::Buckets { width }, Some(at)) = (give, at) {
                hits.buckets.add(width, at, level);
            }
        }
    }
    Some(())
}
