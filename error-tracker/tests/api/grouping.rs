//! Which reports come together, over the wire.

use serde_json::{Value, json};
use shared::testing::Receiver;

use crate::tracker::{Tracker, report, seconds_ago, strings, with};

#[tokio::test]
async fn projects_whose_strings_collide_stay_apart() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("../fixtures/fingerprints.json")).unwrap();
    let tracker = Tracker::start().await;
    let pair: Vec<Value> = cases
        .iter()
        .filter(|case| {
            let name = case["name"].as_str().unwrap();
            name.starts_with("F24") || name.starts_with("F25")
        })
        .map(|case| {
            json!({
                "project": case["project"],
                "exception_type": case["exception_type"],
                "traceback": case["traceback"],
                "message": "m",
            })
        })
        .collect();
    assert_eq!(pair.len(), 2);

    let replies = [tracker.report(&pair[0]).await, tracker.report(&pair[1]).await];

    assert_eq!(replies[0]["fingerprint"], replies[1]["fingerprint"]);
    assert_ne!(replies[0]["id"], replies[1]["id"]);
    assert!(replies.iter().all(|reply| reply["status"] == "created"));
    let again = tracker.report(&pair[1]).await;
    assert_eq!((&again["id"], &again["count"]), (&replies[1]["id"], &json!(2)));
}

#[tokio::test]
async fn types_whose_fingerprints_are_equal_stay_apart() {
    let tracker = Tracker::start().await;
    // "a:b" + "c" and "a" + "b:c" within one project: the type and the file collide.
    let one =
        json!({"project": "p", "exception_type": "a", "message": "", "traceback": "File \"b:f\", line 1"});
    let other =
        json!({"project": "p", "exception_type": "a:b", "message": "", "traceback": "File \"f\", line 1"});

    let replies = [tracker.report(&one).await, tracker.report(&other).await];

    assert_eq!(replies[0]["fingerprint"], replies[1]["fingerprint"]);
    assert_ne!(replies[0]["id"], replies[1]["id"]);
}

#[tokio::test]
async fn a_list_of_strings_replaces_the_place() {
    let tracker = Tracker::start().await;
    let plain = report("KeyError");
    let other_place = with(
        plain.clone(),
        json!({"traceback": "Traceback (most recent call last):\n  File \"/srv/shop/pay.py\", line 9, in pay\nE: x"}),
    );
    let mut ids = Vec::new();
    for (sent, list) in [
        (&plain, json!(null)),
        (&plain, json!([])),
        (&plain, json!(["{{ default }}"])),
        (&plain, json!(["checkout"])),
        (&other_place, json!(["checkout"])),
        (&plain, json!(["check", "out"])),
        (&plain, json!(["{{ default }}", "checkout"])),
        (&other_place, json!(["{{ default }}", "checkout"])),
    ] {
        ids.push(
            tracker
                .group(&with(sent.clone(), json!({"fingerprint": list})))
                .await,
        );
    }
    assert_eq!(ids[0], ids[1], "an empty list is none");
    assert_eq!(ids[0], ids[2], "the default alone changes nothing");
    assert_eq!(ids[3], ids[4], "the place no longer matters");
    assert_ne!(ids[3], ids[5], "the elements are kept apart");
    assert_ne!(ids[6], ids[7], "with the default the place matters again");
    ids.dedup();
    assert_eq!(ids.len(), 5);
}

#[tokio::test]
async fn without_frames_the_numbers_in_a_message_do_not_split_a_group() {
    let tracker = Tracker::start().await;
    let say = |message: &str| with(report("Timeout"), json!({"message": message, "traceback": ""}));

    let first = tracker.group(&say("user 17 waited 3000 ms")).await;
    let second = tracker.group(&say("user 18 waited 250 ms")).await;
    let other = tracker.group(&say("queue 18 waited 250 ms")).await;

    assert_eq!(first, second);
    assert_ne!(first, other);
    assert_eq!(
        tracker.get(&format!("/api/errors/{first}")).await["message"],
        "user 18 waited 250 ms"
    );
}

#[tokio::test]
async fn a_late_report_counts_but_does_not_change_what_is_shown() {
    let tracker = Tracker::start().await;
    let say = |message: &str, environment: &str, age: i64| {
        with(
            report("KeyError"),
            json!({"message": message, "environment": environment, "release": environment,
                "timestamp": seconds_ago(age), "request_method": if age > 100 { "BROWSER" } else { "GET" }}),
        )
    };
    let id = tracker.group(&say("new", "production", 10)).await;

    let late = tracker.report(&say("old", "staging", 86_400)).await;

    assert_eq!((&late["id"], &late["count"]), (&json!(id), &json!(2)));
    let row = &tracker.get("/api/errors").await["errors"][0];
    for (member, expected) in [
        ("message", "new"),
        ("environment", "production"),
        ("release", "production"),
        ("source", "server"),
    ] {
        assert_eq!(row[member], expected);
    }
    for query in ["environment=staging", "release=staging", "source=browser"] {
        assert_eq!(
            tracker.types(query).await,
            ["KeyError"],
            "{query}: it was seen there"
        );
    }
    let detail = tracker.get(&format!("/api/errors/{id}")).await;
    assert_eq!(detail["environments"], json!(["production", "staging"]));
    assert_eq!(detail["releases"], json!(["production", "staging"]));
}

