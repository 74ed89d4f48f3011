//! Names, labels, projects and what the pages have to know of the service.

use serde_json::{Value, json};
use shared::clock::{DAY_MS, Timestamp};
use shared::testing::eventually;

use crate::collector::{Collector, at, counter, gauge, histogram, hours_ago, labelled, with};

async fn filled(settings: &[(&str, &str)]) -> Collector {
    let collector = Collector::with(settings).await;
    collector
        .send(&[
            labelled(
                counter("http_requests_total", 1.0),
                json!({"method": "GET", "status": 200}),
            ),
            labelled(
                counter("http_requests_total", 1.0),
                json!({"method": "PUT", "status": 200}),
            ),
            labelled(histogram("http_requests_total", 1.0), json!({"route": "/"})),
            with(
                counter("http_requests_total", 1.0),
                json!({"project": "shop", "labels": {"method": "HEAD"}}),
            ),
            with(gauge("Größe", 1.0), json!({"project": "shop"})),
        ])
        .await;
    collector
}

#[tokio::test]
async fn names_are_listed_with_type_project_and_number_of_series() {
    let collector = filled(&[]).await;

    let names = collector.get("/api/metrics/names").await;

    insta::assert_json_snapshot!(names, @r#"
    {
      "metrics": [
        {
          "name": "Größe",
          "project": "shop",
          "series": 1,
          "type": "gauge"
        },
        {
          "name": "http_requests_total",
          "project": "default",
          "series": 2,
          "type": "counter"
        },
        {
          "name": "http_requests_total",
          "project": "shop",
          "series": 1,
          "type": "counter"
        },
        {
          "name": "http_requests_total",
          "project": "default",
          "series": 1,
          "type": "histogram"
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn names_are_found_by_project_and_by_a_part_in_any_case() {
    let collector = filled(&[]).await;
    for (query, count) in [
        ("", 4),
        ("search=", 4),
        ("search=requests", 3),
        ("search=REQUESTS_t", 3),
        ("search=gr%C3%B6", 1),
        ("search=GR%C3%96", 1),
        ("search=none", 0),
        ("search=%25", 0),
        ("project=shop", 2),
        ("project=shop&search=http", 1),
        ("project=none", 0),
        ("project=SHOP", 0),
    ] {
        let names = collector.get(&format!("/api/metrics/names?{query}")).await;
        assert_eq!(names["metrics"].as_array().unwrap().len(), count, "{query}");
    }
}

#[tokio::test]
async fn labels_are_listed_in_order_with_their_values() {
    let collector = filled(&[]).await;
    for (query, expected) in [
        (
            "name=http_requests_total",
            json!([
                {"name": "method", "values": ["GET", "HEAD", "PUT"]},
                {"name": "route", "values": ["/"]},
                {"name": "status", "values": ["200"]},
            ]),
        ),
        (
            "name=http_requests_total&project=shop",
            json!([{"name": "method", "values": ["HEAD"]}]),
        ),
        (
            "name=http_requests_total&type=histogram",
            json!([{"name": "route", "values": ["/"]}]),
        ),
        ("name=http_requests_total&type=gauge", json!([])),
        ("name=none", json!([])),
        ("name=http_requests_total&project=none", json!([])),
        ("name=Gr%C3%B6%C3%9Fe", json!([])),
    ] {
        let labels = collector.get(&format!("/api/metrics/labels?{query}")).await;
        assert_eq!(labels, json!({"labels": expected}), "{query}");
    }
}

#[tokio::test]
async fn at_most_a_thousand_values_of_a_label_are_listed() {
    let collector = Collector::start().await;
    let points: Vec<Value> = (0..1_200)
        .map(|host| labelled(counter("jobs", 1.0), json!({"host": format!("h{host:04}")})))
        .collect();
    collector.send(&points).await;

    let labels = collector.get("/api/metrics/labels?name=jobs").await;

    let values = labels["labels"][0]["values"].as_array().unwrap();
    assert_eq!(
        (values.len(), &values[0], &values[999]),
        (1_000, &json!("h0000"), &json!("h0999"))
    );
}

#[tokio::test]
async fn projects_are_listed_in_order() {
    let collector = Collector::start().await;
    assert_eq!(collector.get("/api/projects").await, json!({"projects": []}));
    for project in ["shop", "Blog", "überall"] {
        collector
            .send(&[with(counter("jobs", 1.0), json!({"project": project}))])
            .await;
    }

    assert_eq!(
        collector.get("/api/projects").await,
        json!({"projects": ["Blog", "shop", "überall"]})
    );
}

#[tokio::test]
async fn everything_is_known_again_after_a_restart() {
    let collector = filled(&[]).await;
    let paths = [
        "/api/metrics/names",
        "/api/metrics/labels?name=http_requests_total",
        "/api/projects",
    ];
    let mut before = Vec::new();
    for path in paths {
        before.push(collector.get(path).await);
    }

    let collector = collector.restarted_with(&[]).await;

    for (path, before) in paths.iter().zip(before) {
        assert_eq!(collector.get(path).await, before, "{path}");
    }
}

#[tokio::test]
async fn a_name_lives_as_long_as_its_data() {
    let collector = Collector::start().await;
    let old = Timestamp::now().plus_millis(-10 * DAY_MS);
    collector
        .send(&[
            at(
                with(
                    counter("old", 1.0),
                    json!({"project": "gone", "labels": {"a": "x"}}),
                ),
                old,
            ),
            at(labelled(counter("kept", 1.0), json!({"host": "old"})), old),
            at(
                labelled(counter("kept", 1.0), json!({"host": "new"})),
                hours_ago(1),
            ),
        ])
        .await;
    assert_eq!(
        collector.get("/api/projects").await["projects"],
        json!(["default", "gone"])
    );

    let collector = collector
        .restarted_with(&[("RETENTION_HOURLY", "2d"), ("AGGREGATION_INTERVAL", "1")])
        .await;
    eventually("what is too old is forgotten", async || {
        (collector.get("/api/projects").await["projects"] == json!(["default"])).then_some(())
    })
    .await;

    let names = collector.get("/api/metrics/names").await;
    assert_eq!(
        (
            names["metrics"].as_array().unwrap().len(),
            &names["metrics"][0]["name"]
        ),
        (1, &json!("kept"))
    );
    assert_eq!(
        collector.get("/api/metrics/labels?name=kept").await,
        json!({"labels": [{"name": "host", "values": ["new"]}]})
    );
    assert_eq!(
        collector.total("name=kept&period=30d").await.0,
        1,
        "its hours went too"
    );
    // It may come back, as if it had never been.
    collector
        .send(&[with(counter("old", 5.0), json!({"project": "gone"}))])
        .await;
    assert_eq!(collector.total("name=old&period=30d").await, (1, 5.0));
}

#[tokio::test]
async fn the_pages_are_told_links_retention_and_limits() {
    let collector = Collector::with(&[
        ("LOG_VIEWER_URL", "https://logs.example.com"),
        ("RETENTION_RAW", "2h"),
        ("RETENTION_MINUTE", "2d"),
        ("MAX_SERIES", "77"),
    ])
    .await;

    let about = collector.get("/api/about").await;

    insta::assert_json_snapshot!(about, {".version" => "[version]"}, @r#"
    {
      "links": {
        "browser_relay": null,
        "error_tracker": null,
        "log_viewer": "https://logs.example.com",
        "metrics_collector": null
      },
      "max_series": 77,
      "retention": {
        "hourly_s": 2592000,
        "minute_s": 172800,
        "raw_s": 7200
      },
      "service": "metrics-collector",
      "version": "[version]"
    }
    "#);
    assert_eq!(about["version"], env!("CARGO_PKG_VERSION"));
}
