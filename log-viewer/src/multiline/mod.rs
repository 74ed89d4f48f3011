//! Decides whether a line continues the entry that is open on its stream.
//!
//! Each language has a machine of its own in its file; it knows which lines may follow which. A line that no
//! machine claims continues an entry only when it is indented, or closes a bracket. Pure: lines and the time between
//! them decide, nothing else.

mod go;
mod line;
mod php;
mod python;
mod ruby;
mod rust;
mod stack;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub(crate) use line::is_json_object;
use line::{Line, begins_json, is_exception_title, speaks_of_trouble};

/// A line that can hardly be anything else continues its entry when it comes within this time. A program writes a
/// traceback at once, but a busy machine may stop it in the middle.
pub(crate) const UNMISTAKABLE_GAP: Duration = Duration::from_secs(5);

/// The same for a line that is merely indented, or otherwise could begin an entry too.
pub(crate) const LIKELY_GAP: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Certainty {
    Unmistakable,
    Likely,
}

impl Certainty {
    fn longest_gap(self) -> Duration {
        match self {
            Self::Unmistakable => UNMISTAKABLE_GAP,
            Self::Likely => LIKELY_GAP,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Machine {
    /// Of no language that we know.
    Plain,
    Python(python::Step),
    Stack(stack::Step),
    Go(go::Step),
    Ruby(ruby::Step),
    Php(php::Step),
    Rust(rust::Step),
}

/// What the lines of an entry so far mean for the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct State {
    machine: Machine,
    /// Of the outermost lines.
    indent: u8,
    /// A bracket was opened at the end of a line, and its closing line has not come.
    in_bracket: bool,
}

impl State {
    /// Knows nothing.
    pub(crate) const NEUTRAL: Self = Self {
        machine: Machine::Plain,
        indent: 0,
        in_bracket: false,
    };

    /// After the first line of an entry.
    pub(crate) fn start(text: &str) -> Self {
        let line = Line::new(text);
        let mut state = Self {
            machine: Machine::begin(&line).unwrap_or(Machine::Plain),
            indent: narrow(line.indent),
            in_bracket: line.opens_bracket(),
        };
        state.note_base(&line);
        state
    }

    /// Whether this line belongs to the entry whose text so far is `open`, `gap` after its last line. If so, the
    /// state has moved on.
    pub(crate) fn continues(&mut self, open: &str, text: &str, gap: Duration) -> bool {
        if gap > UNMISTAKABLE_GAP || begins_json(text) {
            return false;
        }
        let line = Line::new(text);
        let next = self
            .machine
            .follow(&line, usize::from(self.indent))
            .or_else(|| self.enter(open, &line))
            .or_else(|| self.follow_indent(&line));
        let Some((machine, certainty)) = next else {
            return false;
        };
        if gap > certainty.longest_gap() {
            return false;
        }
        self.machine = machine;
        if line.opens_bracket() {
            self.in_bracket = true;
        } else if line.indent <= usize::from(self.indent) {
            self.in_bracket = false;
        }
        self.note_base(&line);
        true
    }

    /// The entry reports a failure: there is a traceback in it.
    pub(crate) fn is_trouble(self) -> bool {
        !matches!(
            self.machine,
            Machine::Plain | Machine::Stack(stack::Step::Warning)
        )
    }

    /// As it is stored.
    pub(crate) fn to_bytes(self) -> [u8; 4] {
        let (family, step) = match self.machine {
            Machine::Plain => (0, 0),
            Machine::Python(step) => (1, step as u8),
            Machine::Stack(step) => (2, step as u8),
            Machine::Go(step) => (3, step as u8),
            Machine::Ruby(step) => (4, step as u8),
            Machine::Php(step) => (5, step as u8),
            Machine::Rust(step) => (6, step as u8),
        };
        [family, step, self.indent, u8::from(self.in_bracket)]
    }

    /// Bytes that are not ours become the neutral state.
    pub(crate) fn from_bytes([family, step, indent, in_bracket]: [u8; 4]) -> Self {
        let step = usize::from(step);
        let machine = match family {
            0 if step == 0 => Some(Machine::Plain),
            1 => python::STEPS.get(step).copied().map(Machine::Python),
            2 => stack::STEPS.get(step).copied().map(Machine::Stack),
            3 => go::STEPS.get(step).copied().map(Machine::Go),
            4 => ruby::STEPS.get(step).copied().map(Machine::Ruby),
            5 => php::STEPS.get(step).copied().map(Machine::Php),
            6 => rust::STEPS.get(step).copied().map(Machine::Rust),
            _ => None,
        };
        match (machine, in_bracket) {
            (Some(machine), 0 | 1) => Self {
                machine,
                indent,
                in_bracket: in_bracket == 1,
            },
            _ => Self::NEUTRAL,
        }
    }

    /// Lines that a language's machine takes in though the entry did not begin as one of its own.
    fn enter(&self, open: &str, line: &Line<'_>) -> Option<(Machine, Certainty)> {
        if let Some(step) = stack::enter(line) {
            return Some((Machine::Stack(step), Certainty::Unmistakable));
        }
        if self.machine != Machine::Plain || line.is_blank() {
            return None;
        }
        // Loggers write the message first and the traceback under it. Under any other line a traceback is a
        // thing of its own.
        let head = || open.split('\n').next().unwrap_or(open);
        let machine = python::start(line)
            .map(Machine::Python)
            .or_else(|| go::is_goroutine(line.body).then_some(Machine::Go(go::Step::Goroutine)))
            .or_else(|| ruby::is_bare_place(line).then_some(Machine::Ruby(ruby::Step::From)))
            .or_else(|| php::enter(line).map(Machine::Php));
        if let Some(machine) = machine {
            return speaks_of_trouble(head()).then_some((machine, Certainty::Unmistakable));
        }
        if is_task_of_asyncio(line.body) && speaks_of_trouble(head()) {
            return Some((Machine::Plain, Certainty::Unmistakable));
        }
        let follows_log = is_exception_title(line.body)
            && !line.is_log_head()
            && memchr::memchr(b'\n', open.as_bytes()).is_none()
            && Line::new(open).is_log_head()
            && speaks_of_trouble(open);
        follows_log.then_some((Machine::Stack(stack::Step::Frames), Certainty::Likely))
    }

    fn follow_indent(&self, line: &Line<'_>) -> Option<(Machine, Certainty)> {
        if line.is_blank() {
            return None;
        }
        let continues = if line.indent > usize::from(self.indent) {
            Machine::begin(line).is_none() && (self.in_bracket || !line.is_log_head())
        } else {
            self.in_bracket && line.closes_bracket()
        };
        continues.then_some((self.machine, Certainty::Likely))
    }

    fn note_base(&mut self, line: &Line<'_>) {
        if matches!(self.machine, Machine::Python(_))
            && let Some(indent) = python::base_indent(line)
            && (indent < usize::from(self.indent) || line.starts_with("Traceback"))
        {
            self.indent = narrow(indent);
        }
    }
}

impl Machine {
    fn begin(line: &Line<'_>) -> Option<Self> {
        python::start(line)
            .map(Self::Python)
            .or_else(|| stack::start(line).map(Self::Stack))
            .or_else(|| go::start(line).map(Self::Go))
            .or_else(|| ruby::start(line).map(Self::Ruby))
            .or_else(|| php::start(line).map(Self::Php))
            .or_else(|| rust::start(line).map(Self::Rust))
    }

    fn follow(self, line: &Line<'_>, base: usize) -> Option<(Self, Certainty)> {
        match self {
            Self::Plain => None,
            Self::Python(step) => {
                python::follow(step, line, base).map(|(step, sure)| (Self::Python(step), sure))
            }
            Self::Stack(step) => stack::follow(step, line).map(|(step, sure)| (Self::Stack(step), sure)),
            Self::Go(step) => go::follow(step, line).map(|(step, sure)| (Self::Go(step), sure)),
            Self::Ruby(step) => ruby::follow(step, line).map(|(step, sure)| (Self::Ruby(step), sure)),
            Self::Php(step) => php::follow(step, line).map(|(step, sure)| (Self::Php(step), sure)),
            Self::Rust(step) => rust::follow(step, line).map(|(step, sure)| (Self::Rust(step), sure)),
        }
    }
}

/// Stands between `Task exception was never retrieved` and its traceback.
fn is_task_of_asyncio(body: &str) -> bool {
    ["future: <", "handle: <", "task: <"]
        .iter()
        .any(|start| body.starts_with(start))
}

/// Deeper than this all lines count as equally indented.
fn narrow(indent: usize) -> u8 {
    u8::try_from(indent).unwrap_or(u8::MAX)
}
