//! What nobody should send: each gets a clear answer, and afterwards everything is as before.

use serde_json::{Value, json};
use shared::testing::bad_input::{
    self, BLANK, Bad, bad, deep, no_json, too_large, with_byte, wrong_kinds, wrong_values,
};

use crate::tracker::{Tracker, report, with};

const PATH: &str = "/api/errors";

/// A report with one member replaced by this JSON, which may be broken.
fn member(name: &str, value: &str) -> String {
    bad_input::member(&report("KeyError"), name, value)
}

fn malformed() -> Vec<Bad> {
    let whole = report("KeyError").to_string();
    let mut cases = no_json(&whole);
    cases.extend([
        bad("no JSON", "project=shop", "JSON"),
        bad("a trailing comma", whole.replace('}', ",}"), "JSON"),
        bad("NaN", member("extra", "NaN"), "JSON"),
        bad("a raw NUL", member("message", "\"a\0b\""), "JSON"),
        bad("an escape that is none", member("message", r#""\x41""#), "JSON"),
        bad("a string", "\"report\"", "object"),
        bad("a number", "7", "object"),
        bad("null", "null", "object"),
        bad("true", "true", "object"),
        bad("an array", format!("[{whole}]"), "object"),
        bad(
            "the members in an array",
            r#"["shop","KeyError","m","t"]"#,
            "object",
        ),
        bad("an empty array", " []", "object"),
        bad("an empty object", "{}", "project"),
        bad("10 000 arrays", deep("[", "]"), "object"),
        bad("10 000 objects", deep("{\"a\":", "}").replacen("}", "0}", 1), ""),
        bad("10 000 open arrays", "[".repeat(10_000), "object"),
        bad(
            "extra nested 10 000 deep",
            member("extra", &deep("[", "]")),
            "extra",
        ),
        bad(
            "headers nested 10 000 deep",
            member("request_headers", &format!("{{\"a\":{}}}", deep("[", "]"))),
            "request_headers",
        ),
        bad(
            "a message nested 10 000 deep",
            member("message", &deep("[", "]")),
            "message",
        ),
        bad(
            "the same member twice",
            whole.replacen('{', "{\"project\":\"forum\",", 1),
            "project",
        ),
        bad(
            "bytes that are no UTF-8",
            with_byte(&whole, "broke\"}", 0xff),
            "UTF-8",
        ),
        bad("Latin-1", with_byte(&whole, "it broke", 0xe4), "UTF-8"),
    ]);
    let huge = with(report("KeyError"), json!({"extra": "x".repeat(10 << 20)})).to_string();
    cases.push(too_large("10 MB of JSON", huge, "262144"));
    cases.push(too_large("10 MB of nothing", vec![0; 10 << 20], "262144"));
    cases
}

fn wrong_types() -> Vec<Bad> {
    let scalar = &["a string", "a number", "a boolean"][..];
    let mut cases = wrong_kinds(
        &[
            ("project", &["a string"]),
            ("exception_type", &["a string"]),
            ("message", &["a string"]),
            ("traceback", &["a string"]),
            ("request_url", &["a string"]),
            ("request_method", &["a string"]),
            ("level", &["a string"]),
            ("trace_id", &["a string"]),
            ("environment", scalar),
            ("release", scalar),
            ("user_id", scalar),
            ("timestamp", scalar),
            ("event_id", scalar),
            ("request_headers", &["an object"]),
            ("fingerprint", &["an array"]),
        ],
        member,
    );
    let needed = ["project", "exception_type", "message", "traceback"];
    cases.extend(wrong_values(&["fingerprint"], &["[1]", "[null]"], member));
    cases.extend(wrong_values(&needed, &["null"], member));
    cases.extend(wrong_values(&["project", "exception_type"], &BLANK, member));
    let long = format!("\"{}\"", "x".repeat(10_000));
    cases.extend(wrong_values(&["project", "exception_type"], &[&long], member));
    cases
}

/// Sends each as a report, and sees that nothing was counted and the next good report is.
async fn assert_refused(cases: Vec<Bad>) {
    let tracker = Tracker::start().await;
    bad_input::assert_refused(&tracker.api, PATH, cases, 500, async |number, name| {
        let reply = tracker.report(&report("Good")).await;
        assert_eq!(reply["count"], number, "a good report after {name}");
    })
    .await;
    let list = tracker.get("/api/errors?resolved=all&ignored=all").await;
    assert_eq!(list["total"], 1, "none of them left anything behind");
}

#[tokio::test]
async fn what_is_no_report_is_refused_and_harms_nothing() {
    assert_refused(malformed()).await;
}

#[tokio::test]
async fn a_wrong_type_is_named_and_harms_nothing() {
    assert_refused(wrong_types()).await;
}

#[tokio::test]
async fn a_bad_report_of_a_batch_is_rejected_alone() {
    let tracker = Tracker::start().await;
    let mut batch = Vec::new();
    let mut names = Vec::new();
    for case in wrong_types() {
        batch.push(serde_json::from_slice::<Value>(&case.body).unwrap());
        batch.push(report("Good"));
        names.push(case);
    }
    batch.extend([json!(null), report("Good"), json!([1]), report("Good")]);
    names.push(bad("null", "", "object"));
    names.push(bad("an array", "", "object"));

    let reply = tracker.api.post_json("/api/errors/batch", &json!(batch)).await;

    assert_eq!(reply.status, 200, "{}", reply.text());
    let reply = reply.json();
    let results = reply["results"].as_array().unwrap();
    for (index, (pair, case)) in results.chunks(2).zip(&names).enumerate() {
        assert_eq!(pair[0]["status"], "rejected", "{}", case.name);
        let detail = pair[0]["detail"].as_str().unwrap();
        assert!(detail.contains(case.named), "{}: {detail}", case.name);
        assert_eq!(pair[1]["count"], index + 1, "{}", case.name);
    }
    assert_eq!(tracker.get("/api/errors").await["total"], 1);
}

#[tokio::test]
async fn a_batch_that_is_no_json_counts_nothing() {
    let tracker = Tracker::start().await;
    let good = report("Good").to_string();
    for (body, named) in [
        (String::new(), "empty"),
        (format!("[{good},{good}"), "JSON"),
        (format!("[{good},]"), "JSON"),
        (format!("[{good} {good}]"), "JSON"),
        (good.clone(), "sequence"),
        ("[".repeat(10_000), "JSON"),
    ] {
        let reply = tracker.api.post_bytes("/api/errors/batch", body.as_bytes()).await;

        assert_eq!(reply.status, 400, "{body:.40}");
        assert!(reply.detail().contains(named), "{}", reply.detail());
    }
    let deep = format!("[{}{},{good}]", "[".repeat(10_000), "]".repeat(10_000));
    let reply = tracker.api.post_bytes("/api/errors/batch", deep.as_bytes()).await;
    assert_eq!(reply.json()["results"][0]["status"], "rejected");
    assert_eq!(reply.json()["results"][1]["count"], 1);
}

#[tokio::test]
async fn strange_texts_are_kept_as_they_are() {
    let tracker = Tracker::start().await;
    for (number, (text, kept)) in [
        ("line\r\nSubject: injected", "line\r\nSubject: injected"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("'; drop table errors; --", "'; drop table errors; --"),
        ("a\0b", "a\u{fffd}b"),
        ("\u{202e}reversed \u{feff}", "\u{202e}reversed \u{feff}"),
        (
            "\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467}",
            "\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467}",
        ),
        ("{{ default }} ${jndi:x} %s %n", "{{ default }} ${jndi:x} %s %n"),
    ]
    .into_iter()
    .enumerate()
    {
        let sent = with(
            report(&format!("Kind{number}")),
            json!({"message": text, "traceback": text, "user_id": text}),
        );
        let id = tracker.group(&sent).await;

        let detail = tracker.get(&format!("/api/errors/{id}")).await;

        assert_eq!(detail["message"], kept);
        assert_eq!(detail["traceback"], kept);
        assert_eq!(detail["occurrences"][0]["user_id"], kept.trim());
    }
}

#[tokio::test]
async fn heads_that_are_none_are_refused_and_harm_nothing() {
    let tracker = Tracker::start().await;

    bad_input::assert_heads_refused(&tracker.api, PATH).await;

    assert_eq!(tracker.report(&report("Good")).await["count"], 1);
}
