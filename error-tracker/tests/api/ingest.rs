//! `POST /api/errors`: what is answered, what is kept, what is cut and what is refused.

use serde_json::{Value, json};
use shared::clock::Timestamp;
use tokio::task::JoinSet;

use crate::tracker::{Tracker, report, seconds_ago, time, with};

#[tokio::test]
async fn a_group_is_created_then_incremented_then_reopened() {
    let tracker = Tracker::start().await;
    let sent = report("KeyError");

    let created = tracker.api.post_json("/api/errors", &sent).await;
    let incremented = tracker.api.post_json("/api/errors", &sent).await;
    let id = created.json()["id"].as_i64().unwrap();
    tracker.act(&format!("/api/errors/{id}/resolve")).await;
    let reopened = tracker.api.post_json("/api/errors", &sent).await;

    let fingerprint = "c053c7ee76b45a66828f0423e567c4d1";
    for (reply, code, status, count) in [
        (created, 201, "created", 1),
        (incremented, 200, "incremented", 2),
        (reopened, 201, "reopened", 3),
    ] {
        assert_eq!(reply.status, code);
        assert_eq!(
            reply.json(),
            json!({"status": status, "id": id, "fingerprint": fingerprint, "count": count})
        );
    }
    let detail = tracker.get(&format!("/api/errors/{id}")).await;
    assert_eq!(
        (&detail["resolved"], &detail["resolved_at"]),
        (&json!(false), &Value::Null)
    );
    assert_eq!(detail["regressed"], true);
}

#[tokio::test]
async fn an_ignored_group_is_counted_and_stays_ignored() {
    let tracker = Tracker::start().await;
    let id = tracker.group(&report("KeyError")).await;
    tracker.act(&format!("/api/errors/{id}/ignore")).await;

    let counted = tracker.report(&report("KeyError")).await;

    assert_eq!(
        (&counted["status"], &counted["count"]),
        (&json!("incremented"), &json!(2))
    );
    assert_eq!(tracker.get(&format!("/api/errors/{id}")).await["ignored"], true);
}

#[tokio::test]
async fn a_group_that_is_resolved_and_ignored_reopens_and_stays_ignored() {
    let tracker = Tracker::start().await;
    let id = tracker.group(&report("KeyError")).await;
    tracker.act(&format!("/api/errors/{id}/ignore")).await;
    tracker.act(&format!("/api/errors/{id}/resolve")).await;

    let reply = tracker.api.post_json("/api/errors", &report("KeyError")).await;

    assert_eq!((reply.status, &reply.json()["status"]), (201, &json!("reopened")));
    let detail = tracker.get(&format!("/api/errors/{id}")).await;
    assert_eq!(
        (&detail["resolved"], &detail["ignored"]),
        (&json!(false), &json!(true))
    );
}

#[tokio::test]
async fn a_repeated_event_is_counted_once() {
    let tracker = Tracker::start().await;
    let sent = with(report("KeyError"), json!({"event_id": "e-1"}));
    let first = tracker.report(&sent).await;

    let again = tracker.api.post_json("/api/errors", &sent).await;
    let elsewhere = tracker
        .report(&with(sent.clone(), json!({"project": "forum"})))
        .await;
    let other = tracker
        .report(&with(sent.clone(), json!({"event_id": "e-2"})))
        .await;
    let changed = tracker
        .report(&with(sent.clone(), json!({"exception_type": "Changed"})))
        .await;

    assert_eq!(again.status, 200);
    assert_eq!(
        again.json(),
        json!({"status": "duplicate", "id": first["id"], "fingerprint": first["fingerprint"], "count": 1})
    );
    assert_eq!(
        elsewhere["status"], "created",
        "another project has its own events"
    );
    assert_eq!(other["count"], 2);
    assert_eq!(
        (&changed["status"], &changed["id"]),
        (&json!("duplicate"), &first["id"])
    );
}

#[tokio::test]
async fn a_repeat_of_an_event_whose_group_was_deleted_stays_counted_once() {
    let tracker = Tracker::start().await;
    let sent = with(report("KeyError"), json!({"event_id": "e-1"}));
    let id = tracker.group(&sent).await;
    assert_eq!(tracker.api.delete(&format!("/api/errors/{id}")).await.status, 204);

    let again = tracker.report(&sent).await;

    assert_eq!(again["status"], "duplicate");
    assert_eq!(tracker.get("/api/errors").await["total"], 0);
}

