use proptest::prelude::*;

use super::*;

/// Function, URL, line and column (as printed) of each frame.
type Seen = (String, String, u32, u32);

fn seen(stack: &str) -> (Option<Grammar>, Vec<Seen>) {
    let stack = parse(stack);
    let frames = stack.frames.into_iter().map(|frame| {
        let (url, position) = match frame.place {
            Some(place) => (place.url.to_owned(), place.position),
            None => ("-".to_owned(), None),
        };
        let (line, column) = position.map_or((0, 0), |position| (position.line, position.column + 1));
        (frame.function.unwrap_or_default().to_owned(), url, line, column)
    });
    (stack.grammar, frames.collect())
}

fn assert_frame(grammar: Grammar, line: &str, function: &str, url: &str, at: (u32, u32)) {
    let expected = vec![(function.to_owned(), url.to_owned(), at.0, at.1)];
    assert_eq!(seen(line), (Some(grammar), expected), "{line}");
}

#[test]
fn frames_of_chrome_are_read() {
    let js = "https://x.io/a.js";
    for (line, function, url, at) in [
        ("    at f (https://x.io/a.js:1:20)", "f", js, (1, 20)),
        ("    at https://x.io/a.js:1:20", "", js, (1, 20)),
        ("    at async f (https://x.io/a.js:1:20)", "f", js, (1, 20)),
        ("    at async https://x.io/a.js:1:20", "", js, (1, 20)),
        ("    at new F (https://x.io/a.js:1:20)", "F", js, (1, 20)),
        (
            "    at Object.<anonymous> (https://x.io/a.js:1:20)",
            "Object.<anonymous>",
            js,
            (1, 20),
        ),
        (
            "    at e.f [as g] (https://x.io/a.js:1:20)",
            "e.f [as g]",
            js,
            (1, 20),
        ),
        ("    at <anonymous> (https://x.io/a.js:1:20)", "", js, (1, 20)),
        (
            "    at f (https://x.io/(shop)/a.js?v=3:1:20)",
            "f",
            "https://x.io/(shop)/a.js?v=3",
            (1, 20),
        ),
        (
            "    at https://x.io/(shop)/a.js?v=3&w=(1):1:20",
            "",
            "https://x.io/(shop)/a.js?v=3&w=(1)",
            (1, 20),
        ),
        (
            "    at f (http://localhost:3000/a.js:1:20)",
            "f",
            "http://localhost:3000/a.js",
            (1, 20),
        ),
        (
            "    at f (blob:https://x.io/1-2:1:20)",
            "f",
            "blob:https://x.io/1-2",
            (1, 20),
        ),
        (
            "    at f (webpack-internal:///./a.js:1:20)",
            "f",
            "webpack-internal:///./a.js",
            (1, 20),
        ),
        (
            "    at f (chrome-extension://abc/a.js:1:20)",
            "f",
            "chrome-extension://abc/a.js",
            (1, 20),
        ),
        (
            "    at eval (eval at f (https://x.io/a.js:1:20), <anonymous>:2:3)",
            "eval",
            js,
            (1, 20),
        ),
        (
            "    at g (eval at e (eval at f (https://x.io/a.js:1:20), <anonymous>:1:1), <anonymous>:2:3)",
            "g",
            js,
            (1, 20),
        ),
        ("    at Array.map (<anonymous>)", "Array.map", "-", (0, 0)),
        ("    at async Promise.all (index 0)", "Promise.all", "-", (0, 0)),
        (
            "    at f (wasm://wasm/a1:wasm-function[3]:0x1a)",
            "f",
            "-",
            (0, 0),
        ),
        ("    at <anonymous>", "", "-", (0, 0)),
        ("    at f (https://x.io/a.js:0:20)", "f", js, (0, 0)),
        ("    at f (https://x.io/a.js:7)", "f", js, (0, 0)),
    ] {
        assert_frame(Grammar::Chrome, line, function, url, at);
    }
}

