//! `/health` and `/metrics`: what monitors ask.

use serde_json::json;
use shared::testing::{eventually, exposition};

use crate::viewer::Viewer;

#[tokio::test]
async fn health_tells_who_answers() {
    let viewer = Viewer::start().await;

    let reply = viewer.service.client().get("/health").await;

    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.json(),
        json!({
            "status": "ok",
            "service": "log-viewer",
            "version": env!("CARGO_PKG_VERSION"),
            "bytes_behind": 0,
            "problems": [],
        })
    );
}

#[tokio::test]
async fn a_missing_folder_is_named_and_makes_nobody_ill() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("not/mounted");
    let missing = missing.to_str().unwrap();
    let viewer = Viewer::with(&[("LOG_SOURCES", missing)]).await;

    let health = eventually("the folder is missed", async || {
        let reply = viewer.service.client().get("/health").await;
        assert_eq!(reply.status, 200);
        let health = reply.json();
        (health["problems"] != json!([])).then_some(health)
    })
    .await;
    let about = viewer.get("/api/about").await;

    assert_eq!(health["status"], "ok");
    assert_eq!(health["problems"][0]["path"], missing);
    let detail = health["problems"][0]["detail"].as_str().unwrap();
    assert!(detail.contains("mount"), "{detail}");
    assert_eq!(about["sources"], json!([{"path": missing, "problem": detail}]));

    // Mounted after all, it is read.
    let docker = crate::docker::DockerFolder::at(missing);
    docker.container("shop").line("here I am");
    viewer.shows("", &["here I am"]).await;
    eventually("the problem has gone", async || {
        let health = viewer.service.client().get("/health").await.json();
        (health["problems"] == json!([])).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_description_that_is_broken_is_told_and_hides_no_other_container() {
    let viewer = Viewer::start().await;
    let broken = viewer.docker.path().join("f".repeat(64));
    std::fs::create_dir(&broken).unwrap();
    std::fs::write(broken.join("config.v2.json"), "{\"ID\": ").unwrap();
    viewer.docker.container("shop").line("still read");

    viewer.shows("", &["still read"]).await;
    eventually("the problem is told", async || {
        let health = viewer.service.client().get("/health").await.json();
        assert_eq!(health["status"], "ok");
        (health["problems"] != json!([])).then_some(())
    })
    .await;
}

#[tokio::test]
async fn metrics_are_in_the_text_format() {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.rotating("shop", 3, false);
    shop.line("one").line("two").raw(b"no record\n");
    viewer.has(2).await;
    shop.rotate().line("three");
    viewer.has(3).await;
    shop.truncate().line("four");
    viewer.has(4).await;
    let tail = viewer.tail("").await;
    viewer.get("/api/logs").await;
    viewer.api.get("/api/nothing").await;

    let reply = viewer.api.get("/metrics").await;

    let figures = exposition::figures(&reply, "monlight_log_viewer_");
    let value = |name: &str| -> u64 {
        let figure = figures.get(name);
        *figure.unwrap_or_else(|| panic!("{name} is missing in {figures:?}"))
    };
    assert_eq!((value("entries"), value("records_total")), (4, 4));
    assert_eq!(value("faulty_records_total"), 1);
    assert_eq!((value("rotations_total"), value("truncations_total")), (1, 1));
    assert!(value("read_bytes_total") > 200);
    assert_eq!((value("bytes_behind"), value("writing_fails")), (0, 0));
    assert_eq!(value("tails"), 1);
    assert!(value("commit_seconds_count") >= 2);
    assert!(value("commit_seconds_bucket{le=\"+Inf\"}") >= 2);
    assert!(value("database_bytes") > 10_000);
    assert!(value("http_requests_total{kind=\"read\",status=\"2xx\"}") > 1);
    assert!(value("http_requests_total{kind=\"read\",status=\"4xx\"}") >= 1);
    if cfg!(target_os = "linux") {
        assert!(value("resident_memory_bytes") > 1 << 20);
    }
    drop(tail);
}
