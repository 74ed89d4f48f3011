//! Python: `  File "/srv/cart.py", line 31, in total`, and where a traceback begins and ends.
//!
//! The exception's text comes after the frames and may hold anything, so a reader follows the shape of the
//! text: header, frames with their source lines, title, message. Only frames in their place count.

use std::sync::LazyLock;

use memchr::memchr_iter;
use memchr::memmem::Finder;

use super::lines::Line;
use super::place::{cut_leading_number, has_segment};
use super::{Frame, Language};

/// The end of `site-packages` and `dist-packages`.
static PACKAGES: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("-packages"));

/// What a line of a Python text is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part<'a> {
    /// Text in front of the first traceback.
    Outside,
    /// `Traceback (most recent call last):`; `child` when it begins inside an exception group.
    Header {
        child: bool,
    },
    Frame(Frame<'a>),
    /// Under a frame: its source line, markers, `[Previous line repeated 3 more times]`.
    Detail(&'a str),
    /// `KeyError: 7`.
    Title(&'a str),
    /// Further lines of the title, and whatever follows.
    Message(&'a str),
    /// `The above exception was the direct cause of the following exception:`.
    CauseFollows,
    /// `During handling of the above exception, another exception occurred:`.
    ContextFollows,
    /// `+---------------- 2 ----------------` between the members of an exception group.
    Member,
    /// The title of a member that has no traceback of its own.
    BareTitle(&'a str),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Outside,
    Frames,
    Message,
}

/// Tells line by line what a Python text holds.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    state: State,
    /// Indent of the header of the traceback being read; without a header there is none.
    header: Option<usize>,
    /// Indent of its frames. They all have the same.
    frames: Option<usize>,
    details_since_frame: usize,
    /// Indent of the first header outside of groups.
    outermost: Option<usize>,
    /// Inside an exception group each line has a `|` in front.
    in_group: bool,
    /// The line before lets a traceback begin: it was blank, a chain line, or a member line.
    may_begin: bool,
    /// The line before opened a member of a group.
    opens_member: bool,
    /// Some frame so far stood under a header.
    saw_headed_frame: bool,
}

impl Reader {
    /// A frame under a `Traceback` header was seen: this text is a Python traceback.
    pub(crate) fn is_certain(&self) -> bool {
        self.saw_headed_frame
    }

    /// Takes the next line.
    pub(crate) fn take<'a>(&mut self, line: &Line<'a>) -> Part<'a> {
        // A group that was raised again is printed without a header; its members give it away.
        self.in_group |= line.body.starts_with("+-+---");
        let (indent, body, gutter) = self.without_gutter(line);
        let may_begin = std::mem::replace(&mut self.may_begin, body.is_empty());
        let opens_member = std::mem::take(&mut self.opens_member);
        if gutter && body.starts_with('-') {
            self.state = State::Message;
            self.may_begin = true;
            // The last of these lines closes the group and carries no number.
            self.opens_member = body.contains(' ');
            return Part::Member;
        }
        match self.state {
            State::Frames => self.take_among_frames(indent, body),
            // Only these begin a traceback; most other text ends here.
            State::Outside if !body.starts_with(['T', 'E', '+', 'F']) => Part::Outside,
            State::Outside => match self.begin(indent, body, gutter) {
                Some(part) => part,
                None => self.begin_without_header(indent, body),
            },
            State::Message => {
                if body.starts_with("The above exception was the direct cause") {
                    self.may_begin = true;
                    return Part::CauseFollows;
                }
                if body.starts_with("During handling of the above exception") {
                    self.may_begin = true;
                    return Part::ContextFollows;
                }
                // A traceback quoted in the message follows the title at once, or is indented.
                let begins =
                    may_begin && (gutter || self.outermost.is_none_or(|outermost| outermost == indent));
                let header = if begins {
                    self.begin(indent, body, gutter)
                } else {
                    None
                };
                header.unwrap_or(if opens_member {
                    Part::BareTitle(body)
                } else {
                    Part::Message(body)
                })
            }
        }
    }

    fn begin<'a>(&mut self, indent: usize, body: &'a str, gutter: bool) -> Option<Part<'a>> {
        let child = gutter && self.in_group;
        let body = match body
            .strip_prefix("+ ")
            .unwrap_or(body)
            .strip_prefix("Exception Group ")
        {
            Some(body) => {
                self.in_group = true;
                body
            }
            None => body,
        };
        let rest = body.strip_prefix("Traceback")?;
        if !matches!(
            rest,
            "" | ":" | " (most recent call last):" | " (most recent call last)"
        ) {
            return None;
        }
        self.state = State::Frames;
        // `  + Exception Group` stands one column left of the text under it, as `|` does.
        self.header = Some(if self.in_group { 1 } else { indent });
        self.frames = None;
        if !gutter && !self.in_group {
            self.outermost.get_or_insert(indent);
        }
        Some(Part::Header { child })
    }

    fn begin_without_header<'a>(&mut self, indent: usize, body: &'a str) -> Part<'a> {
        match read(body) {
            Some(frame) => {
                self.state = State::Frames;
                self.header = None;
                self.note_frame(indent);
                Part::Frame(frame)
            }
            None => Part::Outside,
        }
    }

    fn take_among_frames<'a>(&mut self, indent: usize, body: &'a str) -> Part<'a> {
        if self.frames.is_none_or(|frames| frames == indent)
            && let Some(frame) = read(body)
        {
            self.note_frame(indent);
            return Part::Frame(frame);
        }
        if body.is_empty() || self.holds_detail(indent, body) {
            self.details_since_frame += 1;
            return Part::Detail(body);
        }
        self.state = State::Message;
        Part::Title(body)
    }

    fn note_frame(&mut self, indent: usize) {
        self.frames = Some(indent);
        self.details_since_frame = 0;
        self.saw_headed_frame |= self.header.is_some();
    }

    /// Whether a line at this indent still belongs to the frames.
    fn holds_detail(&self, indent: usize, body: &str) -> bool {
        let Some(frames) = self.frames else {
            return self.header.is_some_and(|header| indent > header);
        };
        if frames > self.header.unwrap_or(0) {
            return indent >= frames;
        }
        // All lines were stripped on their way here: one source line, and markers under it.
        let is_marker = body.bytes().all(|byte| matches!(byte, b'^' | b'~' | b' '));
        is_marker || body.starts_with('[') || (self.details_since_frame == 0 && !is_title(body))
    }

    fn without_gutter<'a>(&self, line: &Line<'a>) -> (usize, &'a str, bool) {
        if self.in_group
            && let Some(rest) = line
                .body
                .strip_prefix('|')
                .or_else(|| line.body.strip_prefix('+'))
        {
            // `+-+---- 1 ----` opens the members of a group.
            let rest = rest.strip_prefix("-+").unwrap_or(rest);
            let body = rest.trim_start_matches([' ', '\t']);
            return (rest.len() - body.len(), body, true);
        }
        (line.indent, line.body, false)
    }
}

