//! Many alerts in one message, when the hourly cap holds them back.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{Alert, Kind};

/// Groups that a digest names; of the others it says how many they are.
const ROWS: usize = 50;

/// A summary of the alerts that were held back. Stored as JSON in the queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Digest {
    /// Times of the first and the last event in it.
    pub(crate) from_ms: i64,
    pub(crate) to_ms: i64,
    /// Alerts and distinct groups, also those that `rows` has no room for.
    pub(crate) alerts: i64,
    pub(crate) groups: i64,
    /// The groups with the most occurrences, those first.
    pub(crate) rows: Vec<DigestRow>,
}

/// What happened to one group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DigestRow {
    pub(crate) kind: Kind,
    pub(crate) group_id: i64,
    pub(crate) project: String,
    #[serde(default)]
    pub(crate) environment: Option<String>,
    pub(crate) exception_type: String,
    pub(crate) message: String,
    /// Alerts of this group that were held back.
    pub(crate) alerts: i64,
    /// Occurrences of the group at the last of them.
    pub(crate) count: i64,
    pub(crate) at_ms: i64,
}

impl Digest {
    /// Summarises `alerts`, which may be in any order; no digest if there are none.
    #[must_use]
    pub(crate) fn of(alerts: impl IntoIterator<Item = Alert>) -> Option<Self> {
        let mut groups: HashMap<i64, DigestRow> = HashMap::new();
        let (mut from_ms, mut to_ms, mut count) = (i64::MAX, i64::MIN, 0);
        for alert in alerts {
            from_ms = from_ms.min(alert.at_ms);
            to_ms = to_ms.max(alert.at_ms);
            count += 1;
            let row = DigestRow::of(alert);
            groups
                .entry(row.group_id)
                .and_modify(|held| held.absorb(&row))
                .or_insert(row);
        }
        let group_count = i64::try_from(groups.len()).unwrap_or(i64::MAX);
        let mut rows: Vec<DigestRow> = groups.into_values().collect();
        rows.sort_unstable_by_key(|row| (-row.count, row.group_id));
        rows.truncate(ROWS);
        (count > 0).then_some(Self {
            from_ms,
            to_ms,
            alerts: count,
            groups: group_count,
            rows,
        })
    }

    /// Groups that `rows` had no room for.
    pub(super) fn unnamed_groups(&self) -> i64 {
        self.groups - i64::try_from(self.rows.len()).unwrap_or(i64::MAX)
    }
}

impl DigestRow {
    fn of(alert: Alert) -> Self {
        let alert = alert.trimmed();
        Self {
            kind: alert.kind,
            group_id: alert.group_id,
            project: alert.project,
            environment: alert.environment,
            exception_type: alert.exception_type,
            message: super::inert::cut(&alert.message, super::FIELD_CHARS),
            alerts: 1,
            count: alert.count,
            at_ms: alert.at_ms,
        }
    }

    /// Adds another alert of the same group; the newest one decides what the row says.
    fn absorb(&mut self, other: &Self) {
        let alerts = self.alerts + other.alerts;
        // The count decides between two of the same millisecond, so that order does not matter.
        if (other.at_ms, other.count) > (self.at_ms, self.count) {
            *self = other.clone();
        }
        self.alerts = alerts;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::tests::alert;

    use proptest::prelude::*;

    fn seen(group_id: i64, at_ms: i64, count: i64) -> Alert {
        Alert {
            group_id,
            at_ms,
            count,
            ..alert("bad value")
        }
    }

    #[test]
    fn a_group_has_one_row_with_its_newest_state() {
        let held = [
            Alert {
                kind: Kind::New,
                ..seen(1, 10, 1)
            },
            seen(2, 15, 4),
            Alert {
                kind: Kind::Reopened,
                ..seen(1, 20, 9)
            },
        ];

        let digest = Digest::of(held).unwrap();

        assert_eq!(
            (digest.from_ms, digest.to_ms, digest.alerts, digest.groups),
            (10, 20, 3, 2)
        );
        let rows: Vec<_> = digest
            .rows
            .iter()
            .map(|row| (row.group_id, row.kind, row.alerts, row.count))
            .collect();
        assert_eq!(rows, [(1, Kind::Reopened, 2, 9), (2, Kind::New, 1, 4)]);
    }

    #[test]
    fn a_storm_is_named_in_part_and_counted_in_whole() {
        let digest = Digest::of((1..=1_000).map(|id| seen(id, id, 1))).unwrap();

        assert_eq!(
            (digest.rows.len(), digest.groups, digest.unnamed_groups()),
            (50, 1_000, 950)
        );
    }

    #[test]
    fn nothing_held_back_is_no_digest() {
        assert_eq!(Digest::of([]), None);
    }

    proptest! {
        #[test]
        fn the_order_of_the_alerts_does_not_matter(
            held in prop::collection::vec((1_i64..5, 0_i64..10, 1_i64..10), 1..20),
        ) {
            let alerts = |held: &[(i64, i64, i64)]| {
                held.iter().map(|(id, at, count)| seen(*id, *at, *count)).collect::<Vec<_>>()
            };
            let mut turned = held.clone();
            turned.reverse();

            prop_assert_eq!(Digest::of(alerts(&held)), Digest::of(alerts(&turned)));
        }
    }
}
