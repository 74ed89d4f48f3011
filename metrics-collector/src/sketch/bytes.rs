//! A sketch in the bytes of a column, and the merge of such bytes into a sketch.
//!
//! A byte with the scale and what follows; the number of zeros; then each side: how many buckets are filled, the first
//! one, how far the last one is from it, and of each bucket how far it is from the one before, with a bit that says
//! whether a count follows or is one.

use shared::packed::{put, take, unzigzag, zigzag};

use super::buckets::Buckets;
use super::{FINEST_SCALE, Sketch};

const SCALE_BITS: u8 = 0x0f;
const HAS_ZEROS: u8 = 0x10;
const HAS_POSITIVE: u8 = 0x20;
const HAS_NEGATIVE: u8 = 0x40;
/// No finite value lies in a bucket further away from zero.
const FURTHEST: i64 = 1_100 << FINEST_SCALE;

impl Sketch {
    pub(crate) fn put(&self, bytes: &mut Vec<u8>) {
        let mut head = self.scale;
        let (positive, negative) = (self.positive.reach(), self.negative.reach());
        for (is_there, flag) in [
            (self.zeros > 0, HAS_ZEROS),
            (positive.is_some(), HAS_POSITIVE),
            (negative.is_some(), HAS_NEGATIVE),
        ] {
            head |= if is_there { flag } else { 0 };
        }
        bytes.push(head);
        if self.zeros > 0 {
            put(bytes, self.zeros);
        }
        for (side, reach) in [(&self.positive, positive), (&self.negative, negative)] {
            if let Some((first, last)) = reach {
                put_side(bytes, side, first, last);
            }
        }
    }

    /// Adds what [`put`](Self::put) has written. `None` when the bytes are not ours; then the sketch may have part of them.
    pub(crate) fn merge_bytes(&mut self, mut bytes: &[u8]) -> Option<()> {
        let (&head, rest) = bytes.split_first()?;
        bytes = rest;
        let scale = head & SCALE_BITS;
        if scale > FINEST_SCALE {
            return None;
        }
        while self.scale > scale {
            self.coarsen();
        }
        if head & HAS_ZEROS != 0 {
            self.zeros = self.zeros.saturating_add(take(&mut bytes)?);
        }
        for (flag, is_negative) in [(HAS_POSITIVE, false), (HAS_NEGATIVE, true)] {
            if head & flag != 0 {
                self.merge_side(&mut bytes, scale, is_negative)?;
            }
        }
        Some(())
    }

    fn merge_side(&mut self, bytes: &mut &[u8], scale: u8, is_negative: bool) -> Option<()> {
        let filled = take(bytes)?;
        let first = unzigzag(take(bytes)?);
        let last = first.checked_add_unsigned(take(bytes)?)?;
        if first < -FURTHEST || last > FURTHEST {
            return None;
        }
        // The other side may have made this sketch coarser than the bytes are.
        let shift = scale - self.scale;
        let mut is_whole = None;
        let read = |buckets: &mut Buckets| {
            is_whole = read_side(bytes, filled, first as i32, last as i32, shift, buckets)
        };
        self.add_counts(is_negative, first as i32 >> shift, last as i32 >> shift, read);
        is_whole
    }
}

fn read_side(
    bytes: &mut &[u8],
    filled: u64,
    first: i32,
    last: i32,
    shift: u8,
    buckets: &mut Buckets,
) -> Option<()> {
    let mut index = first;
    for _ in 0..filled {
        let head = take(bytes)?;
        index = index.checked_add_unsigned(u32::try_from(head >> 1).ok()?)?;
        let count = if head & 1 == 0 { 1 } else { take(bytes)? };
        if index > last {
            return None;
        }
        buckets.add(index >> shift, count);
    }
    Some(())
}

fn put_side(bytes: &mut Vec<u8>, side: &Buckets, first: i32, last: i32) {
    put(bytes, side.filled().count() as u64);
    put(bytes, zigzag(first.into()));
    put(bytes, (last - first) as u64);
    let mut before = first;
    for (index, count) in side.filled() {
        put(bytes, ((index - before) as u64) << 1 | u64::from(count != 1));
        if count != 1 {
            put(bytes, count);
        }
        before = index;
    }
}
