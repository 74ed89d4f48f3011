//! Finds an ASCII text in any case of its letters, without touching the case of what is searched.
//!
//! It looks for the byte of the needle that is rarest in logs and compares where that stands: several gigabytes in a second,
//! where folding the text first would make one.

/// The bytes of logs from the commonest on, letters without regard to case. Those that are missing are rarer.
const COMMON: &[u8] = b" e0taionsr1lcd2:-3\"5u4.p,m6789hg/f_b=wvykxj()[]{}zq'";

/// A text to find.
#[derive(Debug, Clone)]
pub(super) struct Needle {
    lower: Box<[u8]>,
    /// Where its rarest byte stands.
    rare_at: usize,
    /// How common that byte is; lower is better.
    commonness: usize,
}

impl Needle {
    /// `text` is ASCII in lower case, and not empty.
    pub(super) fn new(text: &str) -> Self {
        let lower: Box<[u8]> = text.as_bytes().into();
        let (rare_at, commonness) = lower
            .iter()
            .map(|byte| commonness(*byte))
            .enumerate()
            .min_by_key(|(_, commonness)| *commonness)
            .unwrap_or_default();
        Self {
            lower,
            rare_at,
            commonness,
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
        let last = haystack.len().checked_sub(self.lower.len())?;
        // The rare byte of a place that fits.
        let window = haystack.get(from + self.rare_at..=last + self.rare_at)?;
        let rare = *self.lower.get(self.rare_at)?;
        let is_here = |found: &usize| {
            let begin = from + found;
            haystack[begin..begin + self.lower.len()].eq_ignore_ascii_case(&self.lower)
        };
        let found = if rare.is_ascii_lowercase() {
            memchr::memchr2_iter(rare, rare.to_ascii_uppercase(), window).find(is_here)
        } else {
            memchr::memchr_iter(rare, window).find(is_here)
        };
        found.map(|found| from + found)
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
        fn it_finds_what_a_plain_search_finds(needle in "[a-c.é]{1,4}", text in "[a-cA-C.]{0,30}", from in 0_usize..40) {
            let needle = needle.replace('é', "!");
            let expected = text
                .get(from..)
                .and_then(|rest| rest.to_ascii_lowercase().find(&needle))
                .map(|at| from + at);

            prop_assert_eq!(Needle::new(&needle).find(text.as_bytes(), from), expected);
        }
    }
}
