//! Reads one line of Docker's json-file.

use std::borrow::Cow;
use std::collections::HashMap;

use memchr::memchr2;
use serde_json::value::RawValue;

use crate::entry::Stream;
use crate::nanos::Nanos;

/// Once written by a process: a line, or a part of a long one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record<'a> {
    /// With its newline. Without one it is a part, and the rest of the line comes later.
    pub(crate) text: Cow<'a, str>,
    pub(crate) stream: Stream,
    /// All parts of a line carry the time of the first.
    pub(crate) at: Nanos,
}

/// Why a line is no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    /// Half a record, or something else altogether.
    #[error("not a record")]
    NotARecord,
    #[error("a record without a usable time")]
    NoTime,
}

/// Reads a line, with or without its newline.
pub(crate) fn parse(line: &[u8]) -> Result<Record<'_>, Fault> {
    // After a loss of power the file may have NUL bytes where something had been promised but not written.
    let start = line.iter().position(|byte| *byte != 0).unwrap_or(line.len());
    let line = line[start..].trim_ascii_end();
    read_exact(line).unwrap_or_else(|| read_any(line))
}

/// Reads exactly what Docker writes; `None` if it is anything else, however slightly.
fn read_exact(line: &[u8]) -> Option<Result<Record<'_>, Fault>> {
    let mut rest = line.strip_prefix(b"{")?;
    let mut text = Cow::Borrowed("");
    if let Some(string) = rest.strip_prefix(b"\"log\":\"") {
        // The rest of the record is at least this long.
        let (decoded, after) = cut_string(string, string.len().saturating_sub(60))?;
        text = decoded;
        rest = after.strip_prefix(b",")?;
    }
    let mut stream = Stream::Stdout;
    if let Some(after) = rest.strip_prefix(b"\"stream\":\"stdout\",") {
        rest = after;
    } else if let Some(after) = rest.strip_prefix(b"\"stream\":\"stderr\",") {
        stream = Stream::Stderr;
        rest = after;
    }
    if let Some(attributes) = rest.strip_prefix(b"\"attrs\":{") {
        rest = skip_attributes(attributes)?.strip_prefix(b",")?;
    }
    let time = rest.strip_prefix(b"\"time\":\"")?.strip_suffix(b"\"}")?;
    if memchr2(b'"', b'\\', time).is_some() {
        return None;
    }
    let at = std::str::from_utf8(time).ok().and_then(Nanos::parse);
    Some(at.map(|at| Record { text, stream, at }).ok_or(Fault::NoTime))
}

/// The strings of a flat object, up to behind its brace.
fn skip_attributes(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        let at = memchr2(b'"', b'}', rest)?;
        if rest[at] == b'}' {
            return Some(&rest[at + 1..]);
        }
        rest = &rest[at + 1..];
        loop {
            let at = memchr2(b'"', b'\\', rest)?;
            // An escape's second byte does not count.
            let is_end = rest[at] == b'"';
            rest = rest.get(at + if is_end { 1 } else { 2 }..)?;
            if is_end {
                break;
            }
        }
    }
}

/// Any JSON object that has the members. The last of equal ones counts.
fn read_any(line: &[u8]) -> Result<Record<'_>, Fault> {
    let line = String::from_utf8_lossy(line);
    let members: HashMap<Cow<'_, str>, &RawValue> =
        serde_json::from_str(&line).map_err(|_| Fault::NotARecord)?;
    let member = |name: &str| match members.get(name).map(|value| value.get()) {
        None | Some("null") => Ok(None),
        Some(value) => string_of(value).map(Some).ok_or(Fault::NotARecord),
    };
    let text = member("log")?.unwrap_or_default();
    let stream = match member("stream")?.as_deref() {
        Some("stderr") => Stream::Stderr,
        _ => Stream::Stdout,
    };
    let time = member("time").ok().flatten().ok_or(Fault::NoTime)?;
    let at = Nanos::parse(&time).ok_or(Fault::NoTime)?;
    Ok(Record {
        text: text.into(),
        stream,
        at,
    })
}

fn string_of(json: &str) -> Option<String> {
    let (text, after) = cut_string(json.as_bytes().strip_prefix(b"\"")?, 0)?;
    after.is_empty().then(|| text.into_owned())
}

