//! `/api/containers`, `/api/stats`, their second addresses, and `/api/about`.

use serde_json::json;
use shared::testing::eventually;

use crate::viewer::Viewer;

#[tokio::test]
async fn containers_have_what_docker_tells_of_them() {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    shop.describe(&json!({
        "Config": {"Image": "shop:1.4", "Labels": {
            "com.docker.compose.project": "store", "com.docker.compose.service": "web",
        }},
    }));
    shop.set_clock("2026-03-01T12:00:00Z").line("one").line("two");
    let stopped = viewer.docker.container("stopped");
    stopped.describe(&json!({"State": {"Running": false}, "Config": {}}));
    viewer.has(2).await;
    let list = eventually("both are there", async || {
        let list = viewer.get("/api/containers").await;
        let rows = list["containers"].as_array()?;
        (rows.len() == 2 && rows[0]["project"] == "store" && rows[1]["running"] == false).then_some(list)
    })
    .await;

    insta::assert_json_snapshot!(list, @r#"
    {
      "containers": [
        {
          "image": "shop:1.4",
          "last_log": "2026-03-01T12:00:00.001000000Z",
          "log_count": 2,
          "name": "shop",
          "project": "store",
          "running": true,
          "service": "web",
          "unreadable": null
        },
        {
          "image": null,
          "last_log": null,
          "log_count": 0,
          "name": "stopped",
          "project": null,
          "running": false,
          "service": null,
          "unreadable": null
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn a_container_with_another_log_driver_is_told_as_unreadable() {
    let viewer = Viewer::start().await;
    let container = viewer.docker.container("journaled");
    container.describe(&json!({"LogPath": ""}));

    eventually("it is told", async || {
        let list = viewer.get("/api/containers").await;
        let why = list["containers"][0]["unreadable"].as_str()?.to_owned();
        (!why.is_empty()).then_some(())
    })
    .await;
    assert_eq!(viewer.service.client().get("/health").await.status, 200);
}

#[tokio::test]
async fn stats_count_by_level_and_container() {
    let viewer = Viewer::start().await;
    let empty = viewer.get("/api/stats").await;
    let mut shop = viewer.docker.container("shop");
    shop.set_clock("2026-03-01T12:00:00Z")
        .line("INFO one")
        .line("INFO two")
        .line("ERROR three");
    viewer
        .docker
        .container("forum")
        .set_clock("2026-03-01T11:00:00Z")
        .line("DEBUG four");
    viewer.has(4).await;

    let stats = viewer.get("/api/stats").await;

    assert_eq!(
        empty,
        json!({
            "total_logs": 0, "oldest_log": null, "newest_log": null, "by_container": {},
            "by_level": {"DEBUG": 0, "INFO": 0, "WARNING": 0, "ERROR": 0, "CRITICAL": 0},
        })
    );
    assert_eq!(
        stats,
        json!({
            "total_logs": 4,
            "oldest_log": "2026-03-01T11:00:00.000000000Z",
            "newest_log": "2026-03-01T12:00:00.002000000Z",
            "by_container": {"shop": 3, "forum": 1},
            "by_level": {"DEBUG": 1, "INFO": 2, "WARNING": 0, "ERROR": 1, "CRITICAL": 0},
        })
    );
}

#[tokio::test]
async fn figures_are_the_same_after_blocks_are_closed_and_after_a_restart() {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    for number in 0..2_000 {
        let level = ["INFO", "ERROR"][number % 2];
        shop.line(&format!("{level} {number} {}", "x".repeat(100)));
    }
    viewer.has(2_000).await;
    let before = viewer.get("/api/stats").await;
    assert_eq!(before["by_level"]["ERROR"], 1_000);

    let viewer = viewer.restarted(|_| {}).await;

    assert_eq!(viewer.get("/api/stats").await, before);
}

#[tokio::test]
async fn the_second_addresses_answer_the_same() {
    let viewer = Viewer::start().await;
    viewer.docker.container("shop").line("one");
    viewer.has(1).await;
    for (first, second) in [
        ("/api/containers", "/api/logs/containers"),
        ("/api/stats", "/api/logs/stats"),
    ] {
        assert_eq!(viewer.get(first).await, viewer.get(second).await);
    }
}

#[tokio::test]
async fn about_tells_what_a_page_shows() {
    let viewer = Viewer::with(&[
        ("ERROR_TRACKER_URL", "https://errors.example.com/"),
        ("MAX_ENTRIES", "2000"),
    ])
    .await;

    let about = viewer.get("/api/about").await;

    assert_eq!(
        about,
        json!({
            "service": "log-viewer",
            "version": env!("CARGO_PKG_VERSION"),
            "links": {
                "error_tracker": "https://errors.example.com",
                "log_viewer": null,
                "metrics_collector": null,
                "browser_relay": null,
            },
            "sources": [{"path": viewer.docker.path().to_str().unwrap(), "problem": null}],
            "max_entries": 2_000,
        })
    );
}
