//! Decides which reports are the same error.
//!
//! Pure: the same report always gives the same fingerprint, on any machine and in any version. A change of
//! the rules, here, in `frame` or in `message`, needs a new `SCHEME`, under which groups keep their old keys.

use std::borrow::Cow;
use std::fmt;

use md5::{Digest, Md5};
use memchr::{memchr2, memmem, memrchr2};

use crate::frame::decide::deciding_frame;
use crate::frame::{Frame, Language};
use crate::message::normal_form;

/// The version of the rules; it is stored with each key.
pub(crate) const SCHEME: u32 = 1;

/// A larger column than this is a place in minified code, where one line holds the whole program.
const COLUMN_MAX: u32 = 200;

/// Separates the elements of a fingerprint that the client sent.
const SEPARATOR: &[u8] = b"\x1f";

/// The key of a group: an MD5, because the keys of older installations are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Fingerprint(pub(crate) [u8; 16]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

/// Where a report happened, in the form that groups it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Location<'a> {
    /// Free of query, fragment and content hash.
    pub(crate) file: Cow<'a, str>,
    /// `31`, or `1:20417` in minified code.
    pub(crate) line: Cow<'a, str>,
    pub(crate) function: Option<&'a str>,
}

/// The place that decides for a traceback whose message is not known.
#[cfg(test)]
pub(crate) fn locate(traceback: &str) -> Option<Location<'_>> {
    locate_outside(traceback, "")
}

/// The place that decides for a traceback, never found inside the message that it quotes.
pub(crate) fn locate_outside<'a>(traceback: &'a str, message: &str) -> Option<Location<'a>> {
    deciding_frame(traceback, message).map(|frame| Location {
        file: normal_file(&frame),
        line: match frame.column {
            Some(column) if column > COLUMN_MAX => Cow::Owned(format!("{}:{column}", frame.line)),
            _ => Cow::Borrowed(frame.line),
        },
        function: frame.function,
    })
}

/// The fingerprint of a report; `custom` is the list that the client sent in place of the location.
pub(crate) fn fingerprint(
    project: &str,
    exception_type: &str,
    message: &str,
    traceback: &str,
    custom: Option<&[String]>,
) -> Fingerprint {
    let location = locate_outside(traceback, message);
    fingerprint_at(project, exception_type, message, location.as_ref(), custom)
}

/// The fingerprint of a report whose deciding place is known.
pub(crate) fn fingerprint_at(
    project: &str,
    exception_type: &str,
    message: &str,
    location: Option<&Location<'_>>,
    custom: Option<&[String]>,
) -> Fingerprint {
    let mut hash = Md5::new();
    for part in [project, ":", exception_type, ":"] {
        hash.update(part);
    }
    match custom {
        // An empty list says nothing, and would throw all errors of a type together.
        None | Some([]) => hash_default(&mut hash, message, location),
        Some(elements) => {
            for (index, element) in elements.iter().enumerate() {
                if index > 0 {
                    hash.update(SEPARATOR);
                }
                match is_default(element) {
                    true => hash_default(&mut hash, message, location),
                    false => hash.update(element),
                }
            }
        }
    }
    Fingerprint(hash.finalize().into())
}

/// One line for lists: `total (/srv/shop/cart.py:31)`.
pub(crate) fn culprit(location: &Location<'_>) -> String {
    let Location { file, line, function } = location;
    match function {
        Some(function) => format!("{function} ({file}:{line})"),
        None => format!("{file}:{line}"),
    }
}

/// Hashes what the report itself says: its place, else its message.
fn hash_default(hash: &mut Md5, message: &str, location: Option<&Location<'_>>) {
    match location {
        Some(location) => {
            for part in [&location.file, ":", &location.line] {
                hash.update(part);
            }
        }
        None => hash.update(normal_form(message)),
    }
}

/// `{{ default }}`, with or without the spaces.
fn is_default(element: &str) -> bool {
    let inner = element
        .strip_prefix("{{")
        .and_then(|rest| rest.strip_suffix("}}"));
    inner.is_some_and(|inner| inner.trim() == "default")
}

/// The file without what changes from one deployment to the next.
fn normal_file<'a>(frame: &Frame<'a>) -> Cow<'a, str> {
    if frame.language != Language::JavaScript {
        return Cow::Borrowed(frame.file);
    }
    let is_url = memmem::find(frame.file.as_bytes(), b"://").is_some();
    let end = if is_url {
        memchr2(b'?', b'#', frame.file.as_bytes())
    } else {
        None
    };
    let file = &frame.file[..end.unwrap_or(frame.file.len())];
    let name = memrchr2(b'/', b'\\', file.as_bytes()).map_or(0, |at| at + 1);
    without_hashes(file, name)
}

/// Puts `*` for the content hashes in the name that starts at `name`: `main.3f2a9c1b.js` becomes `main.*.js`.
fn without_hashes(file: &str, name: usize) -> Cow<'_, str> {
    let is_separator = |byte: &u8| matches!(byte, b'.' | b'-' | b'_');
    let mut normal = Cow::Borrowed(file);
    let mut copied = 0;
    let mut start = None;
    for (at, byte) in file.bytes().enumerate().skip(name) {
        if !is_separator(&byte) {
            continue;
        }
        // Only a part with a separator on either side is a hash: a name may begin or end like one.
        if let Some(start) = start.filter(|start| is_content_hash(&file[*start..at])) {
            let normal = match &mut normal {
                Cow::Owned(normal) => normal,
                Cow::Borrowed(_) => {
                    normal = Cow::Owned(String::with_capacity(file.len()));
                    normal.to_mut()
                }
            };
            normal.push_str(&file[copied..start]);
            normal.push('*');
            copied = at;
        }
        start = Some(at + 1);
    }
    if let Cow::Owned(normal) = &mut normal {
        normal.push_str(&file[copied..]);
    }
    normal
}

