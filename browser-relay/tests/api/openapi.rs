//! `/api/openapi.json`: the document is the one in `docs`, and it tells the truth.
//!
//! After a change on purpose: `UPDATE_OPENAPI=1 cargo nextest run -p browser-relay --test api openapi`.

use serde_json::json;
use shared::testing::openapi::{Document, assert_all_documented};

use crate::peer::UNWANTED;
use crate::relay::{ADMIN, PAGE, Relay, error, point, vector, vitals, with};

async fn documented() -> (Relay, Document) {
    let relay = Relay::with(&[
        ("CORS_ORIGINS", PAGE),
        ("PUBLIC_URL", "https://relay.example.com"),
    ])
    .await;
    let document = Document::of(&relay.admin).await;
    (relay, document)
}

#[tokio::test]
async fn the_document_is_the_one_that_is_kept_and_whole() {
    let (_relay, document) = documented().await;

    document.assert_is_kept("browser-relay");
    document.assert_is_whole(env!("CARGO_PKG_VERSION"));
}

#[tokio::test]
async fn the_keys_of_browsers_are_documented() {
    let (_relay, document) = documented().await;
    let scheme = &document.whole["components"]["securitySchemes"]["dsn_key"];

    assert_eq!(
        (&scheme["in"], &scheme["name"]),
        (&json!("header"), &json!("X-Monlight-Key"))
    );
}

#[tokio::test]
async fn exactly_the_documented_methods_are_served() {
    let (_relay, mut document) = documented().await;
    let paths = document.whole["paths"].as_object_mut().unwrap();
    // These have keys of their own; their methods are looked at where methods are.
    for path in [
        "/api/browser/errors",
        "/api/errors",
        "/api/browser/metrics",
        "/api/metrics",
    ] {
        let methods: Vec<String> = paths
            .remove(path)
            .unwrap()
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect();
        assert_eq!(methods, ["post"], "{path}");
    }

    document.assert_methods(|path| path.replace("{id}", "1")).await;
}

#[tokio::test]
async fn every_documented_answer_has_the_documented_members() {
    let (relay, document) = documented().await;
    let unwanted = with(error(UNWANTED), json!({"event_id": "u"}));
    let mixed = json!({"metrics": [point("lcp", 1.0), point(UNWANTED, 1.0), {"name": ""}]});
    let elsewhere = relay.browser.with("Origin", "https://elsewhere.example.org");
    for path in ["/api/browser/errors", "/api/errors"] {
        for body in [error(path), error(path), unwanted.clone()] {
            let reply = relay.browser.post_json(path, &body).await;
            document.assert_describes("post", path, &reply);
        }
        let reply = elsewhere.post_json(path, &error("x")).await;
        document.assert_describes("post", path, &reply);
    }
    for path in ["/api/browser/metrics", "/api/metrics"] {
        for body in [vitals(&[1.0]), mixed.clone(), json!({"metrics": []})] {
            let reply = relay.browser.post_json(path, &body).await;
            document.assert_describes("post", path, &reply);
        }
        let reply = elsewhere.post_json(path, &vitals(&[1.0])).await;
        document.assert_describes("post", path, &reply);
    }
    relay.tracker.down().await;
    let spooled = relay.report(&error("x")).await;
    assert_eq!(spooled.status, 202);
    document.assert_describes("post", "/api/browser/errors", &spooled);
    for body in [
        json!({"project": "a", "allowed_origins": [PAGE], "rate_limit": 7}),
        json!({}),
    ] {
        let reply = relay.admin.post_json("/api/dsn-keys", &body).await;
        document.assert_describes("post", "/api/dsn-keys", &reply);
    }
    for (method, path, address) in [
        ("delete", "/api/dsn-keys/{id}", "/api/dsn-keys/1"),
        ("delete", "/api/dsn-keys/{id}", "/api/dsn-keys/99"),
        ("post", "/api/dsn-keys/{id}/activate", "/api/dsn-keys/1/activate"),
        ("post", "/api/dsn-keys/{id}/activate", "/api/dsn-keys/99/activate"),
    ] {
        let reply = relay.admin.send(&method.to_uppercase(), address, Some(b"")).await;
        document.assert_describes(method, path, &reply);
    }
    for path in ["/api/source-maps", "/api/sourcemaps"] {
        let body = json!({"project": "shop", "release": "1", "file_url": "/a.js", "map_content": vector()});
        for body in [body, json!({})] {
            let reply = relay.admin.post_json(path, &body).await;
            document.assert_describes("post", path, &reply);
        }
    }
    document.assert_reads(|path| Some(path.to_owned())).await;
    for id in ["1", "2", "99"] {
        let reply = relay.admin.delete(&format!("/api/source-maps/{id}")).await;
        document.assert_describes("delete", "/api/source-maps/{id}", &reply);
    }
}

#[tokio::test]
async fn every_operation_asks_for_the_key_that_the_document_says() {
    let (relay, document) = documented().await;

    document
        .assert_authorised(
            "browser-relay",
            ADMIN,
            |path| path.replace("{id}", "1"),
            |address| relay.stranger(address),
        )
        .await;
}

#[test]
fn nothing_is_served_without_being_documented() {
    assert_all_documented(include_str!("../../src/http/mod.rs"));
}

#[tokio::test]
async fn the_plumbing_is_documented_with_what_it_asks_for() {
    let (relay, document) = documented().await;

    document.assert_plumbing(&relay.service.client()).await;
}
