//! A point in time as this stack stores and shows it: whole milliseconds, UTC.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// Milliseconds in one hour.
pub const HOUR_MS: i64 = 3_600_000;
/// Milliseconds in one day.
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// How long 1970-01-01T00:00:00Z is ago by the system's clock; nothing when that is set to an earlier time.
///
/// The one place that asks for it. A test can set it for the processes that it starts.
#[must_use]
pub fn since_epoch() -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    #[cfg(any(test, feature = "testing"))]
    let now = crate::testing::clock::shifted(now);
    now
}

/// Milliseconds since 1970-01-01T00:00:00Z. Shown as RFC 3339 with three decimals and `Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, sqlx::Type, utoipa::ToSchema)]
#[sqlx(transparent)]
#[schema(value_type = String, format = DateTime, example = "2026-03-01T12:00:00.000Z")]
pub struct Timestamp(i64);

impl Timestamp {
    /// 9999-12-30T22:00:00.000Z, the last instant that the calendar library can write.
    pub const MAX: Timestamp = Timestamp(253_402_207_200_000);

    /// The system's clock. Domain code takes the time as an argument instead of asking here.
    #[must_use]
    pub fn now() -> Self {
        Self(
            i64::try_from(since_epoch().as_millis())
                .unwrap_or(i64::MAX)
                .min(Self::MAX.0),
        )
    }

    /// From milliseconds since the epoch, cut to what RFC 3339 can write (years 0 to 9999).
    #[must_use]
    pub fn from_millis(millis: i64) -> Self {
        Self(millis.clamp(-62_167_219_200_000, Self::MAX.0))
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub fn millis(self) -> i64 {
        self.0
    }

    /// Later by so many milliseconds (earlier when negative).
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Self {
        Self::from_millis(self.0.saturating_add(millis))
    }

    /// The number of the hour since the epoch, rounded down.
    #[must_use]
    pub fn hour(self) -> i64 {
        self.0.div_euclid(HOUR_MS)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instant = jiff::Timestamp::from_millisecond(self.0).map_err(|_| fmt::Error)?;
        write!(f, "{instant:.3}")
    }
}

/// The text is not an RFC 3339 time.
#[derive(Debug, thiserror::Error)]
#[error("not a time: write it as 2026-03-01T12:00:00Z")]
pub struct NotATime;

impl FromStr for Timestamp {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        let instant: jiff::Timestamp = text.trim().parse().map_err(|_| NotATime)?;
        Ok(Self::from_millis(instant.as_millisecond()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_with_three_decimals_and_z() {
        assert_eq!(Timestamp::from_millis(0).to_string(), "1970-01-01T00:00:00.000Z");
        assert_eq!(
            Timestamp::from_millis(1_772_366_400_120).to_string(),
            "2026-03-01T12:00:00.120Z"
        );
        assert_eq!(Timestamp::MAX.to_string(), "9999-12-30T22:00:00.000Z");
        assert_eq!(Timestamp::from_millis(i64::MAX), Timestamp::MAX);
    }

    #[test]
    fn offsets_and_fractions_are_read() {
        for (text, millis) in [
            ("1970-01-01T01:00:00+01:00", 0),
            ("1970-01-01T00:00:00.5Z", 500),
            ("1970-01-01T00:00:00.123456789Z", 123),
            ("1970-01-01 00:00:01Z", 1000),
        ] {
            assert_eq!(text.parse::<Timestamp>().unwrap().millis(), millis, "{text}");
        }
        assert!("yesterday".parse::<Timestamp>().is_err());
        assert!(
            "2026-03-01T12:00:00".parse::<Timestamp>().is_err(),
            "a time without zone is ambiguous"
        );
    }

    #[test]
    fn every_time_in_range_survives_the_round_trip() {
        for millis in [-62_167_219_200_000, -1, 0, 1, 999, 1_000, 253_402_207_200_000] {
            let time = Timestamp::from_millis(millis);
            assert_eq!(time.to_string().parse::<Timestamp>().unwrap(), time);
        }
    }

    #[test]
    fn hours_round_down_before_the_epoch_too() {
        assert_eq!(Timestamp::from_millis(-1).hour(), -1);
        assert_eq!(Timestamp::from_millis(HOUR_MS).hour(), 1);
    }
}
