//! .NET: `at Shop.Cart.Total(Int32 id) in C:\shop\Cart.cs:line 42`.

use memchr::memmem;

use super::place::cut_leading_number;
use super::{Frame, Language};

/// Reads what follows `at `.
pub(crate) fn read_at(call: &str) -> Option<Frame<'_>> {
    let Some(at) = memmem::rfind(call.as_bytes(), b":line ") else {
        return placeless(call);
    };
    let (line, rest) = cut_leading_number(&call[at + 6..])?;
    // The signature ends with a parenthesis, or Mono's offset: `Cart.Total () [0x00012] in …`.
    let (method, file) = call[..at]
        .split_once(" in ")
        .filter(|(method, _)| method.ends_with([')', ']']))?;
    (rest.is_empty() && !file.is_empty()).then(|| frame(file, line, method))
}

/// Builds without symbols print the signature alone.
fn placeless(call: &str) -> Option<Frame<'_>> {
    let (method, parameters) = call.strip_suffix(')')?.split_once('(')?;
    let is_method = method.contains('.') && !method.contains(' ') && !parameters.contains(['(', ':']);
    is_method.then(|| frame("", "", call))
}

fn frame<'a>(file: &'a str, line: &'a str, method: &'a str) -> Frame<'a> {
    let function = method.split('(').next().unwrap_or(method).trim_end();
    Frame {
        file,
        line,
        column: None,
        function: Some(function),
        language: Language::DotNet,
    }
}

/// The platform.
pub(super) fn is_library(function: &str) -> bool {
    ["System.", "Microsoft.", "Mono.", "MS.Internal."]
        .iter()
        .any(|name| function.starts_with(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_with_and_without_symbols() {
        for (call, file, line, function, in_app) in [
            ("Foo.Bar() in C:\\x.cs:line 42", "C:\\x.cs", "42", "Foo.Bar", true),
            (
                "Foo.<A>d__3.MoveNext() in /s r/x.cs:line 5",
                "/s r/x.cs",
                "5",
                "Foo.<A>d__3.MoveNext",
                true,
            ),
            (
                "System.IO.File.Open(String path) in /_/src/File.cs:line 5",
                "/_/src/File.cs",
                "5",
                "System.IO.File.Open",
                false,
            ),
            ("Foo.Bar(String s, Int32 i)", "", "", "Foo.Bar", false),
        ] {
            let frame = read_at(call).expect(call);
            assert_eq!(
                (frame.file, frame.line, frame.function),
                (file, line, Some(function)),
                "{call}"
            );
            assert_eq!(frame.is_in_app(), in_app, "{call}");
        }
    }

    #[test]
    fn other_lines_are_no_frames() {
        for call in [
            "noon in town:line 4",
            "a:line",
            ":line 4",
            "a() in :line 4",
            "a() in b:line 4x",
            "f (x)",
        ] {
            assert!(read_at(call).is_none(), "{call}");
        }
    }
}
