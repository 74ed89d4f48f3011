//! `GET /api/projects`, `/api/environments`, `/api/releases` and `/api/about`.

use serde_json::{Value, json};

use crate::tracker::{Tracker, report, with};

async fn filled() -> Tracker {
    let tracker = Tracker::start().await;
    let reports: Vec<Value> = [
        ("shop", "staging", "2.0"),
        ("shop", "production", "1.0"),
        ("forum", "production", "9"),
        ("Zoo", "lab", "\u{E4}"),
    ]
    .iter()
    .map(|(project, environment, release)| {
        with(
            report("KeyError"),
            json!({"project": project, "environment": environment, "release": release}),
        )
    })
    .collect();
    tracker.groups(&reports).await;
    tracker
}

#[tokio::test]
async fn values_are_listed_once_and_ascending() {
    let tracker = filled().await;
    for (path, expected) in [
        ("/api/projects", json!({"projects": ["Zoo", "forum", "shop"]})),
        (
            "/api/environments",
            json!({"environments": ["lab", "production", "staging"]}),
        ),
        (
            "/api/releases",
            json!({"releases": ["1.0", "2.0", "9", "\u{E4}"]}),
        ),
        (
            "/api/environments?project=shop",
            json!({"environments": ["production", "staging"]}),
        ),
        ("/api/releases?project=forum", json!({"releases": ["9"]})),
        ("/api/releases?project=none", json!({"releases": []})),
    ] {
        assert_eq!(tracker.get(path).await, expected, "{path}");
    }
}

#[tokio::test]
async fn values_leave_with_their_last_group() {
    let tracker = filled().await;
    let forum = tracker.get("/api/errors?project=forum").await["errors"][0]["id"].clone();

    assert_eq!(
        tracker.api.delete(&format!("/api/errors/{forum}")).await.status,
        204
    );

    assert_eq!(
        tracker.get("/api/projects").await,
        json!({"projects": ["Zoo", "shop"]})
    );
    assert_eq!(
        tracker.get("/api/releases").await,
        json!({"releases": ["1.0", "2.0", "\u{E4}"]})
    );
}

#[tokio::test]
async fn nothing_seen_is_an_empty_list() {
    let tracker = Tracker::start().await;
    for name in ["projects", "environments", "releases"] {
        assert_eq!(tracker.get(&format!("/api/{name}")).await, json!({name: []}));
    }
}

#[tokio::test]
async fn the_service_tells_what_a_page_has_to_know() {
    let tracker = Tracker::with(&[
        ("RETENTION_DAYS", "30"),
        ("OCCURRENCES_KEPT", "7"),
        ("LOG_VIEWER_URL", "https://logs.test/"),
    ])
    .await;

    assert_eq!(
        tracker.get("/api/about").await,
        json!({
            "service": "error-tracker",
            "version": env!("CARGO_PKG_VERSION"),
            "links": {"error_tracker": null, "log_viewer": "https://logs.test", "metrics_collector": null, "browser_relay": null},
            "retention_days": 30,
            "occurrences_kept": 7,
            "alert_channels": [],
        })
    );
}