/// 8 to 32 hexadecimal digits, at least one of them decimal: `deadbeef` and `facade` are words.
fn is_content_hash(part: &str) -> bool {
    (8..=32).contains(&part.len())
        && part.bytes().all(|byte| byte.is_ascii_hexdigit())
        && part.bytes().any(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Case {
        name: String,
        project: String,
        exception_type: String,
        #[serde(default)]
        message: String,
        traceback: String,
        /// The place expected; without one the message decides.
        file: Option<String>,
        line: Option<String>,
        /// The fingerprint expected, where one is fixed.
        md5: Option<String>,
    }

    fn cases() -> Vec<Case> {
        serde_json::from_str(include_str!("../tests/fixtures/fingerprints.json"))
            .expect("the fixture is JSON")
    }

    fn print_of(message: &str, traceback: &str, custom: Option<&[&str]>) -> String {
        let custom = custom.map(|list| list.iter().map(|element| element.to_string()).collect::<Vec<_>>());
        fingerprint("p", "E", message, traceback, custom.as_deref()).to_string()
    }

    fn file_of(traceback: &str) -> String {
        locate(traceback).expect("a frame").file.into_owned()
    }

    #[test]
    fn every_recorded_case_is_decided_as_written() {
        for case in cases() {
            let found = locate(&case.traceback);
            let place = found
                .as_ref()
                .map(|location| (location.file.as_ref(), location.line.as_ref()));
            assert_eq!(
                place,
                case.file.as_deref().zip(case.line.as_deref()),
                "{}",
                case.name
            );

            let found = fingerprint(
                &case.project,
                &case.exception_type,
                &case.message,
                &case.traceback,
                None,
            );
            if let Some(md5) = case.md5 {
                assert_eq!(found.to_string(), md5, "{}", case.name);
            }
        }
    }

    #[test]
    fn a_deployment_does_not_split_groups() {
        for (file, normal) in [
            ("https://x/main.3f2a9c1b.js?v=1#a", "https://x/main.*.js"),
            ("https://x/main-3F2A9C1B.chunk.js", "https://x/main-*.chunk.js"),
            (
                "/srv/dist/a_0123456789abcdef0123456789abcdef.js",
                "/srv/dist/a_*.js",
            ),
            ("https://x/a-12345678-87654321.js", "https://x/a-*-*.js"),
            ("https://x/3f2a9c1b.js", "https://x/3f2a9c1b.js"),
            ("https://x/a.3f2a9c1.js", "https://x/a.3f2a9c1.js"),
            ("https://x/a.deadbeef.js", "https://x/a.deadbeef.js"),
            (
                "https://x/a-0123456789abcdef0123456789abcdef0.js",
                "https://x/a-0123456789abcdef0123456789abcdef0.js",
            ),
            ("https://x/r.3f2a9c1b.d/a.js", "https://x/r.3f2a9c1b.d/a.js"),
            ("C:\\src\\C#\\a.js", "C:\\src\\C#\\a.js"),
        ] {
            assert_eq!(file_of(&format!("E\n    at f ({file}:3:4)")), normal, "{file}");
        }
        // A date in the name of a module is part of the name.
        assert_eq!(
            file_of("  File \"/srv/job_20240102.py\", line 1"),
            "/srv/job_20240102.py"
        );
    }

    #[test]
    fn a_column_counts_in_minified_code_only() {
        let line = |column: &str| {
            let text = format!("E\n    at f (https://x/a.js:1:{column})");
            locate(&text).expect("a frame").line.into_owned()
        };

        assert_eq!(line("200"), "1");
        assert_eq!(line("201"), "1:201");
    }

    #[test]
    fn a_custom_fingerprint_replaces_the_location() {
        let (one, other) = ("  File \"a\", line 1", "  File \"b\", line 2");

        assert_eq!(
            print_of("", one, Some(&["k"])),
            print_of("x", other, Some(&["k"]))
        );
        assert_ne!(
            print_of("", one, Some(&["a", "b"])),
            print_of("", one, Some(&["ab"]))
        );
        assert_eq!(
            print_of("", one, Some(&["a\x1fb"])),
            print_of("", one, Some(&["a", "b"]))
        );
        assert_eq!(
            print_of("", one, Some(&["{{ default }}"])),
            print_of("", one, None)
        );
        assert_eq!(print_of("", one, Some(&[])), print_of("", one, None));
        assert_eq!(
            print_of("", one, Some(&["k", "{{ default }}"])),
            print_of("", "", Some(&["k", "a:1"]))
        );
        assert_eq!(
            print_of("m 5", "", Some(&["{{ default }}"])),
            print_of("m 6", "", None)
        );
    }

    #[test]
    fn without_a_frame_the_message_decides() {
        assert_eq!(
            print_of("user 42 not found", "", None),
            print_of("user 7 not found", "some text", None)
        );
        assert_ne!(
            print_of("user 42 not found", "", None),
            print_of("no such user", "", None)
        );
        assert_eq!(print_of("", "", None), print_of("", "some text", None));
    }

    #[test]
    fn a_culprit_is_one_line() {
        let culprit_of = |text: &str| culprit(&locate(text).expect("a frame"));

        assert_eq!(
            culprit_of("  File \"/srv/cart.py\", line 31, in total"),
            "total (/srv/cart.py:31)"
        );
        assert_eq!(culprit_of("E\n    at https://x/a.js:3:9"), "https://x/a.js:3");
    }
}
