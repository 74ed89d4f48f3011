//! `POST /api/metrics`: the forms of a batch, what is counted, and what is told of what is not.

use serde_json::{Value, json};
use shared::testing::encoding::encode;

use crate::collector::{Collector, at, counter, gauge, histogram, labelled, minutes_ago, number, with};

#[tokio::test]
async fn both_forms_of_a_batch_are_taken() {
    let collector = Collector::start().await;
    let points = json!([counter("jobs", 2.0), counter("jobs", 3.0)]);

    let bare = collector.api.post_json("/api/metrics", &points).await;
    let wrapped = collector
        .api
        .post_json("/api/metrics", &json!({"metrics": points}))
        .await;

    for reply in [bare, wrapped] {
        assert_eq!(reply.status, 202);
        assert_eq!(reply.json(), json!({"status": "accepted", "count": 2}));
    }
    assert_eq!(collector.total("name=jobs").await, (4, 10.0));
}

#[tokio::test]
async fn space_and_a_mark_of_byte_order_before_the_batch_do_no_harm() {
    let collector = Collector::start().await;
    let points = json!([counter("jobs", 1.0)]).to_string();
    for body in [
        format!("  \r\n\t{points}\n "),
        format!("\u{feff}{points}"),
        format!("\u{feff} {{ \"metrics\" : {points} }}"),
    ] {
        let reply = collector.api.post_bytes("/api/metrics", body.as_bytes()).await;
        assert_eq!(reply.status, 202, "{}", reply.text());
    }
    assert_eq!(collector.total("name=jobs").await, (3, 3.0));
}

