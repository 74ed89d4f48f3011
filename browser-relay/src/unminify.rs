//! Writes a stack again with the names and places of the sources.
//!
//! Each frame stands for itself: one that cannot be resolved stays as it was and says why, and all others are written
//! anew. Finding the maps is the caller's affair; who has to wait for them reads [`stack::parse`] first and collects
//! what its URLs need.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;

use crate::function_name::{Site, function_name};
use crate::source_map::{Index, Miss, Original, ReadAt};
use crate::source_name::{clean, is_own};
use crate::stack::{self, Frame, Grammar, Stack};

/// So many frames are looked up, the innermost first; engines keep 10 to 100, only a forged stack has more.
pub(crate) const MOST_FRAMES: usize = 100;

/// A map where it is stored.
pub struct StoredMap {
    /// What [`index`](crate::source_map::index) made of it.
    pub index: Bytes,
    /// Its text.
    pub text: Box<dyn ReadAt>,
}

/// A stack as its author knows it. What stays as it was is borrowed from the stack's text.
#[derive(Debug)]
pub struct Unminified<'t> {
    /// The stack's text, with what was resolved in place of what was not.
    pub stack: Cow<'t, str>,
    /// All frames, for `extra.frames` of the report.
    pub frames: Vec<FrameReport<'t>>,
}

impl Unminified<'_> {
    /// Borrowed from nothing.
    #[must_use]
    pub fn into_owned(self) -> Unminified<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        Unminified {
            stack: owned(self.stack),
            frames: self
                .frames
                .into_iter()
                .map(|frame| FrameReport {
                    file: owned(frame.file),
                    function: frame.function.map(owned),
                    ..frame
                })
                .collect(),
        }
    }
}

/// A frame, resolved or not. File, line and column are those that the text of the stack shows.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct FrameReport<'t> {
    /// The source without what its bundler put before it; the URL where it was not resolved.
    pub file: Cow<'t, str>,
    /// From 1.
    pub line: Option<u32>,
    /// From 1.
    pub column: Option<u32>,
    /// The function, if it has a name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<Cow<'t, str>>,
    /// The source as the map names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Whether it is the developer's own code, and no library's.
    pub in_app: bool,
    /// Up to five lines before.
    pub pre_context: Vec<String>,
    /// The line itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context_line: Option<String>,
    /// Up to five lines after.
    pub post_context: Vec<String>,
    /// Why there are no lines, though the frame was resolved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_context: Option<String>,
    /// Why it was not resolved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unresolved: Option<Arc<str>>,
}

impl FrameReport<'_> {
    /// Of its lines, with what JSON puts around each.
    pub(crate) fn context_bytes(&self) -> usize {
        let around = self.pre_context.iter().chain(&self.post_context);
        around.chain(&self.context_line).map(|line| line.len() + 3).sum()
    }

    /// Makes it small.
    pub(crate) fn leave_context_out(&mut self) {
        self.pre_context.clear();
        self.post_context.clear();
        if self.context_line.take().is_some() {
            self.no_context = Some("left out to keep the report small".into());
        }
    }
}

/// Why a frame stays as it was.
#[derive(Debug, thiserror::Error)]
pub enum Unresolved {
    /// Native code, WebAssembly and the like.
    #[error("the frame is not in a script")]
    NoScript,
    /// The engine gave no column, without which a minified line says nothing.
    #[error("the frame has no line and column")]
    NoPosition,
    /// There is none for the script; the text says what was looked for.
    #[error("{0}")]
    NoMap(Arc<str>),
    /// The map has no answer.
    #[error(transparent)]
    Miss(#[from] Miss),
    /// More frames than any engine keeps.
    #[error("the stack has too many frames")]
    TooMany,
}

/// Resolves what can be resolved. `find` is asked once for each URL, and gives its map, or says why there is none.
pub fn unminify(text: &str, find: impl FnMut(&str) -> Result<StoredMap, String>) -> Unminified<'_> {
    unminify_parsed(text, &stack::parse(text), find)
}

/// The same, of a stack that has been parsed.
pub(crate) fn unminify_parsed<'t>(
    text: &'t str,
    stack: &Stack<'t>,
    find: impl FnMut(&str) -> Result<StoredMap, String>,
) -> Unminified<'t> {
    let mut maps = Maps {
        find,
        found: Vec::new(),
    };
    let (tokens, mut frames): (Vec<_>, Vec<_>) = stack
        .frames
        .iter()
        .enumerate()
        .map(|(number, frame)| maps.report(number, frame))
        .unzip();
    if frames.iter().all(|report| report.unresolved.is_some()) {
        let stack = Cow::Borrowed(text);
        return Unminified { stack, frames };
    }
    let site = |number: usize| {
        let (frame, report) = (stack.frames.get(number)?, frames.get(number)?);
        Some(Site {
            function: frame.function,
            token: tokens[number].as_deref(),
            is_eval: frame.is_eval,
            report,
        })
    };
    let names: Vec<_> = (0..frames.len())
        .map(|number| {
            // After a line that is no frame another stack begins, as after "Caused by".
            let is_next = |caller: &Frame<'_>| caller.line == stack.frames[number].line + 1;
            let has_caller = stack.frames.get(number + 1).is_some_and(is_next);
            function_name(site(number)?, has_caller.then(|| site(number + 1)).flatten())
        })
        .collect();
    let mut lines: Vec<Cow<'_, str>> = text.split('\n').map(Cow::Borrowed).collect();
    for ((frame, report), name) in stack.frames.iter().zip(&mut frames).zip(names) {
        if report.unresolved.is_some() {
            continue;
        }
        report.function = name.map(Cow::Owned);
        if let Some(line) = lines.get_mut(frame.line) {
            *line = rewritten(line, frame, report, stack.grammar).into();
        }
    }
    Unminified {
        stack: lines.join("\n").into(),
        frames,
    }
}

