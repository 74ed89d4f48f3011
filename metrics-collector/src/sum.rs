//! Adds floats so that their order does not matter, up to far below the last digit.

use std::iter;

/// A sum with twice the digits of a float: the second part is what the first one could not hold.
///
/// Each step is Knuth's two-sum (The Art of Computer Programming, volume 2, 4.2.2, theorem B), which loses nothing;
/// only what falls out of the second part is lost.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Sum {
    pub(crate) high: f64,
    pub(crate) low: f64,
}

impl Sum {
    pub(crate) fn add(&mut self, value: f64) {
        let (high, lost) = two_sum(self.high, value);
        if high.is_finite() {
            (self.high, self.low) = two_sum(high, self.low + lost);
        } else {
            // There is no larger number that JSON could carry.
            *self = Self {
                high: f64::MAX.copysign(high),
                low: 0.0,
            };
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.add(other.high);
        if other.low != 0.0 {
            self.add(other.low);
        }
    }

    pub(crate) fn value(self) -> f64 {
        self.high
    }
}

impl iter::FromIterator<f64> for Sum {
    fn from_iter<Values: IntoIterator<Item = f64>>(values: Values) -> Self {
        let mut sum = Self::default();
        for value in values {
            sum.add(value);
        }
        sum
    }
}

fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let of_b = sum - a;
    (sum, (a - (sum - of_b)) + (b - of_b))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn neither_order_nor_grouping_changes_the_sum(
            values in prop::collection::vec((-1_000_000_000_i64..1_000_000_000, 0..9_i32), 1..200),
            cut in any::<prop::sample::Index>(),
        ) {
            let values: Vec<f64> = values.iter().map(|(number, digits)| *number as f64 / 10_f64.powi(*digits)).collect();
            let forward: Sum = values.iter().copied().collect();
            let backward: Sum = values.iter().rev().copied().collect();
            let (left, right) = values.split_at(cut.index(values.len()));
            let mut merged: Sum = right.iter().copied().collect();
            merged.merge(left.iter().copied().collect());

            prop_assert_eq!(forward.value(), backward.value());
            prop_assert_eq!(forward.value(), merged.value());
        }
    }

    #[test]
    fn a_sum_is_always_a_number() {
        let mut sum: Sum = [1e308, 1e308, -5.0].into_iter().collect();
        assert_eq!(sum.value(), f64::MAX);
        sum.merge([-1e308, -1e308, -1e308].into_iter().collect());
        assert!(sum.value().is_finite());
        assert_eq!([0.1; 10].into_iter().collect::<Sum>().value(), 1.0);
    }
}
