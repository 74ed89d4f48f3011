//! Finds an ASCII text in any case of its letters, without touching the case of what is searched.
//!
//! Three bytes of it are compared at many places at once, several gigabytes in a second. To look for its rarest byte alone
//! is worth little for what people look for within words: no digit is rare in logs.

use std::ops::Range;

/// The bytes of logs from the commonest on, letters without regard to case. Those that are missing are rarer.
const COMMON: &[u8] = b" e0taionsr1lcd2:-3\"5u4.p,m6789hg/f_b=wvykxj()[]{}zq'";
/// Places that are looked at together: a few registers full.
const TOGETHER: usize = 64;

/// A text to find.
#[derive(Debug, Clone)]
pub(super) struct Needle {
    lower: Box<[u8]>,
    /// Its first byte, one in the middle, and its last.
    probes: [Probe; 3],
    /// How common its rarest byte is; lower is better.
    commonness: usize,
}

/// One byte of the text.
#[derive(Debug, Clone, Copy)]
struct Probe {
    at: usize,
    byte: u8,
    /// The bit that makes a letter lower case; none for what is no letter.
    case: u8,
}

impl Probe {
    fn fits(self, byte: u8) -> bool {
        byte | self.case == self.byte
    }
}

impl Needle {
    /// `text` is ASCII in lower case, and not empty.
    pub(super) fn new(text: &str) -> Self {
        let lower: Box<[u8]> = text.as_bytes().into();
        let probe = |at: usize| {
            let byte = lower.get(at).copied().unwrap_or_default();
            let case = if byte.is_ascii_lowercase() { 0x20 } else { 0 };
            Probe { at, byte, case }
        };
        let last = lower.len().saturating_sub(1);
        Self {
            probes: [probe(0), probe(last.div_ceil(2)), probe(last)],
            commonness: lower
                .iter()
                .map(|byte| commonness(*byte))
                .min()
                .unwrap_or_default(),
            lower,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.lower.len()
    }

    /// How many useless looks it may cost: first by its rarest byte, then by its length.
    pub(super) fn cost(&self) -> (usize, usize) {
        (self.commonness, usize::MAX - self.lower.len())
    }

    /// Where it begins next, from `from` on.
    pub(super) fn find(&self, haystack: &[u8], from: usize) -> Option<usize> {
        let end = (haystack.len() + 1).checked_sub(self.lower.len())?;
        // What stands at a probe if the text begins at one place after the other.
        let places = |probe: Probe| haystack.get(from + probe.at..end + probe.at);
        let [first, middle, last] = self.probes.map(places);
        let (first, rest) = first?.as_chunks::<TOGETHER>();
        let others = middle?.as_chunks().0.iter().zip(last?.as_chunks().0);
        let mut begin = from;
        for (first, (middle, last)) in first.iter().zip(others) {
            if self.may_begin(first, middle, last)
                && let Some(found) = self.find_at(haystack, begin..begin + TOGETHER)
            {
                return Some(found);
            }
            begin += TOGETHER;
        }
        self.find_at(haystack, begin..begin + rest.len())
    }

    /// Whether it may begin at one of these places. Without a branch, so that the compiler compares many bytes at once.
    #[inline]
    fn may_begin(&self, first: &[u8; TOGETHER], middle: &[u8; TOGETHER], last: &[u8; TOGETHER]) -> bool {
        let mut may = false;
        for ((first, middle), last) in first.iter().zip(middle).zip(last) {
            may |= self.probes[0].fits(*first) & self.probes[1].fits(*middle) & self.probes[2].fits(*last);
        }
        may
    }

    fn find_at(&self, haystack: &[u8], mut places: Range<usize>) -> Option<usize> {
        places.find(|at| self.is_at(haystack, *at))
    }

    /// Whether it stands exactly here.
    pub(super) fn is_at(&self, haystack: &[u8], at: usize) -> bool {
        haystack
            .get(at..at + self.lower.len())
            .is_some_and(|bytes| bytes.eq_ignore_ascii_case(&self.lower))
    }
}

fn commonness(byte: u8) -> usize {
    COMMON
        .iter()
        .position(|common| *common == byte)
        .map_or(0, |at| COMMON.len() - at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_finds_what_a_plain_search_finds(needle in "[a-c.é]{1,4}", text in "[a-cA-C.!A\\[{@`]{0,30}|[a-cA-C. ]{60,300}", from in 0_usize..80) {
            let needle = needle.replace('é', "!");
            let expected = text
                .get(from..)
                .and_then(|rest| rest.to_ascii_lowercase().find(&needle))
                .map(|at| from + at);

            prop_assert_eq!(Needle::new(&needle).find(text.as_bytes(), from), expected);
        }
    }
}