#[tokio::test]
async fn unknown_members_are_ignored() {
    let collector = Collector::start().await;
    let deep = "[".repeat(5_000) + &"]".repeat(5_000);
    let point = r#"{"name":"jobs","type":"counter","value":1,"unit":"s","description":null"#;
    let body = format!(r#"{{"source":{{"sdk":"x"}},"metrics":[{point},"deep":{deep}}}],"version":2}}"#);

    let reply = collector.api.post_bytes("/api/metrics", body.as_bytes()).await;

    assert_eq!(reply.status, 202, "{}", reply.text());
    assert_eq!(collector.total("name=jobs").await, (1, 1.0));
}

#[tokio::test]
async fn the_order_of_the_members_does_not_matter() {
    let collector = Collector::start().await;
    let body = r#"[{"value":4,"labels":{"a":"1"},"type":"gauge","project":"shop","name":"load"}]"#;

    assert_eq!(
        collector
            .api
            .post_bytes("/api/metrics", body.as_bytes())
            .await
            .status,
        202
    );

    assert_eq!(
        collector.total("name=load&project=shop&labels=a:1").await,
        (1, 4.0)
    );
}

#[tokio::test]
async fn what_cannot_be_used_is_listed_and_the_rest_is_counted() {
    let collector = Collector::start().await;
    let points = json!([
        counter("jobs", 1.0),
        counter("jobs", -1.0),
        {"name": "jobs", "type": "timer", "value": 1},
        counter("jobs", 1.0),
        null,
        with(counter("jobs", 1.0), json!({"labels": [1]})),
        counter("jobs", 1.0),
        {"type": "counter", "value": 1},
    ]);

    let reply = collector.post(&points).await;

    insta::assert_json_snapshot!(reply, @r#"
    {
      "count": 3,
      "rejected": [
        {
          "detail": "value: a counter's increment must not be below zero",
          "index": 1
        },
        {
          "detail": "type: must be counter, histogram or gauge, not \"timer\"",
          "index": 2
        },
        {
          "detail": "invalid type: null, expected an object",
          "index": 4
        },
        {
          "detail": "labels: must be an object",
          "index": 5
        },
        {
          "detail": "name: is missing",
          "index": 7
        }
      ],
      "status": "accepted"
    }
    "#);
    assert_eq!(collector.total("name=jobs").await, (3, 3.0));
    assert_eq!(collector.figure("points_accepted_total").await, 3);
    assert_eq!(collector.figure("points_rejected_total").await, 5);
}

#[tokio::test]
async fn a_batch_of_which_nothing_can_be_used_is_refused() {
    let collector = Collector::start().await;
    for (points, detail) in [
        (
            json!([counter("jobs", -1.0), counter("", 1.0)]),
            "no point can be used; 0: value: a counter's increment must not be below zero",
        ),
        (
            json!([labelled(counter("jobs", 1.0), json!(7))]),
            "no point can be used; 0: labels: must be an object",
        ),
        (
            json!([null]),
            "no point can be used; 0: invalid type: null, expected an object",
        ),
    ] {
        let reply = collector.api.post_json("/api/metrics", &points).await;

        assert_eq!((reply.status, reply.detail().as_str()), (400, detail));
    }
    assert_eq!(collector.get("/api/metrics/names").await, json!({"metrics": []}));
}

#[tokio::test]
async fn a_batch_has_one_to_a_thousand_points() {
    let collector = Collector::start().await;
    let points = |count: usize| json!(vec![counter("jobs", 1.0); count]);
    for (body, detail) in [
        (json!([]), "metrics: at least one point is needed"),
        (json!({"metrics": []}), "metrics: at least one point is needed"),
        (points(1_001), "metrics: at most 1000 points at once"),
        (
            json!({"metrics": points(1_001)}),
            "metrics: at most 1000 points at once",
        ),
        (
            json!(vec![Value::Null; 1_001]),
            "metrics: at most 1000 points at once",
        ),
    ] {
        let reply = collector.api.post_json("/api/metrics", &body).await;
        assert_eq!((reply.status, reply.detail().as_str()), (400, detail));
    }

    assert_eq!(collector.post(&points(1_000)).await["count"], 1_000);
    assert_eq!(collector.total("name=jobs").await, (1_000, 1_000.0));
}

#[tokio::test]
async fn max_batch_is_the_number_of_points_at_once() {
    let collector = Collector::with(&[("MAX_BATCH", "2")]).await;
    let reply = collector
        .api
        .post_json("/api/metrics", &json!(vec![counter("jobs", 1.0); 3]))
        .await;

    assert_eq!(
        (reply.status, reply.detail().as_str()),
        (400, "metrics: at most 2 points at once")
    );
    collector
        .send(&[counter("jobs", 1.0), counter("jobs", 1.0)])
        .await;
}

#[tokio::test]
async fn a_point_without_a_project_belongs_to_the_default_one() {
    let collector = Collector::start().await;
    collector
        .send(&[
            counter("jobs", 1.0),
            with(counter("jobs", 2.0), json!({"project": null})),
            with(counter("jobs", 4.0), json!({"project": "shop"})),
        ])
        .await;

    assert_eq!(
        collector.get("/api/projects").await,
        json!({"projects": ["default", "shop"]})
    );
    assert_eq!(collector.total("name=jobs&project=default").await, (2, 3.0));
    assert_eq!(collector.total("name=jobs&project=shop").await, (1, 4.0));
    assert_eq!(collector.total("name=jobs").await, (3, 7.0));
}

#[tokio::test]
async fn one_name_with_two_types_is_two_metrics() {
    let collector = Collector::start().await;
    let then = minutes_ago(5);
    collector
        .send(&[
            at(gauge("load", 7.0), then),
            at(counter("load", 1.0), then),
            at(counter("load", 1.0), then),
            at(histogram("load", 3.0), then),
        ])
        .await;

    let kinds: Vec<Value> = collector.get("/api/metrics/names").await["metrics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|metric| metric["type"].clone())
        .collect();
    assert_eq!(kinds, ["counter", "histogram", "gauge"]);
    for (kind, count, sum) in [("gauge", 1, 7.0), ("counter", 2, 2.0), ("histogram", 1, 3.0)] {
        assert_eq!(
            collector.total(&format!("name=load&type={kind}")).await,
            (count, sum),
            "{kind}"
        );
    }
}

#[tokio::test]
async fn odd_numbers_that_are_numbers_are_taken_as_they_are() {
    let collector = Collector::start().await;
    for (name, text, expected) in [
        ("large", "1e308", 1e308),
        ("tiny", "5e-324", 5e-324),
        ("below", "-12.5", -12.5),
        ("zero", "-0.0", 0.0),
        ("whole", "18446744073709551615", 18_446_744_073_709_551_615.0),
        (
            "long",
            "123456789012345678901234567890",
            1.234_567_890_123_456_8e29,
        ),
        ("rounded", "0.1000000000000000055511151231257827", 0.1),
    ] {
        let body = format!(r#"[{{"name":"{name}","type":"histogram","value":{text}}}]"#);
        assert_eq!(
            collector
                .api
                .post_bytes("/api/metrics", body.as_bytes())
                .await
                .status,
            202
        );

        let row = &collector.rows(&format!("name={name}")).await[0];

        for member in ["sum", "min", "max", "avg", "p50", "p99"] {
            let found = number(&row[member]);
            assert_eq!(
                found.to_bits(),
                f64::to_bits(expected),
                "{name} {member}: {found}"
            );
        }
    }
}

#[tokio::test]
async fn sums_beyond_what_json_can_say_stay_numbers() {
    let collector = Collector::start().await;
    let then = minutes_ago(2);
    let large: Vec<Value> = (0..4).map(|_| at(histogram("large", 1e308), then)).collect();
    collector.send(&large).await;
    collector
        .send(&[
            at(counter("huge", 1.7e308), then),
            at(counter("huge", 1.7e308), then),
        ])
        .await;

    let row = &collector.rows("name=large").await[0];
    let rate = &collector.rows("name=huge&rate=true").await[0];
    let dashboard = collector.get("/api/dashboard").await;

    assert_eq!((number(&row["max"]), number(&row["p99"])), (1e308, 1e308));
    assert!(
        number(&row["avg"]) <= 1e308 && number(&row["sum"]) == f64::MAX,
        "{row}"
    );
    assert!(number(&rate["rate"]) > 1e306, "{rate}");
    assert!(dashboard["top_metrics"][0]["total"].is_number(), "{dashboard}");
}

#[tokio::test]
async fn a_refused_batch_leaves_nothing_and_an_accepted_one_is_there_at_once() {
    let collector = Collector::start().await;
    let stranger = collector.stranger("192.0.2.1");
    assert_eq!(
        stranger
            .post_json("/api/metrics", &json!([counter("jobs", 1.0)]))
            .await
            .status,
        401
    );
    assert_eq!(collector.rows("name=jobs").await, [json!(null); 0]);

    for sent in 1..=20_u64 {
        collector.send(&[counter("jobs", 1.0)]).await;
        assert_eq!(collector.total("name=jobs").await.0, sent);
    }
}

#[tokio::test]
async fn packed_batches_are_counted() {
    let collector = Collector::start().await;
    let points = json!([counter("jobs", 1.0), counter("jobs", 1.0)]).to_string();
    for (number, encoding) in ["gzip", "deflate", "br", "zstd"].into_iter().enumerate() {
        let reply = collector
            .api
            .with("Content-Encoding", encoding)
            .post_bytes("/api/metrics", &encode(encoding, points.as_bytes()))
            .await;

        assert_eq!(reply.json()["count"], 2, "{encoding}");
        assert_eq!(collector.total("name=jobs").await.0, 2 * (number as u64 + 1));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn series_that_many_clients_bring_at_once_are_made_once() {
    let collector = Collector::start().await;
    let points: Vec<Value> = (0..50)
        .map(|host| labelled(counter("jobs", 1.0), json!({"host": host})))
        .collect();
    let body = json!(points);
    let sending = (0..20).map(|_| {
        let (api, body) = (collector.api.clone(), body.clone());
        tokio::spawn(async move { api.post_json("/api/metrics", &body).await.json() })
    });

    for reply in sending.collect::<Vec<_>>() {
        assert_eq!(reply.await.unwrap(), json!({"status": "accepted", "count": 50}));
    }

    assert_eq!(collector.figure("series").await, 50);
    assert_eq!(collector.total("name=jobs").await, (1_000, 1_000.0));
    let collector = collector.restarted_with(&[]).await;
    assert_eq!(collector.total("name=jobs&labels=host:49").await, (20, 20.0));
}
