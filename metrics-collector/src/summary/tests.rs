//! Summaries beside what is computed the slow way.

use proptest::prelude::*;

use super::*;

const START: i64 = 1_772_366_400_000;

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        (-100_000..100_000_i32, 0..5_i32)
            .prop_map(|(number, digits)| f64::from(number) / 10_f64.powi(digits)),
        (-1e6..1e6_f64),
        Just(0.0),
    ]
}

fn kind() -> impl Strategy<Value = Kind> {
    prop::sample::select(Kind::ALL.to_vec())
}

fn of(kind: Kind, values: &[f64]) -> Summary {
    let mut summary = Summary::default();
    for value in values {
        summary.add(kind, Marking::Rated(Vital::Inp), *value);
    }
    match (kind, values.last()) {
        (Kind::Histogram, _) => Summary {
            marked: summary.marked,
            ..Summary::of_histogram(&mut values.to_vec())
        },
        (Kind::Gauge, Some(value)) => {
            let at = START + values.len() as i64;
            summary.note_last(Last { at, value: *value });
            summary
        }
        _ => summary,
    }
}

fn bytes(summary: &Summary) -> Vec<u8> {
    let mut bytes = Vec::new();
    summary.put(&mut bytes, START);
    bytes
}

fn merged<'a>(parts: impl IntoIterator<Item = &'a Summary>) -> Summary {
    let mut whole = Summary::default();
    for part in parts {
        whole.merge_bytes(&bytes(part), START, true).unwrap();
    }
    whole
}

proptest! {
    #[test]
    fn a_summary_survives_its_bytes(kind in kind(), values in prop::collection::vec(value(), 1..80)) {
        let summary = of(kind, &values);

        prop_assert_eq!(merged([&summary]), summary);
    }

    #[test]
    fn parts_in_any_order_make_the_whole(
        kind in kind(),
        parts in prop::collection::vec(prop::collection::vec(value(), 1..30), 2..6),
    ) {
        let values: Vec<f64> = parts.concat();
        let summaries: Vec<Summary> = parts.iter().map(|part| of(kind, part)).collect();
        let (forward, backward) = (merged(&summaries), merged(summaries.iter().rev()));

        for merged in [&forward, &backward] {
            let whole = of(kind, &values);
            prop_assert_eq!(merged.count, whole.count);
            prop_assert_eq!(merged.sum.value(), whole.sum.value());
            prop_assert_eq!((merged.min, merged.max), (whole.min, whole.max));
            prop_assert_eq!(merged.marked, whole.marked);
            prop_assert_eq!(&merged.sketch, &whole.sketch);
            prop_assert!(merged.min <= merged.avg() && merged.avg() <= merged.max);
            if let (Some(told), Some(exact)) = (merged.told(), whole.told()) {
                prop_assert!(!told.is_exact && exact.is_exact);
                for (told, exact) in [(told.p50, exact.p50), (told.p95, exact.p95), (told.p99, exact.p99)] {
                    prop_assert!((told - exact).abs() <= exact.abs() * crate::sketch::MAX_RELATIVE_ERROR);
                }
            }
        }
    }

    #[test]
    fn foreign_bytes_do_no_harm(bytes: Vec<u8>) {
        let mut summary = of(Kind::Histogram, &[1.0, 2.0]);
        let _ = summary.merge_bytes(&bytes, START, true);
        let _ = summary.told();
    }
}

#[test]
fn the_percentiles_of_values_at_hand_are_exact_by_nearest_rank() {
    let values: Vec<f64> = (1..=200).rev().map(f64::from).collect();

    let summary = of(Kind::Histogram, &values);

    for summary in [&summary, &merged([&summary])] {
        let told = summary.told().unwrap();
        assert_eq!(
            (told.p50, told.p95, told.p99, told.is_exact),
            (100.0, 190.0, 198.0, true)
        );
        assert!((told.p75 / 150.0 - 1.0).abs() <= crate::sketch::MAX_RELATIVE_ERROR);
    }
    assert_eq!(of(Kind::Counter, &values).told(), None);
    assert_eq!(of(Kind::Gauge, &values).told(), None);
}

