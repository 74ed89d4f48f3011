//! The service's own figures in Prometheus' text format.
//!
//! Format: <https://prometheus.io/docs/instrumenting/exposition_formats/>.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, Method, StatusCode, header};

/// Requests served, by kind of method and by status.
#[derive(Debug, Default)]
pub struct Traffic {
    reads: [AtomicU64; 6],
    writes: [AtomicU64; 6],
}

impl Traffic {
    pub(crate) fn count(&self, method: &Method, status: StatusCode) {
        let by_class = if matches!(*method, Method::GET | Method::HEAD) {
            &self.reads
        } else {
            &self.writes
        };
        by_class[usize::from(status.as_u16() / 100).min(5)].fetch_add(1, Ordering::Relaxed);
    }

    /// All requests since the start.
    pub(crate) fn total(&self) -> u64 {
        let counts = self.reads.iter().chain(&self.writes);
        counts.map(|count| count.load(Ordering::Relaxed)).sum()
    }
}

/// Upper bounds of the buckets of [`Timing`], in milliseconds and as they are written.
const BOUNDS: [(u64, &str); 9] = [
    (1, "0.001"),
    (5, "0.005"),
    (10, "0.01"),
    (25, "0.025"),
    (50, "0.05"),
    (100, "0.1"),
    (250, "0.25"),
    (1_000, "1"),
    (5_000, "5"),
];

/// How long something has taken each time.
#[derive(Debug, Default)]
pub struct Timing {
    /// By bucket; the last one is for all that took longer.
    counts: [AtomicU64; BOUNDS.len() + 1],
    sum_us: AtomicU64,
    longest_us: AtomicU64,
}

impl Timing {
    /// Counts one time.
    pub fn add(&self, took: Duration) {
        let bucket = BOUNDS.partition_point(|(bound, _)| Duration::from_millis(*bound) < took);
        self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.sum_us.fetch_add(took_us, Ordering::Relaxed);
        self.longest_us.fetch_max(took_us, Ordering::Relaxed);
    }
}

/// The text of `/metrics`, built figure by figure.
#[derive(Debug)]
pub struct Exposition {
    prefix: &'static str,
    text: String,
}

impl Exposition {
    /// Starts with what every service tells: requests, memory.
    #[must_use]
    pub fn new(prefix: &'static str, traffic: &Traffic) -> Self {
        let mut exposition = Self {
            prefix,
            text: String::with_capacity(2_048),
        };
        exposition.head("http_requests_total", "counter", "Requests answered.");
        for (kind, by_class) in [("read", &traffic.reads), ("write", &traffic.writes)] {
            for (class, count) in by_class.iter().enumerate().skip(1) {
                let (count, prefix) = (count.load(Ordering::Relaxed), exposition.prefix);
                let _ = writeln!(
                    exposition.text,
                    "{prefix}_http_requests_total{{kind=\"{kind}\",status=\"{class}xx\"}} {count}"
                );
            }
        }
        exposition.gauge(
            "resident_memory_bytes",
            "Memory of the process that is in RAM.",
            resident_bytes(),
        );
        exposition
    }

    /// Adds a figure that only grows.
    pub fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.head(name, "counter", help);
        let _ = writeln!(self.text, "{}_{name} {value}", self.prefix);
    }

    /// Adds a figure that goes up and down.
    pub fn gauge(&mut self, name: &str, help: &str, value: u64) {
        self.head(name, "gauge", help);
        let _ = writeln!(self.text, "{}_{name} {value}", self.prefix);
    }

    /// Adds a histogram, and the longest time as a gauge beside it: the name, with `_max` behind.
    pub fn timing(&mut self, name: &str, help: &str, timing: &Timing) {
        self.head(name, "histogram", help);
        let prefix = self.prefix;
        let bounds = BOUNDS.iter().map(|(_, bound)| *bound).chain(["+Inf"]);
        let mut count = 0;
        for (bound, bucket) in bounds.zip(&timing.counts) {
            count += bucket.load(Ordering::Relaxed);
            let _ = writeln!(self.text, "{prefix}_{name}_bucket{{le=\"{bound}\"}} {count}");
        }
        let sum = seconds(&timing.sum_us);
        let _ = writeln!(
            self.text,
            "{prefix}_{name}_sum {sum}\n{prefix}_{name}_count {count}"
        );
        let name = format!("{name}_max");
        self.head(&name, "gauge", "The longest of them since the start.");
        let longest = seconds(&timing.longest_us);
        let _ = writeln!(self.text, "{prefix}_{name} {longest}");
    }

    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let prefix = self.prefix;
        let _ = writeln!(
            self.text,
            "# HELP {prefix}_{name} {help}\n# TYPE {prefix}_{name} {kind}"
        );
    }
}

fn seconds(microseconds: &AtomicU64) -> f64 {
    Duration::from_micros(microseconds.load(Ordering::Relaxed)).as_secs_f64()
}

impl IntoResponse for Exposition {
    fn into_response(self) -> Response {
        let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
        ([(header::CONTENT_TYPE, kind)], self.text).into_response()
    }
}

/// Resident memory in bytes as the kernel tells it; 0 where there is no `/proc`.
#[must_use]
pub fn resident_bytes() -> u64 {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else {
        return 0;
    };
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line
        .and_then(|line| line.trim().strip_suffix(" kB"))
        .and_then(|text| text.trim().parse::<u64>().ok());
    kib.unwrap_or_default() * 1_024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_counted_in_buckets_that_hold_the_shorter_ones_too() {
        let timing = Timing::default();
        for took_us in [1_000, 1_001, 49_999, 50_000, 6_000_000] {
            timing.add(Duration::from_micros(took_us));
        }
        let mut exposition = Exposition::new("thing", &Traffic::default());

        exposition.timing("wait_seconds", "Waiting.", &timing);

        for line in [
            "# TYPE thing_wait_seconds histogram",
            "thing_wait_seconds_bucket{le=\"0.001\"} 1",
            "thing_wait_seconds_bucket{le=\"0.005\"} 2",
            "thing_wait_seconds_bucket{le=\"0.05\"} 4",
            "thing_wait_seconds_bucket{le=\"5\"} 4",
            "thing_wait_seconds_bucket{le=\"+Inf\"} 5",
            "thing_wait_seconds_sum 6.102",
            "thing_wait_seconds_count 5",
            "thing_wait_seconds_max 6",
        ] {
            assert!(
                exposition.text.lines().any(|other| other == line),
                "{line} in {}",
                exposition.text
            );
        }
    }

    #[test]
    fn figures_have_help_type_and_prefix() {
        let traffic = Traffic::default();
        traffic.count(&Method::POST, StatusCode::CREATED);
        let mut exposition = Exposition::new("thing", &traffic);

        exposition.counter("parts_total", "Parts made.", 7);

        assert!(
            exposition
                .text
                .contains("# TYPE thing_parts_total counter\nthing_parts_total 7\n")
        );
        assert!(
            exposition
                .text
                .contains("thing_http_requests_total{kind=\"write\",status=\"2xx\"} 1\n")
        );
        assert!(resident_bytes() > 0);
    }
}
