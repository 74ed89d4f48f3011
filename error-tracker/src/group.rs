//! The life of a group: created, counted, resolved, seen again.
//!
//! Pure: the store reads a group, this file decides what a report makes of it, the store writes it.

use shared::clock::Timestamp;
use shared::packed;

use crate::report::{Report, Source};
use crate::trend::Hours;

/// What a report did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// The first of its group.
    Created,
    /// One more of an open or ignored group.
    Incremented,
    /// The group was resolved and is open again.
    Reopened,
    /// The same event was counted before.
    Duplicate,
}

/// Open or resolved, ignored or not, as the database keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct State {
    pub(crate) resolved: bool,
    pub(crate) ignored: bool,
}

impl State {
    pub(crate) fn from_bits(bits: i64) -> Self {
        Self {
            resolved: bits & 1 != 0,
            ignored: bits & 2 != 0,
        }
    }

    pub(crate) fn bits(self) -> i64 {
        i64::from(self.resolved) | i64::from(self.ignored) << 1
    }
}

/// A group as it stands: what lists show of it and what counting changes.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) id: i64,
    pub(crate) count: i64,
    pub(crate) first_seen: Timestamp,
    pub(crate) last_seen: Timestamp,
    pub(crate) state: State,
    pub(crate) resolved_at: Option<Timestamp>,
    pub(crate) reopened_at: Option<Timestamp>,
    /// The bits of all sources it was ever seen from.
    pub(crate) sources: i64,
    pub(crate) newest_source: Source,
    /// The newest occurrence's message, cut to what a list shows.
    pub(crate) summary: String,
    pub(crate) culprit: Option<String>,
    pub(crate) level: Option<String>,
    pub(crate) environment: Option<String>,
    pub(crate) release: Option<String>,
    pub(crate) hours: Hours,
}

impl Group {
    /// The group that `report` founds; the report itself still has to be [`record`](Self::record)ed.
    pub(crate) fn founded_by(report: &Report, id: i64) -> Self {
        Self {
            id,
            count: 0,
            first_seen: report.at,
            last_seen: report.at,
            state: State::default(),
            resolved_at: None,
            reopened_at: None,
            sources: 0,
            newest_source: report.source,
            summary: String::new(),
            culprit: None,
            level: None,
            environment: None,
            release: None,
            hours: Hours::default(),
        }
    }

    /// Counts one more report that arrives at `now`.
    pub(crate) fn record(&mut self, report: &Report, now: Timestamp) -> Effect {
        let effect = match (self.count, self.state.resolved) {
            (0, _) => Effect::Created,
            (_, true) => Effect::Reopened,
            _ => Effect::Incremented,
        };
        self.count += 1;
        self.sources |= report.source.bit();
        self.hours.add(report.at, 1);
        self.first_seen = self.first_seen.min(report.at);
        if report.at >= self.last_seen {
            self.follow(report);
        }
        if effect == Effect::Reopened {
            self.state.resolved = false;
            self.resolved_at = None;
            self.reopened_at = Some(now);
        }
        effect
    }

    /// What a reader sees of a group is what its newest occurrence said.
    fn follow(&mut self, report: &Report) {
        self.last_seen = report.at;
        self.newest_source = report.source;
        self.summary.clone_from(&report.summary);
        self.culprit.clone_from(&report.culprit);
        self.level.clone_from(&report.level);
        // A report that does not say where it comes from takes nothing away.
        if report.environment.is_some() {
            self.environment.clone_from(&report.environment);
        }
        if report.release.is_some() {
            self.release.clone_from(&report.release);
        }
    }
}

/// The slots in which a group's newest occurrences lie, and their times.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Kept(Vec<(i64, Timestamp)>);

impl Kept {
    /// Reads what [`pack`](Self::pack) wrote.
    pub(crate) fn unpack(mut bytes: &[u8]) -> Self {
        let mut slots = Vec::new();
        while let (Some(slot), Some(at)) = (packed::take(&mut bytes), packed::take(&mut bytes)) {
            slots.push((slot as i64, Timestamp::from_millis(at as i64)));
        }
        Self(slots)
    }

