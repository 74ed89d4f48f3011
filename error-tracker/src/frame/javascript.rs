//! JavaScript: `at pay (https://shop/main.js:12:34)` of Chrome and Node, `pay@https://shop/main.js:12:34` of
//! Firefox and Safari, and code made by `eval` in each.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use memchr::{memchr, memchr_iter, memmem, memrchr2};

use super::place::{
    Place, cut_leading_number, cut_place, extension, has_segment, is_absolute, matching_parenthesis, scheme,
};
use super::{Frame, Language};

/// Where packages are installed; it is found faster than the names of a path are walked.
static MODULES: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("node_modules"));

/// Longest function name that is believed; a sentence with an `@` in it is usually longer.
const FUNCTION_MAX_BYTES: usize = 200;

/// Reads what follows `at ` in Chrome and Node.
pub(crate) fn read_at(call: &str) -> Option<Frame<'_>> {
    let call = call.strip_prefix("async ").unwrap_or(call);
    if !call.ends_with(')') {
        // Without a function only the place is printed, and it starts at a root or is a source file.
        let place = cut_place(call).filter(|place| is_bare_file(place.file))?;
        return is_usable(place.file).then(|| frame(place, None));
    }
    let (function, place) = split_call(call)?;
    let function = (!function.is_empty()).then_some(function);
    if let Some(origin) = eval_origin(place) {
        return origin
            .map(|place| frame(place, function))
            .or_else(|| placeless(function));
    }
    let place = place.strip_prefix("address at ").unwrap_or(place);
    match cut_place(place) {
        Some(place) if is_usable(place.file) => Some(frame(place, function)),
        Some(place) => is_generated(place.file).then(|| placeless(function))?,
        None => is_placeless(place).then(|| placeless(function))?,
    }
}

/// Reads `function@place` of Firefox and Safari.
pub(crate) fn read_mozilla(body: &str) -> Option<Frame<'_>> {
    let at = memchr(b'@', body.as_bytes()).filter(|at| *at <= FUNCTION_MAX_BYTES)?;
    let (function, place) = (&body[..at], &body[at + 1..]);
    let function = mozilla_function(function)?;
    if place == "[native code]" {
        return placeless(function);
    }
    // `main.js line 5 > eval:1:2`: the first line number is the one in the real file.
    let place = match memmem::find(place.as_bytes(), b" line ") {
        Some(at) => {
            let (line, rest) = cut_leading_number(&place[at + 6..])?;
            rest.starts_with(" > ").then_some(Place {
                file: &place[..at],
                line,
                column: None,
            })?
        }
        None => cut_place(place)?,
    };
    let is_url = scheme(place.file).is_some() && place.file.contains('/');
    let is_file = is_url || place.file.starts_with('/') || is_source_file(place.file);
    (is_file && is_usable(place.file) && !has_space(place.file)).then(|| frame(place, function))
}

/// Function names of Firefox and Safari; `None` when the text is none of them.
fn mozilla_function(text: &str) -> Option<Option<&str>> {
    // `promise callback*load`: the part before the star says how it was called.
    let name = text.rsplit('*').next().unwrap_or(text);
    let known =
        name.ends_with(" code") || name.starts_with("get ") || name.starts_with("set ") || text.contains('*');
    if has_space(name) && !known || name.contains(": ") {
        return None;
    }
    Some((!name.is_empty()).then_some(name))
}

/// Splits `function (place)`.
fn split_call(call: &str) -> Option<(&str, &str)> {
    let is_free = |at: usize| at == 0 || call.as_bytes()[at - 1] == b' ';
    let open = match matching_parenthesis(call) {
        Some(at) if is_free(at) => at,
        // Parentheses that do not match: the first free one.
        _ if call.starts_with('(') => 0,
        _ => memmem::find(call.as_bytes(), b" (")? + 1,
    };
    Some((call[..open].trim_end(), &call[open + 1..call.len() - 1]))
}

/// The place of the real code in `eval at run (https://x/a.js:3:4), <anonymous>:1:2`, however deeply nested.
///
/// The outer `Option` says whether this is an eval frame at all, the inner whether its origin has a file.
fn eval_origin(place: &str) -> Option<Option<Place<'_>>> {
    let nested = place.strip_prefix("eval at ")?.as_bytes();
    let tail = &place[memmem::rfind(nested, b"eval at ").map_or(8, |at| at + 16)..];
    // The place ends with a number and a parenthesis; one in the path is followed by more path.
    let end = memchr_iter(b')', tail.as_bytes()).find(|end| {
        tail[..*end].ends_with(|last: char| last.is_ascii_digit())
            && matches!(tail.as_bytes().get(end + 1), None | Some(b')' | b','))
    });
    let origin = end.and_then(|end| split_call(&tail[..=end]));
    Some(
        origin
            .and_then(|(_, place)| cut_place(place))
            .filter(|place| is_usable(place.file)),
    )
}

