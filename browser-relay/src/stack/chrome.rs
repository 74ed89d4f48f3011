//! `    at function (url:line:column)`, the way of V8 ([its grammar](https://v8.dev/docs/stack-trace-api)).

use super::place::Place;
use super::{Frame, named};

pub(super) fn read_line(line: &str) -> Option<Frame<'_>> {
    let body = line.trim_start().strip_prefix("at ")?;
    // V8 indents; a message may well have a line that begins with "at".
    if body.len() + 3 == line.len() {
        return None;
    }
    let body = body.trim_end();
    let async_length = body.strip_prefix("async ").map_or(0, |_| "async ".len());
    let (before, body) = (line.len() - line.trim_start().len() + 3, &body[async_length..]);
    let start = before + async_length;
    let (function, place) = split(body)?;
    let new_length = function.strip_prefix("new ").map_or(0, |_| "new ".len());
    let place_start = start + (place.as_ptr() as usize - body.as_ptr() as usize);
    let mut frame = Frame {
        line: 0,
        lead: &line[..start + new_length],
        function: named(&function[new_length..]),
        place: Place::read(place),
        place_range: place_start..place_start + place.len(),
        is_eval: false,
    };
    if let Some(call) = eval_call(place) {
        frame.place = Some(call);
        frame.is_eval = true;
    }
    let is_bare = function.is_empty();
    // Without brackets only a place makes the line a frame.
    if is_bare && frame.place.is_none() && !matches!(place, "<anonymous>" | "native") {
        return None;
    }
    Some(frame)
}

/// The function and the place. URLs may have brackets too (routes of frameworks do), functions have none before theirs.
fn split(body: &str) -> Option<(&str, &str)> {
    let Some(inside) = body.strip_suffix(')') else {
        return Some(("", body));
    };
    let (function, place) = split_at_bracket(inside)?;
    Some((function, place))
}

/// The call of `eval at outer (eval at inner (url:line:column), <anonymous>:1:1), <anonymous>:1:1`: the innermost place,
/// which is the only one in a file.
fn eval_call(place: &str) -> Option<Place<'_>> {
    let mut inside = place.strip_prefix("eval at ")?;
    loop {
        let (_, rest) = split_at_bracket(inside)?;
        match rest.strip_prefix("eval at ") {
            Some(deeper) => inside = deeper,
            None => {
                let (place, _) = rest.split_once("), ")?;
                return Place::read(place);
            }
        }
    }
}

/// What stands before and after the first bracket that follows a space.
fn split_at_bracket(text: &str) -> Option<(&str, &str)> {
    let bytes = text.as_bytes();
    let at = memchr::memchr_iter(b'(', bytes).find(|at| *at > 0 && bytes[at - 1] == b' ')?;
    Some((&text[..at - 1], &text[at + 1..]))
}
