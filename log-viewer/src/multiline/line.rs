//! What a single line looks like, whatever stands around it.

use crate::entry::{Level, Stream};
use crate::level;

/// A line without colours in front and without its indent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    pub(super) indent: usize,
    /// Neither begins nor ends with white space.
    pub(super) body: &'a str,
}

impl<'a> Line<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let mut rest = text;
        let mut indent = 0;
        loop {
            let body = rest.trim_start_matches([' ', '\t']);
            indent += rest.len() - body.len();
            match without_colour(body) {
                Some(after) => rest = after,
                None => {
                    let body = body.trim_ascii_end();
                    return Self { indent, body };
                }
            }
        }
    }

    pub(super) fn is_blank(&self) -> bool {
        self.body.is_empty()
    }

    pub(super) fn starts_with(&self, start: &str) -> bool {
        self.body.starts_with(start)
    }

    /// Opens something that later lines close: `{`, `settings = [`.
    pub(super) fn opens_bracket(&self) -> bool {
        self.body.ends_with(['{', '[', '('])
    }

    /// Nothing but closing brackets and what may follow them: `}`, `});`, `}, {`.
    pub(super) fn closes_bracket(&self) -> bool {
        let rest = self.body.trim_start_matches(['}', ']', ')']);
        rest.len() < self.body.len()
            && rest
                .bytes()
                .all(|byte| matches!(byte, b',' | b';' | b' ' | b'{' | b'['))
    }

    /// Begins like a line of a logger: with a time, a level, or both. Such a line belongs to no other.
    pub(super) fn is_log_head(&self) -> bool {
        begins_log(self.body)
            // `[main] ERROR com.example.Shop`
            || self.body.strip_prefix('[').is_some_and(|inside| {
                inside.split_once("] ").is_some_and(|(_, after)| begins_log(after.trim_ascii_start()))
            })
    }
}

/// A colour is `ESC [ digits m`.
fn without_colour(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("\x1b[")?;
    rest.trim_start_matches(|byte: char| byte.is_ascii_digit() || byte == ';')
        .strip_prefix('m')
}

/// The line is one of JSON's objects, or the first of one that is still on its way.
pub(super) fn begins_json(text: &str) -> bool {
    text.starts_with("{\"") || text.starts_with("{}")
}

/// A whole JSON object on one line, as loggers write them. Nothing is ever joined to it.
pub(crate) fn is_json_object(text: &str) -> bool {
    begins_json(text) && text.trim_ascii_end().ends_with('}')
}

fn begins_log(body: &str) -> bool {
    let (bracketed, inside) = match body.strip_prefix('[') {
        Some(inside) => (true, inside.trim_ascii_start()),
        None => (false, body),
    };
    let bytes = inside.as_bytes();
    match bytes.first() {
        Some(b'0'..=b'9') => begins_with_time(bytes),
        Some(b'A'..=b'Z') => {
            begins_with_day_or_month(bytes) || is_klog(bytes) || begins_with_level(inside, bracketed)
        }
        Some(b'a'..=b'z') => begins_with_level(inside, bracketed) || begins_logfmt(inside),
        // The priority of syslog.
        Some(b'<') => {
            bytes.len() > 2 && bytes[1].is_ascii_digit() && bytes[..bytes.len().min(5)].contains(&b'>')
        }
        _ => false,
    }
}

/// `2024-05-01`, `2024/05/01`, `01/May/2024`, `01.05.2024`, `10:31:07`, `20240501 10:31`, `1714557067.123`.
fn begins_with_time(bytes: &[u8]) -> bool {
    const SHAPES: [&[u8]; 12] = [
        b"0000-00-00",
        b"0000/00/00",
        b"0000.00.00",
        b"00:00:00",
        b"00/aaa/0000",
        b"00-aaa-0000",
        b"00/00/0000",
        b"00.00.0000",
        b"00-00 00:",
        b"00 aaa 0000",
        b"00000000 00:",
        b"00000000T00",
    ];
    let has_shape = |shape: &&[u8]| {
        bytes.len() >= shape.len()
            && shape.iter().zip(bytes).all(|(expected, byte)| match expected {
                b'0' => byte.is_ascii_digit(),
                b'a' => byte.is_ascii_alphabetic(),
                separator => byte == separator,
            })
    };
    // Seconds since 1970 have had ten digits since 2001.
    let is_unix = bytes[0] == b'1' && bytes.len() >= 10 && bytes[..10].iter().all(u8::is_ascii_digit);
    is_unix || SHAPES.iter().any(has_shape)
}

/// `May  1 10:31:07`, `Wed May  1`, `Wed, 01 May 2024`.
fn begins_with_day_or_month(bytes: &[u8]) -> bool {
    const MONTHS: [&[u8]; 12] = [
        b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
    ];
    const DAYS: [&[u8]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];
    let Some((name, rest)) = bytes.split_at_checked(3) else {
        return false;
    };
    let after = rest.trim_ascii_start();
    if after.len() == rest.len() && !rest.starts_with(b", ") {
        return false;
    }
    if DAYS.contains(&name) {
        let after = after.strip_prefix(b", ").unwrap_or(after);
        return after.first().is_some_and(u8::is_ascii_digit)
            || MONTHS.iter().any(|month| after.starts_with(month));
    }
    MONTHS.contains(&name) && after.first().is_some_and(u8::is_ascii_digit)
}