#[test]
fn frames_of_firefox_are_read() {
    let js = "https://x.io/a.js";
    for (line, function, url, at) in [
        ("f@https://x.io/a.js:1:20", "f", js, (1, 20)),
        ("@https://x.io/a.js:1:20", "", js, (1, 20)),
        ("async*f@https://x.io/a.js:1:20", "f", js, (1, 20)),
        ("promise callback*f@https://x.io/a.js:1:20", "f", js, (1, 20)),
        ("a/b</f@https://x.io/a.js:1:20", "a/b</f", js, (1, 20)),
        (
            "f@https://x.io/react@18/a.js?v=(3):1:20",
            "f",
            "https://x.io/react@18/a.js?v=(3)",
            (1, 20),
        ),
        ("f@https://x.io/a.js line 7 > eval:1:20", "f", js, (0, 0)),
        (
            "anonymous@https://x.io/a.js line 7 > Function:1:20",
            "",
            js,
            (0, 0),
        ),
        (
            "f@moz-extension://abc/a.js:1:20",
            "f",
            "moz-extension://abc/a.js",
            (1, 20),
        ),
    ] {
        assert_frame(Grammar::Firefox, line, function, url, at);
    }
}

#[test]
fn frames_of_safari_are_read() {
    let js = "https://x.io/a.js";
    for (line, function, url, at) in [
        (
            "https://x.io/react@18/a.js:1:20",
            "",
            "https://x.io/react@18/a.js",
            (1, 20),
        ),
        ("map@[native code]", "map", "-", (0, 0)),
        ("[native code]", "", "-", (0, 0)),
        ("eval code@", "", "-", (0, 0)),
        ("@", "", "-", (0, 0)),
        ("Article@", "Article", "-", (0, 0)),
    ] {
        let grammar = seen(line).0.unwrap();
        assert!(grammar == Grammar::Safari || line.contains("react@"), "{line}");
        let frames = frames(line, Grammar::Safari);
        assert_eq!(frames.len(), 1, "{line}");
        let place = frames[0].place.clone();
        assert_eq!(frames[0].function.unwrap_or(""), function, "{line}");
        assert_eq!(place.as_ref().map_or("-", |place| place.url), url, "{line}");
        let position = place.and_then(|place| place.position);
        assert_eq!(
            position.map_or((0, 0), |position| (position.line, position.column + 1)),
            at,
            "{line}"
        );
    }
    let stack = "f@https://x.io/a.js:1:20\nhttps://x.io/a.js:1:20\nforEach@[native code]\nglobal code@https://x.io/a.js:1:20";
    let (grammar, frames) = seen(stack);
    assert_eq!(grammar, Some(Grammar::Safari));
    let frame = |function: &str| (function.to_owned(), js.to_owned(), 1, 20);
    let native = ("forEach".to_owned(), "-".to_owned(), 0, 0);
    assert_eq!(frames, [frame("f"), frame(""), native, frame("")]);
}

#[test]
fn what_only_looks_like_a_frame_is_none() {
    for line in [
        "TypeError: x is not a function",
        "at f (https://x.io/a.js:1:20)",
        "    at the end of the day",
        "    at 10:30:20",
        "mail to me@example.com:1:2",
        "a: 1:2",
        "see note:1:2",
        "write to me@",
        "    at ",
        "",
    ] {
        assert_eq!(seen(line), (None, Vec::new()), "{line}");
    }
}

proptest! {
    #[test]
    fn text_of_any_kind_does_no_harm(stack in r"([ @():*\[\]\n0-9é]|    at |eval at |https://x/| line 7 > eval|native code){0,60}") {
        for frame in parse(&stack).frames {
            let line = stack.lines().nth(frame.line).unwrap();
            prop_assert!(line.get(frame.place_range.clone()).is_some());
            prop_assert!(line.starts_with(frame.lead));
        }
    }
}
