//! What goes to a peer together, and what becomes of a batch that it refuses.

use std::io;

use shared::clock::Timestamp;
use tokio::sync::oneshot;

use super::lane::Outcome;
use super::peer::Destination;
use crate::blocks::FastPacker;
use crate::id;
use crate::store::spool::NewRow;

/// What one request wants to have handed on.
pub(super) struct Job {
    /// Of its JSON values, with the commas between them, in the batch's body.
    bytes: usize,
    /// How many values they are.
    pub(super) items: usize,
    pub(super) reply: oneshot::Sender<Outcome>,
}

/// Jobs that are sent and kept together.
pub(super) struct Batch {
    /// The JSON values of all jobs, separated by commas.
    pub(super) body: Vec<u8>,
    pub(super) jobs: Vec<Job>,
    /// Of all jobs.
    pub(super) items: usize,
    /// The same at each try, so that what was taken is not counted again.
    pub(super) retry_key: Option<String>,
    /// The latest time of a job, by which its values may be stamped.
    accepted_at: Timestamp,
}

impl Batch {
    /// An empty one, with room for its body.
    pub(super) fn new(destination: Destination, body: Vec<u8>) -> Self {
        Self {
            body,
            jobs: Vec::new(),
            items: 0,
            retry_key: destination.needs_retry_key().then(id::random),
            accepted_at: Timestamp::default(),
        }
    }

    /// Whether the peer still takes it with so much more in it.
    pub(super) fn has_room(&self, destination: Destination, bytes: usize, items: usize) -> bool {
        self.items + items <= destination.most_items() && self.body.len() + bytes < destination.most_bytes()
    }

    /// Takes in the JSON values of one request, which commas separate.
    pub(super) fn push(
        &mut self,
        values: &[u8],
        items: usize,
        now: Timestamp,
        reply: oneshot::Sender<Outcome>,
    ) {
        self.accepted_at = self.accepted_at.max(now);
        if !self.jobs.is_empty() {
            self.body.push(b',');
        }
        self.body.extend_from_slice(values);
        self.items += items;
        self.jobs.push(Job {
            bytes: values.len(),
            items,
            reply,
        });
    }

    /// Two halves, each a batch of its own.
    pub(super) fn halves(self, destination: Destination) -> [Self; 2] {
        let mut halves = [(); 2].map(|()| Self::new(destination, Vec::new()));
        let (middle, mut at) = (self.jobs.len() / 2, 0);
        for (place, job) in self.jobs.into_iter().enumerate() {
            let values = &self.body[at..at + job.bytes];
            at += job.bytes + 1;
            halves[usize::from(place >= middle)].push(values, job.items, self.accepted_at, job.reply);
        }
        halves
    }

    /// The row that keeps it. Reports that come together are much alike, so it takes a small part of their text.
    pub(super) fn to_row(&self, packer: &mut FastPacker) -> io::Result<NewRow> {
        Ok(NewRow {
            items: self.items,
            retry_key: self.retry_key.clone(),
            size: self.body.len(),
            body: packer.pack(&self.body)?,
            accepted_at: self.accepted_at,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(destination: Destination, jobs: &[(&str, usize)]) -> Batch {
        let mut batch = Batch::new(destination, Vec::new());
        for (values, items) in jobs {
            batch.push(values.as_bytes(), *items, Timestamp::MAX, oneshot::channel().0);
        }
        batch
    }

    #[test]
    fn halves_are_batches_of_their_own() {
        let collector = Destination::MetricsCollector;
        let batch = batch(collector, &[("1", 1), ("2,3", 2), ("4,5,6", 3)]);
        assert_eq!((batch.body.as_slice(), batch.items), (&b"1,2,3,4,5,6"[..], 6));
        let key = batch.retry_key.clone();

        let [first, second] = batch.halves(collector);

        assert_eq!((first.body.as_slice(), first.items), (&b"1"[..], 1));
        assert_eq!((second.body.as_slice(), second.items), (&b"2,3,4,5,6"[..], 5));
        assert_eq!((first.jobs.len(), second.jobs.len()), (1, 2));
        assert!(first.retry_key.is_some() && first.retry_key != second.retry_key && first.retry_key != key);
    }

    #[test]
    fn a_batch_has_room_for_what_the_peer_takes() {
        let tracker = Destination::ErrorTracker;
        let batch = batch(tracker, &[("{}", 1)]);
        assert!(batch.retry_key.is_none());
        assert!(batch.has_room(tracker, tracker.most_bytes() - 3, tracker.most_items() - 1));
        assert!(!batch.has_room(tracker, tracker.most_bytes() - 2, 1));
        assert!(!batch.has_room(tracker, 1, tracker.most_items()));
    }
}