/// Takes the inside of a string off the front, and its closing quote.
///
/// `serde_json` would do, but refuses half a surrogate pair, and one bad character must not cost a line.
fn cut_string(string: &[u8], likely_length: usize) -> Option<(Cow<'_, str>, &[u8])> {
    let mut at = memchr2(b'"', b'\\', string)?;
    if string[at] == b'"' {
        return Some((String::from_utf8_lossy(&string[..at]), &string[at + 1..]));
    }
    let mut text = String::with_capacity(likely_length);
    let mut rest = string;
    loop {
        let piece = &rest[..at];
        match std::str::from_utf8(piece) {
            Ok(piece) => text.push_str(piece),
            Err(_) => text.push_str(&String::from_utf8_lossy(piece)),
        }
        let is_end = rest[at] == b'"';
        rest = &rest[at + 1..];
        if is_end {
            return Some((Cow::Owned(text), rest));
        }
        let (char, after) = cut_escape(rest)?;
        text.push(char);
        rest = after;
        at = memchr2(b'"', b'\\', rest)?;
    }
}

/// Takes what follows a backslash.
fn cut_escape(rest: &[u8]) -> Option<(char, &[u8])> {
    let (kind, rest) = rest.split_first()?;
    let char = match kind {
        b'n' => '\n',
        b'"' | b'\\' | b'/' => char::from(*kind),
        b't' => '\t',
        b'r' => '\r',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'u' => return cut_unicode(rest),
        _ => return None,
    };
    Some((char, rest))
}

fn cut_unicode(rest: &[u8]) -> Option<(char, &[u8])> {
    let (first, rest) = cut_hex(rest)?;
    if let Some(char) = char::from_u32(first) {
        return Some((char, rest));
    }
    // The second half of a pair, if it is there and this is the first.
    let pair = rest
        .strip_prefix(b"\\u")
        .and_then(cut_hex)
        .and_then(|(second, after)| {
            let char = char::decode_utf16([u16::try_from(first).ok()?, u16::try_from(second).ok()?])
                .next()?
                .ok()?;
            Some((char, after))
        });
    Some(pair.unwrap_or((char::REPLACEMENT_CHARACTER, rest)))
}

