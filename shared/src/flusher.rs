//! Group commit: many requests, one transaction, each reply after its commit.
//!
//! Requests queue in a bounded channel. While one batch commits, the next one gathers, so
//! batches grow with the load and an idle service answers at once.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{mpsc, oneshot};

use crate::tasks::Tasks;

/// Why a job has no result.
#[derive(Debug, Clone, thiserror::Error)]
pub enum FlushError {
    /// The queue was full or the service is stopping; nothing was written, the client may come again.
    #[error("the write queue is full")]
    Full,
    /// The transaction was rolled back.
    #[error("the transaction failed: {0}")]
    Failed(Arc<sqlx::Error>),
}

/// Something that writes one batch in one transaction.
pub trait Commit: Send + Sync + 'static {
    /// What a request hands in.
    type Job: Send + Sync + 'static;
    /// What it gets back once the transaction is committed.
    type Done: Send + 'static;

    /// Writes all of `jobs` or none of them, and answers each in its place.
    fn commit(&self, jobs: &[Self::Job]) -> impl Future<Output = sqlx::Result<Vec<Self::Done>>> + Send;
}

type Waiting<C> = (
    <C as Commit>::Job,
    oneshot::Sender<Result<<C as Commit>::Done, FlushError>>,
);

/// The way into the writer. Clones lead to the same queue.
pub struct Flusher<C: Commit> {
    queue: mpsc::Sender<Waiting<C>>,
    depth: Arc<AtomicUsize>,
}

impl<C: Commit> Clone for Flusher<C> {
    fn clone(&self) -> Self {
        Self {
            queue: self.queue.clone(),
            depth: Arc::clone(&self.depth),
        }
    }
}

impl<C: Commit> Flusher<C> {
    /// Starts the writing task. The queue holds `capacity` jobs and refuses more ([`FlushError::Full`]);
    /// one transaction takes `max_batch` at most. At stop, what is queued is written first.
    pub fn start(tasks: &Tasks, committer: C, capacity: usize, max_batch: usize) -> Self {
        let (queue, mut waiting) = mpsc::channel::<Waiting<C>>(capacity);
        let depth = Arc::new(AtomicUsize::new(0));
        let seen_depth = Arc::clone(&depth);
        let stop = tasks.stop_token();
        tasks.spawn("flusher", async move {
            let mut batch = Vec::with_capacity(max_batch);
            loop {
                tokio::select! {
                    biased;
                    taken = waiting.recv_many(&mut batch, max_batch) => if taken == 0 { break },
                    () = stop.cancelled(), if !waiting.is_closed() => {
                        waiting.close();
                        continue;
                    }
                }
                seen_depth.store(waiting.len(), Ordering::Relaxed);
                flush(&committer, &mut batch).await;
                // Who is about to hand in a job does so first: fewer and larger transactions.
                tokio::task::yield_now().await;
            }
        });
        Self { queue, depth }
    }

    /// Hands in a job at once; the future waits until it is committed.
    ///
    /// # Errors
    /// [`FlushError`]; in both cases nothing of the job was written.
    pub fn submit(&self, job: C::Job) -> impl Future<Output = Result<C::Done, FlushError>> + Send + use<C> {
        let (reply, done) = oneshot::channel();
        let sent = self.queue.try_send((job, reply)).map_err(|_| FlushError::Full);
        async move {
            sent?;
            done.await.unwrap_or(Err(FlushError::Full))
        }
    }

    /// Jobs that waited when the last batch was taken.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.depth.load(Ordering::Relaxed)
    }
}

async fn flush<C: Commit>(committer: &C, batch: &mut Vec<Waiting<C>>) {
    let (jobs, replies): (Vec<_>, Vec<_>) = batch.drain(..).unzip();
    match committer.commit(&jobs).await {
        Ok(results) => {
            for (reply, result) in replies.into_iter().zip(results) {
                // The client may have gone; its job is committed all the same.
                let _ = reply.send(Ok(result));
            }
        }
        Err(error) => {
            let error = Arc::new(error);
            // One job that cannot be written must not take its neighbours down.
            let apart = jobs.len() > 1 && !concerns_everyone(&error);
            for (job, reply) in jobs.iter().zip(replies) {
                let result = if apart {
                    committer
                        .commit(std::slice::from_ref(job))
                        .await
                        .map_err(|error| FlushError::Failed(Arc::new(error)))
                } else {
                    Err(FlushError::Failed(Arc::clone(&error)))
                };
                let _ = reply.send(result.and_then(|mut done| done.pop().ok_or(FlushError::Full)));
            }
        }
    }
}

