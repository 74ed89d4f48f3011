//! `MAX_SERIES`: what is too much shares a series, and everybody is told.

use serde_json::{Value, json};

use crate::collector::{Collector, counter, labelled, with};

fn hosts(range: std::ops::Range<i32>) -> Vec<Value> {
    range
        .map(|host| labelled(counter("jobs", 1.0), json!({"host": host})))
        .collect()
}

#[tokio::test]
async fn beyond_the_limit_points_share_the_overflow_series() {
    let collector = Collector::with(&[("MAX_SERIES", "5")]).await;
    collector.send(&hosts(0..5)).await;
    assert_eq!(
        collector.get("/api/dashboard").await["cardinality"]["overflowing"],
        false
    );

    let reply = collector.post(&json!(hosts(3..9))).await;

    assert_eq!(reply, json!({"status": "accepted", "count": 6, "overflowing": 4}));
    assert_eq!(collector.total("name=jobs").await, (11, 11.0), "nothing is lost");
    assert_eq!(collector.total("name=jobs&labels=overflow:true").await.0, 4);
    assert_eq!(
        collector.total("name=jobs&labels=host:4").await.0,
        2,
        "what is known goes on"
    );
    assert_eq!(collector.total("name=jobs&labels=host:7").await.0, 0);
    let cardinality = &collector.get("/api/dashboard?project=default").await["cardinality"];
    assert_eq!(
        cardinality,
        &json!({"series": 6, "limit": 5, "overflowing": true})
    );
    assert_eq!(collector.get("/api/dashboard").await["cardinality"]["limit"], 10);
    for (name, figure) in [
        ("points_overflowing_total", 4),
        ("series_limit_reached", 1),
        ("series", 6),
    ] {
        assert_eq!(collector.figure(name).await, figure, "{name}");
    }
}

#[tokio::test]
async fn each_metric_has_an_overflow_series_of_its_own() {
    let collector = Collector::with(&[("MAX_SERIES", "2")]).await;
    collector.send(&hosts(0..2)).await;
    let other = |kind: &str, value: f64| json!({"name": "other", "type": kind, "value": value, "labels": {"a": value.to_string()}});

    let reply = collector
        .post(&json!([
            other("gauge", 1.0),
            other("gauge", 2.0),
            other("histogram", 3.0)
        ]))
        .await;

    assert_eq!(reply["overflowing"], 3);
    assert_eq!(
        collector
            .total("name=other&type=gauge&labels=overflow:true")
            .await,
        (2, 3.0)
    );
    assert_eq!(
        collector
            .total("name=other&type=histogram&labels=overflow:true")
            .await,
        (1, 3.0)
    );
}

#[tokio::test]
async fn one_project_does_not_use_up_the_room_of_another() {
    let collector = Collector::with(&[("MAX_SERIES", "5")]).await;
    collector.post(&json!(hosts(0..50))).await;
    let shop: Vec<Value> = hosts(0..4)
        .into_iter()
        .map(|point| with(point, json!({"project": "shop"})))
        .collect();

    collector.send(&shop).await;

    assert_eq!(
        collector.get("/api/dashboard?project=shop").await["cardinality"],
        json!({
            "series": 4, "limit": 5, "overflowing": false,
        })
    );
    // All projects together have twice as many.
    let third = with(counter("jobs", 1.0), json!({"project": "third"}));
    assert_eq!(collector.post(&json!([third])).await["overflowing"], 1);
    assert_eq!(
        collector
            .total("name=jobs&project=third&labels=overflow:true")
            .await
            .0,
        1
    );
}

#[tokio::test]
async fn the_limit_outlives_a_restart_and_can_be_raised() {
    let collector = Collector::with(&[("MAX_SERIES", "5")]).await;
    collector.post(&json!(hosts(0..10))).await;

    let collector = collector.restarted_with(&[("MAX_SERIES", "5")]).await;
    assert_eq!(collector.figure("series_limit_reached").await, 1);
    let reply = collector.post(&json!(hosts(0..10))).await;
    assert_eq!((&reply["count"], &reply["overflowing"]), (&json!(10), &json!(5)));

    let collector = collector.restarted_with(&[("MAX_SERIES", "100")]).await;
    collector.send(&hosts(0..10)).await;
    assert_eq!(collector.total("name=jobs").await.0, 30);
    assert_eq!(collector.total("name=jobs&labels=host:9").await.0, 1);
}

#[tokio::test]
async fn metrics_without_end_are_refused_in_the_end() {
    let collector = Collector::with(&[("MAX_SERIES", "1")]).await;
    let names = |range: std::ops::Range<i32>| -> Vec<Value> {
        range.map(|number| counter(&format!("m{number}"), 1.0)).collect()
    };
    // One series, and as many that stand for many as the guard allows.
    let reply = collector.post(&json!(names(0..200))).await;

    let (count, rejected) = (
        reply["count"].as_u64().unwrap(),
        reply["rejected"].as_array().unwrap(),
    );
    assert!((2..200).contains(&count), "{count}");
    assert_eq!(count as usize + rejected.len(), 200);
    let detail = rejected[0]["detail"].as_str().unwrap();
    assert!(detail.contains("too many metrics"), "{detail}");
    let listed = collector.get("/api/metrics/names").await;
    assert_eq!(listed["metrics"].as_array().unwrap().len() as u64, count);
    assert_eq!(
        collector.get("/api/dashboard").await["summary"]["total_datapoints"],
        count
    );

    // A batch of which nothing is taken is refused, however often it is sent.
    let client = collector.api.with("Idempotency-Key", "refused");
    for _ in 0..2 {
        let reply = client.post_json("/api/metrics", &json!(names(300..310))).await;
        assert_eq!(reply.status, 400, "{}", reply.text());
        assert!(reply.detail().contains("too many metrics"), "{}", reply.detail());
    }
}

#[tokio::test]
async fn a_label_of_that_name_alone_is_no_overflow() {
    let collector = Collector::start().await;
    collector
        .send(&[
            labelled(counter("jobs", 1.0), json!({"overflow": "false"})),
            labelled(counter("jobs", 1.0), json!({"overflow": true, "host": "a"})),
        ])
        .await;

    assert_eq!(collector.figure("series_limit_reached").await, 0);
}
