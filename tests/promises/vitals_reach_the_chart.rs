//! Web Vitals and other metrics of pages are in the collector's overview and in its queries.

use serde_json::{Value, json};

use crate::stack::{PROJECT, Stack};

/// Posts metrics that must all be taken.
async fn post(stack: &Stack, url: &str, metrics: Value) {
    let count = metrics.as_array().unwrap().len();
    let body = json!({"metrics": metrics, "session_id": "session-1", "url": url});

    let reply = stack.browser().post_json("/api/browser/metrics", &body).await;

    assert_eq!(reply.status, 202, "{}", reply.text());
    assert_eq!(reply.json(), json!({"status": "accepted", "count": count}));
}

fn lcp(value: f64) -> Value {
    json!({"name": "web_vitals_lcp", "type": "histogram", "value": value})
}

/// Two pages, one of them by several of its addresses.
async fn with_two_pages() -> Stack {
    let stack = Stack::start().await;
    post(
        &stack,
        "https://shop.example/orders/17?token=abc",
        json!([lcp(1_000.0), lcp(2_000.0)]),
    )
    .await;
    post(
        &stack,
        "https://shop.example/orders/18#top",
        json!([lcp(3_000.0)]),
    )
    .await;
    post(&stack, "https://shop.example/", json!([lcp(5_000.0)])).await;
    stack
}

#[tokio::test]
async fn vitals_are_in_the_overview_as_a_whole_and_by_page() {
    let stack = with_two_pages().await;

    let overview = stack
        .collector
        .get(&format!("/api/dashboard?project={PROJECT}"))
        .await;

    let summary = &overview["web_vitals"]["summary"]["lcp"];
    assert_eq!(summary["count"], 4);
    assert_eq!(summary["avg"], 2_750.0);
    let by_bucket = overview["web_vitals"]["timeseries"].as_array().unwrap();
    assert!(
        by_bucket.iter().any(|bucket| bucket["lcp"].is_number()),
        "{by_bucket:?}"
    );
    let pages = overview["web_vitals"]["by_page"].as_array().unwrap();
    let mut pages: Vec<(&str, f64)> = pages
        .iter()
        .map(|page| (page["page"].as_str().unwrap(), page["lcp"].as_f64().unwrap()))
        .collect();
    pages.sort_by_key(|(page, _)| *page);
    assert_eq!(
        pages.iter().map(|(page, _)| *page).collect::<Vec<_>>(),
        ["/", "/orders/{id}"]
    );
    assert!(pages[0].1 > pages[1].1, "{pages:?}");
}

#[tokio::test]
async fn a_query_finds_them_by_page_project_and_source_and_by_nothing_of_the_visitor() {
    let stack = with_two_pages().await;

    let path = format!("/api/metrics/labels?name=web_vitals_lcp&project={PROJECT}");
    let labels = stack.collector.get(&path).await;

    let names: Vec<&str> = labels["labels"]
        .as_array()
        .unwrap()
        .iter()
        .map(|label| label["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["page", "project", "source"]);
    let filter = "page:/orders/{id},source:browser,project:shop"
        .replace('{', "%7B")
        .replace('}', "%7D");
    let path = format!("/api/metrics?name=web_vitals_lcp&project={PROJECT}&labels={filter}");
    let found = stack.collector.get(&path).await;
    let rows = found["data"].as_array().unwrap();
    assert_eq!(
        rows.iter().map(|row| row["count"].as_u64().unwrap()).sum::<u64>(),
        3,
        "{found}"
    );
    assert_eq!(
        rows.iter().map(|row| row["sum"].as_f64().unwrap()).sum::<f64>(),
        6_000.0,
        "{found}"
    );
}

#[tokio::test]
async fn a_page_cannot_pass_for_another_project_or_for_a_server() {
    let stack = Stack::start().await;
    let labels = json!({"project": "bank", "source": "server", "session_id": "session-1", "step": "pay"});
    let clicks =
        json!({"name": "clicks", "type": "counter", "value": 2, "labels": labels, "project": "bank"});
    post(&stack, "https://shop.example/cart", json!([clicks])).await;

    let projects = stack.collector.get("/api/projects").await;
    let path = "/api/metrics/labels?name=clicks&project=shop";
    let labels = stack.collector.get(path).await;

    assert_eq!(projects["projects"], json!([PROJECT]));
    let expected = json!([
        {"name": "page", "values": ["/cart"]},
        {"name": "project", "values": ["shop"]},
        {"name": "source", "values": ["browser"]},
        {"name": "step", "values": ["pay"]},
    ]);
    assert_eq!(labels["labels"], expected);
}

#[tokio::test]
async fn a_point_that_cannot_be_used_is_named_and_the_others_arrive() {
    let stack = Stack::start().await;
    let body = json!({"url": "https://shop.example/", "metrics": [
        lcp(1_000.0), {"name": "clicks", "type": "counter", "value": -1}, lcp(2_000.0),
    ]});

    let reply = stack.browser().post_json("/api/browser/metrics", &body).await;

    assert_eq!(reply.status, 202, "{}", reply.text());
    let reply = reply.json();
    assert_eq!(
        (&reply["count"], &reply["rejected"][0]["index"]),
        (&json!(2), &json!(1))
    );
    let overview = stack.collector.get("/api/dashboard").await;
    assert_eq!(overview["web_vitals"]["summary"]["lcp"]["count"], 2);
}
