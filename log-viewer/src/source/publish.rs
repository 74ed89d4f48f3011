//! Gives a container's entries their numbers, and says which of them are news.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::assemble::{Assembler, Entry, Open};
use crate::batch::{Chunk, News, OpenEntry};
use crate::cursor::Cursor;
use crate::entry::{Level, Stream};
use crate::lines::{ContainerId, EntryId, Head};
use crate::nanos::Nanos;
use crate::record::Record;

/// Gives out the numbers of entries.
#[derive(Debug)]
pub(super) struct Numbers {
    last: EntryId,
}

impl Numbers {
    pub(super) fn after(last: EntryId) -> Self {
        Self { last }
    }

    fn next(&mut self) -> EntryId {
        self.last.0 += 1;
        self.last
    }
}

/// The entries of one container.
#[derive(Debug)]
pub(super) struct Publisher {
    container: ContainerId,
    assembler: Assembler,
    /// Open entries that have been told of, with a checksum of what was told.
    published: Vec<(EntryId, Stream, u64)>,
    chunk: Chunk,
}

impl Publisher {
    /// Goes on with the entries that were open, in the order of their numbers.
    pub(super) fn resume(container: ContainerId, open: Vec<OpenEntry>) -> Self {
        let published = open
            .iter()
            .map(|open| {
                (
                    open.head.id,
                    open.head.stream,
                    checksum(&open.text, open.head.level),
                )
            })
            .collect();
        let open = open.into_iter().map(|open| {
            let entry = Entry {
                id: Some(open.head.id.0),
                at: open.head.at,
                stream: open.head.stream,
                level: open.head.level,
                text: open.text,
            };
            Open::restore(entry, &open.state)
        });
        Self {
            container,
            assembler: Assembler::resume(open.collect()),
            published,
            chunk: Chunk::default(),
        }
    }

    pub(super) fn push(&mut self, record: Record<'_>, numbers: &mut Numbers) {
        let (chunk, published, container) = (&mut self.chunk, &self.published, self.container);
        self.assembler.push(record, &mut |entry| {
            settle(chunk, published, container, numbers, &entry);
        });
    }

    /// Finishes what nothing can continue. Only right when all of the container's log has been read.
    pub(super) fn expire(&mut self, now: Nanos, numbers: &mut Numbers) {
        let (chunk, published, container) = (&mut self.chunk, &self.published, self.container);
        self.assembler.expire(now, &mut |entry| {
            settle(chunk, published, container, numbers, &entry);
        });
    }

    /// Finishes everything.
    pub(super) fn finish(&mut self, numbers: &mut Numbers) {
        let (chunk, published, container) = (&mut self.chunk, &self.published, self.container);
        self.assembler.finish(&mut |entry| {
            settle(chunk, published, container, numbers, &entry);
        });
    }

    /// What is new since the last call; `None` when nothing is.
    pub(super) fn take(&mut self, cursor: Option<Cursor>, numbers: &mut Numbers) -> Option<Chunk> {
        let before = std::mem::take(&mut self.published);
        for open in self.assembler.open() {
            let known = |id: EntryId| before.iter().find(|(other, ..)| *other == id);
            let has_changed = open.take_changed();
            let id = open.entry.id.map(EntryId);
            let told = id.and_then(known).map(|(.., told)| *told);
            let told_now = match told {
                Some(told) if !has_changed => told,
                _ => checksum(&open.entry.text, open.entry.level),
            };
            let id = id.unwrap_or_else(|| numbers.next());
            open.entry.id = Some(id.0);
            self.published.push((id, open.entry.stream, told_now));
            let news = match told {
                Some(_) if !has_changed => continue,
                Some(told) if told == told_now => News::Nothing,
                Some(_) => News::Amendment,
                None => News::Entry,
            };
            let entry = OpenEntry {
                head: head(self.container, id, &open.entry),
                text: open.entry.text.clone(),
                state: open.to_bytes(),
            };
            self.chunk.open.push((entry, news));
        }
        for (_, stream, _) in before {
            if self.published.iter().all(|(_, other, _)| *other != stream) {
                self.chunk.closed.push((self.container, stream));
            }
        }
        self.chunk.cursor = cursor.map(|cursor| (self.container, cursor));
        let is_empty = self.chunk.finished.is_empty()
            && self.chunk.open.is_empty()
            && self.chunk.closed.is_empty()
            && self.chunk.cursor.is_none();
        (!is_empty).then(|| std::mem::take(&mut self.chunk))
    }
}

