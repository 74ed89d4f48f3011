//! Random numbers for moments, sizes and text.

use std::hash::{BuildHasher as _, Hasher as _};

/// Xorshift: small, and good enough to pick a moment.
pub(crate) struct Chance(u64);

impl Chance {
    /// Different numbers in each run; the seed is printed, so that a failure can be run again.
    pub(crate) fn new() -> Self {
        let seed = std::hash::RandomState::new().build_hasher().finish();
        eprintln!("seed {seed}");
        Self::from_seed(seed)
    }

    /// The same numbers in each run.
    pub(crate) fn from_seed(seed: u64) -> Self {
        // Xorshift would stay at zero.
        Self(seed | 1)
    }

    /// A number from `least` up to, and not including, `end`.
    pub(crate) fn within(&mut self, least: u64, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        least + self.0 % (end - least)
    }
}
