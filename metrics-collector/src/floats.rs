//! Packs measured values without losing a bit of them.
//!
//! Most of them are short decimals (`0.037`, `12`, `1024.5`): a whole number and a power of ten. Those take as many
//! bits as their digits need, the others eight bytes or little less.

use shared::packed::{put, take, unzigzag, zigzag};

use crate::bits::{put_bits, take_bits};

/// More digits behind the point are no decimal that somebody wrote.
const MOST_DIGITS: usize = 14;
/// What stands in the place of the digits when the bits are kept as they are.
const AS_BITS: u8 = MOST_DIGITS as u8 + 1;
/// Whole numbers up to here are exact in a float.
const EXACT: f64 = 9_007_199_254_740_992.0;

const POWERS: [f64; MOST_DIGITS + 1] = [
    1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14,
];

/// The whole number that is `value` times ten to the power of `digits`, if that gives back the same bits.
fn scaled(value: f64, digits: usize) -> Option<i64> {
    let whole = (value * POWERS[digits]).round();
    if whole.abs() >= EXACT || whole.is_nan() {
        return None;
    }
    let whole = whole as i64;
    // Compared by bits: zero below zero is another value.
    ((whole as f64 / POWERS[digits]).to_bits() == value.to_bits()).then_some(whole)
}

/// The fewest digits behind the point, from so many on, with which all values are whole numbers.
fn digits_of(values: &[f64]) -> Option<usize> {
    let mut digits = 0;
    for value in values {
        digits = (digits..=MOST_DIGITS).find(|digits| scaled(*value, *digits).is_some())?;
    }
    // More digits for a later value may be too many for an earlier one.
    values
        .iter()
        .all(|value| scaled(*value, digits).is_some())
        .then_some(digits)
}

/// Appends one value.
pub(crate) fn put_float(bytes: &mut Vec<u8>, value: f64) {
    match digits_of(&[value]) {
        Some(digits) => {
            let whole = scaled(value, digits).map_or(0, zigzag);
            put(bytes, whole << 4 | digits as u64);
        }
        None => {
            bytes.push(AS_BITS);
            bytes.extend_from_slice(&value.to_le_bytes());
        }
    }
}

/// Takes the next value off the front; `None` when the bytes are not ours.
pub(crate) fn take_float(bytes: &mut &[u8]) -> Option<f64> {
    let head = take(bytes)?;
    let digits = (head & 0xf) as usize;
    if let Some(power) = POWERS.get(digits) {
        return Some(unzigzag(head >> 4) as f64 / power);
    }
    let (bits, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(f64::from_le_bytes(*bits))
}

/// Appends values of one kind; their count is not stored.
pub(crate) fn put_floats(bytes: &mut Vec<u8>, values: &[f64], scratch: &mut Vec<u64>) {
    scratch.clear();
    match digits_of(values) {
        Some(digits) => {
            bytes.push(digits as u8);
            let wholes = || values.iter().filter_map(|value| scaled(*value, digits));
            let least = wholes().min().unwrap_or(0);
            put(bytes, zigzag(least));
            scratch.extend(wholes().map(|whole| whole.abs_diff(least)));
        }
        None => {
            bytes.push(AS_BITS);
            scratch.extend(values.iter().map(|value| value.to_bits()));
        }
    }
    put_bits(bytes, scratch);
}

/// Takes so many values off the front and hands out each; `None` when the bytes are not ours.
pub(crate) fn take_floats(bytes: &mut &[u8], count: usize, mut hand_out: impl FnMut(f64)) -> Option<()> {
    let (&digits, rest) = bytes.split_first()?;
    *bytes = rest;
    let Some(power) = POWERS.get(usize::from(digits)) else {
        return take_bits(bytes, count, |bits| hand_out(f64::from_bits(bits)));
    };
    let least = unzigzag(take(bytes)?);
    take_bits(bytes, count, |above| {
        hand_out(least.wrapping_add_unsigned(above) as f64 / power);
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bits(values: &[f64]) -> Vec<u64> {
        values.iter().map(|value| value.to_bits()).collect()
    }

    fn read(bytes: &[u8], count: usize) -> Option<(Vec<f64>, usize)> {
        let (mut rest, mut values) = (bytes, Vec::new());
        take_floats(&mut rest, count, |value| values.push(value))?;
        Some((values, rest.len()))
    }

    fn any_value() -> impl Strategy<Value = f64> {
        prop_oneof![
            any::<f64>(),
            any::<i64>().prop_map(|number| number as f64),
            (any::<i32>(), 0..12_i32).prop_map(|(number, digits)| f64::from(number) / 10_f64.powi(digits)),
            (any::<u16>(), 0..5_i32).prop_map(|(number, digits)| f64::from(number) / 10_f64.powi(digits)),
        ]
    }

    proptest! {
        #[test]
        fn values_survive_the_round_trip(values in prop::collection::vec(any_value(), 0..60)) {
            let mut bytes = Vec::new();
            put_floats(&mut bytes, &values, &mut Vec::new());
            for value in &values {
                put_float(&mut bytes, *value);
            }

            let (read, left) = read(&bytes, values.len()).unwrap();
            prop_assert_eq!(bits(&read), bits(&values));
            let mut rest = &bytes[bytes.len() - left..];
            let single: Vec<f64> = std::iter::from_fn(|| take_float(&mut rest)).collect();
            prop_assert_eq!(bits(&single), bits(&values));
        }

        #[test]
        fn foreign_bytes_do_no_harm(bytes: Vec<u8>, count in 0..100_usize) {
            let _ = read(&bytes, count);
            let mut rest = bytes.as_slice();
            while take_float(&mut rest).is_some() {}
        }
    }

    #[test]
    fn short_decimals_are_short() {
        let durations: Vec<f64> = (0..1_000)
            .map(|number| f64::from(number * 7 % 1_000) / 10_000.0)
            .collect();
        let mut bytes = Vec::new();

        put_floats(&mut bytes, &durations, &mut Vec::new());

        assert!(bytes.len() < 1_300, "{} bytes", bytes.len());
        for (value, length) in [
            (0.0, 1),
            (1.0, 1),
            (60.0, 2),
            (0.123, 2),
            (-0.5, 2),
            (1e9, 5),
            (0.1 + 0.2, 9),
        ] {
            let mut bytes = Vec::new();
            put_float(&mut bytes, value);
            assert_eq!(bytes.len(), length, "{value}");
        }
    }
}
