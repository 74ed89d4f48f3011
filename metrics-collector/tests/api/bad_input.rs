//! What nobody should send: each gets a clear answer, and afterwards everything is as before.

use serde_json::{Value, json};
use shared::testing::bad_input::{
    self, BLANK, Bad, bad, deep, no_json, too_large, with_byte, wrong_kinds, wrong_values,
};

use crate::collector::{Collector, counter, with};

const PATH: &str = "/api/metrics";

/// A point with one member replaced by this JSON, which may be broken.
fn member(name: &str, value: &str) -> String {
    bad_input::member(&counter("bad", 1.0), name, value)
}

fn malformed() -> Vec<Bad> {
    let point = counter("bad", 1.0).to_string();
    let whole = format!("[{point}]");
    let mut cases = no_json(&whole);
    cases.extend([
        bad("no JSON", "name=jobs&value=1", "JSON"),
        bad("Prometheus' format", "http_requests_total{a=\"b\"} 1\n", "JSON"),
        bad("points in lines", format!("{point}\n{point}\n"), "metrics"),
        bad("a trailing comma", format!("[{point},]"), "JSON"),
        bad("no comma", format!("[{point} {point}]"), "JSON"),
        bad("NaN", format!("[{}]", member("value", "NaN")), "JSON"),
        bad("Infinity", format!("[{}]", member("value", "Infinity")), "JSON"),
        bad("-Infinity", format!("[{}]", member("value", "-Infinity")), "JSON"),
        bad(
            "a hexadecimal number",
            format!("[{}]", member("value", "0x10")),
            "JSON",
        ),
        bad(
            "a number with a plus",
            format!("[{}]", member("value", "+1")),
            "JSON",
        ),
        bad(
            "a number that begins with its point",
            format!("[{}]", member("value", ".5")),
            "JSON",
        ),
        bad("a raw NUL", format!("[{}]", member("name", "\"a\0b\"")), "JSON"),
        bad(
            "an escape that is none",
            format!("[{}]", member("name", r#""\x41""#)),
            "JSON",
        ),
        bad("a string", "\"points\"", "an array of points"),
        bad("a number", "7", "an array of points"),
        bad("null", "null", "an array of points"),
        bad("true", "true", "an array of points"),
        bad("a point outside of a batch", point.clone(), "metrics"),
        bad("an empty object", "{}", "metrics"),
        bad("metrics is null", r#"{"metrics":null}"#, "metrics"),
        bad("metrics is an object", r#"{"metrics":{}}"#, "metrics"),
        bad("metrics is a text", r#"{"metrics":"x"}"#, "metrics"),
        bad(
            "metrics twice",
            format!(r#"{{"metrics":{whole},"metrics":{whole}}}"#),
            "metrics",
        ),
        bad("a batch in a batch", format!("[{whole}]"), "object"),
        bad("the members in an array", r#"[["bad","counter",1]]"#, "object"),
        bad("an array of numbers", "[1,2,3]", "object"),
        bad("10 000 arrays", deep("[", "]"), "object"),
        bad("10 000 open arrays", "[".repeat(10_000), "JSON"),
        bad(
            "10 000 objects",
            deep("{\"a\":", "}").replacen('}', "0}", 1),
            "metrics",
        ),
        bad(
            "labels nested 10 000 deep",
            format!("[{}]", member("labels", &deep("[", "]"))),
            "labels",
        ),
        bad(
            "a label nested 10 000 deep",
            format!("[{}]", member("labels", &format!("{{\"a\":{}}}", deep("[", "]")))),
            "labels",
        ),
        bad(
            "a name nested 10 000 deep",
            format!("[{}]", member("name", &deep("[", "]"))),
            "name",
        ),
        bad(
            "the same member twice",
            whole.replacen('{', "{\"name\":\"other\",", 1),
            "name",
        ),
        bad("bytes that are no UTF-8", with_byte(&whole, "bad", 0xff), "UTF-8"),
        bad(
            "Latin-1",
            with_byte(&format!("[{}]", member("labels", r#"{"a":"?"}"#)), "?", 0xe4),
            "UTF-8",
        ),
    ]);
    let huge = json!([with(
        counter("bad", 1.0),
        json!({"padding": "x".repeat(10 << 20)})
    )])
    .to_string();
    for (name, body) in [
        ("10 MB of JSON", huge.into_bytes()),
        ("10 MB of nothing", vec![0; 10 << 20]),
        ("10 MB of brackets", vec![b'['; 10 << 20]),
    ] {
        cases.push(too_large(name, body, "524288"));
    }
    cases
}

fn wrong_members() -> Vec<Bad> {
    let mut cases = wrong_kinds(
        &[
            ("name", &["a string"]),
            ("type", &[]),
            ("value", &["a number"]),
            ("labels", &["an object"]),
            // Those of 1970 are of the wrong time, and not of the wrong type.
            ("timestamp", &[]),
            ("project", &["a string"]),
            ("id", &[]),
        ],
        member,
    );
    cases.extend(wrong_values(&["name", "type", "value"], &["null"], member));
    cases.extend(wrong_values(&["name", "project"], &BLANK, member));
    for (name, characters) in [("name", 201), ("project", 101), ("type", 10_000)] {
        let long = format!("\"{}\"", "é".repeat(characters));
        cases.push(bad(&format!("{name} is over-long"), member(name, &long), name));
    }
    for kind in ["Counter", "COUNTER", " counter", "summary", "c", "count\\u0000er"] {
        cases.push(bad(kind, member("type", &format!("\"{kind}\"")), "type"));
    }
    let values = [
        "1e999",
        "-1e999",
        "1e99999999999",
        "\"1\"",
        "-1",
        "-0.5",
        "-5e-324",
    ];
    cases.extend(wrong_values(&["value"], &values, member));
    // A number that is none elsewhere is not blamed on the value.
    cases.push(bad("timestamp 1e999", member("timestamp", "1e999"), "timestamp"));
    cases.push(bad("id 1e999", member("id", "1e999"), "id"));
    cases.push(bad("a label 1e999", member("labels", "{\"a\":1e999}"), "labels"));
    cases
}

/// Sends each as a batch, and sees that nothing was counted and the next good point is.
async fn assert_refused(cases: Vec<Bad>) {
    let collector = Collector::start().await;
    bad_input::assert_refused(&collector.api, PATH, cases, 300, async |number, name| {
        collector.send(&[counter("good", 1.0)]).await;
        let (count, _) = collector.total("name=good").await;
        assert_eq!(count, number, "a good point after {name}");
    })
    .await;
    let names = collector.get("/api/metrics/names").await;
    assert_eq!(
        names["metrics"].as_array().unwrap().len(),
        1,
        "none of them left anything: {names}"
    );
}

#[tokio::test]
async fn what_is_no_batch_is_refused_and_harms_nothing() {
    assert_refused(malformed()).await;
}

#[tokio::test]
async fn a_wrong_member_is_named_and_harms_nothing() {
    let cases = wrong_members().into_iter().map(|case| {
        let point = String::from_utf8(case.body).unwrap();
        Bad {
            body: format!("[{point}]").into_bytes(),
            ..case
        }
    });
    assert_refused(cases.collect()).await;
}

#[tokio::test]
async fn a_bad_point_of_a_batch_is_rejected_alone() {
    let collector = Collector::start().await;
    let cases = wrong_members();
    let good = counter("good", 1.0).to_string();
    let points: Vec<String> = cases
        .iter()
        .flat_map(|case| [String::from_utf8(case.body.clone()).unwrap(), good.clone()])
        .collect();

    let reply = collector
        .api
        .post_bytes("/api/metrics", format!("[{}]", points.join(",")).as_bytes())
        .await;

    assert_eq!(reply.status, 202, "{}", reply.text());
    let reply = reply.json();
    assert_eq!(reply["count"], cases.len());
    let rejected = reply["rejected"].as_array().unwrap();
    for (place, (rejected, case)) in rejected.iter().zip(&cases).enumerate() {
        assert_eq!(rejected["index"], 2 * place, "{}", case.name);
        let detail = rejected["detail"].as_str().unwrap();
        assert!(
            detail.starts_with(&format!("{}: ", case.named)),
            "{}: {detail}",
            case.name
        );
        assert!(!detail.contains(" line "), "{}: {detail}", case.name);
    }
    assert_eq!(rejected.len(), cases.len());
    assert_eq!(collector.total("name=good").await.0, cases.len() as u64);
}

#[tokio::test]
async fn strange_names_are_kept_as_they_are() {
    let collector = Collector::start().await;
    let names = [
        "line\r\nX-Injected: yes",
        "<script>alert(1)</script>",
        "'; drop table metrics; --",
        "a\0b",
        "\u{202e}reversed",
        "{{ default }} ${jndi:x} %s %n",
        " padded ",
        "日本語",
    ];
    for name in names {
        collector
            .send(&[with(
                counter(name, 1.0),
                json!({"project": name.get(..50).unwrap_or(name)}),
            )])
            .await;
    }
    let collector = collector.restarted_with(&[]).await;

    let listed = collector.get("/api/metrics/names").await;
    let listed: Vec<&str> = listed["metrics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|metric| metric["name"].as_str().unwrap())
        .collect();

    let mut expected = names;
    expected.sort_unstable();
    assert_eq!(listed, expected);
    for name in names {
        let query = format!("name={}", crate::collector::encoded(name));
        assert_eq!(collector.total(&query).await.0, 1, "{name:?}");
    }
}

#[tokio::test]
async fn half_characters_become_whole_ones() {
    let collector = Collector::start().await;
    let body = r#"[{"name":"jobs","type":"counter","value":1,"labels":{"page":"a\ud83e"}}]"#;

    assert_eq!(
        collector
            .api
            .post_bytes("/api/metrics", body.as_bytes())
            .await
            .status,
        202
    );

    let labels: Value = collector.get("/api/metrics/labels?name=jobs").await;
    assert_eq!(labels["labels"][0]["values"], json!(["a\u{fffd}"]));
}

#[tokio::test]
async fn heads_that_are_none_are_refused_and_harm_nothing() {
    let collector = Collector::start().await;

    bad_input::assert_heads_refused(&collector.api, PATH).await;

    collector.send(&[counter("good", 1.0)]).await;
}
