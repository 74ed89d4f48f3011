//! When a message that could not be sent is tried again, and when it is given up.

/// Wait after the first failure.
const FIRST_MS: i64 = 5_000;
/// Longest wait.
const LONGEST_MS: i64 = 3_600_000;
/// Share of the wait that chance decides, so that many waiting messages do not come at once.
const JITTER: f64 = 0.2;

/// A message is tried for a day: a mail server that is down over night loses nothing,
/// and what is older than that helps nobody. With the waits above that is about 33 tries.
pub(crate) const GIVE_UP_AFTER_MS: i64 = 24 * 3_600_000;

/// The wait after `attempt` failures (the first is 1): 5 s, doubled each time, at most an hour.
///
/// `jitter` is a random number from 0 to 1; it shortens the wait by up to a fifth.
#[must_use]
pub(crate) fn retry_in_ms(attempt: u32, jitter: f64) -> i64 {
    // Beyond 16 doublings the cap holds anyway, and the shift cannot overflow.
    let doubled = FIRST_MS << attempt.saturating_sub(1).min(16);
    let wait_ms = doubled.min(LONGEST_MS);
    let jitter = if jitter.is_finite() {
        jitter.clamp(0.0, 1.0)
    } else {
        0.0
    };
    let shortened = (wait_ms as f64 * (1.0 - JITTER * jitter)) as i64;
    shortened.max(FIRST_MS)
}

/// The time of the next try, or nothing when the message is given up.
///
/// A wait that the other side asked for is kept when it is longer than ours, up to an hour.
#[must_use]
pub(crate) fn next_try_ms(
    queued_ms: i64,
    now_ms: i64,
    attempt: u32,
    asked_ms: Option<i64>,
    jitter: f64,
) -> Option<i64> {
    let asked_ms = asked_ms.unwrap_or(0).min(LONGEST_MS);
    let next_ms = now_ms.saturating_add(retry_in_ms(attempt, jitter).max(asked_ms));
    (next_ms <= queued_ms.saturating_add(GIVE_UP_AFTER_MS)).then_some(next_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    #[test]
    fn the_wait_doubles_from_five_seconds_to_an_hour() {
        let waits: Vec<i64> = (1..=12)
            .map(|attempt| retry_in_ms(attempt, 0.0) / 1_000)
            .collect();

        assert_eq!(
            waits,
            [5, 10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 3_600, 3_600]
        );
    }

    #[test]
    fn a_message_is_given_up_after_a_day() {
        let (mut now_ms, mut tries) = (0, 1);
        while let Some(next_ms) = next_try_ms(0, now_ms, tries, None, 0.0) {
            now_ms = next_ms;
            tries += 1;
        }

        assert!(now_ms > GIVE_UP_AFTER_MS - 2 * LONGEST_MS && now_ms <= GIVE_UP_AFTER_MS);
        assert_eq!(tries, 33);
    }

    #[test]
    fn a_longer_wait_that_was_asked_for_is_kept_within_reason() {
        assert_eq!(next_try_ms(0, 0, 1, Some(60_000), 0.0), Some(60_000));
        assert_eq!(next_try_ms(0, 0, 1, Some(1), 0.0), Some(5_000));
        assert_eq!(next_try_ms(0, 0, 1, Some(i64::MAX), 0.0), Some(3_600_000));
    }

    proptest! {
        #[test]
        fn the_wait_stays_within_its_limits(attempt in any::<u32>(), jitter in any::<f64>()) {
            let wait_ms = retry_in_ms(attempt, jitter);

            prop_assert!((FIRST_MS..=LONGEST_MS).contains(&wait_ms));
            prop_assert!(retry_in_ms(attempt.saturating_add(1), jitter) >= wait_ms);
        }
    }
}
