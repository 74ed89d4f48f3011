//! Labels of points: what makes a series, and what does not.

use serde_json::{Value, json};

use crate::collector::{Collector, counter, encoded, labelled, with};

/// The label sets of a metric's series, grouped by these names.
async fn groups(collector: &Collector, metric: &str, by: &str) -> Vec<(Value, u64)> {
    let reply = collector
        .metric(&format!("name={metric}&group_by={}", encoded(by)))
        .await;
    let series = reply["series"].as_array().unwrap();
    let mut groups: Vec<(Value, u64)> = series
        .iter()
        .map(|series| {
            let data = series["data"].as_array().unwrap();
            let count = data.iter().map(|row| row["count"].as_u64().unwrap()).sum();
            (series["labels"].clone(), count)
        })
        .collect();
    groups.sort_by_key(|(labels, _)| labels.to_string());
    groups
}

#[tokio::test]
async fn neither_order_nor_spelling_of_labels_makes_another_series() {
    let collector = Collector::start().await;
    for labels in [
        r#"{"a":"1","b":"true","c":"x"}"#,
        r#"{"c":"x","b":true,"a":1}"#,
        r#"{ "b" : true , "a" : 1 , "c" : "\u0078" }"#,
        r#"{"a":"0","a":"1","b":"true","c":"x","d":null,"e":"","session_id":"s1"}"#,
        r#"{"a":1,"b":true,"c":"x","session_id":2}"#,
    ] {
        let body = format!(r#"[{{"name":"jobs","type":"counter","value":1,"labels":{labels}}}]"#);
        let reply = collector.api.post_bytes("/api/metrics", body.as_bytes()).await;
        assert_eq!(reply.status, 202, "{labels}: {}", reply.text());
    }

    assert_eq!(collector.figure("series").await, 1);
    assert_eq!(
        collector.get("/api/metrics/labels?name=jobs").await,
        json!({"labels": [
            {"name": "a", "values": ["1"]},
            {"name": "b", "values": ["true"]},
            {"name": "c", "values": ["x"]},
        ]})
    );
    assert_eq!(collector.total("name=jobs&labels=a:1,b:true").await, (5, 5.0));
}

#[tokio::test]
async fn numbers_and_booleans_become_text() {
    let collector = Collector::start().await;
    collector
        .send(&[labelled(
            counter("jobs", 1.0),
            json!({"status": 503, "ratio": 1.5, "below": -7, "cached": false}),
        )])
        .await;

    assert_eq!(
        collector.get("/api/metrics/labels?name=jobs").await["labels"],
        json!([
            {"name": "below", "values": ["-7"]},
            {"name": "cached", "values": ["false"]},
            {"name": "ratio", "values": ["1.5"]},
            {"name": "status", "values": ["503"]},
        ])
    );
}

#[tokio::test]
async fn no_labels_in_any_spelling_are_one_series() {
    let collector = Collector::start().await;
    collector
        .send(&[
            counter("jobs", 1.0),
            labelled(counter("jobs", 1.0), json!({})),
            labelled(counter("jobs", 1.0), Value::Null),
            labelled(counter("jobs", 1.0), json!({"session_id": "x"})),
            labelled(counter("jobs", 1.0), json!({"a": null, "b": ""})),
        ])
        .await;

    assert_eq!(collector.figure("series").await, 1);
    assert_eq!(collector.total("name=jobs").await.0, 5);
}

#[tokio::test]
async fn a_session_makes_no_series() {
    let collector = Collector::start().await;
    let points: Vec<Value> = (0..500)
        .map(|number| {
            labelled(
                counter("views", 1.0),
                json!({"page": "/", "session_id": format!("s{number}")}),
            )
        })
        .collect();
    collector.send(&points).await;

    assert_eq!(collector.figure("series").await, 1);
    assert_eq!(
        groups(&collector, "views", "session_id").await,
        [(json!({"session_id": ""}), 500)]
    );
}

#[tokio::test]
async fn texts_of_any_script_and_any_sign_are_kept() {
    let collector = Collector::start().await;
    let values = [
        "Zürich",
        "日本語",
        "\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467}",
        "\u{202e}reversed",
        "e\u{301}",
        "é",
        "a,b:c\\d",
        "'; drop table series; --",
        "<script>alert(1)</script>",
        "line\nbreak\ttab",
        " padded ",
        "%00%2F+&=#",
        "a\0b",
    ];
    for value in values {
        collector
            .send(&[labelled(counter("jobs", 1.0), json!({"värde": value}))])
            .await;
    }
    let before = groups(&collector, "jobs", "värde").await;
    let collector = collector.restarted_with(&[]).await;
    for value in values {
        collector
            .send(&[labelled(counter("jobs", 1.0), json!({"värde": value}))])
            .await;
    }

    let after = groups(&collector, "jobs", "värde").await;

    let mut expected: Vec<(Value, u64)> = values.iter().map(|value| (json!({"värde": value}), 1)).collect();
    expected.sort_by_key(|(labels, _)| labels.to_string());
    assert_eq!(before, expected);
    assert_eq!(after.len(), values.len(), "the restart knew them again");
    assert!(after.iter().all(|(_, count)| *count == 2), "{after:?}");
    for value in values {
        let selector = value.replace('\\', "\\\\").replace(',', "\\,");
        let query = format!("name=jobs&labels={}", encoded(&format!("värde:{selector}")));
        assert_eq!(collector.total(&query).await.0, 2, "{value:?}");
    }
}

#[tokio::test]
async fn thirty_two_labels_are_taken_and_one_more_is_not() {
    let collector = Collector::start().await;
    let many = |count: usize| -> Value {
        (0..count)
            .map(|number| (format!("l{number}"), json!("x")))
            .collect()
    };
    collector.send(&[labelled(counter("jobs", 1.0), many(32))]).await;
    // What is no label does not count.
    collector
        .send(&[labelled(
            counter("jobs", 1.0),
            with(many(32), json!({"session_id": "s", "none": null})),
        )])
        .await;

    let reply = collector
        .api
        .post_json("/api/metrics", &json!([labelled(counter("jobs", 1.0), many(33))]))
        .await;

    assert_eq!(
        (reply.status, reply.detail().as_str()),
        (400, "no point can be used; 0: labels: at most 32")
    );
    assert_eq!(collector.total("name=jobs&labels=l31:x").await.0, 2);
}

#[tokio::test]
async fn a_value_that_is_too_long_is_cut_and_found_by_all_of_it() {
    let collector = Collector::start().await;
    let long = "é".repeat(300);
    let cut = "é".repeat(199) + "…";
    collector
        .send(&[
            labelled(counter("jobs", 1.0), json!({"page": long})),
            labelled(counter("jobs", 1.0), json!({"page": "é".repeat(250)})),
            labelled(counter("jobs", 1.0), json!({"page": "é".repeat(200)})),
        ])
        .await;

    let groups = groups(&collector, "jobs", "page").await;

    assert_eq!(
        groups,
        [(json!({"page": "é".repeat(200)}), 1), (json!({"page": cut}), 2)]
    );
    for value in [&long, &cut] {
        let query = format!("name=jobs&labels=page:{}", encoded(value));
        assert_eq!(collector.total(&query).await.0, 2);
    }
}

#[tokio::test]
async fn what_cannot_be_a_label_is_told() {
    let collector = Collector::start().await;
    for (labels, detail) in [
        (json!([]), "labels: must be an object"),
        (json!("a:1"), "labels: must be an object"),
        (json!(true), "labels: must be an object"),
        (
            json!({"a": {}}),
            "labels: a value must be a string, a number or a boolean",
        ),
        (
            json!({"a": [1]}),
            "labels: a value must be a string, a number or a boolean",
        ),
        (json!({"": "x"}), "labels: a name must have 1 to 100 characters"),
        (
            json!({"n".repeat(101): "x"}),
            "labels: a name must have 1 to 100 characters",
        ),
    ] {
        let points = json!([
            labelled(counter("jobs", 1.0), labels.clone()),
            counter("jobs", 1.0)
        ]);

        let reply = collector.post(&points).await;

        assert_eq!(
            reply["rejected"],
            json!([{"index": 0, "detail": detail}]),
            "{labels}"
        );
    }
    assert_eq!(collector.figure("series").await, 1);
}