fn cut_hex(rest: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, rest) = rest.split_at_checked(4)?;
    let number = digits.iter().try_fold(0, |number, digit| {
        char::from(*digit).to_digit(16).map(|digit| number * 16 + digit)
    })?;
    Some((number, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    const TIME: &str = "2024-05-01T10:31:07.5Z";

    fn at() -> Nanos {
        Nanos::parse(TIME).expect("a time")
    }

    #[test]
    fn what_docker_writes_is_read() {
        for (line, text, stream) in [
            (
                r#"{"log":"ready\n","stream":"stdout","time":"T"}"#,
                "ready\n",
                Stream::Stdout,
            ),
            (
                r#"{"log":"half","stream":"stderr","time":"T"}"#,
                "half",
                Stream::Stderr,
            ),
            (r#"{"stream":"stderr","time":"T"}"#, "", Stream::Stderr),
            (r#"{"log":"x","time":"T"}"#, "x", Stream::Stdout),
            (r#"{"time":"T"}"#, "", Stream::Stdout),
            (
                r#"{"log":"x","stream":"stdout","attrs":{"tag":"a}\"\\","b":""},"time":"T"}"#,
                "x",
                Stream::Stdout,
            ),
            (
                r#"{"log":"\u003ca\u003e\t\u001b[1m\r\n","stream":"stdout","time":"T"}"#,
                "<a>\t\u{1b}[1m\r\n",
                Stream::Stdout,
            ),
            (
                r#"{"log":"\ud83d\ude00 \"\\\/\b\f","stream":"stdout","time":"T"}"#,
                "😀 \"\\/\u{8}\u{c}",
                Stream::Stdout,
            ),
            (
                r#"{"log":"\ud83d x\ude00\ud83d\u0041","stream":"stdout","time":"T"}"#,
                "\u{fffd} x\u{fffd}\u{fffd}A",
                Stream::Stdout,
            ),
            (
                r#"{"log":"\ud83d\ud83d\ude00","time":"T"}"#,
                "\u{fffd}😀",
                Stream::Stdout,
            ),
            // Not as Docker writes it.
            (
                r#" { "time" : "T", "more": [1, {"log": "no"}], "log": "half \ud83d" } "#,
                "half \u{fffd}",
                Stream::Stdout,
            ),
            (r#"{"log":null,"stream":"stdin","time":"T"}"#, "", Stream::Stdout),
            (
                r#"{"log":"a","stream":"stdout","time":"no","time":"T","log":"b"}"#,
                "b",
                Stream::Stdout,
            ),
            (
                "\0\0\0{\"log\":\"x\",\"stream\":\"stdout\",\"time\":\"T\"}\n",
                "x",
                Stream::Stdout,
            ),
        ] {
            let line = line.replace("\"T\"", &format!("\"{TIME}\""));

            assert_eq!(
                parse(line.as_bytes()),
                Ok(Record {
                    text: text.into(),
                    stream,
                    at: at()
                }),
                "{line}"
            );
        }
    }

    #[test]
    fn what_has_no_escapes_is_borrowed() {
        let line = format!(r#"{{"log":"a part é","stream":"stdout","attrs":{{"tag":"x"}},"time":"{TIME}"}}"#);

        assert!(matches!(
            parse(line.as_bytes()).expect("a record").text,
            Cow::Borrowed("a part é")
        ));
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        for order in [
            r#"{"log":"a?\u0041?\n","time":"T"}"#,
            r#"{"time":"T","log":"a?\u0041?\n"}"#,
        ] {
            let mut line = order.replace('T', TIME).into_bytes();
            line.iter_mut()
                .filter(|byte| **byte == b'?')
                .for_each(|byte| *byte = 0xff);

            assert_eq!(parse(&line).expect("a record").text, "a\u{fffd}A\u{fffd}\n");
        }
    }

    #[test]
    fn faults_are_told_apart() {
        for (line, fault) in [
            ("", Fault::NotARecord),
            ("\0\0\0", Fault::NotARecord),
            ("ready", Fault::NotARecord),
            ("[]", Fault::NotARecord),
            (
                r#"{"log":"x","stream":"stdout","time":"2024-05-01T10:31:07Z""#,
                Fault::NotARecord,
            ),
            (
                r#"{"log":"x\x","stream":"stdout","time":"2024-05-01T10:31:07Z"}"#,
                Fault::NotARecord,
            ),
            (
                r#"{"log":"x\u12","stream":"stdout","time":"2024-05-01T10:31:07Z"}"#,
                Fault::NotARecord,
            ),
            (
                r#"{"log":7,"stream":"stdout","time":"2024-05-01T10:31:07Z"}"#,
                Fault::NotARecord,
            ),
            (
                r#"{"log":"x","time":"2024-05-01T10:31:07Z"}{"log":"y","time":"2024-05-01T10:31:07Z"}"#,
                Fault::NotARecord,
            ),
            (
                r#"{"log":"x","stream":"stdout","time":"yesterday"}"#,
                Fault::NoTime,
            ),
            (
                r#"{"log":"x","stream":"stdout","time":"3024-05-01T10:31:07Z"}"#,
                Fault::NoTime,
            ),
            (r#"{"log":"x","stream":"stdout","time":7}"#, Fault::NoTime),
            (r#"{"log":"x","stream":"stdout"}"#, Fault::NoTime),
            ("{}", Fault::NoTime),
        ] {
            assert_eq!(parse(line.as_bytes()), Err(fault), "{line}");
        }
    }

    /// As Go's encoder escapes more than it must.
    fn escape_all(text: &str) -> String {
        text.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect()
    }

    proptest! {
        #[test]
        fn records_are_what_serde_json_says(
            text in prop_oneof![any::<String>(), "[ -~\\n\\t\"\\\\]{0,30}"],
            stderr: bool,
            attributes: Option<(String, String)>,
            escaped: bool,
            shuffled: bool,
        ) {
            let stream = if stderr { "stderr" } else { "stdout" };
            let log = if escaped { format!("\"{}\"", escape_all(&text)) } else { json!(text).to_string() };
            let attrs = attributes.map(|(key, value)| format!(",\"attrs\":{}", json!({key: value}))).unwrap_or_default();
            let line = if shuffled {
                format!(r#"{{"time":"{TIME}","stream":"{stream}"{attrs},"log":{log}}}"#)
            } else {
                format!(r#"{{"log":{log},"stream":"{stream}"{attrs},"time":"{TIME}"}}"#)
            };

            let record = parse(line.as_bytes()).expect("a record");

            let value: Value = serde_json::from_str(&line).expect("JSON");
            prop_assert_eq!(Some(&*record.text), value["log"].as_str());
            prop_assert_eq!(record.stream.as_str(), stream);
            prop_assert_eq!(record.at, at());
        }

        #[test]
        fn nothing_makes_it_panic(bytes: Vec<u8>, cut in 0..100_usize) {
            let _ = parse(&bytes);
            let mut line = br#"{"log":""#.to_vec();
            line.extend(&bytes);
            let _ = parse(&line);
            line.extend(br#"\ud83d\u","stream":"stdout","attrs":{"a":"\"},"time":"2024-05-01T10:31:07Z"}"#);
            let _ = parse(&line[..line.len().saturating_sub(cut)]);
        }
    }
}
