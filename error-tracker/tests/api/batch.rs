//! `POST /api/errors/batch`: what the relay's drain sends.

use serde_json::{Value, json};

use crate::tracker::{Tracker, numbers, report, strings, with};

#[tokio::test]
async fn each_report_is_answered_in_its_place() {
    let tracker = Tracker::start().await;
    let event = with(report("B"), json!({"event_id": "e"}));
    let batch = json!([
        report("A"),
        with(report("A"), json!({"project": ""})),
        report("A"),
        "no report",
        event,
        event,
        with(report("A"), json!({"message": 7})),
    ]);

    let reply = tracker.api.post_json("/api/errors/batch", &batch).await;

    assert_eq!(reply.status, 200);
    insta::assert_json_snapshot!(reply.json(), {
        ".results[].id" => insta::dynamic_redaction(|value, _| {
            assert!(value.as_i64().is_some_and(|id| id > 0));
            "[id]"
        }),
    }, @r#"
    {
      "results": [
        {
          "count": 1,
          "fingerprint": "70d62030e73ae71f35e0612c2b1b8611",
          "id": "[id]",
          "status": "created"
        },
        {
          "detail": "Missing required field: project",
          "status": "rejected"
        },
        {
          "count": 2,
          "fingerprint": "70d62030e73ae71f35e0612c2b1b8611",
          "id": "[id]",
          "status": "incremented"
        },
        {
          "detail": "invalid type: string \"no report\", expected a JSON object at line 1 column 11",
          "status": "rejected"
        },
        {
          "count": 1,
          "fingerprint": "064a8802d6cf061fff1f439b03a2120f",
          "id": "[id]",
          "status": "created"
        },
        {
          "count": 1,
          "fingerprint": "064a8802d6cf061fff1f439b03a2120f",
          "id": "[id]",
          "status": "duplicate"
        },
        {
          "detail": "message: invalid type: integer `7`, expected a string at line 1 column 33",
          "status": "rejected"
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn a_batch_holds_five_hundred_reports() {
    let tracker = Tracker::start().await;
    let mut batch = vec![report("A"); 500];

    let whole = tracker.api.post_json("/api/errors/batch", &json!(batch)).await;
    batch.push(report("A"));
    let too_many = tracker.api.post_json("/api/errors/batch", &json!(batch)).await;
    let none = tracker.api.post_json("/api/errors/batch", &json!([])).await;

    assert_eq!(
        numbers(&whole.json()["results"], "count"),
        (1..=500).collect::<Vec<_>>()
    );
    assert_eq!(
        (too_many.status, too_many.detail().as_str()),
        (400, "at most 500 reports at once")
    );
    assert_eq!((none.status, none.json()), (200, json!({"results": []})));
    assert_eq!(tracker.get("/api/errors").await["errors"][0]["count"], 500);
}

#[tokio::test]
async fn rejected_reports_leave_the_order_of_the_others_alone() {
    let tracker = Tracker::start().await;
    let batch: Vec<Value> = (0..400)
        .map(|number| {
            if number % 3 == 0 {
                json!({"project": "shop"})
            } else {
                with(report("A"), json!({"fingerprint": [number.to_string()]}))
            }
        })
        .collect();

    let reply = tracker
        .api
        .post_json("/api/errors/batch", &json!(batch))
        .await
        .json();

    let statuses = strings(&reply["results"], "status");
    assert_eq!(statuses.len(), 400);
    for (number, status) in statuses.iter().enumerate() {
        let expected = if number % 3 == 0 { "rejected" } else { "created" };
        assert_eq!(status, expected, "{number}");
    }
    let accepted: Vec<&Value> = reply["results"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|result| result["status"] == "created")
        .collect();
    let ids: Vec<i64> = accepted
        .iter()
        .map(|result| result["id"].as_i64().unwrap())
        .collect();
    assert!(ids.is_sorted(), "the first report founded the first group");
}

#[tokio::test]
async fn a_batch_counts_as_one_request() {
    let tracker = Tracker::with(&[("RATE_LIMIT", "2")]).await;
    let batch = json!(vec![report("A"); 100]);

    for expected in [200, 200, 429] {
        assert_eq!(
            tracker.api.post_json("/api/errors/batch", &batch).await.status,
            expected
        );
    }
}

#[tokio::test]
async fn a_batch_may_be_sixteen_times_as_large_as_a_report() {
    let tracker = Tracker::with(&[("MAX_BODY_SIZE", "4KiB")]).await;
    let large = with(report("A"), json!({"extra": "x".repeat(3_000)}));
    let fits = json!(vec![large.clone(); 18]);
    let too_large = json!(vec![large; 21]);

    assert_eq!(
        tracker.api.post_json("/api/errors/batch", &fits).await.status,
        200
    );
    let refused = tracker.api.post_json("/api/errors/batch", &too_large).await;
    assert_eq!(
        (refused.status, refused.detail().as_str()),
        (413, "the body is larger than 65536 bytes")
    );
}

#[tokio::test]
async fn a_batch_is_an_array() {
    let tracker = Tracker::start().await;

    let reply = tracker
        .api
        .post_json("/api/errors/batch", &json!({"results": []}))
        .await;

    assert_eq!(reply.status, 400);
    assert!(
        reply.detail().contains("expected a sequence"),
        "{}",
        reply.detail()
    );
}
