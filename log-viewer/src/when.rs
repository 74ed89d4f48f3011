//! Reads the moments that people and scripts name in queries.

use crate::nanos::Nanos;

const PER_SECOND: i64 = 1_000_000_000;
const PER_MILLI: i64 = 1_000_000;

/// From this many digits on a bare number counts milliseconds; in seconds it would be the year 5138.
const MILLIS_DIGITS: usize = 12;

/// Reads RFC 3339, `now`, `-15m` (also `s`, `h`, `d`, `w`), or a number of seconds or milliseconds since the epoch.
pub(crate) fn parse(text: &str, now: Nanos) -> Option<Nanos> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("now") {
        return Some(now);
    }
    if let Some(ago) = text.strip_prefix('-') {
        return before(ago, now);
    }
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let unit = if text.len() < MILLIS_DIGITS {
            PER_SECOND
        } else {
            PER_MILLI
        };
        return text.parse::<i64>().ok()?.checked_mul(unit).map(Nanos);
    }
    Nanos::parse(text).or_else(|| Nanos::parse(&with_plus(text)?))
}

fn before(ago: &str, now: Nanos) -> Option<Nanos> {
    let unit = ago.chars().next_back()?;
    let number = &ago[..ago.len() - unit.len_utf8()];
    let seconds = match unit.to_ascii_lowercase() {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 7 * 86_400,
        _ => return None,
    };
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let nanos = number.parse::<i64>().ok()?.checked_mul(seconds * PER_SECOND)?;
    now.0.checked_sub(nanos).map(Nanos)
}

/// A `+` that someone did not escape in a URL arrives as a blank: `2026-03-01T12:00:00 02:00`.
fn with_plus(text: &str) -> Option<String> {
    let (moment, offset) = text.rsplit_once(' ')?;
    (moment.len() >= 19).then(|| format!("{moment}+{offset}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Nanos = Nanos(1_772_366_400_000_000_000);

    #[test]
    fn every_way_to_name_a_moment_is_read() {
        for (text, nanos) in [
            ("now", NOW.0),
            ("-0s", NOW.0),
            ("-30s", NOW.0 - 30 * PER_SECOND),
            ("-15m", NOW.0 - 900 * PER_SECOND),
            ("-2H", NOW.0 - 7_200 * PER_SECOND),
            ("-7d", NOW.0 - 604_800 * PER_SECOND),
            (" -1w ", NOW.0 - 604_800 * PER_SECOND),
            ("1772366400", NOW.0),
            ("1772366400123", NOW.0 + 123 * PER_MILLI),
            ("2026-03-01T12:00:00Z", NOW.0),
            ("2026-03-01T12:00:00.000000001Z", NOW.0 + 1),
            ("2026-03-01T14:00:00+02:00", NOW.0),
            ("2026-03-01T14:00:00 02:00", NOW.0),
            ("2026-03-01T08:30:00-03:30", NOW.0),
        ] {
            assert_eq!(parse(text, NOW), Some(Nanos(nanos)), "{text}");
        }
    }

    #[test]
    fn what_names_no_moment_is_refused() {
        for text in [
            "",
            "-",
            "-m",
            "-15",
            "-15é",
            "--15m",
            "-+15m",
            "15m",
            "yesterday",
            "2026-13-01T00:00:00Z",
            "99999999999999999999",
            "-9999999999999999w",
            "-99999999999d",
        ] {
            assert_eq!(parse(text, NOW), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in any::<String>(), like in "-?[0-9]{0,20}[smhdwT: +Zé]{0,6}") {
            parse(&text, NOW);
            parse(&like, NOW);
        }
    }
}
