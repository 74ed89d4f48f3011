//! Peers that do not take what browsers send: it is kept, told, and sent on in order when they are back.

use std::time::Duration;

use serde_json::{Value, json};
use shared::testing::{Chance, eventually};

use crate::peer::{Mood, UNWANTED};
use crate::relay::{Relay, TRACKER_KEY, error, vitals, with};

fn messages(taken: &[Value]) -> Vec<String> {
    let texts = taken
        .iter()
        .map(|report| report["message"].as_str().unwrap().to_owned());
    texts.collect()
}

/// Everything that a peer can do instead of taking what is sent.
fn bad_moods() -> Vec<(Mood, &'static str)> {
    vec![
        (Mood::status(500), "answers 500"),
        (Mood::status(502), "answers 502"),
        (Mood::status(401), "does not accept the relay's key (401"),
        (Mood::status(403), "does not accept the relay's key (403"),
        (Mood::status(404), "answers 404"),
        (Mood::busy(1), "answers 429"),
        (
            Mood::redirects("http://127.0.0.1:9/api/errors/batch"),
            "answers 307",
        ),
        (Mood::garbage(false), "gives an answer that cannot be read"),
        (Mood::garbage(true), "gives an answer that cannot be read"),
        (Mood::half_an_answer(), "breaks off its answer"),
        (Mood::hangs_up(false), "cannot be reached"),
        (Mood::hangs_up(true), "cannot be reached"),
        (Mood::Hangs, "does not answer in time"),
        (Mood::Slow(Duration::from_secs(3)), "does not answer in time"),
    ]
}

#[tokio::test]
async fn whatever_the_tracker_does_a_report_is_kept_and_arrives_once() {
    let tries = bad_moods().into_iter().map(|(mood, reason)| async move {
        let relay = Relay::start().await;
        relay.tracker.set(mood.clone());
        for message in ["first", "second"] {
            let reply = relay.report(&error(message)).await;
            assert_eq!(
                (reply.status, reply.json()),
                (202, json!({"status": "accepted"})),
                "{mood:?}"
            );
        }
        let state = relay.spool("error-tracker").await;
        assert_eq!(state["reachable"], false, "{mood:?}");
        let told = state["reason"].as_str().unwrap();
        assert!(told.contains(reason), "{mood:?}: {told}");

        relay.tracker.set(Mood::Well);
        relay.figure_is("spool_reports", 0).await;

        assert_eq!(messages(&relay.tracker.taken()), ["first", "second"], "{mood:?}");
        assert_eq!(relay.figure("reports_delivered_total").await, 2, "{mood:?}");
        assert_eq!(relay.figure("reports_refused_total").await, 0, "{mood:?}");
    });
    futures_util::future::join_all(tries).await;
}