/// Trying again one by one helps only when a single row was at fault.
fn concerns_everyone(error: &sqlx::Error) -> bool {
    !matches!(error, sqlx::Error::Database(cause)
        if cause.is_unique_violation() || cause.is_check_violation() || cause.is_foreign_key_violation()
        // SQLITE_TOOBIG, SQLITE_CONSTRAINT, SQLITE_MISMATCH and their extended forms.
        || cause.code().and_then(|code| code.parse::<i32>().ok()).is_some_and(|code| matches!(code & 0xff, 18..=20)))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::sync::Semaphore;

    use super::*;

    /// Multiplies by ten; refuses a batch that holds a negative number. Says when it begins and waits to be let on.
    struct Multiplier {
        entered: Arc<Semaphore>,
        gate: Arc<Semaphore>,
        batches: Arc<Mutex<Vec<usize>>>,
    }

    impl Commit for Multiplier {
        type Job = i64;
        type Done = i64;

        async fn commit(&self, jobs: &[i64]) -> sqlx::Result<Vec<i64>> {
            self.entered.add_permits(1);
            self.gate.acquire().await.expect("never closed").forget();
            if jobs.iter().any(|job| *job < 0) {
                return Err(sqlx::Error::RowNotFound);
            }
            self.batches.lock().unwrap().push(jobs.len());
            Ok(jobs.iter().map(|job| job * 10).collect())
        }
    }

    struct Setup {
        tasks: Tasks,
        flusher: Flusher<Multiplier>,
        entered: Arc<Semaphore>,
        gate: Arc<Semaphore>,
        batches: Arc<Mutex<Vec<usize>>>,
    }

    type Waiter = tokio::task::JoinHandle<Result<i64, FlushError>>;

    fn setup(capacity: usize, max_batch: usize) -> Setup {
        let (entered, gate, batches) = (
            Arc::new(Semaphore::new(0)),
            Arc::new(Semaphore::new(0)),
            Arc::default(),
        );
        let committer = Multiplier {
            entered: Arc::clone(&entered),
            gate: Arc::clone(&gate),
            batches: Arc::clone(&batches),
        };
        let tasks = Tasks::new();
        let flusher = Flusher::start(&tasks, committer, capacity, max_batch);
        Setup {
            tasks,
            flusher,
            entered,
            gate,
            batches,
        }
    }

    impl Setup {
        fn submit(&self, job: i64) -> Waiter {
            let flusher = self.flusher.clone();
            tokio::spawn(async move { flusher.submit(job).await })
        }

        /// One job is being written and does not end before the gate opens.
        async fn occupy(&self) -> Waiter {
            let first = self.submit(0);
            self.entered.acquire().await.unwrap().forget();
            first
        }

        async fn queued(&self, count: usize) {
            while self.flusher.queue.max_capacity() - self.flusher.queue.capacity() < count {
                tokio::task::yield_now().await;
            }
        }
    }

    #[tokio::test]
    async fn jobs_that_wait_together_are_written_together_and_answered_each() {
        let setup = setup(100, 64);
        let first = setup.occupy().await;
        let waiting: Vec<Waiter> = (1..=20).map(|job| setup.submit(job)).collect();
        setup.queued(20).await;

        setup.gate.add_permits(2);

        assert_eq!(first.await.unwrap().unwrap(), 0);
        for (job, waiter) in (1..).zip(waiting) {
            assert_eq!(waiter.await.unwrap().unwrap(), job * 10);
        }
        assert_eq!(*setup.batches.lock().unwrap(), [1, 20]);
    }

    #[tokio::test]
    async fn a_full_queue_refuses_instead_of_growing() {
        let setup = setup(1, 1);
        let _first = setup.occupy().await;
        let _second = setup.submit(2);
        setup.queued(1).await;

        assert!(matches!(setup.flusher.submit(3).await, Err(FlushError::Full)));
    }

    #[tokio::test]
    async fn a_failed_transaction_is_told_to_all_its_jobs_and_not_to_the_next() {
        let setup = setup(10, 10);
        let _first = setup.occupy().await;
        let together = [setup.submit(-1), setup.submit(2)];
        setup.queued(2).await;

        setup.gate.add_permits(3);

        for waiter in together {
            assert!(matches!(waiter.await.unwrap(), Err(FlushError::Failed(_))));
        }
        assert_eq!(setup.submit(3).await.unwrap().unwrap(), 30);
    }

    #[tokio::test]
    async fn stopping_writes_what_is_queued_and_refuses_the_rest() {
        let setup = setup(10, 1);
        let mut waiting = vec![setup.occupy().await];
        waiting.extend((1..3).map(|job| setup.submit(job)));
        setup.queued(2).await;

        setup.tasks.stop_token().cancel();
        setup.gate.add_permits(3);

        for waiter in waiting {
            assert!(waiter.await.unwrap().is_ok());
        }
        assert!(setup.tasks.shut_down(std::time::Duration::from_secs(5)).await);
        assert!(matches!(setup.flusher.submit(9).await, Err(FlushError::Full)));
    }
}
