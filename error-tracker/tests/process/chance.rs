//! Random numbers for moments and sizes. A test that uses them prints its seed.

use std::hash::{BuildHasher as _, Hasher as _};

/// Xorshift: small, and good enough to pick a moment.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new() -> Self {
        let seed = std::hash::RandomState::new().build_hasher().finish() | 1;
        eprintln!("seed {seed}");
        Self(seed)
    }

    /// A number from `least` up to, and not including, `end`.
    pub(crate) fn within(&mut self, least: u64, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        least + self.0 % (end - least)
    }
}
