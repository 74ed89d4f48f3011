//! When a point was: the forms of its time, and how far it may be from now.

use serde_json::{Value, json};
use shared::clock::{DAY_MS, HOUR_MS, Timestamp};

use crate::collector::{Collector, MINUTE_MS, at, counter, encoded, hours_ago, minutes_ago, with};

/// The buckets that have something between these times.
async fn buckets(collector: &Collector, since: Timestamp, until: Timestamp, resolution: &str) -> Vec<String> {
    let rows = collector
        .rows(&format!(
            "name=jobs&since={since}&until={until}&resolution={resolution}"
        ))
        .await;
    rows.iter()
        .map(|row| row["bucket"].as_str().unwrap().to_owned())
        .collect()
}

fn timed(timestamp: Value) -> Value {
    with(counter("jobs", 1.0), json!({"timestamp": timestamp}))
}

#[tokio::test]
async fn a_time_is_read_in_each_of_its_forms() {
    let collector = Collector::start().await;
    let minute = minutes_ago(5);
    let millis = minute.millis();
    let text = minute.to_string();
    let seconds = text.replace(".000Z", "");
    for timestamp in [
        json!(millis),
        json!(millis + 59_999),
        json!(millis as f64 + 0.75),
        json!(text),
        json!(format!("{seconds}Z")),
        json!(format!("{seconds}.999Z")),
        json!(format!("{seconds}.123456789Z")),
        json!(format!("{seconds}+00:00")),
        json!(format!(
            "{}+02:00",
            minute.plus_millis(2 * HOUR_MS).to_string().replace(".000Z", "")
        )),
        json!(format!(
            "{}-05:30",
            minute
                .plus_millis(-HOUR_MS * 11 / 2)
                .to_string()
                .replace(".000Z", "")
        )),
    ] {
        collector.send(&[timed(timestamp.clone())]).await;
    }

    let rows = collector.rows("name=jobs").await;

    assert_eq!((rows.len(), &rows[0]["count"]), (1, &json!(10)));
    assert_eq!(rows[0]["bucket"], text);
}

#[tokio::test]
async fn a_point_without_a_time_is_of_now() {
    let collector = Collector::start().await;
    let before = Timestamp::now();
    collector.send(&[counter("jobs", 1.0), timed(Value::Null)]).await;
    let after = Timestamp::now();

    let rows = collector.rows("name=jobs&period=5m").await;

    for row in &rows {
        let bucket: Timestamp = row["bucket"].as_str().unwrap().parse().unwrap();
        assert!(
            before.plus_millis(-MINUTE_MS) < bucket && bucket <= after,
            "{bucket}"
        );
    }
    assert_eq!(collector.total("name=jobs&period=5m").await.0, 2);
}

#[tokio::test]
async fn boundaries_belong_to_what_begins_there() {
    let collector = Collector::with(&[("RETENTION_RAW", "1d")]).await;
    let hour = hours_ago(2);
    for offset in [-1, 0, 999, 59_999, 60_000, HOUR_MS - 1, HOUR_MS] {
        collector
            .send(&[at(counter("jobs", 1.0), hour.plus_millis(offset))])
            .await;
    }
    let (since, until) = (hour.plus_millis(-HOUR_MS), hour.plus_millis(2 * HOUR_MS));
    let shown = |offsets: &[i64]| -> Vec<String> {
        offsets
            .iter()
            .map(|offset| hour.plus_millis(*offset).to_string())
            .collect()
    };

    assert_eq!(
        buckets(&collector, since, until, "minute").await,
        shown(&[-MINUTE_MS, 0, MINUTE_MS, HOUR_MS - MINUTE_MS, HOUR_MS])
    );
    assert_eq!(
        buckets(&collector, since, until, "hour").await,
        shown(&[-HOUR_MS, 0, HOUR_MS])
    );
}

#[tokio::test]
async fn a_clock_may_be_ten_minutes_ahead_and_not_more() {
    let collector = Collector::start().await;
    let ahead = |millis: i64| Timestamp::now().plus_millis(millis);
    collector
        .send(&[at(counter("jobs", 1.0), ahead(10 * MINUTE_MS))])
        .await;

    let reply = collector
        .post(&json!([
            counter("jobs", 1.0),
            at(counter("jobs", 1.0), ahead(11 * MINUTE_MS)),
            timed(json!("2100-01-01T00:00:00Z")),
            timed(json!("9999-12-30T00:00:00Z")),
            timed(json!(253_402_300_799_999_i64)),
            timed(json!(u64::MAX)),
            timed(json!(1e300)),
        ]))
        .await;

    assert_eq!(reply["count"], 1);
    let rejected = reply["rejected"].as_array().unwrap();
    assert_eq!(rejected.len(), 6, "{reply}");
    for rejected in rejected {
        assert_eq!(
            rejected["detail"],
            "timestamp: is more than 10 minutes ahead of the collector's clock"
        );
    }
    // It is not of the past yet, and it is there when one asks for it.
    assert_eq!(collector.total("name=jobs&period=1h").await.0, 1);
    let until = encoded(&ahead(20 * MINUTE_MS).to_string());
    assert_eq!(
        collector
            .total(&format!("name=jobs&since=-1h&until={until}"))
            .await
            .0,
        2
    );
}

