//! What decides a level, and what does not.

use proptest::prelude::*;

use super::*;

fn assert_all(level: Level, lines: &[&str]) {
    for line in lines {
        assert_eq!(decides(line), Some(level), "{line}");
    }
}

#[test]
fn json_members_decide() {
    assert_all(
        Level::Error,
        &[
            r#"{"level":"error","msg":"x"}"#,
            r#"{"msg":"level \" } warn","time":1,"Level":"ERROR"}"#,
            r#"{"a":{"level":"info"},"b":[1,{"level":"info"}],"lvl":"err"}"#,
            r#"{"level":50,"msg":"pino"}"#,
            r#"{"log.level":"error"}"#,
            r#"{"log":{"level":"error"}}"#,
            r#"{"levelname" : "ERROR"}"#,
            r#"{"@t":"2024-03-01","@l":"Error"}"#,
            r#"{"severity_text":"ERROR"}"#,
            r#"{"severity":3}"#,
            r#"{"severity":"ERROR"}"#,
            r#"{"text":"x","record":{"level":{"icon":"x","name":"ERROR","no":40}}}"#,
            r#"{"t":{"$date":"2024-03-01"},"s":"E","c":"NETWORK"}"#,
            r#"api-1 | {"level":"error"}"#,
        ],
    );
    assert_all(
        Level::Warning,
        &[
            r#"{"level":40}"#,
            r#"{"level":45}"#,
            r#"{"severity":4}"#,
            r#"{"level":"W"}"#,
        ],
    );
    assert_all(
        Level::Debug,
        &[r#"{"level":10}"#, r#"{"severity":7}"#, r#"{"level":"trace"}"#],
    );
    assert_all(
        Level::Critical,
        &[
            r#"{"level":60}"#,
            r#"{"severity":"EMERGENCY"}"#,
            r#"{"severity":0}"#,
        ],
    );
}

#[test]
fn logfmt_fields_decide() {
    assert_all(
        Level::Warning,
        &[
            r#"time=2024-03-01T12:00:00Z level=warning msg="[ERROR] x""#,
            r#"lvl="warn" msg=x"#,
            r#"msg="ERROR in text" severity=WARN"#,
            r#"ts=1 caller=main.go:1 level=warn err=nil"#,
            r#"level=40 msg=x"#,
        ],
    );
}

#[test]
fn words_in_a_heading_decide() {
    assert_all(
        Level::Error,
        &[
            "[error] x",
            "[ERROR ] x",
            "2024/03/01 12:00:00 [error] 1#1: *1 open() failed",
            "[Fri Mar 01 12:00:00.902022 2024] [core:error] [pid 35708] x",
            "2024-03-01 12:00:00,000 ERROR x",
            "2024-03-01T12:00:00.000Z ERROR 1 --- [main] c.e.App : x",
            "12:00:00.000 [http-nio-8080-exec-1] ERROR c.f.Bar - x",
            "2024-03-01 12:00:00,000 - my.logger - ERROR - x",
            "[2024-03-01 12:00:00,000: ERROR/MainProcess] x",
            "[12:00:00 ERR] x",
            "2024-03-01T12:00:00Z ERR x",
            "Mar  1 12:00:00 host app[1]: ERROR x",
            "2024-03-01 12:00:00.000 UTC [1] ERROR:  relation does not exist",
            "2024-03-01 12:00:00 error x",
            "ERROR:root:x",
            "Error: x",
            "error: x",
            "gcc: error: x",
            "npm ERR! code",
            "E, [2024-03-01T12:00:00.000000 #1] ERROR -- : x",
            "[2024-03-01T12:00:00+00:00] app.ERROR: x",
            "[E 240301 12:00:00 web:1] x",
            "SEVERE: x",
            "fail: Microsoft.AspNetCore[0]",
            "\u{1b}[31mERROR\u{1b}[0m x",
            "\u{1b}[90m3:04PM\u{1b}[0m \u{1b}[31mERR\u{1b}[0m x",
        ],
    );
    assert_all(
        Level::Info,
        &[
            "INFO:     127.0.0.1:1 - \"GET / HTTP/1.1\" 500",
            "[2024-03-01 12:00:00 +0000] [1] [INFO] Booting ERROR handler",
            "2024-03-01 12:00:00 UTC LOG:  ready",
            "info: Microsoft.Hosting[0]",
            "2024-03-01 12:00:00 [Note] mysqld: ready",
            "NOTICE: x",
            "info  - Loaded env",
        ],
    );
    assert_all(
        Level::Warning,
        &["[warn] x", "WARN x", "2024-03-01T12:00:00Z WRN x", "Warning: x"],
    );
    assert_all(
        Level::Critical,
        &[
            "FATAL x",
            "PANIC: x",
            "[emerg] 1#1: x",
            "ALERT x",
            "CRITICAL:root:x",
        ],
    );
    assert_all(
        Level::Debug,
        &[
            "TRACE x",
            "[debug] x",
            "2024-03-01 12:00:00 | DEBUG    | a:b:1 - x",
        ],
    );
}

#[test]
fn klog_and_syslog_marks_decide() {
    assert_all(
        Level::Error,
        &["E0301 12:00:00.000000 1 a.go:1] x", "<3>x", "<11>Mar  1 x"],
    );
    assert_all(
        Level::Info,
        &["I0301 12:00:00.000000 1 a.go:1] x", "<6>x", "<134>x"],
    );
}

#[test]
fn the_first_line_of_a_trace_is_an_error() {
    assert_all(
        Level::Error,
        &[
            "Traceback (most recent call last):\n  File",
            "panic: runtime error",
            "Exception in thread \"main\" java.lang.Error",
            "java.lang.IllegalStateException: x",
            "TypeError: x",
            "thread 'main' panicked at src/main.rs:1:1:",
            "2024/03/01 12:00:00 panic: x",
        ],
    );
}

#[test]
fn what_merely_mentions_a_level_leaves_it_to_the_stream() {
    for line in [
        "",
        "listening on :8080",
        "found misc:error in it",
        "0 errors, 0 warnings",
        "0 ERROR, 1 x",
        "done err=nil",
        "error_rate=0",
        "errors: 0",
        "no level in /var/log/error/x",
        "GET /x?level=error HTTP/1.1",
        "10.0.0.11:5432 error messages",
        "the first five words are over ERROR",
        "an error: that happened",
        "lastError: none",
        r#"{"msg":"ERROR level=error"}"#,
        r#"{"error":"x"}"#,
        r#"{"level":3}"#,
        r#"{"level":"#,
        "<x>",
        "<999>x",
    ] {
        assert_eq!(decides(line), None, "{line}");
        assert_eq!(detect(line, Stream::Stdout), Level::Info);
        assert_eq!(detect(line, Stream::Stderr), Level::Error);
    }
}

#[test]
fn names_are_read_in_any_case() {
    for (text, level) in [
        ("warn", Some(Level::Warning)),
        (" Fatal ", Some(Level::Critical)),
        ("NOTICE", Some(Level::Info)),
        ("loud", None),
        ("", None),
        ("informationalinformational", None),
    ] {
        assert_eq!(parse_level(text), level, "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_has_a_level(text in any::<String>(), like in "[\\[\\]{}\":<>= 0-9a-eE\u{1b}\n]{0,60}") {
        decides(&text);
        decides(&like);
        decides(&format!("{{{like}"));
    }

    #[test]
    fn colours_do_not_matter(word in "(ERROR|WARN|info:|[a-z]{1,5}) ?", rest in "[a-z ]{0,20}") {
        let coloured = format!("\u{1b}[1;31m{word}\u{1b}[0m{rest}");

        prop_assert_eq!(decides(&coloured), decides(&format!("{word}{rest}")));
    }
}
