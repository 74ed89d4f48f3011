//! Web Vitals: rated by p75, with the shares of good and poor views, by page.

use serde_json::{Value, json};

use crate::collector::{Collector, at, histogram, labelled, minutes_ago, number, with};

fn vital(name: &str, page: &str, value: f64) -> Value {
    let point = histogram(&format!("web_vitals_{name}"), value);
    at(
        labelled(point, json!({"page": page, "session_id": format!("{value}")})),
        minutes_ago(5),
    )
}

#[tokio::test]
async fn each_vital_has_its_own_thresholds() {
    let collector = Collector::start().await;
    for (name, good, poor) in [
        ("lcp", 2_500.0, 4_000.0),
        ("inp", 200.0, 500.0),
        ("cls", 0.1, 0.25),
        ("fcp", 1_800.0, 3_000.0),
        ("ttfb", 800.0, 1_800.0),
        ("fid", 100.0, 300.0),
    ] {
        for (project, value, rating, shares) in [
            ("best", 0.0, "good", [1.0, 0.0, 0.0]),
            ("at-good", good, "good", [1.0, 0.0, 0.0]),
            ("over-good", good * 1.02, "needs-improvement", [0.0, 1.0, 0.0]),
            ("at-poor", poor, "needs-improvement", [0.0, 1.0, 0.0]),
            ("over-poor", poor * 1.02, "poor", [0.0, 0.0, 1.0]),
        ] {
            collector
                .send(&[with(vital(name, "/", value), json!({"project": project}))])
                .await;

            let dashboard = collector.get(&format!("/api/dashboard?project={project}")).await;

            let summary = &dashboard["web_vitals"]["summary"][name];
            assert_eq!(
                (&summary["rating"], &summary["count"]),
                (&json!(rating), &json!(1)),
                "{name} {value}"
            );
            let found = ["good", "needs_improvement", "poor"].map(|share| number(&summary[share]));
            assert_eq!(found, shares, "{name} {value}");
        }
    }
}

#[tokio::test]
async fn shares_are_of_views_and_the_rating_is_of_p75() {
    let collector = Collector::start().await;
    let mut points = Vec::new();
    for (count, value) in [(70, 1_000.0), (10, 3_000.0), (20, 9_000.0)] {
        points.extend(vec![vital("lcp", "/", value); count]);
    }
    collector.send(&points).await;

    let vitals = &collector.get("/api/dashboard").await["web_vitals"];

    let lcp = &vitals["summary"]["lcp"];
    assert_eq!(
        (&lcp["good"], &lcp["needs_improvement"], &lcp["poor"]),
        (&json!(0.7), &json!(0.1), &json!(0.2))
    );
    assert_eq!(
        (&lcp["rating"], &lcp["avg"]),
        (&json!("needs-improvement"), &json!(2_800.0))
    );
    assert!((number(&lcp["p75"]) / 3_000.0 - 1.0).abs() < 0.01, "{lcp}");
    let bucket = &vitals["timeseries"][0];
    assert!((number(&bucket["lcp"]) / 3_000.0 - 1.0).abs() < 0.01, "{bucket}");
    assert_eq!(
        (&bucket["bucket"], &bucket["cls"]),
        (&json!(minutes_ago(5)), &Value::Null)
    );
    assert_eq!(
        vitals["summary"].as_object().unwrap().len(),
        1,
        "those without data are left out"
    );
}

#[tokio::test]
async fn pages_are_told_apart_with_the_most_viewed_first() {
    let collector = Collector::start().await;
    let mut points = vec![vital("lcp", "/cart", 4_100.0); 3];
    points.extend(vec![vital("lcp", "/", 1_000.0); 5]);
    points.extend(vec![vital("inp", "/", 150.0); 2]);
    points.extend(vec![vital("cls", "/", 0.3); 4]);
    points.push(vital("ttfb", "/only", 10.0));
    collector.send(&points).await;

    let vitals = &collector.get("/api/dashboard").await["web_vitals"];

    let pages = vitals["by_page"].as_array().unwrap();
    let views: Vec<(&Value, &Value)> = pages
        .iter()
        .map(|page| (&page["page"], &page["page_views"]))
        .collect();
    assert_eq!(
        views,
        [
            (&json!("/"), &json!(5)),
            (&json!("/cart"), &json!(3)),
            (&json!("/only"), &json!(1))
        ]
    );
    for (page, name, expected) in [
        (0, "lcp", 1_000.0),
        (0, "inp", 150.0),
        (0, "cls", 0.3),
        (1, "lcp", 4_100.0),
    ] {
        let found = number(&pages[page][name]);
        assert!((found / expected - 1.0).abs() < 0.01, "{name}: {found}");
    }
    assert_eq!((&pages[1]["inp"], &pages[2]["lcp"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn only_histograms_are_vitals() {
    let collector = Collector::start().await;
    collector
        .send(&[
            with(vital("lcp", "/", 9.0), json!({"type": "gauge"})),
            with(vital("lcp", "/", 9.0), json!({"type": "counter"})),
        ])
        .await;

    assert_eq!(
        collector.get("/api/dashboard").await["web_vitals"]["summary"],
        json!({})
    );
}
