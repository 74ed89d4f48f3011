//! A group's counts of the last 48 hours, which travel in the group's own row.

use shared::clock::Timestamp;

use shared::packed;

/// Hours that stay in the row; older ones go to their own table.
pub(crate) const RECENT_HOURS: i64 = 48;
const DAY: i64 = 24;

/// Counts per hour since the epoch, oldest first, hours without reports left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Hours(Vec<(i64, u64)>);

impl Hours {
    /// Reads what [`pack`](Self::pack) wrote.
    pub(crate) fn unpack(mut bytes: &[u8]) -> Self {
        let mut hours = Vec::new();
        let mut hour = 0_i64;
        while let (Some(delta), Some(count)) = (packed::take(&mut bytes), packed::take(&mut bytes)) {
            hour = hour.saturating_add_unsigned(delta);
            hours.push((hour, count));
        }
        Self(hours)
    }

    /// The form in which they are stored: pairs of the distance to the hour before, and the count.
    pub(crate) fn pack(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len() * 4);
        let mut before = 0;
        for (hour, count) in &self.0 {
            packed::put(&mut bytes, hour.saturating_sub(before).max(0).unsigned_abs());
            packed::put(&mut bytes, *count);
            before = *hour;
        }
        bytes
    }

    /// Counts `count` reports in the hour of `at`.
    pub(crate) fn add(&mut self, at: Timestamp, count: u64) {
        let hour = at.hour();
        match self.0.binary_search_by_key(&hour, |(hour, _)| *hour) {
            Ok(index) => self.0[index].1 += count,
            Err(index) => self.0.insert(index, (hour, count)),
        }
    }

    /// Takes out the hours that have left the window at `now`.
    pub(crate) fn take_old(&mut self, now: Timestamp) -> Vec<(i64, u64)> {
        let keep_from = now.hour() - RECENT_HOURS + 1;
        let old = self.0.partition_point(|(hour, _)| *hour < keep_from);
        self.0.drain(..old).collect()
    }

    /// The counts of the 24 hours that end with the running one, oldest first.
    pub(crate) fn last_day(&self, now: Timestamp) -> [u64; 24] {
        let first = now.hour() - DAY + 1;
        let mut counts = [0; 24];
        for (hour, count) in &self.0 {
            if let Some(slot) = usize::try_from(hour - first)
                .ok()
                .and_then(|index| counts.get_mut(index))
            {
                *slot += count;
            }
        }
        counts
    }

    /// Reports in the last 24 hours less those in the 24 hours before.
    pub(crate) fn trend(&self, now: Timestamp) -> i64 {
        let (newer, older) = (now.hour() - DAY, now.hour() - 2 * DAY);
        let sum = |after: i64, to: i64| -> i64 {
            let counts = self.0.iter().filter(|(hour, _)| *hour > after && *hour <= to);
            counts
                .map(|(_, count)| i64::try_from(*count).unwrap_or(i64::MAX))
                .fold(0, i64::saturating_add)
        };
        sum(newer, now.hour()).saturating_sub(sum(older, newer))
    }

    /// All counts, oldest first.
    pub(crate) fn counts(&self) -> &[(i64, u64)] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use shared::clock::HOUR_MS;

    use super::*;

    fn hour(number: i64) -> Timestamp {
        Timestamp::from_millis(number * HOUR_MS + 17)
    }

    #[test]
    fn the_last_day_ends_with_the_running_hour() {
        let mut hours = Hours::default();
        hours.add(hour(1_000), 3);
        hours.add(hour(977), 2);
        hours.add(hour(976), 9);

        let day = hours.last_day(hour(1_000));

        assert_eq!((day[0], day[23], day.iter().sum::<u64>()), (2, 3, 5));
    }

    #[test]
    fn the_trend_compares_two_days() {
        let mut hours = Hours::default();
        hours.add(hour(1_000), 10);
        hours.add(hour(976), 4);
        hours.add(hour(952), 100);

        assert_eq!(hours.trend(hour(1_000)), 6);
        assert_eq!(hours.trend(hour(1_024)), -10, "a quiet day after a loud one");
    }

    #[test]
    fn old_hours_are_taken_out_once() {
        let mut hours = Hours::default();
        hours.add(hour(952), 1);
        hours.add(hour(953), 2);

        assert_eq!(hours.take_old(hour(1_000)), [(952, 1)]);
        assert_eq!(hours.take_old(hour(1_000)), []);
        assert_eq!(hours.counts(), [(953, 2)]);
    }

    proptest! {
        #[test]
        fn counts_survive_the_round_trip(adds in prop::collection::vec((0_i64..500_000, 1_u64..1_000_000), 0..60)) {
            let mut hours = Hours::default();
            for (number, count) in &adds {
                hours.add(hour(*number), *count);
            }
            prop_assert_eq!(Hours::unpack(&hours.pack()), hours.clone());
            let total: u64 = hours.counts().iter().map(|(_, count)| count).sum();
            prop_assert_eq!(total, adds.iter().map(|(_, count)| count).sum::<u64>());
        }

        #[test]
        fn foreign_bytes_do_no_harm(bytes: Vec<u8>) {
            Hours::unpack(&bytes).trend(hour(1_000));
        }
    }
}
