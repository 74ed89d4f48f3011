//! `function@url:line:column`, and a bare `url:line:column` for a function without a name, the way of JavaScriptCore.

use super::place::Place;
use super::{Frame, firefox, named};

/// What Safari writes where a frame is of the engine itself.
const NATIVE: &str = "[native code]";

/// What it writes for code outside any function; these are no names that a map could better.
const OUTSIDE: [&str; 3] = ["global code", "module code", "eval code"];

pub(super) fn read_line(line: &str) -> Option<Frame<'_>> {
    let text = line.trim_end();
    if let Some(frame) = read_native(text) {
        return Some(frame);
    }
    let bare = || {
        Some(Frame {
            line: 0,
            lead: "",
            function: None,
            place: Some(Place::read(text)?),
            place_range: 0..text.len(),
            is_eval: false,
        })
    };
    // A bare URL may have an @ in it, so it goes first: what stands before the @ of a function is no URL.
    let mut frame = bare().or_else(|| firefox::read_line(line))?;
    frame.is_eval |= frame.function == Some("eval code");
    frame.function = frame.function.filter(|name| !OUTSIDE.contains(name));
    Some(frame)
}

/// `map@[native code]`, and for code that is of no file, as that which `eval` made or the fields of a class, the function
/// and no more.
fn read_native(text: &str) -> Option<Frame<'_>> {
    let (function, place) = text.split_once('@').unwrap_or(("", text));
    let is_eval = function == "eval code" && place.is_empty();
    // A message may end with an @ too.
    let is_of_no_file = text.ends_with('@') && place.is_empty() && !function.contains(char::is_whitespace);
    if place != NATIVE && !is_eval && !is_of_no_file {
        return None;
    }
    Some(Frame {
        line: 0,
        lead: "",
        function: named(function).filter(|_| !is_eval),
        place: None,
        place_range: text.len() - place.len()..text.len(),
        is_eval,
    })
}
