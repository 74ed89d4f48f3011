//! Python: tracebacks, chains of them, and exception groups.

use super::Certainty::{self, Likely, Unmistakable};
use super::line::Line;

/// Where in a traceback the last line stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Step {
    Frames,
    /// The exception's own line, and further ones of its message.
    Message,
    /// The same, and the message goes on with the name of a field, as pydantic's does.
    Fields,
    /// The blank lines in front of a sentence that chains; or just blank lines.
    Blank,
    /// `During handling of the above exception, another exception occurred:`
    Chain,
    ChainBlank,
    /// Inside an exception group. Only its first and last lines tell where it ends.
    Group,
    GroupEnd,
}

/// By their numbers, as they are stored.
pub(super) const STEPS: &[Step] = &[
    Step::Frames,
    Step::Message,
    Step::Fields,
    Step::Blank,
    Step::Chain,
    Step::ChainBlank,
    Step::Group,
    Step::GroupEnd,
];

/// What SQLAlchemy and the database drivers put under their exceptions without an indent.
const APPENDED: [&str; 6] = [
    "DETAIL: ",
    "HINT: ",
    "CONTEXT: ",
    "[SQL: ",
    "[parameters: ",
    "(Background on this error at: ",
];

const HEADER: &str = "Traceback (most recent call last):";

/// The first line of a traceback, also of a syntax error, which has no header.
pub(super) fn start(line: &Line<'_>) -> Option<Step> {
    if line.starts_with("+ Exception Group Traceback") {
        return Some(Step::Group);
    }
    let begins = line.body.ends_with(HEADER) || (line.indent > 0 && is_frame(line));
    begins.then_some(Step::Frames)
}

/// How far in the traceback's outermost lines stand, if this line tells.
pub(super) fn base_indent(line: &Line<'_>) -> Option<usize> {
    if line.body == HEADER {
        return Some(line.indent);
    }
    is_frame(line).then(|| line.indent.saturating_sub(2))
}

fn is_frame(line: &Line<'_>) -> bool {
    line.starts_with("File \"") && line.body.contains("\", line ")
}

pub(super) fn follow(step: Step, line: &Line<'_>, base: usize) -> Option<(Step, Certainty)> {
    match step {
        // Code may look like anything, a log line too.
        Step::Frames if line.indent > base && !line.is_blank() => Some((Step::Frames, Unmistakable)),
        Step::Frames if is_title(line) => Some((after_title(line), Unmistakable)),
        Step::Frames => None,
        Step::Message | Step::Fields | Step::Blank if line.is_blank() => Some((Step::Blank, Unmistakable)),
        Step::Fields if !line.body.contains(' ') && !line.is_log_head() => Some((Step::Message, Likely)),
        Step::Message | Step::Fields if line.indent > base => {
            (!line.is_log_head() && start(line).is_none()).then_some((step, Unmistakable))
        }
        Step::Message | Step::Fields | Step::Blank => chain(line)
            .or_else(|| {
                APPENDED
                    .iter()
                    .any(|start| line.starts_with(start))
                    .then_some(Step::Message)
            })
            .map(|step| (step, Unmistakable)),
        Step::Chain if line.is_blank() => Some((Step::ChainBlank, Unmistakable)),
        Step::Chain | Step::ChainBlank => start(line).map(|step| (step, Unmistakable)),
        Step::Group => follow_group(line),
        Step::GroupEnd if line.is_blank() => Some((Step::Blank, Unmistakable)),
        Step::GroupEnd if is_in_gutter(line) => follow_group(line),
        Step::GroupEnd => chain(line).map(|step| (step, Unmistakable)),
    }
}

fn follow_group(line: &Line<'_>) -> Option<(Step, Certainty)> {
    if is_in_gutter(line) {
        let closes = line.starts_with("+--") && line.body.bytes().skip(1).all(|byte| byte == b'-');
        return Some((if closes { Step::GroupEnd } else { Step::Group }, Unmistakable));
    }
    // Python puts no `|` in front of a message's further lines.
    (!line.is_log_head()).then_some((Step::Group, Likely))
}

fn is_in_gutter(line: &Line<'_>) -> bool {
    line.indent > 0 && line.body.starts_with(['|', '+'])
}

fn chain(line: &Line<'_>) -> Option<Step> {
    let chains = line.starts_with("The above exception was the direct cause of the following exception:")
        || line.starts_with("During handling of the above exception, another exception occurred:");
    chains.then_some(Step::Chain)
}

/// `shop.db.OperationalError: timeout`, `KeyboardInterrupt`; and Ruby's, which once used the same header.
fn is_title(line: &Line<'_>) -> bool {
    let name = line.body.split(':').next().unwrap_or(line.body);
    let is_name = name.starts_with(|first: char| first.is_alphabetic() || first == '_')
        && name
            .chars()
            .all(|char| char.is_alphanumeric() || matches!(char, '.' | '_' | '<' | '>'));
    (is_name || line.body.contains(".rb:")) && !line.is_log_head()
}

fn after_title(line: &Line<'_>) -> Step {
    if line.body.contains("ValidationError: ") && line.body.contains(" validation error") {
        return Step::Fields;
    }
    Step::Message
}
