//! What a run comes to: a column for each service, and everything that is not as it must be.

use std::collections::BTreeMap;

use super::SETTLED_MINUTES;
use super::part::Part;
use super::samples::{Course, MEGABYTE};
use super::stack::NAMES;
use super::traffic::Tally;
use crate::cgroup::Usage;
use crate::table::aligned;

/// What the rates count.
const UNITS: [&str; 4] = ["reports/s", "lines/s", "batches/s", "requests/s"];
/// Growth that would add more in half an hour is a fault.
const MOST_GROWTH_BYTES: f64 = 1e6;
const GROWTH_MINUTES: f64 = 30.0;
/// In a run that is shorter, a slope says nothing.
const SHORTEST_JUDGED_MINUTES: f64 = 2.0 * SETTLED_MINUTES;
/// So much of the offered load must have been done.
const LEAST_DONE: f64 = 0.98;

/// What is known of a service at its end.
#[derive(Clone, Copy)]
pub(super) struct End {
    pub(super) peak_bytes: f64,
    pub(super) usage: Usage,
    /// Of the group when the run itself began.
    pub(super) at_limit_before: u64,
}

pub(super) struct Verdict<'a> {
    pub(super) minutes: f64,
    pub(super) capacity: [f64; 4],
    pub(super) offered: [f64; 4],
    pub(super) part: &'a Part,
    pub(super) ends: [End; 4],
}

