//! `GET /api/errors`: filters, order, defaults and the shape of a row.

use serde_json::{Value, json};

use crate::tracker::{Tracker, encoded, numbers, report, seconds_ago, strings, with};

/// Six groups that differ in everything a filter can look at.
async fn six_groups() -> Tracker {
    let tracker = Tracker::start().await;
    let at = |seconds: i64| json!(seconds_ago(seconds));
    tracker
        .groups(&[
            with(
                report("Old"),
                json!({"timestamp": at(7_200), "environment": "staging", "release": "1.0"}),
            ),
            with(
                report("Browser"),
                json!({"timestamp": at(3_600), "request_method": "BROWSER", "environment": "production", "extra": {"session_id": "s-1"}}),
            ),
            with(
                report("Forum"),
                json!({"timestamp": at(1_800), "project": "forum", "environment": "production", "release": "1.0"}),
            ),
            with(report("Resolved"), json!({"timestamp": at(900), "environment": "production"})),
            with(report("Ignored"), json!({"timestamp": at(600), "release": "2.0"})),
            with(report("Both"), json!({"timestamp": at(300), "release": "2.0"})),
        ])
        .await;
    // Values that the group had once count too.
    for (kind, more) in [
        (
            "Old",
            json!({"environment": "production", "release": "2.0", "extra": {"session_id": "s-2"}}),
        ),
        (
            "Browser",
            json!({"request_method": "GET", "extra": {"session_id": "s-2"}}),
        ),
    ] {
        let at = if kind == "Old" { 7_100 } else { 3_500 };
        tracker
            .report(&with(
                with(report(kind), more),
                json!({"timestamp": seconds_ago(at)}),
            ))
            .await;
    }
    for (kind, action) in [
        ("Resolved", "resolve"),
        ("Ignored", "ignore"),
        ("Both", "resolve"),
        ("Both", "ignore"),
    ] {
        let list = tracker.get("/api/errors?resolved=all&ignored=all").await;
        let rows = list["errors"].as_array().unwrap();
        let row = rows.iter().find(|row| row["exception_type"] == kind).unwrap();
        tracker.act(&format!("/api/errors/{}/{action}", row["id"])).await;
    }
    tracker
}

#[tokio::test]
async fn each_filter_leaves_what_it_says() {
    let tracker = six_groups().await;
    let since = encoded(&seconds_ago(2_700));
    let until = encoded(&seconds_ago(2_700));
    for (query, expected) in [
        ("", &["Forum", "Browser", "Old"][..]),
        ("resolved=false&ignored=false", &["Forum", "Browser", "Old"]),
        ("resolved=true", &["Resolved"]),
        ("ignored=true", &["Ignored"]),
        ("resolved=true&ignored=true", &["Both"]),
        ("resolved=all", &["Resolved", "Forum", "Browser", "Old"]),
        ("ignored=all", &["Ignored", "Forum", "Browser", "Old"]),
        (
            "resolved=all&ignored=all",
            &["Both", "Ignored", "Resolved", "Forum", "Browser", "Old"],
        ),
        ("project=forum", &["Forum"]),
        ("project=sho", &[]),
        ("environment=production", &["Forum", "Browser", "Old"]),
        ("environment=staging", &["Old"]),
        ("environment=Staging", &[]),
        ("release=1.0", &["Forum", "Old"]),
        ("release=2.0", &["Old"]),
        ("release=1.0&environment=staging", &["Old"]),
        ("release=1.0&project=shop", &["Old"]),
        ("source=browser", &["Browser"]),
        ("source=server", &["Forum", "Browser", "Old"]),
        ("session_id=s-1", &["Browser"]),
        ("session_id=s-2", &["Browser", "Old"]),
        ("session_id=s-3", &[]),
        ("search=rows", &["Browser"]),
        ("search=broke", &["Forum", "Browser", "Old"]),
        (&format!("since={since}"), &["Forum"]),
        (&format!("until={until}"), &["Browser", "Old"]),
        (&format!("since={since}&until={until}"), &[]),
        (&format!("since={since}&resolved=all"), &["Resolved", "Forum"]),
        (
            "source=browser&session_id=s-2&environment=production",
            &["Browser"],
        ),
        ("session_id=s-2&search=old&release=2.0&project=shop", &["Old"]),
        // A parameter without a value, and one that nobody knows, change nothing.
        ("project=&search=&limit=&unknown=1", &["Forum", "Browser", "Old"]),
    ] {
        for sort in ["last_seen", "first_seen", "count", "trend"] {
            let list = tracker.get(&format!("/api/errors?{query}&sort={sort}")).await;

            let mut found = strings(&list["errors"], "exception_type");
            let mut wanted: Vec<String> = expected.iter().map(|&kind| kind.to_owned()).collect();
            if sort != "last_seen" {
                found.sort();
                wanted.sort();
            }
            assert_eq!(found, wanted, "{query} by {sort}");
            assert_eq!(list["total"], expected.len(), "{query} by {sort}");
            assert_eq!(list["total_exact"], true);
        }
    }
}