#[tokio::test]
async fn what_is_older_than_the_hours_is_refused() {
    let collector = Collector::start().await;
    let now = Timestamp::now();
    let within = now.plus_millis(-30 * DAY_MS + HOUR_MS);
    collector.send(&[at(counter("jobs", 1.0), within)]).await;

    let reply = collector
        .post(&json!([
            counter("jobs", 1.0),
            at(counter("jobs", 1.0), now.plus_millis(-30 * DAY_MS - HOUR_MS)),
            timed(json!("1970-01-01T00:00:00Z")),
            timed(json!(0)),
            timed(json!(-1)),
            timed(json!(i64::MIN)),
            timed(json!(-1e300)),
            timed(json!("0001-01-01T00:00:00Z")),
            // Seconds where milliseconds are meant.
            timed(json!(now.millis() / 1_000)),
        ]))
        .await;

    assert_eq!(reply["count"], 1);
    let rejected = reply["rejected"].as_array().unwrap();
    assert_eq!(rejected.len(), 8, "{reply}");
    for rejected in rejected {
        let detail = rejected["detail"].as_str().unwrap();
        assert!(
            detail.starts_with("timestamp: is older than what is kept, which begins at "),
            "{detail}"
        );
    }
    assert_eq!(collector.total("name=jobs&period=31d").await.0, 2);
}

#[tokio::test]
async fn shorter_hours_refuse_earlier() {
    let collector = Collector::with(&[
        ("RETENTION_RAW", "60"),
        ("RETENTION_MINUTE", "2h"),
        ("RETENTION_HOURLY", "4h"),
    ])
    .await;
    let reply = collector
        .post(&json!([
            at(counter("jobs", 1.0), hours_ago(1)),
            at(counter("jobs", 1.0), hours_ago(2)),
            at(counter("jobs", 1.0), hours_ago(5)),
        ]))
        .await;

    assert_eq!(
        (&reply["count"], &reply["rejected"][0]["index"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(collector.total("name=jobs&resolution=hour&period=1d").await.0, 2);
}

#[tokio::test]
async fn what_is_no_time_is_told() {
    let collector = Collector::start().await;
    for timestamp in [
        json!(""),
        json!("now"),
        json!("yesterday"),
        json!("2026-03-01"),
        json!("2026-03-01T12:00:00"),
        json!("2026-02-30T12:00:00Z"),
        json!("2026-03-01T25:00:00Z"),
        json!("1772366400000"),
        json!(true),
        json!([]),
        json!({}),
    ] {
        let points = json!([counter("jobs", 1.0), timed(timestamp.clone())]);

        let reply = collector.post(&points).await;

        let detail = reply["rejected"][0]["detail"].as_str().unwrap();
        assert!(detail.starts_with("timestamp: "), "{timestamp}: {detail}");
        assert!(
            detail.contains("RFC 3339") && detail.contains("milliseconds"),
            "{detail}"
        );
    }
}

#[tokio::test]
async fn points_of_each_tier_meet_in_their_hour() {
    let collector = Collector::with(&[("AGGREGATION_INTERVAL", "1")]).await;
    let hours: Vec<Timestamp> = [1, 5, 30, 24 * 20].map(hours_ago).into();
    for round in 0..3 {
        for hour in &hours {
            let points: Vec<Value> = (0..60)
                .map(|minute| at(counter("jobs", 1.0), hour.plus_millis(minute * MINUTE_MS + round)))
                .collect();
            collector.send(&points).await;
        }
        // Whatever is rolled up by now, the next round comes late.
        collector.is_settled().await;
    }

    let rows = collector.rows("name=jobs&period=30d").await;

    let mut expected: Vec<String> = hours.iter().map(ToString::to_string).collect();
    expected.sort();
    let found: Vec<&str> = rows.iter().map(|row| row["bucket"].as_str().unwrap()).collect();
    assert_eq!(found, expected);
    assert!(rows.iter().all(|row| row["count"] == 180), "{rows:?}");
}
