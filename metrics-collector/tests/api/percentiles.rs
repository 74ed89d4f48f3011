//! Percentiles: exact by nearest rank while the values are at hand, else from a sketch that is near enough.

use serde_json::{Value, json};
use shared::testing::Chance;

use crate::collector::{
    Collector, MINUTE_MS, at, counter, gauge, histogram, hours_ago, labelled, minutes_ago, number,
};

const NAMES: [(&str, usize); 3] = [("p50", 50), ("p95", 95), ("p99", 99)];

/// The value at the rank ⌈p·n⌉.
fn nearest_rank(sorted: &[f64], percent: usize) -> f64 {
    sorted[(percent * sorted.len()).div_ceil(100) - 1]
}

fn assert_exact(row: &Value, mut values: Vec<f64>) {
    values.sort_by(f64::total_cmp);
    assert_eq!(row["exact"], true, "{row}");
    for (name, percent) in NAMES {
        let expected = nearest_rank(&values, percent);
        assert_eq!(number(&row[name]), expected, "{name} of {} values", values.len());
    }
}

/// Within one percent of the true one.
fn assert_near(row: &Value, mut values: Vec<f64>) {
    values.sort_by(f64::total_cmp);
    assert_eq!(row["exact"], false, "{row}");
    for (name, percent) in NAMES {
        let (found, expected) = (number(&row[name]), nearest_rank(&values, percent));
        assert!(
            (found - expected).abs() <= 0.01 * expected.abs(),
            "{name}: {found} is not near {expected}"
        );
    }
}

#[tokio::test]
async fn a_minute_tells_the_nearest_rank_of_its_values() {
    let collector = Collector::start().await;
    for count in [1, 2, 3, 19, 20, 21, 99, 100, 101, 200, 999] {
        let name = format!("wait_{count}");
        // From high to low, so that no order is taken for granted.
        let values: Vec<f64> = (1..=count).rev().map(f64::from).collect();
        let then = minutes_ago(5);
        let points: Vec<Value> = values
            .iter()
            .map(|value| at(histogram(&name, *value), then))
            .collect();
        collector.send(&points).await;

        let row = &collector.rows(&format!("name={name}")).await[0];

        assert_exact(row, values);
    }
}

#[tokio::test]
async fn a_minute_stays_exact_when_it_is_rolled_up_and_over_all_label_sets() {
    let collector = Collector::with(&[("AGGREGATION_INTERVAL", "1")]).await;
    let mut chance = Chance::new();
    let then = minutes_ago(10);
    let mut values = Vec::new();
    let mut points = Vec::new();
    for number in 0..3_000 {
        let value = chance.within(1, 1_000_000) as f64 / 1_000.0 - 200.0;
        values.push(value);
        points.push(at(
            labelled(histogram("wait", value), json!({"route": number % 7})),
            then,
        ));
    }
    collector.send(&points).await;
    let running = collector.rows("name=wait").await;
    collector.is_settled().await;

    let settled = collector.rows("name=wait").await;

    assert_eq!(running, settled);
    assert_exact(&settled[0], values.clone());
    let of_one = values.iter().skip(3).step_by(7).copied().collect();
    assert_exact(&collector.rows("name=wait&labels=route:3").await[0], of_one);
}

#[tokio::test]
async fn an_hour_and_a_merge_of_label_sets_are_told_from_sketches() {
    let collector = Collector::with(&[("RETENTION_RAW", "1d"), ("AGGREGATION_INTERVAL", "1")]).await;
    let mut chance = Chance::new();
    let hour = hours_ago(2);
    let (mut all, mut of_two, mut points) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..6_000 {
        // From a tenth of a millisecond to a minute.
        let value = 10_f64.powf(chance.within(0, 6_000) as f64 / 1_000.0 - 4.0);
        let (route, kind) = (number % 4, if number % 4 < 2 { "a" } else { "b" });
        all.push(value);
        if kind == "a" {
            of_two.push(value);
        }
        let point = labelled(histogram("wait", value), json!({"route": route, "kind": kind}));
        points.push(at(point, hour.plus_millis(number / 100 * MINUTE_MS)));
    }
    collector.send(&points).await;
    collector.is_settled().await;

    let query = format!("name=wait&since={}&until={}", hour, hour.plus_millis(1));
    let row = &collector.rows(&format!("{query}&resolution=hour")).await[0];
    assert_eq!(row["count"], 6_000);
    assert_near(row, all);
    let row = &collector
        .rows(&format!("{query}&resolution=hour&labels=kind:a"))
        .await[0];
    assert_eq!(row["count"], 3_000);
    assert_near(row, of_two.clone());
    // Of the minute the label sets are merged too.
    let row = &collector.rows(&format!("{query}&labels=kind:a")).await[0];
    assert_eq!(row["exact"], false);
    assert_eq!(row["count"], 50);
}

