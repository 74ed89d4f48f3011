//! Reads the lengths and moments of time that people and scripts name in queries.

use shared::clock::{DAY_MS, Timestamp};

/// The longest period that can be asked for.
pub(crate) const LONGEST_MS: i64 = 400 * DAY_MS;
const SHORTEST_MS: i64 = 1_000;

/// Reads `90s`, `15m`, `24h`, `30d`, `2w`, in milliseconds; a bare number counts seconds.
pub(crate) fn parse(text: &str) -> Result<i64, &'static str> {
    const WRONG: &str = "must be a length of time such as 90s, 15m, 24h or 30d";
    let text = text.trim();
    let digits = text.trim_end_matches(|unit: char| unit.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => DAY_MS,
        "w" => 7 * DAY_MS,
        _ => return Err(WRONG),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(WRONG);
    }
    let millis = digits
        .parse::<i64>()
        .ok()
        .and_then(|number| number.checked_mul(unit));
    match millis {
        Some(millis) if millis < SHORTEST_MS => Err("must be at least 1s"),
        Some(millis) if millis <= LONGEST_MS => Ok(millis),
        _ => Err("must be at most 400d"),
    }
}

/// Reads RFC 3339, `now`, a while ago such as `-15m`, or milliseconds since the epoch.
pub(crate) fn parse_moment(text: &str, now: Timestamp) -> Result<Timestamp, &'static str> {
    const WRONG: &str = "not a time: write it as 2026-03-01T12:00:00Z or -15m";
    let text = text.trim();
    if text.eq_ignore_ascii_case("now") {
        return Ok(now);
    }
    if let Some(ago) = text.strip_prefix('-') {
        return parse(ago)
            .map(|millis| now.plus_millis(-millis))
            .map_err(|_| WRONG);
    }
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().map(Timestamp::from_millis).map_err(|_| WRONG);
    }
    // A `+` that someone did not escape in a URL arrives as a blank: `2026-03-01T12:00:00 02:00`.
    let with_plus = text
        .rsplit_once(' ')
        .filter(|(moment, _)| moment.len() >= 19)
        .map(|(moment, offset)| format!("{moment}+{offset}"));
    text.parse()
        .or_else(|error| with_plus.ok_or(error)?.parse())
        .map_err(|_| WRONG)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lengths_are_read_with_their_units() {
        for (text, millis) in [
            ("90s", 90_000),
            ("90", 90_000),
            ("15m", 900_000),
            (" 24h ", DAY_MS),
            ("30d", 30 * DAY_MS),
            ("2w", 14 * DAY_MS),
            ("400d", LONGEST_MS),
        ] {
            assert_eq!(parse(text), Ok(millis), "{text}");
        }
        for text in [
            "",
            "h",
            "0s",
            "-1h",
            "1.5h",
            "1y",
            "401d",
            "99999999999999999999s",
            "٣h",
            "1 h",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn moments_are_read_in_every_form() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("now", "2026-03-01T12:00:00.000Z"),
            ("-15m", "2026-03-01T11:45:00.000Z"),
            ("2026-03-01T14:00:00+02:00", "2026-03-01T12:00:00.000Z"),
            ("2026-03-01T14:00:00 02:00", "2026-03-01T12:00:00.000Z"),
            ("1772366400000", "2026-03-01T12:00:00.000Z"),
        ] {
            assert_eq!(
                parse_moment(text, now).map(|at| at.to_string()),
                Ok(expected.into()),
                "{text}"
            );
        }
        assert!(parse_moment("yesterday", now).is_err() && parse_moment("-x", now).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in any::<String>(), like in "-?[0-9]{0,20}[smhdwT: +Zé]{0,6}") {
            let now = Timestamp::from_millis(0);
            let _ = (parse(&text), parse_moment(&text, now), parse(&like), parse_moment(&like, now));
        }
    }
}
