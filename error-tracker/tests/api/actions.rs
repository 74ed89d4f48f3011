//! Resolve, ignore, delete: one group or many.

use serde_json::{Value, json};

use crate::tracker::{Tracker, numbers, report, time};

#[tokio::test]
async fn each_action_can_be_repeated_and_undone() {
    let tracker = Tracker::start().await;
    let id = tracker.group(&report("KeyError")).await;
    for (action, status, resolved, ignored) in [
        ("resolve", "resolved", true, false),
        ("resolve", "resolved", true, false),
        ("ignore", "ignored", true, true),
        ("ignore", "ignored", true, true),
        ("unresolve", "unresolved", false, true),
        ("unresolve", "unresolved", false, true),
        ("unignore", "unignored", false, false),
        ("unignore", "unignored", false, false),
    ] {
        let reply = tracker.act(&format!("/api/errors/{id}/{action}")).await;

        assert_eq!(reply, json!({"status": status, "id": id}));
        let detail = tracker.get(&format!("/api/errors/{id}")).await;
        assert_eq!(
            (&detail["resolved"], &detail["ignored"]),
            (&json!(resolved), &json!(ignored)),
            "{action}"
        );
        assert_eq!(detail["resolved_at"].is_string(), resolved, "{action}");
    }
}

#[tokio::test]
async fn resolving_again_keeps_the_first_time() {
    let tracker = Tracker::start().await;
    let id = tracker.group(&report("KeyError")).await;
    let resolve = format!("/api/errors/{id}/resolve");
    tracker.act(&resolve).await;
    let first = time(&tracker.get(&format!("/api/errors/{id}")).await["resolved_at"]);

    tracker.act(&resolve).await;

    assert_eq!(
        time(&tracker.get(&format!("/api/errors/{id}")).await["resolved_at"]),
        first
    );
}

#[tokio::test]
async fn a_deleted_group_is_gone_and_comes_back_as_a_new_one() {
    let tracker = Tracker::start().await;
    let id = tracker.group(&report("KeyError")).await;
    tracker.report(&report("KeyError")).await;
    let path = format!("/api/errors/{id}");

    let deleted = tracker.api.delete(&path).await;

    assert_eq!((deleted.status, deleted.body.len()), (204, 0));
    assert_eq!(tracker.api.delete(&path).await.status, 404);
    assert_eq!(tracker.api.get(&path).await.status, 404);
    assert_eq!(tracker.get("/api/errors?resolved=all").await["total"], 0);
    let again = tracker.report(&report("KeyError")).await;
    assert_eq!(
        (&again["status"], &again["count"]),
        (&json!("created"), &json!(1))
    );
    assert!(again["id"].as_i64().unwrap() > id, "ids are never used twice");
    let occurrences = &tracker.get(&format!("/api/errors/{}", again["id"])).await["occurrences"];
    assert_eq!(occurrences.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn many_groups_change_at_once_and_the_answer_says_how_many() {
    let tracker = Tracker::start().await;
    let reports: Vec<Value> = (0..5).map(|number| report(&format!("E{number}"))).collect();
    let ids = tracker.groups(&reports).await;
    let unknown = 999_999;
    for (action, chosen, changed, query, left) in [
        ("resolve", &ids[..3], 3, "resolved=true", 3),
        ("resolve", &ids[..4], 1, "resolved=true", 4),
        ("unresolve", &ids[2..], 2, "resolved=true", 2),
        ("ignore", &ids[4..], 1, "ignored=true", 1),
        ("unignore", &ids[..], 1, "ignored=true", 0),
        ("delete", &ids[..2], 2, "resolved=all&ignored=all", 3),
        ("delete", &ids[..2], 0, "resolved=all&ignored=all", 3),
        ("delete", &[], 0, "resolved=all&ignored=all", 3),
    ] {
        let mut chosen = chosen.to_vec();
        chosen.extend([unknown, -1]);
        chosen.extend(chosen.first().copied());
        let body = json!({"ids": chosen, "action": action, "unknown": 1});

        let reply = tracker.api.post_json("/api/errors/bulk", &body).await;

        assert_eq!(
            (reply.status, reply.json()),
            (200, json!({"changed": changed})),
            "{action}"
        );
        let list = tracker.get(&format!("/api/errors?{query}")).await;
        assert_eq!(numbers(&list["errors"], "id").len(), left, "{action}");
    }
}

#[tokio::test]
async fn a_bad_bulk_request_changes_nothing_and_says_why() {
    let tracker = Tracker::start().await;
    let id = tracker.group(&report("KeyError")).await;
    for (body, named) in [
        (json!({"ids": [id], "action": "explode"}), "action"),
        (json!({"ids": [id], "action": "Resolve"}), "action"),
        (json!({"ids": [id]}), "action"),
        (json!({"action": "delete"}), "ids"),
        (json!({"ids": id, "action": "delete"}), "ids"),
        (json!({"ids": ["1"], "action": "delete"}), "ids"),
        (json!({"ids": [1.5], "action": "delete"}), "ids"),
        (json!({"ids": null, "action": "delete"}), "ids"),
        (json!({"ids": vec![1; 1_001], "action": "delete"}), "ids"),
        (json!("delete"), "expected"),
    ] {
        let reply = tracker.api.post_json("/api/errors/bulk", &body).await;

        assert_eq!(reply.status, 400, "{body}");
        assert!(reply.detail().contains(named), "{body}: {}", reply.detail());
    }
    let most: Vec<i64> = (id..id + 1_000).collect();
    let reply = tracker
        .api
        .post_json("/api/errors/bulk", &json!({"ids": most, "action": "resolve"}))
        .await;
    assert_eq!(reply.json(), json!({"changed": 1}));
}
