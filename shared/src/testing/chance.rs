//! Random numbers for moments, sizes and text.

use std::hash::{BuildHasher as _, Hasher as _};

/// Xorshift: small, and good enough to pick a moment.
#[derive(Debug)]
pub struct Chance(u64);

impl Chance {
    /// Different numbers in each run; the seed is printed, so that a failure can be run again.
    #[must_use]
    pub fn new() -> Self {
        let seed = std::hash::RandomState::new().build_hasher().finish();
        eprintln!("seed {seed}");
        Self::from_seed(seed)
    }

    /// The same numbers in each run.
    #[must_use]
    pub fn from_seed(seed: u64) -> Self {
        // Xorshift would stay at zero.
        Self(seed | 1)
    }

    /// A number from `least` up to, and not including, `end`.
    pub fn within(&mut self, least: u64, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        least + self.0 % (end - least)
    }

    /// Text of so many letters and signs that hardly can be compressed, and needs no escapes in JSON.
    pub fn text(&mut self, length: usize) -> String {
        (0..length)
            .map(|_| char::from(self.within(35, 91) as u8))
            .collect()
    }

    /// True about once in so many times.
    pub fn once_in(&mut self, times: u64) -> bool {
        self.within(0, times) == 0
    }
}

impl Default for Chance {
    fn default() -> Self {
        Self::new()
    }
}
