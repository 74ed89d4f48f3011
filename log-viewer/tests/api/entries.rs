//! From a line of Docker's file to an entry: escapes, colours, times, fields, levels, parts, and lines that are broken.

use serde_json::{Value, json};
use shared::testing::eventually;

use crate::docker::record;
use crate::viewer::{Viewer, encoded};

/// The only entry.
async fn only(viewer: &Viewer) -> Value {
    viewer.has(1).await;
    viewer.list("").await["logs"][0].clone()
}

#[tokio::test]
async fn escapes_are_decoded_whoever_wrote_them() {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    // As Docker writes it, and as only others would.
    shop.raw(br#"{"log":"a\u003cb\u003e \u0026 \"q\" \\ \t \u00e9 \ud83d\ude00 \u2028 \ufffd\n","stream":"stdout","time":"2026-03-01T12:00:00Z"}"#)
        .raw(b"\n")
        .raw(br#"{ "time": "2026-03-01T12:00:01Z", "log": "other order \/ \ud83d half\n", "stream": "stderr", "attrs": {"tag": "x"} }"#)
        .raw(b"\n");

    viewer.has(2).await;

    assert_eq!(
        viewer.messages("").await,
        [
            "other order / \u{fffd} half",
            "a<b> & \"q\" \\ \t é 😀 \u{2028} \u{fffd}"
        ]
    );
    for search in ["a<b>", "\"q\"", "é 😀", "other order /"] {
        let found = viewer.messages(&format!("search={}", encoded(search))).await;
        assert_eq!(found.len(), 1, "{search}");
    }
}

#[tokio::test]
async fn colours_are_kept_in_the_message_and_are_nothing_to_search_and_levels() {
    let viewer = Viewer::start().await;
    let coloured = "\u{1b}[33mWARN\u{1b}[0m pool \u{1b}[1mexhau\u{1b}[0msted \u{1b}[38;5;208mnow\u{1b}[0m";
    viewer.docker.container("shop").line(coloured);

    let entry = only(&viewer).await;

    assert_eq!(entry["message"], coloured);
    assert_eq!(entry["level"], "WARNING");
    for (search, hits) in [
        ("exhausted", 1),
        ("\"WARN pool exhausted now\"", 1),
        ("33m", 0),
        ("208", 0),
        ("[1mexhau", 0),
    ] {
        let list = viewer.list(&format!("search={}", encoded(search))).await;
        assert_eq!(list["total"], hits, "{search}");
    }
}

#[tokio::test]
async fn nanoseconds_are_kept_and_a_shorter_fraction_is_filled() {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    for time in [
        "2026-03-01T12:00:00.000000001Z",
        "2026-03-01T12:00:00.1Z",
        "2026-03-01T12:00:01Z",
        "2026-03-01T15:00:02.5+03:00",
    ] {
        shop.raw(format!("{{\"log\":\"{time}\\n\",\"stream\":\"stdout\",\"time\":\"{time}\"}}\n").as_bytes());
    }
    viewer.has(4).await;

    let list = viewer.list("").await;

    let times = crate::viewer::strings(&list["logs"], "timestamp");
    assert_eq!(
        times,
        [
            "2026-03-01T12:00:02.500000000Z",
            "2026-03-01T12:00:01.000000000Z",
            "2026-03-01T12:00:00.100000000Z",
            "2026-03-01T12:00:00.000000001Z",
        ]
    );
    let between = "since=2026-03-01T12:00:00.000000001Z&until=2026-03-01T12:00:00.000000002Z";
    assert_eq!(viewer.messages(between).await, ["2026-03-01T12:00:00.000000001Z"]);
}

#[tokio::test]
async fn json_and_logfmt_lines_have_fields_and_others_have_none() {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    let lines = [
        (
            r#"{"a":1,"b":{"c":[true,null]},"d":"x"}"#,
            json!({"a": 1, "b": {"c": [true, null]}, "d": "x"}),
        ),
        (
            r#"time=12:00 level=warn msg="two words" n=7"#,
            json!({"time": "12:00", "level": "warn", "msg": "two words", "n": "7"}),
        ),
        ("a plain line", Value::Null),
        ("[1,2]", Value::Null),
        ("{not json}", Value::Null),
        ("GET /?a=b 200", Value::Null),
    ];
    for (line, _) in &lines {
        shop.line(line);
    }
    viewer.has(lines.len()).await;

    let list = viewer.list("").await;

    for (row, (line, fields)) in list["logs"].as_array().unwrap().iter().rev().zip(&lines) {
        assert_eq!((row["message"].as_str(), &row["fields"]), (Some(*line), fields));
    }
    for (search, expected) in [
        ("d:x", lines[0].0),
        ("b.c:true", lines[0].0),
        ("msg:\"two words\"", lines[1].0),
        ("n:7", lines[1].0),
    ] {
        let found = viewer.messages(&format!("search={}", encoded(search))).await;
        assert_eq!(found, [expected], "{search}");
    }
}

#[tokio::test]
async fn levels_are_read_from_wherever_programs_write_them() {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    let lines = [
        ("stdout", r#"{"level":"debug","msg":"m"}"#, "DEBUG"),
        ("stdout", r#"{"severity":"NOTICE"}"#, "INFO"),
        ("stdout", r#"{"lvl":"warn"}"#, "WARNING"),
        ("stdout", r#"{"level":50,"msg":"pino"}"#, "ERROR"),
        ("stdout", r#"{"level":60,"msg":"pino"}"#, "CRITICAL"),
        ("stdout", r#"{"level":10,"msg":"pino"}"#, "DEBUG"),
        ("stderr", "level=info msg=started", "INFO"),
        ("stdout", "level=panic msg=over", "CRITICAL"),
        ("stderr", "[INFO] started", "INFO"),
        ("stdout", "2026-03-01 12:00:00,123 ERROR failed", "ERROR"),
        ("stdout", "2026-03-01T12:00:00Z TRACE deep", "DEBUG"),
        ("stdout", "WARNING: deprecated", "WARNING"),
        ("stdout", "FATAL: role does not exist", "CRITICAL"),
        ("stderr", "something happened", "ERROR"),
        ("stdout", "something happened", "INFO"),
    ];
    for (stream, line, _) in lines {
        shop.write(stream, &format!("{line}\n"));
    }
    viewer.has(lines.len()).await;

    let list = viewer.list("").await;

    for (row, (stream, line, level)) in list["logs"].as_array().unwrap().iter().rev().zip(lines) {
        assert_eq!(row["message"], line);
        assert_eq!(
            (&row["stream"], &row["level"]),
            (&json!(stream), &json!(level)),
            "{line}"
        );
    }
    for level in ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] {
        let expected = lines.iter().filter(|(.., of)| *of == level).count();
        assert_eq!(
            viewer.list(&format!("level={level}")).await["total"],
            expected,
            "{level}"
        );
    }
}

#[tokio::test]
async fn the_parts_of_a_long_line_are_one_entry() {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    let line = |letter: &str, length: usize| format!("begin {}", letter.repeat(length - 6));
    // Docker cuts at 16384 bytes: one more, an exact multiple, and many.
    let lengths = [16_384, 16_385, 2 * 16_384, 100_000];
    for length in lengths {
        shop.line(&line("a", length));
    }
    // The parts of two streams stand between each other.
    let at = shop.tick();
    for letter in ["o", "e"] {
        let stream = if letter == "o" { "stdout" } else { "stderr" };
        shop.write_at(stream, &letter.repeat(16_384), at);
    }
    shop.write_at("stderr", "e\n", at).write_at("stdout", "o\n", at);
    viewer.has(lengths.len() + 2).await;

    let list = viewer.list("search=begin").await;

    let messages = crate::viewer::strings(&list["logs"], "message");
    let mut expected: Vec<String> = lengths.iter().map(|length| line("a", *length)).collect();
    expected.reverse();
    assert!(messages == expected, "each line is whole");
    for (stream, letter) in [("stdout", "o"), ("stderr", "e")] {
        let newest = &viewer.messages(&format!("stream={stream}&limit=1")).await[0];
        assert!(*newest == letter.repeat(16_385), "{stream}");
    }
}

#[tokio::test]
async fn a_line_over_a_mebibyte_is_kept_and_cut_with_a_mark() {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    shop.line(&"x".repeat(1 << 20))
        .line(&format!("{}the end is lost", "y".repeat(1 << 20)))
        .line(&"z".repeat(3 << 20))
        .line("after them");
    viewer.has(4).await;

    let messages = viewer.messages("").await;

    assert_eq!(messages[0], "after them");
    let mark = " … [line cut at 1 MiB]";
    assert!(messages[1] == format!("{}{mark}", "z".repeat(1 << 20)));
    assert!(messages[2] == format!("{}{mark}", "y".repeat(1 << 20)));
    assert!(messages[3] == "x".repeat(1 << 20), "this one just fits");
    assert_eq!(viewer.list("search=%22the+end+is+lost%22").await["total"], 0);
}

#[tokio::test]
async fn a_record_of_over_a_mebibyte_is_a_line_like_any_other() {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    let at = shop.tick();
    shop.line("before")
        .raw(record("stdout", &format!("{}\n", "w".repeat(3 << 20)), at).as_bytes())
        .line("after");
    viewer.has(3).await;

    let messages = viewer.messages("").await;

    let cut = messages
        .iter()
        .find(|message| message.starts_with("www"))
        .unwrap();
    assert!(cut.ends_with("[line cut at 1 MiB]") && cut.len() < (1 << 20) + 100);
    assert!(messages.contains(&"before".to_owned()) && messages.contains(&"after".to_owned()));
}

#[tokio::test]
async fn broken_records_cost_only_themselves() {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    for (number, broken) in [
        &b"not json at all\n"[..],
        b"{\"log\":\"half\\n\",\"stream\":\"std\n",
        b"{\"log\":\"no time\\n\",\"stream\":\"stdout\"}\n",
        b"{\"log\":\"bad time\\n\",\"stream\":\"stdout\",\"time\":\"yesterday\"}\n",
        b"\0\0\0\0\0\0\0\0\n",
        b"\n",
        b"[]\n",
        b"\xff\xfe{\"log\n",
        b"{\"log\":{\"a\":1},\"stream\":\"stdout\",\"time\":\"2026-03-01T12:00:00Z\"}\n",
    ]
    .into_iter()
    .enumerate()
    {
        shop.raw(broken).line(&format!("good {number}"));
    }
    viewer.has(9).await;

    let mut expected: Vec<String> = (0..9).map(|number| format!("good {number}")).collect();
    expected.reverse();
    assert_eq!(viewer.messages("").await, expected);
    let metrics = viewer.api.get("/metrics").await;
    let faulty = "monlight_log_viewer_faulty_records_total";
    let line = metrics.text().lines().find(|line| line.starts_with(faulty));
    assert!(line.is_some_and(|line| !line.ends_with(" 0")), "{line:?}");
}

#[tokio::test]
async fn nul_bytes_before_a_record_cost_nothing() {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    shop.line("before the power went")
        .raw(&[0; 5_000])
        .line("after it came back");
    viewer
        .shows("", &["after it came back", "before the power went"])
        .await;
}

#[tokio::test]
async fn a_record_that_is_half_written_waits_for_its_end() {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    let at = shop.tick();
    let record = record("stdout", "whole in the end\n", at);
    let (first, second) = record.as_bytes().split_at(20);
    shop.line("before").raw(first);
    viewer.shows("", &["before"]).await;
    shop.raw(second);
    eventually("the record is read when it is whole", async || {
        (viewer.list("search=%22whole+in+the+end%22").await["total"] == 1).then_some(())
    })
    .await;
    assert_eq!(viewer.list("").await["total"], 2);
}

#[tokio::test]
async fn a_terminals_line_ends_are_no_part_of_the_line() {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    shop.write("stdout", "from a terminal\r\n")
        .write("stdout", "\r\n")
        .line("");
    viewer.shows("", &["", "", "from a terminal"]).await;
}

#[tokio::test]
async fn what_a_process_wrote_last_without_a_newline_is_shown() {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    shop.line("a line").partial("prompt> ");
    viewer.shows("", &["prompt> ", "a line"]).await;
}
