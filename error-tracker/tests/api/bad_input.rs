//! What nobody should send: each gets a clear answer, and afterwards everything is as before.

use serde_json::{Value, json};

use crate::tracker::{Tracker, report, with};

struct Bad {
    name: String,
    body: Vec<u8>,
    status: u16,
    /// What the answer must name.
    named: &'static str,
}

fn bad(name: &str, body: impl Into<Vec<u8>>, named: &'static str) -> Bad {
    Bad {
        name: name.to_owned(),
        body: body.into(),
        status: 400,
        named,
    }
}

/// A report with one member replaced by this JSON, which may be broken.
fn member(name: &str, value: &str) -> Vec<u8> {
    let mut report = report("KeyError");
    report.as_object_mut().unwrap().remove(name);
    let text = report.to_string();
    format!("{},\"{name}\":{value}}}", text.trim_end_matches('}')).into_bytes()
}

fn malformed() -> Vec<Bad> {
    let whole = report("KeyError").to_string();
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(10_000), close.repeat(10_000));
    let mut cases = vec![
        bad("an empty body", "", "empty"),
        bad("only space", "  \n", "JSON"),
        bad("no JSON", "project=shop", "JSON"),
        bad("a truncated report", &whole[..whole.len() / 2], "JSON"),
        bad(
            "a report that lacks its last brace",
            &whole[..whole.len() - 1],
            "JSON",
        ),
        bad("something behind the report", format!("{whole} x"), "JSON"),
        bad("two reports", format!("{whole}{whole}"), "JSON"),
        bad("a trailing comma", whole.replace('}', ",}"), "JSON"),
        bad("a comment", format!("// report\n{whole}"), "JSON"),
        bad("single quotes", whole.replace('"', "'"), "JSON"),
        bad("NaN", member("extra", "NaN"), "JSON"),
        bad("a raw NUL", member("message", "\"a\0b\""), "JSON"),
        bad("NUL behind the report", format!("{whole}\0"), "JSON"),
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
    ];
    let mut not_utf8 = whole.clone().into_bytes();
    let place = not_utf8.len() - 3;
    not_utf8[place] = 0xff;
    cases.push(bad("bytes that are no UTF-8", not_utf8, "UTF-8"));
    let (mut utf16, mut latin1) = (vec![0xff, 0xfe], whole.replace("it broke", "X").into_bytes());
    utf16.extend(whole.encode_utf16().flat_map(u16::to_le_bytes));
    cases.push(bad("UTF-16", utf16, "UTF-8"));
    let place = latin1.iter().position(|byte| *byte == b'X').unwrap();
    latin1[place] = 0xe4;
    cases.push(bad("Latin-1", latin1, "UTF-8"));
    let huge = with(report("KeyError"), json!({"extra": "x".repeat(10 << 20)})).to_string();
    cases.push(Bad {
        status: 413,
        ..bad("10 MB of JSON", huge, "262144")
    });
    cases.push(Bad {
        status: 413,
        ..bad("10 MB of nothing", vec![0; 10 << 20], "262144")
    });
    cases
}

fn wrong_types() -> Vec<Bad> {
    let mut cases = Vec::new();
    let all = [
        ("a number", "7"),
        ("a boolean", "true"),
        ("an array", "[\"x\"]"),
        ("an object", "{\"a\":1}"),
        ("a string", "\"x\""),
    ];
    for (name, accepted) in [
        ("project", &["a string"][..]),
        ("exception_type", &["a string"]),
        ("message", &["a string"]),
        ("traceback", &["a string"]),
        ("request_url", &["a string"]),
        ("request_method", &["a string"]),
        ("level", &["a string"]),
        ("trace_id", &["a string"]),
        ("environment", &["a string", "a number", "a boolean"]),
        ("release", &["a string", "a number", "a boolean"]),
        ("user_id", &["a string", "a number", "a boolean"]),
        ("timestamp", &["a string", "a number", "a boolean"]),
        ("event_id", &["a string", "a number", "a boolean"]),
        ("request_headers", &["an object"]),
        ("fingerprint", &["an array"]),
    ] {
        for (kind, value) in all {
            if !accepted.contains(&kind) {
                cases.push(bad(&format!("{name} is {kind}"), member(name, value), name));
            }
        }
    }
    cases.push(bad(
        "fingerprint of numbers",
        member("fingerprint", "[1]"),
        "fingerprint",
    ));
    cases.push(bad(
        "fingerprint with null",
        member("fingerprint", "[null]"),
        "fingerprint",
    ));
    for name in ["project", "exception_type", "message", "traceback"] {
        cases.push(bad(&format!("{name} is null"), member(name, "null"), name));
    }
    for name in ["project", "exception_type"] {
        for value in ["\"\"", "\"  \"", "\"\\n\\t\""] {
            cases.push(bad(&format!("{name} is blank"), member(name, value), name));
        }
        let long = format!("\"{}\"", "x".repeat(10_000));
        cases.push(bad(&format!("{name} is over-long"), member(name, &long), name));
    }
    cases
}

/// Sends each as a report, and sees that nothing was counted and the next good report is.
async fn assert_refused(cases: Vec<Bad>) {
    let tracker = Tracker::start().await;
    let mut good = 0;
    for Bad {
        name,
        body,
        status,
        named,
    } in cases
    {
        let reply = tracker.api.post_bytes("/api/errors", &body).await;

        assert_eq!(reply.status, status, "{name}: {}", reply.text());
        let detail = reply.detail();
        assert!(detail.contains(named), "{name}: {detail}");
        assert!(
            !detail.contains("struct") && detail.len() < 500,
            "{name}: {detail}"
        );
        good += 1;
        assert_eq!(
            tracker.report(&report("Good")).await["count"],
            good,
            "a good report after {name}"
        );
    }
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
    for head in [
        "nonsense\r\n\r\n".to_owned(),
        "GET / HTTP/9.9\r\n\r\n".to_owned(),
        "GET  / HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
        format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(70_000)),
        format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "A: b\r\n".repeat(200)),
        "POST /api/errors HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n".to_owned(),
        "POST /api/errors HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n".to_owned(),
        "POST /api/errors HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n".to_owned(),
    ] {
        let mut connection = tracker.api.connect().await;
        connection.write(head.as_bytes()).await;

        let answer = connection.read_until("\r\n\r\n").await;

        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
            "{head:.60}: {answer}"
        );
    }
    assert_eq!(tracker.report(&report("Good")).await["count"], 1);
}
