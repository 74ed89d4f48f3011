//! Stacks with maps: which map serves which frame, and what is told when none does.

use serde_json::{Value, json};

use crate::relay::{Relay, error, vector, with};

const ID: &str = "6f1d9c1e-8c1b-4a55-9a51-1d2c3b4a5f60";

fn at(stack: &str, release: &str) -> Value {
    with(error("x"), json!({"stack": stack, "release": release}))
}

/// Why each frame of a report stayed as it was.
fn reasons(report: &Value) -> Vec<Value> {
    let frames = report["extra"]["frames"].as_array().unwrap().iter();
    frames.map(|frame| frame["unresolved"].clone()).collect()
}

#[tokio::test]
async fn the_vector_of_the_contract_holds_from_end_to_end() {
    let relay = Relay::start().await;
    relay
        .upload("shop", "1.0", "https://cdn.example.com/s/x.js", &vector())
        .await;
    for query in ["", "?v=3", "#x", "?v=3&token=abc"] {
        let stack = format!("Error: x\n    at b (https://cdn.example.com/s/x.js{query}:1:5)\n");

        let report = relay.reported(&at(&stack, "1.0")).await;

        assert_eq!(
            report["traceback"], "Error: x\n    at realName (src/app.ts:1:1)\n",
            "{query}"
        );
        assert_eq!(
            report["extra"]["frames"],
            json!([{
                "file": "src/app.ts", "line": 1, "column": 1, "function": "realName", "source": "src/app.ts",
                "in_app": true, "pre_context": [], "post_context": [],
                "no_context": report["extra"]["frames"][0]["no_context"],
            }])
        );
    }
    assert_eq!(relay.figure("frames_resolved_total").await, 4);
}

#[tokio::test]
async fn the_lines_around_go_along() {
    let relay = Relay::start().await;
    let source: Vec<String> = (1..=20).map(|line| format!("line {line}")).collect();
    let map = json!({
        "version": 3, "sources": ["src/app.ts"], "sourcesContent": [source.join("\n")], "names": [],
        "mappings": "AASA",
    });
    relay.upload("shop", "1.0", "/x.js", &map).await;

    let report = relay
        .reported(&at("    at b (https://x.io/x.js:1:1)", "1.0"))
        .await;

    let frame = &report["extra"]["frames"][0];
    assert_eq!(frame["line"], 10);
    assert_eq!(
        frame["pre_context"],
        json!(["line 5", "line 6", "line 7", "line 8", "line 9"])
    );
    assert_eq!(frame["context_line"], "line 10");
    assert_eq!(
        frame["post_context"],
        json!(["line 11", "line 12", "line 13", "line 14", "line 15"])
    );
}

#[tokio::test]
async fn all_engines_are_read() {
    let relay = Relay::start().await;
    relay.upload("shop", "1.0", "/s/x.js", &vector()).await;
    for (stack, expected) in [
        (
            "TypeError: x\n    at b (https://x.io/s/x.js:1:5)\n    at https://x.io/s/x.js:1:5",
            "TypeError: x\n    at realName (src/app.ts:1:1)\n    at realName (src/app.ts:1:1)",
        ),
        ("b@https://x.io/s/x.js:1:5\n", "realName@src/app.ts:1:1\n"),
        (
            "b@https://x.io/s/x.js:1:5\nmap@[native code]",
            "b@src/app.ts:1:1\nmap@[native code]",
        ),
    ] {
        let report = relay.reported(&at(stack, "1.0")).await;
        assert_eq!(report["traceback"], expected);
    }
}

#[tokio::test]
async fn each_frame_that_stays_as_it_was_says_why() {
    let relay = Relay::start().await;
    relay.upload("shop", "1.0", "/s/x.js", &vector()).await;
    let stack = "    at a (https://x.io/x.js:1:5)\n    at b (https://x.io/s/x.js:9:1)\n    at Array.map (<anonymous>)\n    at c (https://x.io/s/x.js:1:5)";
    for (release, expected) in [
        (
            json!("1.0"),
            json!([
                "no map for /x.js in release 1.0",
                "position outside the map",
                "the frame is not in a script",
                null,
            ]),
        ),
        (
            json!("1.2"),
            json!([
                "no map for release 1.2",
                "no map for release 1.2",
                "the frame is not in a script",
                "no map for release 1.2",
            ]),
        ),
        (
            Value::Null,
            json!([
                "no map, and the report names no release",
                "no map, and the report names no release",
                "the frame is not in a script",
                "no map, and the report names no release",
            ]),
        ),
    ] {
        let report = relay
            .reported(&with(error("x"), json!({"stack": stack, "release": release})))
            .await;
        assert_eq!(json!(reasons(&report)), expected, "{release}");
        let resolved = expected[3].is_null();
        assert_eq!(
            report["traceback"],
            if resolved {
                stack.replace("c (https://x.io/s/x.js:1:5)", "realName (src/app.ts:1:1)")
            } else {
                stack.to_owned()
            }
        );
    }
}

