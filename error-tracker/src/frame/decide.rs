//! Chooses the one frame that stands for a report.
//!
//! Python prints the deepest frame last, so its last frame decides; all others print it first. The
//! application's frames win over those of libraries. The first frame settles the language of a text, except
//! that a Python traceback with its header counts wherever it stands: its frames need a header just because
//! the words of one can stand in any message.

use memchr::memmem;

use super::lines::Lines;
use super::python::{Part, Reader};
use super::{Frame, read};

/// As many Python frames are held before they are looked into, so that a long text needs no more memory.
const PENDING_MAX: usize = 256;

/// The frame of a Python text: the last of the application, else the last.
#[derive(Default)]
struct Last<'a> {
    application: Option<Frame<'a>>,
    any: Option<Frame<'a>>,
    /// Frames not looked into yet. Mostly the last of them decides, and the others need not be.
    pending: Vec<Frame<'a>>,
}

impl<'a> Last<'a> {
    fn offer(&mut self, frame: Frame<'a>) {
        if self.pending.len() == PENDING_MAX {
            self.settle();
        }
        self.pending.push(frame);
    }

    fn settle(&mut self) {
        self.any = self.pending.last().copied().or(self.any);
        self.application = self
            .pending
            .iter()
            .rev()
            .find(|frame| frame.is_in_app())
            .copied()
            .or(self.application);
        self.pending.clear();
    }

    fn take(mut self) -> Option<Frame<'a>> {
        self.settle();
        self.application.or(self.any)
    }
}

/// The frame of any other text: the first of the application, else the first.
#[derive(Default)]
struct First<'a> {
    application: Option<Frame<'a>>,
    any: Option<Frame<'a>>,
}

impl<'a> First<'a> {
    fn offer(&mut self, frame: Frame<'a>) {
        let first = *self.any.get_or_insert(frame);
        if first.language == frame.language && frame.is_in_app() {
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
    let mut python = Last::default();
    let mut other = First::default();
    let mut above = "";
    let mut lines = Lines::new(text, message);
    while let Some(line) = lines.next() {
        let above = std::mem::replace(&mut above, line.body);
        if line.quoted {
            continue;
        }
        let was_certain = reader.is_certain();
        match reader.take(&line) {
            Part::Frame(frame) => {
                if reader.is_certain() && !was_certain {
                    // What stood in front of the first header was no traceback.
                    python = Last::default();
                }
                python.offer(frame);
            }
            _ if was_certain || other.application.is_some() => {}
            _ => {
                if let Some(frame) = read(line.body, above).filter(Frame::has_place) {
                    other.offer(frame);
                    if other.application.is_some() && !may_hold_traceback(lines.rest()) {
                        break;
                    }
                }
            }
        }
    }
    if reader.is_certain() {
        python.take()
    } else {
        other.take().or_else(|| python.take())
    }
}

/// Whether reading on can change the decision.
fn may_hold_traceback(rest: &str) -> bool {
    memmem::find(rest.as_bytes(), b"Traceback").is_some()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::Index;

    use super::*;
    use crate::fingerprint::{fingerprint, locate};
    use crate::stack;

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
    fn text_in_front_of_the_first_header_does_not_count() {
        let text = "  File \"/srv/a.py\", line 1, in f\nE\n\nTraceback (most recent call last):\n  \
                    File \"<frozen x>\", line 2, in g\nE";

        assert_eq!(decide(text), Some(("<frozen x>", "2")));
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

    /// The recorded stacks of all languages.
    fn stacks() -> Vec<String> {
        let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/stacks"));
        let paths = folder
            .expect("the stacks")
            .map(|entry| entry.expect("a stack").path());
        let texts = paths.filter(|path| path.extension().is_some_and(|extension| extension == "txt"));
        texts
            .map(|path| std::fs::read_to_string(path).expect("a stack"))
            .collect()
    }

    #[test]
    fn line_ends_do_not_matter() {
        for text in stacks() {
            let windows = text.replace('\n', "\r\n");
            assert_eq!(locate(&windows), locate(&text), "{text}");
            assert_eq!(stack::parse(&windows), stack::parse(&text), "{text}");
        }
    }

    #[test]
    fn hostile_texts_take_linear_time() {
        for unit in [
            "    at f (",
            "(eval at ",
            "at a.b(",
            "\n    at f (/node_modules/a.js:1:2)",
            "\n\tat java.A.b(A.java:1)\n    at f (/a.js:1:2)",
            "File \"",
            "File \"a\", line ",
            "\n  File \"<frozen a>\", line 1, in f",
            " in ",
            ":line 1",
            "@",
            ")",
            "#1 (",
            "\n#1 a(",
            "1:",
            "\r",
            "\0",
            "\u{202e}",
            "\nTraceback",
            "\n  + Exception Group Traceback",
            "\n+-+---- 1 -",
            "\nCaused by: ",
            "\n---> ",
            " ---> ",
        ] {
            for start in [
                "",
                "at ",
                "File \"",
                "#1 ",
                "  + Exception Group Traceback (most recent call last):\n",
                "A: b\n   at A.B() in /x.cs:line 1\n",
            ] {
                let text = format!("{start}{}", unit.repeat(20_000));
                let _ = fingerprint("p", "E", &text, &text, None);
                let _ = stack::parse(&text);
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_has_a_fingerprint(text in "\\PC{0,80}|[ -~\n\t\r]{0,200}", message in "[ -~\n]{0,20}") {
            let _ = fingerprint("p", "E", &message, &text, None);
            let _ = stack::parse_outside(&text, &message);
        }

        #[test]
        fn a_damaged_stack_has_a_fingerprint(which in any::<Index>(), cut in any::<Index>(), length in 0..40_usize, with in "[\\PC\n]{0,3}") {
            let stacks = stacks();
            let text = which.get(&stacks);
            let (start, end) = (cut.index(text.len()), cut.index(text.len()) + length);
            let (start, end) = (text.floor_char_boundary(start), text.floor_char_boundary(end));
            let damaged = format!("{}{with}{}", &text[..start], &text[end..]);
            let _ = fingerprint("p", "E", "m", &damaged, None);
            let _ = stack::parse(&damaged);
        }

        #[test]
        fn words_of_the_message_never_move_the_location(words in "[a-z :@()/.\"']{0,40}", more in "[a-z0-9 :@()]{0,20}") {
            let at = |text: &str| locate(text).map(|location| (location.file.into_owned(), location.line.into_owned()));
            let python = |message: &str| at(&format!("Traceback (most recent call last):\n  File \"/a.py\", line 3, in f\n    g()\nE: {message}"));
            let node = |message: &str| at(&format!("E: {message}\n    at f (/a.js:3:4)"));

            prop_assert_eq!(python(&format!("{words}\n{more} File \"/b.py\", line 7, in g")), python(""));
            prop_assert_eq!(node(&format!("{words} at g (/b.js:7:8)\n; {words} g@/b.js:7:8")), node(""));
        }
    }
}
