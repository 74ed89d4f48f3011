//! How much may wait, for all peers together.

use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes that are free in the spool. Counted here, because a question to the database would cost more than the row.
#[derive(Debug)]
pub(crate) struct Budget {
    most: u64,
    used: AtomicU64,
}

impl Budget {
    pub(crate) fn new(most: u64, used: u64) -> Self {
        Self {
            most,
            used: AtomicU64::new(used),
        }
    }

    /// Takes so many bytes, or none when there are not as many.
    pub(crate) fn take(&self, bytes: u64) -> bool {
        let taken = self
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                used.checked_add(bytes).filter(|used| *used <= self.most)
            });
        taken.is_ok()
    }

    pub(crate) fn give_back(&self, bytes: u64) {
        let given = |used: u64| Some(used.saturating_sub(bytes));
        let _ = self
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, given);
    }

    pub(crate) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    pub(crate) fn most(&self) -> u64 {
        self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_takes_nothing() {
        let budget = Budget::new(10, 4);

        assert!(budget.take(6) && !budget.take(1));
        budget.give_back(3);
        assert!(!budget.take(4) && budget.take(3));
        assert_eq!(budget.used(), 10);
    }
}
