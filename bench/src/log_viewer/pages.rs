//! How long searches and histograms take over the whole corpus.
//!
//! Each request asks for something else where there is something else to ask for; where there is not, its
//! time range is its own, so that no request is answered by what the one before has left behind.

use anyhow::{Result, ensure};
use serde_json::Value;

use super::corpus::{CONTAINERS, Corpus};
use super::lines::{COMMON_WORDS, DAY, FIRST_HOUR, MESSAGES, RARE_COPIES, SPAN_HOURS, rare_word};
use super::{API_KEY, Plan};
use crate::connection::{Client, percent_encode};
use crate::histogram::Histogram;
use crate::process::Service;
use crate::report::mix;
use crate::table::{Figure, Goal, Unit};

const REQUESTS: u64 = 60;
const UNTIMED_REQUESTS: u64 = 3;
const LEVELS: [&str; 4] = ["INFO", "DEBUG", "WARNING", "ERROR"];
/// More than there are minutes, so that each bucket is one of them.
const MINUTE_BUCKETS: u64 = SPAN_HOURS * 60 + 20;
const MINUTE_MS: u64 = 60_000;

struct Page {
    name: &'static str,
    /// Of the median.
    goal: Goal,
    path: fn(u64) -> String,
    check: fn(&Value, u64, &Corpus) -> bool,
}

/// Asks for each kind of page.
pub(super) fn measure(service: &Service, corpus: &Corpus, plan: &Plan) -> Result<Vec<Figure>> {
    let mut client = Client::open(service.address, API_KEY)?;
    let mut figures = Vec::new();
    for page in pages(plan) {
        let (latencies, unfinished) = measure_page(&mut client, &page, corpus)?;
        // A search that gave up in time must not look fast.
        let name = match unfinished {
            0 => page.name.to_owned(),
            count => format!("{} ({count} of {REQUESTS} not complete)", page.name),
        };
        let milliseconds =
            |name, share, goal| Figure::new(name, Unit::Milliseconds, latencies.percentile_ms(share), goal);
        figures.push(milliseconds(format!("{name}, p50"), 0.5, page.goal));
        figures.push(milliseconds("  p95".to_owned(), 0.95, Goal::None));
    }
    Ok(figures)
}

fn pages(plan: &Plan) -> [Page; 9] {
    let newest = Goal::AtMost(10.0);
    [
        Page {
            name: "newest 100",
            goal: newest,
            path: |_| "/api/logs".into(),
            check: |page, _, corpus| page["total"] == corpus.entries,
        },
        Page {
            name: "newest 100 of a rare word",
            goal: newest,
            path: |turn| list(&rare_word(turn)),
            check: |page, _, _| page["total"] == RARE_COPIES,
        },
        Page {
            name: "newest 100 of a common word",
            goal: newest,
            path: |turn| format!("{}&until={}", list(common_word(turn)), later(turn)),
            check: is_full,
        },
        Page {
            name: "newest 100 of a phrase",
            goal: newest,
            path: |turn| {
                format!(
                    "{}&until={}",
                    list(&format!("\"{}\"", message(turn))),
                    later(turn)
                )
            },
            check: is_full,
        },
        Page {
            name: "newest 100 of a word, container and level",
            goal: newest,
            path: |turn| {
                let word = message(turn).split(' ').next_back().unwrap_or_default();
                let container = CONTAINERS[(turn / 12) as usize % CONTAINERS.len()];
                let level = LEVELS[(turn + turn / 48) as usize % LEVELS.len()];
                format!("{}&container={container}&level={level}", list(word))
            },
            check: |page, _, _| page["total"] != 0,
        },
        Page {
            name: "newest 100 of a substring",
            goal: plan.by_size(Goal::AtMost(150.0)),
            path: |turn| list(&substring(turn, 5)),
            check: |page, _, _| page["logs"].is_array(),
        },
        Page {
            name: "count of a common word",
            goal: plan.by_size(Goal::AtMost(100.0)),
            path: |turn| histogram(common_word(turn), turn, 1),
            check: is_count_of_common_word,
        },
        Page {
            name: "histogram of a common word, minutes",
            goal: plan.by_size(Goal::AtMost(50.0)),
            path: |turn| histogram(common_word(turn), turn, MINUTE_BUCKETS),
            check: |page, turn, corpus| {
                page["bucket_ms"] == MINUTE_MS && is_count_of_common_word(page, turn, corpus)
            },
        },
        Page {
            name: "histogram of a substring, minutes",
            goal: plan.by_size(Goal::AtMost(150.0)),
            path: |turn| histogram(&substring(turn, 4), turn, MINUTE_BUCKETS),
            check: |page, _, _| page["bucket_ms"] == MINUTE_MS,
        },
    ]
}

