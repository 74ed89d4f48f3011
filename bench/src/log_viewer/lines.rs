//! Makes the lines of a container: access log, JSON, tracebacks.
//!
//! Deterministic: the same container gets the same lines whenever it is asked for as many.

use std::fmt::Write as _;

use crate::report::mix;
use crate::traceback::Xorshift;

/// Each is in 30 % of all lines.
pub(crate) const COMMON_WORDS: [&str; 3] = ["GET", "payment", "Mozilla"];
/// There are so many rare words, and each is so often in the whole corpus.
pub(super) const RARE_WORDS: u64 = 64;
pub(super) const RARE_COPIES: u64 = 5;
/// In the last line of each container alone: it is found when everything before it has been read.
pub(super) const END_WORD: &str = "endofcorpus";
/// Beside the level and the container, and as phrases.
pub(crate) const MESSAGES: [&str; 12] = [
    "payment settled",
    "payment declined",
    "payment retried",
    "payment refunded",
    "payment authorized",
    "payment captured",
    "payment pending",
    "payment voided",
    "cache miss",
    "order created",
    "retrying upstream",
    "session expired",
];

/// The corpus is of this day, from `FIRST_HOUR` on.
pub(super) const DAY: &str = "2026-03-01";
pub(super) const FIRST_HOUR: u64 = 8;
pub(super) const SPAN_HOURS: u64 = 6;
const SECOND_NS: u64 = 1_000_000_000;
pub(super) const SPAN_NS: u64 = SPAN_HOURS * 3_600 * SECOND_NS;

const LEVELS: [&str; 5] = ["info", "info", "debug", "warn", "error"];
const STATUSES: [u16; 5] = [200, 200, 200, 404, 500];
const TRACEBACK_LINES: u64 = 4;
/// Of 925 entries 450 are of the access log, 450 JSON, and 25 tracebacks: by lines 45, 45 and 10 of 100.
const ACCESS: u64 = 450;
const JSON: u64 = 900;
const ALL: u64 = 925;

/// What the viewer shall make one entry of.
#[derive(Default)]
pub(crate) struct Entry {
    /// Its lines, with line feeds between.
    pub(crate) text: String,
    pub(crate) stream: &'static str,
    /// Nanoseconds since the start of the corpus.
    pub(crate) at_ns: u64,
}

/// The lines of one container.
pub(crate) struct Lines {
    random: Xorshift,
    made: u64,
    total: u64,
    /// The first rare word of this container, how many it has, how many it has had.
    first_rare: u64,
    rare: u64,
    rare_made: u64,
}

/// The rare word of that number.
pub(crate) fn rare_word(number: u64) -> String {
    format!("rq{:08x}", mix(number % RARE_WORDS) as u32)
}

/// What the logs write: 2026-03-01T08:00:00.000000000Z.
pub(super) fn timestamp(at_ns: u64) -> String {
    format!("{DAY}T{}.{:09}Z", clock(at_ns), at_ns % SECOND_NS)
}

fn clock(at_ns: u64) -> String {
    let seconds = FIRST_HOUR * 3_600 + at_ns / SECOND_NS;
    format!(
        "{:02}:{:02}:{:02}",
        seconds / 3_600,
        seconds / 60 % 60,
        seconds % 60
    )
}

impl Lines {
    /// `total` lines for the container of this number out of `containers`.
    pub(crate) fn new(container: u64, containers: u64, total: u64) -> Self {
        let rare = RARE_WORDS * RARE_COPIES / containers;
        Self {
            random: Xorshift::new(container),
            made: 0,
            total,
            first_rare: container * rare,
            rare,
            rare_made: 0,
        }
    }

    /// Replaces `entry` by the next one and answers how many lines it has: none at the end.
    pub(crate) fn next(&mut self, entry: &mut Entry) -> u64 {
        let left = self.total - self.made;
        if left == 0 {
            return 0;
        }
        entry.text.clear();
        entry.stream = "stdout";
        entry.at_ns = (u128::from(SPAN_NS) * u128::from(self.made) / u128::from(self.total)) as u64;
        let rare_is_due =
            self.rare_made < self.rare && self.made * (self.rare + 1) >= (self.rare_made + 1) * self.total;
        let kind = self.random.below(ALL);
        let lines = if left == 1 {
            write!(entry.text, "{END_WORD}: the last line").expect(INFALLIBLE);
            1
        } else if rare_is_due {
            let word = rare_word(self.first_rare + self.rare_made);
            self.rare_made += 1;
            self.write_json(&format!("breaker opened for {word}"), &mut entry.text);
            1
        } else if kind < ACCESS {
            self.write_access(entry.at_ns, &mut entry.text);
            1
        } else if kind < JSON || left <= TRACEBACK_LINES {
            let message = self.one_of(&MESSAGES);
            self.write_json(message, &mut entry.text);
            1
        } else {
            entry.stream = "stderr";
            self.write_traceback(&mut entry.text);
            TRACEBACK_LINES
        };
        self.made += lines;
        lines
    }

