//! Refusals at a pace: those who are refused and come again at once must not take the processor from those who are let in.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Of one service, all clients together. Below it nobody waits.
const STEP: Duration = Duration::from_micros(500);
/// A refusal holds its connection, which is worth more than the processor's time of one that comes sooner.
const LONGEST: Duration = Duration::from_millis(250);

/// When the next refusal may be answered.
#[derive(Debug, Default)]
pub(super) struct Pace {
    next: Mutex<Option<Instant>>,
}

impl Pace {
    /// Waits until it is a refusal's turn: 2 000 a second, and each within a quarter of a second.
    pub(super) async fn turn(&self) {
        let now = Instant::now();
        let turn = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let turn = next.map_or(now, |next| next.clamp(now, now + LONGEST));
            *next = Some(turn + STEP);
            turn
        };
        if turn > now {
            tokio::time::sleep_until(turn).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn few_do_not_wait_and_many_come_one_after_the_other() {
        let pace = Pace::default();
        let started = Instant::now();
        for _ in 0..100 {
            pace.turn().await;
            tokio::time::advance(STEP).await;
        }
        assert_eq!(started.elapsed(), STEP * 100, "nobody waited");

        let waits = futures_util::future::join_all((0..200).map(|_| async {
            let came = Instant::now();
            pace.turn().await;
            came.elapsed()
        }));
        let waits = waits.await;
        assert!(waits[0] <= Duration::from_millis(1), "{:?}", waits[0]);
        assert!(
            (Duration::from_millis(95)..=Duration::from_millis(101)).contains(&waits[199]),
            "{:?}",
            waits[199]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_longer_than_that() {
        let pace = Pace::default();
        let waits = futures_util::future::join_all((0..5_000).map(|_| async {
            let came = Instant::now();
            pace.turn().await;
            came.elapsed()
        }));
        let longest = waits.await.into_iter().max().unwrap_or_default();
        assert!(longest <= LONGEST + Duration::from_millis(1), "{longest:?}");
    }
}
