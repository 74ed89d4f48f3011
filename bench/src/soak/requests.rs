//! What applications, pages and strangers send: a mix for each service, from prepared texts.

use std::fmt::Write as _;
use std::net::SocketAddr;

use super::traffic::Items;
use super::{API_KEY, DSN_KEY, GROUPS, PROJECT, RELEASES_WITH_MAPS, SERIES};
use crate::browser_relay::stacks;
use crate::metrics_collector::points::{self, Batches, now_ms};
use crate::report::{Reports, Shape, mix, request_head};

const USUAL_BYTES: usize = 3 * 1_024;
const LARGE_BYTES: usize = 50 * 1_024;
/// So many kinds that one rarely comes twice; all that a report has digits for.
const NEW_KINDS: u64 = 1_000_000;
/// Points in a request: of one event, of a small service, of a flush of the SDK, of an exporter.
const BATCHES: [u64; 5] = [1, 20, 100, 500, 1_000];
const ORIGIN: &str = "https://shop.example.com";
/// Stacks that lead through maps; more than the relay keeps at hand.
const STACKS_OVER_MAPS: u64 = 4 * RELEASES_WITH_MAPS;
const PAGES: u64 = 12;
const REPORT: Items = Items {
    reports: 1,
    points: 0,
};

/// Of a hundred reports one is of a new kind and two have 50 KB; all others are 3 KB of kinds that are known.
pub(super) fn reports(target: SocketAddr, phase: u64) -> impl FnMut(&mut Vec<u8>) -> Items {
    let series = |number: u64, size_bytes, fingerprints| {
        let shape = Shape {
            size_bytes,
            fingerprints,
        };
        let head = request_head("/api/errors", target, API_KEY, size_bytes);
        (head, Reports::new(shape, 1_000 * phase + number))
    };
    let mut known = series(0, USUAL_BYTES, GROUPS);
    let mut new = series(1, USUAL_BYTES, NEW_KINDS);
    let mut large = series(2, LARGE_BYTES, GROUPS);
    let mut turn = 0;
    move |request| {
        turn += 1;
        let (head, reports) = match turn % 100 {
            7 => &mut new,
            33 | 66 => &mut large,
            _ => &mut known,
        };
        request.clear();
        request.extend_from_slice(head.as_bytes());
        reports.write_next(request);
        REPORT
    }
}

/// Batches of each size in turn, and the vitals of a page view.
pub(super) fn points(target: SocketAddr, phase: u64) -> impl FnMut(&mut Vec<u8>) -> Items {
    let mut batches = BATCHES.map(|batch| {
        let shape = points::Shape {
            series: SERIES,
            batch,
        };
        (batch, Batches::new(shape, 1_000 * phase + batch))
    });
    let mut body = Vec::new();
    let mut turn = 0;
    move |request| {
        turn += 1;
        body.clear();
        let count = match batches.get_mut(turn % (BATCHES.len() + 1)) {
            Some((batch, batches)) => {
                batches.write(now_ms(), &mut body);
                *batch
            }
            None => {
                let (vitals, count) = vitals(mix(phase << 40 | turn as u64), Some(PROJECT), None);
                body.extend_from_slice(vitals.as_bytes());
                count
            }
        };
        points::write_request(request, target, &body);
        Items {
            reports: 0,
            points: count,
        }
    }
}

/// Of twenty requests three are preflights, four are metrics, two are errors whose stack needs maps, and eleven are
/// errors without.
pub(super) fn browsers(target: SocketAddr, phase: u64) -> impl FnMut(&mut Vec<u8>) -> Items {
    let mut errors = stacks::errors(target, DSN_KEY);
    let preflight = format!(
        "OPTIONS /api/browser/errors HTTP/1.1\r\nHost: {target}\r\nOrigin: {ORIGIN}\r\n\
         Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: x-monlight-key\r\n\r\n"
    );
    let over_maps: Vec<Vec<u8>> = (0..STACKS_OVER_MAPS)
        .map(|spread| {
            let body = stacks::error_over_maps(&release(mix(spread) % RELEASES_WITH_MAPS), spread);
            stacks::request(target, DSN_KEY, &body)
        })
        .collect();
    let mut turn = 0_u64;
    move |request| {
        turn += 1;
        match turn % 20 {
            0 | 7 | 14 => {
                replace(request, preflight.as_bytes());
                Items::default()
            }
            3 | 11 => {
                replace(request, &over_maps[(turn / 8 % STACKS_OVER_MAPS) as usize]);
                REPORT
            }
            1 | 6 | 12 | 17 => {
                let (metrics, count) = vitals(mix(phase << 41 | turn), None, None);
                let session = mix(turn % 50_000);
                let body = format!(
                    "{{\"metrics\":{metrics},\"session_id\":\"{session:032x}\",\"url\":\"{ORIGIN}/orders/{turn}\"}}"
                );
                replace(
                    request,
                    browser_request(target, "metrics", DSN_KEY, ORIGIN, &body).as_bytes(),
                );
                Items {
                    reports: 0,
                    points: count,
                }
            }
            _ => {
                errors(request);
                REPORT
            }
        }
    }
}

