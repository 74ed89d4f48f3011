//! From a browser's metrics to the collector's points.

use serde_json::{Value, json};
use shared::clock::Timestamp;

use crate::peer::UNWANTED;
use crate::relay::{KEY, Relay, point, vitals, with};

#[tokio::test]
async fn the_collector_gets_exactly_what_was_agreed() {
    let relay = Relay::start().await;
    let at = Timestamp::now();
    let reply = relay
        .measure(&json!({
            "session_id": "s-1",
            "url": "https://shop.example.com/orders/4711?x=1#y",
            "metrics": [{
                "name": "web_vitals_lcp", "type": "histogram", "value": 1200.5, "timestamp": at, "id": "v-1",
                "labels": {
                    "rating": "good", "size": 7, "cached": true, "project": "lie", "source": "lie", "session_id": "s-1",
                    "nothing": null,
                },
            }],
        }))
        .await;

    assert_eq!(
        (reply.status, reply.json()),
        (202, json!({"status": "accepted", "count": 1}))
    );
    let point = relay.collector.has_taken(1).await.pop().unwrap();
    assert_eq!(
        point,
        json!({
            "name": "web_vitals_lcp", "type": "histogram", "value": 1200.5, "project": "shop", "timestamp": at.millis(),
            "id": "v-1",
            "labels": {
                "page": "/orders/{id}", "project": "shop", "source": "browser", "rating": "good", "size": "7",
                "cached": "true",
            },
        })
    );
    let request = relay.collector.ledger().requests[0].clone();
    assert_eq!(request.path, "/api/metrics");
    assert!(request.headers["idempotency-key"].len() >= 32);
    assert!(!crate::relay::contains(&relay.collector.ledger().bytes, "s-1"));
}

#[tokio::test]
async fn the_page_is_the_clients_label_or_the_path_with_its_ids_collapsed() {
    let relay = Relay::start().await;
    for (url, labels, expected) in [
        (
            json!("https://shop.example.com/users/17/edit"),
            json!({}),
            json!("/users/{id}/edit"),
        ),
        (json!("https://shop.example.com"), json!({}), json!("/")),
        (json!("/plain?x=1"), json!({}), json!("/plain")),
        (
            json!("https://shop.example.com/u/6f1d9c1e-8c1b-4a55-9a51-1d2c3b4a5f60"),
            json!({}),
            json!("/u/{id}"),
        ),
        (
            json!("https://shop.example.com/u/joe@example.com"),
            json!({}),
            json!("/u/{id}"),
        ),
        (
            json!("https://shop.example.com/x"),
            json!({"page": "Checkout"}),
            json!("Checkout"),
        ),
        (
            json!("https://shop.example.com/x"),
            json!({"page": ""}),
            json!("/x"),
        ),
        (
            json!("https://shop.example.com/x"),
            json!({"page": null}),
            json!("/x"),
        ),
        (Value::Null, json!({}), Value::Null),
        (Value::Null, json!({"page": "/given"}), json!("/given")),
    ] {
        let body = json!({"url": url, "metrics": [with(point("lcp", 1.0), json!({"labels": labels}))]});
        let points = relay.measured(&body).await;
        assert_eq!(
            points[0]["labels"].get("page").unwrap_or(&Value::Null),
            &expected,
            "{url} {labels}"
        );
    }
}

#[tokio::test]
async fn there_are_never_two_labels_of_one_name() {
    let relay = Relay::start().await;
    let body = "{\"url\":\"/a\",\"metrics\":[{\"name\":\"x\",\"type\":\"gauge\",\"value\":1,\"labels\":\
        {\"page\":\"/one\",\"page\":\"/two\",\"source\":\"a\",\"source\":\"b\",\"project\":\"c\",\"x\":1,\"x\":2}}]}";

    let reply = relay
        .browser
        .post_bytes("/api/browser/metrics", body.as_bytes())
        .await;

    assert_eq!(reply.status, 202, "{}", reply.text());
    let sent = String::from_utf8(relay.collector.ledger().bytes.clone()).unwrap();
    for name in ["\"page\"", "\"source\"", "\"x\":\""] {
        assert_eq!(sent.matches(name).count(), 1, "{name} in {sent}");
    }
    assert_eq!(
        sent.matches("\"project\"").count(),
        2,
        "the point's and the label"
    );
}

