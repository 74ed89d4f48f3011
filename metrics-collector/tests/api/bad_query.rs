//! Times and values in queries: which range is meant, and what is wrong is a 400 that names the parameter.

use serde_json::{Value, json};
use shared::clock::{DAY_MS, HOUR_MS, Timestamp};

use crate::collector::{Collector, MINUTE_MS, at, counter, encoded, labelled, minutes_ago};

async fn assert_refused(collector: &Collector, path: &str, name: &str) {
    let reply = collector.api.get(path).await;

    assert_eq!(reply.status, 400, "{path}: {}", reply.text());
    let detail = reply.detail();
    assert!(detail.starts_with(&format!("{name}: ")), "{path}: {detail}");
    assert!(detail.len() < 300, "{path}: {detail}");
}

#[tokio::test]
async fn an_invalid_value_is_told_with_its_parameter() {
    let collector = Collector::start().await;
    collector.send(&[counter("jobs", 1.0)]).await;
    for (query, name) in [
        ("period=0s", "period"),
        ("period=1y", "period"),
        ("period=-1h", "period"),
        ("period=1.5h", "period"),
        ("period=h", "period"),
        ("period=1%20h", "period"),
        ("period=401d", "period"),
        ("period=99999999999999999999s", "period"),
        ("period=9223372036854775807w", "period"),
        ("period=1h&since=-1h", "period"),
        ("period=1h&until=now", "period"),
        ("since=yesterday", "since"),
        ("since=2026-13-01T00:00:00Z", "since"),
        ("since=2026-03-01", "since"),
        ("since=-15x", "since"),
        ("since=99999999999999999999", "since"),
        ("since=-1h&until=-2h", "since"),
        ("since=-1h&until=-1h", "since"),
        ("since=1970-01-01T00:00:00Z", "since"),
        ("since=0", "since"),
        ("until=15m", "until"),
        ("until=x", "until"),
    ] {
        assert_refused(&collector, &format!("/api/metrics?name=jobs&{query}"), name).await;
        assert_refused(&collector, &format!("/api/dashboard?{query}"), name).await;
    }
    for (query, name) in [
        ("", "name"),
        ("name=", "name"),
        ("period=1h", "name"),
        ("name=jobs&resolution=second", "resolution"),
        ("name=jobs&resolution=Minute", "resolution"),
        ("name=jobs&resolution=1m", "resolution"),
        ("name=jobs&type=timer", "type"),
        ("name=jobs&type=Counter", "type"),
        ("name=jobs&rate=yes", "rate"),
        ("name=jobs&rate=1", "rate"),
        ("name=jobs&labels=page", "labels"),
        ("name=jobs&labels=:x", "labels"),
        ("name=jobs&labels=a:b,c", "labels"),
    ] {
        assert_refused(&collector, &format!("/api/metrics?{query}"), name).await;
    }
    assert_refused(&collector, "/api/metrics/labels", "name").await;
    assert_refused(&collector, "/api/metrics/labels?name=jobs&type=x", "type").await;
}

#[tokio::test]
async fn strange_queries_are_answered_and_harm_nothing() {
    let collector = Collector::start().await;
    collector.send(&[counter("jobs", 1.0)]).await;
    let long = format!("name={}", "x".repeat(20_000));
    let many = "labels=a:b&".repeat(700);
    let groups = format!("name=jobs&group_by={}", "a,".repeat(3_000));
    let selectors = format!("name=jobs&labels={}", encoded(&"a:b,".repeat(1_000)));
    for query in [
        "%",
        "%zz=1",
        "&&&",
        "=",
        "name=%FF%FE",
        "name=%00",
        "name=jobs&name=other",
        "name=jobs&group_by=%00",
        "name=jobs&group_by=,,,",
        "name=jobs&labels=%5C",
        "name=jobs&labels=%5C%5C:%5C",
        "name='%3B+drop+table+metrics",
        "name=jobs&period=400d&resolution=minute",
        "name=jobs&period=400d",
        "name=jobs&since=-400d&until=-399d&resolution=minute",
        "name=jobs&since=now&until=9999-12-31T23:59:59Z",
        "name=jobs&until=1969-12-31T00:00:00Z",
        "name=jobs&until=0001-01-01T00:00:00Z",
        "name=jobs&unknown=1",
        &long,
        &many,
        &groups,
        &selectors,
    ] {
        for path in [
            "/api/metrics",
            "/api/metrics/names",
            "/api/metrics/labels",
            "/api/dashboard",
        ] {
            let reply = collector.api.get(&format!("{path}?{query}")).await;
            assert!(
                [200, 400].contains(&reply.status),
                "{path}?{query:.80}: {}",
                reply.status
            );
        }
    }
    assert_eq!(collector.total("name=jobs").await.0, 1);
}

/// What a reply says of its range: from, to, resolution, period.
async fn range(collector: &Collector, query: &str) -> (Timestamp, Timestamp, Value, Value) {
    let reply = collector.metric(&format!("name=jobs&{query}")).await;
    let time = |member: &str| reply[member].as_str().unwrap().parse().unwrap();
    (
        time("from"),
        time("to"),
        reply["resolution"].clone(),
        reply["period"].clone(),
    )
}

