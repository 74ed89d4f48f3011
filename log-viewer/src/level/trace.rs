//! First lines of stack traces and crashes: what they begin says that something failed.

use crate::entry::Level;

/// How such a line begins.
const HEADS: [(&str, Level); 17] = [
    ("Traceback (most recent call last)", Level::Error),
    ("panic: ", Level::Error),
    ("fatal error: ", Level::Error),
    ("Fatal error: ", Level::Error),
    ("Exception in thread ", Level::Error),
    ("Exception Group Traceback", Level::Error),
    ("Unhandled exception", Level::Error),
    ("Unhandled Exception", Level::Error),
    ("Uncaught ", Level::Error),
    ("Caused by: ", Level::Error),
    ("Segmentation fault", Level::Error),
    ("PHP Fatal error", Level::Error),
    ("PHP Parse error", Level::Error),
    ("PHP Warning", Level::Warning),
    ("PHP Deprecated", Level::Warning),
    ("PHP Notice", Level::Info),
    ("(node:", Level::Warning),
];

/// The level that such a beginning gives.
pub(super) fn find(line: &str) -> Option<Level> {
    let first = *line.as_bytes().first()?;
    if let Some((_, level)) = HEADS
        .iter()
        .find(|(head, _)| head.as_bytes()[0] == first && line.starts_with(head))
    {
        return Some(*level);
    }
    let is_panic = first == b't' && line.starts_with("thread '") && line.contains("' panicked at");
    (is_panic || names_an_exception(line)).then_some(Level::Error)
}

/// `java.lang.IllegalStateException: why`, `redis.exceptions.ConnectionError: why`, or the name alone.
fn names_an_exception(line: &str) -> bool {
    let bytes = line.as_bytes();
    let end = memchr::memchr(b' ', bytes).unwrap_or(bytes.len());
    let word = &bytes[..end];
    let type_path = match word.strip_suffix(b":") {
        Some(path) => path,
        None if end == bytes.len() => word,
        None => return false,
    };
    if !(type_path.ends_with(b"Exception") || type_path.ends_with(b"Error")) {
        return false;
    }
    let is_part =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'$' | b'\\' | b':');
    let name = type_path
        .rsplit(|byte| matches!(byte, b'.' | b'$' | b'\\' | b':'))
        .next();
    // `lastError: none` is a value, not a type.
    type_path.iter().all(is_part) && name.is_some_and(|name| name.first().is_some_and(u8::is_ascii_uppercase))
}
