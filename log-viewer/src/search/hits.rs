//! What a walk brings back of what it finds.

use super::buckets::Buckets;
use crate::lines::Lines;

/// What is wanted of each hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Give {
    /// Head and text.
    Entries,
    /// How many there are by level and by time, in buckets of so many nanoseconds.
    Buckets { width: i64 },
    /// How many there are.
    Number,
}

/// What is wanted of the hits, and how many there are.
#[derive(Debug, Default)]
pub(crate) struct Hits {
    pub(crate) lines: Lines,
    pub(crate) number: u64,
    pub(super) buckets: Buckets,
}

impl Hits {
    pub(super) fn take(&mut self, lines: &Lines, index: usize, give: Give) {
        self.number += 1;
        let head = &lines.heads()[index];
        match give {
            Give::Entries => self.lines.push(*head, lines.text(index)),
            Give::Buckets { width } => self.buckets.add(width, head.at, head.level),
            Give::Number => {}
        }
    }

    pub(super) fn append(&mut self, other: Self) {
        self.lines.append(&other.lines);
        self.number += other.number;
        self.buckets.append(other.buckets);
    }
}
