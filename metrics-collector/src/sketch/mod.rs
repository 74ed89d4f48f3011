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
        self.places(ranks).map(|place| place.bucket.value(self.scale))
    }

    /// In which bucket the value of each of these ranks lies. They count from 1 and come in order; of those that are too high
    /// it is the last bucket.
    pub(crate) fn places<const N: usize>(&self, ranks: [u64; N]) -> [Place; N] {
        // The smallest value is the largest one below zero.
        let negative = self.negative.filled().rev();
        let negative = negative.map(|(index, count)| (Bucket::below_zero(index), count));
        let zeros = (self.zeros > 0).then_some((Bucket::ZERO, self.zeros));
        let positive = self.positive.filled();
        let positive = positive.map(|(index, count)| (Bucket::above_zero(index), count));
        let mut filled = negative.chain(zeros).chain(positive);
        let (mut before, mut current) = (0_u64, (Bucket::ZERO, 0_u64));
        ranks.map(|rank| {
            while before.saturating_add(current.1) < rank {
                let Some(next) = filled.next() else { break };
                before = before.saturating_add(current.1);
                current = next;
            }
            let (bucket, count) = current;
            Place {
                bucket,
                rank: rank - before,
                count,
            }
        })
    }

    /// How fine its buckets are.
    pub(crate) fn scale(&self) -> u8 {
        self.scale
    }

    /// How many values there are.
    #[cfg(test)]
    pub(crate) fn count(&self) -> u64 {
        let signed = self.negative.total().saturating_add(self.positive.total());
        signed.saturating_add(self.zeros)
    }
}

/// A bucket; they are in the order of their values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Bucket(i64);

impl Bucket {
    const ZERO: Self = Self(0);
    /// No index is as far below zero.
    const OFFSET: i64 = 1 << 32;

    fn above_zero(index: i32) -> Self {
        Self(Self::OFFSET + i64::from(index))
    }

    fn below_zero(index: i32) -> Self {
        Self(-Self::above_zero(index).0)
    }

    /// The one that a sketch of this scale counts the value in.
    pub(crate) fn of(value: f64, scale: u8) -> Self {
        if value == 0.0 {
            return Self::ZERO;
        }
        let index = index(value.abs(), scale);
        if value < 0.0 {
            Self::below_zero(index)
        } else {
            Self::above_zero(index)
        }
    }

    /// What its values are told as.
    fn value(self, scale: u8) -> f64 {
        match self.0 {
            0 => 0.0,
            number => {
                let size = representative((number.abs() - Self::OFFSET) as i32, scale);
                if number < 0 { -size } else { size }
            }
        }
    }
}

/// Where a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) bucket: Bucket,
    /// Its rank among the values of the bucket, from 1 on.
    pub(crate) rank: u64,
    /// Values of the bucket.
    pub(crate) count: u64,
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
