//! What the fuzzer calls, and what a test repeats with the inputs that it has found interesting: one function for each parser.
//!
//! Each takes any bytes and panics when something is wrong. Part of the library so that `fuzz/` needs nothing but its name;
//! no service calls it.

use serde_json::Value;
pub use shared::fuzzing::Check;

use crate::alert::inert;
use crate::fingerprint::{culprit, fingerprint, locate_outside};
use crate::frame::chain::FRAMES_MAX;
use crate::message::normal_form;
use crate::store::list;
use crate::{http, stack};

/// The checks by the names of their targets in `fuzz/`.
pub const CHECKS: [(&str, Check); 6] = [
    ("error_tracker_report", check_report),
    ("error_tracker_stack", check_stack),
    ("error_tracker_message", check_message),
    ("error_tracker_inert", check_inert_text),
    ("error_tracker_list", check_list),
    ("error_tracker_search", check_search),
];

/// Reports: alone and in a batch the same report gets the same key, and what is kept of it can be read.
pub fn check_report(input: &[u8]) {
    http::check_report(input);
}

/// Stacks: the first line is the message, the rest the traceback. How lines end decides nothing.
pub fn check_stack(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let (message, traceback) = text.split_once('\n').unwrap_or(("", &text));
    let location = locate_outside(traceback, message);
    if let Some(location) = &location {
        let told = culprit(location);
        assert!(
            !location.line.is_empty() && told.len() <= traceback.len() * 2 + 20,
            "{told}"
        );
        let twice = format!("{traceback}\n");
        assert_eq!(locate_outside(&twice, message).as_ref(), Some(location));
    }
    let print_of = |traceback: &str| fingerprint("shop", "KeyError", message, traceback, None);
    // A text that has other ends of lines already is another text.
    if !traceback.contains('\r') {
        assert_eq!(print_of(traceback), print_of(&traceback.replace('\n', "\r\n")));
    }
    let mut exceptions = stack::parse_outside(traceback, message);
    for exception in &exceptions {
        assert!(exception.frames.len() <= FRAMES_MAX);
    }
    let extra: Value = serde_json::from_str(message).unwrap_or_default();
    stack::attach_context(&mut exceptions, &extra);
    // Many frames may share a place, and with it the lines around it. What Python prints itself is there once.
    let frames = exceptions.iter().flat_map(|exception| &exception.frames);
    for line in frames.flat_map(|frame| {
        frame
            .pre_context
            .iter()
            .chain(&frame.context_line)
            .chain(&frame.post_context)
    }) {
        let is_own = traceback.contains(line.as_str());
        assert!(
            is_own || line.chars().count() <= stack::CONTEXT_MAX_CHARS,
            "a long line"
        );
    }
}

/// Messages: a normal form is its own normal form, and hardly longer than the message.
pub fn check_message(input: &[u8]) {
    let message = String::from_utf8_lossy(input);
    let normal = normal_form(&message);
    assert_eq!(normal_form(&normal), normal);
    assert!(normal.len() <= message.len() * "<address>".len());
}

/// Texts in alerts: in each place they are harmless there.
pub fn check_inert_text(input: &[u8]) {
    inert::check(&String::from_utf8_lossy(input));
}

/// Queries of lists: a cursor that is taken is given out again as the same.
pub fn check_list(input: &[u8]) {
    http::check_list(&String::from_utf8_lossy(input));
}

/// Searches: the first line is what is looked for, the rest a text. It is found where it stands, in any case of its letters.
pub fn check_search(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let (wanted, text) = text.split_once('\n').unwrap_or((&text, ""));
    list::check_search(wanted, text);
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_input_that_the_fuzzer_has_kept_is_read() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
        shared::fuzzing::repeat(&corpus, &CHECKS);
    }
}