#[tokio::test]
async fn a_period_ends_now_and_auto_tells_minutes_up_to_a_day() {
    let collector = Collector::start().await;
    for (query, length, resolution, period) in [
        ("", DAY_MS, "minute", json!("24h")),
        ("period=90s", 90_000, "minute", json!("90s")),
        ("period=90", 90_000, "minute", json!("90")),
        ("period=15m", 15 * MINUTE_MS, "minute", json!("15m")),
        ("period=24h", DAY_MS, "minute", json!("24h")),
        ("period=1d&resolution=auto", DAY_MS, "minute", json!("1d")),
        ("period=25h", 25 * HOUR_MS, "hour", json!("25h")),
        ("period=30d", 30 * DAY_MS, "hour", json!("30d")),
        ("period=2w", 14 * DAY_MS, "hour", json!("2w")),
        ("period=15m&resolution=hour", 15 * MINUTE_MS, "hour", json!("15m")),
        ("period=7d&resolution=minute", 7 * DAY_MS, "minute", json!("7d")),
        ("since=-1h", HOUR_MS, "minute", Value::Null),
        ("since=-3d", 3 * DAY_MS, "hour", Value::Null),
    ] {
        let before = Timestamp::now();
        let (from, to, told, shown) = range(&collector, query).await;
        let after = Timestamp::now();

        assert!(before <= to && to <= after, "{query}: {to}");
        assert_eq!(to.millis() - from.millis(), length, "{query}");
        assert_eq!((told, shown), (json!(resolution), period), "{query}");
    }
}

#[tokio::test]
async fn a_range_has_the_ends_that_are_asked_for() {
    let collector = Collector::start().await;
    let (since, until) = (minutes_ago(50), minutes_ago(20).plus_millis(1_500));
    let shown = |at: Timestamp| encoded(&at.to_string());
    let with_offset = format!(
        "{}+02:00",
        since.plus_millis(2 * HOUR_MS).to_string().replace('Z', "")
    );
    for (query, from, to) in [
        (
            format!("since={}&until={}", shown(since), shown(until)),
            since,
            until,
        ),
        (
            format!("since={}&until={}", since.millis(), until.millis()),
            since,
            until,
        ),
        // A plus that nobody escaped.
        (
            format!("since={with_offset}&until={}", shown(until)),
            since,
            until,
        ),
        (
            format!("since={}&until={}", encoded(&with_offset), shown(until)),
            since,
            until,
        ),
        (
            format!("until={}", shown(until)),
            until.plus_millis(-DAY_MS),
            until,
        ),
    ] {
        let (found_from, found_to, _, period) = range(&collector, &query).await;
        assert_eq!((found_from, found_to, period), (from, to, Value::Null), "{query}");
    }
    // Minutes of that time are not kept.
    let (.., resolution, _) = range(&collector, "since=-73h&until=-72h").await;
    assert_eq!(resolution, "hour");
}

#[tokio::test]
async fn a_range_has_each_bucket_that_it_touches() {
    let collector = Collector::start().await;
    let start = minutes_ago(30);
    for minute in 0..5_i64 {
        collector
            .send(&[at(counter("jobs", 1.0), start.plus_millis(minute * MINUTE_MS))])
            .await;
    }
    for (since, until, count) in [
        (0, MINUTE_MS, 1),
        (0, MINUTE_MS + 1, 2),
        (59_999, MINUTE_MS, 1),
        (59_999, MINUTE_MS + 1, 2),
        (-MINUTE_MS, 0, 0),
        (0, 5 * MINUTE_MS, 5),
        (4 * MINUTE_MS, 9 * MINUTE_MS, 1),
        (5 * MINUTE_MS, 9 * MINUTE_MS, 0),
    ] {
        let query = format!(
            "name=jobs&since={}&until={}",
            start.plus_millis(since).millis(),
            start.plus_millis(until).millis()
        );
        assert_eq!(collector.total(&query).await.0, count, "{since} to {until}");
    }
}

#[tokio::test]
async fn more_rows_than_anybody_reads_are_refused_with_the_way_out() {
    const QUERY: &str = "name=jobs&group_by=host&period=2h";
    let collector = Collector::with(&[("MAX_BATCH", "10000"), ("MAX_BODY_SIZE", "8MiB")]).await;
    let start = minutes_ago(40);
    let send = async |minute: i64| {
        let points: Vec<Value> = (0..2_000)
            .map(|host| {
                let point = labelled(counter("jobs", 1.0), json!({"host": host}));
                at(point, start.plus_millis(minute * MINUTE_MS))
            })
            .collect();
        let reply = collector.post(&json!(points)).await;
        assert_eq!(reply, json!({"status": "accepted", "count": 2_000}));
    };
    for minute in 0..25 {
        send(minute).await;
    }
    let most = collector.metric(QUERY).await;
    let series = most["series"].as_array().unwrap();
    assert_eq!(series.len(), 2_000);
    assert!(
        series
            .iter()
            .all(|series| series["data"].as_array().unwrap().len() == 25)
    );
    send(25).await;

    assert_refused(&collector, &format!("/api/metrics?{QUERY}"), "group_by").await;
    let detail = collector.api.get(&format!("/api/metrics?{QUERY}")).await.detail();
    for way in ["50000 rows", "resolution=hour", "shorter range", "fewer labels"] {
        assert!(detail.contains(way), "{detail}");
    }
    let by_hour = collector.metric(&format!("{QUERY}&resolution=hour")).await;
    assert_eq!(by_hour["series"].as_array().unwrap().len(), 2_000);
    let narrow = collector.metric(&format!("{QUERY}&labels=host:7")).await;
    assert_eq!(narrow["series"][0]["data"].as_array().unwrap().len(), 26);
    assert_eq!(collector.total("name=jobs&period=2h").await.0, 52_000);
}
