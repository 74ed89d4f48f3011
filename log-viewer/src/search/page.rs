//! One page of a list: so many entries in order, where to go on, and how many there are.

use std::sync::Arc;
use std::time::Instant;

use super::Filter;
use super::hits::Give;
use super::walk::{Order, Walk};
use crate::lines::{EntryId, Head, Lines};
use crate::nanos::Nanos;
use crate::store::{Result, Store};

/// Hits of a search are counted up to here.
const MOST_COUNTED: u64 = 10_000;

/// A place between entries in the order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) at: Nanos,
    pub(crate) id: EntryId,
}

impl Place {
    pub(crate) fn of(head: &Head) -> Self {
        Self {
            at: head.at,
            id: head.id,
        }
    }
}

/// How many entries are wanted in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Total {
    pub(crate) count: u64,
    /// Otherwise there are so many at least.
    pub(crate) exact: bool,
}

/// What to put on a page.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) order: Order,
    /// Entries behind this place alone.
    pub(crate) behind: Option<Place>,
    pub(crate) offset: usize,
    pub(crate) limit: usize,
    /// When it is known from the page before.
    pub(crate) total: Option<Total>,
    /// What is found until then is the answer.
    pub(crate) deadline: Instant,
}

#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) entries: Lines,
    /// The place behind the last entry, when there may be more.
    pub(crate) next: Option<Place>,
    pub(crate) total: Total,
    /// Set when the deadline came first: everything up to this time is on the page.
    pub(crate) scanned_to: Option<Nanos>,
}

/// Reads a page.
pub(crate) async fn read(store: &Store, mut filter: Filter, request: Request) -> Result<Page> {
    let order = request.order;
    let mut total = request.total.or_else(|| {
        filter
            .count(&store.directory.counts())
            .map(|count| Total { count, exact: true })
    });
    if let Some(behind) = request.behind {
        // Neighbours of the same nanosecond are told apart by their number, below.
        match order {
            Order::NewestFirst => filter.until = filter.until.min(Nanos(behind.at.0.saturating_add(1))),
            Order::OldestFirst => filter.since = filter.since.max(behind.at),
        }
    }
    let has_query = filter.has_query();
    let filter = Arc::new(filter);
    let mut walk = Walk::begin(store, filter, order, Give::Entries).await?;
    let mut pool = Pool::new(&request);
    let mut counted = 0;
    let mut scanned_to = None;
    let mut ended = false;
    let mut steps = 0;
    while !pool.is_full() {
        let Some(found) = walk.next().await? else {
            ended = true;
            break;
        };
        counted += found.hits.number;
        pool.add(&found.hits.lines, found.edge);
        steps += 1;
        // However late it is: who goes on from page to page comes to the end.
        if found.edge.is_some() && steps > 1 && Instant::now() >= request.deadline {
            scanned_to = found.edge;
            break;
        }
    }
    if total.is_none() {
        walk.give_number();
        while !ended && Instant::now() < request.deadline && (counted <= MOST_COUNTED || !has_query) {
            match walk.next().await? {
                Some(found) => counted += found.hits.number,
                None => ended = true,
            }
        }
        total = Some(if ended && (counted <= MOST_COUNTED || !has_query) {
            Total {
                count: counted,
                exact: true,
            }
        } else {
            Total {
                count: counted.min(MOST_COUNTED.max(pool.len() as u64)),
                exact: false,
            }
        });
    }
    Ok(pool.into_page(
        total.unwrap_or(Total {
            count: 0,
            exact: true,
        }),
        scanned_to,
    ))
}

/// The best entries so far.
struct Pool {
    order: Order,
    behind: Option<Place>,
    offset: usize,
    limit: usize,
    entries: Vec<(Head, String)>,
    /// So many of them are sure: nothing can come before them.
    settled: usize,
}

impl Pool {
    fn new(request: &Request) -> Self {
        Self {
            order: request.order,
            behind: request.behind,
            offset: request.offset,
            limit: request.limit,
            entries: Vec::new(),
            settled: 0,
        }
    }

    /// One more than the page holds, to know whether there is a next one.
    fn needed(&self) -> usize {
        self.offset + self.limit + 1
    }

    fn is_full(&self) -> bool {
        self.settled >= self.needed()
    }

    fn len(&self) -> usize {
        self.entries.len()
    }

    fn is_behind(&self, head: &Head) -> bool {
        self.behind.is_none_or(|behind| match self.order {
            Order::NewestFirst => Place::of(head) < behind,
            Order::OldestFirst => Place::of(head) > behind,
        })
    }

    /// What comes first on the page is lower.
    fn rank(&self, head: &Head) -> (i64, i64) {
        match self.order {
            // Turns the order round, and knows no overflow.
            Order::NewestFirst => (!head.at.0, !head.id.0),
            Order::OldestFirst => (head.at.0, head.id.0),
        }
    }

    fn add(&mut self, hits: &Lines, edge: Option<Nanos>) {
        let heads = hits.heads();
        let mut new: Vec<usize> = (0..hits.len())
            .filter(|index| self.is_behind(&heads[*index]))
            .collect();
        // The text of what will not be on the page is not copied.
        let needed = self.needed();
        if new.len() > needed {
            new.select_nth_unstable_by_key(needed, |index| self.rank(&heads[*index]));
            new.truncate(needed);
        }
        let mut entries = std::mem::take(&mut self.entries);
        let limit = entries
            .get(needed - 1)
            .map_or((i64::MAX, i64::MAX), |(head, _)| self.rank(head));
        for index in new {
            if self.rank(&heads[index]) <= limit {
                entries.push((heads[index], hits.text(index).to_owned()));
            }
        }
        entries.sort_unstable_by_key(|(head, _)| self.rank(head));
        entries.truncate(needed);
        self.entries = entries;
        self.settled = edge.map_or(self.entries.len(), |edge| {
            self.entries.partition_point(|(head, _)| match self.order {
                Order::NewestFirst => head.at > edge,
                Order::OldestFirst => head.at < edge,
            })
        });
    }

    fn into_page(self, total: Total, scanned_to: Option<Nanos>) -> Page {
        let sure = if scanned_to.is_some() {
            &self.entries[..self.settled]
        } else {
            &self.entries[..]
        };
        let mut entries = Lines::default();
        for (head, text) in sure.iter().skip(self.offset).take(self.limit) {
            entries.push(*head, text);
        }
        let is_more = sure.len() > self.offset + self.limit;
        let next = match scanned_to {
            _ if is_more => entries.heads().last().map(Place::of),
            // The page is not full, but what lies further on has not been looked at.
            Some(edge) => Some(match self.order {
                Order::NewestFirst => Place {
                    at: edge,
                    id: EntryId(i64::MAX),
                },
                Order::OldestFirst => Place {
                    at: edge,
                    id: EntryId(i64::MIN),
                },
            }),
            None => None,
        };
        Page {
            entries,
            next,
            total,
            scanned_to,
        }
    }
}
