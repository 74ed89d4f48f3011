//! Rollups and retention: what is told does not depend on what was rolled up when, and ends with its tier.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use shared::clock::HOUR_MS;
use shared::testing::database::assert_sound;
use shared::testing::{Chance, eventually};

use crate::collector::{
    Collector, MINUTE_MS, at, counter, gauge, histogram, hours_ago, labelled, minutes_ago, number,
};

/// The count and the sum of each bucket.
async fn sums(collector: &Collector, query: &str) -> BTreeMap<String, (u64, u64)> {
    let rows = collector.rows(query).await;
    rows.iter()
        .map(|row| {
            let bucket = row["bucket"].as_str().unwrap().to_owned();
            (
                bucket,
                (row["count"].as_u64().unwrap(), number(&row["sum"]) as u64),
            )
        })
        .collect()
}

#[tokio::test]
async fn points_in_any_order_end_in_their_minute_and_hour() {
    let collector = Collector::with(&[("AGGREGATION_INTERVAL", "1")]).await;
    let mut chance = Chance::new();
    // Both ends of the tiers' borders lie in it.
    let (first, minutes) = (hours_ago(26), 27 * 60);
    let (mut by_minute, mut by_hour) = (BTreeMap::new(), BTreeMap::new());
    let keeps_minutes_from = hours_ago(22);
    for _ in 0..40 {
        let mut points = Vec::new();
        for _ in 0..100 {
            let minute = first.plus_millis(chance.within(0, minutes) as i64 * MINUTE_MS);
            let hour = minute.plus_millis(-minute.millis().rem_euclid(HOUR_MS));
            let value = chance.within(0, 1_000);
            points.push(at(
                labelled(counter("jobs", value as f64), json!({"host": value % 70})),
                minute.plus_millis(chance.within(0, 60_000) as i64),
            ));
            for (buckets, bucket) in [(&mut by_minute, minute), (&mut by_hour, hour)] {
                let bucket: &mut (u64, u64) = buckets.entry(bucket.to_string()).or_default();
                *bucket = (bucket.0 + 1, bucket.1 + value);
            }
        }
        collector.send(&points).await;
    }
    let range = format!("since={first}&until={}", hours_ago(0).plus_millis(HOUR_MS));
    let minutes_range = format!(
        "since={keeps_minutes_from}&until={}",
        hours_ago(0).plus_millis(HOUR_MS)
    );
    by_minute.retain(|bucket, _| *bucket >= keeps_minutes_from.to_string());
    for round in ["while it is rolled up", "afterwards"] {
        let hours = sums(&collector, &format!("name=jobs&resolution=hour&{range}")).await;
        assert_eq!(hours, by_hour, "{round}");
        let minutes = sums(
            &collector,
            &format!("name=jobs&resolution=minute&{minutes_range}"),
        )
        .await;
        assert_eq!(minutes, by_minute, "{round}");
        collector.is_settled().await;
    }

    let collector = collector.restarted_with(&[("AGGREGATION_INTERVAL", "1")]).await;
    assert_eq!(
        sums(&collector, &format!("name=jobs&resolution=hour&{range}")).await,
        by_hour
    );
    let of_host = collector
        .metric(&format!("name=jobs&resolution=hour&group_by=host&{range}"))
        .await;
    let series = of_host["series"].as_array().unwrap();
    assert_eq!(series.len(), 70);
    let all: u64 = series
        .iter()
        .flat_map(|series| series["data"].as_array().unwrap())
        .map(|row| row["count"].as_u64().unwrap())
        .sum();
    assert_eq!(all, 4_000);
}

