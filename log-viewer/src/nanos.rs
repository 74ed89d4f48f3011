//! A moment as Docker writes it: nanoseconds, UTC.

use std::fmt;

const PER_SECOND: i64 = 1_000_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// Nanoseconds since the Unix epoch. Reaches from 1677 to 2262.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Nanos(pub(crate) i64);

impl Nanos {
    /// The wall clock. One that is set outside our years counts as their end.
    pub(crate) fn now() -> Self {
        Self(i64::try_from(shared::clock::since_epoch().as_nanos()).unwrap_or(i64::MAX))
    }

    /// Reads RFC 3339 with at most nine digits of fraction.
    ///
    /// Written by hand because each record has one: a general parser costs more than all the rest of the record.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let (date, rest) = bytes.split_at_checked(19)?;
        let separators = [date[4], date[7], date[10], date[13], date[16]];
        if !matches!(separators, [b'-', b'-', b'T' | b't' | b' ', b':', b':']) {
            return None;
        }
        let year = number(&date[..4])?;
        let month = number(&date[5..7])?;
        let day = number(&date[8..10])?;
        let hour = number(&date[11..13])?;
        let minute = number(&date[14..16])?;
        let second = number(&date[17..])?;
        let in_range = (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day)
            && hour < 24
            && minute < 60
            && second <= 60;
        if !in_range {
            return None;
        }
        let (fraction, zone) = cut_fraction(rest)?;
        let offset_minutes = offset_minutes(zone)?;
        // Unix time has no leap seconds.
        let second = second.min(59);
        let seconds = days_from_civil(year, month, day) * SECONDS_PER_DAY
            + (hour * 60 + minute - offset_minutes) * 60
            + second;
        // In 128 bits: the earliest second begins before the earliest nanosecond.
        let nanos = i128::from(seconds) * i128::from(PER_SECOND) + i128::from(fraction);
        i64::try_from(nanos).ok().map(Self)
    }
}

/// RFC 3339 with nine digits of fraction, so that the texts sort like the times.
impl fmt::Display for Nanos {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.div_euclid(PER_SECOND);
        let (year, month, day) = civil_from_days(seconds.div_euclid(SECONDS_PER_DAY));
        let time = seconds.rem_euclid(SECONDS_PER_DAY);
        write!(
            out,
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:09}Z",
            time / 3600,
            time / 60 % 60,
            time % 60,
            self.0.rem_euclid(PER_SECOND)
        )
    }
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0_i64, |number, digit| {
        digit
            .is_ascii_digit()
            .then(|| number * 10 + i64::from(digit - b'0'))
    })
}

/// Takes `.123` off the front, as nanoseconds. Docker leaves trailing zeros out, or the whole of it.
fn cut_fraction(rest: &[u8]) -> Option<(i64, &[u8])> {
    let Some(digits) = rest.strip_prefix(b".") else {
        return Some((0, rest));
    };
    let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !(1..=9).contains(&length) {
        return None;
    }
    let (digits, zone) = digits.split_at(length);
    let scale = 10_i64.pow(9 - u32::try_from(length).ok()?);
    Some((number(digits)? * scale, zone))
}

fn offset_minutes(zone: &[u8]) -> Option<i64> {
    match zone {
        b"Z" | b"z" => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (number(&[*h1, *h2])?, number(&[*m1, *m2])?);
            if hours >= 24 || minutes >= 60 {
                return None;
            }
            let offset = hours * 60 + minutes;
            Some(if *sign == b'-' { -offset } else { offset })
        }
        _ => None,
    }
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970-01-01. Counts in years that begin in March, so that the leap day is a year's last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The other way round.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
impl Nanos {
    pub(crate) fn from_millis(millis: i64) -> Self {
        Self(millis * 1_000_000)
    }

    pub(crate) fn millis(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_form_of_a_time_is_read() {
        for (text, nanos) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01T00:00:00.5Z", 500_000_000),
            ("1970-01-01T00:00:00.000000001Z", 1),
            ("1969-12-31T23:59:59.999999999Z", -1),
            ("1970-01-01t01:00:00+01:00", 0),
            ("1969-12-31 18:30:00.25-05:30", 250_000_000),
            ("2024-02-29T12:00:00Z", 1_709_208_000_000_000_000),
            ("2016-12-31T23:59:60Z", 1_483_228_799_000_000_000),
            ("1677-09-21T00:12:43.145224192Z", i64::MIN),
            ("2262-04-11T23:47:16.854775807Z", i64::MAX),
        ] {
            assert_eq!(Nanos::parse(text), Some(Nanos(nanos)), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "2024-01-01",
            "2024-01-01T00:00:00",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00:00.1234567890Z",
            "2024-01-01T00:00:00Z ",
            "2024-01-01T00:00:00+0100",
            "2024-01-01T00:00:00+24:00",
            "2023-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2024-13-01T00:00:00Z",
            "2024-00-01T00:00:00Z",
            "2024-01-00T00:00:00Z",
            "2024-01-01T24:00:00Z",
            "2024-01-01T00:60:00Z",
            "2024-01-01T00:00:61Z",
            "+024-01-01T00:00:00Z",
            "2262-04-11T23:47:16.854775808Z",
            "1677-09-21T00:12:43.145224191Z",
            "0000-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
            "２024-01-01T00:00:00Z",
        ] {
            assert_eq!(Nanos::parse(text), None, "{text}");
        }
    }

    #[test]
    fn milliseconds_round_down() {}

    proptest! {
        #[test]
        fn times_survive_the_round_trip(nanos: i64) {
            prop_assert_eq!(Nanos::parse(&Nanos(nanos).to_string()), Some(Nanos(nanos)));
        }

        #[test]
        fn an_independent_reader_agrees(nanos: i64, precision in 0..=9_u8) {
            let instant = jiff::Timestamp::from_nanosecond(i128::from(nanos)).expect("all our times fit");
            let text = format!("{instant:.*}", usize::from(precision));
            let expected: jiff::Timestamp = text.parse().expect("its own text");
            prop_assert_eq!(
                Nanos::parse(&text).map(|nanos| i128::from(nanos.0)),
                i64::try_from(expected.as_nanosecond()).ok().map(i128::from)
            );
            prop_assert_eq!(Nanos(nanos).to_string(), format!("{instant:.9}"));
        }

        #[test]
        fn nothing_makes_it_panic(text in "\\PC{0,40}", shaped in "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{0,20}[Z+-]?[0-9:]{0,5}") {
            let _ = Nanos::parse(&text);
            let ours = Nanos::parse(&shaped);
            if let (Some(ours), Ok(theirs)) = (ours, shaped.parse::<jiff::Timestamp>()) {
                prop_assert_eq!(i128::from(ours.0), theirs.as_nanosecond());
            }
        }
    }
}
