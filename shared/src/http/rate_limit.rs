//! At most N requests in any 60 seconds per client, in bounded memory.
//!
//! A client has a ring of counters, each for a slice of two seconds. The slices that touch the
//! window are counted whole, so the promise "in any 60 s" holds exactly; what the slices cost is
//! that room comes back up to two seconds later than it could.

use std::hash::Hash;
use std::num::NonZeroUsize;
use std::sync::Mutex;

use lru::LruCache;

const SLICE_MS: i64 = 2_000;
/// 60 s of slices, and one more because the window may begin inside a slice.
const SLICES: usize = 31;
/// Clients that are remembered; the one that has been quiet for longest is forgotten first.
const MAX_CLIENTS: NonZeroUsize = NonZeroUsize::new(4_096).expect("not zero");

/// Counts requests per client. Times are milliseconds of any steady clock.
#[derive(Debug)]
pub struct RateLimiter<K: Hash + Eq> {
    limit: u32,
    clients: Mutex<LruCache<K, Window>>,
}

#[derive(Debug, Clone)]
struct Window {
    newest_slice: i64,
    total: u32,
    counts: [u32; SLICES],
}

impl<K: Hash + Eq> RateLimiter<K> {
    /// Lets each client make `limit` requests in any 60 s.
    #[must_use]
    pub fn new(limit: u32) -> Self {
        Self {
            limit,
            clients: Mutex::new(LruCache::new(MAX_CLIENTS)),
        }
    }

    /// Counts one request at `now_ms`.
    ///
    /// # Errors
    /// The seconds after which there is room again; the request was not counted.
    pub fn check(&self, client: K, now_ms: i64) -> Result<(), u64> {
        self.check_limit(client, now_ms, self.limit)
    }

    /// Like [`check`](Self::check) with a limit of the client's own.
    ///
    /// # Errors
    /// The seconds after which there is room again.
    pub fn check_limit(&self, client: K, now_ms: i64, limit: u32) -> Result<(), u64> {
        let slice = now_ms.div_euclid(SLICE_MS);
        let mut clients = self
            .clients
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let window = clients.get_or_insert_mut(client, || Window::starting_at(slice));
        window.advance(slice);
        if window.total < limit {
            window.total += 1;
            window.counts[index(window.newest_slice)] += 1;
            return Ok(());
        }
        Err(window.retry_after_s(now_ms, limit))
    }
}

impl Window {
    fn starting_at(slice: i64) -> Self {
        Self {
            newest_slice: slice,
            total: 0,
            counts: [0; SLICES],
        }
    }

    /// Forgets the slices that have left the window. A clock that goes back changes nothing.
    fn advance(&mut self, slice: i64) {
        let passed = slice.saturating_sub(self.newest_slice);
        if passed >= SLICES as i64 {
            *self = Self::starting_at(slice);
            return;
        }
        for _ in 0..passed {
            self.newest_slice += 1;
            let leaving = &mut self.counts[index(self.newest_slice)];
            self.total -= *leaving;
            *leaving = 0;
        }
    }

    fn retry_after_s(&self, now_ms: i64, limit: u32) -> u64 {
        let mut left = self.total;
        for age in (0..SLICES as i64).rev() {
            left -= self.counts[index(self.newest_slice - age)];
            if left < limit {
                let free_at_ms = (self.newest_slice - age + SLICES as i64) * SLICE_MS;
                return (free_at_ms - now_ms).max(1).unsigned_abs().div_ceil(1_000);
            }
        }
        60
    }
}

fn index(slice: i64) -> usize {
    slice.rem_euclid(SLICES as i64) as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_limit_holds_and_room_comes_back() {
        let limiter = RateLimiter::new(3);

        assert!((0..3).all(|_| limiter.check("a", 1_000).is_ok()));
        let wait_s = limiter.check("a", 1_000).expect_err("the fourth is refused");
        assert!(
            limiter.check("b", 1_000).is_ok(),
            "another client has its own count"
        );

        assert!((60..=62).contains(&wait_s), "{wait_s}");
        assert!(limiter.check("a", 1_000 + wait_s as i64 * 1_000).is_ok());
    }

    #[test]
    fn forgotten_clients_bound_the_memory() {
        let limiter = RateLimiter::new(1);
        for client in 0..10_000 {
            limiter.check(client, 0).unwrap();
        }

        assert_eq!(limiter.clients.lock().unwrap().len(), MAX_CLIENTS.get());
    }

    #[test]
    fn a_clock_that_goes_back_opens_no_hole() {
        let limiter = RateLimiter::new(2);
        limiter.check("a", 100_000).unwrap();
        limiter.check("a", 10_000).unwrap();

        assert!(limiter.check("a", 20_000).is_err());
    }

    proptest! {
        #[test]
        fn no_window_of_sixty_seconds_ever_holds_more_than_the_limit(
            steps in prop::collection::vec(0_i64..9_000, 1..300),
            limit in 1_u32..20,
        ) {
            let limiter = RateLimiter::new(limit);
            let mut now_ms = 0;
            let mut accepted: Vec<i64> = Vec::new();
            for step in steps {
                now_ms += step;
                if limiter.check("a", now_ms).is_ok() {
                    accepted.push(now_ms);
                }
                let in_window = accepted.iter().filter(|at| **at > now_ms - 60_000).count();
                prop_assert!(in_window <= limit as usize);
            }
        }

        #[test]
        fn after_the_promised_wait_there_is_room(
            steps in prop::collection::vec(0_i64..3_000, 1..100),
            limit in 1_u32..5,
        ) {
            let limiter = RateLimiter::new(limit);
            let mut now_ms = 0;
            for step in steps {
                now_ms += step;
                if let Err(wait_s) = limiter.check("a", now_ms) {
                    now_ms += wait_s as i64 * 1_000;
                    prop_assert!(limiter.check("a", now_ms).is_ok());
                }
            }
        }
    }
}
