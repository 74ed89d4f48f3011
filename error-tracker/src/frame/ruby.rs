//! Ruby: `app.rb:3:in 'total'`, with `from` in front of all frames but the first.

use memchr::memmem;

use super::place::{cut_place, has_segment, is_absolute};
use super::{Frame, Language};

/// A frame line, and the error text that the first one carries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RubyLine<'a> {
    pub(crate) frame: Frame<'a>,
    /// `divided by 0 (ZeroDivisionError)`.
    pub(crate) title: Option<&'a str>,
}

/// Reads one line.
pub(crate) fn read(body: &str) -> Option<RubyLine<'_>> {
    let body = body.strip_prefix("from ").unwrap_or(body);
    // Ruby 3.4 quotes with two apostrophes, older ones open with a backtick.
    let at = memmem::find(body.as_bytes(), b":in ")?;
    let method = body[at + 4..].strip_prefix(['`', '\''])?;
    let place = cut_place(&body[..at]).filter(|place| place.column.is_none() && is_file(place.file))?;
    let (function, rest) = method.split_once('\'')?;
    let title = match rest {
        "" => None,
        _ => Some(rest.strip_prefix(": ")?),
    };
    let function = (!function.is_empty()).then_some(function);
    let frame = Frame {
        file: place.file,
        line: place.line,
        column: None,
        function,
        language: Language::Ruby,
    };
    Some(RubyLine { frame, title })
}

/// A path, `-e`, `(eval at app.rb:3)` or `<internal:kernel>`; a path with spaces must be absolute.
fn is_file(file: &str) -> bool {
    !file.contains(": ") && (!file.contains(' ') || is_absolute(file) || file.starts_with("(eval at "))
}

/// Gems, the standard library, and the interpreter.
pub(super) fn is_library(file: &str) -> bool {
    file.starts_with("<internal:")
        || has_segment(file, |before, segment| match segment {
            "gems" | "rubygems" | "rubies" => true,
            "ruby" => before == "lib",
            "bundle" => before == "vendor",
            _ => false,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_old_and_new() {
        for (body, file, line, function, title) in [
            ("app.rb:3:in `total'", "app.rb", "3", "total", None),
            (
                "from /srv/a b.rb:12:in 'Integer#/'",
                "/srv/a b.rb",
                "12",
                "Integer#/",
                None,
            ),
            (
                "-e:1:in '<main>': no: it's 5 (RuntimeError)",
                "-e",
                "1",
                "<main>",
                Some("no: it's 5 (RuntimeError)"),
            ),
        ] {
            let found = read(body).expect(body);
            assert_eq!((found.frame.file, found.frame.line), (file, line), "{body}");
            assert_eq!(
                (found.frame.function, found.title),
                (Some(function), title),
                "{body}"
            );
        }
        for body in [
            "see app.rb:3:in `x'",
            "app.rb:3:in x",
            "app.rb:in `x'",
            "a: b.rb:3:in `x'",
            "b.rb:3:in `x' or so",
        ] {
            assert!(read(body).is_none(), "{body}");
        }
    }

    #[test]
    fn gems_are_libraries() {
        for file in [
            "/usr/local/bundle/gems/rack-3.0/lib/rack.rb",
            "/usr/lib/ruby/3.1.0/json.rb",
            "<internal:kernel>",
        ] {
            assert!(is_library(file), "{file}");
        }
        assert!(!is_library("/srv/shop/app/models/user.rb"));
    }
}