    fn write_access(&mut self, at_ns: u64, text: &mut String) {
        let method = self.one_of(&["GET", "GET", "POST"]);
        let agent = self.one_of(&["Mozilla/5.0 (X11; Linux)", "Mozilla/5.0 (Macintosh)", "curl/8.14"]);
        let status = self.one_of(&STATUSES);
        write!(
            text,
            "10.0.{}.{} - - [01/Mar/2026:{} +0000] \
             \"{method} /api/v1/users/{}?page={} HTTP/1.1\" {status} {} \"-\" \"{agent}\"",
            self.random.below(256),
            self.random.below(256),
            clock(at_ns),
            self.random.below(100_000),
            self.random.below(20),
            self.random.below(5_000),
        )
        .expect(INFALLIBLE);
    }

    fn write_json(&mut self, message: &str, text: &mut String) {
        let level = self.one_of(&LEVELS);
        write!(
            text,
            "{{\"level\":\"{level}\",\"msg\":\"{message}\",\"user_id\":{},\"duration_ms\":{},\
             \"trace_id\":\"{:08x}{:08x}\"}}",
            self.random.below(100_000),
            self.random.below(900),
            self.random.below(1 << 32),
            self.random.below(1 << 32),
        )
        .expect(INFALLIBLE);
    }

    fn write_traceback(&mut self, text: &mut String) {
        write!(
            text,
            "Traceback (most recent call last):\n  File \"/srv/app/main.py\", line {}, in handler\n    \
             raise ValueError(x)\nValueError: could not settle order {}",
            self.random.below(500),
            self.random.below(100_000),
        )
        .expect(INFALLIBLE);
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.random.below(choices.len() as u64) as usize]
    }
}

const INFALLIBLE: &str = "a string takes any text";

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    const CONTAINERS: u64 = 4;

    fn all(lines: u64) -> Vec<Entry> {
        let mut entries = Vec::new();
        for container in 0..CONTAINERS {
            let mut source = Lines::new(container, CONTAINERS, lines / CONTAINERS);
            let mut made = 0;
            let mut entry = Entry::default();
            loop {
                match source.next(&mut entry) {
                    0 => break,
                    count => assert_eq!(entry.text.lines().count() as u64, count),
                }
                made += entry.text.lines().count() as u64;
                entries.push(std::mem::take(&mut entry));
            }
            assert_eq!(made, lines / CONTAINERS, "exactly as many lines as asked for");
        }
        entries
    }

    #[test]
    fn shares_of_kinds_and_of_common_words_are_as_planned() {
        let lines = 40_000;
        let entries = all(lines);
        let share = |wanted: &dyn Fn(&str) -> bool| {
            let of_them = entries.iter().filter(|entry| wanted(&entry.text));
            of_them
                .map(|entry| entry.text.lines().count() as f64)
                .sum::<f64>()
                / lines as f64
        };

        for (name, got, expected) in [
            ("access", share(&|text| text.starts_with("10.0.")), 0.45),
            ("JSON", share(&|text| text.starts_with('{')), 0.45),
            ("traceback", share(&|text| text.starts_with("Traceback")), 0.10),
            ("GET", share(&|text| text.contains(COMMON_WORDS[0])), 0.30),
            ("payment", share(&|text| text.contains(COMMON_WORDS[1])), 0.30),
            ("Mozilla", share(&|text| text.contains(COMMON_WORDS[2])), 0.30),
        ] {
            assert!((got - expected).abs() < 0.02, "{name}: {got}");
        }
    }

    #[test]
    fn each_rare_word_is_there_a_handful_of_times_and_the_end_word_once_for_each_container() {
        let entries = all(20_000);
        let mut counts = HashMap::new();
        for entry in &entries {
            for number in 0..RARE_WORDS {
                if entry.text.contains(&rare_word(number)) {
                    *counts.entry(number).or_insert(0) += 1;
                }
            }
        }

        assert_eq!(counts.len() as u64, RARE_WORDS);
        assert!(counts.values().all(|count| *count == RARE_COPIES), "{counts:?}");
        let ends = entries.iter().filter(|entry| entry.text.contains(END_WORD));
        assert_eq!(ends.count() as u64, CONTAINERS);
    }

    #[test]
    fn times_only_grow_within_a_container_and_stay_within_the_day() {
        let mut source = Lines::new(1, CONTAINERS, 5_000);
        let mut entry = Entry::default();
        let mut last_ns = 0;
        while source.next(&mut entry) > 0 {
            assert!(entry.at_ns >= last_ns && entry.at_ns < SPAN_NS);
            last_ns = entry.at_ns;
        }
        assert_eq!(timestamp(0), "2026-03-01T08:00:00.000000000Z");
        assert_eq!(timestamp(SPAN_NS + 1), "2026-03-01T14:00:00.000000001Z");
    }
}
