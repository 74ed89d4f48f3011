//! Which value a quantile is. One rule in every tier: the nearest rank.

/// The quantiles that every reply has.
pub(crate) const SHARES: [f64; 3] = [0.5, 0.95, 0.99];

/// The rank of a quantile among `count` values, from 1 on: ⌈share · count⌉ (the nearest-rank method).
pub(crate) fn rank(share: f64, count: u64) -> u64 {
    // 0.95 is a little less than 95/100, so a product that should be whole may come out a little above.
    let exact = share * count as f64;
    let rank = if (exact - exact.round()).abs() < 1e-9 * exact {
        exact.round()
    } else {
        exact.ceil()
    };
    (rank as u64).clamp(1, count.max(1))
}

/// The values at [`SHARES`]; changes the order of the values. `None` when there are none.
pub(crate) fn exact(values: &mut [f64]) -> Option<[f64; 3]> {
    if values.is_empty() {
        return None;
    }
    let count = values.len() as u64;
    let (mut rest, mut skipped) = (values, 0);
    Some(SHARES.map(|share| {
        let place = rank(share, count) as usize - 1 - skipped;
        let (_, value, _) = rest.select_nth_unstable_by(place, f64::total_cmp);
        let value = *value;
        // What stands before it is smaller, and need not be looked at again.
        rest = &mut std::mem::take(&mut rest)[place..];
        skipped += place;
        value
    }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_exact_values_are_those_of_the_sorted_list(values in prop::collection::vec(-1e6..1e6_f64, 1..300)) {
            let mut sorted = values.clone();
            sorted.sort_by(f64::total_cmp);
            let n = values.len();
            let expected = [n.div_ceil(2), (95 * n).div_ceil(100), (99 * n).div_ceil(100)].map(|rank| sorted[rank - 1]);

            let mut values = values;
            prop_assert_eq!(exact(&mut values), Some(expected));
        }
    }

    #[test]
    fn ranks_are_those_of_whole_numbers() {
        for count in 1..=20_000 {
            for percent in [50, 75, 95, 99] {
                let share = f64::from(percent) / 100.0;
                assert_eq!(
                    rank(share, count),
                    (count * percent as u64).div_ceil(100),
                    "{percent} of {count}"
                );
            }
        }
        assert_eq!(rank(1.0, 7), 7);
        assert_eq!(exact(&mut []), None);
    }
}
