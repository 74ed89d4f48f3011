//! `GET /api/errors/{id}/timeline`: the counts of the trend chart.

use serde_json::json;
use shared::clock::{DAY_MS, HOUR_MS};

use crate::list::redacted_time;
use crate::tracker::{Tracker, numbers, report, seconds_ago, strings, time, with};

#[tokio::test]
async fn hours_and_days_add_up_to_the_count() {
    let tracker = Tracker::start().await;
    let hour = 3_600;
    // Two in the running hour or the one before it, and older ones on both sides of 48 hours and of 7 days.
    let ages = [
        0,
        0,
        3 * hour,
        47 * hour,
        49 * hour,
        49 * hour,
        8 * 24 * hour,
        29 * 24 * hour,
    ];
    let reports: Vec<_> = ages
        .iter()
        .map(|age| with(report("KeyError"), json!({"timestamp": seconds_ago(*age)})))
        .collect();
    let id = tracker.groups(&reports).await[0];

    let timeline = tracker.get(&format!("/api/errors/{id}/timeline")).await;

    assert_eq!(
        numbers(&timeline["hours"], "count").iter().sum::<i64>(),
        6,
        "seven days by the hour"
    );
    assert_eq!(numbers(&timeline["days"], "count").iter().sum::<i64>(), 8);
    for (list, unit_ms) in [("hours", HOUR_MS), ("days", DAY_MS)] {
        assert!(strings(&timeline[list], "bucket").is_sorted(), "oldest first");
        for bucket in timeline[list].as_array().unwrap() {
            assert_eq!(time(&bucket["bucket"]).millis() % unit_ms, 0, "{list}");
        }
    }
}

#[tokio::test]
async fn counts_stay_right_when_reports_come_late_to_an_old_group() {
    let tracker = Tracker::start().await;
    let old = with(report("KeyError"), json!({"timestamp": seconds_ago(60 * 3_600)}));
    let id = tracker.group(&old).await;
    for _ in 0..3 {
        tracker.report(&report("KeyError")).await;
        tracker.report(&old).await;
    }

    let timeline = tracker.get(&format!("/api/errors/{id}/timeline")).await;

    assert_eq!(numbers(&timeline["hours"], "count").iter().sum::<i64>(), 7);
    assert_eq!(
        numbers(&timeline["hours"], "count")[0],
        4,
        "one bucket for the old hour"
    );
}

#[tokio::test]
async fn a_timeline_has_its_shape() {
    let tracker = Tracker::start().await;
    let id = tracker.group(&report("KeyError")).await;

    let timeline = tracker.get(&format!("/api/errors/{id}/timeline")).await;

    insta::assert_json_snapshot!(timeline, {
        ".hours[].bucket" => insta::dynamic_redaction(|value, _| redacted_time(&value)),
        ".days[].bucket" => insta::dynamic_redaction(|value, _| redacted_time(&value)),
    }, @r#"
    {
      "days": [
        {
          "bucket": "[time]",
          "count": 1
        }
      ],
      "hours": [
        {
          "bucket": "[time]",
          "count": 1
        }
      ]
    }
    "#);
}
