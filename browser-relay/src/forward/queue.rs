//! What waits for its turn, gathered in batches that the peer takes.
//!
//! What requests bring is written behind one another into one buffer that stays: so a request that waits holds no text
//! of its own, and what goes together stands together already.

use std::sync::{Mutex, MutexGuard, PoisonError};

use shared::clock::Timestamp;
use tokio::sync::{Notify, oneshot};

use super::batch::Batch;
use super::lane::Outcome;
use super::peer::Destination;

/// Requests that wait for their turn; more are refused.
const MOST_JOBS: usize = 1_024;

/// Between the requests and the lane's task.
pub(super) struct Queue {
    destination: Destination,
    gathered: Mutex<Gathered>,
    changed: Notify,
}

#[derive(Default)]
struct Gathered {
    batches: Vec<Batch>,
    jobs: usize,
    is_closed: bool,
    /// The buffer of a batch that is done.
    spare: Vec<u8>,
}

impl Queue {
    pub(super) fn new(destination: Destination) -> Self {
        Self {
            destination,
            gathered: Mutex::default(),
            changed: Notify::new(),
        }
    }

    /// Puts JSON values, which commas separate, behind the others. What becomes of them is told by the receiver; `None` when too much waits, or
    /// nothing is taken any more.
    pub(super) fn push(
        &self,
        values: &[u8],
        items: usize,
        now: Timestamp,
    ) -> Option<oneshot::Receiver<Outcome>> {
        let mut gathered = self.gathered();
        if gathered.is_closed || gathered.jobs == MOST_JOBS {
            return None;
        }
        let fits = |last: &Batch| last.has_room(self.destination, values.len(), items);
        if !gathered.batches.last().is_some_and(fits) {
            let body = std::mem::take(&mut gathered.spare);
            gathered.batches.push(Batch::new(self.destination, body));
        }
        let (reply, outcome) = oneshot::channel();
        gathered.jobs += 1;
        if let Some(last) = gathered.batches.last_mut() {
            last.push(values, items, now, reply);
        }
        drop(gathered);
        self.changed.notify_one();
        Some(outcome)
    }

    /// All that waits, as soon as something does; `None` when nothing will come any more.
    pub(super) async fn take(&self) -> Option<Vec<Batch>> {
        loop {
            {
                let mut gathered = self.gathered();
                if !gathered.batches.is_empty() {
                    gathered.jobs = 0;
                    return Some(std::mem::take(&mut gathered.batches));
                }
                if gathered.is_closed {
                    return None;
                }
            }
            self.changed.notified().await;
        }
    }

    /// Takes nothing in any more.
    pub(super) fn close(&self) {
        self.gathered().is_closed = true;
        self.changed.notify_one();
    }

    /// Takes nothing in any more, and lets go of what waits.
    pub(super) fn abandon(&self) {
        let mut gathered = self.gathered();
        gathered.is_closed = true;
        gathered.batches.clear();
        drop(gathered);
        self.changed.notify_one();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.gathered().is_closed
    }

    /// Keeps the buffer of a batch that is done for one to come.
    pub(super) fn reuse(&self, mut body: Vec<u8>) {
        let mut gathered = self.gathered();
        if (gathered.spare.capacity()..=self.destination.most_bytes()).contains(&body.capacity()) {
            body.clear();
            gathered.spare = body;
        }
    }

    fn gathered(&self) -> MutexGuard<'_, Gathered> {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::MAX;

    #[tokio::test]
    async fn batches_keep_the_order_and_the_limits() {
        let queue = Queue::new(Destination::ErrorTracker);
        for (bytes, items) in [(10, 300), (11, 200), (12, 1), (900 << 10, 1), (13, 1)] {
            assert!(queue.push(&vec![b'x'; bytes], items, NOW).is_some());
        }

        let batches = queue.take().await.unwrap();

        let sizes: Vec<_> = batches
            .iter()
            .map(|batch| (batch.body.len(), batch.items))
            .collect();
        assert_eq!(sizes, [(22, 500), (12, 1), (900 << 10, 1), (13, 1)]);
    }

    #[tokio::test]
    async fn what_is_closed_gives_what_it_has_and_takes_no_more() {
        let queue = Queue::new(Destination::ErrorTracker);
        queue.push(b"1", 1, NOW).unwrap();

        queue.close();

        assert!(queue.push(b"2", 1, NOW).is_none());
        assert_eq!(queue.take().await.unwrap()[0].body, b"1");
        assert!(queue.take().await.is_none());
    }

    #[tokio::test]
    async fn who_waits_in_an_abandoned_queue_hears_of_it() {
        let queue = Queue::new(Destination::ErrorTracker);
        let outcome = queue.push(b"1", 1, NOW).unwrap();

        queue.abandon();

        assert!(outcome.await.is_err());
        assert!(queue.push(b"2", 1, NOW).is_none() && queue.take().await.is_none());
    }

    #[tokio::test]
    async fn only_so_many_wait_and_room_comes_back_with_each_turn() {
        let queue = Queue::new(Destination::MetricsCollector);
        let waiting: Vec<_> = (0..MOST_JOBS)
            .map(|_| queue.push(b"1", 1, NOW).unwrap())
            .collect();
        assert!(queue.push(b"1", 1, NOW).is_none());

        let batches = queue.take().await.unwrap();

        assert_eq!(
            batches.iter().map(|batch| batch.items).sum::<usize>(),
            waiting.len()
        );
        assert!(queue.push(b"1", 1, NOW).is_some());
    }

    #[tokio::test]
    async fn a_buffer_serves_again_unless_it_is_large() {
        let queue = Queue::new(Destination::ErrorTracker);
        for (capacity, is_kept) in [(1_000, true), (10, false), (901 << 10, false), (2_000, true)] {
            let body = Vec::with_capacity(capacity);
            let address = body.as_ptr();
            queue.reuse(body);
            assert_eq!(queue.gathered().spare.as_ptr() == address, is_kept, "{capacity}");
        }
    }
}