fn frame<'a>(place: Place<'a>, function: Option<&'a str>) -> Frame<'a> {
    Frame {
        file: place.file,
        line: place.line,
        column: place.column,
        function,
        language: Language::JavaScript,
    }
}

/// A frame of the engine itself; it has no file and never decides.
fn placeless(function: Option<&str>) -> Option<Frame<'_>> {
    Some(Frame {
        file: "",
        line: "",
        column: None,
        function,
        language: Language::JavaScript,
    })
}

/// What stands for a place when the engine has none.
fn is_placeless(place: &str) -> bool {
    matches!(
        place,
        "<anonymous>" | "native" | "[native code]" | "unknown location"
    ) || place.starts_with("index ")
}

/// A file that the same code keeps on its next run.
fn is_usable(file: &str) -> bool {
    let is_named =
        is_absolute(file) || file.contains(['/', '\\']) || (!has_space(file) && file.contains('.'));
    is_named && !is_generated(file) && !file.starts_with("data:")
}

/// Names the engine makes up: `<anonymous>`, `evalmachine.<anonymous>`, `[eval]`, `VM123`, `REPL1`.
fn is_generated(file: &str) -> bool {
    let numbered = |name: &str| {
        file.strip_prefix(name)
            .is_some_and(|rest| cut_leading_number(rest).is_some())
    };
    file.ends_with("<anonymous>") || file.starts_with('[') || numbered("VM") || numbered("REPL")
}

/// A file that can stand alone after `at `, where a sentence could stand too.
fn is_bare_file(file: &str) -> bool {
    is_absolute(file) || is_source_file(file)
}

/// A relative path that ends like source code.
fn is_source_file(file: &str) -> bool {
    const EXTENSIONS: [&str; 12] = [
        "js", "mjs", "cjs", "ts", "tsx", "jsx", "mts", "cts", "vue", "svelte", "bundle", "html",
    ];
    !has_space(file) && !file.contains([':', '@']) && EXTENSIONS.contains(&extension(file))
}

fn has_space(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_whitespace())
}

