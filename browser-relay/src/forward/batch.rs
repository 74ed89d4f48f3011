//! What goes to a peer together, and what becomes of a batch that it refuses.

use tokio::sync::oneshot;

use super::lane::Outcome;
use super::peer::Destination;
use crate::blocks::FastPacker;
use crate::id;
use crate::store::spool::NewRow;

/// What one request wants to have handed on.
pub(super) struct Job {
    /// JSON values, separated by commas.
    pub(super) body: String,
    /// How many they are.
    pub(super) items: usize,
    pub(super) reply: oneshot::Sender<Outcome>,
}

/// Jobs that are sent and kept together.
pub(super) struct Batch {
    pub(super) jobs: Vec<Job>,
    /// The same at each try, so that what was taken is not counted again.
    pub(super) retry_key: Option<String>,
}

impl Batch {
    pub(super) fn new(destination: Destination, jobs: Vec<Job>) -> Self {
        Self {
            jobs,
            retry_key: destination.needs_retry_key().then(id::random),
        }
    }

    pub(super) fn items(&self) -> usize {
        self.jobs.iter().map(|job| job.items).sum()
    }

    pub(super) fn body(&self) -> Vec<u8> {
        let mut body = Vec::new();
        self.write_body(&mut body);
        body
    }

    fn write_body(&self, body: &mut Vec<u8>) {
        body.clear();
        body.reserve(self.jobs.iter().map(|job| job.body.len() + 1).sum());
        for (place, job) in self.jobs.iter().enumerate() {
            if place > 0 {
                body.push(b',');
            }
            body.extend_from_slice(job.body.as_bytes());
        }
    }

    /// Two halves, each a batch of its own.
    pub(super) fn halves(mut self, destination: Destination) -> [Self; 2] {
        let second = self.jobs.split_off(self.jobs.len() / 2);
        [self.jobs, second].map(|jobs| Self::new(destination, jobs))
    }
}

/// Makes rows of batches. Reports that come together are much alike, so a row takes a small part of their text.
pub(super) struct RowMaker {
    packer: FastPacker,
    body: Vec<u8>,
}

impl RowMaker {
    pub(super) fn new() -> std::io::Result<Self> {
        Ok(Self {
            packer: FastPacker::new()?,
            body: Vec::new(),
        })
    }

    pub(super) fn row(&mut self, batch: &Batch) -> std::io::Result<NewRow> {
        batch.write_body(&mut self.body);
        Ok(NewRow {
            items: batch.items(),
            retry_key: batch.retry_key.clone(),
            size: self.body.len(),
            body: self.packer.pack(&self.body)?,
        })
    }
}

/// Puts jobs, in their order, into batches that a peer takes.
pub(super) fn batches(destination: Destination, jobs: impl IntoIterator<Item = Job>) -> Vec<Batch> {
    let mut batches = Vec::new();
    let mut gathered: Vec<Job> = Vec::new();
    let (mut items, mut bytes) = (0, 0);
    for job in jobs {
        let is_full =
            items + job.items > destination.most_items() || bytes + job.body.len() > destination.most_bytes();
        if is_full && !gathered.is_empty() {
            batches.push(Batch::new(destination, std::mem::take(&mut gathered)));
            (items, bytes) = (0, 0);
        }
        items += job.items;
        bytes += job.body.len() + 1;
        gathered.push(job);
    }
    if !gathered.is_empty() {
        batches.push(Batch::new(destination, gathered));
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(items: usize, bytes: usize) -> Job {
        Job {
            body: "x".repeat(bytes),
            items,
            reply: oneshot::channel().0,
        }
    }

    #[test]
    fn batches_keep_the_order_and_the_limits() {
        let jobs = [
            job(300, 10),
            job(200, 11),
            job(1, 12),
            job(1, 900 << 10),
            job(1, 13),
        ];

        let batches = batches(Destination::ErrorTracker, jobs);

        let sizes: Vec<Vec<usize>> = batches
            .iter()
            .map(|batch| batch.jobs.iter().map(|job| job.body.len()).collect())
            .collect();
        assert_eq!(sizes, [vec![10, 11], vec![12], vec![900 << 10], vec![13]]);
        assert!(batches.iter().all(|batch| batch.retry_key.is_none()));
    }

    #[test]
    fn halves_of_points_have_keys_of_their_own() {
        let collector = Destination::MetricsCollector;
        let batch = Batch::new(collector, vec![job(1, 1), job(2, 2), job(3, 3)]);
        let key = batch.retry_key.clone();

        let [first, second] = batch.halves(collector);

        assert_eq!((first.items(), second.items()), (1, 5));
        assert!(first.retry_key.is_some() && first.retry_key != second.retry_key && first.retry_key != key);
    }
}
