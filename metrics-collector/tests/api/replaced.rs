//! `id`: a later value takes the place of an earlier one, so that one page view has one CLS.

use serde_json::{Value, json};

use crate::collector::{
    Collector, MINUTE_MS, at, counter, gauge, histogram, labelled, minutes_ago, number, with,
};

fn cls(id: &str, value: f64) -> Value {
    with(
        histogram("web_vitals_cls", value),
        json!({"id": id, "labels": {"page": "/"}}),
    )
}

#[tokio::test]
async fn the_cls_of_one_page_view_stays_one_value() {
    let collector = Collector::start().await;
    let start = minutes_ago(10);
    for (second, value) in [(0, 0.01), (10, 0.05), (20, 0.3), (30, 0.3), (200, 0.2)] {
        collector
            .send(&[at(cls("view-1", value), start.plus_millis(second * 1_000))])
            .await;
    }
    collector.send(&[at(cls("view-2", 0.05), start)]).await;

    let rows = collector.rows("name=web_vitals_cls").await;
    let vitals = &collector.get("/api/dashboard").await["web_vitals"];

    let values: Vec<(u64, f64)> = rows
        .iter()
        .map(|row| (row["count"].as_u64().unwrap(), number(&row["sum"])))
        .collect();
    assert_eq!(values, [(1, 0.05), (1, 0.2)]);
    assert_eq!(vitals["summary"]["cls"]["count"], 2);
    assert_eq!(vitals["by_page"][0]["page_views"], 2);
}

#[tokio::test]
async fn a_replaced_value_is_taken_out_of_a_minute_that_was_rolled_up() {
    let collector = Collector::with(&[("AGGREGATION_INTERVAL", "1")]).await;
    let (first, second) = (minutes_ago(20), minutes_ago(10));
    collector
        .send(&[at(cls("view-1", 0.5), first), at(cls("view-2", 0.1), first)])
        .await;
    collector.is_settled().await;

    collector.send(&[at(cls("view-1", 0.2), second)]).await;
    for round in ["before the next rollup", "after it"] {
        let rows = collector.rows("name=web_vitals_cls").await;
        let values: Vec<f64> = rows.iter().map(|row| number(&row["sum"])).collect();
        assert_eq!(values, [0.1, 0.2], "{round}");
        collector.is_settled().await;
    }

    // The last value of the first minute goes too, and the minute with it.
    collector.send(&[at(cls("view-2", 0.3), second)]).await;
    collector.is_settled().await;
    let rows = collector.rows("name=web_vitals_cls").await;
    assert_eq!((rows.len(), &rows[0]["count"]), (1, &json!(2)));
    assert_eq!(rows[0]["bucket"], second.to_string());
}

#[tokio::test]
async fn what_comes_late_replaces_nothing_that_is_newer() {
    let collector = Collector::start().await;
    let start = minutes_ago(10);
    collector
        .send(&[at(cls("view", 0.3), start.plus_millis(2 * MINUTE_MS))])
        .await;
    collector.send(&[at(cls("view", 0.1), start)]).await;

    assert_eq!(collector.total("name=web_vitals_cls").await, (1, 0.3));
}

#[tokio::test]
async fn a_batch_may_hold_several_values_of_one_id() {
    let collector = Collector::start().await;
    let then = minutes_ago(3);
    collector
        .send(&[
            at(cls("view", 0.1), then),
            at(cls("view", 0.2), then),
            at(cls("view", 0.25), then),
        ])
        .await;

    assert_eq!(collector.total("name=web_vitals_cls").await, (1, 0.25));
}

#[tokio::test]
async fn an_id_is_one_within_its_series() {
    let collector = Collector::start().await;
    let then = minutes_ago(3);
    let point = |value: f64, labels: Value| at(labelled(cls("view", value), labels), then);
    collector
        .send(&[
            point(0.125, json!({"page": "/"})),
            point(0.25, json!({"page": "/cart"})),
            with(
                point(0.5, json!({"page": "/"})),
                json!({"name": "web_vitals_inp"}),
            ),
            with(point(1.0, json!({"page": "/"})), json!({"project": "shop"})),
            with(point(2.0, json!({"page": "/"})), json!({"id": 7})),
            with(point(4.0, json!({"page": "/"})), json!({"id": "7"})),
            with(point(8.0, json!({"page": "/"})), json!({"id": ""})),
            with(point(8.0, json!({"page": "/"})), json!({"id": null})),
        ])
        .await;

    // The number and the text are the same id; no id is none.
    assert_eq!(
        collector.total("name=web_vitals_cls").await,
        (6, 0.125 + 0.25 + 1.0 + 4.0 + 16.0)
    );
    assert_eq!(collector.total("name=web_vitals_inp").await, (1, 0.5));
}

#[tokio::test]
async fn an_id_outlives_a_restart() {
    let collector = Collector::start().await;
    let start = minutes_ago(10);
    collector.send(&[at(cls("view", 0.125), start)]).await;

    let collector = collector.restarted_with(&[]).await;
    collector
        .send(&[at(cls("view", 0.25), start.plus_millis(MINUTE_MS))])
        .await;

    assert_eq!(collector.total("name=web_vitals_cls").await, (1, 0.25));
}

#[tokio::test]
async fn only_values_of_a_histogram_can_be_replaced() {
    let collector = Collector::start().await;
    let reply = collector
        .post(&json!([
            with(counter("jobs", 1.0), json!({"id": "a"})),
            with(gauge("load", 1.0), json!({"id": "a"})),
            cls("a", 1.0),
            cls(&"x".repeat(10_000), 1.0),
            with(histogram("x", 1.0), json!({"id": ["a"]})),
        ]))
        .await;

    assert_eq!(reply["count"], 2);
    let details: Vec<&str> = reply["rejected"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rejected| rejected["detail"].as_str().unwrap())
        .collect();
    assert_eq!(
        details[..2],
        ["id: only values of a histogram can be replaced"; 2]
    );
    assert!(details[2].starts_with("id: "), "{details:?}");
}
