//! The stretch of time that a query names, and how finely it is told.

use serde::Deserialize;
use shared::clock::{DAY_MS, Timestamp};
use shared::http::Problem;

use crate::bucket::{Floors, MINUTES_PER_HOUR, Resolution};
use crate::period::{self, LONGEST_MS};
use crate::query::Range;

/// Up to so long a range is told by minutes unless asked otherwise.
const BY_MINUTE_MS: i64 = DAY_MS;
const DEFAULT_PERIOD: &str = "24h";

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Fineness {
    Minute,
    Hour,
    /// Minutes up to 24 hours that are still kept, else hours.
    #[default]
    Auto,
}

/// What is asked for, from when to when.
#[derive(Debug)]
pub(super) struct Asked {
    /// As it was written; `None` for a range with ends.
    pub(super) period: Option<String>,
    pub(super) since: Timestamp,
    pub(super) until: Timestamp,
    /// All buckets that have a part in it.
    pub(super) range: Range,
}

/// Reads a period that ends now, or a range with ends.
pub(super) fn read(
    period: Option<&str>,
    since: Option<&str>,
    until: Option<&str>,
    fineness: Fineness,
    floors: Floors,
    now: Timestamp,
) -> Result<Asked, Problem> {
    let bad = |name: &str, why: &str| Problem::bad_request(format!("{name}: {why}"));
    if period.is_some() && (since.is_some() || until.is_some()) {
        return Err(bad("period", "give either a period, or since and until"));
    }
    let moment = |name: &str, text: &str| period::parse_moment(text, now).map_err(|why| bad(name, why));
    let until_at = until.map_or(Ok(now), |text| moment("until", text))?;
    let (since_at, period) = match since {
        Some(text) => (moment("since", text)?, None),
        None => {
            let text = period.unwrap_or(DEFAULT_PERIOD);
            let millis = period::parse(text).map_err(|why| bad("period", why))?;
            (
                until_at.plus_millis(-millis),
                until.is_none().then(|| text.to_owned()),
            )
        }
    };
    let length = until_at.millis() - since_at.millis();
    if length <= 0 {
        return Err(bad("since", "must be before until"));
    }
    if length > LONGEST_MS {
        return Err(bad("since", "a range may be 400 days long"));
    }
    let has_minutes = Resolution::Minute.bucket(since_at) >= floors.minutes * MINUTES_PER_HOUR;
    let resolution = match fineness {
        Fineness::Minute => Resolution::Minute,
        Fineness::Hour => Resolution::Hour,
        Fineness::Auto if length <= BY_MINUTE_MS && has_minutes => Resolution::Minute,
        Fineness::Auto => Resolution::Hour,
    };
    Ok(Asked {
        period,
        since: since_at,
        until: until_at,
        range: Range::around(resolution, since_at, until_at),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(
        period: Option<&str>,
        since: Option<&str>,
        until: Option<&str>,
        fineness: Fineness,
    ) -> Result<Asked, String> {
        let now: Timestamp = "2026-03-01T12:30:30Z".parse().unwrap();
        let day = DAY_MS;
        let floors = Floors::at(now, 3_600_000, day, 30 * day);
        read(period, since, until, fineness, floors, now).map_err(|problem| problem.detail().to_owned())
    }

    #[test]
    fn a_range_has_all_buckets_that_it_touches() {
        for (period, since, until, fineness, from, to) in [
            (
                None,
                None,
                None,
                Fineness::Auto,
                "2026-02-28T12:30:00.000Z",
                "2026-03-01T12:31:00.000Z",
            ),
            (
                Some("90s"),
                None,
                None,
                Fineness::Auto,
                "2026-03-01T12:29:00.000Z",
                "2026-03-01T12:31:00.000Z",
            ),
            (
                Some("25h"),
                None,
                None,
                Fineness::Auto,
                "2026-02-28T11:00:00.000Z",
                "2026-03-01T13:00:00.000Z",
            ),
            (
                Some("1h"),
                None,
                None,
                Fineness::Hour,
                "2026-03-01T11:00:00.000Z",
                "2026-03-01T13:00:00.000Z",
            ),
            (
                None,
                Some("-2h"),
                Some("-1h"),
                Fineness::Minute,
                "2026-03-01T10:30:00.000Z",
                "2026-03-01T11:31:00.000Z",
            ),
            // Minutes of that time are no longer kept.
            (
                None,
                Some("2026-02-20T10:10:00Z"),
                Some("2026-02-20T10:20:00Z"),
                Fineness::Auto,
                "2026-02-20T10:00:00.000Z",
                "2026-02-20T11:00:00.000Z",
            ),
            (
                None,
                None,
                Some("2026-03-01T12:00:00Z"),
                Fineness::Minute,
                "2026-02-28T12:00:00.000Z",
                "2026-03-01T12:00:00.000Z",
            ),
        ] {
            let asked = asked(period, since, until, fineness).unwrap();
            let range = asked.range;
            assert_eq!(
                (
                    range.since().to_string().as_str(),
                    range.until().to_string().as_str()
                ),
                (from, to)
            );
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (period, since, until, expected) in [
            (Some("1x"), None, None, "period: must be a length"),
            (Some("1h"), Some("-2h"), None, "period: give either"),
            (None, Some("soon"), None, "since: not a time"),
            (None, Some("-1h"), Some("soon"), "until: not a time"),
            (None, Some("-1h"), Some("-2h"), "since: must be before until"),
            (
                None,
                Some("2020-01-01T00:00:00Z"),
                None,
                "since: a range may be 400 days long",
            ),
        ] {
            let error = asked(period, since, until, Fineness::Auto).expect_err(expected);
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