#[tokio::test]
async fn a_report_that_names_no_environment_takes_none_away() {
    let tracker = Tracker::start().await;
    let named = json!({"environment": "production", "release": "1.0", "timestamp": seconds_ago(9)});
    let id = tracker.group(&with(report("KeyError"), named)).await;

    tracker.report(&report("KeyError")).await;

    let detail = tracker.get(&format!("/api/errors/{id}")).await;
    assert_eq!(
        (&detail["environment"], &detail["release"]),
        (&json!("production"), &json!("1.0"))
    );
    assert_eq!(detail["occurrences"][0]["environment"], Value::Null);
}

#[tokio::test]
async fn a_full_project_counts_new_kinds_in_one_group_that_alerts_once() {
    let receiver = Receiver::start().await;
    let tracker = Tracker::with(&[("MAX_GROUPS", "2"), ("ALERT_WEBHOOK_URL", &receiver.url())]).await;
    for kind in ["A", "B"] {
        assert_eq!(tracker.report(&report(kind)).await["status"], "created");
        receiver.next().await;
    }

    let replies = [
        tracker.report(&report("C")).await,
        tracker.report(&report("D")).await,
        tracker.report(&report("C")).await,
    ];

    assert_eq!(
        strings(&json!(replies), "status"),
        ["created", "incremented", "incremented"]
    );
    assert_eq!(replies[0]["id"], replies[1]["id"]);
    let overflow = tracker.get(&format!("/api/errors/{}", replies[0]["id"])).await;
    assert_eq!(
        (&overflow["exception_type"], &overflow["count"]),
        (&json!("TooManyGroups"), &json!(3))
    );
    assert_eq!(
        tracker.report(&report("A")).await["count"],
        2,
        "known kinds stay as they are"
    );
    let elsewhere = with(report("A"), json!({"project": "forum"}));
    assert_eq!(
        tracker.report(&elsewhere).await["status"],
        "created",
        "each project has its own room"
    );
    // Alerts go out in order: the one after the overflow's is the other project's.
    let alerts = [receiver.next().await.json(), receiver.next().await.json()];
    assert!(alerts[0].to_string().contains("shop"), "{}", alerts[0]);
    assert!(alerts[1].to_string().contains("forum"), "{}", alerts[1]);
}

#[tokio::test]
async fn a_deleted_group_makes_room_for_a_new_kind() {
    let tracker = Tracker::with(&[("MAX_GROUPS", "2")]).await;
    let first = tracker.group(&report("A")).await;
    tracker.report(&report("B")).await;
    let overflow = tracker.group(&report("C")).await;

    for id in [first, overflow] {
        assert_eq!(tracker.api.delete(&format!("/api/errors/{id}")).await.status, 204);
    }

    assert_eq!(tracker.report(&report("D")).await["status"], "created");
    assert_eq!(tracker.types("").await, ["D", "B"]);
    tracker.report(&report("E")).await;
    assert!(tracker.types("").await.contains(&"TooManyGroups".to_owned()));
}

#[tokio::test]
async fn new_and_reopened_groups_alert_and_the_others_do_not() {
    let receiver = Receiver::start().await;
    let tracker = Tracker::with(&[("ALERT_WEBHOOK_URL", &receiver.url())]).await;
    let id = tracker.group(&report("First")).await;
    let created = receiver.next().await.json();
    tracker.report(&report("First")).await;
    tracker.act(&format!("/api/errors/{id}/resolve")).await;
    tracker.report(&report("First")).await;
    let reopened = receiver.next().await.json();
    tracker.act(&format!("/api/errors/{id}/resolve")).await;
    tracker.act(&format!("/api/errors/{id}/ignore")).await;
    tracker.report(&report("First")).await;
    tracker.report(&report("Last")).await;

    let last = receiver.next().await.json();

    for (alert, kind) in [(&created, "First"), (&reopened, "First"), (&last, "Last")] {
        assert!(alert.to_string().contains(kind), "{alert}");
    }
    assert_ne!(created, reopened);
}

#[tokio::test]
async fn sessions_beyond_a_thousand_are_forgotten_oldest_first() {
    let tracker = Tracker::start().await;
    // From the oldest to the newest, a second apart. Every two hundred reports it is looked how many there are.
    let reports: Vec<Value> = (0..1_200_i64)
        .map(|number| {
            with(
                report("KeyError"),
                json!({"extra": {"session_id": format!("s-{number}")}, "timestamp": seconds_ago(2_000 - number)}),
            )
        })
        .collect();
    tracker.groups(&reports).await;

    for (session, found) in [
        ("s-0", false),
        ("s-199", false),
        ("s-200", true),
        ("s-1199", true),
    ] {
        let types = tracker.types(&format!("session_id={session}")).await;
        assert_eq!(!types.is_empty(), found, "{session}");
    }
}

#[tokio::test]
async fn sessions_of_one_instant_are_forgotten_too() {
    let tracker = Tracker::start().await;
    let at = seconds_ago(60);
    let reports: Vec<Value> = (0..1_400)
        .map(|number| {
            with(
                report("KeyError"),
                json!({"extra": {"session_id": format!("s-{number}")}, "timestamp": at}),
            )
        })
        .collect();
    tracker.groups(&reports).await;

    let mut known = 0;
    for number in 0..1_400 {
        known += tracker.types(&format!("session_id=s-{number}")).await.len();
    }

    assert_eq!(known, 1_000);
}