#[tokio::test]
async fn every_order_is_descending_with_ties_by_id() {
    let tracker = Tracker::start().await;
    // By last seen D C B A, by first seen A D C B, by count B A D C, by trend the same without the old ones of B.
    let day = 86_400;
    let mut reports = vec![
        with(report("B"), json!({"timestamp": seconds_ago(3 * day)})),
        with(report("B"), json!({"timestamp": seconds_ago(3 * day)})),
        with(report("B"), json!({"timestamp": seconds_ago(3 * day)})),
        with(report("C"), json!({"timestamp": seconds_ago(2 * day)})),
        with(report("D"), json!({"timestamp": seconds_ago(3_000)})),
        with(report("A"), json!({"timestamp": seconds_ago(2_000)})),
        with(report("A"), json!({"timestamp": seconds_ago(2_000)})),
        with(report("B"), json!({"timestamp": seconds_ago(1_900)})),
        with(report("C"), json!({"timestamp": seconds_ago(1_800)})),
        with(report("D"), json!({"timestamp": seconds_ago(1_700)})),
    ];
    tracker.groups(&reports).await;
    for (sort, expected) in [
        ("last_seen", ["D", "C", "B", "A"]),
        ("first_seen", ["A", "D", "C", "B"]),
        // C, D and A have two each.
        ("count", ["B", "A", "D", "C"]),
        // A and D have two in the last day, C and B one.
        ("trend", ["A", "D", "C", "B"]),
    ] {
        assert_eq!(tracker.types(&format!("sort={sort}")).await, expected, "{sort}");
    }
    assert_eq!(
        tracker.types("").await,
        ["D", "C", "B", "A"],
        "last_seen is the default"
    );

    // Twenty groups that are equal in everything: the newest id comes first.
    let at = seconds_ago(60);
    reports = (0..20)
        .map(|number| {
            with(
                report(&format!("Tie{number:02}")),
                json!({"project": "ties", "timestamp": at}),
            )
        })
        .collect();
    let mut ids = tracker.groups(&reports).await;
    ids.reverse();
    for sort in ["last_seen", "first_seen", "count", "trend"] {
        let list = tracker
            .get(&format!("/api/errors?project=ties&sort={sort}"))
            .await;
        assert_eq!(numbers(&list["errors"], "id"), ids, "{sort}");
    }
}

#[tokio::test]
async fn limit_and_offset_have_defaults_and_a_maximum() {
    let tracker = Tracker::start().await;
    let reports: Vec<Value> = (0..210).map(|number| report(&format!("E{number}"))).collect();
    tracker.groups(&reports).await;
    for (query, limit, offset, rows, has_next) in [
        ("", 50, 0, 50, true),
        ("limit=1", 1, 0, 1, true),
        ("limit=200", 200, 0, 200, true),
        ("limit=201", 200, 0, 200, true),
        ("limit=99999999999999999999999", 200, 0, 200, true),
        ("limit=20&offset=190", 20, 190, 20, false),
        ("limit=20&offset=189", 20, 189, 20, true),
        ("offset=209", 50, 209, 1, false),
        ("offset=210", 50, 210, 0, false),
        ("offset=18446744073709551615", 50, u64::MAX, 0, false),
    ] {
        let list = tracker.get(&format!("/api/errors?{query}")).await;

        assert_eq!(
            (&list["limit"], &list["offset"]),
            (&json!(limit), &json!(offset)),
            "{query}"
        );
        assert_eq!(list["errors"].as_array().unwrap().len(), rows, "{query}");
        assert_eq!(list["next"].is_string(), has_next, "{query}");
        assert_eq!(list["total"], 210, "{query}");
    }
}

