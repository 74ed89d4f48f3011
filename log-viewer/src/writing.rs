//! The one who writes: takes batches as they come, keeps the ring within its limits, and tells those who watch.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::batch::Batch;
use crate::live::Live;
use crate::nanos::Nanos;
use crate::store::append::Appender;
use crate::store::ring::Ring;

/// The ring works so long after each batch, and rests so long between while nothing comes in.
const RING_TIME: Duration = Duration::from_millis(10);
const RING_REST: Duration = Duration::from_millis(5);
/// How often it is looked whether something has grown too old.
const RING_ROUND: Duration = Duration::from_secs(5);
/// How often it is looked whether a removed container has no entry left.
const FORGET_ROUND: Duration = Duration::from_secs(60);
/// After a commit that failed; doubled up to the second one.
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_LAST: Duration = Duration::from_secs(5);

/// The writer's place of work.
pub(crate) struct Writing {
    pub(crate) appender: Appender,
    pub(crate) ring: Ring,
    pub(crate) live: Arc<Live>,
    /// Whether the last commit failed.
    pub(crate) failing: Arc<AtomicBool>,
    pub(crate) forgot_at: Instant,
}

impl Writing {
    /// Works until the channel is closed and empty. When `stop` comes while commits fail, what waits is given up:
    /// its cursors were not moved, so the next start reads it again.
    pub(crate) async fn run(mut self, mut batches: mpsc::Receiver<Batch>, stop: CancellationToken) {
        let mut rest = RING_ROUND;
        loop {
            tokio::select! {
                biased;
                batch = batches.recv() => match batch {
                    Some(batch) => {
                        if !self.write(batch, &stop).await {
                            return;
                        }
                    }
                    None => return,
                },
                () = tokio::time::sleep(rest) => {}
            }
            rest = match self.ring.work(&mut self.appender, Nanos::now(), RING_TIME).await {
                Ok(true) => RING_REST,
                Ok(false) => {
                    self.forget_containers().await;
                    RING_ROUND
                }
                Err(error) => {
                    tracing::warn!(%error, "the oldest entries could not be removed");
                    RING_ROUND
                }
            };
        }
    }

    /// Once a minute.
    async fn forget_containers(&mut self) {
        if self.forgot_at.elapsed() < FORGET_ROUND {
            return;
        }
        self.forgot_at = Instant::now();
        if let Err(error) = self.appender.store().forget_containers().await {
            tracing::warn!(%error, "removed containers could not be forgotten");
        }
    }

    /// Writes a batch, however often it takes. False when it was given up.
    async fn write(&mut self, batch: Batch, stop: &CancellationToken) -> bool {
        let mut retry = RETRY_FIRST;
        while let Err(error) = self.appender.append(&batch).await {
            if !self.failing.swap(true, Ordering::Relaxed) {
                tracing::error!(%error, "entries cannot be written; it is tried again until it works");
            }
            tokio::select! {
                () = stop.cancelled() => return false,
                () = tokio::time::sleep(retry) => {}
            }
            retry = (retry * 2).min(RETRY_LAST);
        }
        if self.failing.swap(false, Ordering::Relaxed) {
            tracing::info!("entries are written again");
        }
        self.live.publish(batch.news, batch.amendments);
        true
    }
}