/// `E0501 10:31:07.123456`, as Kubernetes' programs write.
fn is_klog(bytes: &[u8]) -> bool {
    matches!(bytes, [b'I' | b'W' | b'E' | b'F', rest @ ..]
        if rest.len() > 5 && rest[..4].iter().all(u8::is_ascii_digit) && rest[4] == b' ' && rest[5].is_ascii_digit())
}

fn begins_with_level(text: &str, bracketed: bool) -> bool {
    const LEVELS: [&str; 24] = [
        "INFO",
        "ERROR",
        "WARN",
        "WARNING",
        "DEBUG",
        "TRACE",
        "FATAL",
        "CRITICAL",
        "NOTICE",
        "SEVERE",
        "ERR",
        "CRIT",
        "ALERT",
        "EMERG",
        "EMERGENCY",
        "INFORMATION",
        "VERBOSE",
        "LOG",
        "FAIL",
        "DBUG",
        "TRCE",
        "FINE",
        "DBG",
        "WRN",
    ];
    let length = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    if !(3..=11).contains(&length) {
        return false;
    }
    let (word, rest) = text.split_at(length);
    let capitals = word.bytes().all(|byte| byte.is_ascii_uppercase());
    // In small letters these are ordinary words, unless punctuation says what they are here.
    let ends = match rest.as_bytes().first() {
        None => capitals,
        Some(b']') if bracketed => true,
        Some(b':') => capitals || word.bytes().all(|byte| byte.is_ascii_lowercase()),
        Some(b'0'..=b'9' | b'_' | b'=' | b'(') => false,
        Some(_) => capitals,
    };
    ends && LEVELS.iter().any(|level| level.eq_ignore_ascii_case(word))
}

fn begins_logfmt(text: &str) -> bool {
    ["time=", "level=", "ts=", "lvl=", "msg=", "timestamp="]
        .iter()
        .any(|key| text.starts_with(key))
}

/// The head of an entry tells of a failure, so that a traceback right after it is its own.
pub(super) fn speaks_of_trouble(head: &str) -> bool {
    const WORDS: [&[u8]; 12] = [
        b"error",
        b"exception",
        b"fail",
        b"fatal",
        b"critical",
        b"severe",
        b"warn",
        b"panic",
        b"unhandled",
        b"uncaught",
        b"crash",
        b"aborted",
    ];
    // Loggers say it early; a line may be a megabyte.
    let start = &head.as_bytes()[..head.len().min(1024)];
    let says = (0..start.len()).any(|at| {
        matches!(
            start[at] | 0x20,
            b'e' | b'f' | b'c' | b's' | b'w' | b'p' | b'u' | b'a'
        ) && WORDS.iter().any(|word| {
            start[at..]
                .get(..word.len())
                .is_some_and(|found| found.eq_ignore_ascii_case(word))
        })
    });
    says || level::detect(head, Stream::Stdout) >= Level::Warning
}

/// `java.lang.IllegalStateException: pool is closed`, `TypeError [ERR_INVALID_URL]: Invalid URL`; not a bare `Error: no`.
pub(super) fn is_exception_title(body: &str) -> bool {
    let name = body.split([':', ' ']).next().unwrap_or(body);
    let after = &body[name.len()..];
    name.len() > "Exception".len()
        && (after.is_empty() || after.starts_with(": ") || after.starts_with(" ["))
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'$'))
        && ["Error", "Exception", "Throwable"]
            .iter()
            .any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loggers_line_is_known_by_its_start() {
        for text in [
            "2024-05-01T10:31:07Z ready",
            "2024-05-01 10:31:07,815 - shop - INFO",
            "2024/05/01 10:31:07 ready",
            "[2024-05-01 10:31:07 +0000] [7] [INFO]",
            "  10:31:07.123 ready",
            "01/May/2024:10:31:07 GET",
            "20240501 10:31:07",
            "1714557067.123 ready",
            "May  1 10:31:07 host app:",
            "Wed, 01 May 2024 10:31:07 ready",
            "Wed May  1 10:31:07",
            "E0501 10:31:07.123456 1 main.go:3]",
            "INFO ready",
            "ERROR:root:failed",
            "[error] failed",
            "[ WARN ] slow",
            "warning: slow",
            "info: Microsoft.Hosting.Lifetime[0]",
            "\x1b[32mINFO\x1b[0m ready",
            "[main] ERROR com.example.Shop - failed",
            "<13>ready",
            "level=info msg=ready",
        ] {
            assert!(Line::new(text).is_log_head(), "{text}");
        }
        for text in [
            "",
            "}",
            "ready",
            "Error: boom",
            "panic: boom",
            "error in the cart",
            "10 items",
            "2 of 3",
            "10.0.0.1 - -",
            "March on",
            "Monday",
            "INFORMAL",
            "ERROR_CODE=3",
            "[cause]: Error: x",
            "E0501",
            "<html>",
            "information",
        ] {
            assert!(!Line::new(text).is_log_head(), "{text}");
        }
    }

    #[test]
    fn colours_do_not_hide_the_indent() {
        let line = Line::new("\x1b[90m  \x1b[0;1m  at f (a.js:1:2) \t");

        assert_eq!((line.indent, line.body), (4, "at f (a.js:1:2)"));
    }

    #[test]
    fn closing_brackets_stand_alone() {
        for text in ["}", "]", "});", "},", "}, {", "}]"] {
            assert!(Line::new(text).closes_bracket(), "{text}");
        }
        for text in ["", "{", "} else", "}x", "; }"] {
            assert!(!Line::new(text).closes_bracket(), "{text}");
        }
    }
}
