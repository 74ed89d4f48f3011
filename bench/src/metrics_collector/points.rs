//! Makes batches of points as the clients of a web application send them.
//!
//! Deterministic but for the clock, and cheap: all of a point but its value and time is made once.

use std::io::Write as _;
use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::traceback::Xorshift;

/// One half of the series are durations, the other half counts the requests.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) series: u64,
    /// Points of one request.
    pub(crate) batch: u64,
}

/// An endless series of batches.
pub(crate) struct Batches {
    /// What stands before the value.
    heads: Vec<String>,
    batch: u64,
    made: u64,
    random: Xorshift,
    body: Vec<u8>,
}

pub(crate) const DURATIONS: &str = "http_request_duration_seconds";
pub(super) const REQUESTS: &str = "http_requests_total";

impl Batches {
    pub(crate) fn new(shape: Shape, seed: u64) -> Self {
        let heads = (0..shape.series).map(|number| {
            let route = number / 2;
            let (name, kind, status) = if number % 2 == 0 {
                (DURATIONS, "histogram", "")
            } else {
                (REQUESTS, "counter", if route % 20 == 3 { r#","status":"503""# } else { r#","status":"200""# })
            };
            format!(
                r#"{{"name":"{name}","type":"{kind}","project":"shop","labels":{{"endpoint":"/api/items/{route}","method":"GET","region":"eu"{status}}},"value":"#
            )
        });
        Self {
            heads: heads.collect(),
            batch: shape.batch,
            made: 0,
            random: Xorshift::new(seed),
            body: Vec::new(),
        }
    }

    /// Appends a batch of points measured at this time, one after the other of the series.
    pub(crate) fn write(&mut self, at_ms: u64, out: &mut Vec<u8>) {
        out.push(b'[');
        for place in 0..self.batch {
            if place > 0 {
                out.push(b',');
            }
            let series = self.made % self.heads.len() as u64;
            self.made += 1;
            out.extend_from_slice(self.heads[series as usize].as_bytes());
            if series.is_multiple_of(2) {
                self.write_duration(out);
            } else {
                out.push(b'1');
            }
            // Points of a batch were measured in the seconds before it was sent.
            let _ = write!(out, ",\"timestamp\":{}}}", at_ms - place % 1_000);
        }
        out.push(b']');
    }

    /// Many short ones and few long ones, in whole microseconds.
    fn write_duration(&mut self, out: &mut Vec<u8>) {
        let number = self.random.below(u64::MAX >> 11);
        let octave = 6 + (number & 7) + (number >> 3 & 3);
        let micros = (1_u64 << octave) + (number >> 5) % (1 << octave);
        let _ = write!(out, "{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    }

    /// Requests that send one batch each, measured `ago_ms` before they are sent.
    pub(crate) fn into_requests(mut self, target: SocketAddr, ago_ms: u64) -> impl FnMut(&mut Vec<u8>) {
        move |request| {
            let mut body = std::mem::take(&mut self.body);
            body.clear();
            self.write(now_ms() - ago_ms, &mut body);
            write_request(request, target, &body);
            self.body = body;
        }
    }

    /// Requests that send one batch each, measured at these times one after the other.
    pub(crate) fn at_times(
        mut self,
        target: SocketAddr,
        mut times: impl Iterator<Item = u64>,
    ) -> impl FnMut(&mut Vec<u8>) {
        move |request| {
            let mut body = std::mem::take(&mut self.body);
            body.clear();
            let at_ms = times.next().unwrap_or_else(now_ms);
            self.write(at_ms, &mut body);
            write_request(request, target, &body);
            self.body = body;
        }
    }
}

pub(crate) fn now_ms() -> u64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since_epoch.as_millis() as u64
}

/// A request with this batch.
pub(crate) fn write_request(request: &mut Vec<u8>, target: SocketAddr, body: &[u8]) {
    request.clear();
    let head = crate::report::request_head("/api/metrics", target, super::API_KEY, body.len());
    request.extend_from_slice(head.as_bytes());
    request.extend_from_slice(body);
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_batch_is_valid_json_that_goes_round_all_series() {
        let mut batches = Batches::new(
            Shape {
                series: 50,
                batch: 1_000,
            },
            1,
        );
        let mut body = Vec::new();

        batches.write(1_772_366_400_000, &mut body);

        let points: Vec<Value> = serde_json::from_slice(&body).expect("valid JSON");
        assert_eq!(points.len(), 1_000);
        let mut series: Vec<String> = points
            .iter()
            .map(|point| format!("{}{}", point["name"], point["labels"]))
            .collect();
        series.sort_unstable();
        series.dedup();
        assert_eq!(series.len(), 50);
        assert!(points.iter().all(|point| {
            point["value"]
                .as_f64()
                .is_some_and(|value| value > 0.0 && value < 1.0 || value == 1.0)
        }));
    }
}
