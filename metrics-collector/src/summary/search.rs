//! Finds the exact percentiles of values that are gone through once more.
//!
//! A sketch tells in which of its buckets a percentile lies, and which of the values there it is. So only the values of
//! three buckets are kept of the whole, a few of a hundred; all of them would be needed to sort them.

use super::{MOST_EXACT, Percentiles, Summary};
use crate::quantile::{SHARES, rank};
use crate::sketch::{Bucket, Place};

/// Takes all values of a summary, in any order.
#[derive(Debug)]
pub(crate) struct Search {
    /// Of the sketch.
    scale: u8,
    places: [Place; 3],
    /// Of the places' buckets.
    values: Vec<f64>,
}

impl Search {
    /// What it takes once it has seen all values.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>() + self.kept() * size_of::<f64>()
    }

    /// How many values it keeps.
    fn kept(&self) -> usize {
        self.below(None) as usize
    }

    pub(crate) fn add(&mut self, value: f64) {
        let bucket = Bucket::of(value, self.scale);
        if self.places.iter().any(|place| place.bucket == bucket) {
            if self.values.is_empty() {
                self.values.reserve_exact(self.kept());
            }
            self.values.push(value);
        }
    }

    /// `None` when other values came than those of the summary.
    pub(crate) fn finish(mut self) -> Option<Found> {
        if self.values.len() != self.kept() {
            return None;
        }
        self.values.sort_unstable_by(f64::total_cmp);
        let [p50, p95, p99] = self.places.map(|place| {
            let at = self.below(Some(place.bucket)) + place.rank - 1;
            self.values.get(at as usize).copied()
        });
        Some(Found([p50?, p95?, p99?]))
    }

    /// Values of those buckets that come before one, or of all.
    fn below(&self, end: Option<Bucket>) -> u64 {
        let mut counted = None;
        let mut below = 0;
        for place in &self.places {
            if end.is_none_or(|end| place.bucket < end) && counted != Some(place.bucket) {
                below += place.count;
                counted = Some(place.bucket);
            }
        }
        below
    }
}

/// The exact percentiles of a summary.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Found([f64; 3]);

impl Summary {
    /// Finds the exact percentiles. `None` when they are known, or there are none, or more values than they are told exactly
    /// of.
    pub(crate) fn search(&self) -> Option<Search> {
        let sketch = self.sketch.as_ref()?;
        let is_sought = self.percentiles == Percentiles::FromSketch && self.count <= MOST_EXACT as u64;
        is_sought.then(|| Search {
            scale: sketch.scale(),
            places: sketch.places(SHARES.map(|share| rank(share, self.count))),
            values: Vec::new(),
        })
    }

    /// Takes what was found.
    pub(crate) fn set_exact(&mut self, found: Found) {
        self.percentiles = Percentiles::Exact(found.0);
    }
}
