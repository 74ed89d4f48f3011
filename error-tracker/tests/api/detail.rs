//! `GET /api/errors/{id}`: one group with its newest occurrences.

use serde_json::{Value, json};

use crate::list::redacted_time;
use crate::tracker::{Tracker, report, seconds_ago, strings, time, with};

/// What is no id of any group, however it is written.
pub(crate) const NO_IDS: &[&str] = &[
    "0",
    "-1",
    "999999",
    "9223372036854775808",
    "99999999999999999999999999",
    "abc",
    "1.5",
    "1e3",
    "0x1",
    "%20",
    "1%00",
    "%FF",
    "1;drop",
];

#[tokio::test]
async fn a_group_has_its_shape() {
    let tracker = Tracker::start().await;
    let sent = with(
        report("KeyError"),
        json!({
            "environment": "production",
            "release": "1.0",
            "request_url": "https://shop.test/cart",
            "request_method": "GET",
            "request_headers": {"User-Agent": "x"},
            "user_id": "u-1",
            "extra": {"session_id": "s-1", "cart": [1, 2]},
            "trace_id": "0af7651916cd43dd8448eb211c80319c",
            "level": "error",
        }),
    );
    let id = tracker.group(&sent).await;

    let detail = tracker.get(&format!("/api/errors/{id}")).await;

    assert_eq!(detail["trend"].as_array().unwrap().len(), 24);
    insta::assert_json_snapshot!(detail, {
        ".id" => insta::dynamic_redaction(|value, _| {
            assert!(value.as_i64().is_some_and(|id| id > 0));
            "[id]"
        }),
        ".occurrences[].id" => insta::dynamic_redaction(|value, _| {
            assert!(value.as_i64().is_some_and(|id| id > 0 && id < 1 << 53), "exact in JavaScript");
            "[id]"
        }),
        ".first_seen" => insta::dynamic_redaction(|value, _| redacted_time(&value)),
        ".last_seen" => insta::dynamic_redaction(|value, _| redacted_time(&value)),
        ".occurrences[].timestamp" => insta::dynamic_redaction(|value, _| redacted_time(&value)),
        ".trend" => "[24 counts]",
    }, @r#"
    {
      "count": 1,
      "culprit": "total (/srv/shop/cart.py:31)",
      "environment": "production",
      "environments": [
        "production"
      ],
      "exception_type": "KeyError",
      "fingerprint": "c053c7ee76b45a66828f0423e567c4d1",
      "first_seen": "[time]",
      "id": "[id]",
      "ignored": false,
      "last_seen": "[time]",
      "level": "error",
      "message": "it broke",
      "occurrences": [
        {
          "environment": "production",
          "extra": {
            "cart": [
              1,
              2
            ],
            "session_id": "s-1"
          },
          "id": "[id]",
          "level": "error",
          "message": "it broke",
          "release": "1.0",
          "request_headers": {
            "User-Agent": "x"
          },
          "request_method": "GET",
          "request_url": "https://shop.test/cart",
          "session_id": "s-1",
          "stack": [
            {
              "frames": [
                {
                  "column": null,
                  "context_line": "return p[k]",
                  "file": "/srv/shop/cart.py",
                  "function": "total",
                  "in_app": true,
                  "line": 31,
                  "post_context": [],
                  "pre_context": [],
                  "repeats": 0,
                  "unresolved": null
                }
              ],
              "relation": null,
              "title": "E: it broke"
            }
          ],
          "timestamp": "[time]",
          "trace_id": "0af7651916cd43dd8448eb211c80319c",
          "traceback": "Traceback (most recent call last):\n  File \"/srv/shop/cart.py\", line 31, in total\n    return p[k]\nE: it broke",
          "user_id": "u-1"
        }
      ],
      "project": "shop",
      "regressed": false,
      "release": "1.0",
      "releases": [
        "1.0"
      ],
      "resolved": false,
      "resolved_at": null,
      "source": "server",
      "traceback": "Traceback (most recent call last):\n  File \"/srv/shop/cart.py\", line 31, in total\n    return p[k]\nE: it broke",
      "trend": "[24 counts]"
    }
    "#);
}

#[tokio::test]
async fn what_is_no_group_is_404_on_every_route() {
    let tracker = Tracker::start().await;
    tracker.report(&report("KeyError")).await;
    for id in NO_IDS {
        for (method, suffix) in [
            ("GET", ""),
            ("DELETE", ""),
            ("GET", "/timeline"),
            ("POST", "/resolve"),
            ("POST", "/unresolve"),
            ("POST", "/ignore"),
            ("POST", "/unignore"),
        ] {
            let body = (method == "POST").then_some(&b""[..]);

            let reply = tracker
                .api
                .send(method, &format!("/api/errors/{id}{suffix}"), body)
                .await;

            assert_eq!(
                (reply.status, reply.detail().as_str()),
                (404, "Error not found"),
                "{method} {id}{suffix}"
            );
        }
    }
}

#[tokio::test]
async fn the_newest_occurrences_come_first_and_are_at_most_so_many() {
    for (setting, kept) in [(None, 5), (Some("2"), 2), (Some("12"), 12)] {
        let settings: Vec<_> = setting
            .map(|most| ("OCCURRENCES_KEPT", most))
            .into_iter()
            .collect();
        let tracker = Tracker::with(&settings).await;
        // Not in the order of their times: 0 s ago is the newest, 14 s ago the oldest.
        let reports: Vec<Value> = [7, 3, 11, 0, 14, 2, 9, 5, 1, 13, 4, 10, 6, 12, 8]
            .iter()
            .map(|age| {
                with(
                    report("KeyError"),
                    json!({"timestamp": seconds_ago(100 + age), "user_id": format!("age {age}")}),
                )
            })
            .collect();
        let id = tracker.groups(&reports).await[0];

        let detail = tracker.get(&format!("/api/errors/{id}")).await;

        let expected: Vec<String> = (0..kept).map(|age| format!("age {age}")).collect();
        assert_eq!(strings(&detail["occurrences"], "user_id"), expected);
        assert_eq!(detail["count"], 15);
    }
}

#[tokio::test]
async fn of_one_instant_the_later_report_comes_first() {
    let tracker = Tracker::start().await;
    let at = seconds_ago(10);
    let reports: Vec<Value> = (0..9)
        .map(|number| {
            with(
                report("KeyError"),
                json!({"timestamp": at, "user_id": format!("{number}")}),
            )
        })
        .collect();
    let mut id = 0;
    for report in &reports {
        id = tracker.group(report).await;
    }

    let detail = tracker.get(&format!("/api/errors/{id}")).await;

    assert_eq!(
        strings(&detail["occurrences"], "user_id"),
        ["8", "7", "6", "5", "4"]
    );
}

#[tokio::test]
async fn the_group_follows_its_newest_occurrence() {
    let tracker = Tracker::start().await;
    let say = |message: &str, age: i64| {
        with(
            report("KeyError"),
            json!({"message": message, "timestamp": seconds_ago(age), "traceback":
                format!("Traceback (most recent call last):\n  File \"/srv/shop/cart.py\", line 31, in total\nKeyError: {message}")}),
        )
    };
    let id = tracker.group(&say("first", 100)).await;

    tracker.report(&say("newest", 10)).await;
    tracker.report(&say("late", 1_000)).await;

    let detail = tracker.get(&format!("/api/errors/{id}")).await;
    assert_eq!(detail["message"], "newest");
    assert!(
        detail["traceback"]
            .as_str()
            .unwrap()
            .ends_with("KeyError: newest")
    );
    assert_eq!(detail["count"], 3);
    assert_eq!(
        strings(&detail["occurrences"], "message"),
        ["newest", "first", "late"]
    );
    let seen = |name: &str| time(&detail[name]).millis();
    assert!((seen("last_seen") - seen("first_seen") - 990_000).abs() < 5_000);
    let row = &tracker.get("/api/errors").await["errors"][0];
    assert_eq!(row["message"], "newest");
}

#[tokio::test]
async fn resolving_shows_when() {
    let tracker = Tracker::start().await;
    let id = tracker.group(&report("KeyError")).await;
    let path = format!("/api/errors/{id}");
    assert_eq!(tracker.get(&path).await["resolved_at"], Value::Null);

    tracker.act(&format!("{path}/resolve")).await;

    let detail = tracker.get(&path).await;
    assert!(time(&detail["resolved_at"]) >= time(&detail["last_seen"]));
    assert_eq!(detail["regressed"], false);
}