#[tokio::test]
async fn rolling_up_again_changes_nothing() {
    let collector = Collector::with(&[("AGGREGATION_INTERVAL", "1")]).await;
    let then = minutes_ago(30);
    let mut points = Vec::new();
    for number in 0..500_i64 {
        let then = then.plus_millis(number * 1_000);
        points.push(at(histogram("wait", number as f64), then));
        points.push(at(gauge("load", number as f64), then));
    }
    collector.send(&points).await;
    let mut answers = Vec::new();
    for round in 0..4 {
        collector.is_settled().await;
        let mut answer = Vec::new();
        for query in ["name=wait", "name=load", "name=wait&group_by=x"] {
            let mut reply = collector.metric(query).await;
            for end in ["from", "to"] {
                reply.as_object_mut().unwrap().remove(end);
            }
            answer.push(reply);
        }
        answers.push(answer);
        // A late point of another metric unsettles the same minutes.
        collector
            .send(&[at(counter("late", f64::from(round)), then.plus_millis(9_000))])
            .await;
    }

    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
}

#[tokio::test]
async fn each_tier_ends_with_its_retention() {
    let collector = Collector::with(&[("AGGREGATION_INTERVAL", "1")]).await;
    let (now_ish, hours, days) = (minutes_ago(3), hours_ago(5), hours_ago(24 * 5));
    for then in [now_ish, hours, days] {
        collector
            .send(&[at(histogram("wait", 1.0), then), at(histogram("wait", 3.0), then)])
            .await;
    }
    collector.is_settled().await;
    assert_eq!(
        collector.rows("name=wait&resolution=hour&period=30d").await.len(),
        3
    );

    let short = [
        ("RETENTION_RAW", "60"),
        ("RETENTION_MINUTE", "2h"),
        ("RETENTION_HOURLY", "2d"),
        ("AGGREGATION_INTERVAL", "1"),
    ];
    let collector = collector.restarted_with(&short).await;
    eventually("five days ago is forgotten", async || {
        (collector.rows("name=wait&resolution=hour&period=30d").await.len() == 2).then_some(())
    })
    .await;

    eventually("minutes of five hours ago are forgotten", async || {
        (collector
            .rows("name=wait&resolution=minute&period=30d")
            .await
            .len()
            == 1)
            .then_some(())
    })
    .await;
    let row = &collector.rows("name=wait&period=1h").await[0];
    assert_eq!(
        (&row["count"], &row["p50"], &row["exact"]),
        (&json!(2), &json!(1.0), &json!(true))
    );
    assert_eq!(collector.total("name=wait&period=2d").await.0, 4);
    let database = collector.database();
    let folder = collector.service.stop().await;
    assert_sound(&database).await;
    let mut connection = shared::testing::database::open(&database).await;
    let rows: i64 = sqlx::query_scalar("select count(*) from metrics_raw")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(rows, 0, "no point is kept");
    drop(folder);
}

#[tokio::test]
async fn a_late_point_of_a_tier_without_points_is_added() {
    let collector = Collector::with(&[("AGGREGATION_INTERVAL", "1")]).await;
    let (of_minute, of_hour) = (hours_ago(4), hours_ago(24 * 3));
    for round in 1..=3_u64 {
        for then in [of_minute, of_hour] {
            collector
                .send(&[
                    at(histogram("wait", round as f64), then),
                    at(gauge("load", round as f64), then.plus_millis(30_000)),
                    at(gauge("load", 99.0), then.plus_millis(10_000)),
                ])
                .await;
        }
        collector.is_settled().await;
        for query in [
            format!(
                "name=wait&resolution=minute&since={of_minute}&until={}",
                of_minute.plus_millis(1)
            ),
            format!(
                "name=wait&resolution=hour&since={of_minute}&until={}",
                of_minute.plus_millis(1)
            ),
            format!(
                "name=wait&resolution=hour&since={of_hour}&until={}",
                of_hour.plus_millis(1)
            ),
        ] {
            let row = &collector.rows(&query).await[0];
            assert_eq!(
                (&row["count"], number(&row["max"])),
                (&json!(round), round as f64),
                "{query}"
            );
            let load = &collector.rows(&query.replace("wait", "load")).await[0];
            assert_eq!(
                (&load["count"], &load["last"]),
                (&json!(2 * round), &json!(round as f64)),
                "{query}"
            );
        }
    }
    let rows: Vec<Value> = collector.rows("name=wait&period=10d").await;
    assert_eq!(rows.len(), 2);
}
