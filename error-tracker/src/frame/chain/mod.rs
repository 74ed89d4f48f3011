//! Takes a whole stack text apart: exceptions, how they hang together, frames.
//!
//! Languages print in different orders; here the raised exception always comes first, then what led to it, and
//! in each the innermost frame first.
//!
//! - [`python`]: the oldest exception printed first, the innermost frame last
//! - [`printed`]: all others

mod printed;
mod python;

use serde::Serialize;

use super::decide::deciding_frame;
use super::lines::Lines;
use super::{Frame, Language, read};

/// More exceptions than this help nobody; a chain this long is a loop.
pub(crate) const EXCEPTIONS_MAX: usize = 50;

/// Frames of all exceptions together.
pub(crate) const FRAMES_MAX: usize = 500;

/// A title is a type and a message; the whole message stands elsewhere.
const TITLE_MAX_BYTES: usize = 4_096;

/// One exception of a chain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(crate) struct Exception {
    /// `KeyError: 7`; empty where the browser prints frames only.
    pub(crate) title: String,
    /// How it relates to the one before it in the list; the raised exception relates to none.
    pub(crate) relation: Option<Relation>,
    /// The innermost frame first.
    pub(crate) frames: Vec<StackFrame>,
}

/// How an exception relates to the one before it in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Relation {
    /// It was named as the cause: `raise … from`, `Caused by:`, `[cause]:`.
    Cause,
    /// It was being handled, or closed, when the other was raised.
    Context,
    /// It is one of several that a group holds.
    Member,
}

/// One frame, with the source around it where it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(crate) struct StackFrame {
    pub(crate) file: String,
    pub(crate) line: Option<u64>,
    pub(crate) column: Option<u32>,
    pub(crate) function: Option<String>,
    pub(crate) in_app: bool,
    pub(crate) context_line: Option<String>,
    pub(crate) pre_context: Vec<String>,
    pub(crate) post_context: Vec<String>,
    /// Why a source map could not explain the frame.
    pub(crate) unresolved: Option<String>,
    /// How many more times in a row Python saw it.
    pub(crate) repeats: u64,
}

impl From<Frame<'_>> for StackFrame {
    fn from(frame: Frame<'_>) -> Self {
        Self {
            file: frame.file.to_owned(),
            line: frame.line.parse().ok(),
            column: frame.column,
            function: frame.function.map(str::to_owned),
            in_app: frame.is_in_app(),
            ..Self::default()
        }
    }
}

/// The exceptions of a traceback, the raised one first; none when the text holds no frame.
///
/// `message` is the report's message: what looks like a frame in it is shown as the text it is.
pub(crate) fn read_chain(traceback: &str, message: &str) -> Vec<Exception> {
    let language = deciding_frame(traceback, message).map(|frame| frame.language);
    let mut exceptions = match language.or_else(|| language_without_places(traceback)) {
        Some(Language::Python) => python::read_chain(traceback, message),
        Some(language) => printed::read_chain(traceback, message, language),
        None => return Vec::new(),
    };
    exceptions.truncate(EXCEPTIONS_MAX);
    let mut left = FRAMES_MAX;
    for exception in &mut exceptions {
        exception.title.truncate(exception.title.trim_end().len());
        exception.frames.truncate(left);
        left -= exception.frames.len();
    }
    exceptions
}

/// The language of a text whose frames all lack a place, such as a .NET build without symbols.
fn language_without_places(text: &str) -> Option<Language> {
    Lines::new(text, "")
        .find_map(|line| read(line.body, ""))
        .map(|frame| frame.language)
}

/// Appends a line to a title, within its limit.
fn add_to_title(title: &mut String, line: &str) {
    let left = TITLE_MAX_BYTES.saturating_sub(title.len() + 1);
    if line.is_empty() && title.is_empty() || left == 0 {
        return;
    }
    if !title.is_empty() {
        title.push('\n');
    }
    title.push_str(&line[..line.floor_char_boundary(left)]);
}