struct Maps<'t, F> {
    find: F,
    /// By URL. A stack leads through a few scripts, and at most [`MOST_FRAMES`].
    found: Vec<(&'t str, Result<StoredMap, Arc<str>>)>,
}

impl<'t, F: FnMut(&str) -> Result<StoredMap, String>> Maps<'t, F> {
    fn get(&mut self, url: &'t str) -> Result<&mut StoredMap, Unresolved> {
        let known = self.found.iter().position(|(known, _)| *known == url);
        let place = known.unwrap_or_else(|| {
            let map = (self.find)(url).map_err(Arc::from);
            self.found.push((url, map));
            self.found.len() - 1
        });
        let (_, map) = &mut self.found[place];
        map.as_mut()
            .map_err(|reason| Unresolved::NoMap(Arc::clone(reason)))
    }

    /// What is known of a frame but for its function, and the name that the map has at its place.
    fn report(&mut self, number: usize, frame: &Frame<'t>) -> (Option<String>, FrameReport<'t>) {
        let original = if number < MOST_FRAMES {
            self.original(frame)
        } else {
            Err(Unresolved::TooMany)
        };
        match original {
            Ok(original) => (original.name.clone(), self.resolved(frame, &original)),
            Err(reason) => (None, unresolved(frame, reason)),
        }
    }

    fn original(&mut self, frame: &Frame<'t>) -> Result<Original, Unresolved> {
        let place = frame.place.as_ref().ok_or(Unresolved::NoScript)?;
        let position = place.position.ok_or(Unresolved::NoPosition)?;
        let map = self.get(place.url)?;
        let index = Index::open(&map.index).ok_or(Miss::Damaged)?;
        Ok(index.find(&mut map.text, position)?)
    }

    fn resolved(&mut self, frame: &Frame<'t>, original: &Original) -> FrameReport<'t> {
        let mut report = FrameReport {
            file: clean(&original.source).into(),
            line: Some(original.position.line),
            column: Some(original.position.column.saturating_add(1)),
            source: Some(original.source.clone()),
            in_app: !original.is_ignored && is_own(&original.source),
            ..FrameReport::default()
        };
        let url = frame.place.as_ref().map_or("", |place| place.url);
        let Ok(map) = self.get(url) else {
            return report;
        };
        match Index::open(&map.index).map(|index| index.context(&mut map.text, original)) {
            Some(Ok(context)) => {
                report.pre_context = context.before;
                report.context_line = Some(context.line);
                report.post_context = context.after;
            }
            Some(Err(reason)) => report.no_context = Some(reason.to_string()),
            None => {}
        }
        report
    }
}

fn rewritten(line: &str, frame: &Frame<'_>, report: &FrameReport<'_>, grammar: Option<Grammar>) -> String {
    let (line_number, column) = (report.line.unwrap_or(0), report.column.unwrap_or(0));
    let place = format!("{}:{line_number}:{column}", report.file);
    let lead = frame.lead;
    let end = if line.ends_with('\r') { "\r" } else { "" };
    match (grammar, &report.function) {
        (Some(Grammar::Chrome), Some(function)) => format!("{lead}{function} ({place}){end}"),
        (Some(Grammar::Chrome) | None, None) => format!("{lead}{place}{end}"),
        (_, function) => format!("{lead}{}@{place}{end}", function.as_deref().unwrap_or("")),
    }
}

fn unresolved<'t>(frame: &Frame<'t>, reason: Unresolved) -> FrameReport<'t> {
    let (url, position) = frame
        .place
        .as_ref()
        .map_or(("", None), |place| (place.url, place.position));
    FrameReport {
        file: url.into(),
        line: position.map(|position| position.line),
        column: position.map(|position| position.column + 1),
        function: frame.function.map(Cow::Borrowed),
        in_app: frame.place.is_some() && is_own(url),
        unresolved: Some(match reason {
            Unresolved::NoMap(reason) => reason,
            reason => reason.to_string().into(),
        }),
        ..FrameReport::default()
    }
}

#[cfg(test)]
mod tests;
