//! Answers wait for their turn to be made, not too long, and those who wait for the same answer wait together.
//!
//! Ten people who look at the same page cause two answers at most: the one that is being made, and one for all who came
//! meanwhile.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use axum::body::Bytes;
use shared::http::Problem;
use tokio::sync::{Mutex as AsyncMutex, MutexGuard, OnceCell};
use tokio::time::{Instant, timeout_at};

/// Who has waited for so long is asked to come again.
const PATIENCE: Duration = Duration::from_secs(10);
const COME_AGAIN_S: u64 = 5;

/// The turns to make an answer. What one holds while it is made is bounded; what several hold at once would not be.
///
/// Rollups take none: if they waited for answers, there would be more and more points for each answer to read.
#[derive(Debug, Default)]
pub(crate) struct Turns(AsyncMutex<()>);

/// Lasts until it is dropped.
pub(super) type Turn<'t> = MutexGuard<'t, ()>;

impl Turns {
    /// Waits for those who came before, not too long.
    pub(super) async fn take(&self) -> Result<Turn<'_>, Problem> {
        self.take_until(Instant::now() + PATIENCE).await
    }

    async fn take_until(&self, deadline: Instant) -> Result<Turn<'_>, Problem> {
        timeout_at(deadline, self.0.lock())
            .await
            .map_err(|_| Problem::unavailable("many charts are being made; this one was not", COME_AGAIN_S))
    }
}

/// Answers that are waited for, by what was asked.
#[derive(Debug)]
pub(crate) struct Awaited<Key>(Mutex<HashMap<Key, Weak<OnceCell<Bytes>>>>);

impl<Key> Default for Awaited<Key> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<Key: Eq + Hash + Clone> Awaited<Key> {
    /// Makes the answer when it is its turn, or shares one that somebody else waits for. It is made after it was asked
    /// for, so that it holds all that was acknowledged before.
    pub(super) async fn answer(
        &self,
        turns: &Turns,
        key: Key,
        make: impl AsyncFnOnce() -> Result<Bytes, Problem>,
    ) -> Result<Bytes, Problem> {
        let deadline = Instant::now() + PATIENCE;
        let awaited = self.join(key.clone());
        let make = async || {
            let _turn = turns.take_until(deadline).await?;
            self.close(&key, &awaited);
            make().await
        };
        awaited.get_or_try_init(make).await.cloned()
    }

    fn join(&self, key: Key) -> Arc<OnceCell<Bytes>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(awaited) = all.get(&key).and_then(Weak::upgrade) {
            return awaited;
        }
        // Those who asked for these have gone.
        all.retain(|_, awaited| awaited.strong_count() > 0);
        let awaited = Arc::default();
        all.insert(key, Arc::downgrade(&awaited));
        awaited
    }

    /// Whoever comes from now on is answered by the next one.
    fn close(&self, key: &Key, awaited: &Arc<OnceCell<Bytes>>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all
            .get(key)
            .is_some_and(|other| other.ptr_eq(&Arc::downgrade(awaited)))
        {
            all.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;

    use super::*;

    async fn ask(
        turns: &Turns,
        awaited: &Awaited<u8>,
        key: u8,
        made: &AtomicUsize,
    ) -> Result<Bytes, Problem> {
        let make = async || {
            let number = made.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok(Bytes::from(number.to_string()))
        };
        awaited.answer(turns, key, make).await
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_wait_for_the_same_share_it_and_no_one_gets_an_older_one() {
        let (turns, awaited, made) = (Turns::default(), Awaited::default(), AtomicUsize::new(0));
        let ask_after = async |millis, key| {
            tokio::time::sleep(Duration::from_millis(millis)).await;
            ask(&turns, &awaited, key, &made).await.unwrap()
        };

        let answers = join_all([
            ask_after(0, 1),
            ask_after(1, 1),
            ask_after(2, 2),
            ask_after(3, 1),
            ask_after(1_500, 1),
        ])
        .await;

        assert_eq!(answers, ["0", "1", "2", "1", "3"]);
        assert!(awaited.0.lock().unwrap().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_too_long_is_asked_to_come_again() {
        let (turns, awaited, made) = (Turns::default(), Awaited::default(), AtomicUsize::new(0));
        let turn = turns.take().await.unwrap();
        let started = Instant::now();

        let refused = join_all((0..3).map(|_| ask(&turns, &awaited, 1, &made))).await;

        assert_eq!(started.elapsed().as_secs(), PATIENCE.as_secs());
        assert!(
            refused
                .iter()
                .all(|answer| answer.as_ref().is_err_and(|problem| problem.status() == 503))
        );
        drop(turn);
        assert_eq!(ask(&turns, &awaited, 1, &made).await.unwrap(), "0");
    }

    #[tokio::test(start_paused = true)]
    async fn who_goes_away_lets_the_next_one_make_it() {
        let (turns, awaited, made) = (Turns::default(), Awaited::default(), AtomicUsize::new(0));
        let turn = turns.take().await.unwrap();
        let (mut first, second) = (
            Box::pin(ask(&turns, &awaited, 1, &made)),
            ask(&turns, &awaited, 1, &made),
        );
        assert!(futures_util::poll!(&mut first).is_pending());

        let (answer, ()) = tokio::join!(second, async {
            drop(first);
            drop(turn);
        });

        assert_eq!(answer.unwrap(), "0");
    }
}
