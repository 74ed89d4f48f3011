//! Rust: panics with their backtraces, and errors that `main` returns.

use super::Certainty::{self, Unmistakable};
use super::line::Line;

/// What the last line was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Step {
    /// The message comes on the next line.
    Head,
    Message,
    Backtrace,
    /// `Error: no settings`, as `main` prints it.
    Returned,
    ReturnedBlank,
    Causes,
}

/// By their numbers, as they are stored.
pub(super) const STEPS: &[Step] = &[
    Step::Head,
    Step::Message,
    Step::Backtrace,
    Step::Returned,
    Step::ReturnedBlank,
    Step::Causes,
];

pub(super) fn start(line: &Line<'_>) -> Option<Step> {
    if line.indent > 0 {
        return None;
    }
    if line.starts_with("Error: ") {
        return Some(Step::Returned);
    }
    let rest = line.body.strip_prefix("thread '")?;
    // Before 1.73 the message stood on the same line, in quotes.
    if rest.contains(" panicked at ") {
        let in_head = rest.contains(" panicked at '") || !rest.ends_with(':');
        return Some(if in_head { Step::Message } else { Step::Head });
    }
    rest.contains(" has overflowed its stack")
        .then_some(Step::Message)
}

pub(super) fn follow(step: Step, line: &Line<'_>) -> Option<(Step, Certainty)> {
    let next = match step {
        Step::Head if !line.is_log_head() => Step::Message,
        Step::Message | Step::Backtrace
            if line.starts_with("note: ") || line.starts_with("fatal runtime error: ") =>
        {
            Step::Message
        }
        Step::Message if line.body == "stack backtrace:" => Step::Backtrace,
        Step::Backtrace if is_frame(line) => Step::Backtrace,
        Step::Returned | Step::Causes if line.is_blank() => Step::ReturnedBlank,
        Step::Returned | Step::ReturnedBlank
            if matches!(line.body, "Caused by:" | "Stack backtrace:" | "Location:") =>
        {
            Step::Causes
        }
        Step::Causes if line.indent > 0 => Step::Causes,
        _ => return None,
    };
    Some((next, Unmistakable))
}

/// `   3: shop::total`, and under it `             at ./src/main.rs:7:5`. From the thousandth on there is no indent.
fn is_frame(line: &Line<'_>) -> bool {
    let unnumbered = line.body.trim_start_matches(|char: char| char.is_ascii_digit());
    (line.indent > 0 && line.starts_with("at "))
        || (unnumbered.len() < line.body.len() && unnumbered.starts_with(": "))
}
