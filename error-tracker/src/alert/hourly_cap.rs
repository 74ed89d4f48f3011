//! At most so many mails in any hour, the rest in one digest.
//!
//! The first mails of a storm go out one by one, so that each of them names its error.
//! The last place of the hour is kept for a digest of whatever came after them, sent a
//! minute later; what comes after that waits until a mail is an hour old, and goes out
//! as one digest too. So the person who reads them is told at once, learns within a
//! minute that it is a storm, and never gets more than the cap.

/// The window that the cap counts in.
pub(crate) const HOUR_MS: i64 = 3_600_000;
/// How long a digest gathers before it uses the last place of the hour.
pub(crate) const GATHER_MS: i64 = 60_000;

/// What to do with the alerts that wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Send the oldest one by itself, then ask again.
    Send,
    /// Send all of them as one mail once this time has come.
    DigestAt(i64),
}

/// Alerts that wait to be sent; at least one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waiting {
    pub(crate) count: usize,
    pub(crate) oldest_ms: i64,
}

/// Decides by the times of the mails already sent (`sent_ms`, in any order).
#[must_use]
pub(crate) fn decide(sent_ms: &[i64], max_per_hour: usize, waiting: Waiting, now_ms: i64) -> Turn {
    let max_per_hour = max_per_hour.max(1);
    // A time ahead of the clock (it was set back) counts as now: it must not close the window for longer.
    let mut recent: Vec<i64> = sent_ms
        .iter()
        .map(|at| (*at).min(now_ms))
        .filter(|at| now_ms.saturating_sub(*at) < HOUR_MS)
        .collect();
    recent.sort_unstable();

    let Some(free) = max_per_hour.checked_sub(recent.len()).filter(|free| *free > 0) else {
        // When so many have left the window that one place is free.
        let leaves = recent[recent.len() - max_per_hour];
        return Turn::DigestAt(leaves.saturating_add(HOUR_MS));
    };
    // With a cap of one there is no place to keep.
    let singles = if max_per_hour > 1 { free - 1 } else { free };
    let gathered_ms = waiting.oldest_ms.min(now_ms).saturating_add(GATHER_MS);
    if waiting.count <= singles || (singles > 0 && now_ms < gathered_ms) {
        return Turn::Send;
    }
    Turn::DigestAt(gathered_ms.max(now_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    const NOW: i64 = 100 * HOUR_MS;

    fn fresh(count: usize) -> Waiting {
        Waiting {
            count,
            oldest_ms: NOW,
        }
    }

    #[test]
    fn a_few_alerts_go_out_one_by_one() {
        assert_eq!(decide(&[], 20, fresh(1), NOW), Turn::Send);
        assert_eq!(decide(&[NOW - 1; 18], 20, fresh(1), NOW), Turn::Send);
    }

    #[test]
    fn the_last_place_of_the_hour_is_a_digest_a_minute_later() {
        assert_eq!(
            decide(&[NOW - 1; 19], 20, fresh(1), NOW),
            Turn::DigestAt(NOW + GATHER_MS)
        );

        let gathered = Waiting {
            count: 9,
            oldest_ms: NOW - GATHER_MS,
        };
        assert_eq!(
            decide(&[NOW - GATHER_MS; 19], 20, gathered, NOW),
            Turn::DigestAt(NOW)
        );
    }

    #[test]
    fn a_full_hour_waits_until_a_mail_is_an_hour_old() {
        let sent: Vec<i64> = (1..=20).map(|n| NOW - n).collect();

        assert_eq!(
            decide(&sent, 20, fresh(1), NOW),
            Turn::DigestAt(NOW - 20 + HOUR_MS)
        );
        // The cap was lowered since: two of three must leave first.
        assert_eq!(
            decide(&[NOW - 3, NOW - 2, NOW - 1], 2, fresh(1), NOW),
            Turn::DigestAt(NOW - 2 + HOUR_MS)
        );
    }

    #[test]
    fn what_waited_through_a_full_hour_is_one_digest() {
        let waiting = Waiting {
            count: 300,
            oldest_ms: NOW - HOUR_MS,
        };

        assert_eq!(decide(&[], 20, waiting, NOW), Turn::DigestAt(NOW));
    }

    #[test]
    fn a_cap_of_one_sends_the_first_alert_at_once() {
        assert_eq!(decide(&[], 1, fresh(1), NOW), Turn::Send);
        assert_eq!(
            decide(&[NOW - 5], 1, fresh(1), NOW),
            Turn::DigestAt(NOW - 5 + HOUR_MS)
        );
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_close_the_window_for_longer() {
        let sent = [NOW + 1_000 * HOUR_MS; 20];

        assert_eq!(decide(&sent, 20, fresh(1), NOW), Turn::DigestAt(NOW + HOUR_MS));
    }

    proptest! {
        /// Plays a storm: whatever arrives when, no hour has more mails than the cap, and nothing waits for ever.
        #[test]
        fn no_hour_has_more_mails_than_the_cap(
            gaps_ms in prop::collection::vec(0_i64..HOUR_MS / 4, 1..120),
            max in 1_usize..6,
        ) {
            let mut arrivals: Vec<i64> = gaps_ms.iter().scan(0, |at, gap| { *at += gap; Some(*at) }).collect();
            arrivals.reverse();
            let (mut now, mut sent, mut waiting) = (0_i64, Vec::<i64>::new(), Vec::<i64>::new());

            while !arrivals.is_empty() || !waiting.is_empty() {
                while arrivals.last().is_some_and(|at| *at <= now) {
                    waiting.extend(arrivals.pop());
                }
                let turn = waiting.first().map(|oldest_ms| {
                    decide(&sent, max, Waiting { count: waiting.len(), oldest_ms: *oldest_ms }, now)
                });
                match turn {
                    Some(Turn::Send) => { waiting.remove(0); sent.push(now); }
                    Some(Turn::DigestAt(at)) if at <= now => { waiting.clear(); sent.push(now); }
                    Some(Turn::DigestAt(at)) => now = arrivals.last().map_or(at, |next| at.min(*next)),
                    None => now = *arrivals.last().unwrap(),
                }
            }

            for (index, at) in sent.iter().enumerate() {
                let within = sent[index..].iter().filter(|other| **other - at < HOUR_MS).count();
                prop_assert!(within <= max, "{within} mails in the hour from {at}");
            }
        }
    }
}
