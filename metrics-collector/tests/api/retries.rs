//! `Idempotency-Key`: a batch that is sent again is counted once.

use serde_json::{Value, json};
use shared::testing::Client;

use crate::collector::{Collector, counter};

fn batch() -> Value {
    json!([counter("jobs", 1.0), counter("jobs", 2.0)])
}

fn keyed(collector: &Collector, key: &str) -> Client {
    collector.api.with("Idempotency-Key", key)
}

#[tokio::test]
async fn a_batch_that_is_sent_again_is_counted_once() {
    let collector = Collector::start().await;
    let client = keyed(&collector, "one");
    let first = client.post_json("/api/metrics", &batch()).await;
    let again = client.post_json("/api/metrics", &batch()).await;

    assert_eq!((first.status, again.status), (202, 202));
    assert_eq!(first.json(), json!({"status": "accepted", "count": 2}));
    assert_eq!(
        again.json(),
        json!({"status": "accepted", "count": 2, "duplicate": true})
    );
    assert_eq!(collector.total("name=jobs").await, (2, 3.0));
    assert_eq!(collector.figure("points_accepted_total").await, 2);
    assert_eq!(collector.figure("batches_repeated_total").await, 1);

    // Another key is another batch, and so is none at all.
    keyed(&collector, "ONE").post_json("/api/metrics", &batch()).await;
    keyed(&collector, "").post_json("/api/metrics", &batch()).await;
    collector.api.post_json("/api/metrics", &batch()).await;
    assert_eq!(collector.total("name=jobs").await, (8, 12.0));
}

#[tokio::test]
async fn a_batch_that_is_sent_many_times_at_once_is_counted_once() {
    let collector = Collector::start().await;
    for round in 0..20_u64 {
        let client = keyed(&collector, &format!("round-{round}"));
        let body = batch();
        let send = || client.post_json("/api/metrics", &body);

        let replies = tokio::join!(send(), send(), send(), send());

        let replies: [shared::testing::Reply; 4] = replies.into();
        assert!(replies.iter().all(|reply| reply.status == 202));
        let stored = replies
            .iter()
            .filter(|reply| reply.json().get("duplicate").is_none());
        assert_eq!(stored.count(), 1);
        assert_eq!(collector.total("name=jobs").await.0, 2 * (round + 1));
    }
}

#[tokio::test]
async fn a_key_outlives_a_restart() {
    let collector = Collector::start().await;
    keyed(&collector, "kept")
        .post_json("/api/metrics", &batch())
        .await;

    let collector = collector.restarted_with(&[("AGGREGATION_INTERVAL", "1")]).await;
    let again = keyed(&collector, "kept")
        .post_json("/api/metrics", &batch())
        .await;

    assert_eq!(again.json()["duplicate"], true);
    assert_eq!(collector.total("name=jobs").await, (2, 3.0));
}

#[tokio::test]
async fn a_refused_batch_does_not_use_up_its_key() {
    let collector = Collector::start().await;
    let client = keyed(&collector, "second-try");

    let refused = client
        .post_json("/api/metrics", &json!([counter("jobs", -1.0)]))
        .await;
    let broken = client.post_bytes("/api/metrics", b"[{").await;
    let good = client.post_json("/api/metrics", &batch()).await;

    assert_eq!((refused.status, broken.status, good.status), (400, 400, 202));
    assert_eq!(good.json(), json!({"status": "accepted", "count": 2}));
    assert_eq!(collector.total("name=jobs").await.0, 2);
}

#[tokio::test]
async fn a_batch_that_is_sent_again_tells_the_same_of_its_bad_points() {
    let collector = Collector::start().await;
    let client = keyed(&collector, "partly");
    let points = json!([counter("jobs", 1.0), counter("jobs", -1.0)]);

    let first = client.post_json("/api/metrics", &points).await.json();
    let again = client.post_json("/api/metrics", &points).await.json();

    assert_eq!((&first["count"], &again["count"]), (&json!(1), &json!(1)));
    assert_eq!(first["rejected"], again["rejected"]);
    assert_eq!(again["duplicate"], true);
}

#[tokio::test]
async fn a_key_has_at_most_255_characters() {
    let collector = Collector::start().await;
    let long = keyed(&collector, &"k".repeat(255))
        .post_json("/api/metrics", &batch())
        .await;
    let longer = keyed(&collector, &"k".repeat(256))
        .post_json("/api/metrics", &batch())
        .await;

    assert_eq!(long.status, 202);
    assert_eq!(
        (longer.status, longer.detail().as_str()),
        (400, "Idempotency-Key: must have at most 255 characters")
    );
    assert_eq!(collector.total("name=jobs").await.0, 2);
}
