//! Counts by bucket, side by side: the fastest place to merge into.

/// More buckets than this are made coarser. At the finest scale they reach from a nanosecond to 500 years.
const MOST_BUCKETS: usize = 4_096;
/// Room that is made beyond what is asked for, at least, so that it is not asked for again at once.
const LEAST_SPARE: i32 = 4;

/// Counts of the buckets from the first one on.
#[derive(Debug, Clone, Default)]
pub(super) struct Buckets {
    first: i32,
    counts: Vec<u64>,
}

impl PartialEq for Buckets {
    fn eq(&self, other: &Self) -> bool {
        self.filled().eq(other.filled())
    }
}

impl Buckets {
    /// Makes room from `first` to `last`; false when that would be too many.
    pub(super) fn reserve(&mut self, first: i32, last: i32) -> bool {
        if self.counts.is_empty() {
            self.first = first;
        }
        let end = self.first + self.counts.len() as i32;
        if first >= self.first && last < end {
            return true;
        }
        let (low, high) = (first.min(self.first), (last + 1).max(end));
        if (high - low) as usize > MOST_BUCKETS {
            // What is reserved and not needed must not make the sketch coarse.
            let Some((used_first, used_last)) = self.reach() else {
                return false;
            };
            let (low, high) = (first.min(used_first), last.max(used_last) + 1);
            if (high - low) as usize > MOST_BUCKETS {
                return false;
            }
            self.move_to(low, high);
            return true;
        }
        // What grows by a half each time is moved seldom.
        let wanted = LEAST_SPARE.max((end - self.first) / 2);
        let spare = wanted.min((MOST_BUCKETS as i32 - (high - low)) / 2);
        let low = if first < self.first { low - spare } else { low };
        let high = if last >= end { high + spare } else { high };
        self.move_to(low, high);
        true
    }

    fn move_to(&mut self, low: i32, high: i32) {
        let mut counts = vec![0; (high - low) as usize];
        // What lies outside is empty.
        let (from, to) = (
            low.max(self.first),
            high.min(self.first + self.counts.len() as i32),
        );
        if from < to {
            let kept = &self.counts[(from - self.first) as usize..(to - self.first) as usize];
            counts[(from - low) as usize..(to - low) as usize].copy_from_slice(kept);
        }
        (self.first, self.counts) = (low, counts);
    }

    /// Counts in a bucket for which there is room.
    #[inline]
    pub(super) fn add(&mut self, index: i32, count: u64) {
        if let Some(bucket) = self.counts.get_mut((index - self.first) as usize) {
            *bucket = bucket.saturating_add(count);
        }
    }

    /// False when both together would be too many.
    pub(super) fn merge(&mut self, other: &Self) -> bool {
        let Some((first, last)) = other.reach() else {
            return true;
        };
        if !self.reserve(first, last) {
            return false;
        }
        for (index, count) in other.filled() {
            self.add(index, count);
        }
        true
    }

    /// The same with buckets that are twice as wide.
    pub(super) fn halved(&self) -> Self {
        let mut halved = Self::default();
        if let Some((first, last)) = self.reach() {
            halved.reserve(first >> 1, last >> 1);
        }
        for (index, count) in self.filled() {
            halved.add(index >> 1, count);
        }
        halved
    }

    /// Buckets with something in them, in order.
    pub(super) fn filled(&self) -> impl DoubleEndedIterator<Item = (i32, u64)> {
        let counts = self.counts.iter().enumerate();
        counts.filter_map(|(place, count)| (*count > 0).then_some((self.first + place as i32, *count)))
    }

    /// The first and the last bucket with something in it.
    pub(super) fn reach(&self) -> Option<(i32, i32)> {
        let first = self.counts.iter().position(|count| *count > 0)? as i32;
        let last = self.counts.iter().rposition(|count| *count > 0)? as i32;
        Some((self.first + first, self.first + last))
    }

    #[cfg(test)]
    pub(super) fn total(&self) -> u64 {
        self.counts
            .iter()
            .fold(0, |total, count| total.saturating_add(*count))
    }
}
