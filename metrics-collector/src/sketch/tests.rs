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

        let ([told], exact) = (sketch.values_at([rank]), sorted[rank as usize - 1]);
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
            let [least, middle, most] = merged.values_at([1, merged.count().div_ceil(2), merged.count()]);
            prop_assert!(least.is_finite() && most.is_finite());
            prop_assert!(least <= middle && middle <= most);
        }
    }

    #[test]
    fn foreign_bytes_do_no_harm(bytes: Vec<u8>, values in prop::collection::vec(measured(), 0..5)) {
        let _ = of(&values).merge_bytes(&bytes);
    }
}

#[test]
fn all_ranks_at_once_are_the_same_as_one_by_one() {
    let values = [-5.0, -5.0, -1.0, 0.0, 0.0, 2.0, 2.0, 300.0];
    let sketch = of(&values);

    let all = sketch.values_at([1, 2, 3, 4, 5, 6, 7, 8]);

    for (rank, told) in (1..).zip(all) {
        assert_eq!([told], sketch.values_at([rank]));
        assert!(is_near(told, values[rank as usize - 1]), "{told} at {rank}");
    }
}

#[test]
fn distributions_as_services_have_them_are_told_within_one_percent() {
    let mut seed = 7_u64;
    let mut random = || {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut normal = || (-2.0 * (1.0 - random()).ln()).sqrt() * (std::f64::consts::TAU * random()).cos();
    let log_normal: Vec<f64> = (0..20_000).map(|_| (normal() - 3.0).exp()).collect();
    let bimodal: Vec<f64> = (0..20_000)
        .map(|number| {
            if number % 10 == 0 {
                0.3 * (0.1 * normal()).exp()
            } else {
                0.005 * (0.1 * normal()).exp()
            }
        })
        .collect();
    let heavy_tail: Vec<f64> = (1..=20_000)
        .map(|number| (20_000.0 / f64::from(number)).powf(1.5))
        .collect();
    for values in [log_normal, bimodal, vec![0.25; 20_000], heavy_tail] {
        let sketch = of(&values);
        let mut sorted = values;
        sorted.sort_by(f64::total_cmp);
        for share in [0.01, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1.0] {
            let rank = rank(share, sorted.len() as u64);
            let ([told], exact) = (sketch.values_at([rank]), sorted[rank as usize - 1]);
            assert!((told / exact - 1.0).abs() < 0.01, "{told} for {exact} at {share}");
        }
    }
}

#[test]
fn what_reaches_very_far_becomes_coarser_and_stays_in_order() {
    let values: Vec<f64> = (-300..300).map(|power| 10_f64.powi(power)).collect();

    let sketch = of(&values);

    assert!(sketch.scale < FINEST_SCALE);
    for (rank, exact) in (1..).zip(&values) {
        let [told] = sketch.values_at([rank]);
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
