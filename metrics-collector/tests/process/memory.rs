//! What pages cost in memory when there are ten thousand series.

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::testing::Process;

use crate::setup::program;

const SERIES: usize = 10_000;
const BATCH: usize = 1_000;
/// Values of each series, of sizes that fill their distributions.
const VALUES: usize = 12;
/// A page that gathered all distributions at once would take 30 MB, and ten pages ten times as much.
const MOST_GROWTH_KB: u64 = 16 * 1_024;

fn point(series: usize, value: usize) -> Value {
    let endpoint = format!("/api/items/{}", series / 2);
    if series.is_multiple_of(2) {
        let seconds = 0.001 * 1.4_f64.powi(((value * 7 + series) % VALUES) as i32);
        json!({"name": "http_request_duration_seconds", "type": "histogram", "value": seconds,
               "labels": {"endpoint": endpoint, "method": "GET"}})
    } else {
        json!({"name": "http_requests_total", "type": "counter", "value": 1,
               "labels": {"endpoint": endpoint, "method": "GET", "status": 200}})
    }
}

/// A figure of `/proc/PID/status`, in kilobytes.
fn status_kb(process_id: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process_id}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    let number = line.trim_start_matches(':').split_whitespace().next().unwrap();
    number.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_pages_at_once_over_ten_thousand_series_take_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    // Nothing is rolled up, which is the dearest to read.
    let collector: Process = program(folder.path())
        .with("AGGREGATION_INTERVAL", 3_600)
        .start()
        .await;
    let api = collector.api();
    for value in 0..VALUES {
        for first in (0..SERIES).step_by(BATCH) {
            let points: Vec<Value> = (first..first + BATCH)
                .map(|series| point(series, value))
                .collect();
            assert_eq!(api.post_json("/api/metrics", &json!(points)).await.status, 202);
        }
    }
    // What is read of the binary for the first time is not what pages take.
    assert_eq!(api.get("/api/dashboard").await.status, 200);
    let id = collector.id();
    std::fs::write(format!("/proc/{id}/clear_refs"), "5").unwrap();
    let before_kb = status_kb(id, "VmHWM");

    let pages = [
        "/api/dashboard?period=24h",
        "/api/dashboard?period=1h",
        "/api/dashboard?period=15m",
        "/api/dashboard?period=30d",
        "/api/metrics?name=http_request_duration_seconds&period=15m",
        "/api/metrics?name=http_request_duration_seconds&period=15m&group_by=endpoint",
        "/api/metrics?name=http_requests_total&period=1h&group_by=status",
        "/api/metrics?name=http_request_duration_seconds&labels=endpoint:/api/items/7",
        "/api/metrics/names",
        "/api/metrics/labels?name=http_request_duration_seconds",
    ];
    let replies = join_all(pages.iter().map(|page| api.get(page))).await;

    let growth_kb = status_kb(id, "VmHWM") - before_kb;
    for (page, reply) in pages.iter().zip(&replies) {
        // On a machine that is slow enough the last ones have waited too long.
        assert!([200, 503].contains(&reply.status), "{page}: {}", reply.text());
    }
    let answered = replies.iter().filter(|reply| reply.status == 200).count();
    assert!(answered >= pages.len() / 2, "{answered}");
    let dashboard = api.get("/api/dashboard").await.json();
    assert_eq!(dashboard["summary"]["total_datapoints"], json!(SERIES * VALUES));
    assert!(growth_kb < MOST_GROWTH_KB, "{growth_kb} KB");
}
