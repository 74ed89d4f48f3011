//! Decides how bad an entry is, from the beginning of its text.
//!
//! What a logger wrote on purpose decides: a JSON or logfmt field, a word in the line's heading, the first line of a
//! stack trace. Words in a sentence decide nothing. When the text says nothing, the stream does.
//! It runs for every line that comes in, so it looks at a few hundred bytes and allocates only for colours.

mod heading;
mod members;
mod trace;

use crate::ansi;
use crate::entry::{Level, Stream};

/// How much of a text is looked at, unless it is JSON.
const WINDOW_BYTES: usize = 512;

/// The level of an entry.
pub(crate) fn detect(text: &str, stream: Stream) -> Level {
    decides(text).unwrap_or(match stream {
        Stream::Stdout => Level::Info,
        Stream::Stderr => Level::Error,
    })
}

/// The level that a text itself names; none when only the stream can decide.
pub(crate) fn decides(text: &str) -> Option<Level> {
    let text = text.trim_ascii_start();
    if text.starts_with('{') {
        return members::find(text);
    }
    let window = &text[..text.floor_char_boundary(WINDOW_BYTES)];
    let plain = ansi::stripped(window);
    let plain = plain.trim_ascii_start();
    let line = match memchr::memchr(b'\n', plain.as_bytes()) {
        Some(end) => &plain[..end],
        None => plain,
    };
    syslog_prefix(line)
        .or_else(|| klog(line.as_bytes()))
        .or_else(|| trace::find(line))
        .or_else(|| in_line(line))
        .or_else(|| members::embedded(text))
}

/// Reads the name of a level, in any case: `warn`, `WARNING`, `Fatal`.
pub(crate) fn parse_level(text: &str) -> Option<Level> {
    name(text.trim().as_bytes())
}

/// What comes first decides, except that a line which begins as logfmt is logfmt to its end: there, capitals are values.
fn in_line(line: &str) -> Option<Level> {
    let field = logfmt(line.as_bytes());
    let word = heading::find(line.as_bytes());
    match (field, word) {
        (Some((field_at, level)), Some((word_at, word_level))) => {
            let first = line.split_ascii_whitespace().next().unwrap_or_default();
            Some(if field_at < word_at || first.contains('=') {
                level
            } else {
                word_level
            })
        }
        (field, word) => field.or(word).map(|(_, level)| level),
    }
}

/// `level=warn`, `lvl="error"`, `severity=3`: where it stands and what it says.
fn logfmt(line: &[u8]) -> Option<(usize, Level)> {
    memchr::memchr_iter(b'=', line).find_map(|equals| {
        let is_key = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'@' | b'-');
        let begin = line[..equals]
            .iter()
            .rposition(|byte| !is_key(byte))
            .map_or(0, |before| before + 1);
        // A query string of a URL is no field of the line.
        if begin > 0 && matches!(line[begin - 1], b'?' | b'&' | b'/' | b':') {
            return None;
        }
        let key = &line[begin..equals];
        if !is_level_key(key) {
            return None;
        }
        let value = &line[equals + 1..];
        let value = value.strip_prefix(b"\"").unwrap_or(value);
        let end = value
            .iter()
            .position(|byte| !byte.is_ascii_alphanumeric())
            .unwrap_or(value.len());
        Some((begin, field_value(key, &value[..end])?))
    })
}

/// Whether a field of this name holds a level.
fn is_level_key(key: &[u8]) -> bool {
    const KEYS: [&[u8]; 11] = [
        b"level",
        b"lvl",
        b"severity",
        b"log.level",
        b"levelname",
        b"@l",
        b"severity_text",
        b"severitytext",
        b"loglevel",
        b"log_level",
        b"@level",
    ];
    KEYS.iter().any(|name| key.eq_ignore_ascii_case(name))
}

/// The value of a field that holds a level: a name, a letter or a number.
fn field_value(key: &[u8], value: &[u8]) -> Option<Level> {
    if let [letter] = value
        && letter.is_ascii_alphabetic()
    {
        return self::letter(letter.to_ascii_uppercase());
    }
    if value.first()?.is_ascii_digit() {
        let number: u32 = std::str::from_utf8(value).ok()?.parse().ok()?;
        return if number < 8 && key.eq_ignore_ascii_case(b"severity") {
            Some(syslog(number))
        } else {
            pino(number)
        };
    }
    name(value)
}

/// The numbers of pino and bunyan; custom ones lie between.
fn pino(number: u32) -> Option<Level> {
    Some(match number {
        10..=29 => Level::Debug,
        30..=39 => Level::Info,
        40..=49 => Level::Warning,
        50..=59 => Level::Error,
        60 => Level::Critical,
        _ => return None,
    })
}

fn syslog(severity: u32) -> Level {
    match severity {
        0..=2 => Level::Critical,
        3 => Level::Error,
        4 => Level::Warning,
        5 | 6 => Level::Info,
        _ => Level::Debug,
    }
}

/// `<3>` as the kernel and journald write it, `<134>` as syslog sends it.
fn syslog_prefix(line: &str) -> Option<Level> {
    let (digits, _) = line
        .strip_prefix('<')?
        .get(..4.min(line.len() - 1))?
        .split_once('>')?;
    let priority: u32 = digits.parse().ok()?;
    (priority < 192).then(|| syslog(priority % 8))
}

/// `E0301 12:00:00.000000`: the letter and the date in one word.
fn klog(line: &[u8]) -> Option<Level> {
    let [letter, m1, m2, d1, d2, b' ', h1, h2, b':', ..] = line else {
        return None;
    };
    let is_date = [m1, m2, d1, d2, h1, h2].iter().all(|byte| byte.is_ascii_digit());
    is_date.then(|| self::letter(*letter)).flatten()
}

/// A level as one capital.
fn letter(letter: u8) -> Option<Level> {
    Some(match letter {
        b'T' | b'D' | b'V' => Level::Debug,
        b'I' | b'N' => Level::Info,
        b'W' => Level::Warning,
        b'E' => Level::Error,
        b'C' | b'F' | b'P' => Level::Critical,
        _ => return None,
    })
}

/// A level as a word, in any case.
fn name(word: &[u8]) -> Option<Level> {
    let mut lower = [0_u8; 13];
    let lower = lower.get_mut(..word.len())?;
    lower.copy_from_slice(word);
    lower.make_ascii_lowercase();
    Some(match &*lower {
        b"trace" | b"trc" | b"trce" | b"debug" | b"dbg" | b"dbug" | b"verbose" | b"fine" | b"finer"
        | b"finest" => Level::Debug,
        b"info" | b"inf" | b"information" | b"informational" | b"notice" | b"note" | b"log" | b"success" => {
            Level::Info
        }
        b"warn" | b"wrn" | b"warning" => Level::Warning,
        b"error" | b"err" | b"eror" | b"severe" | b"fail" => Level::Error,
        b"critical" | b"crit" | b"fatal" | b"ftl" | b"panic" | b"dpanic" | b"emerg" | b"emergency"
        | b"alert" => Level::Critical,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
