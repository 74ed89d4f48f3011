//! Reads stack frames out of text: one anchored grammar per language.
//!
//! A frame is a whole line that says so from its first character to its last. A message that quotes a frame in
//! the middle of a line is never one, and lines of the report's own message are left out.
//!
//! - [`lines`]: the text, line by line
//! - [`place`]: `file:line:column` and names inside paths, used by all grammars
//! - [`python`] and the other languages: what a frame looks like, and which are a library's
//! - [`decide`]: which frame stands for the whole report
//! - [`chain`]: all exceptions of a text with their frames, for display

pub(crate) mod chain;
pub(crate) mod decide;
mod dotnet;
mod go;
mod java;
mod javascript;
mod lines;
mod php;
mod place;
mod python;
mod ruby;
mod rust;

use memchr::memrchr;

/// A frame, borrowed from the text that holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    /// Empty when the frame has no place in a file, such as `at Array.map (<anonymous>)`.
    pub(crate) file: &'a str,
    /// Kept as text: leading zeros and numbers beyond any integer stay what they are.
    pub(crate) line: &'a str,
    pub(crate) column: Option<u32>,
    pub(crate) function: Option<&'a str>,
    pub(crate) language: Language,
}

impl Frame<'_> {
    /// The frame is the application's, not a library's.
    ///
    /// Worked out when asked: of a hundred frames grouping asks about one or two.
    pub(crate) fn is_in_app(&self) -> bool {
        let function = self.function.unwrap_or_default();
        let is_library = match self.language {
            Language::Python => python::is_library(self.file),
            Language::JavaScript => javascript::is_library(self.file),
            Language::Java => java::is_library(function),
            Language::Go => go::is_library(self.file, function),
            Language::Rust => rust::is_library(self.file),
            Language::DotNet => dotnet::is_library(function),
            Language::Ruby => ruby::is_library(self.file),
            Language::Php => php::is_library(self.file),
        };
        self.has_place() && !is_library
    }

    /// The frame names a file and a line.
    pub(crate) fn has_place(&self) -> bool {
        !self.line.is_empty()
    }
}

/// The family of a frame's grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Python,
    JavaScript,
    Java,
    Go,
    Rust,
    DotNet,
    Ruby,
    Php,
}

/// Reads a frame of any language but Python, whose frames need their surroundings ([`python::Reader`]).
///
/// `above` is the line before: Go and Rust print the function there, PHP the place of the throw.
#[inline]
pub(crate) fn read<'a>(body: &'a str, above: &'a str) -> Option<Frame<'a>> {
    // The first and the last byte rule out nearly every line that is no frame.
    let (first, last) = (*body.as_bytes().first()?, *body.as_bytes().last()?);
    match first {
        b'a' if body.starts_with("at ") => return read_at(without_dump(&body[3..]), above),
        b'#' => return php::read(&body[1..]),
        b'S' if body == "Stack trace:" => return php::read_throw(above),
        b't' | b'p' if let Some(frame) = rust::read_panic(body) => return Some(frame),
        _ => {}
    }
    match last {
        b'0'..=b'9' => javascript::read_mozilla(body).or_else(|| go::read(body, above)),
        // The offset behind a Go place is hexadecimal.
        b'a'..=b'f' => go::read(body, above),
        b']' => javascript::read_mozilla(body),
        b'\'' | b')' => ruby::read(body).map(|line| line.frame),
        _ => None,
    }
}

/// Node prints an error's further members behind its last frame: `at f (a.js:1:2) {`.
fn without_dump(call: &str) -> &str {
    call.strip_suffix(" {")
        .or_else(|| call.strip_suffix(','))
        .unwrap_or(call)
}

/// Reads what follows `at `, which four languages share.
fn read_at<'a>(call: &'a str, above: &'a str) -> Option<Frame<'a>> {
    match call.as_bytes().last()? {
        b'0'..=b'9' => dotnet::read_at(call)
            .or_else(|| rust::read_at(call, above))
            .or_else(|| javascript::read_at(call)),
        b')' => {
            // JavaScript puts a space before the place and Java none; asking the likely one first saves time.
            let open = memrchr(b'(', call.as_bytes()).unwrap_or(0);
            if call[..open].ends_with(' ') {
                javascript::read_at(call)
                    .or_else(|| java::read_at(call))
                    .or_else(|| dotnet::read_at(call))
            } else {
                java::read_at(call)
                    .or_else(|| javascript::read_at(call))
                    .or_else(|| dotnet::read_at(call))
            }
        }
        b']' => java::read_at(call),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_language_is_told_by_its_lines() {
        for (body, above, language) in [
            ("at f (a.js:1:2)", "", Language::JavaScript),
            ("at /srv/a.js:1:2", "", Language::JavaScript),
            ("at f (a.js:1:2) {", "", Language::JavaScript),
            ("at node:internal/main:28:49,", "", Language::JavaScript),
            ("f@https://x/a.js:1:2", "", Language::JavaScript),
            ("map@[native code]", "", Language::JavaScript),
            ("at a.b.C.d(C.java:1)", "", Language::Java),
            ("at a.b.C.d(C.java:1) ~[x.jar:1]", "", Language::Java),
            ("at A.B() in C:\\x.cs:line 1", "", Language::DotNet),
            ("at A.B(String s)", "", Language::DotNet),
            ("at ./src/main.rs:5:10", "3: main", Language::Rust),
            ("thread 'main' panicked at src/main.rs:5:10:", "", Language::Rust),
            ("/app/main.go:10 +0x1d", "main.main()", Language::Go),
            ("app.rb:3:in 'x'", "", Language::Ruby),
            ("#0 /srv/a.php(3): f()", "", Language::Php),
            ("Stack trace:", "E: no in /srv/a.php:3", Language::Php),
        ] {
            assert_eq!(
                read(body, above).map(|frame| frame.language),
                Some(language),
                "{body}"
            );
        }
    }

    #[test]
    fn ordinary_lines_are_no_frames() {
        for body in [
            "",
            "a",
            "at",
            "at ",
            "#",
            "Error: x",
            "password: a@b:1",
            "Stack trace:",
            "12:30",
            "it's",
            "…)",
        ] {
            assert_eq!(read(body, ""), None, "{body}");
        }
    }
}
