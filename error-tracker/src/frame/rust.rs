//! Rust: `thread 'main' panicked at src/main.rs:5:10:`, and `at src/main.rs:5:10` in a backtrace.

use memchr::memmem;

use super::place::{Place, cut_place, extension, has_segment};
use super::{Frame, Language};

/// Reads the first line of a panic.
pub(crate) fn read_panic(body: &str) -> Option<Frame<'_>> {
    let place = if body.starts_with("thread '") {
        let at = memmem::find(body.as_bytes(), b" panicked at ")?;
        &body[at + 13..]
    } else {
        body.strip_prefix("panicked at ")?
    };
    let place = match place.strip_suffix(':') {
        Some(place) => place,
        // Before Rust 1.73 the message came first: `panicked at 'boom', src/main.rs:5:10`.
        None => place.strip_prefix('\'')?.rsplit_once("', ")?.1,
    };
    cut_place(place)
        .filter(|place| place.column.is_some())
        .map(|place| frame(place, None))
}

/// Reads what follows `at `; the function stands in the line above: `   3: shop::total`.
pub(crate) fn read_at<'a>(place: &'a str, above: &'a str) -> Option<Frame<'a>> {
    let place = cut_place(place).filter(|place| extension(place.file) == "rs")?;
    let function = above
        .split_once(": ")
        .filter(|(number, _)| number.bytes().all(|byte| byte.is_ascii_digit()));
    let function = function.map(|(_, function)| function.trim_start());
    // `RUST_BACKTRACE=full` prints the address first.
    let function = function.map(|name| match name.split_once(" - ") {
        Some((address, name)) if address.starts_with("0x") => name,
        _ => name,
    });
    Some(frame(place, function))
}

fn frame<'a>(place: Place<'a>, function: Option<&'a str>) -> Frame<'a> {
    Frame {
        file: place.file,
        line: place.line,
        column: place.column,
        function,
        language: Language::Rust,
    }
}

/// The standard library, dependencies, and the toolchain.
pub(super) fn is_library(file: &str) -> bool {
    file.starts_with("/rustc/")
        || file.starts_with("library/")
        || has_segment(file, |before, segment| match segment {
            "registry" | "git" => matches!(before, ".cargo" | "cargo"),
            "rustlib" | "toolchains" => matches!(before, "lib" | ".rustup" | "rustup"),
            _ => false,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_are_read_old_and_new() {
        for (body, file, line) in [
            ("thread 'main' panicked at src/main.rs:5:10:", "src/main.rs", "5"),
            (
                "thread 'main' (4711) panicked at src/main.rs:5:10:",
                "src/main.rs",
                "5",
            ),
            (
                "thread '<unnamed>' panicked at C:\\a b\\m.rs:5:10:",
                "C:\\a b\\m.rs",
                "5",
            ),
            (
                "thread 'main' panicked at 'it's, x', src/lib.rs:7:1",
                "src/lib.rs",
                "7",
            ),
            ("panicked at src/lib.rs:7:1:", "src/lib.rs", "7"),
        ] {
            let frame = read_panic(body).expect(body);
            assert_eq!((frame.file, frame.line), (file, line), "{body}");
        }
        for body in [
            "thread 'main' panicked at boom",
            "panicked at noon:",
            "thread 'x' died at a.rs:1:2:",
        ] {
            assert!(read_panic(body).is_none(), "{body}");
        }
    }

    #[test]
    fn the_function_stands_above_its_place() {
        let frame = read_at("./src/main.rs:5:10", "3: shop::total").expect("a frame");
        assert_eq!(
            (frame.file, frame.function),
            ("./src/main.rs", Some("shop::total"))
        );
        let frame = read_at("a.rs:5", "12:     0x55d0 - <a::B as c::D>::e").expect("a frame");
        assert_eq!((frame.column, frame.function), (None, Some("<a::B as c::D>::e")));
        assert!(read_at("a.js:5:10", "").is_none());
    }

    #[test]
    fn libraries_are_told_from_the_application() {
        for file in [
            "/rustc/90b35a6239c3d8bdabc530a6a0816f7ff89a0aaf/library/core/src/option.rs",
            "/home/me/.cargo/registry/src/index-1a2b/tokio-1.0/src/lib.rs",
            "/usr/local/cargo/registry/src/x/y.rs",
            "/home/me/.rustup/toolchains/stable/lib/rustlib/src/rust/library/std/src/panic.rs",
        ] {
            assert!(is_library(file), "{file}");
        }
        assert!(!is_library("/srv/shop/src/library/git.rs"));
    }
}