#[tokio::test]
async fn a_missing_required_member_is_named() {
    let tracker = Tracker::start().await;
    for name in ["project", "exception_type", "message", "traceback"] {
        let mut without = report("KeyError");
        without.as_object_mut().unwrap().remove(name);
        let null = with(report("KeyError"), json!({name: null}));

        for sent in [without, null] {
            let reply = tracker.api.post_json("/api/errors", &sent).await;
            assert_eq!(
                (reply.status, reply.detail()),
                (400, format!("Missing required field: {name}"))
            );
        }
    }
}

#[tokio::test]
async fn required_members_have_a_length() {
    let tracker = Tracker::start().await;
    for (name, value, expected) in [
        ("project", "ö".repeat(100), None),
        (
            "project",
            "ö".repeat(101),
            Some("project: longer than 100 characters"),
        ),
        ("project", " \t".into(), Some("Missing required field: project")),
        ("project", String::new(), Some("Missing required field: project")),
        ("exception_type", "T".repeat(200), None),
        (
            "exception_type",
            "T".repeat(201),
            Some("exception_type: longer than 200 characters"),
        ),
        (
            "exception_type",
            "\n".into(),
            Some("Missing required field: exception_type"),
        ),
        ("message", String::new(), None),
        ("traceback", String::new(), None),
    ] {
        let sent = with(report("KeyError"), json!({name: value}));

        let reply = tracker.api.post_json("/api/errors", &sent).await;

        match expected {
            None => assert!(matches!(reply.status, 200 | 201), "{name}: {}", reply.text()),
            Some(detail) => assert_eq!(
                (reply.status, reply.detail().as_str()),
                (400, detail),
                "{name}={value}"
            ),
        }
    }
}

#[tokio::test]
async fn over_long_optional_members_are_cut_with_a_mark() {
    let tracker = Tracker::start().await;
    let long = "ä".repeat(3_000);
    for (name, chars) in [
        ("environment", 100),
        ("release", 200),
        ("request_url", 2_000),
        ("request_method", 20),
        ("user_id", 200),
        ("trace_id", 100),
        ("level", 20),
    ] {
        let id = tracker
            .group(&with(
                report(name),
                json!({name: long, "extra": {"session_id": long}}),
            ))
            .await;

        let detail = tracker.get(&format!("/api/errors/{id}")).await;

        let kept = detail["occurrences"][0][name].as_str().unwrap();
        assert_eq!(kept.chars().count(), chars, "{name}");
        assert!(kept.starts_with('ä') && kept.ends_with('…'), "{name}");
    }
}

#[tokio::test]
async fn optional_members_come_back_as_they_were_sent() {
    let tracker = Tracker::start().await;
    let optional = json!({
        "environment": "production",
        "release": "1.2.3",
        "request_url": "https://shop.test/cart?id=7",
        "request_method": "POST",
        "request_headers": {"User-Agent": "x", "Accept": "*/*"},
        "user_id": "u-1",
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
        "level": "warning",
    });
    let id = tracker
        .group(&with(
            with(report("KeyError"), optional.clone()),
            json!({"unknown": [1, {}]}),
        ))
        .await;

    let detail = tracker.get(&format!("/api/errors/{id}")).await;

    for (name, value) in optional.as_object().unwrap() {
        assert_eq!(&detail["occurrences"][0][name], value, "{name}");
    }
    assert!(!detail.to_string().contains("unknown"));
}

#[tokio::test]
async fn blank_and_null_optional_members_count_as_absent() {
    let tracker = Tracker::start().await;
    let names = [
        "environment",
        "release",
        "request_url",
        "request_method",
        "user_id",
        "trace_id",
        "level",
    ];
    for (kind, value) in [("Blank", json!(" ")), ("Null", Value::Null)] {
        let optional: serde_json::Map<String, Value> = names
            .iter()
            .map(|name| ((*name).to_owned(), value.clone()))
            .collect();
        let nulls = json!({"request_headers": null, "extra": null, "timestamp": value, "fingerprint": null, "event_id": value});
        let sent = with(with(report(kind), optional.into()), nulls);
        let id = tracker.group(&sent).await;

        let detail = tracker.get(&format!("/api/errors/{id}")).await;

        for name in names {
            assert_eq!(detail["occurrences"][0][name], Value::Null, "{kind} {name}");
        }
        assert_eq!(detail["environment"], Value::Null);
    }
}

#[tokio::test]
async fn scalars_that_a_client_did_not_quote_are_taken_as_text() {
    let tracker = Tracker::start().await;
    let sent = with(
        report("KeyError"),
        json!({"user_id": 42, "release": 7.5, "environment": true, "event_id": 1}),
    );
    let id = tracker.group(&sent).await;

    let detail = tracker.get(&format!("/api/errors/{id}")).await;

    let kept = &detail["occurrences"][0];
    assert_eq!(
        (&kept["user_id"], &kept["release"], &kept["environment"]),
        (&json!("42"), &json!("7.5"), &json!("true"))
    );
}

