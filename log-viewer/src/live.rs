//! Tells those who watch what has just been committed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio::sync::mpsc;

use crate::lines::{Head, Lines};

/// Batches that wait for a watcher. One who does not keep up misses batches; the writer never waits.
const QUEUE: usize = 16;

/// What one commit brought.
#[derive(Debug)]
pub(crate) struct News {
    lines: Lines,
    amendments: Vec<bool>,
    /// Each entry as it goes over the wire, made when the first watcher wants it.
    wire: Vec<OnceLock<String>>,
}

/// One entry of it.
pub(crate) struct Item<'a> {
    pub(crate) head: &'a Head,
    pub(crate) text: &'a str,
    /// It was told of before and has grown.
    pub(crate) is_amendment: bool,
    pub(crate) wire: &'a OnceLock<String>,
}

impl News {
    pub(crate) fn iter(&self) -> impl Iterator<Item = Item<'_>> {
        self.lines
            .iter()
            .zip(&self.amendments)
            .zip(&self.wire)
            .map(|(((head, text), is_amendment), wire)| Item {
                head,
                text,
                is_amendment: *is_amendment,
                wire,
            })
    }
}

#[derive(Debug)]
struct Watcher {
    queue: mpsc::Sender<Arc<News>>,
    missed: Arc<AtomicU64>,
}

/// All who watch.
#[derive(Debug, Default)]
pub(crate) struct Live {
    watchers: Mutex<Vec<Watcher>>,
}

/// One who watches; leaves when dropped.
#[derive(Debug)]
pub(crate) struct Subscription {
    pub(crate) news: mpsc::Receiver<Arc<News>>,
    missed: Arc<AtomicU64>,
}

impl Subscription {
    /// Entries that were missed since it was last asked.
    pub(crate) fn take_missed(&self) -> u64 {
        self.missed.swap(0, Ordering::Relaxed)
    }
}

impl Live {
    pub(crate) fn subscribe(&self) -> Subscription {
        let (queue, news) = mpsc::channel(QUEUE);
        let missed = Arc::<AtomicU64>::default();
        self.lock().push(Watcher {
            queue,
            missed: Arc::clone(&missed),
        });
        Subscription { news, missed }
    }

    /// How many watch.
    pub(crate) fn watchers(&self) -> usize {
        let mut watchers = self.lock();
        watchers.retain(|watcher| !watcher.queue.is_closed());
        watchers.len()
    }

    pub(crate) fn publish(&self, lines: Lines, amendments: Vec<bool>) {
        let mut watchers = self.lock();
        if watchers.is_empty() || lines.is_empty() {
            return;
        }
        let wire = lines.heads().iter().map(|_| OnceLock::new()).collect();
        let news = Arc::new(News {
            lines,
            amendments,
            wire,
        });
        watchers.retain(|watcher| match watcher.queue.try_send(Arc::clone(&news)) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Full(news)) => {
                watcher
                    .missed
                    .fetch_add(news.lines.len() as u64, Ordering::Relaxed);
                true
            }
            Err(mpsc::error::TrySendError::Closed(_)) => false,
        });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Watcher>> {
        self.watchers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::{Level, Stream};
    use crate::lines::{ContainerId, EntryId};
    use crate::nanos::Nanos;

    fn one_line(id: i64) -> Lines {
        let mut lines = Lines::default();
        let head = Head {
            id: EntryId(id),
            at: Nanos(id),
            container: ContainerId(1),
            stream: Stream::Stdout,
            level: Level::Info,
        };
        lines.push(head, "text");
        lines
    }

    #[test]
    fn one_who_does_not_keep_up_misses_news_and_is_told_how_many() {
        let live = Live::default();
        let (mut quick, slow) = (live.subscribe(), live.subscribe());

        for id in 0..QUEUE as i64 + 3 {
            live.publish(one_line(id), vec![false]);
            assert_eq!(
                quick.news.try_recv().unwrap().iter().next().unwrap().head.id,
                EntryId(id)
            );
        }

        assert_eq!((quick.take_missed(), slow.take_missed()), (0, 3));
        assert_eq!(slow.take_missed(), 0);
    }

    #[test]
    fn one_who_has_left_is_forgotten() {
        let live = Live::default();
        drop(live.subscribe());
        let stays = live.subscribe();

        live.publish(one_line(1), vec![false]);

        assert_eq!(live.watchers(), 1);
        drop(stays);
        assert_eq!(live.watchers(), 0);
    }
}
