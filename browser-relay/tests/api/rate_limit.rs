//! `RATE_LIMIT`: per DSN key and client; a key's own limit wins.

use serde_json::json;
use shared::testing::Client;
use shared::testing::promises::assert_too_many;

use crate::relay::{ADMIN, KEY, Relay, error, vitals};

/// The statuses of so many reports.
async fn send(client: &Client, times: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..times {
        let reply = client.post_json("/api/browser/errors", &error("x")).await;
        statuses.push(if reply.status == 201 { 200 } else { reply.status });
    }
    statuses
}

#[tokio::test]
async fn over_the_limit_the_answer_says_when_to_come_again() {
    let relay = Relay::with(&[("RATE_LIMIT", "3")]).await;
    assert_eq!(send(&relay.browser, 3).await, [200; 3]);

    let reply = relay.report(&error("x")).await;

    let _seconds = assert_too_many(&reply);
    assert_eq!(relay.tracker.taken().len(), 3);
    // Errors, metrics and their other addresses share one limit.
    for path in ["/api/errors", "/api/browser/metrics", "/api/metrics"] {
        assert_eq!(
            relay.browser.post_json(path, &vitals(&[1.0])).await.status,
            429,
            "{path}"
        );
    }
    assert_eq!(relay.collector.requests(), 0);
}

#[tokio::test]
async fn three_hundred_a_minute_are_the_default() {
    let relay = Relay::with(&[("RATE_LIMIT", "")]).await;

    let statuses = send(&relay.browser, 301).await;

    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 300);
    assert_eq!(statuses[300], 429);
}

#[tokio::test]
async fn each_client_of_each_key_has_its_own_limit() {
    let relay = Relay::with(&[("RATE_LIMIT", "3")]).await;
    let other_key = relay.make_key(&json!({"project": "other"})).await;
    let other_key = other_key["public_key"].as_str().unwrap();
    let from = |address: &str, key: &str| relay.stranger(address).with("X-Monlight-Key", key);

    assert_eq!(send(&from("192.0.2.1", KEY), 4).await, [200, 200, 200, 429]);
    assert_eq!(send(&from("192.0.2.2", KEY), 1).await, [200]);
    assert_eq!(send(&from("192.0.2.1", other_key), 1).await, [200]);
    // Only the hop that the proxy itself has added is believed.
    assert_eq!(send(&from("203.0.113.9, 192.0.2.1", KEY), 1).await, [429]);
}

#[tokio::test]
async fn without_a_trusted_proxy_the_header_makes_nobody_another_client() {
    let relay = Relay::with(&[("RATE_LIMIT", "2"), ("TRUSTED_PROXIES", "192.0.2.0/24")]).await;
    let from = |address: &str| relay.stranger(address).with("X-Monlight-Key", KEY);

    assert_eq!(send(&from("192.0.2.1"), 2).await, [200, 200]);
    assert_eq!(send(&from("192.0.2.2"), 1).await, [429]);
}

#[tokio::test]
async fn the_limit_of_the_key_wins_over_the_setting() {
    let relay = Relay::with(&[("RATE_LIMIT", "2")]).await;
    let less = relay
        .browser_of(&json!({"project": "less", "rate_limit": 1}))
        .await;
    let more = relay
        .browser_of(&json!({"project": "more", "rate_limit": 4}))
        .await;

    assert_eq!(send(&less, 2).await, [200, 429]);
    assert_eq!(send(&more, 5).await, [200, 200, 200, 200, 429]);
    assert_eq!(send(&relay.browser, 3).await, [200, 200, 429]);
}

#[tokio::test]
async fn who_has_no_key_or_the_administrators_uses_up_nothing_of_a_browsers() {
    let relay = Relay::with(&[("RATE_LIMIT", "2")]).await;
    assert_eq!(send(&relay.service.client(), 4).await, [401; 4]);
    for _ in 0..5 {
        assert_eq!(relay.admin.get("/api/spool").await.status, 200);
        assert_eq!(relay.service.client().get("/health").await.status, 200);
    }

    assert_eq!(send(&relay.browser, 3).await, [200, 200, 429]);
    assert_eq!(
        relay
            .service
            .client()
            .with("X-API-Key", ADMIN)
            .get("/api/spool")
            .await
            .status,
        200
    );
}
