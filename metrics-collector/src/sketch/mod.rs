//! How values are distributed, in little room: counts of values in buckets that grow by the same factor.
//!
//! The base-2 exponential histogram of OpenTelemetry's data model ("Exponential Histogram") and of Prometheus' native
//! histograms: at scale s bucket i holds the values in (γ^i, γ^(i+1)] with γ = 2^(2^-s). A value is told as the point of
//! its bucket from which both ends are relatively as far away, 2·γ^i·γ/(1+γ), so it is wrong by
//! (γ-1)/(γ+1) at most: 0.54 % at scale 6. Two sketches merge by adding their counts, and nothing is lost by that,
//! however often and in whatever order it happens.

mod buckets;
mod bytes;

use std::borrow::Cow;

use self::buckets::Buckets;

/// Sixty-four buckets from a value to its double.
const FINEST_SCALE: u8 = 6;
/// Four buckets from a value to its double: wrong by 8.7 % at most, in a tenth of the room.
const ROUGH_SCALE: u8 = 2;
/// The largest relative error of a quantile, at the finest scale.
#[cfg(test)]
pub(crate) const MAX_RELATIVE_ERROR: f64 = 0.005_416;

/// Counts of values by their size.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sketch {
    scale: u8,
    zeros: u64,
    positive: Buckets,
    negative: Buckets,
}

impl Default for Sketch {
    fn default() -> Self {
        Self {
            scale: FINEST_SCALE,
            zeros: 0,
            positive: Buckets::default(),
            negative: Buckets::default(),
        }
    }
}

impl Sketch {
    /// One with wide buckets, for many that are only compared.
    pub(crate) fn rough() -> Self {
        Self {
            scale: ROUGH_SCALE,
            ..Self::default()
        }
    }

    /// Takes one more finite value.
    pub(crate) fn add(&mut self, value: f64) {
        if value == 0.0 {
            self.zeros += 1;
            return;
        }
        let index = index(value.abs(), self.scale);
        self.add_counts(value < 0.0, index, index, |buckets| buckets.add(index, 1));
    }

    /// Makes room from one bucket to another, with coarser buckets if need be, or else lets `add` put counts there.
    fn add_counts(&mut self, is_negative: bool, first: i32, last: i32, add: impl FnOnce(&mut Buckets)) {
        let side = if is_negative {
            &mut self.negative
        } else {
            &mut self.positive
        };
        if side.reserve(first, last) {
            add(side);
            return;
        }
        let mut moved = Buckets::default();
        if moved.reserve(first, last) {
            add(&mut moved);
            self.coarsen_side(is_negative, moved);
        }
    }

    /// Halves the number of buckets until what came fits.
    fn coarsen_side(&mut self, is_negative: bool, mut more: Buckets) {
        loop {
            self.coarsen();
            more = more.halved();
            let side = if is_negative {
                &mut self.negative
            } else {
                &mut self.positive
            };
            if side.merge(&more) {
                return;
            }
        }
    }

    fn coarsen(&mut self) {
        self.scale = self.scale.saturating_sub(1);
        self.positive = self.positive.halved();
        self.negative = self.negative.halved();
    }

    /// Adds the counts of another one.
    pub(crate) fn merge(&mut self, other: &Self) {
        while self.scale > other.scale {
            self.coarsen();
        }
        let mut other = Cow::Borrowed(other);
        self.zeros = self.zeros.saturating_add(other.zeros);
        for is_negative in [false, true] {
            while other.scale > self.scale {
                other.to_mut().coarsen();
            }
            let side = if is_negative {
                &other.negative
            } else {
                &other.positive
            };
            if let Some((first, last)) = side.reach() {
                self.add_counts(is_negative, first, last, |buckets| {
                    buckets.merge(side);
                });
            }
        }
    }

    /// The values of these ranks, which count from 1 and come in order.
    pub(crate) fn values_at<const N: usize>(&self, ranks: [u64; N]) -> [f64; N] {
        let below = self.negative.total();
        let zeros_end = below.saturating_add(self.zeros);
        let mut values = [0.0; N];
        // The smallest value is the largest one below zero.
        let negative = ranks.partition_point(|rank| *rank <= below);
        let mut places = values[..negative].iter_mut().rev();
        let from_zero = ranks[..negative].iter().rev().map(|rank| below - rank + 1);
        self.negative.at_ranks(from_zero, |index| {
            if let Some(place) = places.next() {
                *place = -representative(index, self.scale);
            }
        });
        let positive = ranks.partition_point(|rank| *rank <= zeros_end);
        let mut places = values[positive..].iter_mut();
        let above_zero = ranks[positive..].iter().map(|rank| rank - zeros_end);
        self.positive.at_ranks(above_zero, |index| {
            if let Some(place) = places.next() {
                *place = representative(index, self.scale);
            }
        });
        values
    }

    /// How many values there are.
    #[cfg(test)]
    pub(crate) fn count(&self) -> u64 {
        let signed = self.negative.total().saturating_add(self.positive.total());
        signed.saturating_add(self.zeros)
    }
}

/// The bucket of a value above zero.
fn index(value: f64, scale: u8) -> i32 {
    let buckets_per_double = f64::from(1_u32 << scale);
    (value.log2() * buckets_per_double).ceil() as i32 - 1
}

fn representative(index: i32, scale: u8) -> f64 {
    let width = 1.0 / f64::from(1_u32 << scale);
    let factor = width.exp2();
    let low = (f64::from(index) * width).exp2();
    (2.0 * factor / (1.0 + factor) * low).min(f64::MAX)
}

#[cfg(test)]
mod tests;
