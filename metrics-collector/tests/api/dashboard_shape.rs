//! `GET /api/dashboard`: the members of the reply, with and without data.

use serde_json::json;

use crate::collector::{Collector, at, counter, histogram, hours_ago, labelled};

#[tokio::test]
async fn an_empty_collector_has_an_empty_overview() {
    let collector = Collector::start().await;

    let dashboard = collector.get("/api/dashboard").await;

    insta::assert_json_snapshot!(dashboard, {".from" => "[time]", ".to" => "[time]"}, @r#"
    {
      "cardinality": {
        "limit": 20000,
        "overflowing": false,
        "series": 0
      },
      "from": "[time]",
      "period": "24h",
      "requests": {
        "endpoints": [],
        "timeseries": []
      },
      "resolution": "minute",
      "summary": {
        "distinct_metrics": 0,
        "total_datapoints": 0
      },
      "to": "[time]",
      "top_metrics": [],
      "web_vitals": {
        "by_page": [],
        "summary": {},
        "timeseries": []
      }
    }
    "#);
}

#[tokio::test]
async fn one_request_and_one_page_view_fill_every_list() {
    let collector = Collector::start().await;
    let hour = hours_ago(1);
    let endpoint = json!({"endpoint": "/", "method": "GET", "status": 503});
    collector
        .send(&[
            at(
                labelled(counter("http_requests_total", 36.0), endpoint.clone()),
                hour,
            ),
            at(
                labelled(histogram("http_request_duration_seconds", 0.25), endpoint),
                hour,
            ),
            at(
                labelled(histogram("web_vitals_lcp", 2_600.0), json!({"page": "/"})),
                hour,
            ),
        ])
        .await;

    let path = format!(
        "/api/dashboard?since={hour}&until={}",
        hour.plus_millis(3_600_000)
    );
    let dashboard = collector.get(&path).await;

    insta::assert_json_snapshot!(dashboard, {
        ".from" => "[time]",
        ".to" => "[time]",
        ".**.bucket" => "[time]",
    }, @r#"
    {
      "cardinality": {
        "limit": 20000,
        "overflowing": false,
        "series": 3
      },
      "from": "[time]",
      "period": null,
      "requests": {
        "endpoints": [
          {
            "count": 36.0,
            "endpoint": "/",
            "error_rate": 1.0,
            "method": "GET",
            "p95": 0.25,
            "rate": 0.01
          }
        ],
        "timeseries": [
          {
            "bucket": "[time]",
            "count": 36.0,
            "error_rate": 1.0,
            "errors": 36.0,
            "p50": 0.25,
            "p95": 0.25,
            "p99": 0.25,
            "rate": 0.6
          }
        ]
      },
      "resolution": "minute",
      "summary": {
        "distinct_metrics": 3,
        "total_datapoints": 3
      },
      "to": "[time]",
      "top_metrics": [
        {
          "count": 1,
          "name": "http_request_duration_seconds",
          "total": 0.25,
          "type": "histogram"
        },
        {
          "count": 1,
          "name": "http_requests_total",
          "total": 36.0,
          "type": "counter"
        },
        {
          "count": 1,
          "name": "web_vitals_lcp",
          "total": 2600.0,
          "type": "histogram"
        }
      ],
      "web_vitals": {
        "by_page": [
          {
            "cls": null,
            "inp": null,
            "lcp": 2600.0,
            "page": "/",
            "page_views": 1
          }
        ],
        "summary": {
          "lcp": {
            "avg": 2600.0,
            "count": 1,
            "good": 0.0,
            "needs_improvement": 1.0,
            "p75": 2600.0,
            "poor": 0.0,
            "rating": "needs-improvement"
          }
        },
        "timeseries": [
          {
            "bucket": "[time]",
            "cls": null,
            "fcp": null,
            "fid": null,
            "inp": null,
            "lcp": 2600.0,
            "ttfb": null
          }
        ]
      }
    }
    "#);
}
