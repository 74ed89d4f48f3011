//! PHP: `#0 /srv/cart.php(12): total()`, and the place of the throw at the end of the line above the trace.

use super::place::{cut_leading_number, cut_place, has_segment, is_absolute};
use super::{Frame, Language};

/// Reads a numbered frame, free of its `#`.
pub(crate) fn read(numbered: &str) -> Option<Frame<'_>> {
    let (_, rest) = cut_leading_number(numbered)?;
    let call = rest.strip_prefix(' ')?;
    if let Some(function) = call.strip_prefix("[internal function]: ") {
        return Some(frame("", "", Some(name_of(function))));
    }
    // A path may hold parentheses: the first number in parentheses before a colon ends it.
    call.match_indices('(').find_map(|(open, _)| {
        let (line, rest) = cut_leading_number(&call[open + 1..])?;
        let function = rest.strip_prefix("): ")?;
        (open > 0).then(|| frame(&call[..open], line, Some(name_of(function))))
    })
}

/// Reads where the exception was thrown: `… Uncaught Exception: no in /srv/cart.php:12` above `Stack trace:`.
pub(crate) fn read_throw(above: &str) -> Option<Frame<'_>> {
    let place = cut_place(above.rsplit_once(" in ")?.1).filter(|place| is_file(place.file))?;
    Some(frame(place.file, place.line, None))
}

fn is_file(file: &str) -> bool {
    is_absolute(file) || file.ends_with(".php")
}

/// The function without its arguments, which may hold anything.
fn name_of(call: &str) -> &str {
    call.split('(').next().unwrap_or(call)
}

fn frame<'a>(file: &'a str, line: &'a str, function: Option<&'a str>) -> Frame<'a> {
    Frame {
        file,
        line,
        column: None,
        function,
        language: Language::Php,
    }
}

/// Packages of Composer, and archives.
pub(super) fn is_library(file: &str) -> bool {
    file.starts_with("phar://") || has_segment(file, |_, segment| segment == "vendor")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_and_the_throw_are_read() {
        let found = read("0 /srv/a (1)/b.php(12): Shop\\Cart->total(Array, '(3): x')").expect("a frame");
        assert_eq!(
            (found.file, found.line, found.function),
            ("/srv/a (1)/b.php", "12", Some("Shop\\Cart->total"))
        );
        assert!(found.is_in_app());
        assert!(
            !read("1 /srv/vendor/x/y.php(3): f()")
                .expect("a frame")
                .is_in_app()
        );
        assert_eq!(
            read("2 [internal function]: array_map(Object(Closure))")
                .expect("a frame")
                .line,
            ""
        );
        let throw = read_throw("PHP Fatal error:  Uncaught E: no in /evil.php:3 in /srv/cart.php:12")
            .expect("a frame");
        assert_eq!((throw.file, throw.line), ("/srv/cart.php", "12"));
    }

    #[test]
    fn other_lines_are_no_frames() {
        for numbered in [
            "",
            "0",
            "0 {main}",
            "1 on the list (3) is",
            "0 (3): f",
            "x /a(3): f()",
            "0 /a(b): f()",
        ] {
            assert!(read(numbered).is_none(), "{numbered}");
        }
        assert!(read_throw("it began in town:3").is_none());
    }
}
