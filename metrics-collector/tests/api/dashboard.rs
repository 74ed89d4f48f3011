//! `GET /api/dashboard`: requests and top metrics, each number beside what was posted.

use serde_json::{Value, json};
use shared::clock::{DAY_MS, Timestamp};

use crate::collector::{
    Collector, MINUTE_MS, at, counter, gauge, histogram, hours_ago, labelled, minutes_ago, number, with,
};

const COUNTS: &str = "http_requests_total";
const DURATIONS: &str = "http_request_duration_seconds";

/// A request as a client library reports it: one of each metric.
fn request(endpoint: &str, method: &str, status: u16, seconds: f64, then: Timestamp) -> [Value; 2] {
    let labels = json!({"endpoint": endpoint, "method": method, "status": status});
    let timed = json!({"endpoint": endpoint, "method": method});
    [
        at(labelled(counter(COUNTS, 1.0), labels), then),
        at(labelled(histogram(DURATIONS, seconds), timed), then),
    ]
}

fn assert_close(found: &Value, expected: f64) {
    let found = number(found);
    assert!(
        (found - expected).abs() <= 0.01 * expected.abs() + 1e-12,
        "{found} is not {expected}"
    );
}

/// Requests of two minutes: 90 fast reads, 8 slow ones of which 2 fail, and 2 that fail otherwise.
async fn shop(collector: &Collector, then: Timestamp) {
    let mut points = Vec::new();
    for number in 0..90 {
        points.extend(request(
            "/",
            "GET",
            200,
            0.01 + f64::from(number) / 10_000.0,
            then,
        ));
    }
    let next = then.plus_millis(MINUTE_MS);
    for number in 0..8 {
        let status = if number < 2 { 503 } else { 201 };
        points.extend(request("/cart", "POST", status, 1.0 + f64::from(number), next));
    }
    points.extend(request("/cart", "GET", 500, 0.5, next));
    points.extend(request("/cart", "GET", 404, 0.5, next));
    collector.send(&points).await;
}

#[tokio::test]
async fn requests_are_counted_by_bucket() {
    let collector = Collector::start().await;
    let then = minutes_ago(10);
    shop(&collector, then).await;

    let dashboard = collector.get("/api/dashboard?period=1h").await;

    let buckets = dashboard["requests"]["timeseries"].as_array().unwrap();
    assert_eq!(buckets.len(), 2, "{buckets:?}");
    let (first, second) = (&buckets[0], &buckets[1]);
    assert_eq!(first["bucket"], then.to_string());
    assert_eq!(second["bucket"], then.plus_millis(MINUTE_MS).to_string());
    assert_eq!(
        (
            &first["count"],
            &first["rate"],
            &first["errors"],
            &first["error_rate"]
        ),
        (&json!(90.0), &json!(1.5), &json!(0.0), &json!(0.0))
    );
    assert_eq!(
        (&second["count"], &second["errors"], &second["error_rate"]),
        (&json!(10.0), &json!(3.0), &json!(0.3))
    );
    assert_close(&second["rate"], 10.0 / 60.0);
    // Of 90 values from 0.01 on: the 45th, 86th and 90th.
    for (name, expected) in [("p50", 0.0144), ("p95", 0.0185), ("p99", 0.0189)] {
        assert_close(&first[name], expected);
    }
    for (name, expected) in [("p50", 3.0), ("p95", 8.0), ("p99", 8.0)] {
        assert_close(&second[name], expected);
    }
}

#[tokio::test]
async fn endpoints_come_with_the_heaviest_first() {
    let collector = Collector::start().await;
    shop(&collector, minutes_ago(10)).await;

    let dashboard = collector.get("/api/dashboard?period=1h").await;

    let endpoints = dashboard["requests"]["endpoints"].as_array().unwrap();
    let expected = [
        ("/cart", "POST", 8.0, 0.25, 8.0),
        ("/", "GET", 90.0, 0.0, 0.0185),
        ("/cart", "GET", 2.0, 0.5, 0.5),
    ];
    assert_eq!(endpoints.len(), expected.len());
    for (found, (endpoint, method, count, error_rate, p95)) in endpoints.iter().zip(expected) {
        assert_eq!(
            (&found["endpoint"], &found["method"]),
            (&json!(endpoint), &json!(method))
        );
        assert_eq!(
            (&found["count"], &found["error_rate"]),
            (&json!(count), &json!(error_rate))
        );
        assert_close(&found["p95"], p95);
        // The hour's first minute is there as a whole, and the running one as far as it is over.
        assert!(
            (count / 3_670.0..=count / 3_599.0).contains(&number(&found["rate"])),
            "{found}"
        );
    }
}