#[tokio::test]
async fn whatever_the_collector_does_points_are_kept_and_count_once() {
    let tries = bad_moods().into_iter().map(|(mood, reason)| async move {
        let relay = Relay::start().await;
        relay.collector.set(mood.clone());
        for value in [1.0, 2.0] {
            let reply = relay.measure(&vitals(&[value, value + 0.5])).await;
            assert_eq!(
                (reply.status, reply.json()),
                (202, json!({"status": "accepted", "count": 2})),
                "{mood:?}"
            );
        }
        let told = relay.spool("metrics-collector").await["reason"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(told.contains(reason), "{mood:?}: {told}");

        relay.collector.set(Mood::Well);
        relay.figure_is("spool_points", 0).await;

        let values: Vec<Value> = relay
            .collector
            .taken()
            .iter()
            .map(|point| point["value"].clone())
            .collect();
        assert_eq!(json!(values), json!([1.0, 1.5, 2.0, 2.5]), "{mood:?}");
        assert_eq!(relay.figure("points_delivered_total").await, 4, "{mood:?}");
    });
    futures_util::future::join_all(tries).await;
}

#[tokio::test]
async fn the_state_is_told_while_a_peer_is_away_and_after() {
    let relay = Relay::start().await;
    relay.tracker.down().await;
    for number in 0..3 {
        assert_eq!(relay.report(&error(&format!("{number}"))).await.status, 202);
    }

    let state = relay.get("/api/spool").await;
    assert_eq!(state["max_bytes"], 64 << 20);
    assert!(state["used_bytes"].as_u64().unwrap() > 300);
    let away = relay.spool("error-tracker").await;
    for (name, value) in [
        ("reachable", json!(false)),
        ("reason", json!("cannot be reached")),
        ("waiting", json!(3)),
        ("waiting_bytes", state["used_bytes"].clone()),
        ("delivered", json!(0)),
        ("refused", json!(0)),
        ("turned_away", json!(0)),
    ] {
        assert_eq!(away[name], value, "{name}");
    }
    assert!(away["since"].is_string() && away["waiting_since"].is_string());
    let other = relay.spool("metrics-collector").await;
    assert_eq!(
        (
            &other["reachable"],
            &other["waiting"],
            &other["since"],
            &other["waiting_since"]
        ),
        (&json!(true), &json!(0), &Value::Null, &Value::Null)
    );
    assert_eq!(relay.figure("error_tracker_away").await, 1);
    assert_eq!(relay.figure("metrics_collector_away").await, 0);
    assert_eq!(relay.figure("spool_reports").await, 3);
    assert_eq!(relay.figure("reports_spooled_total").await, 3);

    relay.tracker.up();
    relay.figure_is("spool_reports", 0).await;

    let back = relay.spool("error-tracker").await;
    for (name, value) in [
        ("reachable", json!(true)),
        ("reason", Value::Null),
        ("since", Value::Null),
        ("waiting", json!(0)),
        ("waiting_bytes", json!(0)),
        ("waiting_since", Value::Null),
        ("delivered", json!(3)),
    ] {
        assert_eq!(back[name], value, "{name}");
    }
    assert_eq!(relay.get("/api/spool").await["used_bytes"], 0);
    assert_eq!(relay.figure("error_tracker_away").await, 0);
    let health = relay.service.client().get("/health").await.json();
    assert_eq!(health["waiting_reports"], 0);
}

#[tokio::test]
async fn one_peer_that_is_away_does_not_concern_the_other() {
    let relay = Relay::start().await;
    relay.collector.set(Mood::Hangs);
    assert_eq!(relay.measure(&vitals(&[1.0])).await.status, 202);

    for number in 0..5 {
        assert_eq!(relay.report(&error(&format!("{number}"))).await.status, 201);
    }
}

#[tokio::test]
async fn what_comes_while_older_things_wait_does_not_overtake_them() {
    let relay = Relay::start().await;
    relay.tracker.down().await;
    for number in 0..20 {
        assert_eq!(relay.report(&error(&format!("{number}"))).await.status, 202);
    }
    // It is back, but the first of what it was sent is still under way.
    relay.tracker.set(Mood::Held);
    relay.tracker.up();
    relay.tracker.is_asked(1).await;
    for number in 20..40 {
        assert_eq!(relay.report(&error(&format!("{number}"))).await.status, 202);
    }

    relay.tracker.set(Mood::Well);
    relay.figure_is("spool_reports", 0).await;
    assert_eq!(relay.report(&error("40")).await.status, 201);

    let expected: Vec<String> = (0..=40).map(|number| number.to_string()).collect();
    assert_eq!(messages(&relay.tracker.taken()), expected);
}

#[tokio::test]
async fn what_waits_goes_in_batches() {
    let relay = Relay::start().await;
    relay.tracker.down().await;
    for number in 0..60 {
        assert_eq!(relay.report(&error(&format!("{number}"))).await.status, 202);
    }

    relay.tracker.up();
    relay.tracker.has_taken(60).await;

    assert!(relay.tracker.requests() < 10, "{}", relay.tracker.requests());
}

#[tokio::test]
async fn a_pause_that_the_peer_asks_for_is_kept() {
    let relay = Relay::start().await;
    relay.tracker.set(Mood::busy(2));
    assert_eq!(relay.report(&error("x")).await.status, 202);
    // The first was the browser's own, the second comes from the spool at once.
    relay.tracker.is_asked(2).await;
    let asked = std::time::Instant::now();
    relay.tracker.set(Mood::Well);

    relay.tracker.has_taken(1).await;

    assert!(
        asked.elapsed() >= Duration::from_millis(1_900),
        "{:?}",
        asked.elapsed()
    );
}

#[tokio::test]
async fn one_bad_report_in_the_spool_harms_no_other() {
    for status in [400, 413, 422] {
        let relay = Relay::start().await;
        relay.tracker.down().await;
        for number in 0..9 {
            let message = if number == 4 {
                "hard word".into()
            } else {
                number.to_string()
            };
            assert_eq!(relay.report(&error(&message)).await.status, 202);
        }
        assert_eq!(relay.report(&error(UNWANTED)).await.status, 202);
        relay.tracker.set(Mood::Chokes {
            text: "hard word",
            status,
        });

        relay.tracker.up();
        relay.figure_is("spool_reports", 0).await;

        let taken = messages(&relay.tracker.taken());
        assert_eq!(taken, ["0", "1", "2", "3", "5", "6", "7", "8"], "{status}");
        assert_eq!(relay.figure("reports_refused_total").await, 2);
        assert_eq!(relay.figure("reports_delivered_total").await, 8);
        let asked = relay.tracker.requests();
        assert!(relay.report(&error("after")).await.status == 201);
        assert_eq!(
            relay.tracker.requests(),
            asked + 1,
            "what was refused is not tried again"
        );
    }
}

#[tokio::test]
async fn one_bad_point_in_the_spool_harms_no_other() {
    let relay = Relay::start().await;
    relay.collector.down().await;
    for number in 0..5 {
        let name = if number == 2 { "hard word" } else { "lcp" };
        let points: Vec<Value> = [0.25, 0.5]
            .map(|part| crate::relay::point(name, f64::from(number) + part))
            .into();
        assert_eq!(relay.measure(&json!({"metrics": points})).await.status, 202);
    }
    relay.collector.set(Mood::Chokes {
        text: "hard word",
        status: 400,
    });

    relay.collector.up();
    relay.figure_is("spool_points", 0).await;

    let values: Vec<Value> = relay
        .collector
        .taken()
        .iter()
        .map(|point| point["value"].clone())
        .collect();
    assert_eq!(json!(values), json!([0.25, 0.5, 1.25, 1.5, 3.25, 3.5, 4.25, 4.5]));
    assert_eq!(relay.figure("points_refused_total").await, 2);
}

#[tokio::test]
async fn a_full_spool_is_told_and_a_later_try_works() {
    let relay = Relay::with(&[("SPOOL_MAX_BYTES", "1MiB")]).await;
    relay.tracker.down().await;
    let noise = Chance::new().text(60_000);
    let large = |number: usize| with(error(&format!("{number}")), json!({"stack": noise}));
    let mut kept = Vec::new();
    let refused = loop {
        let reply = relay.report(&large(kept.len())).await;
        if reply.status != 202 {
            break reply;
        }
        kept.push(kept.len().to_string());
        assert!(kept.len() < 100, "the spool never runs full");
    };

    assert_eq!(
        (refused.status, refused.detail().as_str()),
        (503, "too much is waiting to be handed on; nothing was stored")
    );
    assert!(refused.header("retry-after").parse::<u32>().unwrap() > 0);
    assert!((15..=30).contains(&kept.len()), "{}", kept.len());
    let state = relay.get("/api/spool").await;
    assert!(state["used_bytes"].as_u64() <= state["max_bytes"].as_u64());
    assert_eq!(relay.figure("reports_turned_away_total").await, 1);
    // The limit is for all peers together.
    relay.collector.down().await;
    let points: Vec<Value> = (0..20)
        .map(|number| {
            let label = &noise[number * 3_000..][..3_000];
            with(
                crate::relay::point("web_vitals_lcp", 1.0),
                json!({"labels": {"x": label}}),
            )
        })
        .collect();
    let points = relay.measure(&json!({"metrics": points})).await;
    assert_eq!(points.status, 503);
    relay.collector.up();

    relay.tracker.up();
    let last = kept.len();
    eventually("the browser's later try works", async || {
        (relay.report(&large(last)).await.status < 300).then_some(())
    })
    .await;
    kept.push(last.to_string());
    relay.figure_is("spool_reports", 0).await;
    let taken = messages(&relay.tracker.taken());
    assert_eq!(taken[..last], kept[..last]);
    assert!(taken[last..].iter().all(|message| *message == last.to_string()));
    assert_eq!(relay.get("/api/spool").await["used_bytes"], 0);
}

#[tokio::test]
async fn a_restart_sends_on_what_was_left() {
    let relay = Relay::start().await;
    relay.tracker.down().await;
    relay.collector.down().await;
    for number in 0..5 {
        assert_eq!(relay.report(&error(&format!("{number}"))).await.status, 202);
        assert_eq!(
            relay.measure(&vitals(&[f64::from(number) + 0.5])).await.status,
            202
        );
    }

    let relay = relay.restarted_with(&[]).await;

    assert_eq!(relay.figure("spool_reports").await, 5);
    assert_eq!(relay.figure("spool_points").await, 5);
    assert!(relay.figure("spool_bytes").await > 0);
    assert_eq!(relay.report(&error("5")).await.status, 202);
    relay.tracker.up();
    relay.collector.up();
    relay.figure_is("spool_bytes", 0).await;
    assert_eq!(messages(&relay.tracker.taken()), ["0", "1", "2", "3", "4", "5"]);
    assert_eq!(relay.collector.taken().len(), 5);
}

#[tokio::test]
async fn a_changed_key_is_waited_for() {
    let relay = Relay::start().await;
    let relay = relay
        .restarted_with(&[("ERROR_TRACKER_API_KEY", "the-old-key")])
        .await;
    assert_eq!(relay.report(&error("x")).await.status, 202);
    let reason = relay.spool("error-tracker").await["reason"].clone();
    assert!(
        reason
            .as_str()
            .unwrap()
            .contains("does not accept the relay's key"),
        "{reason}"
    );
    relay.tracker.forget();

    let relay = relay
        .restarted_with(&[("ERROR_TRACKER_API_KEY", TRACKER_KEY)])
        .await;

    assert_eq!(relay.tracker.has_taken(1).await[0]["message"], "x");
}