#[tokio::test]
async fn points_that_cannot_be_used_are_listed_with_their_place() {
    let relay = Relay::start().await;
    let reply = relay
        .measure(&json!({"metrics": [
            point("a", 1.0),
            {"name": "", "type": "gauge", "value": 1},
            point(UNWANTED, 1.0),
            point("b", 2.0),
            "no point",
            with(point("c", 1.0), json!({"labels": {"x": {}}})),
            point(UNWANTED, 2.0),
        ]}))
        .await;

    assert_eq!(reply.status, 202, "{}", reply.text());
    insta::assert_json_snapshot!(reply.json(), @r#"
    {
      "count": 2,
      "rejected": [
        {
          "detail": "Missing required field: name",
          "index": 1
        },
        {
          "detail": "name: not wanted here",
          "index": 2
        },
        {
          "detail": "invalid type: string \"no point\", expected an object",
          "index": 4
        },
        {
          "detail": "invalid type: map, expected a string",
          "index": 5
        },
        {
          "detail": "name: not wanted here",
          "index": 6
        }
      ],
      "status": "accepted"
    }
    "#);
    let names: Vec<Value> = relay
        .collector
        .taken()
        .iter()
        .map(|point| point["name"].clone())
        .collect();
    assert_eq!(names, ["a", "b"]);
}

#[tokio::test]
async fn a_request_without_any_usable_point_is_refused() {
    let relay = Relay::start().await;

    let unwanted = relay.measure(&json!({"metrics": [point(UNWANTED, 1.0)]})).await;
    let bad = relay
        .measure(&json!({"metrics": [{}, point(UNWANTED, 1.0)]}))
        .await;

    assert_eq!(
        (unwanted.status, unwanted.detail().as_str()),
        (400, "no point can be used; 0: name: not wanted here")
    );
    assert_eq!(bad.status, 400);
    assert_eq!(relay.collector.taken(), Vec::<Value>::new());
}

#[tokio::test]
async fn a_thousand_points_of_the_longest_names_arrive() {
    let relay = Relay::start().await;
    let project = "p".repeat(100);
    let browser = relay.browser_of(&json!({"project": project})).await;
    let points: Vec<Value> = (0..1_000)
        .map(|_| json!({"name": "n", "type": "gauge", "value": 1}))
        .collect();
    let body = json!({"metrics": points, "url": format!("/{}", "page/".repeat(60))});

    let reply = browser.post_json("/api/browser/metrics", &body).await;

    assert_eq!(
        (reply.status, reply.json()),
        (202, json!({"status": "accepted", "count": 1_000}))
    );
    let taken = relay.collector.has_taken(1_000).await;
    assert_eq!(taken.len(), 1_000);
}

#[tokio::test]
async fn a_clock_that_is_ahead_is_not_believed_and_one_that_is_behind_is() {
    let relay = Relay::start().await;
    let now = Timestamp::now().millis();
    for (told, expected) in [
        (json!(now - 3_600_000), now - 3_600_000),
        (json!((now - 5_000).to_string()), now - 5_000),
        (json!(now + 3_600_000), now),
        (Value::Null, now),
    ] {
        let body = json!({"metrics": [with(point("x", 1.0), json!({"timestamp": told}))]});
        let points = relay.measured(&body).await;
        let at = points[0]["timestamp"].as_i64().unwrap();
        assert!((at - expected).abs() < 10_000, "{told}: {at}");
    }
}

#[tokio::test]
async fn metrics_are_accepted_while_the_collector_is_away() {
    let relay = Relay::start().await;
    relay.collector.down().await;

    let reply = relay
        .service
        .client()
        .post_json(&format!("/api/metrics?key={KEY}"), &vitals(&[1.0, 2.0]))
        .await;

    assert_eq!(
        (reply.status, reply.json()),
        (202, json!({"status": "accepted", "count": 2}))
    );
    relay.collector.up();
    let taken = relay.collector.has_taken(2).await;
    assert_eq!(taken[0]["labels"]["page"], "/cart");
}