#[tokio::test]
async fn an_error_is_a_status_of_5xx() {
    let collector = Collector::start().await;
    let then = minutes_ago(5);
    for (status, value) in [
        (json!(500), 1.0),
        (json!("503"), 2.0),
        (json!(599), 4.0),
        (json!(499), 8.0),
        (json!(200), 16.0),
        (json!("5xx"), 32.0),
        (json!(50), 64.0),
        (json!(5000), 128.0),
        (Value::Null, 256.0),
    ] {
        let point = at(labelled(counter(COUNTS, value), json!({"status": status})), then);
        collector.send(&[point]).await;
    }

    let dashboard = collector.get("/api/dashboard").await;

    let bucket = &dashboard["requests"]["timeseries"][0];
    assert_eq!(
        (&bucket["count"], &bucket["errors"]),
        (&json!(511.0), &json!(39.0))
    );
}

#[tokio::test]
async fn top_metrics_are_those_with_the_most_points() {
    let collector = Collector::start().await;
    let mut points = vec![gauge("load", 2.5); 3];
    points.extend(vec![with(counter("jobs", 4.0), json!({"project": "shop"})); 2]);
    points.extend(vec![counter("jobs", 1.0); 2]);
    points.push(histogram("jobs", 7.0));
    collector.send(&points).await;

    let dashboard = collector.get("/api/dashboard").await;

    assert_eq!(
        dashboard["summary"],
        json!({"total_datapoints": 8, "distinct_metrics": 3})
    );
    assert_eq!(
        dashboard["top_metrics"],
        json!([
            {"name": "jobs", "type": "counter", "count": 4, "total": 10.0},
            {"name": "load", "type": "gauge", "count": 3, "total": 7.5},
            {"name": "jobs", "type": "histogram", "count": 1, "total": 7.0},
        ])
    );
}

#[tokio::test]
async fn the_project_and_the_period_are_those_that_are_asked_for() {
    let collector = Collector::start().await;
    let of = |project: &str, then: Timestamp| {
        request("/", "GET", 500, 1.0, then).map(|point| with(point, json!({"project": project})))
    };
    collector.send(&of("a", minutes_ago(5))).await;
    collector.send(&of("b", minutes_ago(5))).await;
    collector.send(&of("b", hours_ago(10))).await;
    collector
        .send(&of("b", Timestamp::now().plus_millis(-10 * DAY_MS)))
        .await;
    for (query, points, requests, resolution) in [
        ("", 6, 3.0, "minute"),
        ("period=1h", 4, 2.0, "minute"),
        ("period=30d", 8, 4.0, "hour"),
        ("period=30d&project=a", 2, 1.0, "hour"),
        ("period=30d&project=b", 6, 3.0, "hour"),
        ("period=1h&project=b", 2, 1.0, "minute"),
        ("since=-12h&until=-2h", 2, 1.0, "minute"),
    ] {
        let dashboard = collector.get(&format!("/api/dashboard?{query}")).await;

        assert_eq!(dashboard["summary"]["total_datapoints"], points, "{query}");
        assert_eq!(dashboard["resolution"], resolution, "{query}");
        let requests_of = |list: &Value| -> f64 {
            list.as_array()
                .unwrap()
                .iter()
                .map(|item| number(&item["count"]))
                .sum()
        };
        assert_eq!(
            requests_of(&dashboard["requests"]["timeseries"]),
            requests,
            "{query}"
        );
        assert_eq!(
            requests_of(&dashboard["requests"]["endpoints"]),
            requests,
            "{query}"
        );
    }
    let unknown = collector.api.get("/api/dashboard?project=none").await;
    assert_eq!(
        (unknown.status, unknown.detail().as_str()),
        (404, "no such project")
    );
}

