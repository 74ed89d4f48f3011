//! `GET /api/metrics`: which buckets, of which series, taken together how.

use serde_json::{Value, json};
use shared::clock::Timestamp;

use crate::collector::{
    Collector, MINUTE_MS, assert_near, at, counter, encoded, gauge, histogram, hours_ago, labelled,
    minutes_ago, number, with,
};

#[tokio::test]
async fn a_bucket_has_what_the_contract_names() {
    let collector = Collector::start().await;
    let then = minutes_ago(5);
    let points: Vec<Value> = (1..=4)
        .map(|value| at(histogram("wait", f64::from(value)), then))
        .collect();
    collector.send(&points).await;

    let reply = collector.metric("name=wait").await;

    insta::assert_json_snapshot!(reply, {
        ".from" => insta::dynamic_redaction(is_time),
        ".to" => insta::dynamic_redaction(is_time),
        ".data[].bucket" => insta::dynamic_redaction(is_time),
    }, @r#"
    {
      "data": [
        {
          "avg": 2.5,
          "bucket": "[time]",
          "count": 4,
          "exact": true,
          "last": null,
          "max": 4.0,
          "min": 1.0,
          "p50": 2.0,
          "p95": 4.0,
          "p99": 4.0,
          "sum": 10.0
        }
      ],
      "from": "[time]",
      "name": "wait",
      "period": "24h",
      "resolution": "minute",
      "to": "[time]",
      "type": "histogram"
    }
    "#);
    assert_eq!(reply["data"][0]["bucket"], then.to_string());
}

fn is_time(value: insta::internals::Content, _: insta::internals::ContentPath<'_>) -> &'static str {
    let text = value.as_str().expect("a time is text");
    assert!(text.len() == 24 && text.ends_with('Z'), "{text}");
    text.parse::<Timestamp>().expect("RFC 3339");
    "[time]"
}

#[tokio::test]
async fn a_group_has_its_labels_and_its_buckets() {
    let collector = Collector::start().await;
    let then = minutes_ago(5);
    collector
        .send(&[
            at(
                labelled(counter("hits", 1.0), json!({"page": "/", "method": "GET"})),
                then,
            ),
            at(
                labelled(counter("hits", 2.0), json!({"page": "/", "method": "PUT"})),
                then,
            ),
            at(labelled(counter("hits", 4.0), json!({"method": "GET"})), then),
            at(
                labelled(counter("hits", 8.0), json!({"page": "/cart"})),
                then.plus_millis(MINUTE_MS),
            ),
        ])
        .await;
    let sums = |reply: &Value| -> Vec<(String, f64)> {
        assert!(reply.get("data").is_none(), "{reply}");
        let mut sums: Vec<_> = reply["series"]
            .as_array()
            .unwrap()
            .iter()
            .map(|series| {
                assert_eq!(series["data"].as_array().unwrap().len(), 1, "{series}");
                (series["labels"].to_string(), number(&series["data"][0]["sum"]))
            })
            .collect();
        sums.sort_by(|left, right| left.0.cmp(&right.0));
        sums
    };
    for (query, expected) in [
        (
            "group_by=page",
            vec![
                (r#"{"page":""}"#, 4.0),
                (r#"{"page":"/"}"#, 3.0),
                (r#"{"page":"/cart"}"#, 8.0),
            ],
        ),
        (
            "group_by=method,page",
            vec![
                (r#"{"method":"","page":"/cart"}"#, 8.0),
                (r#"{"method":"GET","page":""}"#, 4.0),
                (r#"{"method":"GET","page":"/"}"#, 1.0),
                (r#"{"method":"PUT","page":"/"}"#, 2.0),
            ],
        ),
        (
            "group_by=%20method%20,&labels=page:/",
            vec![(r#"{"method":"GET"}"#, 1.0), (r#"{"method":"PUT"}"#, 2.0)],
        ),
        ("group_by=method&labels=page:/none", vec![]),
    ] {
        let reply = collector.metric(&format!("name=hits&{query}")).await;
        let expected: Vec<(String, f64)> = expected
            .into_iter()
            .map(|(labels, sum)| (labels.to_owned(), sum))
            .collect();
        assert_eq!(sums(&reply), expected, "{query}");
    }
    let nothing = collector.metric("name=hits&group_by=none").await;
    let data = nothing["series"][0]["data"].as_array().unwrap();
    assert_eq!(
        (&nothing["series"][0]["labels"], data.len()),
        (&json!({"none": ""}), 2)
    );
}

#[tokio::test]
async fn labels_ask_for_a_part_of_a_series() {
    let collector = Collector::start().await;
    for (value, labels) in [
        (1.0, json!({"page": "/", "method": "GET"})),
        (2.0, json!({"page": "/", "method": "PUT"})),
        (4.0, json!({"page": "/a,b", "method": "GET"})),
        (8.0, json!({"page": "http://x:80/", "method": "GET"})),
        (16.0, json!({})),
    ] {
        collector.send(&[labelled(counter("hits", value), labels)]).await;
    }
    for (labels, sum) in [
        ("", 31.0),
        ("page:/", 3.0),
        ("method:GET", 13.0),
        ("page:/,method:GET", 1.0),
        (" page:/ , method:GET ", 0.0),
        ("method:GET, page:/", 1.0),
        ("method:GET,page:/,", 1.0),
        (r"page:/a\,b", 4.0),
        ("page:http://x:80/", 8.0),
        ("page:", 16.0),
        ("page:/,other:x", 0.0),
        ("other:", 31.0),
        ("page:/none", 0.0),
        ("page:GET", 0.0),
        ("PAGE:/", 0.0),
    ] {
        let (_, found) = collector
            .total(&format!("name=hits&labels={}", encoded(labels)))
            .await;
        assert_eq!(found, sum, "{labels:?}");
    }
}

#[tokio::test]
async fn what_is_not_known_is_empty() {
    let collector = Collector::start().await;
    collector.send(&[counter("jobs", 1.0)]).await;
    for query in [
        "name=none",
        "name=JOBS",
        "name=job",
        "name=jobs&project=none",
        "name=jobs&type=gauge",
        "name=%00",
        "name=none&labels=a:b&rate=true",
    ] {
        let reply = collector.metric(query).await;
        assert_eq!(
            (&reply["type"], &reply["data"]),
            (&Value::Null, &json!([])),
            "{query}"
        );
    }
    let grouped = collector.metric("name=none&group_by=a").await;
    assert_eq!((&grouped["series"], grouped.get("data")), (&json!([]), None));
    let elsewhen = collector.metric("name=jobs&since=-20h&until=-10h").await;
    assert_eq!(
        (&elsewhen["type"], &elsewhen["data"]),
        (&json!("counter"), &json!([]))
    );
}

#[tokio::test]
async fn a_counter_has_a_rate_per_second() {
    let collector = Collector::start().await;
    let then = minutes_ago(5);
    collector
        .send(&[
            at(counter("jobs", 30.0), then),
            at(counter("jobs", 60.0), then.plus_millis(30_000)),
            at(histogram("wait", 1.0), then),
            at(gauge("load", 1.0), then),
        ])
        .await;

    let minute = &collector.rows("name=jobs&rate=true").await[0];
    let hour = &collector.rows("name=jobs&rate=true&resolution=hour").await[0];
    let grouped = collector.metric("name=jobs&rate=true&group_by=x").await;

    assert_eq!(minute["rate"], 1.5);
    assert!(number(&hour["rate"]) >= 90.0 / 3_600.0 && number(&hour["rate"]) <= 90.0 / 300.0);
    assert_eq!(grouped["series"][0]["data"][0]["rate"], 1.5);
    for query in [
        "name=jobs",
        "name=jobs&rate=false",
        "name=wait&rate=true",
        "name=load&rate=true",
    ] {
        assert_eq!(collector.rows(query).await[0].get("rate"), None, "{query}");
    }
}

#[tokio::test]
async fn the_running_minute_is_included_and_its_rate_is_of_what_is_over() {
    let collector = Collector::start().await;
    collector.send(&[counter("jobs", 6.0)]).await;

    for query in [
        "name=jobs",
        "name=jobs&period=90s",
        "name=jobs&resolution=hour",
        "name=jobs&period=30d",
    ] {
        assert_eq!(collector.total(query).await, (1, 6.0), "{query}");
    }
    let row = &collector.rows("name=jobs&rate=true").await[0];
    assert!((0.1..=6.0).contains(&number(&row["rate"])), "{row}");
}

#[tokio::test]
async fn a_gauge_has_its_last_value() {
    let collector = Collector::start().await;
    let then = minutes_ago(90);
    let of = |host: &str, value: f64, second: i64| {
        at(
            labelled(gauge("load", value), json!({"host": host})),
            then.plus_millis(second * 1_000),
        )
    };
    collector
        .send(&[
            of("a", 5.0, 10),
            of("a", 1.0, 50),
            of("b", 9.0, 30),
            of("a", 7.0, 20),
            of("b", 2.0, 130),
        ])
        .await;

    let all = collector.rows("name=load").await;
    let one = collector.rows("name=load&labels=host:b").await;
    let hour = collector
        .rows(&format!(
            "name=load&resolution=hour&since={}&until={}",
            then,
            then.plus_millis(1)
        ))
        .await;

    let last: Vec<&Value> = all.iter().map(|row| &row["last"]).collect();
    assert_eq!(last, [&json!(1.0), &json!(2.0)]);
    assert_eq!((&one[0]["last"], &one[1]["last"]), (&json!(9.0), &json!(2.0)));
    assert!([1.0, 2.0].contains(&number(&hour[0]["last"])), "{hour:?}");
    insta::assert_json_snapshot!(all[0], {".bucket" => "[time]"}, @r#"
    {
      "avg": 5.5,
      "bucket": "[time]",
      "count": 4,
      "exact": true,
      "last": 1.0,
      "max": 9.0,
      "min": 1.0,
      "p50": null,
      "p95": null,
      "p99": null,
      "sum": 22.0
    }
    "#);
}

#[tokio::test]
async fn the_newest_type_is_told_unless_another_is_asked_for() {
    let collector = Collector::with(&[("RETENTION_RAW", "1d")]).await;
    let (older, newer) = (hours_ago(3), hours_ago(1));
    collector.send(&[at(gauge("load", 1.0), older)]).await;
    collector.send(&[at(counter("load", 1.0), newer)]).await;
    assert_eq!(collector.metric("name=load").await["type"], "counter");

    collector
        .send(&[at(gauge("load", 1.0), newer.plus_millis(3_600_000))])
        .await;
    assert_eq!(collector.metric("name=load").await["type"], "gauge");

    let asked = collector.metric("name=load&type=counter").await;
    assert_eq!(
        (&asked["type"], &asked["data"][0]["count"]),
        (&json!("counter"), &json!(1))
    );
}

#[tokio::test]
async fn projects_are_taken_together_or_one_by_one() {
    let collector = Collector::start().await;
    let then = minutes_ago(4);
    let of =
        |project: &str, value: f64| with(at(histogram("wait", value), then), json!({"project": project}));
    collector
        .send(&[of("a", 1.0), of("a", 2.0), of("b", 30.0), of("b b", 40.0)])
        .await;

    let all = &collector.rows("name=wait").await[0];
    let one = &collector.rows("name=wait&project=a").await[0];

    assert_eq!(
        (&all["count"], &all["p50"], &all["exact"]),
        (&json!(4), &json!(2.0), &json!(true))
    );
    assert_eq!((&one["count"], &one["max"]), (&json!(2), &json!(2.0)));
    assert_eq!(collector.total("name=wait&project=b%20b").await, (1, 40.0));
    assert_eq!(collector.total("name=wait&project=b+b").await, (1, 40.0));
}

#[tokio::test]
async fn buckets_come_in_order_and_those_without_data_are_left_out() {
    let collector = Collector::start().await;
    let start = minutes_ago(50);
    for minute in [40, 0, 7, 21] {
        let value = f64::from(minute) + 0.1;
        collector
            .send(&[at(
                counter("jobs", value),
                start.plus_millis(i64::from(minute) * MINUTE_MS),
            )])
            .await;
    }

    let rows = collector.rows("name=jobs").await;

    let expected = [0, 7, 21, 40].map(|minute| start.plus_millis(minute * MINUTE_MS).to_string());
    let found: Vec<&str> = rows.iter().map(|row| row["bucket"].as_str().unwrap()).collect();
    assert_eq!(found, expected);
    for (row, minute) in rows.iter().zip([0.1, 7.1, 21.1, 40.1]) {
        assert_near(&row["sum"], minute);
    }
}
