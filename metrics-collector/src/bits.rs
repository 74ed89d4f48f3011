//! Packs whole numbers into as many bits as the largest of them needs.

use shared::packed::{put, take};

/// Appends the numbers less the smallest of them; their count is not stored.
pub(crate) fn put_bits(bytes: &mut Vec<u8>, numbers: &[u64]) {
    let least = numbers.iter().copied().min().unwrap_or(0);
    let most = numbers.iter().copied().max().unwrap_or(0);
    let width = u64::BITS - (most - least).leading_zeros();
    put(bytes, least);
    bytes.push(width as u8);
    let (mut waiting, mut waiting_bits) = (0_u128, 0);
    for number in numbers {
        waiting |= u128::from(number - least) << waiting_bits;
        waiting_bits += width;
        while waiting_bits >= 8 {
            bytes.push(waiting as u8);
            waiting >>= 8;
            waiting_bits -= 8;
        }
    }
    if waiting_bits > 0 {
        bytes.push(waiting as u8);
    }
}

/// Takes so many numbers off the front and hands out each; `None` when the bytes are not ours.
pub(crate) fn take_bits(bytes: &mut &[u8], count: usize, mut hand_out: impl FnMut(u64)) -> Option<()> {
    let least = take(bytes)?;
    let (&width, rest) = bytes.split_first()?;
    let width = u32::from(width);
    if width > u64::BITS {
        return None;
    }
    let length = count.checked_mul(width as usize)?.div_ceil(8);
    let (packed, rest) = rest.split_at_checked(length)?;
    let mask = u64::MAX.checked_shr(u64::BITS - width).unwrap_or(0);
    let (mut waiting, mut waiting_bits) = (0_u128, 0);
    let mut packed = packed.iter();
    for _ in 0..count {
        while waiting_bits < width {
            waiting |= u128::from(*packed.next()?) << waiting_bits;
            waiting_bits += 8;
        }
        hand_out(least.wrapping_add(waiting as u64 & mask));
        waiting >>= width;
        waiting_bits -= width;
    }
    *bytes = rest;
    Some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8], count: usize) -> Option<(Vec<u64>, usize)> {
        let (mut rest, mut numbers) = (bytes, Vec::new());
        take_bits(&mut rest, count, |number| numbers.push(number))?;
        Some((numbers, rest.len()))
    }

    proptest! {
        #[test]
        fn numbers_survive_the_round_trip(numbers: Vec<u64>, shift in 0..64_u32, after: Vec<u8>) {
            let numbers: Vec<u64> = numbers.iter().map(|number| number >> shift).collect();
            let mut bytes = Vec::new();
            put_bits(&mut bytes, &numbers);
            let length = bytes.len();
            bytes.extend(&after);

            prop_assert_eq!(read(&bytes, numbers.len()), Some((numbers, after.len())));
            bytes.truncate(length.saturating_sub(1));
            let _ = read(&bytes, 1_000);
        }

        #[test]
        fn foreign_bytes_do_no_harm(bytes: Vec<u8>, count in 0..100_usize) {
            let _ = read(&bytes, count);
        }
    }

    #[test]
    fn equal_numbers_take_no_room_each() {
        let mut bytes = Vec::new();

        put_bits(&mut bytes, &[7; 10_000]);

        assert_eq!(bytes.len(), 2);
    }
}
