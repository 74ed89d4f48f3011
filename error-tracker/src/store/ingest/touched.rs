//! A group that a batch touches, and what there is to write of it.

use shared::clock::Timestamp;

use crate::fingerprint::Fingerprint;
use crate::group::{Effect, Group, Kept};
use crate::report::Report;
use crate::store::facets::{ENVIRONMENT, RELEASE};

pub(super) struct Touched {
    pub(super) group: Group,
    pub(super) project_id: i64,
    pub(super) exception_type: String,
    pub(super) fingerprint: Fingerprint,
    pub(super) kept: Kept,
    /// The count before this batch; 0 when the group is new.
    count_before: i64,
    /// The search index does not know the newest message yet.
    pub(super) is_unindexed: bool,
    /// Columns that a plain count leaves alone have changed.
    pub(super) rarely_changed: bool,
    /// Occurrences to write: the slot, and the place of the report in the batch.
    pub(super) writes: Vec<(i64, usize)>,
    pub(super) old_hours: Vec<(i64, u64)>,
    pub(super) new_facets: Vec<(i64, String)>,
}

impl Touched {
    /// A group as it is before the batch, or as it is founded.
    pub(super) fn new(
        group: Group,
        project_id: i64,
        exception_type: String,
        fingerprint: Fingerprint,
    ) -> Self {
        Self {
            count_before: group.count,
            group,
            project_id,
            exception_type,
            fingerprint,
            kept: Kept::default(),
            is_unindexed: false,
            rarely_changed: false,
            writes: Vec::new(),
            old_hours: Vec::new(),
            new_facets: Vec::new(),
        }
    }

    /// This batch has founded it.
    pub(super) fn is_new(&self) -> bool {
        self.count_before == 0
    }

    /// This batch has counted into it, and not only looked at it.
    pub(super) fn was_counted(&self) -> bool {
        self.group.count > self.count_before
    }

    /// This batch brought more of its reports than are written.
    pub(super) fn is_storm(&self) -> bool {
        self.group.count - self.count_before > self.writes.len() as i64
    }

    /// This batch has carried the count over a multiple of `step`.
    pub(super) fn has_passed(&self, step: i64) -> bool {
        self.count_before / step != self.group.count / step
    }

    /// Counts one more report, the one at `index` in the batch, into the group.
    pub(super) fn count(
        &mut self,
        report: &Report,
        index: usize,
        now: Timestamp,
        most_kept: usize,
        next_slot: &mut i64,
    ) -> Effect {
        for (kind, known, value) in [
            (ENVIRONMENT, &self.group.environment, &report.environment),
            (RELEASE, &self.group.release, &report.release),
        ] {
            if let Some(value) = value
                && known.as_ref() != Some(value)
                && !self.new_facets.iter().any(|(k, v)| *k == kind && v == value)
            {
                self.new_facets.push((kind, value.clone()));
            }
        }
        let (first_seen, sources) = (self.group.first_seen, self.group.sources);
        let is_known_text = self.group.count > 0 && self.group.summary == report.summary;
        let effect = self.group.record(report, now);
        // An older report leaves the group the message it has.
        self.is_unindexed |= !is_known_text && self.group.summary == report.summary;
        self.rarely_changed |= effect == Effect::Reopened
            || self.group.first_seen != first_seen
            || self.group.sources != sources;
        if let Some(slot) = self.kept.place(report.at, most_kept, next_slot) {
            // In a storm the same slot is taken again and again: only the last one is written.
            self.writes.retain(|(earlier, _)| *earlier != slot);
            self.writes.push((slot, index));
        }
        effect
    }
}