    /// The form in which they are stored.
    pub(crate) fn pack(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len() * 9);
        for (slot, at) in &self.0 {
            packed::put(&mut bytes, slot.unsigned_abs());
            packed::put(&mut bytes, at.millis().max(0).unsigned_abs());
        }
        bytes
    }

    /// The slot for an occurrence at `at` when `most` are kept: a free one (`next_slot`, which moves on),
    /// or the oldest one's, or none when it is older than all that are kept.
    pub(crate) fn place(&mut self, at: Timestamp, most: usize, next_slot: &mut i64) -> Option<i64> {
        if self.0.len() < most {
            let slot = *next_slot;
            *next_slot += 1;
            self.0.push((slot, at));
            return Some(slot);
        }
        let (oldest, _) = self
            .0
            .iter()
            .enumerate()
            .min_by_key(|(_, (_, at))| *at)
            .filter(|(_, (_, oldest))| at >= *oldest)?;
        // The newest goes last, so that of equal times the first to come is the first to go.
        let (slot, _) = self.0.remove(oldest);
        self.0.push((slot, at));
        Some(slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::Fingerprint;

    fn report(at: i64, summary: &str) -> Report {
        Report {
            project: "shop".into(),
            exception_type: "KeyError".into(),
            fingerprint: Fingerprint([0; 16]),
            summary: summary.into(),
            culprit: None,
            level: None,
            environment: Some("production".into()),
            release: None,
            source: Source::Server,
            session: None,
            event: None,
            at: Timestamp::from_millis(at),
            body: Vec::new(),
        }
    }

    fn now() -> Timestamp {
        Timestamp::from_millis(10_000)
    }

    #[test]
    fn a_group_is_created_counted_reopened() {
        let mut group = Group::founded_by(&report(1_000, "a"), 7);

        assert_eq!(group.record(&report(1_000, "a"), now()), Effect::Created);
        assert_eq!(group.record(&report(2_000, "b"), now()), Effect::Incremented);
        group.state.resolved = true;
        group.resolved_at = Some(now());
        assert_eq!(group.record(&report(3_000, "c"), now()), Effect::Reopened);

        assert_eq!(
            (group.count, group.state.resolved, group.resolved_at),
            (3, false, None)
        );
        assert_eq!((group.summary.as_str(), group.reopened_at), ("c", Some(now())));
    }

    #[test]
    fn a_late_report_counts_but_does_not_change_what_is_shown() {
        let mut group = Group::founded_by(&report(5_000, "newest"), 7);
        group.record(&report(5_000, "newest"), now());

        group.record(&report(1_000, "older"), now());

        assert_eq!((group.summary.as_str(), group.count), ("newest", 2));
        assert_eq!(
            (group.first_seen.millis(), group.last_seen.millis()),
            (1_000, 5_000)
        );
    }

    #[test]
    fn the_newest_occurrences_are_kept() {
        let mut kept = Kept::default();
        let mut next_slot = 7;
        let mut place = |kept: &mut Kept, at| kept.place(Timestamp::from_millis(at), 3, &mut next_slot);

        let slots = [10, 30, 20, 5, 40, 40].map(|at| place(&mut kept, at));

        assert_eq!(slots, [Some(7), Some(8), Some(9), None, Some(7), Some(9)]);
        let again = [40; 4].map(|at| place(&mut kept, at));
        assert_eq!(
            again,
            [Some(8), Some(7), Some(9), Some(8)],
            "of one instant each has its turn"
        );
        assert_eq!(Kept::unpack(&kept.pack()), kept);
    }

    #[test]
    fn states_survive_the_round_trip() {
        for bits in 0..4 {
            assert_eq!(State::from_bits(bits).bits(), bits);
        }
    }
}
