use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;

const SOON: Duration = Duration::from_millis(1);

/// Lines of programs that have nothing to do with what stands around them.
const ORDINARY: &[&str] = &[
    "2026-05-01 10:31:07,815 INFO shop cart 7 loaded",
    "[2026-05-01T10:31:07Z] ready",
    "GET /cart/7 200 12 ms",
    "10.0.0.1 - - [01/May/2026:10:31:07 +0000] \"GET / HTTP/1.1\" 200 612",
    "{\"level\":\"info\",\"msg\":\"ready\"}",
    "Listening on port 8080",
    "done",
    "",
];

fn fixtures() -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/multiline");
    let mut found: Vec<_> = fs::read_dir(folder)
        .expect("the folder")
        .map(|file| file.expect("a file").path())
        .map(|path| (path.clone(), fs::read_to_string(path).expect("its text")))
        .collect();
    found.sort();
    assert!(found.len() > 20, "the fixtures are there");
    found
}

/// The lines, put together.
fn entries(lines: &[&str], gap: Duration) -> Vec<String> {
    let mut entries: Vec<String> = Vec::new();
    let mut state: Option<State> = None;
    for line in lines {
        // Stored and read between any two lines.
        let stored = state.map(|state| State::from_bytes(state.to_bytes()));
        assert_eq!(stored, state);
        let open = entries.last_mut();
        if let (Some(state), Some(open)) = (&mut state, open)
            && state.continues(open, line, gap)
        {
            open.push('\n');
            open.push_str(line);
            continue;
        }
        state = (!is_json_object(line)).then(|| State::start(line));
        entries.push((*line).to_owned());
    }
    entries
}

#[test]
fn every_traceback_is_one_entry_and_its_neighbours_stay_alone() {
    for (path, text) in fixtures() {
        let text = text.trim_end();
        for before in ORDINARY {
            for after in ORDINARY {
                let lines: Vec<&str> = ["boot", before]
                    .into_iter()
                    .chain(text.lines())
                    .chain([*after, "end"])
                    .collect();

                let entries = entries(&lines, SOON);

                // A machine that may go on after a blank line takes it in.
                let taken = if after.is_empty() && entries.len() == 4 {
                    "\n"
                } else {
                    ""
                };
                let mut expected = vec!["boot".to_owned(), (*before).to_owned(), format!("{text}{taken}")];
                expected.extend(taken.is_empty().then(|| (*after).to_owned()));
                expected.push("end".to_owned());
                assert_eq!(entries, expected, "{}", path.display());
            }
        }
    }
}

#[test]
fn two_tracebacks_in_a_row_are_two_entries() {
    for (path, text) in fixtures() {
        // Ruby prints causes exactly like exceptions of their own. A process has only one of the latter.
        if path.to_string_lossy().contains("/ruby-") {
            continue;
        }
        let text = text.trim_end();
        let lines: Vec<&str> = text.lines().chain(text.lines()).collect();

        assert_eq!(entries(&lines, SOON), [text, text], "{}", path.display());
    }
}

#[test]
fn a_traceback_that_stops_for_too_long_falls_apart() {
    for (path, text) in fixtures() {
        let lines: Vec<&str> = text.trim_end().lines().collect();

        assert_eq!(
            entries(&lines, UNMISTAKABLE_GAP + SOON),
            lines,
            "{}",
            path.display()
        );
    }
}

#[test]
fn ordinary_lines_never_join() {
    let lines: Vec<&str> = ORDINARY
        .iter()
        .flat_map(|first| ORDINARY.iter().flat_map(move |then| [*first, *then]))
        .collect();

    assert_eq!(entries(&lines, Duration::ZERO), lines);
}

