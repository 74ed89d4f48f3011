//! Stretches of time: minutes and hours, by their number since the epoch, in UTC.

use serde::{Deserialize, Serialize};
use shared::clock::Timestamp;

/// How long a bucket is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Resolution {
    Minute,
    Hour,
}

impl Resolution {
    pub(crate) fn millis(self) -> i64 {
        match self {
            Self::Minute => 60_000,
            Self::Hour => 3_600_000,
        }
    }

    /// The bucket in which a time lies; the first one for what lies before the epoch.
    pub(crate) fn bucket(self, at: Timestamp) -> i64 {
        at.millis().div_euclid(self.millis()).max(0)
    }

    /// The first bucket that begins then or later.
    pub(crate) fn bucket_after(self, at: Timestamp) -> i64 {
        self.bucket(at.plus_millis(self.millis() - 1))
    }

    /// When a bucket begins.
    pub(crate) fn start(self, bucket: i64) -> Timestamp {
        Timestamp::from_millis(bucket.saturating_mul(self.millis()))
    }
}

pub(crate) const MINUTES_PER_HOUR: i64 = 60;

/// The hour in which a minute lies.
pub(crate) fn hour_of(minute: i64) -> i64 {
    minute.div_euclid(MINUTES_PER_HOUR)
}

/// From which bucket on a tier is complete: what is older has been dropped from it.
///
/// Floors only rise, even when the clock is set back. A minute is in the raw tier as a whole or not at all, and so is an
/// hour in the tier of minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Floors {
    /// The first minute whose points are kept.
    pub(crate) raw: i64,
    /// The first hour whose minutes are kept.
    pub(crate) minutes: i64,
    /// The first hour that is kept.
    pub(crate) hours: i64,
}

/// Where the place of a point is, by its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tier {
    /// The point itself is kept.
    Raw,
    /// It is added to its minute.
    Minute,
    /// It is added to its hour.
    Hour,
    /// It is too old to be kept.
    Gone,
}

impl Floors {
    /// Where they should be, from how long each tier is kept, in milliseconds.
    pub(crate) fn at(now: Timestamp, raw_ms: i64, minutes_ms: i64, hours_ms: i64) -> Self {
        let (minute, hour) = (Resolution::Minute, Resolution::Hour);
        let minutes = hour.bucket(now.plus_millis(-minutes_ms));
        Self {
            // Never below: a minute that is not kept cannot be made anew.
            raw: minute
                .bucket(now.plus_millis(-raw_ms))
                .max(minutes * MINUTES_PER_HOUR),
            minutes,
            hours: hour.bucket(now.plus_millis(-hours_ms)).min(minutes),
        }
    }

    /// The higher of both, tier by tier.
    pub(crate) fn raised(self, other: Self) -> Self {
        Self {
            raw: self.raw.max(other.raw),
            minutes: self.minutes.max(other.minutes),
            hours: self.hours.max(other.hours),
        }
    }

    pub(crate) fn tier(self, minute: i64) -> Tier {
        let hour = hour_of(minute);
        if minute >= self.raw {
            Tier::Raw
        } else if hour >= self.minutes {
            Tier::Minute
        } else if hour >= self.hours {
            Tier::Hour
        } else {
            Tier::Gone
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn boundaries_are_those_of_utc() {
        for (time, minute, hour) in [
            (
                "2026-03-01T10:00:00.000Z",
                "2026-03-01T10:00:00.000Z",
                "2026-03-01T10:00:00.000Z",
            ),
            (
                "2026-03-01T10:00:00.999Z",
                "2026-03-01T10:00:00.000Z",
                "2026-03-01T10:00:00.000Z",
            ),
            (
                "2026-03-01T10:59:59.999Z",
                "2026-03-01T10:59:00.000Z",
                "2026-03-01T10:00:00.000Z",
            ),
            (
                "2026-02-28T23:59:59.999Z",
                "2026-02-28T23:59:00.000Z",
                "2026-02-28T23:00:00.000Z",
            ),
            (
                "2100-01-01T00:00:00.000Z",
                "2100-01-01T00:00:00.000Z",
                "2100-01-01T00:00:00.000Z",
            ),
            (
                "1970-01-01T00:00:59.000Z",
                "1970-01-01T00:00:00.000Z",
                "1970-01-01T00:00:00.000Z",
            ),
            (
                "1969-12-31T23:59:59.000Z",
                "1970-01-01T00:00:00.000Z",
                "1970-01-01T00:00:00.000Z",
            ),
        ] {
            for (resolution, start) in [(Resolution::Minute, minute), (Resolution::Hour, hour)] {
                assert_eq!(resolution.start(resolution.bucket(at(time))).to_string(), start);
            }
        }
        let resolution = Resolution::Minute;
        assert_eq!(
            resolution.bucket_after(at("2026-03-01T10:00:00.000Z")),
            resolution.bucket(at("2026-03-01T10:00:00.000Z"))
        );
        assert_eq!(
            resolution.bucket_after(at("2026-03-01T10:00:00.001Z")),
            resolution.bucket(at("2026-03-01T10:01:00.000Z"))
        );
    }

    #[test]
    fn a_point_goes_to_the_finest_tier_that_is_kept() {
        let floors = Floors::at(
            at("2026-03-01T10:20:30.000Z"),
            3_600_000,
            86_400_000,
            30 * 86_400_000,
        );
        for (time, tier) in [
            ("2026-03-01T10:20:30.000Z", Tier::Raw),
            ("2026-03-01T09:20:00.000Z", Tier::Raw),
            ("2026-03-01T09:19:59.999Z", Tier::Minute),
            ("2026-02-28T10:00:00.000Z", Tier::Minute),
            ("2026-02-28T09:59:59.999Z", Tier::Hour),
            ("2026-01-30T10:00:00.000Z", Tier::Hour),
            ("2026-01-30T09:59:59.999Z", Tier::Gone),
        ] {
            assert_eq!(floors.tier(Resolution::Minute.bucket(at(time))), tier, "{time}");
        }
    }

    #[test]
    fn floors_do_not_sink() {
        let (day, hour) = (86_400_000, 3_600_000);
        let floors = Floors::at(at("2026-03-01T10:20:30.000Z"), hour, day, 30 * day);
        let earlier = Floors::at(at("2026-02-01T10:20:30.000Z"), hour, day, 30 * day);

        assert_eq!(floors.raised(earlier), floors);
        assert_eq!(earlier.raised(floors), floors);
        // Long raw retention with short minutes: no minute is kept that its hour is not.
        let odd = Floors::at(at("2026-03-01T10:20:30.000Z"), 5 * hour, hour, hour);
        assert_eq!((odd.raw, odd.minutes), (odd.minutes * 60, odd.hours));
    }
}