/// Reads one frame line, already free of its indent.
pub(crate) fn read(body: &str) -> Option<Frame<'_>> {
    let quoted = body.strip_prefix("File \"")?;
    // A path may hold quotes: the first that is followed by the rest of the grammar ends it.
    memchr_iter(b'"', quoted.as_bytes()).find_map(|end| {
        let (line, rest) = cut_leading_number(quoted[end..].strip_prefix("\", line ")?)?;
        let function = match rest {
            "" => None,
            _ => Some(
                rest.strip_prefix(", in ")
                    .filter(|function| !function.is_empty())?,
            ),
        };
        let file = &quoted[..end];
        Some(Frame {
            file,
            line,
            column: None,
            function,
            language: Language::Python,
        })
    })
}

/// `package.SomeError: text`, judged by the name alone.
fn is_title(body: &str) -> bool {
    let name = body.split(':').next().unwrap_or(body);
    let is_name = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_'));
    is_name
        && ["Error", "Exception", "Warning", "Exit", "Interrupt", "Group"]
            .iter()
            .any(|end| name.ends_with(end))
}

/// Installed packages, the standard library, generated code, and Monlight's own client.
pub(super) fn is_library(file: &str) -> bool {
    if file.starts_with('<') {
        return !matches!(file, "<string>" | "<stdin>") && !file.starts_with("<ipython-input");
    }
    // Nearly all library frames are of installed packages, and one search tells.
    let found = PACKAGES.find(file.as_bytes()).map(|at| &file[..at]);
    if found.is_some_and(|before| before.ends_with("site") || before.ends_with("dist")) {
        return true;
    }
    has_segment(file, |before, segment| match segment {
        // `C:\Python311\Lib\json\decoder.py`
        "Lib" => is_versioned(before, "Python"),
        // A checkout of the client. The name alone is not enough: it may be the user's own project.
        "monlight" => before == "python",
        "integrations" => before == "monlight",
        _ => matches!(before, "lib" | "lib64" | "Lib") && is_versioned(segment, "python"),
    })
}

