//! How many entries there are of each container and level.

use std::collections::BTreeMap;

use shared::packed;

use crate::entry::Level;
use crate::lines::{ContainerId, Lines};

/// Entries by level, in the order of [`Level::ALL`].
pub(crate) type ByLevel = [u64; Level::ALL.len()];

/// Entries by container and level. No container stands here without an entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Counts(BTreeMap<ContainerId, ByLevel>);

impl Counts {
    pub(crate) fn of(lines: &Lines) -> Self {
        let mut counts = Self::default();
        for head in lines.heads() {
            counts.add_one(head.container, head.level);
        }
        counts
    }

    pub(crate) fn add_one(&mut self, container: ContainerId, level: Level) {
        self.0.entry(container).or_default()[level as usize] += 1;
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (container, levels) in &other.0 {
            let sums = self.0.entry(*container).or_default();
            for (sum, count) in sums.iter_mut().zip(levels) {
                *sum = sum.saturating_add(*count);
            }
        }
    }

    /// Takes away what was added before.
    pub(crate) fn subtract(&mut self, other: &Self) {
        for (container, levels) in &other.0 {
            if let Some(sums) = self.0.get_mut(container) {
                for (sum, count) in sums.iter_mut().zip(levels) {
                    *sum = sum.saturating_sub(*count);
                }
                if sums.iter().all(|sum| *sum == 0) {
                    self.0.remove(container);
                }
            }
        }
    }

    pub(crate) fn total(&self) -> u64 {
        sum(self.0.values().flatten())
    }

    pub(crate) fn of_container(&self, container: ContainerId) -> u64 {
        self.0.get(&container).map_or(0, |levels| sum(levels.iter()))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (ContainerId, &ByLevel)> {
        self.0.iter().map(|(container, levels)| (*container, levels))
    }

    /// For a column of the database.
    pub(crate) fn pack(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len() * 7);
        for (container, levels) in &self.0 {
            packed::put(&mut bytes, container.0.into());
            for count in levels {
                packed::put(&mut bytes, *count);
            }
        }
        bytes
    }

    /// As far as the bytes are ours.
    pub(crate) fn unpack(mut bytes: &[u8]) -> Self {
        let mut counts = Self::default();
        while let Some(container) = packed::take(&mut bytes).and_then(|number| u32::try_from(number).ok()) {
            let mut levels = ByLevel::default();
            for count in &mut levels {
                *count = packed::take(&mut bytes).unwrap_or(0);
            }
            counts.0.insert(ContainerId(container), levels);
        }
        counts
    }
}

/// A damaged column may hold any numbers.
fn sum<'a>(counts: impl Iterator<Item = &'a u64>) -> u64 {
    counts.fold(0, |sum, count| sum.saturating_add(*count))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::lines::testing::any_head;

    fn counts(heads: &[crate::lines::Head]) -> Counts {
        let mut lines = Lines::default();
        for head in heads {
            lines.push(*head, "");
        }
        Counts::of(&lines)
    }

    proptest! {
        #[test]
        fn sums_come_and_go_and_survive_the_database(
            first in prop::collection::vec(any_head(), 0..40),
            second in prop::collection::vec(any_head(), 0..40),
        ) {
            let (before, added) = (counts(&first), counts(&second));
            let mut sum = before.clone();
            sum.add(&added);
            prop_assert_eq!(sum.total(), (first.len() + second.len()) as u64);
            prop_assert_eq!(&Counts::unpack(&sum.pack()), &sum);

            sum.subtract(&added);
            prop_assert_eq!(sum, before);
        }

        #[test]
        fn foreign_bytes_do_no_harm(bytes: Vec<u8>) {
            let _ = Counts::unpack(&bytes);
        }
    }
}
