//! `RATE_LIMIT`: per client, with a budget for reports and one for pages.

use shared::testing::Client;
use shared::testing::promises::assert_too_many;

use crate::tracker::{KEY, Tracker, report};

const LIMIT: usize = 3;

async fn limited(more: &[(&str, &str)]) -> Tracker {
    let mut settings = vec![("RATE_LIMIT", "3")];
    settings.extend(more);
    Tracker::with(&settings).await
}

/// The statuses of so many reports.
async fn send(client: &Client, times: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..times {
        let reply = client.post_json("/api/errors", &report("KeyError")).await;
        statuses.push(if reply.status == 201 { 200 } else { reply.status });
    }
    statuses
}

#[tokio::test]
async fn over_the_limit_the_answer_says_when_to_come_again() {
    let tracker = limited(&[]).await;
    assert_eq!(send(&tracker.api, LIMIT).await, [200; LIMIT]);

    let reply = tracker.api.post_json("/api/errors", &report("KeyError")).await;

    let _seconds = assert_too_many(&reply);
    assert_eq!(tracker.get("/api/errors").await["errors"][0]["count"], LIMIT);
}

#[tokio::test]
async fn pages_and_reports_have_a_budget_each() {
    let tracker = limited(&[]).await;
    for _ in 0..LIMIT {
        assert_eq!(tracker.api.get("/api/errors").await.status, 200);
    }
    assert_eq!(tracker.api.get("/api/projects").await.status, 429);

    assert_eq!(send(&tracker.api, LIMIT + 1).await, [200, 200, 200, 429]);
}

#[tokio::test]
async fn a_batch_and_a_report_share_the_budget() {
    let tracker = limited(&[]).await;
    assert_eq!(send(&tracker.api, 2).await, [200; 2]);

    assert_eq!(
        tracker.api.post_bytes("/api/errors/batch", b"[]").await.status,
        200
    );
    assert_eq!(
        tracker.api.post_bytes("/api/errors/batch", b"[]").await.status,
        429
    );
}

#[tokio::test]
async fn each_client_behind_a_trusted_proxy_has_its_own_limit() {
    let tracker = limited(&[]).await;
    let from = |address: &str| tracker.stranger(address).with("X-API-Key", KEY);

    assert_eq!(send(&from("192.0.2.1"), LIMIT + 1).await, [200, 200, 200, 429]);
    assert_eq!(send(&from("192.0.2.2"), 1).await, [200]);
    // Only the hop that the proxy itself has added is believed.
    assert_eq!(send(&from("203.0.113.9, 192.0.2.1"), 1).await, [429]);
    assert_eq!(send(&tracker.api, 1).await, [200], "the proxy itself");
}

#[tokio::test]
async fn clients_behind_an_untrusted_peer_share_one_limit() {
    let tracker = limited(&[("TRUSTED_PROXIES", "10.0.0.0/8")]).await;
    let from = |address: &str| tracker.stranger(address).with("X-API-Key", KEY);

    assert_eq!(send(&from("192.0.2.1"), 2).await, [200; 2]);
    assert_eq!(send(&from("192.0.2.2"), 2).await, [200, 429]);
}

#[tokio::test]
async fn each_key_has_its_own_limit() {
    let tracker = limited(&[("API_KEY", "new,old")]).await;
    let with_key = |key: &str| tracker.service.client().with("X-API-Key", key);

    assert_eq!(send(&with_key("new"), LIMIT + 1).await, [200, 200, 200, 429]);
    assert_eq!(send(&with_key("old"), 1).await, [200]);
}

#[tokio::test]
async fn who_has_no_key_uses_up_nothing() {
    let tracker = limited(&[]).await;
    for _ in 0..=LIMIT {
        assert_eq!(
            tracker
                .service
                .client()
                .post_json("/api/errors", &report("KeyError"))
                .await
                .status,
            401
        );
    }

    assert_eq!(send(&tracker.api, LIMIT).await, [200; LIMIT]);
}

#[tokio::test]
async fn health_and_pages_are_not_limited() {
    let tracker = limited(&[]).await;
    for _ in 0..2 * LIMIT {
        assert_eq!(tracker.service.client().get("/health").await.status, 200);
        assert_eq!(tracker.service.client().get("/").await.status, 200);
    }
}
