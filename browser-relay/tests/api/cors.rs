//! Pages of other origins: what a browser asks before, and what it must find in every answer.

use serde_json::json;
use shared::testing::{Client, Reply, database};
use sqlx::Connection as _;

use crate::peer::Mood;
use crate::relay::{KEY, PAGE, Relay, error, vitals};

const ELSEWHERE: &str = "https://elsewhere.example.org";
const PATHS: [&str; 4] = [
    "/api/browser/errors",
    "/api/errors",
    "/api/browser/metrics",
    "/api/metrics",
];

/// What a browser needs to show the answer to the page.
fn assert_open_to(reply: &Reply, origin: &str, what: &str) {
    assert_eq!(reply.header("access-control-allow-origin"), origin, "{what}");
    assert_eq!(
        reply
            .headers
            .get_all("access-control-allow-origin")
            .iter()
            .count(),
        1,
        "{what}"
    );
    assert_eq!(reply.header("access-control-allow-credentials"), "true", "{what}");
    assert_eq!(
        reply.header("access-control-expose-headers"),
        "Retry-After",
        "{what}"
    );
    assert_eq!(reply.header("vary"), "Origin", "{what}");
}

fn assert_closed(reply: &Reply, what: &str) {
    let names = reply.headers.keys().map(http::HeaderName::as_str);
    let opening: Vec<&str> = names.filter(|name| name.starts_with("access-control-")).collect();
    assert!(opening.is_empty(), "{what}: {opening:?}");
    assert_eq!(reply.header("vary"), "Origin", "{what}");
}

/// As a browser asks before it sends. It knows no key.
async fn preflight(relay: &Relay, origin: &str, path: &str) -> Reply {
    relay
        .service
        .client()
        .with("Origin", origin)
        .with("Access-Control-Request-Method", "POST")
        .with("Access-Control-Request-Headers", "content-type,x-monlight-key")
        .send("OPTIONS", path, None)
        .await
}

#[tokio::test]
async fn a_preflight_of_any_active_keys_origin_passes() {
    let relay = Relay::with(&[("CORS_ORIGINS", "https://default.example.com")]).await;
    let own = json!({"project": "own", "allowed_origins": ["https://own.example.com", "https://*.wild.example.com"]});
    let key = relay.make_key(&own).await;
    for path in PATHS {
        for origin in [
            "https://default.example.com",
            "https://own.example.com",
            "https://a.b.wild.example.com",
        ] {
            let reply = preflight(&relay, origin, path).await;

            assert_eq!((reply.status, reply.body.len()), (204, 0), "{origin}");
            assert_open_to(&reply, origin, path);
            for (name, value) in [
                ("access-control-allow-methods", "POST, OPTIONS"),
                (
                    "access-control-allow-headers",
                    "X-Monlight-Key, Content-Type, Content-Encoding",
                ),
                ("access-control-max-age", "86400"),
            ] {
                assert_eq!(reply.header(name), value, "{path}");
            }
        }
        for origin in [
            ELSEWHERE,
            "null",
            "https://wild.example.com",
            "http://own.example.com",
        ] {
            let reply = preflight(&relay, origin, path).await;

            assert_eq!(reply.status, 403, "{origin}");
            assert_closed(&reply, origin);
        }
    }

    let id = &key["id"];
    relay.admin.delete(&format!("/api/dsn-keys/{id}")).await;
    let reply = preflight(&relay, "https://own.example.com", PATHS[0]).await;
    assert_eq!(reply.status, 403, "no active key allows it any more");
    relay.admin.post(&format!("/api/dsn-keys/{id}/activate")).await;
    let reply = preflight(&relay, "https://own.example.com", PATHS[0]).await;
    assert_eq!(reply.status, 204);
}

