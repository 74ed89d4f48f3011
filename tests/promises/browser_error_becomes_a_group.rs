//! An error in a minified page becomes a group in the tracker that shows the original code.

use serde_json::{Value, json};

use crate::fixtures::{Frame, RELEASE, Recorded, report};
use crate::stack::{PROJECT, Stack};

/// The newest occurrence of the group.
async fn newest(stack: &Stack, id: &Value) -> Value {
    let group = stack.tracker.get(&format!("/api/errors/{id}")).await;
    group["occurrences"][0].clone()
}

fn resolved(occurrence: &Value) -> Vec<&Value> {
    let frames = occurrence["extra"]["frames"].as_array().unwrap();
    frames
        .iter()
        .filter(|frame| frame["unresolved"].is_null())
        .collect()
}

#[tokio::test]
async fn a_minified_error_is_a_group_with_the_original_places_and_lines() {
    let stack = Stack::start().await;
    let recorded = Recorded::of("chromium", "esbuild", "deep");
    recorded.upload_map(&stack.relay).await;

    let reply = report(&stack.browser(), &recorded.report()).await;

    assert_eq!(
        (&reply["status"], &reply["count"]),
        (&json!("created"), &json!(1))
    );
    let group = stack.tracker.get(&format!("/api/errors/{}", reply["id"])).await;
    assert_eq!(group["project"], PROJECT);
    assert_eq!(group["exception_type"], "RangeError");
    assert_eq!(group["message"], "not a count: 0.5");
    assert_eq!(group["release"], RELEASE);
    let occurrence = &group["occurrences"][0];
    assert_eq!(occurrence["request_method"], "BROWSER");
    // The address of the page without what may be a secret.
    assert_eq!(
        occurrence["request_url"],
        "https://shop.example/cart?token=***#top"
    );
    let frames: Vec<Frame> = resolved(occurrence).into_iter().map(Frame::read).collect();
    assert_eq!(frames, recorded.expected);
    for frame in resolved(occurrence) {
        assert!(frame["context_line"].is_string(), "{frame}");
    }
    let innermost = &occurrence["extra"]["frames"][0];
    assert_eq!(
        innermost["context_line"],
        "    throw new RangeError(`not a count: ${count}`);"
    );
    // What the page of the tracker shows.
    let shown = &occurrence["stack"][0]["frames"];
    assert_eq!(shown[0]["context_line"], innermost["context_line"]);
    assert_eq!(shown[0]["pre_context"], innermost["pre_context"]);
    let own = shown
        .as_array()
        .unwrap()
        .iter()
        .find(|frame| frame["file"] == "src/cart.ts");
    assert_eq!(own.unwrap()["function"], "priceOfLine");
}

#[tokio::test]
async fn the_same_error_again_is_counted_whatever_the_bundler_has_made_of_it() {
    let stack = Stack::start().await;
    let browser = stack.browser();
    let [first, other] = ["esbuild", "vite"].map(|bundle| Recorded::of("chromium", bundle, "deep"));
    first.upload_map(&stack.relay).await;
    other.upload_map(&stack.relay).await;

    let created = report(&browser, &first.report()).await;
    let again = report(&browser, &first.report()).await;
    let rebuilt = report(&browser, &other.report()).await;

    assert_eq!(
        (&again["status"], &again["count"]),
        (&json!("incremented"), &json!(2))
    );
    assert_eq!(
        (&rebuilt["status"], &rebuilt["count"]),
        (&json!("incremented"), &json!(3))
    );
    assert_eq!((&again["id"], &rebuilt["id"]), (&created["id"], &created["id"]));
    assert_eq!(stack.tracker.get("/api/errors").await["total"], 1);
}

#[tokio::test]
async fn a_report_that_is_sent_twice_counts_once() {
    let stack = Stack::start().await;
    let mut error = Recorded::of("chromium", "esbuild", "deep").report();
    error["event_id"] = json!("5f0c1a34-0000-4000-8000-000000000001");

    let first = report(&stack.browser(), &error).await;
    let second = report(&stack.browser(), &error).await;

    assert_eq!(
        (&first["status"], &second["status"]),
        (&json!("created"), &json!("duplicate"))
    );
    assert_eq!((&second["id"], &second["count"]), (&first["id"], &json!(1)));
}

#[tokio::test]
async fn a_frame_without_map_stays_and_carries_its_reason() {
    let stack = Stack::start().await;
    let recorded = Recorded::of("chromium", "esbuild", "deep");
    recorded.upload_map(&stack.relay).await;
    let mut error = recorded.report();
    let foreign = "    at load (https://cdn.example/widget.js:1:900)";
    error["stack"] = json!(format!("{}\n{foreign}", recorded.stack));

    let reply = report(&stack.browser(), &error).await;

    let occurrence = newest(&stack, &reply["id"]).await;
    assert_eq!(resolved(&occurrence).len(), recorded.expected.len());
    let traceback = occurrence["traceback"].as_str().unwrap();
    assert!(traceback.ends_with(foreign), "{traceback}");
    let reason = "no map for /widget.js in release 1.4.0";
    let frames = occurrence["extra"]["frames"].as_array().unwrap();
    assert_eq!(frames.last().unwrap()["unresolved"], reason);
    let shown = occurrence["stack"][0]["frames"].as_array().unwrap();
    assert_eq!(shown.last().unwrap()["unresolved"], reason);
}

#[tokio::test]
async fn a_map_that_comes_later_serves_the_next_errors() {
    let stack = Stack::start().await;
    let recorded = Recorded::of("firefox", "webpack", "generator");
    let mut error = Recorded::of("chromium", "webpack", "generator").report();
    error["stack"] = json!(recorded.stack);

    let before = report(&stack.browser(), &error).await;
    recorded.upload_map(&stack.relay).await;
    let after = report(&stack.browser(), &error).await;

    let minified = newest(&stack, &before["id"]).await;
    assert!(resolved(&minified).is_empty());
    assert_eq!(
        minified["extra"]["frames"][0]["unresolved"],
        format!("no map for release {RELEASE}")
    );
    let original = newest(&stack, &after["id"]).await;
    let frames: Vec<Frame> = resolved(&original).into_iter().map(Frame::read).collect();
    assert_eq!(frames, recorded.expected);
}