#[tokio::test]
async fn a_map_that_comes_after_the_errors_serves_the_next_ones() {
    let relay = Relay::start().await;
    let body = at("    at b (https://x.io/s/x.js:1:5)", "1.0");
    let reason = async || reasons(&relay.reported(&body).await)[0].clone();
    assert_eq!(reason().await, "no map for release 1.0");

    relay.upload("shop", "1.0", "/other.js", &vector()).await;
    assert_eq!(reason().await, "no map for /s/x.js in release 1.0");
    relay.upload("shop", "1.0", "/s/x.js", &vector()).await;

    assert_eq!(reason().await, Value::Null);
}

#[tokio::test]
async fn errors_that_come_during_an_upload_find_the_map_after_it() {
    let relay = Relay::start().await;
    let map = vector();
    for release in 0..12 {
        let release = release.to_string();
        let body = at("    at b (https://x.io/s/x.js:1:5)", &release);
        let errors = async {
            for _ in 0..6 {
                relay.report(&body).await;
            }
        };
        tokio::join!(errors, relay.upload("shop", &release, "/s/x.js", &map), async {
            for _ in 0..6 {
                relay.report(&body).await;
            }
        });

        let after = relay.reported(&body).await;

        assert_eq!(reasons(&after), [Value::Null], "release {release}");
    }
}

#[tokio::test]
async fn debug_ids_are_found_in_every_spelling_and_win_over_the_release() {
    let plain = ID.replace('-', "");
    for (in_map, name, told) in [
        (ID.to_owned(), "debugId", ID.to_uppercase()),
        (ID.to_uppercase(), "debug_id", plain.clone()),
        (plain.clone(), "debugId", format!(" {ID} ")),
    ] {
        let relay = Relay::start().await;
        let by_id = with(vector(), json!({name: in_map, "sources": ["src/by-id.ts"]}));
        let uploaded = relay
            .upload("shop", "another release", "/another/place.js", &by_id)
            .await;
        assert_eq!(uploaded["debug_id"], plain);
        relay.upload("shop", "1.0", "/s/x.js", &vector()).await;
        let body = |release: Value, id: &str| {
            with(
                error("x"),
                json!({
                    "stack": "    at b (https://x.io/s/x.js:1:5)", "release": release,
                    "debug_meta": {"images": [{"type": "sourcemap", "code_file": "https://x.io/s/x.js", "debug_id": id}]},
                }),
            )
        };
        let unknown = "f".repeat(32);
        for (release, id, expected) in [
            (json!("1.0"), told.as_str(), "    at realName (src/by-id.ts:1:1)"),
            (Value::Null, told.as_str(), "    at realName (src/by-id.ts:1:1)"),
            (json!("1.0"), unknown.as_str(), "    at realName (src/app.ts:1:1)"),
            (json!("1.0"), "no id", "    at realName (src/app.ts:1:1)"),
        ] {
            let report = relay.reported(&body(release.clone(), id)).await;
            assert_eq!(report["traceback"], expected, "{name} {told} {release} {id}");
        }
        let missing = relay.reported(&body(json!("2.0"), &unknown.to_uppercase())).await;
        assert_eq!(
            reasons(&missing),
            [format!(
                "no map with debug id {}; no map for release 2.0",
                "f".repeat(32)
            )]
        );
    }
}

#[tokio::test]
async fn a_project_never_sees_the_maps_of_another() {
    let relay = Relay::start().await;
    let map = with(
        vector(),
        json!({"debugId": ID, "sourcesContent": ["the secret source of shop"]}),
    );
    relay.upload("shop", "1.0", "/s/x.js", &map).await;
    let other = relay.browser_of(&json!({"project": "other"})).await;
    let body = with(
        at("    at b (https://x.io/s/x.js:1:5)", "1.0"),
        json!({
            "project": "shop",
            "debug_meta": {"images": [{"code_file": "https://x.io/s/x.js", "debug_id": ID}]},
        }),
    );
    // What the one looked up must not help the other.
    let own = relay.reported(&body).await;
    assert_eq!(
        own["extra"]["frames"][0]["context_line"],
        "the secret source of shop"
    );
    relay.tracker.forget();

    assert_eq!(other.post_json("/api/browser/errors", &body).await.status, 201);

    let report = relay.tracker.only();
    assert_eq!(report["traceback"], body["stack"]);
    assert_eq!(
        reasons(&report),
        [format!(
            "no map with debug id {}; no map for release 1.0",
            ID.replace('-', "")
        )]
    );
    assert!(!crate::relay::contains(
        &relay.tracker.ledger().bytes,
        "secret source"
    ));
}

#[tokio::test]
async fn a_forged_stack_costs_little_and_is_taken() {
    let relay = Relay::with(&[("MAX_BODY_SIZE", "1MiB")]).await;
    relay.upload("shop", "1.0", "/s/x.js", &vector()).await;
    let many: String = (0..5_000)
        .map(|number| format!("    at f (https://x.io/{number}.js:1:5)\n"))
        .collect();
    let same = "    at f (https://x.io/s/x.js:1:5)\n".repeat(5_000);
    for stack in [
        many,
        same,
        "    at ".repeat(50_000),
        "@".repeat(100_000),
        "\n".repeat(100_000),
    ] {
        let reply = relay.report(&at(&stack, "1.0")).await;
        assert!(reply.status < 300, "{}", reply.text());
    }
    let taken = relay.tracker.taken();
    assert_eq!(taken.len(), 5);
    for report in taken {
        assert!(report.to_string().len() < 256 << 10);
    }
}