#[tokio::test]
async fn a_preflight_decides_on_nothing_else() {
    let relay = Relay::with(&[("RATE_LIMIT", "1")]).await;
    for _ in 0..5 {
        assert_eq!(preflight(&relay, PAGE, PATHS[0]).await.status, 204);
    }
    let without_origin = relay.service.client().send("OPTIONS", PATHS[0], None).await;
    assert_eq!(without_origin.status, 204);

    assert_eq!(relay.report(&error("x")).await.status, 201, "nothing was used up");
    let reply = preflight(&relay, PAGE, "/api/dsn-keys").await;
    assert_eq!(reply.status, 401, "the administrator has no other origins");
    assert_eq!(reply.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn a_beacon_passes_with_its_credentials() {
    let relay = Relay::with(&[("CORS_ORIGINS", PAGE)]).await;
    let beacon = relay
        .service
        .client()
        .with("Origin", PAGE)
        .with("Sec-Fetch-Mode", "no-cors")
        .with("Cookie", "a=1; b=2")
        .with("Content-Type", "text/plain;charset=UTF-8");
    for (path, body, status) in [
        ("/api/browser/errors", error("x"), 201),
        ("/api/browser/metrics", vitals(&[1.0, 2.0]), 202),
    ] {
        let body = body.to_string();
        let reply = beacon
            .send("POST", &format!("{path}?key={KEY}"), Some(body.as_bytes()))
            .await;

        assert_eq!(reply.status, status, "{}", reply.text());
        assert_open_to(&reply, PAGE, path);
    }
    assert_eq!(relay.tracker.only()["message"], "x");
    assert_eq!(relay.collector.taken().len(), 2);
}

#[tokio::test]
async fn every_answer_to_an_allowed_origin_can_be_read_by_its_page() {
    let relay = Relay::with(&[
        ("CORS_ORIGINS", PAGE),
        ("RATE_LIMIT", "1000000"),
        ("SPOOL_MAX_BYTES", "1MiB"),
    ])
    .await;
    let limited = relay
        .browser_of(&json!({"project": "limited", "rate_limit": 1}))
        .await
        .with("Origin", PAGE);
    let page = relay.browser.with("Origin", PAGE);
    let stranger = relay.service.client().with("Origin", PAGE);
    let good = error("x").to_string().into_bytes();
    let unwanted = error(crate::peer::UNWANTED).to_string().into_bytes();
    let large = vec![b' '; 70_000];
    let send = async |client: &Client, method: &str, body: &[u8], status: u16| {
        let reply = client.send(method, "/api/browser/errors", Some(body)).await;
        assert_eq!(reply.status, status, "{}", String::from_utf8_lossy(&reply.body));
        assert_open_to(&reply, PAGE, &status.to_string());
    };
    send(&page, "POST", &good, 201).await;
    send(&page, "POST", &good, 200).await;
    send(&page, "POST", b"{", 400).await;
    send(&page, "POST", &unwanted, 400).await;
    send(&stranger, "POST", &good, 401).await;
    send(&stranger.with("X-Monlight-Key", "wrong"), "POST", &good, 401).await;
    send(&page, "GET", b"", 405).await;
    send(&page, "POST", &large, 413).await;
    send(&page.with("Content-Encoding", "lzma"), "POST", &good, 415).await;
    send(&limited, "POST", &good, 200).await;
    send(&limited, "POST", &good, 429).await;

    relay.tracker.down().await;
    send(&page, "POST", &good, 202).await;
    // Another process holds the database.
    let mut other = database::open(&relay.database()).await;
    sqlx::query("begin immediate").execute(&mut other).await.unwrap();
    send(&page, "POST", &good, 503).await;
    sqlx::query("rollback").execute(&mut other).await.unwrap();
    // And then somebody harms it.
    sqlx::query("drop table spool").execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    send(&page, "POST", &good, 500).await;
}

#[tokio::test]
async fn another_origin_is_refused_and_learns_nothing() {
    let relay = Relay::with(&[("CORS_ORIGINS", PAGE)]).await;
    for origin in [
        ELSEWHERE,
        "null",
        "",
        "https://shop.example.com.evil.org",
        "https://shop.example.com:8443",
        "http://shop.example.com",
        "https://shop.example.com, https://elsewhere.example.org",
        "*",
    ] {
        for (path, body) in [(PATHS[0], error("x")), (PATHS[2], vitals(&[1.0]))] {
            let reply = relay.browser.with("Origin", origin).post_json(path, &body).await;

            assert_eq!(reply.status, 403, "{origin}");
            assert!(!reply.detail().is_empty());
            assert_closed(&reply, origin);
        }
        let unknown = relay
            .service
            .client()
            .with("Origin", origin)
            .post_json(PATHS[0], &error("x"))
            .await;
        assert_eq!(unknown.status, 401, "{origin}");
        assert_closed(&unknown, origin);
    }
    assert_eq!((relay.tracker.requests(), relay.collector.requests()), (0, 0));
}

#[tokio::test]
async fn a_request_without_origin_is_no_browsers_and_passes() {
    let relay = Relay::with(&[("CORS_ORIGINS", "[]")]).await;

    let reply = relay.report(&error("x")).await;

    assert_eq!(reply.status, 201);
    assert_closed(&reply, "no origin");
}

#[tokio::test]
async fn each_key_has_its_own_list_and_an_empty_one_lets_nobody_pass() {
    let relay = Relay::with(&[("CORS_ORIGINS", PAGE)]).await;
    let own = relay
        .browser_of(&json!({"project": "own", "allowed_origins": ["https://own.example.com:8443", "null"]}))
        .await;
    let nobody = relay
        .browser_of(&json!({"project": "nobody", "allowed_origins": []}))
        .await;
    for (client, origin, status) in [
        (&relay.browser, PAGE, 201),
        (&relay.browser, "https://own.example.com:8443", 403),
        (&relay.browser, "null", 403),
        (&own, "https://own.example.com:8443", 201),
        (&own, "https://own.example.com", 403),
        (&own, "null", 201),
        (&own, PAGE, 403),
        (&nobody, PAGE, 403),
        (&nobody, "null", 403),
    ] {
        let message = format!("{origin} {status}");
        let reply = client
            .with("Origin", origin)
            .post_json(PATHS[0], &error(&message))
            .await;

        if status == 403 {
            assert_eq!(reply.status, 403, "{origin}");
            assert_closed(&reply, origin);
        } else {
            assert!([200, 201].contains(&reply.status), "{origin}: {}", reply.text());
            assert_open_to(&reply, origin, origin);
        }
    }
    assert_eq!(relay.tracker.taken().len(), 3);
}

#[tokio::test]
async fn without_any_list_all_origins_pass_but_null() {
    for settings in [&[][..], &[("CORS_ORIGINS", "*")], &[("CORS_ORIGINS", " ")]] {
        let relay = Relay::with(settings).await;
        for (origin, passes) in [(PAGE, true), (ELSEWHERE, true), ("null", false)] {
            assert_eq!(
                preflight(&relay, origin, PATHS[0]).await.status,
                if passes { 204 } else { 403 }
            );
            let page = relay.browser.with("Origin", origin);
            let reply = page.post_json(PATHS[0], &error("x")).await;
            assert_eq!(reply.status < 300, passes, "{origin}: {}", reply.text());
            assert_eq!(
                reply.header("access-control-allow-origin"),
                if passes { origin } else { "" }
            );
        }
    }
}

#[tokio::test]
async fn no_origin_passes_where_the_setting_says_none() {
    let relay = Relay::with(&[("CORS_ORIGINS", "[]")]).await;

    assert_eq!(preflight(&relay, PAGE, PATHS[0]).await.status, 403);
    let page = relay.browser.with("Origin", PAGE);
    assert_eq!(page.post_json(PATHS[0], &error("x")).await.status, 403);
}

#[tokio::test]
async fn the_reply_of_the_tracker_reaches_the_page_also_when_it_comes_late() {
    let relay = Relay::with(&[("CORS_ORIGINS", PAGE)]).await;
    relay
        .tracker
        .set(Mood::Slow(std::time::Duration::from_millis(200)));

    let reply = relay
        .browser
        .with("Origin", PAGE)
        .post_json(PATHS[0], &error("x"))
        .await;

    assert_eq!((reply.status, &reply.json()["status"]), (201, &json!("created")));
    assert_open_to(&reply, PAGE, "late");
}
