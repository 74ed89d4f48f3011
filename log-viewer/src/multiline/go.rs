//! Go: panics, fatal errors, and the goroutines they list.

use super::Certainty::{self, Unmistakable};
use super::line::Line;

/// What the last line was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Step {
    /// `panic: …` and what explains it.
    Panic,
    Blank,
    /// `goroutine 7 [running]:`
    Goroutine,
    /// `main.(*Cart).Total(...)`
    Call,
    /// `\t/srv/cart.go:7 +0x1d`
    Place,
    Over,
}

/// By their numbers, as they are stored.
pub(super) const STEPS: &[Step] = &[
    Step::Panic,
    Step::Blank,
    Step::Goroutine,
    Step::Call,
    Step::Place,
    Step::Over,
];

const STARTS: [&str; 7] = [
    "panic: ",
    "fatal error: ",
    "runtime: goroutine stack exceeds ",
    "unexpected fault address ",
    "SIGQUIT: quit",
    "SIGABRT: abort",
    "SIGSEGV: segmentation violation",
];

pub(super) fn start(line: &Line<'_>) -> Option<Step> {
    if line.indent > 0 {
        return None;
    }
    if is_goroutine(line.body) {
        return Some(Step::Goroutine);
    }
    STARTS
        .iter()
        .any(|start| line.starts_with(start))
        .then_some(Step::Panic)
}

/// `goroutine 7 [chan receive, 3 minutes]:`, `goroutine 1 gp=0xc000002380 m=0 mp=0x5f2c40 [running]:`
pub(super) fn is_goroutine(body: &str) -> bool {
    body.strip_prefix("goroutine ").is_some_and(|rest| {
        rest.starts_with(|first: char| first.is_ascii_digit()) && rest.contains('[') && rest.ends_with("]:")
    })
}

pub(super) fn follow(step: Step, line: &Line<'_>) -> Option<(Step, Certainty)> {
    let over = line.starts_with("exit status ");
    let next = match step {
        Step::Over => return None,
        Step::Panic | Step::Blank | Step::Place if over => Step::Over,
        _ if line.indent == 0 && (is_goroutine(line.body) || line.body == "runtime stack:") => {
            Step::Goroutine
        }
        Step::Panic | Step::Goroutine | Step::Place if line.is_blank() => Step::Blank,
        // A panic while panicking, and further lines of a message, which Go sets off with a tab.
        Step::Panic if line.indent > 0 => Step::Panic,
        Step::Panic | Step::Blank if explains(line) => step,
        Step::Goroutine | Step::Place if line.indent == 0 && is_call(line.body) => Step::Call,
        Step::Goroutine | Step::Call | Step::Place if line.indent > 0 => Step::Place,
        Step::Place if line.starts_with("...") && line.body.contains("frames elided") => Step::Place,
        _ => return None,
    };
    Some((next, Unmistakable))
}

/// What stands between a panic and its goroutines, and the registers after them.
fn explains(line: &Line<'_>) -> bool {
    let register = || {
        line.body.split_once(' ').is_some_and(|(name, value)| {
            name.len() <= 6
                && value
                    .trim_ascii_start()
                    .strip_prefix("0x")
                    .is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
        })
    };
    [
        "[signal ",
        "sp=0x",
        "PC=0x",
        "fatal error: ",
        "runtime: ",
        "signal arrived during ",
    ]
    .iter()
    .any(|start| line.starts_with(start))
        || register()
}

fn is_call(body: &str) -> bool {
    if body.starts_with("created by ") {
        return true;
    }
    let name = body.split('(').next().unwrap_or(body);
    body.ends_with(')') && !name.contains(' ') && (name.contains('.') || name == "panic")
}
