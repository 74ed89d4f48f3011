//! Keys: the administrator's opens what is his, a browser's opens what is a browser's, and neither the other's.

use serde_json::json;
use shared::testing::promises::{assert_guarded, assert_refused};

use crate::relay::{ADMIN, KEY, Relay, error, vitals};

/// Every kind of guarded address, also those that do not exist.
const GUARDED: &[(&str, &str)] = &[
    ("POST", "/api/dsn-keys"),
    ("GET", "/api/dsn-keys"),
    ("DELETE", "/api/dsn-keys/1"),
    ("POST", "/api/dsn-keys/1/activate"),
    ("POST", "/api/source-maps"),
    ("POST", "/api/sourcemaps"),
    ("GET", "/api/source-maps"),
    ("DELETE", "/api/source-maps/1"),
    ("GET", "/api/spool"),
    ("GET", "/api/about"),
    ("GET", "/api/openapi.json"),
    ("GET", "/metrics"),
    ("GET", "/api/nothing"),
    ("PATCH", "/api/dsn-keys"),
    ("GET", "/api/source-maps/"),
    ("POST", "/api/browser/errors/"),
    ("POST", "/api/errors/batch"),
    ("GET", "/api/"),
    ("GET", "/api"),
    ("HEAD", "/api/spool"),
    ("OPTIONS", "/api/dsn-keys"),
];
const FOR_BROWSERS: [&str; 4] = [
    "/api/browser/errors",
    "/api/errors",
    "/api/browser/metrics",
    "/api/metrics",
];

#[tokio::test]
async fn without_the_key_every_guarded_address_answers_the_same() {
    let relay = Relay::start().await;
    let body = json!({"project": "mine"}).to_string();

    assert_guarded("browser-relay", ADMIN, GUARDED, body.as_bytes(), |address| {
        relay.stranger(address)
    })
    .await;

    assert_eq!(relay.get("/api/dsn-keys").await["total"], 1);
    let key = &relay.get("/api/dsn-keys").await["keys"][0];
    assert_eq!((&key["public_key"], &key["active"]), (&json!(KEY), &json!(true)));
}

#[tokio::test]
async fn a_browsers_key_opens_nothing_of_the_administrators() {
    let relay = Relay::start().await;
    for (number, (method, path)) in GUARDED.iter().enumerate() {
        let stranger = relay.stranger(&format!("192.0.2.{number}"));
        for client in [
            stranger.with("X-API-Key", KEY),
            stranger.with("Authorization", &format!("Bearer {KEY}")),
            stranger.with("X-Monlight-Key", KEY),
        ] {
            let body = (*method == "POST").then_some(&b"{\"project\":\"mine\"}"[..]);
            let reply = client.send(method, path, body).await;
            assert_refused(&reply, &format!("{method} {path}"));
        }
        let reply = stranger.send(method, &format!("{path}?key={KEY}"), None).await;
        assert_refused(&reply, &format!("{method} {path}?key="));
    }
}

#[tokio::test]
async fn the_administrators_key_opens_nothing_of_a_browsers() {
    let relay = Relay::start().await;
    let open = relay.service.client();
    for path in FOR_BROWSERS {
        for (client, query) in [
            (open.clone(), String::new()),
            (open.with("X-API-Key", ADMIN), String::new()),
            (
                open.with("Authorization", &format!("Bearer {ADMIN}")),
                String::new(),
            ),
            (
                open.with("Authorization", &format!("Bearer {KEY}")),
                String::new(),
            ),
            (open.with("X-API-Key", KEY), String::new()),
            (open.with("X-Monlight-Key", ADMIN), String::new()),
            (open.with("X-Monlight-Key", ""), String::new()),
            (open.with("X-Monlight-Key", &KEY[1..]), String::new()),
            (open.clone(), format!("?key={ADMIN}")),
            (open.clone(), "?key=".into()),
            (open.clone(), format!("?api_key={KEY}")),
            (open.clone(), format!("?key={}", KEY.replace('0', "1"))),
            // What the header says counts, where there is one.
            (open.with("X-Monlight-Key", "wrong"), format!("?key={KEY}")),
        ] {
            let reply = client
                .post_json(&format!("{path}{query}"), &error("not to be taken"))
                .await;

            assert_eq!(
                (reply.status, reply.detail().as_str()),
                (401, "Invalid DSN key"),
                "{path}{query}"
            );
        }
    }
    assert_eq!((relay.tracker.requests(), relay.collector.requests()), (0, 0));
}

#[tokio::test]
async fn a_browsers_key_is_taken_from_the_header_or_the_address_in_either_case() {
    let relay = Relay::start().await;
    let open = relay.service.client();
    let upper = KEY.to_uppercase();
    for (client, query) in [
        (open.with("X-Monlight-Key", KEY), String::new()),
        (open.with("x-monlight-key", &upper), String::new()),
        (open.clone(), format!("?key={KEY}")),
        (open.clone(), format!("?v=1&key={upper}&x")),
    ] {
        for path in FOR_BROWSERS {
            let body = if path.ends_with("errors") {
                error("x")
            } else {
                vitals(&[1.0])
            };
            let reply = client.post_json(&format!("{path}{query}"), &body).await;
            assert!(reply.status < 300, "{path}{query}: {}", reply.text());
        }
    }
    assert_eq!(
        (relay.tracker.taken().len(), relay.collector.taken().len()),
        (8, 8)
    );
}

#[tokio::test]
async fn the_administrators_key_is_taken_in_either_header_and_not_from_the_address() {
    let relay = Relay::start().await;
    let open = relay.service.client();
    for client in [
        open.with("X-API-Key", ADMIN),
        open.with("authorization", &format!("bearer {ADMIN}")),
    ] {
        for path in ["/api/dsn-keys", "/api/spool", "/metrics"] {
            assert_eq!(client.get(path).await.status, 200, "{path}");
        }
    }
    for name in ["api_key", "key"] {
        let reply = relay
            .stranger("192.0.2.1")
            .get(&format!("/api/spool?{name}={ADMIN}"))
            .await;
        assert_refused(&reply, name);
    }
}

#[tokio::test]
async fn two_keys_are_valid_during_a_rotation_and_the_more_specific_setting_wins() {
    let relay = Relay::with(&[
        ("BROWSER_RELAY_ADMIN_API_KEY", "new, old"),
        ("ADMIN_API_KEY", "shared"),
    ])
    .await;
    for (key, status) in [("new", 200), ("old", 200), ("new, old", 401), ("shared", 401)] {
        let client = relay.service.client().with("X-API-Key", key);
        assert_eq!(client.get("/api/spool").await.status, status, "{key}");
    }
}

#[tokio::test]
async fn health_and_the_pages_need_no_key() {
    let relay = Relay::start().await;
    for path in ["/health", "/", "/index.html", "/source-maps"] {
        assert_eq!(relay.service.client().get(path).await.status, 200, "{path}");
    }
}
