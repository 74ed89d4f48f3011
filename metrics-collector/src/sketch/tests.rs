//! Sketches beside the exact answer.

use proptest::prelude::*;

use super::*;
use crate::quantile::rank;

fn of(values: &[f64]) -> Sketch {
    let mut sketch = Sketch::default();
    for value in values {
        sketch.add(*value);
    }
    sketch
}

fn bytes(sketch: &Sketch) -> Vec<u8> {
    let mut bytes = Vec::new();
    sketch.put(&mut bytes);
    bytes
}

fn is_near(told: f64, exact: f64) -> bool {
    (told - exact).abs() <= exact.abs() * MAX_RELATIVE_ERROR
}

/// What services measure: of many sizes, of both signs, zeros among them.
fn measured() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => (-9.0..9.0_f64).prop_map(|digits| 10_f64.powf(digits)),
        1 => (-9.0..9.0_f64).prop_map(|digits| -(10_f64.powf(digits))),
        1 => Just(0.0),
        1 => (-20..20_i32).prop_map(|power| f64::from(power).exp2()),
    ]
}

proptest! {
    #[test]
    fn every_quantile_is_near_the_exact_one(
        values in prop::collection::vec(measured(), 1..300),
        share in 0.001..=1.0_f64,
    ) {
        let sketch = of(&values);
        let mut sorted = values;
        sorted.sort_by(f64::total_cmp);
        let rank = rank(share, sorted.len() as u64);

        let (told, exact) = (sketch.value_at(rank), sorted[rank as usize - 1]);
        prop_assert!(is_near(told, exact), "{} for {}", told, exact);
        prop_assert_eq!(sketch.count(), sorted.len() as u64);
    }

    #[test]
    fn parts_in_any_order_make_the_same_whole(
        parts in prop::collection::vec(prop::collection::vec(measured(), 0..40), 1..8),
    ) {
        let whole = of(&parts.concat());
        let mut merged = Sketch::default();
        for part in parts.iter().rev() {
            merged.merge_bytes(&bytes(&of(part))).unwrap();
        }

        prop_assert_eq!(&merged, &whole);
        prop_assert_eq!(bytes(&merged), bytes(&whole));
    }

    #[test]
    fn any_finite_values_are_counted_and_merge(
        left in prop::collection::vec(any::<f64>().prop_filter("finite", |value| value.is_finite()), 0..20),
        right in prop::collection::vec(any::<f64>().prop_filter("finite", |value| value.is_finite()), 0..20),
    ) {
        let mut merged = of(&left);
        merged.merge_bytes(&bytes(&of(&right))).unwrap();

        prop_assert_eq!(merged.count() as usize, left.len() + right.len());
        if merged.count() > 0 {
            prop_assert!(merged.value_at(1).is_finite() && merged.value_at(merged.count()).is_finite());
            prop_assert!(merged.value_at(1) <= merged.value_at(merged.count()));
        }
    }

    #[test]
    fn foreign_bytes_do_no_harm(bytes: Vec<u8>, values in prop::collection::vec(measured(), 0..5)) {
        let _ = of(&values).merge_bytes(&bytes);
    }
}

#[test]
fn what_reaches_very_far_becomes_coarser_and_stays_in_order() {
    let values: Vec<f64> = (-300..300).map(|power| 10_f64.powi(power)).collect();

    let sketch = of(&values);

    assert!(sketch.scale < FINEST_SCALE);
    for (rank, exact) in (1..).zip(&values) {
        let told = sketch.value_at(rank);
        assert!((told / exact - 1.0).abs() < 0.2, "{told} for {exact}");
    }
    let mut fine = of(&[1.0, 2.0]);
    fine.merge_bytes(&bytes(&sketch)).unwrap();
    let mut coarse = sketch;
    coarse.merge_bytes(&bytes(&of(&[1.0, 2.0]))).unwrap();
    assert_eq!(fine, coarse);
}

#[test]
fn sixty_values_take_less_than_a_hundred_bytes() {
    // Spread as durations are: log-normal, by the quantiles of the normal distribution.
    let values: Vec<f64> = (1..=60)
        .map(|number| (f64::from(number) / 61.0 * 6.0 - 3.0).exp() * 0.04)
        .collect();

    let size = bytes(&of(&values)).len();

    assert!(size < 100, "{size} bytes");
}

#[test]
fn a_bucket_holds_its_upper_end() {
    for power in -5..5 {
        let end = f64::from(power).exp2();
        assert_eq!(index(end, 6) + 1, index(end * 1.000_001, 6));
        assert_eq!(index(end, 6), 64 * power - 1);
    }
    assert!(((representative(7, 6) / (7.0_f64 / 64.0).exp2()) - 1.0).abs() <= MAX_RELATIVE_ERROR);
}