#[tokio::test]
async fn an_invalid_parameter_is_named() {
    let tracker = Tracker::start().await;
    for (query, name) in [
        ("limit=many", "limit"),
        ("limit=0", "limit"),
        ("limit=-1", "limit"),
        ("limit=1.5", "limit"),
        ("offset=-1", "offset"),
        ("offset=x", "offset"),
        ("sort=age", "sort"),
        ("resolved=maybe", "resolved"),
        ("ignored=1", "ignored"),
        ("source=moon", "source"),
        ("since=yesterday", "since"),
        ("until=2026-13-01T00:00:00Z", "until"),
        ("cursor=x", "cursor"),
        ("cursor=last_seen.1", "cursor"),
        ("cursor=last_seen.x.y", "cursor"),
        ("cursor=last_seen.1.2&sort=count", "cursor"),
        ("cursor=password.1.2", "cursor"),
    ] {
        let reply = tracker.api.get(&format!("/api/errors?{query}")).await;

        assert_eq!(reply.status, 400, "{query}");
        assert!(reply.detail().starts_with(name), "{query}: {}", reply.detail());
    }
}

#[tokio::test]
async fn a_row_has_its_shape() {
    let tracker = Tracker::start().await;
    let sent = with(
        report("KeyError"),
        json!({"environment": "production", "release": "1.0", "level": "ERROR"}),
    );
    tracker.report(&sent).await;
    tracker.report(&sent).await;

    let list = tracker.get("/api/errors").await;

    let trend = numbers_of(&list["errors"][0]["trend"]);
    assert_eq!(trend.len(), 24);
    assert_eq!(trend.iter().sum::<i64>(), 2, "both are in the last hours");
    insta::assert_json_snapshot!(list, {
        ".errors[].id" => insta::dynamic_redaction(|value, _| {
            assert!(value.as_i64().is_some_and(|id| id > 0));
            "[id]"
        }),
        ".errors[].first_seen" => insta::dynamic_redaction(|value, _| redacted_time(&value)),
        ".errors[].last_seen" => insta::dynamic_redaction(|value, _| redacted_time(&value)),
        ".errors[].trend" => "[24 counts]",
    }, @r#"
    {
      "errors": [
        {
          "count": 2,
          "culprit": "total (/srv/shop/cart.py:31)",
          "environment": "production",
          "exception_type": "KeyError",
          "fingerprint": "c053c7ee76b45a66828f0423e567c4d1",
          "first_seen": "[time]",
          "id": "[id]",
          "ignored": false,
          "last_seen": "[time]",
          "level": "error",
          "message": "it broke",
          "project": "shop",
          "regressed": false,
          "release": "1.0",
          "resolved": false,
          "source": "server",
          "trend": "[24 counts]"
        }
      ],
      "limit": 50,
      "next": null,
      "offset": 0,
      "total": 1,
      "total_exact": true
    }
    "#);
}

#[tokio::test]
async fn a_long_message_is_cut_in_the_list_and_whole_in_the_detail() {
    let tracker = Tracker::start().await;
    let message = "ü".repeat(5_000);
    let id = tracker
        .group(&with(report("KeyError"), json!({"message": message})))
        .await;

    let list = tracker.get("/api/errors").await;

    let shown = list["errors"][0]["message"].as_str().unwrap();
    assert_eq!((shown.chars().count(), shown.ends_with('…')), (500, true));
    assert_eq!(
        tracker.get(&format!("/api/errors/{id}")).await["message"],
        json!(message)
    );
}

fn numbers_of(list: &Value) -> Vec<i64> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|count| count.as_i64().unwrap())
        .collect()
}

pub(crate) fn redacted_time(value: &insta::internals::Content) -> &'static str {
    let text = value.as_str().expect("a time is text");
    crate::tracker::time(&json!(text));
    "[time]"
}