#[tokio::test]
async fn half_a_character_does_not_cost_the_report() {
    let tracker = Tracker::start().await;
    let mut sent = report("KeyError");
    sent["message"] = json!("cut here");
    sent["extra"] = json!({"note": "cut here"});
    let body = sent.to_string().replace("cut here", r"cut \ud83e");

    for path in ["/api/errors", "/api/errors/batch"] {
        let body = if path.ends_with("batch") {
            format!("[{body}]")
        } else {
            body.clone()
        };
        let reply = tracker.api.post_bytes(path, body.as_bytes()).await;
        assert!(
            matches!(reply.status, 200 | 201),
            "{path}: {}",
            String::from_utf8_lossy(&reply.body)
        );
    }

    let id = tracker.get("/api/errors").await["errors"][0]["id"].clone();
    let detail = tracker.get(&format!("/api/errors/{id}")).await;
    assert_eq!(detail["count"], 2);
    assert_eq!(detail["message"], "cut \u{fffd}");
    assert_eq!(detail["occurrences"][0]["extra"]["note"], "cut \u{fffd}");
}

#[tokio::test]
async fn extra_is_any_json() {
    let tracker = Tracker::start().await;
    for (number, extra) in [
        json!(null),
        json!(0),
        json!(-1.5e300),
        json!("text \u{0} \u{1F980}"),
        json!([1, [2, [3]]]),
        json!({"a": {"b": null}, "": "empty"}),
    ]
    .into_iter()
    .enumerate()
    {
        let id = tracker
            .group(&with(report(&format!("E{number}")), json!({"extra": extra})))
            .await;

        assert_eq!(
            tracker.get(&format!("/api/errors/{id}")).await["occurrences"][0]["extra"],
            extra
        );
    }
}

#[tokio::test]
async fn a_clock_is_believed_within_reason() {
    let tracker = Tracker::start().await;
    let hour_ago = seconds_ago(3_600);
    for (kind, timestamp, expected) in [
        (
            "Past",
            json!(hour_ago),
            Some(hour_ago.parse::<Timestamp>().unwrap()),
        ),
        ("Future", json!(seconds_ago(-7 * 86_400)), None),
        ("LongAgo", json!("1970-01-01T00:00:00Z"), None),
        ("Garbage", json!("yesterday"), None),
        ("Zoned", json!("2001-01-01T00:00:00+02:00"), None),
        ("Huge", json!(1e300), None),
    ] {
        let before = Timestamp::now();
        let id = tracker
            .group(&with(report(kind), json!({"timestamp": timestamp})))
            .await;
        let after = Timestamp::now();

        let seen = time(&tracker.get(&format!("/api/errors/{id}")).await["last_seen"]);

        match expected {
            Some(expected) => assert_eq!(seen, expected, "{kind}"),
            None => assert!(before <= seen && seen <= after, "{kind}: {seen}"),
        }
    }
}

#[tokio::test]
async fn browser_reports_are_marked_by_their_method() {
    let tracker = Tracker::start().await;
    for (method, source) in [
        (json!("BROWSER"), "browser"),
        (json!("GET"), "server"),
        (Value::Null, "server"),
    ] {
        let id = tracker
            .group(&with(report("KeyError"), json!({"request_method": method})))
            .await;

        assert_eq!(tracker.get(&format!("/api/errors/{id}")).await["source"], source);
    }
}

#[tokio::test]
async fn every_reply_of_a_storm_carries_its_own_count() {
    let tracker = Tracker::start().await;
    let mut storm = JoinSet::new();
    for _ in 0..100 {
        let api = tracker.api.clone();
        storm.spawn(async move { api.post_json("/api/errors", &report("KeyError")).await.json() });
    }

    let replies = storm.join_all().await;

    let mut counts: Vec<i64> = replies
        .iter()
        .map(|reply| reply["count"].as_i64().unwrap())
        .collect();
    counts.sort_unstable();
    assert_eq!(counts, (1..=100).collect::<Vec<_>>());
    let created = replies.iter().filter(|reply| reply["status"] == "created");
    assert_eq!(created.count(), 1);
    let list = tracker.get("/api/errors").await;
    assert_eq!(
        (&list["total"], &list["errors"][0]["count"]),
        (&json!(1), &json!(100))
    );
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_restart() {
    let tracker = Tracker::start().await;
    let id = tracker.group(&report("KeyError")).await;

    let tracker = tracker.restarted_with(&[]).await;

    assert_eq!(tracker.get(&format!("/api/errors/{id}")).await["count"], 1);
    assert_eq!(tracker.report(&report("KeyError")).await["count"], 2);
}
