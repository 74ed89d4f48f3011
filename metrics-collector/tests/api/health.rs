//! `/health` and `/metrics`: what monitors ask.

use serde_json::json;
use shared::testing::{database, eventually, exposition};
use sqlx::Connection as _;

use crate::collector::{Collector, counter};

#[tokio::test]
async fn health_tells_who_answers() {
    let collector = Collector::start().await;

    let reply = collector.service.client().get("/health").await;

    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.json(),
        json!({
            "status": "ok",
            "service": "metrics-collector",
            "version": env!("CARGO_PKG_VERSION"),
            "queue_depth": 0,
        })
    );
}

#[tokio::test]
async fn a_database_that_cannot_be_written_shows_and_harms_no_reader() {
    let collector = Collector::start().await;
    collector.send(&[counter("jobs", 1.0)]).await;
    let mut other = database::open(&collector.database()).await;
    sqlx::query("begin immediate").execute(&mut other).await.unwrap();
    let points = json!([counter("jobs", 1.0), counter("new", 1.0)]);

    let health = eventually("health notices the lock", async || {
        let reply = collector.service.client().get("/health").await;
        (reply.status != 200).then_some(reply)
    })
    .await;
    let client = collector.api.with("Idempotency-Key", "refused");
    let refused = client.post_json("/api/metrics", &points).await;

    assert_eq!((health.status, &health.json()["status"]), (503, &json!("error")));
    assert_eq!(
        (refused.status, refused.detail().as_str()),
        (503, "the database is busy; nothing was stored")
    );
    assert!(refused.header("retry-after").parse::<u32>().is_ok());
    assert_eq!(collector.total("name=jobs").await.0, 1);
    assert_eq!(
        collector.get("/api/metrics/names").await["metrics"]
            .as_array()
            .unwrap()
            .len(),
        1
    );

    other.close().await.unwrap();
    eventually("health notices that the lock has gone", async || {
        (collector.service.client().get("/health").await.status == 200).then_some(())
    })
    .await;
    let reply = client.post_json("/api/metrics", &points).await;
    assert_eq!(reply.json(), json!({"status": "accepted", "count": 2}));
    assert_eq!(
        collector.total("name=jobs").await.0,
        2,
        "the refused batch was not counted"
    );
    assert_eq!(collector.total("name=new").await.0, 1);
}

#[tokio::test]
async fn figures_are_in_the_text_format() {
    let collector = Collector::start().await;
    collector
        .send(&[counter("jobs", 1.0), counter("other", 1.0)])
        .await;
    collector.get("/api/dashboard").await;
    collector.api.get("/api/nothing").await;

    let reply = collector.api.get("/metrics").await;

    let figures = exposition::figures(&reply, "monlight_metrics_collector_");
    for (name, value) in [
        ("points_accepted_total", 2),
        ("points_rejected_total", 0),
        ("points_overflowing_total", 0),
        ("batches_repeated_total", 0),
        ("write_queue_depth", 0),
        ("series", 2),
        ("series_limit_reached", 0),
        ("http_requests_total{kind=\"write\",status=\"2xx\"}", 1),
    ] {
        assert_eq!(figures.get(name), Some(&value), "{name} in {figures:?}");
    }
    assert!((1..=2).contains(&figures["unsettled_minutes"]));
    assert!(figures["database_bytes"] > 10_000);
    assert!(figures["http_requests_total{kind=\"read\",status=\"4xx\"}"] >= 1);
    if cfg!(target_os = "linux") {
        assert!(figures["resident_memory_bytes"] > 1 << 20);
    }
}
