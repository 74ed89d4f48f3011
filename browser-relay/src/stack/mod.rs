//! Finds the frames in a browser's stack, each engine by its own grammar.
//!
//! Only whole lines that an engine writes are frames. All others, the message first of all, stay as they are, whatever
//! they look like: a message may quote a stack.

mod chrome;
mod firefox;
mod place;
mod safari;
#[cfg(test)]
mod tests;

use std::ops::Range;

pub use place::Place;

/// The longest line that is looked at; an engine writes no longer one, but a `data:` URL may be that long.
const LONGEST_LINE: usize = 8 << 10;

/// An engine's way to write a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grammar {
    /// V8: Chrome, Edge, Opera, Node.
    Chrome,
    /// SpiderMonkey.
    Firefox,
    /// JavaScriptCore.
    Safari,
}

/// A frame of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame<'t> {
    /// Which line of the stack it is, from 0.
    pub line: usize,
    /// What stands before the function and stays: the margin, `at`, `async`, `new`.
    pub lead: &'t str,
    /// The function as the engine names it; `None` for one without a name.
    pub function: Option<&'t str>,
    /// Where it is; `None` for what is not code of the page: native code, WebAssembly, `Promise.all (index 0)`.
    pub place: Option<Place<'t>>,
    /// The bytes of the line that say where, which are replaced once the original is known.
    pub(crate) place_range: Range<usize>,
    /// Whether the frame is code that `eval` or `Function` made; the place is then that of the call.
    pub is_eval: bool,
}

/// The frames of a stack, and in whose words they are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stack<'t> {
    /// `None` when no line is a frame.
    pub grammar: Option<Grammar>,
    /// From the innermost call outwards, as all three engines write them.
    pub frames: Vec<Frame<'t>>,
}

/// Reads a stack in the grammar that finds most frames in it.
#[must_use]
pub fn parse(stack: &str) -> Stack<'_> {
    let mut best = Stack {
        grammar: None,
        frames: Vec::new(),
    };
    let has_at = memchr::memchr(b'@', stack.as_bytes()).is_some();
    let lines = memchr::memchr_iter(b'\n', stack.as_bytes()).count() + 1;
    for grammar in [Grammar::Chrome, Grammar::Firefox, Grammar::Safari] {
        // Most stacks are Chrome's, and seldom have an @. Each frame of Firefox has one; of Safari's those without a
        // function have none, but then a line is a frame of Safari or of Chrome and never of both.
        if !has_at && (grammar == Grammar::Firefox || best.frames.len() * 2 >= lines) {
            continue;
        }
        let frames = frames(stack, grammar);
        if frames.len() > best.frames.len() {
            best = Stack {
                grammar: Some(grammar),
                frames,
            };
        }
    }
    best
}

fn frames(stack: &str, grammar: Grammar) -> Vec<Frame<'_>> {
    let read = match grammar {
        Grammar::Chrome => chrome::read_line,
        Grammar::Firefox => firefox::read_line,
        Grammar::Safari => safari::read_line,
    };
    stack
        .lines()
        .enumerate()
        .filter(|(_, line)| line.len() <= LONGEST_LINE)
        .filter_map(|(number, line)| {
            let frame = read(line)?;
            Some(Frame {
                line: number,
                ..frame
            })
        })
        .collect()
}

/// The name, unless it is empty or one of the words that engines write for none.
fn named(name: &str) -> Option<&str> {
    let is_none = matches!(name, "" | "<anonymous>" | "anonymous" | "(anonymous)" | "?");
    (!is_none).then_some(name)
}