impl Verdict<'_> {
    /// A Markdown table, and a line for what was refused as it was meant to be.
    pub(super) fn table(&self) -> String {
        let rate = |rates: &[f64; 4], service: usize| format!("{:.0} {}", rates[service], UNITS[service]);
        let megabytes = |bytes: f64| format!("{:.1} MB", bytes / MEGABYTE);
        let course =
            |service, value: fn(Course) -> String| self.course(service).map_or_else(|| "-".to_owned(), value);
        let done = self.part.rates();
        let clients = &self.part.clients;
        let rows: Vec<(String, [String; 4])> = vec![
            (
                "capacity, all four at once".into(),
                each(|n| rate(&self.capacity, n)),
            ),
            ("offered".into(), each(|n| rate(&self.offered, n))),
            ("done".into(), each(|n| rate(&done, n))),
            (
                "  answered within, p99".into(),
                each(|n| self.part.sender(n).map_or_else(|| "-".into(), p99)),
            ),
            (
                "  other answers".into(),
                each(|n| self.part.sender(n).map_or_else(|| "-".into(), others)),
            ),
            (
                "asked by pages".into(),
                each(|n| format!("{:.1} requests/s", clients.0[n].per_second())),
            ),
            ("  answered within, p99".into(), each(|n| p99(&clients.0[n]))),
            ("  other answers".into(), each(|n| others(&clients.0[n]))),
            (
                "resident memory, start".into(),
                each(|n| course(n, |course| format!("{:.1} MB", course.start_bytes / MEGABYTE))),
            ),
            (
                format!("  minute {:.0}", self.settled_minutes()),
                each(|n| course(n, |course| format!("{:.1} MB", course.settled_bytes / MEGABYTE))),
            ),
            (
                "  end".into(),
                each(|n| course(n, |course| format!("{:.1} MB", course.end_bytes / MEGABYTE))),
            ),
            ("  highest".into(), each(|n| megabytes(self.ends[n].peak_bytes))),
            (
                "without pages of files, highest".into(),
                each(|n| {
                    course(n, |course| {
                        format!("{:.1} MB", course.highest_anonymous_bytes / MEGABYTE)
                    })
                }),
            ),
            (
                format!(
                    "  growth of each minute's lowest, from minute {:.0} on",
                    self.settled_minutes()
                ),
                each(|n| {
                    course(n, |course| {
                        format!("{:+.1} KB a minute", course.growth_bytes_per_minute / 1e3)
                    })
                }),
            ),
            (
                "group's peak, files and sockets included".into(),
                each(|n| {
                    let peak = self.ends[n].usage.peak_bytes;
                    peak.map_or_else(|| "-".into(), |bytes| megabytes(bytes as f64))
                }),
            ),
            (
                "  times at the limit".into(),
                each(|n| (self.ends[n].usage.at_limit - self.ends[n].at_limit_before).to_string()),
            ),
            ("kills".into(), each(|n| self.ends[n].usage.kills.to_string())),
        ];
        let head = ["".to_owned()].into_iter().chain(NAMES.map(str::to_owned));
        let rows = rows
            .into_iter()
            .map(|(name, cells)| [name].into_iter().chain(cells).collect());
        let rows: Vec<Vec<String>> = std::iter::once(head.collect()).chain(rows).collect();
        let live = &clients.1;
        format!(
            "{}\nStrangers were refused {} times ({}). Live views got {} lines, were told of {} that they read too \
             slowly for, and were closed {} times after their half hour.\n",
            aligned(&rows, |column| column == 0),
            self.part.strangers.statuses.values().sum::<u64>(),
            counts(&self.part.strangers.statuses),
            live.events,
            live.dropped,
            live.closed,
        )
    }

    fn settled_minutes(&self) -> f64 {
        SETTLED_MINUTES.min(self.minutes / 2.0)
    }

    fn course(&self, service: usize) -> Option<Course> {
        Course::of(&self.part.samples, service, self.settled_minutes())
    }

    /// What the load itself shows to be wrong.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let done = self.part.rates();
        for (service, name) in NAMES.into_iter().enumerate() {
            let end = &self.ends[service];
            if end.usage.kills > 0 {
                faults.push(format!("{name}: {} processes were killed", end.usage.kills));
            }
            if done[service] < LEAST_DONE * self.offered[service] {
                faults.push(format!(
                    "{name}: {:.0} {} were done of {:.0}",
                    done[service], UNITS[service], self.offered[service]
                ));
            }
            let tallies = self.part.sender(service).into_iter().map(|tally| ("", tally));
            for (who, tally) in tallies.chain([("pages: ", &self.part.clients.0[service])]) {
                let failed: BTreeMap<u16, u64> = tally
                    .statuses
                    .iter()
                    .filter(|(status, _)| !matches!(**status, 200..300 | 429 | 503))
                    .map(|(status, count)| (*status, *count))
                    .collect();
                if !failed.is_empty() {
                    faults.push(format!("{name}: {who}answers {}", counts(&failed)));
                }
                if tally.unanswered > 0 {
                    faults.push(format!(
                        "{name}: {who}{} requests got no answer",
                        tally.unanswered
                    ));
                }
            }
            let growth = self
                .course(service)
                .map_or(0.0, |course| course.growth_bytes_per_minute);
            if judges_growth(self.minutes) && growth * GROWTH_MINUTES > MOST_GROWTH_BYTES {
                faults.push(format!("{name}: memory grows by {:.0} KB a minute", growth / 1e3));
            }
        }
        let strangers = &self.part.strangers;
        if strangers
            .statuses
            .keys()
            .any(|status| !matches!(status, 401 | 403 | 429))
            || strangers.unanswered > 0
        {
            faults.push(format!(
                "browser-relay: strangers were answered {}, and {} times not at all",
                counts(&strangers.statuses),
                strangers.unanswered
            ));
        }
        if self.part.clients.1.broken > 0 {
            faults.push(format!(
                "log-viewer: {} live views broke",
                self.part.clients.1.broken
            ));
        }
        faults
    }
}

/// Whether a run of so many minutes is long enough for it.
pub(super) fn judges_growth(minutes: f64) -> bool {
    minutes >= SHORTEST_JUDGED_MINUTES
}

fn each(cell: impl Fn(usize) -> String) -> [String; 4] {
    std::array::from_fn(cell)
}

fn p99(tally: &Tally) -> String {
    format!("{:.1} ms", tally.latencies.percentile_ms(0.99))
}

