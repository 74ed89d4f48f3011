//! Counts reports: one transaction for all that wait, one row update per group in it.

mod batch;
mod read;
mod sessions;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod touched;
mod write;
mod write_buffer;

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use shared::clock::Timestamp;
use shared::flusher::Commit;

use self::batch::Batch;
pub(crate) use self::sessions::delete as delete_sessions;
pub(crate) use self::write_buffer::WriteBuffer;
use super::Store;
use crate::fingerprint::Fingerprint;
use crate::group::Effect;
use crate::report::Report;
use crate::storm::Storms;

/// What a client is told of its report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) effect: Effect,
    pub(crate) id: i64,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) count: i64,
}

/// Writes batches of reports.
pub(crate) struct Ingest {
    pub(crate) store: Store,
    /// Told of what storms.
    pub(crate) storms: Arc<Storms>,
    pub(crate) occurrences_kept: usize,
    pub(crate) max_groups: i64,
    /// Channels that are told of new and reopened groups.
    pub(crate) channels: Vec<&'static str>,
    /// Woken when alerts have been queued; one for each channel.
    pub(crate) alerts_queued: Vec<Arc<tokio::sync::Notify>>,
    pub(crate) projects: Mutex<HashMap<String, i64>>,
    /// The first slot for occurrences that was never taken, once it is known.
    pub(crate) next_slot: Mutex<Option<i64>>,
}

impl Commit for Ingest {
    type Job = Vec<Report>;
    type Done = Vec<Counted>;

    async fn commit(&self, jobs: &[Vec<Report>]) -> sqlx::Result<Vec<Vec<Counted>>> {
        let now = Timestamp::now();
        let reports: Vec<&Report> = jobs.iter().flatten().collect();
        if reports.is_empty() {
            return Ok(jobs.iter().map(|_| Vec::new()).collect());
        }
        let write = self.store.db.write_in_texts().await?;
        self.store.buffer.read(self.store.db.read()).await?;
        let mut batch = Batch::new(self, now);
        let counted = batch.count_all(write, &reports).await.inspect_err(|_| {
            // What was learnt in this transaction may be undone with it.
            self.projects().clear();
            self.store.buffer.doubt();
        })?;
        self.store.batches.fetch_add(1, Ordering::Relaxed);
        self.storms.note(batch.storms());
        if !batch.alerts.is_empty() {
            self.alerts_queued.iter().for_each(|queued| queued.notify_one());
        }
        let mut counted = counted.into_iter();
        Ok(jobs
            .iter()
            .map(|job| counted.by_ref().take(job.len()).collect())
            .collect())
    }
}

impl Ingest {
    fn next_slot(&self) -> Option<i64> {
        *self
            .next_slot
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Slots of a transaction that fails are left out.
    fn note_next_slot(&self, next: i64) {
        *self
            .next_slot
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = Some(next);
    }

    fn projects(&self) -> std::sync::MutexGuard<'_, HashMap<String, i64>> {
        self.projects
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
