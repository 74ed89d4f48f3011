//! Background tasks that are known by name, told to stop, and waited for.

use std::future::Future;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The tasks of one service. Clones share the same set.
#[derive(Debug, Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl Tasks {
    /// A set without tasks.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The token that every loop selects on; cancelled when the service stops.
    #[must_use]
    pub fn stop_token(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Runs `future` until it ends; a panic in it is logged with the task's name.
    pub fn spawn<F>(&self, name: &'static str, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let task = self.tracker.spawn(future);
        self.tracker.spawn(async move {
            if let Err(error) = task.await
                && error.is_panic()
            {
                tracing::error!(task = name, "a background task panicked");
            }
        });
    }

    /// Tells every task to stop and waits for them, but no longer than `limit`. True when all ended.
    pub async fn shut_down(&self, limit: Duration) -> bool {
        self.stop.cancel();
        self.tracker.close();
        tokio::time::timeout(limit, self.tracker.wait()).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn shutting_down_waits_for_a_task_that_obeys() {
        let tasks = Tasks::new();
        let (ended, mut has_ended) = tokio::sync::oneshot::channel();
        let stop = tasks.stop_token();
        tasks.spawn("obedient", async move {
            stop.cancelled().await;
            ended.send(()).unwrap();
        });

        assert!(tasks.shut_down(Duration::from_secs(5)).await);

        assert!(has_ended.try_recv().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn shutting_down_does_not_wait_for_ever() {
        let tasks = Tasks::new();
        tasks.spawn("deaf", std::future::pending());

        assert!(!tasks.shut_down(Duration::from_secs(5)).await);
    }
}
