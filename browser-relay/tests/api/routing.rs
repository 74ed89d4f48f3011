//! What comes before a handler: 404, 405, the order of refusals, HEAD, and the pages.

use shared::testing::routing::{
    READS, assert_caution, assert_first_refusal, assert_heads, assert_methods, assert_pages, assert_told,
    assert_unknown,
};

use crate::relay::{PAGE, Relay, error};

#[tokio::test]
async fn unknown_addresses_are_404() {
    let relay = Relay::start().await;

    assert_unknown(
        &relay.admin,
        &[
            "/api/dsn-keys/",
            "/api/dsn-keys/1/nothing",
            "/api/source-maps/",
            "/api/source-maps/1/x",
            "/api/spool/",
            "/api/browser",
            "/api/browser/errors/",
            "/api/errors/",
            "/api/errors/batch",
            "/api//spool",
            "/api/SPOOL",
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

    assert_methods(
        &relay.admin,
        &[
            ("/api/dsn-keys", &["GET", "HEAD", "POST"]),
            ("/api/dsn-keys/1", &["DELETE"]),
            ("/api/dsn-keys/1/activate", &["POST"]),
            ("/api/source-maps", &["GET", "HEAD", "POST"]),
            ("/api/sourcemaps", &["POST"]),
            ("/api/source-maps/1", &["DELETE"]),
            ("/api/spool", READS),
            ("/source-maps", READS),
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
    assert_told(&[
        (&stranger, "PUT", "/api/errors", &large, 401),
        (&elsewhere, "PUT", "/api/errors", &large, 403),
        (&relay.browser, "PUT", "/api/errors", &large, 405),
        (&relay.browser, "POST", "/api/errors", &large, 413),
        (&relay.browser, "POST", "/api/errors", b"no JSON", 429),
    ])
    .await;
    assert_first_refusal(&stranger, &relay.admin, "/api/dsn-keys", large.len(), 400).await;
}

#[tokio::test]
async fn head_works_where_get_does() {
    let relay = Relay::start().await;

    assert_heads(
        &relay.admin,
        &[
            "/source-maps",
            "/api/dsn-keys",
            "/api/dsn-keys?limit=x",
            "/api/source-maps?project=shop",
            "/api/spool",
        ],
    )
    .await;
}

#[tokio::test]
async fn the_shell_is_complete_and_loads_nothing_from_elsewhere() {
    let relay = Relay::start().await;

    assert_pages(
        &relay.service.client(),
        &["/source-maps", "/source-maps?project=shop"],
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
        &["/api/dsn-keys", "/api/browser/errors", "/api/metrics"],
    )
    .await;
}
