//! What comes before a handler: 404, 405, HEAD, limits, and the pages.

use crate::viewer::Viewer;

#[tokio::test]
async fn unknown_addresses_are_404() {
    let viewer = Viewer::start().await;
    viewer.docker.container("shop").line("one");
    viewer.has(1).await;
    for path in [
        "/api/nothing",
        "/api/",
        "/api",
        "/api/logs/",
        "/api/logs/1/",
        "/api/logs/1/context/",
        "/api/logs/1/nothing",
        "/api/logs/tail/",
        "/api/logs/histogram/",
        "/api/logs/export/",
        "/api/logs/containers/",
        "/api/logs/stats/",
        "/api/containers/",
        "/api/containers/shop",
        "/api/stats/",
        "/api/about/",
        "/api//logs",
        "/api/LOGS",
        "/assets/none.js",
        "/favicon.png",
    ] {
        let reply = viewer.api.get(path).await;
        assert_eq!(reply.status, 404, "{path}");
        assert!(!reply.detail().is_empty());
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let viewer = Viewer::start().await;
    for path in [
        "/api/logs",
        "/api/logs/1",
        "/api/logs/1/context",
        "/api/logs/histogram",
        "/api/logs/export",
        "/api/logs/tail",
        "/api/logs/containers",
        "/api/logs/stats",
        "/api/containers",
        "/api/stats",
        "/api/about",
        "/api/openapi.json",
        "/metrics",
        "/health",
        "/",
    ] {
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "BREW"] {
            let reply = viewer.api.send(method, path, Some(b"{}")).await;

            assert_eq!(reply.status, 405, "{method} {path}");
            let mut told: Vec<&str> = reply.header("allow").split(',').map(str::trim).collect();
            told.sort_unstable();
            assert_eq!(told, ["GET", "HEAD"], "{method} {path}");
            assert!(!reply.detail().is_empty());
        }
    }
    let reply = viewer.api.get("/api/session").await;
    let mut told: Vec<&str> = reply.header("allow").split(',').map(str::trim).collect();
    told.sort_unstable();
    assert_eq!((reply.status, told), (405, vec!["DELETE", "POST"]));
}

#[tokio::test]
async fn head_works_where_get_does() {
    let viewer = Viewer::start().await;
    viewer.docker.container("shop").line("one");
    viewer.has(1).await;
    for path in [
        "/",
        "/health",
        "/metrics",
        "/api/logs",
        "/api/logs?limit=1",
        "/api/logs?limit=x",
        "/api/logs/1",
        "/api/logs/1/context",
        "/api/logs/999",
        "/api/logs/histogram",
        "/api/logs/export",
        "/api/logs/export?format=text",
        "/api/containers",
        "/api/stats",
        "/api/about",
        "/api/openapi.json",
        "/api/nothing",
    ] {
        let get = viewer.api.get(path).await;
        let head = viewer.api.send("HEAD", path, None).await;

        assert_eq!(head.status, get.status, "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
        assert!(head.body.is_empty(), "{path}");
    }
    // The stream has no end, so there is no GET to compare with.
    let head = viewer.api.send("HEAD", "/api/logs/tail", None).await;
    assert_eq!(head.status, 200);
    assert!(head.header("content-type").starts_with("text/event-stream"));
    assert!(head.body.is_empty());
}

#[tokio::test]
async fn a_client_over_its_limit_is_told_when_to_come_again() {
    let viewer = Viewer::with(&[("RATE_LIMIT", "3")]).await;
    for _ in 0..3 {
        assert_eq!(viewer.api.get("/api/logs").await.status, 200);
    }
    for path in ["/api/logs", "/api/stats", "/api/logs/tail", "/api/logs/export"] {
        let reply = viewer.api.get(path).await;
        assert_eq!(reply.status, 429, "{path}");
        let seconds: u64 = reply.header("retry-after").parse().unwrap();
        let body: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!(body["retry_after"], seconds, "{path}");
    }
    assert_eq!(viewer.service.client().get("/health").await.status, 200);
}

#[tokio::test]
async fn the_shell_is_complete_and_loads_nothing_from_elsewhere() {
    let viewer = Viewer::start().await;
    for path in ["/", "/logs/17", "/index.html"] {
        let reply = viewer.service.client().get(path).await;

        assert_eq!(reply.status, 200, "{path}");
        assert!(reply.header("content-type").starts_with("text/html"), "{path}");
        let html = reply.text();
        assert!(html.contains("class="), "{path}");
        assert!(html.contains("</html>") || html.contains("</body>"), "{path}");
        assert!(!html.contains("http://") && !html.contains("https://"), "{path}");
        assert!(!html.contains("<script>"), "{path}: no inline script");
    }
}

#[tokio::test]
async fn every_answer_carries_the_headers_of_caution() {
    let viewer = Viewer::start().await;
    for path in [
        "/",
        "/health",
        "/metrics",
        "/api/logs",
        "/api/logs/export",
        "/api/nothing",
        "/api/logs/abc",
    ] {
        for client in [viewer.api.clone(), viewer.stranger("192.0.2.1")] {
            let reply = client.get(path).await;

            assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
            assert_eq!(reply.header("referrer-policy"), "no-referrer", "{path}");
            let policy = reply.header("content-security-policy");
            assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
            assert!(!policy.contains("unsafe"), "{path}: {policy}");
        }
    }
}