/// All that is no success.
fn others(tally: &Tally) -> String {
    let mut others = tally.statuses.clone();
    others.retain(|status, _| !(200..300).contains(status));
    match (others.is_empty(), tally.unanswered) {
        (true, 0) => "none".into(),
        (true, unanswered) => format!("no answer: {unanswered}"),
        (false, 0) => counts(&others),
        (false, unanswered) => format!("{}, no answer: {unanswered}", counts(&others)),
    }
}

fn counts(statuses: &BTreeMap<u16, u64>) -> String {
    let counts = statuses
        .iter()
        .map(|(status, count)| format!("{status}: {count}"));
    counts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::soak::samples::Sample;
    use crate::soak::traffic::Items;

    fn part() -> Part {
        let sent = |statuses: &[u16]| {
            let mut tally = Tally::new();
            for status in statuses {
                tally.count(Some(*status), Items::default(), Duration::from_millis(1));
            }
            tally.seconds = 1.0;
            tally
        };
        Part {
            reports: sent(&[200, 201]),
            points: sent(&[202, 202]),
            browsers: sent(&[200, 204]),
            strangers: sent(&[401, 403]),
            lines_per_second: 2.0,
            clients: ([(); 4].map(|()| sent(&[200])), Default::default()),
            samples: (0..=240_u32)
                .map(|number| Sample {
                    minutes: f64::from(number) / 12.0,
                    resident_bytes: [20e6; 4],
                    anonymous_bytes: [18e6; 4],
                })
                .collect(),
        }
    }

    fn verdict(part: &Part) -> Verdict<'_> {
        let end = End {
            peak_bytes: 21e6,
            usage: Usage::default(),
            at_limit_before: 0,
        };
        Verdict {
            minutes: 20.0,
            capacity: [4.0; 4],
            offered: [2.0; 4],
            part,
            ends: [end; 4],
        }
    }

    #[test]
    fn a_run_as_it_should_be_has_no_faults() {
        assert_eq!(verdict(&part()).faults(), Vec::<String>::new());
    }

    #[test]
    fn each_thing_that_must_not_be_is_named() {
        let mut part = part();
        part.reports.count(Some(500), Items::default(), Duration::ZERO);
        part.reports.count(Some(503), Items::default(), Duration::ZERO);
        part.points.count(None, Items::default(), Duration::ZERO);
        part.strangers.count(Some(200), Items::default(), Duration::ZERO);
        part.clients.0[1].count(Some(404), Items::default(), Duration::ZERO);
        part.clients.1.broken = 2;
        part.lines_per_second = 1.0;
        for (number, sample) in (0_u32..).zip(&mut part.samples) {
            sample.anonymous_bytes[3] += 4e3 * f64::from(number);
        }
        let mut verdict = verdict(&part);
        verdict.ends[0].usage.kills = 1;

        let faults = verdict.faults();

        assert_eq!(
            faults,
            [
                "error-tracker: 1 processes were killed",
                "error-tracker: answers 500: 1",
                "log-viewer: 1 lines/s were done of 2",
                "log-viewer: pages: answers 404: 1",
                "metrics-collector: 1 requests got no answer",
                "browser-relay: memory grows by 48 KB a minute",
                "browser-relay: strangers were answered 200: 1, 401: 1, 403: 1, and 0 times not at all",
                "log-viewer: 2 live views broke",
            ]
        );
    }

    #[test]
    fn the_growth_of_a_short_run_is_shown_and_not_judged() {
        let mut part = part();
        for (number, sample) in (0_u32..).zip(&mut part.samples) {
            sample.minutes /= 10.0;
            sample.anonymous_bytes[3] += 4e3 * f64::from(number);
        }
        let verdict = Verdict {
            minutes: 2.0,
            ..verdict(&part)
        };

        assert_eq!(verdict.faults(), Vec::<String>::new());
        assert!(
            verdict.table().contains("+480.0 KB a minute"),
            "{}",
            verdict.table()
        );
    }
}