#[tokio::test]
async fn percentiles_are_of_all_values_and_no_average_of_percentiles() {
    let collector = Collector::with(&[("RETENTION_RAW", "1d")]).await;
    let hour = hours_ago(1);
    // Many fast ones in one minute, one slow one in each other minute.
    let mut points = vec![at(histogram("wait", 1.0), hour); 900];
    points.extend((1..60).map(|minute| at(histogram("wait", 100.0), hour.plus_millis(minute * MINUTE_MS))));
    collector.send(&points).await;

    let query = format!(
        "name=wait&resolution=hour&since={}&until={}",
        hour,
        hour.plus_millis(1)
    );
    let row = &collector.rows(&query).await[0];

    assert!((number(&row["p50"]) - 1.0).abs() < 0.01, "{row}");
    assert!((number(&row["p95"]) - 100.0).abs() < 1.0, "{row}");
}

#[tokio::test]
async fn values_of_any_sign_and_size_have_percentiles() {
    let collector = Collector::with(&[("RETENTION_RAW", "1d")]).await;
    let hour = hours_ago(1);
    let values = [
        -1e300, -1e9, -1.0, -1e-300, 0.0, 0.0, 5e-324, 1e-9, 1.0, 1e9, 1e308,
    ];
    let points: Vec<Value> = (0..)
        .zip(values)
        .map(|(minute, value)| at(histogram("odd", value), hour.plus_millis(minute * MINUTE_MS)))
        .collect();
    collector.send(&points).await;

    let query = format!(
        "name=odd&resolution=hour&since={}&until={}",
        hour,
        hour.plus_millis(1)
    );
    let row = &collector.rows(&query).await[0];

    assert_eq!((number(&row["min"]), number(&row["max"])), (-1e300, 1e308));
    assert_eq!(number(&row["p50"]), 0.0, "{row}");
    assert!((number(&row["p99"]) / 1e308 - 1.0).abs() <= 0.01, "{row}");
}

#[tokio::test]
async fn counters_and_gauges_have_none() {
    let collector = Collector::start().await;
    collector.send(&[counter("jobs", 1.0), gauge("load", 2.0)]).await;
    for name in ["jobs", "load"] {
        for resolution in ["minute", "hour"] {
            let row = &collector
                .rows(&format!("name={name}&resolution={resolution}"))
                .await[0];
            for percentile in ["p50", "p95", "p99"] {
                assert_eq!(row[percentile], Value::Null, "{name}");
            }
            assert_eq!(row["last"].is_null(), name == "jobs", "{name}");
        }
    }
}

#[tokio::test]
async fn beyond_sixty_five_thousand_values_a_minute_is_told_from_its_sketch() {
    let collector = Collector::with(&[("MAX_BATCH", "10000"), ("MAX_BODY_SIZE", "8MiB")]).await;
    let then = minutes_ago(3);
    let mut values = Vec::new();
    for part in 0..7_u32 {
        let part: Vec<f64> = (1..=10_000)
            .map(|number| f64::from(part * 10_000 + number))
            .collect();
        let points: Vec<Value> = part
            .iter()
            .map(|value| at(histogram("wait", *value), then))
            .collect();
        let reply = collector.post(&json!(points)).await;
        assert_eq!(reply["count"], 10_000);
        values.extend(part);
        if values.len() == 60_000 {
            assert_exact(&collector.rows("name=wait").await[0], values.clone());
        }
    }

    let row = &collector.rows("name=wait").await[0];

    assert_eq!((&row["count"], number(&row["max"])), (&json!(70_000), 70_000.0));
    assert_near(row, values);
}
