//! Makes error reports that look like those of a Python web application.
//!
//! Deterministic: the same seed gives the same bytes. Cheap: 64 templates are built once and a report is a
//! copy with its numbers written over, so that making one costs less than sending it.

use std::net::SocketAddr;

use crate::template::{Numbers, TEMPLATES, Template};
use crate::traceback::Xorshift;

#[derive(Clone, Copy)]
pub(crate) struct Shape {
    /// The exact size of the JSON text.
    pub(crate) size_bytes: usize,
    /// How many different errors there are.
    pub(crate) fingerprints: u64,
}

/// An endless series of reports that goes round all fingerprints.
pub(crate) struct Reports {
    templates: Vec<Template>,
    fingerprints: u64,
    seed: u64,
    made: u64,
}

impl Reports {
    /// Two series for one database need two seeds, or their event ids repeat and the service drops
    /// duplicates.
    pub(crate) fn new(shape: Shape, seed: u64) -> Self {
        let mut random = Xorshift::new(0x9e37_79b9);
        let templates = (0..TEMPLATES)
            .map(|number| Template::new(number, shape.size_bytes, &mut random))
            .collect();
        Self {
            templates,
            fingerprints: shape.fingerprints,
            seed,
            made: 0,
        }
    }

    /// Appends the next report to `out` and answers which kind of error it is.
    pub(crate) fn write_next(&mut self, out: &mut Vec<u8>) -> u64 {
        let numbers = self.next_numbers();
        self.template_of(numbers.kind).write(&numbers, out);
        numbers.kind
    }

    /// A request that sends the next report, for `load::run`; `head` must end with an empty line.
    pub(crate) fn into_requests(mut self, head: String) -> impl FnMut(&mut Vec<u8>) {
        move |request| {
            request.clear();
            request.extend_from_slice(head.as_bytes());
            self.write_next(request);
        }
    }

    /// The kinds come in jumps over all of them, so that neighbours in time are not neighbours in an index.
    fn next_numbers(&mut self) -> Numbers {
        const STRIDE: u64 = 7_919;
        let made = self.made;
        self.made += 1;
        Numbers {
            kind: (made % self.fingerprints) * STRIDE % self.fingerprints,
            order: made,
            event: [mix(self.seed), mix(made)],
        }
    }

    /// A kind has always the same project, environment and release, because these belong to the template.
    fn template_of(&self, kind: u64) -> &Template {
        &self.templates[kind as usize % TEMPLATES]
    }
}

/// The head of a request with a body of JSON.
pub(crate) fn request_head(path: &str, target: SocketAddr, api_key: &str, size_bytes: usize) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: {target}\r\nX-API-Key: {api_key}\r\n\
         Content-Type: application/json\r\nContent-Length: {size_bytes}\r\n\r\n"
    )
}

/// One to one, so that different inputs never give the same id, yet neighbours lie far apart as UUIDs do
/// (splitmix64).
pub(crate) fn mix(number: u64) -> u64 {
    let first = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let second = (first ^ (first >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let third = (second ^ (second >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    third ^ (third >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::Value;

    use super::*;
    use crate::template::{project_of, search_for};

    fn take(shape: Shape, seed: u64, count: usize) -> Vec<Vec<u8>> {
        let mut reports = Reports::new(shape, seed);
        (0..count)
            .map(|_| {
                let mut body = Vec::new();
                reports.write_next(&mut body);
                body
            })
            .collect()
    }

    fn parse(body: &[u8]) -> Value {
        serde_json::from_slice(body).expect("valid JSON")
    }

    #[test]
    fn a_report_is_valid_json_of_the_stated_size_with_the_required_members() {
        for size_bytes in [1024, 3 * 1024, 50 * 1024] {
            for body in take(
                Shape {
                    size_bytes,
                    fingerprints: 300,
                },
                1,
                200,
            ) {
                assert_eq!(body.len(), size_bytes);
                let report = parse(&body);
                for member in [
                    "project",
                    "exception_type",
                    "message",
                    "traceback",
                    "event_id",
                    "environment",
                ] {
                    assert!(!report[member].as_str().expect(member).is_empty(), "{member}");
                }
            }
        }
    }

    #[test]
    fn a_round_holds_each_fingerprint_once_and_the_next_round_the_same_ones() {
        let bodies = take(
            Shape {
                size_bytes: 1024,
                fingerprints: 500,
            },
            1,
            1000,
        );
        let identity = |body: &Vec<u8>| {
            let report = parse(body);
            let traceback = report["traceback"].as_str().expect("text").to_owned();
            let frame = traceback
                .lines()
                .rfind(|line| line.starts_with("  File "))
                .expect("a frame")
                .to_owned();
            (
                report["project"].to_string(),
                report["exception_type"].to_string(),
                frame,
            )
        };

        let first: HashSet<_> = bodies[..500].iter().map(identity).collect();
        let second: HashSet<_> = bodies[500..].iter().map(identity).collect();

        assert_eq!(first.len(), 500);
        assert_eq!(first, second);
    }

    #[test]
    fn event_ids_never_repeat_within_a_series_or_between_seeds() {
        let shape = Shape {
            size_bytes: 1024,
            fingerprints: 1,
        };
        let ids: HashSet<_> = [1, 2]
            .into_iter()
            .flat_map(|seed| take(shape, seed, 500))
            .map(|body| parse(&body)["event_id"].as_str().expect("text").to_owned())
            .collect();

        assert_eq!(ids.len(), 1000);
        assert!(
            ids.iter()
                .all(|id| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()))
        );
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        let shape = Shape {
            size_bytes: 3 * 1024,
            fingerprints: 50,
        };

        assert_eq!(take(shape, 7, 60), take(shape, 7, 60));
    }

    #[test]
    fn a_kind_keeps_its_project_and_its_message_can_be_searched_for() {
        let mut reports = Reports::new(
            Shape {
                size_bytes: 1024,
                fingerprints: 90,
            },
            1,
        );
        for _ in 0..90 {
            let mut body = Vec::new();

            let kind = reports.write_next(&mut body);

            let report = parse(&body);
            assert_eq!(report["project"], project_of(kind));
            assert!(
                report["message"]
                    .as_str()
                    .expect("text")
                    .contains(&search_for(kind))
            );
        }
    }
}
