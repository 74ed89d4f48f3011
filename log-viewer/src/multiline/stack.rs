//! Java, Node and .NET: stacks of `at …` lines, and what surrounds them.

use super::Certainty::{self, Likely, Unmistakable};
use super::line::Line;

/// What the last line was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Step {
    Frames,
    /// The end of an inner exception of .NET; a blank line may follow.
    InnerEnd,
    /// `Require stack:` of Node, and the files under it.
    Require,
    /// Node shows the place first: `/srv/app.js:3`, its source, a caret, a blank line, then the error.
    Place,
    Source,
    Caret,
    CaretBlank,
    /// The stack of an error that ends the process.
    LastFrames,
    LastBlank,
    /// `(node:7) DeprecationWarning: …`
    Warning,
    Over,
}

/// By their numbers, as they are stored.
pub(super) const STEPS: &[Step] = &[
    Step::Frames,
    Step::InnerEnd,
    Step::Require,
    Step::Place,
    Step::Source,
    Step::Caret,
    Step::CaretBlank,
    Step::LastFrames,
    Step::LastBlank,
    Step::Warning,
    Step::Over,
];

pub(super) fn start(line: &Line<'_>) -> Option<Step> {
    if line.indent > 0 {
        return None;
    }
    if is_place(line.body) {
        return Some(Step::Place);
    }
    line.starts_with("(node:").then_some(Step::Warning)
}

/// Lines that are a stack's wherever they stand.
pub(super) fn enter(line: &Line<'_>) -> Option<Step> {
    let begins = match line.body.as_bytes().first() {
        Some(b'a') => line.indent > 0 && line.starts_with("at "),
        Some(b'C') => line.starts_with("Caused by:"),
        Some(b'S') => line.indent > 0 && line.starts_with("Suppressed: "),
        Some(b'.') => line.indent > 0 && is_omission(line.body),
        Some(b'-') => {
            line.starts_with("--- End of stack trace from ")
                || (line.indent > 0 && (line.starts_with("---> ") || line.starts_with("--- End of inner ")))
        }
        Some(b'R') if line.body == "Require stack:" => return Some(Step::Require),
        _ => false,
    };
    begins.then(|| {
        if line.body.ends_with("<---") {
            Step::InnerEnd
        } else {
            Step::Frames
        }
    })
}

pub(super) fn follow(step: Step, line: &Line<'_>) -> Option<(Step, Certainty)> {
    let next = match step {
        Step::InnerEnd if line.is_blank() => Step::Frames,
        Step::Require if line.starts_with("- ") => Step::Require,
        Step::Place if !line.is_blank() && !line.is_log_head() => return Some((Step::Source, Likely)),
        Step::Source if line.starts_with("^") => Step::Caret,
        // The source of a long statement goes over several lines.
        Step::Source if line.indent > 0 && !line.is_blank() => return Some((Step::Source, Likely)),
        Step::Caret if line.is_blank() => Step::CaretBlank,
        Step::CaretBlank if !line.is_blank() && !line.is_log_head() => {
            return Some((Step::LastFrames, Likely));
        }
        Step::LastFrames if line.is_blank() => Step::LastBlank,
        Step::LastFrames if line.body == "Require stack:" || line.starts_with("- ") => Step::LastFrames,
        Step::LastFrames => return enter(line).map(|_| (Step::LastFrames, Unmistakable)),
        Step::LastBlank if line.starts_with("Node.js v") => Step::Over,
        Step::LastBlank | Step::Warning if line.starts_with("(Use `node ") => step,
        _ => return None,
    };
    Some((next, Unmistakable))
}

/// `... 12 more`, `... 3 common frames omitted`, `... 2 lines matching cause stack trace ...`
fn is_omission(body: &str) -> bool {
    body.strip_prefix("... ")
        .is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
}

/// `/srv/app.js:3`, `file:///srv/app.mjs:3`, `node:internal/modules/cjs/loader:1210`, `C:\app.js:3`.
fn is_place(body: &str) -> bool {
    let Some((file, line)) = body.rsplit_once(':') else {
        return false;
    };
    let is_file = file.starts_with("node:")
        || [".js", ".cjs", ".mjs", ".ts", ".mts", ".cts", ".jsx", ".tsx"]
            .iter()
            .any(|end| file.ends_with(end));
    is_file && !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit()) && !body.starts_with("at ")
}