/// `python3.11`, `Python311`.
fn is_versioned(segment: &str, name: &str) -> bool {
    segment
        .strip_prefix(name)
        .is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::super::lines::Lines;
    use super::*;

    /// The files of the frames that count, in order.
    fn files(text: &str) -> Vec<&str> {
        let mut reader = Reader::default();
        let parts = Lines::new(text, "").map(|line| reader.take(&line));
        parts
            .filter_map(|part| {
                if let Part::Frame(frame) = part {
                    Some(frame.file)
                } else {
                    None
                }
            })
            .collect()
    }

    #[test]
    fn the_whole_line_must_be_a_frame() {
        for body in [
            "File \"a\"",
            "File \"a\", line",
            "File \"a\", line x",
            "File \"a\", line 3 for details",
            "File \"a\", line 3, in ",
            "File \"a",
            "see File \"a\", line 3",
        ] {
            assert!(read(body).is_none(), "{body}");
        }
        let frame = read("File \"/a \"b\".py\", line 012, in f.<locals>.<lambda>").expect("a frame");
        assert_eq!(
            (frame.file, frame.line, frame.function),
            ("/a \"b\".py", "012", Some("f.<locals>.<lambda>"))
        );
    }

    #[test]
    fn frames_in_a_message_do_not_count() {
        let head = "Traceback (most recent call last):\n  File \"a\", line 1, in f\n    x\n";

        for message in [
            "E: see\n  File \"b\", line 2, in g",
            "E: worker said\nTraceback (most recent call last):\n  File \"b\", line 2, in g\nE",
            "E: worker said\n\n    Traceback (most recent call last):\n      File \"b\", line 2, in g\n    E",
            "E: {\"log\": \"Traceback (most recent call last):\\n  File \"}",
        ] {
            assert_eq!(files(&format!("{head}{message}")), ["a"], "{message}");
        }
    }

    #[test]
    fn source_lines_that_look_like_frames_do_not_count() {
        let text =
            "Traceback (most recent call last):\n  File \"a\", line 1, in f\n    File \"b\", line 2, in g\nE";

        assert_eq!(files(text), ["a"]);
    }

    #[test]
    fn stripped_lines_are_still_a_traceback() {
        let text = "Traceback (most recent call last):\nFile \"a\", line 1, in f\ng()\n~^^\nFile \"b\", line 2, in g\n\
                    raise E\nValueError: no\nFile \"c\", line 3, in h";

        assert_eq!(files(text), ["a", "b"]);
    }

    #[test]
    fn groups_and_chains_are_followed() {
        let text = "  + Exception Group Traceback (most recent call last):\n  |   File \"a\", line 1, in f\n  \
                    | ExceptionGroup: two (2 sub-exceptions)\n  +-+---------------- 1 ----------------\n    \
                    | Traceback (most recent call last):\n    |   File \"b\", line 2, in g\n    | ValueError: 1\n    \
                    +---------------- 2 ----------------\n    | Traceback (most recent call last):\n    \
                    |   File \"c\", line 3, in h\n    | TypeError: 2\n    +------------------------------------\n\n\
                    During handling of the above exception, another exception occurred:\n\n\
                    Traceback (most recent call last):\n  File \"d\", line 4, in i\nE";

        assert_eq!(files(text), ["a", "b", "c", "d"]);
    }

    #[test]
    fn libraries_are_told_from_the_application() {
        for file in [
            "/srv/venv/lib/python3.11/site-packages/flask/app.py",
            "/usr/lib/python3/dist-packages/yaml/__init__.py",
            "/home/me/.pyenv/versions/3.11.7/lib/python3.11/json/decoder.py",
            "C:\\Python311\\Lib\\json\\decoder.py",
            "<frozen importlib._bootstrap>",
            "/src/clients/python/monlight/client.py",
            "/opt/monlight/integrations/fastapi.py",
        ] {
            assert!(is_library(file), "{file}");
        }
        for file in [
            "/srv/shop/cart.py",
            "<string>",
            "/srv/lib/python/x.py",
            "/srv/monlight/app.py",
            "lib/x.py",
        ] {
            assert!(!is_library(file), "{file}");
        }
    }
}