fn settle(
    chunk: &mut Chunk,
    published: &[(EntryId, Stream, u64)],
    container: ContainerId,
    numbers: &mut Numbers,
    entry: &Entry,
) {
    let (id, news) = match entry.id.map(EntryId) {
        None => (numbers.next(), News::Entry),
        Some(id) => {
            let told = published.iter().find(|(other, ..)| *other == id);
            match told {
                Some((.., told)) if *told == checksum(&entry.text, entry.level) => (id, News::Nothing),
                _ => (id, News::Amendment),
            }
        }
    };
    chunk.finished.push(head(container, id, entry), &entry.text);
    chunk.news.push(news);
}

fn head(container: ContainerId, id: EntryId, entry: &Entry) -> Head {
    Head {
        id,
        at: entry.at,
        container,
        stream: entry.stream,
        level: entry.level,
    }
}

/// Not stored, so any will do.
fn checksum(text: &str, level: Level) -> u64 {
    let mut hasher = DefaultHasher::new();
    (text, level).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(text: &str, millis: i64) -> Record<'_> {
        Record {
            text: text.into(),
            stream: Stream::Stdout,
            at: Nanos::from_millis(millis),
        }
    }

    /// (number, text, news) of what is finished, and of what is open.
    type Told = Vec<(i64, String, News)>;

    fn told(chunk: &Chunk) -> (Told, Told) {
        let finished = chunk.finished.iter().zip(&chunk.news);
        (
            finished
                .map(|((head, text), news)| (head.id.0, text.to_owned(), *news))
                .collect(),
            chunk
                .open
                .iter()
                .map(|(open, news)| (open.head.id.0, open.text.clone(), *news))
                .collect(),
        )
    }

    #[test]
    fn an_entry_is_news_once_and_an_amendment_when_it_has_grown() {
        let mut numbers = Numbers::after(EntryId(10));
        let mut publisher = Publisher::resume(ContainerId(1), Vec::new());
        publisher.push(record("Traceback (most recent call last):\n", 0), &mut numbers);
        let first = publisher.take(None, &mut numbers).unwrap();
        assert!(publisher.take(None, &mut numbers).is_none(), "nothing is new");
        publisher.push(record("  File \"a.py\", line 1, in f\n", 1), &mut numbers);
        let second = publisher.take(None, &mut numbers).unwrap();
        publisher.push(record("ValueError: no\n", 2), &mut numbers);
        publisher.push(record("{\"next\":1}\n", 3), &mut numbers);
        let third = publisher.take(None, &mut numbers).unwrap();

        let head = "Traceback (most recent call last):";
        let grown = format!("{head}\n  File \"a.py\", line 1, in f");
        assert_eq!(told(&first), (vec![], vec![(11, head.into(), News::Entry)]));
        assert_eq!(
            told(&second),
            (vec![], vec![(11, grown.clone(), News::Amendment)])
        );
        assert_eq!(
            told(&third),
            (
                vec![
                    (11, format!("{grown}\nValueError: no"), News::Amendment),
                    (12, "{\"next\":1}".into(), News::Entry)
                ],
                vec![]
            )
        );
        assert_eq!(third.closed, [(ContainerId(1), Stream::Stdout)]);
    }

    #[test]
    fn what_was_told_before_a_restart_is_not_told_again() {
        let mut numbers = Numbers::after(EntryId(0));
        let mut publisher = Publisher::resume(ContainerId(1), Vec::new());
        publisher.push(record("a line\n", 0), &mut numbers);
        let chunk = publisher.take(None, &mut numbers).unwrap();

        let open = chunk.open.into_iter().map(|(open, _)| open).collect();
        let mut publisher = Publisher::resume(ContainerId(1), open);
        assert!(publisher.take(None, &mut numbers).is_none());
        publisher.push(record("another\n", 9), &mut numbers);
        let chunk = publisher.take(None, &mut numbers).unwrap();

        assert_eq!(
            told(&chunk),
            (
                vec![(1, "a line".into(), News::Nothing)],
                vec![(2, "another".into(), News::Entry)]
            )
        );
        assert_eq!(chunk.closed, [], "another one has taken its place");
        publisher.finish(&mut numbers);
        let chunk = publisher.take(None, &mut numbers).unwrap();
        assert_eq!(chunk.closed, [(ContainerId(1), Stream::Stdout)]);
    }
}
