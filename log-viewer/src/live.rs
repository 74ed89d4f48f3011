//! Tells those who watch what has just been committed.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio::sync::mpsc;

use crate::lines::{Head, Lines};

/// Bytes of text that wait for a watcher. One who does not keep up misses batches; the writer never waits. The batches
/// are shared, so this is not what each watcher costs.
const QUEUE_BYTES: usize = 1 << 20;
/// What a batch costs beside its text.
const BATCH_BYTES: usize = 256;

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
    fn size_bytes(&self) -> usize {
        self.lines.text_bytes() + BATCH_BYTES
    }

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
    queue: mpsc::UnboundedSender<Arc<News>>,
    waiting_bytes: Arc<AtomicUsize>,
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
    queue: mpsc::UnboundedReceiver<Arc<News>>,
    waiting_bytes: Arc<AtomicUsize>,
    missed: Arc<AtomicU64>,
}

impl Subscription {
    /// Waits for news; `None` when the service stops.
    pub(crate) async fn next(&mut self) -> Option<Arc<News>> {
        let news = self.queue.recv().await?;
        self.waiting_bytes.fetch_sub(news.size_bytes(), Ordering::Relaxed);
        Some(news)
    }

    /// Entries that were missed since it was last asked.
    pub(crate) fn take_missed(&self) -> u64 {
        self.missed.swap(0, Ordering::Relaxed)
    }
}

impl Live {
    pub(crate) fn subscribe(&self) -> Subscription {
        let (queue, receiver) = mpsc::unbounded_channel();
        let waiting_bytes = Arc::<AtomicUsize>::default();
        let missed = Arc::<AtomicU64>::default();
        self.lock().push(Watcher {
            queue,
            waiting_bytes: Arc::clone(&waiting_bytes),
            missed: Arc::clone(&missed),
        });
        Subscription {
            queue: receiver,
            waiting_bytes,
            missed,
        }
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
        let size = news.size_bytes();
        watchers.retain(|watcher| {
            let waiting = watcher.waiting_bytes.load(Ordering::Relaxed);
            if waiting > 0 && waiting + size > QUEUE_BYTES {
                watcher
                    .missed
                    .fetch_add(news.lines.len() as u64, Ordering::Relaxed);
                return !watcher.queue.is_closed();
            }
            watcher.waiting_bytes.fetch_add(size, Ordering::Relaxed);
            watcher.queue.send(Arc::clone(&news)).is_ok()
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

    fn one_line(id: i64, text: &str) -> Lines {
        let mut lines = Lines::default();
        let head = Head {
            id: EntryId(id),
            at: Nanos(id),
            container: ContainerId(1),
            stream: Stream::Stdout,
            level: Level::Info,
        };
        lines.push(head, text);
        lines
    }

    #[tokio::test]
    async fn one_who_does_not_keep_up_misses_news_and_is_told_how_many() {
        let live = Live::default();
        let (mut quick, mut slow) = (live.subscribe(), live.subscribe());
        let text = "x".repeat(QUEUE_BYTES / 4);

        for id in 0..6 {
            live.publish(one_line(id, &text), vec![false]);
            let news = quick.next().await.unwrap();
            assert_eq!(news.iter().next().unwrap().head.id, EntryId(id));
        }

        assert_eq!((quick.take_missed(), slow.take_missed()), (0, 3));
        assert_eq!(slow.take_missed(), 0);
        for id in 0..3 {
            let news = slow.next().await.unwrap();
            assert_eq!(news.iter().next().unwrap().head.id, EntryId(id));
        }
        live.publish(one_line(6, &text), vec![false]);
        assert_eq!(
            slow.next().await.unwrap().iter().next().unwrap().head.id,
            EntryId(6)
        );
    }

    #[test]
    fn one_who_has_left_is_forgotten() {
        let live = Live::default();
        drop(live.subscribe());
        let stays = live.subscribe();

        live.publish(one_line(1, "text"), vec![false]);

        assert_eq!(live.watchers(), 1);
        drop(stays);
        assert_eq!(live.watchers(), 0);
    }
}
