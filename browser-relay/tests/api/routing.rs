//! What comes before a handler: 404, 405, the order of refusals, HEAD, and the pages.

use shared::testing::promises::{assert_caution, assert_heads, assert_methods, assert_pages, assert_unknown};

use crate::relay::{PAGE, Relay, error};

#[tokio::test]
async fn unknown_addresses_are_404() {
    let relay = Relay::start().await;

    assert_unknown(
        &relay.admin,
        &[
            "/api/nothing",
            "/api/",
            "/api",
            "/api/dsn-keys/",
            "/api/dsn-keys/1/nothing",
            "/api/source-maps/",
            "/api/source-maps/1/x",
            "/api/spool/",
            "/api/about/",
            "/api/browser",
            "/api/browser/errors/",
            "/api/errors/",
            "/api/errors/batch",
            "/api//spool",
            "/api/SPOOL",
            "/assets/none.js",
            "/favicon.png",
        ],
    )
    .await;
    for path in ["/api/dsn-keys/", "/api/source-maps/", "/api/browser/errors/"] {
        let reply = relay.admin.post_json(path, &error("x")).await;
        assert_eq!(reply.status, 404, "POST {path}");
    }
}

#[tokio::test]
async fn an_id_that_is_none_is_404() {
    let relay = Relay::start().await;
    for id in ["0", "-1", "7", "x", "1x", "99999999999999999999", "%20"] {
        for (method, path) in [
            ("DELETE", format!("/api/dsn-keys/{id}")),
            ("POST", format!("/api/dsn-keys/{id}/activate")),
            ("DELETE", format!("/api/source-maps/{id}")),
        ] {
            let reply = relay.admin.send(method, &path, Some(b"")).await;
            assert_eq!(reply.status, 404, "{method} {path}");
            assert!(!reply.detail().is_empty());
        }
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let relay = Relay::start().await;
    let reads = &["GET", "HEAD"][..];

    assert_methods(
        &relay.admin,
        &[
            ("/api/dsn-keys", &["GET", "HEAD", "POST"]),
            ("/api/dsn-keys/1", &["DELETE"]),
            ("/api/dsn-keys/1/activate", &["POST"]),
            ("/api/source-maps", &["GET", "HEAD", "POST"]),
            ("/api/sourcemaps", &["POST"]),
            ("/api/source-maps/1", &["DELETE"]),
            ("/api/spool", reads),
            ("/api/about", reads),
            ("/api/openapi.json", reads),
            ("/api/session", &["DELETE", "POST"]),
            ("/metrics", reads),
            ("/health", reads),
            ("/", reads),
            ("/source-maps", reads),
        ],
    )
    .await;
    // OPTIONS is answered by the rules of cross-origin requests.
    for path in [
        "/api/browser/errors",
        "/api/errors",
        "/api/browser/metrics",
        "/api/metrics",
    ] {
        for method in ["GET", "HEAD", "PUT", "DELETE", "PATCH", "BREW"] {
            let reply = relay.browser.send(method, path, None).await;
            assert_eq!(reply.status, 405, "{method} {path}");
            assert_eq!(reply.header("allow"), "POST", "{method} {path}");
        }
    }
}

#[tokio::test]
async fn the_first_refusal_in_order_is_the_one_that_is_told() {
    let relay = Relay::with(&[("RATE_LIMIT", "1"), ("CORS_ORIGINS", PAGE)]).await;
    assert_eq!(relay.report(&error("x")).await.status, 201);
    let large = vec![b'x'; 70_000];
    let elsewhere = relay.browser.with("Origin", "https://elsewhere.example.com");
    let stranger = relay.stranger("192.0.2.1");
    for (client, method, path, body, status) in [
        (&stranger, "PUT", "/api/errors", &large, 401),
        (&stranger, "PUT", "/api/dsn-keys", &large, 401),
        (&stranger, "POST", "/api/nothing", &large, 401),
        (&elsewhere, "PUT", "/api/errors", &large, 403),
        (&relay.browser, "PUT", "/api/errors", &large, 405),
        (&relay.browser, "POST", "/api/errors", &large, 413),
        (&relay.browser, "POST", "/api/errors", &b"no JSON".to_vec(), 429),
        (&relay.admin, "POST", "/api/nothing", &large, 404),
        (&relay.admin, "PUT", "/api/dsn-keys", &large, 405),
        (&relay.admin, "POST", "/api/dsn-keys", &large, 413),
        (&relay.admin, "POST", "/api/dsn-keys", &b"no JSON".to_vec(), 400),
    ] {
        let reply = client.send(method, path, Some(body)).await;

        assert_eq!(reply.status, status, "{method} {path}");
        assert!(!reply.detail().is_empty());
    }
}

#[tokio::test]
async fn head_works_where_get_does() {
    let relay = Relay::start().await;

    assert_heads(
        &relay.admin,
        &[
            "/",
            "/source-maps",
            "/health",
            "/metrics",
            "/api/dsn-keys",
            "/api/dsn-keys?limit=x",
            "/api/source-maps?project=shop",
            "/api/spool",
            "/api/about",
            "/api/openapi.json",
            "/api/nothing",
        ],
    )
    .await;
}

#[tokio::test]
async fn the_shell_is_complete_and_loads_nothing_from_elsewhere() {
    let relay = Relay::start().await;

    assert_pages(
        &relay.service.client(),
        &["/", "/source-maps", "/source-maps?project=shop", "/index.html"],
    )
    .await;
}

#[tokio::test]
async fn every_answer_carries_the_headers_of_caution() {
    let relay = Relay::start().await;

    assert_caution(
        &[
            relay.admin.clone(),
            relay.browser.clone(),
            relay.stranger("192.0.2.1"),
        ],
        &[
            "/",
            "/health",
            "/metrics",
            "/api/dsn-keys",
            "/api/browser/errors",
            "/api/metrics",
            "/api/nothing",
        ],
    )
    .await;
}
