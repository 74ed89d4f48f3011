//! Requests that reach a peer together, in one of the relay's: each browser hears what concerns itself.

use serde_json::{Value, json};
use shared::testing::Reply;

use crate::peer::{Mood, UNWANTED};
use crate::relay::{Relay, error, point};

/// Sends these bodies so that all but the first go to the collector or the tracker together.
async fn send_together(relay: &Relay, path: &str, bodies: &[Value], after: Mood) -> Vec<Reply> {
    let peer = if path.ends_with("errors") {
        &relay.tracker
    } else {
        &relay.collector
    };
    peer.set(Mood::Held);
    let (first, rest) = bodies.split_first().unwrap();
    let release = async {
        peer.is_asked(1).await;
        let others = rest.iter().map(|body| relay.browser.post_json(path, body));
        let others = futures_util::future::join_all(others);
        let release = async {
            // An answer shows that the relay has taken up what was sent before.
            for _ in 0..5 {
                relay.service.client().get("/health").await;
            }
            peer.set(after);
        };
        tokio::join!(others, release).0
    };
    let (first, mut replies) = tokio::join!(relay.browser.post_json(path, first), release);
    replies.insert(0, first);
    replies
}

#[tokio::test]
async fn each_request_hears_of_its_own_points_by_their_places_in_it() {
    let relay = Relay::start().await;
    let bad = json!({"name": ""});
    let bodies = [
        json!({"metrics": [point("zero", 1.0)]}),
        json!({"metrics": [point("one", 1.0), point(UNWANTED, 1.0)]}),
        json!({"metrics": [bad, point(UNWANTED, 2.0), bad, point("two", 1.0), point(UNWANTED, 2.0)]}),
        json!({"metrics": [point("three", 1.0), point("three", 2.0)]}),
        json!({"metrics": [point(UNWANTED, 3.0), bad]}),
    ];

    let replies = send_together(&relay, "/api/browser/metrics", &bodies, Mood::Well).await;

    assert!(relay.collector.requests() < bodies.len(), "some went together");
    let told: Vec<(u16, usize, Vec<u64>)> = replies
        .iter()
        .map(|reply| {
            let body: Value = serde_json::from_slice(&reply.body).unwrap();
            let rejected = body["rejected"].as_array().cloned().unwrap_or_default();
            let places = rejected
                .iter()
                .map(|rejected| rejected["index"].as_u64().unwrap());
            (
                reply.status,
                body["count"].as_u64().unwrap_or(0) as usize,
                places.collect(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (202, 1, vec![]),
            (202, 1, vec![1]),
            (202, 1, vec![0, 1, 2, 4]),
            (202, 2, vec![]),
            (400, 0, vec![]),
        ]
    );
    assert_eq!(relay.collector.taken().len(), 5);
    assert_eq!(relay.figure("points_delivered_total").await, 5);
    assert_eq!(relay.figure("points_refused_total").await, 4);
}

#[tokio::test]
async fn each_report_hears_its_own_answer() {
    let relay = Relay::start().await;
    let bodies = ["a", "b", UNWANTED, "a", "c"].map(error);

    let replies = send_together(&relay, "/api/browser/errors", &bodies, Mood::Well).await;

    assert!(relay.tracker.requests() < bodies.len(), "some went together");
    let statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
    assert_eq!(statuses, [201, 201, 400, 200, 201]);
    assert_eq!(relay.tracker.taken().len(), 4);
}

#[tokio::test]
async fn a_refusal_of_the_whole_harms_only_the_one_that_is_at_fault() {
    for status in [400, 413, 422] {
        let relay = Relay::start().await;
        let bodies = ["a", "b", "c", "hard word", "d", "e", "f"].map(error);
        let mood = Mood::Chokes {
            text: "hard word",
            status,
        };

        let replies = send_together(&relay, "/api/browser/errors", &bodies, mood).await;

        let statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
        assert_eq!(statuses, [201, 201, 201, status, 201, 201, 201]);
        assert_eq!(replies[3].detail(), "a hard word");
        assert_eq!(relay.tracker.taken().len(), 6);
        assert_eq!(relay.figure("reports_refused_total").await, 1);
        assert_eq!(relay.figure("spool_reports").await, 0);
    }
}

#[tokio::test]
async fn a_refusal_of_points_harms_only_the_request_that_is_at_fault() {
    let relay = Relay::start().await;
    let names = ["a", "b", "hard word", "c", "d"];
    let bodies = names.map(|name| json!({"metrics": [point(name, 1.0), point(name, 2.0)]}));
    let mood = Mood::Chokes {
        text: "hard word",
        status: 400,
    };

    let replies = send_together(&relay, "/api/browser/metrics", &bodies, mood).await;

    let statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
    assert_eq!(statuses, [202, 202, 400, 202, 202]);
    assert_eq!(relay.collector.taken().len(), 8);
    assert_eq!(relay.figure("points_refused_total").await, 2);
}

#[tokio::test]
async fn a_peer_that_goes_away_amid_a_batch_gets_each_report_once_and_in_order() {
    let relay = Relay::start().await;
    let bodies: Vec<Value> = (0..30).map(|number| error(&format!("{number:02}"))).collect();

    let replies = send_together(&relay, "/api/browser/errors", &bodies, Mood::half_an_answer()).await;

    let statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
    assert_eq!(statuses, vec![202; 30]);
    relay.tracker.set(Mood::Well);
    relay.figure_is("spool_reports", 0).await;
    assert_eq!(relay.tracker.taken().len(), 30);
    assert_eq!(relay.figure("reports_delivered_total").await, 30);
}