#[tokio::test]
async fn durations_alone_count_requests_too() {
    let collector = Collector::start().await;
    let then = minutes_ago(5);
    for (endpoint, seconds) in [("/", 0.5), ("/", 1.5), ("/cart", 2.5)] {
        let point = labelled(histogram(DURATIONS, seconds), json!({"endpoint": endpoint}));
        collector.send(&[at(point, then)]).await;
    }

    let requests = collector.get("/api/dashboard").await["requests"].clone();

    assert_eq!(
        (
            &requests["timeseries"][0]["count"],
            &requests["timeseries"][0]["errors"]
        ),
        (&json!(3.0), &json!(0.0))
    );
    assert_eq!(requests["endpoints"][0]["endpoint"], "/");
    assert_eq!(
        (
            &requests["endpoints"][0]["method"],
            &requests["endpoints"][0]["count"]
        ),
        (&json!(""), &json!(2.0))
    );
}

#[tokio::test]
async fn the_overview_is_the_same_whatever_is_rolled_up() {
    let collector = Collector::start().await;
    // All of it lies in hours that are over, and so does the range.
    let start = hours_ago(4);
    for hour in 0..3 {
        shop(&collector, start.plus_millis(hour * 3_600_000)).await;
    }
    let path = format!("/api/dashboard?since={start}&until={}", hours_ago(0));
    let overview = async |collector: &Collector| {
        let mut dashboard = collector.get(&path).await;
        // These may be exact before the points are gone.
        for list in ["timeseries", "endpoints"] {
            for item in dashboard["requests"][list].as_array_mut().unwrap() {
                for percentile in ["p50", "p95", "p99"] {
                    item.as_object_mut().unwrap().remove(percentile);
                }
            }
        }
        dashboard
    };
    let before = overview(&collector).await;

    let collector = collector.restarted_with(&[("AGGREGATION_INTERVAL", "1")]).await;
    collector.is_settled().await;

    assert_eq!(overview(&collector).await, before);
    assert_eq!(before["summary"]["total_datapoints"], 600);
}

#[tokio::test]
async fn the_heaviest_endpoints_are_found_among_many() {
    const ENDPOINTS: usize = 1_300;
    let collector = Collector::start().await;
    let then = minutes_ago(10);
    // Those with the longest times are heavy for their p95 alone: on average they are the fastest.
    let seconds = |number: usize, value: usize| match (number % 13, value) {
        (0, 9) => 10.0 + number as f64 / 100.0,
        (0, _) => 0.001,
        _ => 1.5,
    };
    for first in (0..ENDPOINTS).step_by(50) {
        let mut points = Vec::new();
        for number in first..ENDPOINTS.min(first + 50) {
            for value in 0..10 {
                points.push(request(
                    &format!("/{number:04}"),
                    "GET",
                    200,
                    seconds(number, value),
                    then,
                ));
            }
        }
        collector.send(points.as_flattened()).await;
    }

    let dashboard = collector.get("/api/dashboard?period=1h").await;

    let endpoints = dashboard["requests"]["endpoints"].as_array().unwrap();
    let found: Vec<&str> = endpoints
        .iter()
        .map(|one| one["endpoint"].as_str().unwrap())
        .collect();
    let expected: Vec<String> = (0..100)
        .rev()
        .map(|number| format!("/{:04}", number * 13))
        .collect();
    assert_eq!(found.len(), 100);
    // Those whose times are nearer than a distribution tells them apart may stand either way round.
    for (found, expected) in found.iter().zip(&expected) {
        let number = |endpoint: &str| endpoint[1..].parse::<f64>().unwrap();
        assert!(
            (number(found) - number(expected)).abs() <= 39.0,
            "{found} is not {expected}"
        );
    }
    assert_close(&endpoints[0]["p95"], 10.0 + 1_287.0 / 100.0);
    assert_eq!(endpoints[0]["count"], 10.0);
}
