//! Numbers packed into the bytes of one column: seven bits a byte, the top bit says that more follow.

/// Appends a number.
pub fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Takes the next number off the front; `None` at the end, or when the bytes are not ours.
#[must_use]
pub fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// Takes so many numbers off the front without a look at them; `None` when there are not as many.
#[must_use]
pub fn skip(bytes: &mut &[u8], count: usize) -> Option<()> {
    let (mut rest, mut left) = (*bytes, count);
    // Each number ends in the one byte without the top bit. Eight bytes at once, as long as all of their numbers are to go.
    while let Some((eight, after)) = rest.split_first_chunk::<8>() {
        let ends = (!u64::from_le_bytes(*eight) & 0x8080_8080_8080_8080).count_ones() as usize;
        if ends > left {
            break;
        }
        left -= ends;
        rest = after;
        if left == 0 {
            break;
        }
    }
    if left == 0 {
        // The last eight bytes may have gone on into a number that stays.
        let taken = bytes.len() - rest.len();
        let end = bytes[..taken].iter().rposition(|byte| byte & 0x80 == 0);
        *bytes = &bytes[end.map_or(0, |end| end + 1)..];
        return Some(());
    }
    for _ in 0..left {
        take(&mut rest)?;
    }
    *bytes = rest;
    Some(())
}

/// Small for small numbers of either sign: 0, -1, 1, -2, … become 0, 1, 2, 3, …
#[must_use]
pub fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

/// What [`zigzag`] was given.
#[must_use]
pub fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_survive_the_round_trip(numbers: Vec<u64>) {
            let mut bytes = Vec::new();
            for number in &numbers {
                put(&mut bytes, *number);
            }
            let mut rest = bytes.as_slice();
            let read: Vec<u64> = std::iter::from_fn(|| take(&mut rest)).collect();
            prop_assert_eq!(read, numbers);
        }

        #[test]
        fn skipping_is_taking_without_a_look(numbers: Vec<u64>, small in prop::collection::vec(0..200_u64, 0..40), count in 0..60_usize) {
            let mut bytes = Vec::new();
            for number in small.iter().chain(&numbers) {
                put(&mut bytes, *number);
            }
            let (mut skipped, mut taken) = (bytes.as_slice(), bytes.as_slice());
            let is_taken = (0..count).all(|_| take(&mut taken).is_some());
            prop_assert_eq!(skip(&mut skipped, count).is_some(), is_taken);
            if is_taken {
                prop_assert_eq!(skipped, taken);
            }
        }

        #[test]
        fn signs_survive_the_round_trip(number: i64) {
            prop_assert_eq!(unzigzag(zigzag(number)), number);
            prop_assert_eq!(zigzag(number >> 32) >> 32 > 1, false, "what is small stays small");
        }

        #[test]
        fn foreign_bytes_do_no_harm(bytes: Vec<u8>) {
            let mut rest = bytes.as_slice();
            while take(&mut rest).is_some() {}
            let _ = skip(&mut bytes.as_slice(), 3);
        }
    }
}
