//! PHP: `PHP Fatal error:  Uncaught …`, its numbered stack, and those of the exceptions that caused it.

use super::Certainty::{self, Unmistakable};
use super::line::Line;

/// What the last line was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Step {
    Head,
    Trace,
    /// Between two exceptions of a chain.
    Blank,
    Over,
}

/// By their numbers, as they are stored.
pub(super) const STEPS: &[Step] = &[Step::Head, Step::Trace, Step::Blank, Step::Over];

pub(super) fn start(line: &Line<'_>) -> Option<Step> {
    if line.indent > 0 {
        return None;
    }
    // With `log_errors` a time stands in front.
    let logged = match line.body.strip_prefix('[') {
        Some(inside) => inside.split_once("] ").map_or(line.body, |(_, after)| after),
        None => line.body,
    };
    let begins = logged.starts_with("PHP Fatal error: ")
        || logged.starts_with("Fatal error: ")
        || logged.starts_with("PHP Warning:  Uncaught ")
        || (logged.starts_with("NOTICE: ") && logged.contains("PHP message: "));
    begins.then_some(Step::Head)
}

/// Lines of a stack that may stand under any report of a failure.
pub(super) fn enter(line: &Line<'_>) -> Option<Step> {
    is_trace(line).then_some(Step::Trace)
}

pub(super) fn follow(step: Step, line: &Line<'_>) -> Option<(Step, Certainty)> {
    let next = match step {
        Step::Over => return None,
        _ if is_trace(line) => Step::Trace,
        _ if line.indent > 0 && line.starts_with("thrown in ") => Step::Over,
        Step::Trace if line.is_blank() => Step::Blank,
        Step::Blank if line.starts_with("Next ") => Step::Head,
        // Laravel puts the stack into a JSON string and closes it after the last frame.
        Step::Trace if line.body == "\"}" => Step::Over,
        _ => return None,
    };
    Some((next, Unmistakable))
}

/// `Stack trace:`, `#0 /srv/cart.php(7): total()`, `PHP   1. {main}() /srv/cart.php:0`.
fn is_trace(line: &Line<'_>) -> bool {
    if matches!(line.body, "Stack trace:" | "PHP Stack trace:" | "[stacktrace]") {
        return true;
    }
    let (number, mark) = match line.body.as_bytes().first() {
        Some(b'#') => (&line.body[1..], b' '),
        Some(b'P') if line.starts_with("PHP ") => (line.body[4..].trim_ascii_start(), b'.'),
        _ => return false,
    };
    let digits = number.bytes().take_while(u8::is_ascii_digit).count();
    digits > 0 && number.as_bytes().get(digits) == Some(&mark)
}
