//! Times as browsers tell them, and how far their clocks are believed.

use shared::clock::Timestamp;

/// A clock further ahead of ours than this is not believed.
pub(crate) const MOST_AHEAD_MS: i64 = 60_000;

/// RFC 3339, or milliseconds since the epoch.
pub(crate) fn read_time(text: &str) -> Option<Timestamp> {
    if let Ok(time) = text.parse() {
        return Some(time);
    }
    let millis: f64 = text.parse().ok().filter(|number: &f64| number.is_finite())?;
    Some(Timestamp::from_millis(millis as i64))
}