/// A key that is none, and a page that may not send, in turns.
pub(super) fn strangers(target: SocketAddr) -> impl FnMut(&mut Vec<u8>) -> Items {
    let body = stacks::error(2);
    let refused = [
        browser_request(target, "errors", &"0".repeat(32), ORIGIN, &body),
        browser_request(target, "errors", DSN_KEY, "https://elsewhere.example.com", &body),
    ];
    let mut turn = 0;
    move |request| {
        turn += 1;
        replace(request, refused[turn % refused.len()].as_bytes());
        REPORT
    }
}

/// The release of this number that has source maps.
pub(super) fn release(number: u64) -> String {
    format!("4.{number}.0")
}

fn replace(request: &mut Vec<u8>, by: &[u8]) {
    request.clear();
    request.extend_from_slice(by);
}

fn browser_request(target: SocketAddr, route: &str, key: &str, origin: &str, body: &str) -> String {
    format!(
        "POST /api/browser/{route} HTTP/1.1\r\nHost: {target}\r\nX-Monlight-Key: {key}\r\nOrigin: {origin}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The metrics of a page view, now or then, as a JSON array, and how many they are; `view` tells it from all others.
pub(super) fn vitals(view: u64, project: Option<&str>, at_ms: Option<u64>) -> (String, u64) {
    // Up to so much each, with so many decimals taken off.
    const VITALS: [(&str, u64, f64); 6] = [
        ("web_vitals_lcp", 5_000, 1.0),
        ("web_vitals_cls", 300, 1_000.0),
        ("web_vitals_inp", 600, 1.0),
        ("web_vitals_fcp", 3_500, 1.0),
        ("web_vitals_ttfb", 2_000, 1.0),
        ("page_load_time", 8_000, 1.0),
    ];
    let page = view % PAGES;
    let project = project.map_or_else(String::new, |name| format!("\"project\":\"{name}\","));
    let time = at_ms.map_or_else(String::new, |at_ms| format!("\"timestamp\":{at_ms},"));
    let mut text = String::from("[");
    for (number, (name, most, unit)) in (0_u64..).zip(VITALS) {
        let value = (mix(view ^ number) % most) as f64 / unit;
        let comma = if number > 0 { "," } else { "" };
        let _ = write!(
            text,
            "{comma}{{\"name\":\"{name}\",\"type\":\"histogram\",{project}\"value\":{value},\
             \"labels\":{{\"page\":\"/shelf/{page}\",\"source\":\"browser\"}},{time}\"id\":\"{view:016x}-{number}\"}}"
        );
    }
    text.push(']');
    (text, VITALS.len() as u64)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const TARGET: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 1);

    fn bodies(mut next: impl FnMut(&mut Vec<u8>) -> Items, count: usize) -> Vec<(Value, Items, String)> {
        (0..count)
            .map(|_| {
                let mut request = Vec::new();
                let items = next(&mut request);
                let text = String::from_utf8(request).expect("text");
                let (head, body) = text.split_once("\r\n\r\n").expect("a head");
                if head.starts_with("POST") {
                    assert!(
                        head.contains(&format!("Content-Length: {}", body.len())),
                        "{head}"
                    );
                }
                (
                    serde_json::from_str(body).unwrap_or_default(),
                    items,
                    head.to_owned(),
                )
            })
            .collect()
    }

    #[test]
    fn a_request_to_the_collector_holds_as_many_points_as_it_says() {
        for (body, items, _) in bodies(points(TARGET, 1), 12) {
            assert_eq!(body.as_array().expect("an array").len() as u64, items.points);
        }
    }

    #[test]
    fn browsers_ask_send_errors_and_send_metrics_in_the_planned_shares() {
        let sent = bodies(browsers(TARGET, 1), 200);

        let preflights = sent
            .iter()
            .filter(|(_, _, head)| head.starts_with("OPTIONS"))
            .count();
        let with_maps = sent.iter().filter(|(body, ..)| {
            body["release"]
                .as_str()
                .is_some_and(|name| name.starts_with("4."))
        });
        let metrics = sent.iter().filter(|(_, items, _)| items.points > 0);
        let errors = sent.iter().filter(|(_, items, _)| items.reports > 0);
        assert_eq!(
            (preflights, with_maps.count(), metrics.count(), errors.count()),
            (30, 20, 40, 130)
        );
        for (body, items, _) in &sent {
            let points = body["metrics"].as_array().map_or(0, Vec::len);
            assert_eq!(points as u64, items.points);
        }
    }

    #[test]
    fn of_a_hundred_reports_one_is_new_and_two_are_large() {
        let sent = bodies(reports(TARGET, 1), 100);

        let large = sent
            .iter()
            .filter(|(_, _, head)| head.contains("Content-Length: 51200"));
        assert_eq!(large.count(), 2);
        assert!(
            sent.iter()
                .all(|(body, items, _)| body["event_id"].is_string() && *items == REPORT)
        );
    }

    #[test]
    fn page_views_of_two_phases_are_not_the_same() {
        let id = |phase: u64| {
            let sent = bodies(browsers(TARGET, phase), 1);
            sent[0].0["metrics"][0]["id"].to_string()
        };

        assert_ne!(id(1), id(2));
    }
}
