//! `function@url:line:column`, the way of SpiderMonkey.

use super::place::Place;
use super::{Frame, named};

pub(super) fn read_line(line: &str) -> Option<Frame<'_>> {
    // The URL may have an @ of its own, as packages on a CDN do; a function has none.
    let (function, place) = line.trim_end().split_once('@')?;
    let start = function.len() + 1;
    let lead = function.rfind('*').map_or(0, |star| star + 1);
    let (place_found, is_eval) = match eval_call(place) {
        Some(call) => (Some(call), true),
        None => (Some(Place::read(place)?), false),
    };
    Some(Frame {
        line: 0,
        // `async*`, `promise callback*`, `setTimeout handler*`: how the frame came to be called.
        lead: &function[..lead],
        function: named(&function[lead..]),
        place: place_found,
        place_range: start..start + place.len(),
        is_eval,
    })
}

/// The call in `url line 7 > eval:1:30`, whose column Firefox does not tell; of nested ones the outermost, which comes
/// first.
fn eval_call(place: &str) -> Option<Place<'_>> {
    let (call, rest) = place.split_once(" line ")?;
    let (line, made_by) = rest.split_once(" > ")?;
    let is_made = ["eval", "Function"].iter().any(|word| made_by.starts_with(word));
    let is_line = !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit());
    if !is_made || !is_line {
        return None;
    }
    Place::without_position(call)
}
