//! Chooses the one frame that stands for a report.
//!
//! Python prints the deepest frame last, so its last frame decides; all others print it first. The
//! application's frames win over those of libraries. The first frame settles the language of a text, except
//! that a Python traceback with its header counts wherever it stands: its frames need a header just because
//! the words of one can stand in any message.

use memchr::memmem;

use super::lines::Lines;
use super::python::{Part, Reader};
use super::{Frame, Language, read};

/// The best frame so far, of the application and of anyone.
#[derive(Default)]
struct Best<'a> {
    application: Option<Frame<'a>>,
    any: Option<Frame<'a>>,
}

impl<'a> Best<'a> {
    fn offer_last(&mut self, frame: Frame<'a>) {
        self.any = Some(frame);
        if frame.in_app {
            self.application = Some(frame);
        }
    }

    fn offer_first(&mut self, frame: Frame<'a>) {
        let language: Option<Language> = self.any.map(|first| first.language);
        if language.is_some_and(|language| language != frame.language) {
            return;
        }
        self.any.get_or_insert(frame);
        if frame.in_app {
            self.application.get_or_insert(frame);
        }
    }

    fn take(self) -> Option<Frame<'a>> {
        self.application.or(self.any)
    }
}

/// The frame that decides where `text` happened; `message` is the report's message, in which nothing counts.
pub(crate) fn deciding_frame<'a>(text: &'a str, message: &str) -> Option<Frame<'a>> {
    let mut reader = Reader::default();
    let mut python = Best::default();
    let mut other = Best::default();
    let mut above = "";
    let mut lines = Lines::new(text, message);
    while let Some(line) = lines.next() {
        if line.quoted {
            above = line.body;
            continue;
        }
        match reader.take(&line) {
            Part::Frame(frame) => python.offer_last(frame),
            _ if reader.is_certain() || other.application.is_some() => {}
            _ => {
                if let Some(frame) = read(line.body, above).filter(Frame::has_place) {
                    other.offer_first(frame);
                    if other.application.is_some() && !may_hold_traceback(lines.rest()) {
                        return other.take();
                    }
                }
            }
        }
        above = line.body;
    }
    if reader.is_certain() {
        python.take()
    } else {
        other.take().or(python.take())
    }
}

/// Whether reading on can change the decision.
fn may_hold_traceback(rest: &str) -> bool {
    memmem::find(rest.as_bytes(), b"Traceback").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(text: &str) -> Option<(&str, &str)> {
        deciding_frame(text, "").map(|frame| (frame.file, frame.line))
    }

    #[test]
    fn the_application_wins_over_libraries() {
        let python = "Traceback (most recent call last):\n  File \"/srv/a.py\", line 1, in f\n    g()\n  \
                      File \"/x/site-packages/b.py\", line 2, in g\nE";
        let node =
            "E: m\n    at g (/srv/node_modules/b.js:2:1)\n    at node:fs:1:1\n    at f (/srv/a.js:1:1)";
        let go = "panic: x\n\ngoroutine 1 [running]:\npanic(0x1)\n\t/usr/local/go/src/runtime/panic.go:7\n\
                  main.main()\n\t/app/main.go:10 +0x1d";

        assert_eq!(decide(python), Some(("/srv/a.py", "1")));
        assert_eq!(decide(node), Some(("/srv/a.js", "1")));
        assert_eq!(decide(go), Some(("/app/main.go", "10")));
    }

    #[test]
    fn without_the_application_the_plain_rule_holds() {
        let python = "Traceback (most recent call last):\n  File \"/x/site-packages/a.py\", line 1, in f\n    g()\n  \
                      File \"/x/site-packages/b.py\", line 2, in g\nE";
        let node = "E: m\n    at g (/srv/node_modules/b.js:2:1)\n    at node:fs:1:1";

        assert_eq!(decide(python), Some(("/x/site-packages/b.py", "2")));
        assert_eq!(decide(node), Some(("/srv/node_modules/b.js", "2")));
    }

    #[test]
    fn a_python_traceback_with_a_header_counts_anywhere() {
        let mixed = "Error: m\n    at f (https://x/a.js:3:4)\n\nTraceback (most recent call last):\n  \
                     File \"/py.py\", line 9, in z\nE: m\n    at g (https://x/b.js:3:4)";

        assert_eq!(decide(mixed), Some(("/py.py", "9")));
        let headless = "Error: m\n  File \"/py.py\", line 9, in z\n    at f (https://x/a.js:3:4)";
        assert_eq!(decide(headless), Some(("https://x/a.js", "3")));
    }

    #[test]
    fn frames_inside_the_message_never_decide() {
        let message = "child failed\nTraceback (most recent call last):\n  File \"/py.py\", line 9, in z\nE\n    \
                       at evil (https://evil/e.js:1:1)";
        let node = format!("Error: {message}\n    at f (https://x/a.js:3:4)");
        let python =
            format!("Traceback (most recent call last):\n  File \"/a.py\", line 1, in f\nmod.E: {message}\n");

        assert_eq!(
            deciding_frame(&node, message).map(|frame| frame.file),
            Some("https://x/a.js")
        );
        assert_eq!(
            deciding_frame(&python, message).map(|frame| frame.file),
            Some("/a.py")
        );
    }
}
