//! What comes before a handler: 404, 405, the order of refusals, HEAD, and the pages.

use crate::tracker::{Tracker, report};

#[tokio::test]
async fn unknown_addresses_are_404() {
    let tracker = Tracker::start().await;
    tracker.report(&report("KeyError")).await;
    for path in [
        "/api/nothing",
        "/api/",
        "/api",
        "/api/errors/",
        "/api/errors/1/",
        "/api/errors/1/resolve/",
        "/api/errors/1/nothing",
        "/api/projects/",
        "/api//errors",
        "/api/ERRORS",
        "/assets/none.js",
        "/favicon.png",
    ] {
        let reply = tracker.api.get(path).await;
        assert_eq!(reply.status, 404, "{path}");
        assert!(!reply.detail().is_empty());
    }
    for path in ["/api/errors/", "/api/errors/batch/", "/api/nothing"] {
        let reply = tracker.api.post_json(path, &report("KeyError")).await;
        assert_eq!(reply.status, 404, "POST {path}");
    }
    assert_eq!(tracker.get("/api/errors").await["errors"][0]["count"], 1);
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let tracker = Tracker::start().await;
    for (method, path, allowed) in [
        ("PUT", "/api/errors", &["GET", "HEAD", "POST"][..]),
        ("DELETE", "/api/errors", &["GET", "HEAD", "POST"]),
        ("OPTIONS", "/api/errors", &["GET", "HEAD", "POST"]),
        ("GET", "/api/errors/batch", &["POST"]),
        ("GET", "/api/errors/bulk", &["POST"]),
        ("PATCH", "/api/errors/1", &["DELETE", "GET", "HEAD"]),
        ("POST", "/api/errors/1/timeline", &["GET", "HEAD"]),
        ("GET", "/api/errors/1/resolve", &["POST"]),
        ("HEAD", "/api/errors/1/resolve", &["POST"]),
        ("POST", "/api/projects", &["GET", "HEAD"]),
        ("POST", "/api/openapi.json", &["GET", "HEAD"]),
        ("GET", "/api/session", &["DELETE", "POST"]),
        ("POST", "/metrics", &["GET", "HEAD"]),
        ("POST", "/health", &["GET", "HEAD"]),
        ("POST", "/", &["GET", "HEAD"]),
        ("DELETE", "/errors/17", &["GET", "HEAD"]),
        ("BREW", "/api/errors", &["GET", "HEAD", "POST"]),
    ] {
        let reply = tracker.api.send(method, path, Some(b"{}")).await;

        assert_eq!(reply.status, 405, "{method} {path}");
        let mut told: Vec<&str> = reply.header("allow").split(',').map(str::trim).collect();
        told.sort_unstable();
        assert_eq!(told, allowed, "{method} {path}");
        if method != "HEAD" {
            assert!(!reply.detail().is_empty());
        }
    }
}

#[tokio::test]
async fn the_first_refusal_in_order_is_the_one_that_is_told() {
    let tracker = Tracker::with(&[("RATE_LIMIT", "1")]).await;
    let stranger = tracker.stranger("192.0.2.1");
    let large = vec![b'x'; 300_000];
    assert_eq!(
        tracker
            .api
            .post_json("/api/errors", &report("KeyError"))
            .await
            .status,
        201
    );
    for (client, method, path, body, status) in [
        (&stranger, "PUT", "/api/errors", &large, 401),
        (&stranger, "POST", "/api/nothing", &large, 401),
        (&tracker.api, "POST", "/api/nothing", &large, 404),
        (&tracker.api, "PUT", "/api/errors", &large, 405),
        (&tracker.api, "POST", "/api/errors", &large, 413),
        (&tracker.api, "POST", "/api/errors", &b"no JSON".to_vec(), 429),
    ] {
        let reply = client.send(method, path, Some(body)).await;

        assert_eq!(reply.status, status, "{method} {path}");
        assert!(!reply.detail().is_empty());
    }
}

#[tokio::test]
async fn head_works_where_get_does() {
    let tracker = Tracker::start().await;
    let id = tracker.group(&report("KeyError")).await;
    for path in [
        "/",
        "/health",
        "/metrics",
        "/api/errors",
        "/api/errors?limit=1",
        "/api/errors?limit=x",
        &format!("/api/errors/{id}"),
        &format!("/api/errors/{id}/timeline"),
        "/api/errors/999",
        "/api/projects",
        "/api/about",
        "/api/openapi.json",
        "/api/nothing",
    ] {
        let get = tracker.api.get(path).await;
        let head = tracker.api.send("HEAD", path, None).await;

        assert_eq!(head.status, get.status, "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
        assert!(head.body.is_empty(), "{path}");
    }
}

#[tokio::test]
async fn the_shell_is_complete_and_loads_nothing_from_elsewhere() {
    let tracker = Tracker::start().await;
    for path in ["/", "/errors/17", "/index.html"] {
        let reply = tracker.service.client().get(path).await;

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
    let tracker = Tracker::start().await;
    for path in [
        "/",
        "/health",
        "/metrics",
        "/api/errors",
        "/api/nothing",
        "/api/errors/abc",
    ] {
        for client in [tracker.api.clone(), tracker.stranger("192.0.2.1")] {
            let reply = client.get(path).await;

            assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
            assert_eq!(reply.header("referrer-policy"), "no-referrer", "{path}");
            let policy = reply.header("content-security-policy");
            assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
            assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
            assert!(!policy.contains("unsafe"), "{path}: {policy}");
            let cache = reply.header("cache-control");
            let expected = if path == "/" {
                ["no-cache", "no-store"]
            } else {
                ["no-store"; 2]
            };
            assert!(expected.contains(&cache), "{path}: {cache}");
        }
    }
}