#[test]
fn what_belongs_together_joins_and_nothing_else() {
    for (lines, expected) in [
        // Merely indented.
        (
            &["settings:", "  retries 3", "\tproxy none", "ready"][..],
            &[3, 1][..],
        ),
        (&["  first of a table", "  second"], &[1, 1]),
        (&["summary:", "  ERROR 3"], &[1, 1]),
        (&["summary:", "  2026-05-01 10:31:07 ready"], &[1, 1]),
        // Brackets.
        (
            &["{", "  \"level\": \"info\",", "  \"tags\": [", "  ]", "}", "}"],
            &[5, 1],
        ),
        (&["items: [", "  {", "  }", "], {", "  x: 1", "}", "]"], &[6, 1]),
        (&["ready", "}"], &[1, 1]),
        // Objects on one line.
        (
            &["ready", "{\"a\":1}", "  {\"a\":1}", "\tat x.y(Z.java:1)"],
            &[1, 1, 2],
        ),
        (
            &[
                "Traceback (most recent call last):",
                "  File \"a.py\", line 1, in f",
                "{\"a\":1}",
            ],
            &[2, 1],
        ),
        // A log line's own traceback, and one that is not its own.
        (
            &[
                "ERROR checkout failed",
                "Traceback (most recent call last):",
                "  File \"a.py\", line 1, in f",
                "E",
            ],
            &[4],
        ),
        (
            &[
                "INFO ready",
                "Traceback (most recent call last):",
                "  File \"a.py\", line 1, in f",
                "E",
            ],
            &[1, 3],
        ),
        (
            &[
                "2026-05-01 10:31:07 ERROR a.B - failed",
                "java.io.IOException: gone",
                "\tat a.B.c(B.java:1)",
            ],
            &[3],
        ),
        (
            &[
                "2026-05-01 10:31:07 INFO a.B - ready",
                "java.io.IOException: gone",
                "\tat a.B.c(B.java:1)",
            ],
            &[1, 2],
        ),
        (
            &["java.io.IOException: gone", "java.io.IOException: gone"],
            &[1, 1],
        ),
        (&["Error: gone", "Error: gone", "    at f (a.js:1:2)"], &[1, 2]),
        // Code in a traceback may look like a logger's line.
        (
            &[
                "Traceback (most recent call last):",
                "  File \"a.py\", line 1, in f",
                "    ERROR = 1 / 0",
                "Bad: x",
                "ERROR x",
            ],
            &[4, 1],
        ),
        // Cut short by another line.
        (
            &[
                "Traceback (most recent call last):",
                "  File \"a.py\", line 1, in f",
                "2026-05-01 10:31:07 x",
                "  y",
            ],
            &[2, 2],
        ),
        (
            &["panic: x", "", "goroutine 1 [running]:", "main.main()", "ready"],
            &[4, 1],
        ),
        (&["thread 'main' panicked at a.rs:1:2:", "ERROR x"], &[1, 1]),
        (&["/srv/a.js:3", "2026-05-01 10:31:07 x"], &[1, 1]),
    ] {
        let found: Vec<usize> = entries(lines, SOON)
            .iter()
            .map(|entry| entry.lines().count())
            .collect();

        assert_eq!(found, expected, "{lines:#?}");
    }
}

#[test]
fn only_what_is_unmistakable_may_take_its_time() {
    let later = LIKELY_GAP + SOON;

    assert_eq!(entries(&["settings:", "  retries 3"], LIKELY_GAP).len(), 1);
    assert_eq!(entries(&["settings:", "  retries 3"], later).len(), 2);
    assert_eq!(entries(&["failed", "\tat a.B.c(B.java:1)"], later).len(), 1);
}

#[test]
fn foreign_bytes_are_the_neutral_state() {
    for bytes in [[9, 0, 0, 0], [1, 200, 0, 0], [0, 1, 0, 0], [1, 0, 0, 2]] {
        assert_eq!(State::from_bytes(bytes), State::NEUTRAL);
    }
}

/// Pieces that machines look for.
fn lines() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "",
        " ",
        "\t",
        "at ",
        "Traceback (most recent call last):",
        "File \"a\", line 1",
        "panic: ",
        "goroutine 1 [r]:",
        "a.rb:1:in '",
        "': x (NameError)",
        "#0 ",
        "thread 'm' panicked at",
        ":",
        "{",
        "}",
        "\x1b[0m",
        "Error: é",
        "+--",
        "| ",
        "[",
        "] ",
        "2026-05-01",
        "INFO",
        "...",
        "--- End of stack trace from ",
        "\u{feff}",
    ]);
    prop::collection::vec(
        prop_oneof![3 => piece.prop_map(str::to_owned), 1 => "\\PC{0,5}"],
        0..5,
    )
    .prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_line_is_lost_whatever_comes(lines in prop::collection::vec(lines(), 0..12), millis in 0..6_000_u64) {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        prop_assert_eq!(entries(&lines, Duration::from_millis(millis)).join("\n"), lines.join("\n"));
    }

    #[test]
    fn any_bytes_make_a_state(bytes: [u8; 4], line in "\\PC{0,20}") {
        State::from_bytes(bytes).continues("ERROR x", &line, SOON);
    }
}
