//! What a busy minute comes to is told while more of its points come in, from partials, and every point counts once.

use serde_json::{Value, json};
use shared::testing::{Client, database, eventually};

use crate::setup::program;

const SERIES: usize = 500;
const BATCH: usize = 1_000;
/// Half a million points make a partial; what is more is read point by point.
const BATCHES: usize = 550;

fn batch(number: usize, then: &str) -> Value {
    let points = (0..BATCH).map(|index| {
        json!({"name": "took", "type": "histogram", "timestamp": then,
               "value": 1 + (number + index) % 9, "labels": {"route": format!("/{}", index % SERIES)}})
    });
    points.collect()
}

/// Points, their sum, and what one route has of them.
async fn told(api: &Client) -> [Value; 3] {
    let all = api.get("/api/metrics?name=took&period=1h").await.json();
    let one = api
        .get("/api/metrics?name=took&period=1h&labels=route:/7")
        .await
        .json();
    let (all, one) = (&all["data"][0], &one["data"][0]);
    [all["count"].clone(), all["sum"].clone(), one["count"].clone()]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_point_of_a_busy_minute_counts_once_before_and_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    // Nothing is rolled up meanwhile.
    let service = program(folder.path()).with("AGGREGATION_INTERVAL", 3_600);
    let collector = service.start().await;
    let api = collector.api();
    let then = shared::clock::Timestamp::now().to_string();
    let mut sum = 0;
    for number in 0..BATCHES {
        let batch = batch(number, &then);
        let values = batch.as_array().unwrap().iter();
        sum += values.map(|point| point["value"].as_u64().unwrap()).sum::<u64>();
        assert_eq!(api.post_json("/api/metrics", &batch).await.status, 202);
    }
    let count = BATCHES * BATCH;
    let expected = [json!(count), json!(sum as f64), json!(count / SERIES)];

    eventually("partials", async || {
        let partials = database::number(&service.database, "select count(*) from partials").await;
        (partials > 0).then_some(())
    })
    .await;
    assert_eq!(told(&api).await, expected);
    // Its distribution is told by sketches until the minute is over.
    let merged = api.get("/api/metrics?name=took&period=1h").await.json();
    assert_eq!(
        (&merged["data"][0]["exact"], &merged["data"][0]["min"]),
        (&json!(false), &json!(1.0))
    );

    collector.kill();
    let collector = service.start().await;
    assert_eq!(told(&collector.api()).await, expected);
}
