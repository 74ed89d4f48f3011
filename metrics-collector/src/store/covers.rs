//! How much of each minute is in partials, and which of them may be merged or deleted.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::raw;

/// Partials of one minute, at most; points after them are read as they are.
pub(super) const MOST_PARTIALS: i64 = 1 << 10;
/// Partials that become one.
const MERGED_AT_ONCE: usize = 4;

/// How much of a minute is in partials.
#[derive(Debug, Clone)]
pub(crate) struct Cover {
    /// Their numbers, in the order of their points.
    pub(crate) partials: Vec<i64>,
    /// The first row of points that is in none of them.
    pub(crate) next_row: i64,
    /// As long as others hold it, the partials are read.
    readers: Arc<()>,
}

impl Cover {
    pub(super) fn none(minute: i64) -> Self {
        Self {
            partials: Vec::new(),
            next_row: raw::rows_of(minute).start,
            readers: Arc::default(),
        }
    }

    fn is_read(&self) -> bool {
        Arc::strong_count(&self.readers) > 1
    }
}

/// A minute and its partials.
#[derive(Debug)]
struct Covered {
    cover: Cover,
    /// Of each partial, how often it was merged.
    levels: Vec<u32>,
    next_number: i64,
}

/// What is covered of the minutes, and what may be deleted.
#[derive(Debug, Default)]
pub(crate) struct Covers {
    current: BTreeMap<i64, Covered>,
    /// Nobody starts to read these.
    retired: Vec<(i64, Cover)>,
}

impl Covers {
    pub(crate) fn of(&self, minute: i64) -> Cover {
        match self.current.get(&minute) {
            Some(covered) => covered.cover.clone(),
            None => Cover::none(minute),
        }
    }

    /// The row with which the next partial of the minute begins. `None` when it cannot have one more.
    pub(crate) fn next_row(&self, minute: i64) -> Option<i64> {
        let is_retired = self.retired.iter().any(|(retired, _)| *retired == minute);
        match self.current.get(&minute) {
            _ if is_retired => None,
            Some(covered) => (covered.next_number < MOST_PARTIALS).then_some(covered.cover.next_row),
            None => Some(Cover::none(minute).next_row),
        }
    }

    /// The last partials of a minute, when there are so many that were merged equally often that they should be one.
    pub(super) fn to_merge(&self, minute: i64) -> Option<Vec<i64>> {
        let covered = self.current.get(&minute)?;
        let first = covered.levels.len().checked_sub(MERGED_AT_ONCE)?;
        let last = &covered.levels[first..];
        let are_equal = last.iter().all(|level| *level == last[0]);
        (are_equal && covered.next_number < MOST_PARTIALS).then(|| covered.cover.partials[first..].to_vec())
    }

    /// The number of a partial that is going to be written. It is not given again, whatever becomes of it.
    pub(super) fn number(&mut self, minute: i64) -> i64 {
        let covered = self.current.entry(minute).or_insert_with(|| Covered {
            cover: Cover::none(minute),
            levels: Vec::new(),
            next_number: 0,
        });
        covered.next_number += 1;
        covered.next_number - 1
    }

    pub(super) fn extend(&mut self, minute: i64, number: i64, next_row: i64) {
        if let Some(covered) = self.current.get_mut(&minute) {
            covered.cover.partials.push(number);
            covered.cover.next_row = next_row;
            covered.levels.push(0);
        }
    }

    /// A partial stands for the last ones now.
    pub(super) fn merge(&mut self, minute: i64, number: i64) {
        if let Some(covered) = self.current.get_mut(&minute) {
            let first = covered.levels.len().saturating_sub(MERGED_AT_ONCE);
            covered.cover.partials.truncate(first);
            covered.cover.partials.push(number);
            let level = covered.levels.drain(first..).max().unwrap_or_default();
            covered.levels.push(level + 1);
        }
    }

    /// The partials of a minute, when nobody reads others of it.
    pub(super) fn unread(&self, minute: i64) -> Option<Vec<i64>> {
        let cover = &self.current.get(&minute)?.cover;
        (!cover.is_read()).then(|| cover.partials.clone())
    }

    /// Takes back the minutes for which this is so. Answers with those whose partials nobody reads any more; they are retired
    /// until they are forgotten.
    pub(super) fn retire(&mut self, is_over: impl Fn(i64) -> bool) -> Vec<i64> {
        let over = self.current.extract_if(.., |minute, _| is_over(*minute));
        self.retired
            .extend(over.map(|(minute, covered)| (minute, covered.cover)));
        let unread = self.retired.iter().filter(|(_, cover)| !cover.is_read());
        unread.map(|(minute, _)| *minute).collect()
    }

    /// Its partials are deleted.
    pub(super) fn forget(&mut self, minute: i64) {
        self.retired.retain(|(retired, _)| *retired != minute);
    }
}