fn measure_page(client: &mut Client, page: &Page, corpus: &Corpus) -> Result<(Histogram, u64)> {
    let mut latencies = Histogram::new();
    let mut unfinished = 0;
    for turn in 0..UNTIMED_REQUESTS + REQUESTS {
        let path = (page.path)(turn);
        let answer = client.get(&path)?;
        ensure!(answer.status == 200, "GET {path} answered {}", answer.status);
        let body: Value = serde_json::from_slice(&answer.body)?;
        let is_complete = body["complete"] == true;
        ensure!(
            !is_complete || (page.check)(&body, turn, corpus),
            "GET {path} found something else: total {}, buckets of {} ms",
            body["total"],
            body["bucket_ms"]
        );
        if turn >= UNTIMED_REQUESTS {
            unfinished += u64::from(!is_complete);
            latencies.record(answer.took);
        }
    }
    Ok((latencies, unfinished))
}

/// A page of a hundred, of which there are more.
fn is_full(page: &Value, _: u64, _: &Corpus) -> bool {
    page["logs"].as_array().is_some_and(|logs| logs.len() == 100)
}

fn is_count_of_common_word(page: &Value, turn: u64, corpus: &Corpus) -> bool {
    page["total"] == corpus.common[turn as usize % COMMON_WORDS.len()]
}

fn list(search: &str) -> String {
    format!("/api/logs?search={}", percent_encode(search))
}

fn histogram(search: &str, turn: u64, buckets: u64) -> String {
    format!(
        "/api/logs/histogram?search={}&buckets={buckets}&since={DAY}T{FIRST_HOUR:02}:00:00Z&until={}",
        percent_encode(search),
        later(turn)
    )
}

/// A time after the end of the corpus, another one for each turn.
fn later(turn: u64) -> String {
    format!(
        "{DAY}T{:02}:{:02}:{:02}Z",
        FIRST_HOUR + SPAN_HOURS,
        turn / 60,
        turn % 60
    )
}

fn common_word(turn: u64) -> &'static str {
    COMMON_WORDS[turn as usize % COMMON_WORDS.len()]
}

fn message(turn: u64) -> &'static str {
    MESSAGES[turn as usize % MESSAGES.len()]
}

/// Some hexadecimal digits anywhere in a word: every text has to be looked at, and few have them.
pub(crate) fn substring(turn: u64, digits: usize) -> String {
    let number = format!("{:016x}", mix(turn));
    format!("*{}*", &number[..digits])
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn requests_differ_from_each_other() {
        for page in pages(&super::super::FULL).iter().skip(1) {
            let paths: HashSet<String> = (0..UNTIMED_REQUESTS + REQUESTS).map(page.path).collect();

            assert_eq!(paths.len() as u64, UNTIMED_REQUESTS + REQUESTS, "{}", page.name);
        }
    }

    #[test]
    fn a_substring_is_within_a_word() {
        let substring = substring(3, 5);

        assert_eq!(substring.len(), 7);
        assert!(substring.starts_with('*') && substring.ends_with('*'));
    }
}
