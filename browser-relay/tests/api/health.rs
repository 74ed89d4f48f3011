//! `/health` and `/metrics`: what is told of the service's own state.

use serde_json::json;
use shared::testing::{database, eventually, exposition};
use sqlx::Connection as _;

use crate::relay::{Relay, error, vitals};

#[tokio::test]
async fn health_tells_who_answers() {
    let relay = Relay::start().await;

    let reply = relay.service.client().get("/health").await;

    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.json(),
        json!({
            "status": "ok",
            "service": "browser-relay",
            "version": env!("CARGO_PKG_VERSION"),
            "waiting_reports": 0,
            "waiting_points": 0,
        })
    );
}

#[tokio::test]
async fn a_peer_that_is_away_does_not_make_the_relay_ill() {
    let relay = Relay::start().await;
    relay.tracker.down().await;
    relay.collector.down().await;
    assert_eq!(relay.report(&error("x")).await.status, 202);
    assert_eq!(relay.measure(&vitals(&[1.0, 2.0])).await.status, 202);

    let reply = relay.service.client().get("/health").await;

    assert_eq!((reply.status, &reply.json()["status"]), (200, &json!("ok")));
    assert_eq!(reply.json()["waiting_reports"], 1);
    assert_eq!(reply.json()["waiting_points"], 2);
}

#[tokio::test]
async fn a_database_that_cannot_be_written_shows_and_stops_nothing_that_needs_none() {
    let relay = Relay::start().await;
    assert_eq!(relay.service.client().get("/health").await.status, 200);
    let mut other = database::open(&relay.database()).await;
    sqlx::query("begin immediate").execute(&mut other).await.unwrap();

    let health = eventually("health notices the lock", async || {
        let reply = relay.service.client().get("/health").await;
        (reply.status != 200).then_some(reply)
    })
    .await;
    let passed_on = relay.report(&error("x")).await;
    relay.tracker.down().await;
    let refused = relay.report(&error("to be kept")).await;
    let key = relay
        .admin
        .post_json("/api/dsn-keys", &json!({"project": "mine"}))
        .await;

    assert_eq!((health.status, &health.json()["status"]), (503, &json!("error")));
    assert_eq!(passed_on.status, 201, "the tracker has it");
    for reply in [refused, key] {
        assert_eq!(
            (reply.status, reply.detail().as_str()),
            (503, "the database is busy; nothing was stored")
        );
        assert!(reply.header("retry-after").parse::<u32>().is_ok());
    }
    assert_eq!(relay.get("/api/dsn-keys").await["total"], 1, "reading goes on");

    other.close().await.unwrap();
    eventually("health notices that the lock has gone", async || {
        (relay.service.client().get("/health").await.status == 200).then_some(())
    })
    .await;
    assert_eq!(relay.report(&error("to be kept")).await.status, 202);
    relay.tracker.up();
    assert_eq!(relay.tracker.has_taken(2).await[1]["message"], "to be kept");
    relay.figure_is("spool_bytes", 0).await;
}

#[tokio::test]
async fn figures_are_in_the_text_format() {
    let relay = Relay::start().await;
    relay.reported(&error("x")).await;
    relay.measured(&vitals(&[1.0, 2.0])).await;
    relay.report(&error(crate::peer::UNWANTED)).await;
    relay.admin.get("/api/nothing").await;

    let reply = relay.admin.get("/metrics").await;

    let figures = exposition::figures(&reply, "monlight_browser_relay_");
    for (name, value) in [
        ("reports_delivered_total", 1),
        ("reports_refused_total", 1),
        ("reports_spooled_total", 0),
        ("reports_turned_away_total", 0),
        ("points_delivered_total", 2),
        ("points_refused_total", 0),
        ("points_spooled_total", 0),
        ("points_turned_away_total", 0),
        ("frames_resolved_total", 0),
        ("frames_unresolved_total", 0),
        ("spool_reports", 0),
        ("spool_points", 0),
        ("spool_bytes", 0),
        ("spool_limit_bytes", 64 << 20),
        ("error_tracker_away", 0),
        ("metrics_collector_away", 0),
        ("http_requests_total{kind=\"write\",status=\"2xx\"}", 2),
        ("http_requests_total{kind=\"write\",status=\"4xx\"}", 1),
    ] {
        assert_eq!(figures.get(name), Some(&value), "{name} in {figures:?}");
    }
    assert!(figures["database_bytes"] > 10_000);
    if cfg!(target_os = "linux") {
        assert!(figures["resident_memory_bytes"] > 1 << 20);
    }
}
