//! Finds entries: which blocks have to be read, what in them matches, and in which order it is given.

pub(crate) mod around;
mod buckets;
mod count;
pub(crate) mod histogram;
mod hits;
pub(crate) mod page;
pub(crate) mod resume;
mod scan;
#[cfg(test)]
mod tests;
pub(crate) mod walk;

use std::collections::HashSet;

use crate::counts::Counts;
use crate::entry::{Level, Stream};
use crate::lines::{ContainerId, Head};
use crate::nanos::Nanos;
use crate::query::Query;
use crate::store::directory::{Span, container_bit, level_bit};
use crate::store::index::expression;

/// Which entries are wanted.
#[derive(Debug)]
pub(crate) struct Filter {
    containers: Option<HashSet<ContainerId>>,
    /// A bit for each of them, as in [`Span::containers`].
    container_bits: u64,
    /// A bit for each level, as in [`Span::levels`].
    levels: u8,
    stream: Option<Stream>,
    since: Nanos,
    until: Nanos,
    query: Query,
    /// What the index is asked; `None` when it cannot narrow anything down.
    expression: Option<String>,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            containers: None,
            container_bits: u64::MAX,
            levels: u8::MAX,
            stream: None,
            since: Nanos(i64::MIN),
            until: Nanos(i64::MAX),
            query: Query::parse(""),
            expression: None,
        }
    }
}

impl Filter {
    /// Entries of these containers alone.
    pub(crate) fn of_containers(mut self, containers: impl IntoIterator<Item = ContainerId>) -> Self {
        let containers: HashSet<ContainerId> = containers.into_iter().collect();
        self.container_bits = containers
            .iter()
            .fold(0, |bits, container| bits | container_bit(*container));
        self.containers = Some(containers);
        self
    }

    /// Entries of these levels alone.
    pub(crate) fn of_levels(mut self, levels: &[Level]) -> Self {
        self.levels = levels.iter().fold(0, |bits, level| bits | level_bit(*level));
        self
    }

    /// Entries of this stream alone.
    pub(crate) fn of_stream(mut self, stream: Stream) -> Self {
        self.stream = Some(stream);
        self
    }

    /// Entries from `since` on.
    pub(crate) fn since(mut self, since: Nanos) -> Self {
        self.since = since;
        self
    }

    /// Entries before `until`.
    pub(crate) fn until(mut self, until: Nanos) -> Self {
        self.until = until;
        self
    }

    /// Nothing from `end` on, whatever else is wanted.
    pub(crate) fn ending(mut self, end: Nanos) -> Self {
        self.until = self.until.min(end);
        self
    }

    /// Entries whose text matches.
    pub(crate) fn matching(mut self, query: Query) -> Self {
        self.expression = expression(&query.index());
        self.query = query;
        self
    }

    /// Whether texts have to be looked at.
    pub(crate) fn has_query(&self) -> bool {
        !self.query.is_empty()
    }

    /// How many entries of these there are, when container and level alone decide.
    fn count(&self, counts: &Counts) -> Option<u64> {
        let decides = !self.has_query()
            && self.stream.is_none()
            && self.since == Nanos(i64::MIN)
            && self.until == Nanos(i64::MAX);
        decides.then(|| {
            counts
                .iter()
                .filter(|(container, _)| self.has_container(*container))
                .flat_map(|(_, levels)| Level::ALL.iter().zip(levels))
                .filter(|(level, _)| level_bit(**level) & self.levels != 0)
                .map(|(_, count)| count)
                .sum()
        })
    }

    fn has_container(&self, container: ContainerId) -> bool {
        self.containers
            .as_ref()
            .is_none_or(|containers| containers.contains(&container))
    }

    /// Whether every entry of such a block is wanted as far as its text does not matter.
    fn takes_all_of(&self, span: &Span) -> bool {
        self.containers.is_none()
            && self.stream.is_none()
            && span.levels & !self.levels == 0
            && self.takes_times_of(span)
    }

    /// Whether every entry of such a block is wanted as far as its time matters.
    fn takes_times_of(&self, span: &Span) -> bool {
        span.oldest >= self.since && span.newest < self.until
    }

    /// Whether entries of such a block may be wanted.
    fn may_be_in(&self, span: &Span) -> bool {
        span.newest >= self.since
            && span.oldest < self.until
            && span.containers & self.container_bits != 0
            && span.levels & self.levels != 0
    }

    /// Whether everything but the text is as wanted.
    fn accepts(&self, head: &Head) -> bool {
        self.accepts_time(head.at)
            && self.accepts_kind(head.stream, head.level)
            && self.has_container(head.container)
    }

    fn has_times(&self) -> bool {
        self.since.0 != i64::MIN || self.until.0 != i64::MAX
    }

    fn accepts_time(&self, at: Nanos) -> bool {
        at >= self.since && at < self.until
    }

    fn accepts_kind(&self, stream: Stream, level: Level) -> bool {
        level_bit(level) & self.levels != 0 && self.stream.is_none_or(|wanted| wanted == stream)
    }

    /// Whether an entry is wanted.
    pub(crate) fn wants(&self, head: &Head, text: &str) -> bool {
        self.accepts(head) && (!self.has_query() || self.query.matches(&crate::ansi::stripped(text)))
    }
}
