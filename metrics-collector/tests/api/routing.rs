//! What comes before a handler: 404, 405, the order of refusals, HEAD, and the pages.

use serde_json::json;

use crate::collector::{Collector, counter};

#[tokio::test]
async fn unknown_addresses_are_404() {
    let collector = Collector::start().await;
    collector.send(&[counter("jobs", 1.0)]).await;
    for path in [
        "/api/nothing",
        "/api/",
        "/api",
        "/api/metrics/",
        "/api/metrics/jobs",
        "/api/metrics/names/",
        "/api/metrics/labels/",
        "/api/projects/",
        "/api/projects/default",
        "/api/dashboard/",
        "/api/about/",
        "/api//metrics",
        "/api/METRICS",
        "/assets/none.js",
        "/favicon.png",
    ] {
        let reply = collector.api.get(path).await;
        assert_eq!(reply.status, 404, "{path}");
        assert!(!reply.detail().is_empty());
    }
    for path in ["/api/metrics/", "/api/nothing"] {
        let reply = collector
            .api
            .post_json(path, &json!([counter("jobs", 1.0)]))
            .await;
        assert_eq!(reply.status, 404, "POST {path}");
    }
    assert_eq!(collector.total("name=jobs").await.0, 1);
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let collector = Collector::start().await;
    let reads = &["GET", "HEAD"][..];
    for (path, allowed) in [
        ("/api/metrics", &["GET", "HEAD", "POST"][..]),
        ("/api/metrics/names", reads),
        ("/api/metrics/labels", reads),
        ("/api/projects", reads),
        ("/api/dashboard", reads),
        ("/api/about", reads),
        ("/api/openapi.json", reads),
        ("/api/session", &["DELETE", "POST"]),
        ("/metrics", reads),
        ("/health", reads),
        ("/", reads),
        ("/explore", reads),
    ] {
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"] {
            if allowed.contains(&method) {
                continue;
            }
            let reply = collector.api.send(method, path, Some(b"{}")).await;

            assert_eq!(reply.status, 405, "{method} {path}");
            let mut told: Vec<&str> = reply.header("allow").split(',').map(str::trim).collect();
            told.sort_unstable();
            assert_eq!(told, allowed, "{method} {path}");
            assert!(!reply.detail().is_empty());
        }
    }
}

#[tokio::test]
async fn the_first_refusal_in_order_is_the_one_that_is_told() {
    let collector = Collector::with(&[("RATE_LIMIT", "1")]).await;
    let stranger = collector.stranger("192.0.2.1");
    let large = vec![b'x'; 600_000];
    collector.send(&[counter("jobs", 1.0)]).await;
    for (client, method, path, body, status) in [
        (&stranger, "PUT", "/api/metrics", &large, 401),
        (&stranger, "POST", "/api/nothing", &large, 401),
        (&collector.api, "POST", "/api/nothing", &large, 404),
        (&collector.api, "PUT", "/api/metrics", &large, 405),
        (&collector.api, "POST", "/api/metrics", &large, 413),
        (&collector.api, "POST", "/api/metrics", &b"no JSON".to_vec(), 429),
    ] {
        let reply = client.send(method, path, Some(body)).await;

        assert_eq!(reply.status, status, "{method} {path}");
        assert!(!reply.detail().is_empty());
    }
}

#[tokio::test]
async fn head_works_where_get_does() {
    let collector = Collector::start().await;
    collector.send(&[counter("jobs", 1.0)]).await;
    for path in [
        "/",
        "/explore",
        "/health",
        "/metrics",
        "/api/metrics",
        "/api/metrics?name=jobs",
        "/api/metrics?name=jobs&period=x",
        "/api/metrics/names",
        "/api/metrics/labels?name=jobs",
        "/api/projects",
        "/api/dashboard",
        "/api/dashboard?project=none",
        "/api/about",
        "/api/openapi.json",
        "/api/nothing",
    ] {
        let get = collector.api.get(path).await;
        let head = collector.api.send("HEAD", path, None).await;

        assert_eq!(head.status, get.status, "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
        assert!(head.body.is_empty(), "{path}");
    }
}

#[tokio::test]
async fn the_shell_is_complete_and_loads_nothing_from_elsewhere() {
    let collector = Collector::start().await;
    for path in ["/", "/explore", "/explore?name=jobs&group_by=host", "/index.html"] {
        let reply = collector.service.client().get(path).await;

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
    let collector = Collector::start().await;
    for path in [
        "/",
        "/health",
        "/metrics",
        "/api/metrics?name=x",
        "/api/metrics",
        "/api/nothing",
    ] {
        for client in [collector.api.clone(), collector.stranger("192.0.2.1")] {
            let reply = client.get(path).await;

            assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
            assert_eq!(reply.header("referrer-policy"), "no-referrer", "{path}");
            let policy = reply.header("content-security-policy");
            assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
            assert!(!policy.contains("unsafe"), "{path}: {policy}");
        }
    }
}
