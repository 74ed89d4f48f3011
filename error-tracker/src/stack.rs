//! A stack for the reader's eyes: the chain of exceptions, with the source around each frame where it is known.
//!
//! For display only: grouping reads the text itself.

use serde_json::Value;

use crate::report::cut;

pub(crate) use crate::frame::chain::Exception;
use crate::frame::chain::{FRAMES_MAX, read_chain};

/// Lines of source before and after a frame's own.
const CONTEXT_MAX_LINES: usize = 10;

/// Of one line. The relay sends at most 300, and a line is shown at each frame that has its place.
pub(crate) const CONTEXT_MAX_CHARS: usize = 400;

/// The exceptions of a traceback whose message is not known.
#[cfg(test)]
pub(crate) fn parse(traceback: &str) -> Vec<Exception> {
    parse_outside(traceback, "")
}

/// The exceptions of a traceback, the raised one first; lines of `message` in it are no frames.
pub(crate) fn parse_outside(traceback: &str, message: &str) -> Vec<Exception> {
    read_chain(traceback, message)
}

/// Copies source context that the browser relay found into the frames that it belongs to.
///
/// `extra` comes from outside: what does not look like the relay's frames is passed over.
pub(crate) fn attach_context(exceptions: &mut [Exception], extra: &Value) {
    let resolved = extra
        .get("frames")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    let text = |value: Option<&Value>| {
        value
            .and_then(Value::as_str)
            .map(|text| cut(text, CONTEXT_MAX_CHARS))
    };
    let lines = |value: Option<&Value>| {
        let lines = value.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        lines
            .iter()
            .take(CONTEXT_MAX_LINES)
            .filter_map(|line| text(Some(line)))
            .collect::<Vec<_>>()
    };
    for found in resolved.iter().take(FRAMES_MAX) {
        let number = |name: &str| found.get(name).and_then(Value::as_u64);
        let (Some(file), Some(line)) = (found.get("file").and_then(Value::as_str), number("line")) else {
            continue;
        };
        let column = number("column");
        for frame in exceptions.iter_mut().flat_map(|exception| &mut exception.frames) {
            // In minified code all frames share a line.
            let same_column = frame
                .column
                .zip(column)
                .is_none_or(|(one, other)| u64::from(one) == other);
            if frame.line == Some(line) && same_column && frame.file == file {
                frame.context_line = text(found.get("context_line")).or(frame.context_line.take());
                frame.pre_context = lines(found.get("pre_context"));
                frame.post_context = lines(found.get("post_context"));
                frame.unresolved = text(found.get("unresolved"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde::Deserialize;
    use serde_json::json;

    use super::*;
    use crate::fingerprint::{culprit, locate_outside};
    use crate::frame::chain::EXCEPTIONS_MAX;

    #[derive(Deserialize)]
    struct Recorded {
        name: String,
        #[serde(default)]
        message: String,
        culprit: Option<String>,
        /// Title, relation, number of frames and innermost frame of each exception.
        chain: Vec<String>,
    }

    fn recorded() -> Vec<(Recorded, String)> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/stacks");
        let expected = fs::read_to_string(format!("{folder}/expected.json")).expect("the list of stacks");
        let expected: Vec<Recorded> = serde_json::from_str(&expected).expect("the list is JSON");
        let with_text = |case: Recorded| {
            let text = fs::read_to_string(format!("{folder}/{}.txt", case.name)).expect("the stack");
            (case, text)
        };
        expected.into_iter().map(with_text).collect()
    }

    fn summary(exceptions: &[Exception]) -> Vec<String> {
        let line = |exception: &Exception| {
            let innermost = exception.frames.first();
            let innermost = innermost.map(|frame| format!("{}:{}", frame.file, frame.line.unwrap_or(0)));
            let relation = exception
                .relation
                .map_or("Raised".to_owned(), |relation| format!("{relation:?}"));
            let title = exception.title.replace('\n', "; ");
            format!(
                "{relation}: {title} [{}: {}]",
                exception.frames.len(),
                innermost.unwrap_or_default()
            )
        };
        exceptions.iter().map(line).collect()
    }

    #[test]
    fn recorded_stacks_are_read_as_written() {
        for (case, text) in recorded() {
            let found = locate_outside(&text, &case.message).map(|location| culprit(&location));
            assert_eq!(found, case.culprit, "{}", case.name);
            assert_eq!(
                summary(&parse_outside(&text, &case.message)),
                case.chain,
                "{}",
                case.name
            );
        }
    }

    #[test]
    fn python_frames_carry_their_source_line_and_repeats() {
        let text = "Traceback (most recent call last):\n  File \"/a.py\", line 1, in f\n    f(n)\n    ~^^^\n  \
                    File \"/a.py\", line 1, in f\n    f(n)\n  [Previous line repeated 28 more times]\nRecursionError: deep";

        let exceptions = parse(text);

        let frames = &exceptions[0].frames;
        assert_eq!(frames[0].context_line.as_deref(), Some("f(n)"));
        assert_eq!((frames[0].repeats, frames[1].repeats), (28, 0));
    }

    #[test]
    fn long_chains_and_deep_stacks_are_cut_at_the_far_end() {
        let traceback = |at: usize| {
            format!(
                "Traceback (most recent call last):\n  File \"/a.py\", line {at}, in f\nE: {at}\n\nDuring handling of the above exception\n\n"
            )
        };
        let chain: String = (0..200).map(traceback).collect();
        let deep: String = (0..100_000)
            .map(|at| format!("  File \"/a.py\", line {at}, in f\n    x\n"))
            .collect();
        let node = format!("E: m\n{}", "    at f (/a.js:1:2)\n".repeat(100_000));

        let chain = parse(&chain);
        assert_eq!((chain.len(), chain[0].title.as_str()), (EXCEPTIONS_MAX, "E: 199"));
        let deep = &parse(&deep)[0].frames;
        assert_eq!((deep.len(), deep[0].line), (FRAMES_MAX, Some(99_999)));
        assert_eq!(parse(&node)[0].frames.len(), FRAMES_MAX);
        assert_eq!(parse("no frames"), []);
    }

    /// It is shown at each frame with the place, so that a long one would be sent hundreds of times.
    #[test]
    fn a_long_line_of_context_is_cut() {
        let long = "x".repeat(100_000);
        let mut exceptions = parse("E: m\n    at f (src/a.ts:3:4)");

        attach_context(
            &mut exceptions,
            &json!({"frames": [{"file": "src/a.ts", "line": 3, "context_line": long, "post_context": [long]}]}),
        );

        let frame = &exceptions[0].frames[0];
        for line in frame.post_context.iter().chain(&frame.context_line) {
            assert_eq!(line.chars().count(), CONTEXT_MAX_CHARS);
        }
    }

    #[test]
    fn context_goes_to_the_frame_with_its_place() {
        let text = "E: m\n    at f (src/a.ts:3:4)\n    at g (src/b.ts:3:4)\n    at h (x.js:1:900)\n    at i (x.js:1:5)";
        let mut exceptions = parse(text);

        attach_context(
            &mut exceptions,
            &json!({"frames": [
                {"file": "src/a.ts", "line": 3, "context_line": "c()", "pre_context": ["b"], "post_context": ["d", 7]},
                {"file": "x.js", "line": 1, "column": 5, "unresolved": "no map"},
                {"file": "src/b.ts", "line": "3", "context_line": "wrong"}, 7, null, {"file": 1},
            ]}),
        );

        let frames = &exceptions[0].frames;
        assert_eq!(frames[0].context_line.as_deref(), Some("c()"));
        assert_eq!(
            (frames[0].pre_context.len(), frames[0].post_context.len()),
            (1, 1)
        );
        assert_eq!(frames[1].context_line, None);
        assert_eq!(
            (frames[2].unresolved.as_deref(), frames[3].unresolved.as_deref()),
            (None, Some("no map"))
        );
        for extra in [
            json!(null),
            json!([]),
            json!({"frames": 7}),
            json!({"frames": {"a": []}}),
        ] {
            let before = exceptions.clone();
            attach_context(&mut exceptions, &extra);
            assert_eq!(exceptions, before);
        }
    }
}