/// Packages, the engine's own modules, browser extensions, bundler glue, and Monlight's own script.
pub(super) fn is_library(file: &str) -> bool {
    const FOREIGN_SCHEMES: [&str; 9] = [
        "node",
        "chrome-extension",
        "moz-extension",
        "safari-extension",
        "safari-web-extension",
        "ms-browser-extension",
        "chrome",
        "resource",
        "wasm",
    ];
    if scheme(file).is_some_and(|scheme| FOREIGN_SCHEMES.contains(&scheme)) || file.starts_with("internal/") {
        return true;
    }
    if MODULES.find(file.as_bytes()).is_some() {
        return true;
    }
    let name = &file[memrchr2(b'/', b'\\', file.as_bytes()).map_or(0, |at| at + 1)..];
    has_segment(file, |before, segment| match segment {
        "browser" => before == "@monlight",
        // `webpack:///webpack/bootstrap 9d3e`
        _ => before == "webpack" && (segment.starts_with("bootstrap") || segment == "runtime"),
    }) || name.starts_with("monlight.")
        || name.starts_with("monlight-browser.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(call: &str) -> Option<(&str, &str, Option<u32>, Option<&str>)> {
        let frame = read_at(call)?;
        Some((frame.file, frame.line, frame.column, frame.function))
    }

    fn mozilla(body: &str) -> Option<(&str, &str, Option<u32>, Option<&str>)> {
        let frame = read_mozilla(body)?;
        Some((frame.file, frame.line, frame.column, frame.function))
    }

    #[test]
    fn chrome_and_node_frames_are_read() {
        for (call, file, line, function) in [
            ("pay (https://x/a.js:3:4)", "https://x/a.js", "3", Some("pay")),
            (
                "async new Foo (webpack-internal:///./src/x.js:8:9)",
                "webpack-internal:///./src/x.js",
                "8",
                Some("new Foo"),
            ),
            (
                "Object.<anonymous> (/srv/a b/c.js:1:2)",
                "/srv/a b/c.js",
                "1",
                Some("Object.<anonymous>"),
            ),
            (
                "f (C:\\Files (x86)\\a.js:1:2)",
                "C:\\Files (x86)\\a.js",
                "1",
                Some("f"),
            ),
            (
                "foo (bar) (https://x/a.js:3:4)",
                "https://x/a.js",
                "3",
                Some("foo (bar)"),
            ),
            (
                "f [as g] (src/ui/Cart.tsx:28:12)",
                "src/ui/Cart.tsx",
                "28",
                Some("f [as g]"),
            ),
            ("f (https://x/a(1.js:3:4)", "https://x/a(1.js", "3", Some("f")),
            ("async https://x/a.js:3:4", "https://x/a.js", "3", None),
            ("file:///srv/a.mjs:3:4", "file:///srv/a.mjs", "3", None),
            ("src/app.ts:1:1", "src/app.ts", "1", None),
            (
                "f (address at index.android.bundle:1:900)",
                "index.android.bundle",
                "1",
                Some("f"),
            ),
            (
                "eval (eval at run (https://x/a.js:3:4), <anonymous>:1:2)",
                "https://x/a.js",
                "3",
                Some("eval"),
            ),
            (
                "e (eval at b (eval at c (/d.js:5:6), <anonymous>:1:1), <anonymous>:1:2)",
                "/d.js",
                "5",
                Some("e"),
            ),
            (
                "e (eval at b (eval at c (/a (1)/d.js:5:6)), <anonymous>:1:2)",
                "/a (1)/d.js",
                "5",
                Some("e"),
            ),
        ] {
            let (found_file, found_line, _, found_function) = at(call).expect(call);
            assert_eq!(
                (found_file, found_line, found_function),
                (file, line, function),
                "{call}"
            );
        }
    }

    #[test]
    fn sentences_are_no_frames() {
        for call in [
            "noon: 12:30",
            "step 3: code:42",
            "example.com:25:7",
            "home (see 3:4)",
            "the office (room 12)",
            "f (",
            ")",
            "(:1:2)",
            "f (:1:2)",
            "f ()",
        ] {
            assert_eq!(at(call), None, "{call}");
        }
        for body in [
            "user@example.com:25",
            "user@example.com:25 failed:7",
            "Error: mail to user@https://x/a:3",
            "please ask me@https://x/a.js:3:4",
            "git@github.com:22/repo.git:3",
            "@",
            "@:1:2",
            "f@https://x/a.js line 5 of:1:2",
        ] {
            assert_eq!(mozilla(body), None, "{body}");
        }
    }

    #[test]
    fn frames_of_the_engine_have_no_place() {
        for call in [
            "Array.map (<anonymous>)",
            "async Promise.all (index 0)",
            "f (VM123:1:2)",
            "eval (eval at f (<anonymous>:1:1), <anonymous>:1:2)",
        ] {
            assert_eq!(at(call).expect(call).1, "", "{call}");
        }
        assert_eq!(mozilla("map@[native code]"), Some(("", "", None, Some("map"))));
    }

    #[test]
    fn firefox_and_safari_frames_are_read() {
        for (body, file, line, column, function) in [
            (
                "pay@https://x/a.js:12:34",
                "https://x/a.js",
                "12",
                Some(34),
                Some("pay"),
            ),
            ("@https://x/a.js:90:1", "https://x/a.js", "90", Some(1), None),
            (
                "global code@https://x/a.js:7",
                "https://x/a.js",
                "7",
                None,
                Some("global code"),
            ),
            (
                "promise callback*load@https://x/npm/@a/b.js:1:2",
                "https://x/npm/@a/b.js",
                "1",
                Some(2),
                Some("load"),
            ),
            (
                "f@http://x/a.js line 5 > eval line 2 > Function:1:2",
                "http://x/a.js",
                "5",
                None,
                Some("f"),
            ),
            (
                "realName@src/app.ts:1:1",
                "src/app.ts",
                "1",
                Some(1),
                Some("realName"),
            ),
        ] {
            assert_eq!(mozilla(body), Some((file, line, column, function)), "{body}");
        }
    }

    #[test]
    fn libraries_are_told_from_the_application() {
        for file in [
            "/srv/node_modules/express/lib/router.js",
            "webpack-internal:///./node_modules/react/index.js",
            "node:internal/process/task_queues",
            "chrome-extension://abc/content.js",
            "https://cdn.x/monlight.min.js",
            "https://x/npm/@monlight/browser/dist/index.js",
            "webpack:///webpack/bootstrap 9d3e",
        ] {
            assert!(is_library(file), "{file}");
        }
        for file in [
            "/srv/shop/cart.js",
            "https://x/browser/monlight-demo.js",
            "C:\\src\\a.js",
        ] {
            assert!(!is_library(file), "{file}");
        }
    }
}
