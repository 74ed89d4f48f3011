//! Ruby: `cart.rb:7:in 'total': no items (RuntimeError)` and the `from` lines under it.

use super::Certainty::{self, Likely, Unmistakable};
use super::line::Line;

/// What the last line was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Step {
    /// The exception, or a bare place.
    Head,
    /// An exception under which Ruby may show the source, after a blank line.
    Name,
    NameBlank,
    Source,
    From,
}

/// By their numbers, as they are stored.
pub(super) const STEPS: &[Step] = &[Step::Head, Step::Name, Step::NameBlank, Step::Source, Step::From];

pub(super) fn start(line: &Line<'_>) -> Option<Step> {
    if line.indent > 0 {
        return None;
    }
    let after = after_place(line.body)?;
    let shows_source = ["(NoMethodError)", "(NameError)", "(TypeError)", "(ArgumentError)"];
    Some(if shows_source.iter().any(|class| after.ends_with(class)) {
        Step::Name
    } else {
        Step::Head
    })
}

/// Nothing but a place, as `backtrace.join("\n")` writes under a message.
pub(super) fn is_bare_place(line: &Line<'_>) -> bool {
    line.body.ends_with('\'') && after_place(line.body).is_some_and(|after| !after.contains("': "))
}

pub(super) fn follow(step: Step, line: &Line<'_>) -> Option<(Step, Certainty)> {
    if is_from(line) || is_bare_place(line) {
        return Some((Step::From, Unmistakable));
    }
    let next = match step {
        Step::Name if line.is_blank() => Step::NameBlank,
        Step::NameBlank if !line.is_blank() && !line.is_log_head() => Step::Source,
        Step::Source if line.starts_with("^") || line.starts_with("Did you mean?") => Step::Source,
        // The cause of the exception above.
        Step::From if line.body.ends_with(')') => start(line)?,
        _ => return None,
    };
    Some((next, Likely))
}

/// `\tfrom cart.rb:3:in 'add'`; older Rubies number them.
fn is_from(line: &Line<'_>) -> bool {
    let unnumbered = line.body.trim_start_matches(|char: char| char.is_ascii_digit());
    line.indent > 0
        && unnumbered
            .strip_prefix(": ")
            .unwrap_or(unnumbered)
            .starts_with("from ")
}

/// What follows `cart.rb:7:in '`. Rubies before 3.4 begin the name with a backtick.
fn after_place(body: &str) -> Option<&str> {
    let at = memchr::memmem::find(body.as_bytes(), b":in ")?;
    let (place, rest) = (&body[..at], &body[at + 4..]);
    let (file, line) = place.rsplit_once(':')?;
    let is_place = !file.is_empty() && !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit());
    if is_place {
        rest.strip_prefix(['\'', '`'])
    } else {
        None
    }
}