#[test]
fn the_last_value_is_the_newest_whatever_comes_last() {
    let mut gauge = of(Kind::Gauge, &[1.0, 2.0]);
    gauge.note_last(Last {
        at: START,
        value: 9.0,
    });
    assert_eq!(gauge.last.map(|last| last.value), Some(2.0));
    gauge.note_last(Last {
        at: START + 2,
        value: 8.0,
    });
    assert_eq!(
        gauge.last.map(|last| last.value),
        Some(8.0),
        "of the same time the later one counts"
    );
    assert_eq!(of(Kind::Counter, &[1.0]).last, None);
}

#[test]
fn what_is_marked_is_counted_exactly() {
    let rated = of(Kind::Histogram, &[100.0, 200.0, 201.0, 500.0, 501.0, 10_000.0]);
    assert_eq!(
        rated.marked,
        Marked {
            first: 2.0,
            second: 2.0
        }
    );
    let mut errors = Summary::default();
    errors.add(Kind::Counter, Marking::Errors, 1.0);
    errors.add(Kind::Counter, Marking::Errors, 3.0);
    assert_eq!(errors.marked.first, 4.0);
}

#[test]
fn a_minute_of_sixty_durations_takes_less_than_150_bytes() {
    let values: Vec<f64> = (1..=60)
        .map(|number| (f64::from(number * 37 % 61) / 61.0 * 6.0 - 3.0).exp() * 0.04)
        .map(|value| (value * 1e6).round() / 1e6)
        .collect();

    let size = bytes(&of(Kind::Histogram, &values)).len();

    assert!(size < 150, "{size} bytes");
    assert!(bytes(&of(Kind::Counter, &[1.0])).len() <= 4);
}

/// The values once more, in another order.
fn search(values: &[f64], summary: &Summary) -> Option<Option<[f64; 3]>> {
    let mut search = summary.search()?;
    values.iter().rev().for_each(|value| search.add(*value));
    let mut exact = summary.clone();
    Some(search.finish().map(|found| {
        exact.set_exact(found);
        let told = exact.told().unwrap();
        assert!(told.is_exact);
        [told.p50, told.p95, told.p99]
    }))
}

proptest! {
    #[test]
    fn a_second_look_at_the_values_of_a_sketch_finds_the_exact_percentiles(
        parts in prop::collection::vec(prop::collection::vec(value(), 1..40), 2..8),
        far in prop::option::of(-300..300_i32),
    ) {
        let mut parts = parts;
        // With values that are very far apart the sketch is coarse.
        parts.extend(far.map(|digits| vec![10_f64.powi(digits), -(10_f64.powi(-digits))]));
        let mut summary = Summary::default();
        for part in &parts {
            summary.merge(&of(Kind::Histogram, part));
        }
        let mut values = parts.concat();

        let found = search(&values, &summary);
        prop_assert_eq!(found, Some(quantile::exact(&mut values.clone())));
        values.pop();
        let bytes = summary.search().unwrap().bytes();
        prop_assert!(bytes <= size_of::<Search>() + (values.len() + 1) * size_of::<f64>());
    }
}

#[test]
fn only_the_values_around_a_percentile_are_kept() {
    let values: Vec<f64> = (1..=10_000).map(f64::from).collect();
    let mut summary = of(Kind::Histogram, &values[..5_000]);
    summary.merge(&of(Kind::Histogram, &values[5_000..]));

    assert_eq!(search(&values, &summary), Some(Some([5_000.0, 9_500.0, 9_900.0])));
    assert!(summary.search().unwrap().bytes() < 400 * size_of::<f64>());
    // Others came, or some twice.
    assert_eq!(search(&values[..9_000], &summary), Some(None));
}

#[test]
fn what_is_known_or_too_much_is_not_searched() {
    let few = of(Kind::Histogram, &[1.0, 2.0]);
    assert!(few.search().is_none());
    assert!(of(Kind::Gauge, &[1.0]).search().is_none());
    let mut many = Summary::default();
    for number in 0..=MOST_EXACT {
        assert!(number == 0 || many.search().is_some());
        many.add(Kind::Histogram, Marking::Nothing, number as f64);
    }
    assert!(many.search().is_none());
}
