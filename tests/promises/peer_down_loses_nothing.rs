//! Tracker and collector are stopped and started again while pages send, and the relay too: what was accepted arrives,
//! each report and point exactly once, what one session sent in its order.

use std::sync::atomic::Ordering;

use serde_json::json;
use shared::testing::{Chance, eventually};

use crate::lossy_wire::LossyWire;
use crate::pages::{KEEPS_ALL, Relay, everything_has_arrived_in_order, numbers_as_they_came, sessions};
use crate::stack::{Kind, ORIGIN, Stack};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn peers_that_come_and_go_get_every_report_and_point_once_and_in_order() {
    let mut stack = Stack::with(&KEEPS_ALL).await;
    let mut chance = Chance::new();
    let relay = Relay::of(&stack);
    let sessions = sessions(&relay);

    for _ in 0..6 {
        relay.has_more(&relay.accepted, chance.within(1, 20)).await;
        let away = match chance.within(0, 3) {
            0 => vec![Kind::ErrorTracker],
            1 => vec![Kind::MetricsCollector],
            _ => vec![Kind::MetricsCollector, Kind::ErrorTracker],
        };
        for kind in &away {
            stack.member(*kind).stop().await;
        }
        let counter = if away.contains(&Kind::ErrorTracker) {
            &relay.spooled
        } else {
            &relay.accepted
        };
        relay.has_more(counter, chance.within(1, 20)).await;
        for kind in &away {
            stack.member(*kind).start().await;
        }
    }
    relay.is_over.store(true, Ordering::Relaxed);

    everything_has_arrived_in_order(&stack, sessions).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_that_is_restarted_while_pages_send_and_peers_are_away_loses_nothing() {
    let mut stack = Stack::with(&KEEPS_ALL).await;
    let mut chance = Chance::new();
    let relay = Relay::of(&stack);
    let sessions = sessions(&relay);

    for round in 0..4 {
        relay.has_more(&relay.accepted, chance.within(1, 20)).await;
        let is_alone = round % 2 == 0;
        if is_alone {
            stack.tracker.stop().await;
            stack.collector.stop().await;
            relay.has_more(&relay.spooled, chance.within(1, 20)).await;
        }
        stack.relay.stop().await;
        stack.relay.start().await;
        relay.has_more(&relay.accepted, chance.within(1, 20)).await;
        if is_alone {
            stack.tracker.start().await;
            stack.collector.start().await;
        }
    }
    relay.is_over.store(true, Ordering::Relaxed);

    everything_has_arrived_in_order(&stack, sessions).await;
}

/// The peers have what they did not say that they have, so it comes again, and must count once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sent_again_because_its_answer_was_lost_counts_once() {
    let mut stack = Stack::down(&KEEPS_ALL);
    let to_tracker = LossyWire::to(stack.tracker.address()).await;
    let to_collector = LossyWire::to(stack.collector.address()).await;
    stack.relay.set("ERROR_TRACKER_URL", &to_tracker.url);
    stack.relay.set("METRICS_COLLECTOR_URL", &to_collector.url);
    for kind in [Kind::ErrorTracker, Kind::MetricsCollector, Kind::BrowserRelay] {
        stack.member(kind).start().await;
    }
    let relay = Relay::of(&stack);
    let sessions = sessions(&relay);

    relay.has_more(&relay.accepted, 40).await;
    eventually("answers get lost on both wires", async || {
        (to_tracker.lost() >= 3 && to_collector.lost() >= 3).then_some(())
    })
    .await;
    relay.is_over.store(true, Ordering::Relaxed);
    to_tracker.mend();
    to_collector.mend();

    everything_has_arrived_in_order(&stack, sessions).await;
}

#[tokio::test]
async fn a_full_spool_says_so_and_keeps_what_it_has_through_a_restart() {
    let settings = [KEEPS_ALL[0], (Kind::BrowserRelay, "SPOOL_MAX_BYTES", "1MiB")];
    let mut stack = Stack::down(&settings);
    stack.relay.start().await;
    let browser = stack.browser();
    // What is alike takes next to nothing in the spool.
    let mut chance = Chance::new();
    let mut report = |number: u64| {
        json!({
            "type": "Large", "message": "m", "event_id": format!("large-{number}"), "session_id": "large",
            "context": {"number": number, "text": chance.text(60 << 10)},
        })
    };

    let mut accepted = 0;
    let refused = loop {
        let reply = browser.post_json("/api/browser/errors", &report(accepted)).await;
        if reply.status != 202 {
            break reply;
        }
        accepted += 1;
    };
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(
        refused
            .header("retry-after")
            .parse::<u64>()
            .is_ok_and(|seconds| seconds > 0)
    );
    assert_eq!(refused.header("access-control-allow-origin"), ORIGIN);
    assert!((15..=30).contains(&accepted), "{accepted} of 60 KiB are in 1 MiB");
    stack.relay.stop().await;
    stack.relay.start().await;
    let still_full = browser.post_json("/api/browser/errors", &report(accepted)).await;
    assert_eq!(still_full.status, 503, "{}", still_full.text());

    stack.tracker.start().await;
    eventually("the spool is empty", async || {
        let state = stack.relay.get("/api/spool").await;
        (state["used_bytes"] == 0).then_some(())
    })
    .await;

    let groups = stack.tracker.get("/api/errors").await;
    let arrived = numbers_as_they_came(&stack, groups["errors"].as_array().unwrap()).await;
    assert_eq!(arrived, Vec::from_iter(0..accepted));
    let next = browser.post_json("/api/browser/errors", &report(accepted)).await;
    assert_eq!((next.status, &next.json()["count"]), (200, &json!(accepted + 1)));
}
