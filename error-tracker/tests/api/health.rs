//! `/health` and `/metrics`: what monitors ask.

use serde_json::json;
use shared::testing::{eventually, exposition};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};

use crate::tracker::{Tracker, report};

/// Another process's connection that holds the write lock.
async fn lock(tracker: &Tracker) -> SqliteConnection {
    let mut other = SqliteConnectOptions::new()
        .filename(tracker.database())
        .connect()
        .await
        .unwrap();
    sqlx::query("begin immediate").execute(&mut other).await.unwrap();
    other
}

#[tokio::test]
async fn health_tells_who_answers() {
    let tracker = Tracker::start().await;

    let reply = tracker.service.client().get("/health").await;

    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.json(),
        json!({
            "status": "ok",
            "service": "error-tracker",
            "version": env!("CARGO_PKG_VERSION"),
            "queue_depth": 0,
        })
    );
}

#[tokio::test]
async fn a_database_that_cannot_be_written_shows_and_harms_no_reader() {
    let tracker = Tracker::start().await;
    tracker.report(&report("KeyError")).await;
    let other = lock(&tracker).await;

    let health = eventually("health notices the lock", async || {
        let reply = tracker.service.client().get("/health").await;
        (reply.status != 200).then_some(reply)
    })
    .await;
    let refused = tracker.api.post_json("/api/errors", &report("KeyError")).await;

    assert_eq!((health.status, &health.json()["status"]), (503, &json!("error")));
    // The index and the retention wait for the lock as well; behind them the probe has no answer at all.
    let reasons = ["the database cannot be written", "the database does not answer"];
    assert!(
        reasons.contains(&health.json()["reason"].as_str().unwrap()),
        "{}",
        health.text()
    );
    assert_eq!(
        (refused.status, refused.detail().as_str()),
        (503, "the database is busy; nothing was stored")
    );
    assert!(refused.header("retry-after").parse::<u32>().is_ok());
    assert_eq!(tracker.get("/api/errors").await["errors"][0]["count"], 1);

    other.close().await.unwrap();
    eventually("health notices that the lock has gone", async || {
        (tracker.service.client().get("/health").await.status == 200).then_some(())
    })
    .await;
    assert_eq!(
        tracker.report(&report("KeyError")).await["count"],
        2,
        "the refused report was not counted"
    );
}

#[tokio::test]
async fn metrics_are_in_the_text_format() {
    let tracker = Tracker::start().await;
    tracker.report(&report("KeyError")).await;
    tracker.get("/api/errors").await;
    tracker.api.get("/api/nothing").await;

    let reply = tracker.api.get("/metrics").await;

    let figures = exposition::figures(&reply, "monlight_error_tracker_");
    for (series, value) in [
        ("http_requests_total{kind=\"write\",status=\"2xx\"}", 1),
        ("http_requests_total{kind=\"read\",status=\"2xx\"}", 1),
        ("http_requests_total{kind=\"read\",status=\"4xx\"}", 1),
        ("write_queue_depth", 0),
        ("write_transactions_total", 1),
        ("alerts_waiting", 0),
    ] {
        assert_eq!(figures.get(series), Some(&value), "{series} in {figures:?}");
    }
    assert!(figures["database_bytes"] > 10_000);
    assert!(figures["unindexed_groups"] <= 1);
    if cfg!(target_os = "linux") {
        assert!(figures["resident_memory_bytes"] > 1 << 20);
    }
}
