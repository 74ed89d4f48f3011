//! Java and the other languages of its machine: `at com.shop.Cart.total(Cart.java:42)`.

use super::place::{cut_leading_number, matching_parenthesis};
use super::{Frame, Language};

/// Reads what follows `at `.
pub(crate) fn read_at(call: &str) -> Option<Frame<'_>> {
    // Logback adds where the class came from: ` ~[shop.jar:1.2]`.
    let call = match call.strip_suffix(']') {
        Some(rest) => {
            let (call, _) = rest.rsplit_once('[')?;
            call.trim_end_matches('~').trim_end()
        }
        None => call,
    };
    let open = matching_parenthesis(call.strip_suffix(')').map(|_| call)?)?;
    let (method, place) = (&call[..open], &call[open + 1..call.len() - 1]);
    // A class and a method, and no space in front of the parenthesis: that would be JavaScript.
    if !method.contains('.') || method.ends_with([' ', '.']) {
        return None;
    }
    let (file, line) = match place.rsplit_once(':') {
        Some((file, line)) if cut_leading_number(line).is_some_and(|(_, rest)| rest.is_empty()) => {
            (file, line)
        }
        Some(_) => return None,
        None if is_placeless(place) => ("", ""),
        None => return None,
    };
    let names_file = !file.contains(['/', '\\', '(', ' ', ':', '<']) && file.contains('.');
    if !line.is_empty() && !names_file {
        return None;
    }
    // `java.base/java.util.List.of`, `app//com.shop.Main.main`: loader and module come first.
    let function = method.rsplit('/').next().unwrap_or(method);
    Some(Frame {
        file,
        line,
        column: None,
        function: Some(function),
        language: Language::Java,
    })
}

/// The platform, and frameworks whose frames say nothing about the fault.
pub(super) fn is_library(function: &str) -> bool {
    let mut names = function.split('.');
    let (first, second, third) = (
        names.next().unwrap_or_default(),
        names.next().unwrap_or_default(),
        names.next().unwrap_or_default(),
    );
    match first {
        "java" | "javax" | "jdk" | "sun" | "jakarta" | "kotlin" | "kotlinx" | "scala" | "groovy"
        | "clojure" => true,
        "android" | "androidx" | "dalvik" | "reactor" | "junit" | "okhttp3" | "retrofit2" => true,
        "org" => matches!(
            second,
            "springframework"
                | "apache"
                | "hibernate"
                | "eclipse"
                | "jboss"
                | "junit"
                | "slf4j"
                | "postgresql"
                | "codehaus"
        ),
        "com" => {
            matches!(second, "sun" | "android" | "mysql" | "fasterxml" | "zaxxer")
                || second == "google" && third == "common"
        }
        "io" => matches!(
            second,
            "netty" | "undertow" | "vertx" | "quarkus" | "micronaut" | "reactivex"
        ),
        "ch" => second == "qos",
        _ => false,
    }
}

fn is_placeless(place: &str) -> bool {
    matches!(place, "Native Method" | "Unknown Source" | "<generated>")
        || [".java", ".kt", ".scala", ".groovy", ".clj"]
            .iter()
            .any(|end| place.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_with_their_modules_and_jars() {
        for (call, file, line, function, in_app) in [
            (
                "com.foo.Bar.baz(Bar.java:42)",
                "Bar.java",
                "42",
                "com.foo.Bar.baz",
                true,
            ),
            (
                "java.base/java.util.List.of(List.java:7)",
                "List.java",
                "7",
                "java.util.List.of",
                false,
            ),
            (
                "app//com.foo.Main.main(Main.kt:1)",
                "Main.kt",
                "1",
                "com.foo.Main.main",
                true,
            ),
            (
                "com.foo.Test.adds two(Test.kt:9)",
                "Test.kt",
                "9",
                "com.foo.Test.adds two",
                true,
            ),
            (
                "com.foo.A.b(A.java:3) ~[shop.jar!/:1.2]",
                "A.java",
                "3",
                "com.foo.A.b",
                true,
            ),
            (
                "com.foo.A.<init>(A.java:3) [classes/:na]",
                "A.java",
                "3",
                "com.foo.A.<init>",
                true,
            ),
            (
                "org.springframework.web.A.b(A.java:3)",
                "A.java",
                "3",
                "org.springframework.web.A.b",
                false,
            ),
            (
                "com.google.shop.A.b(A.java:3)",
                "A.java",
                "3",
                "com.google.shop.A.b",
                true,
            ),
            ("com.foo.A.n(Native Method)", "", "", "com.foo.A.n", false),
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
            "f (a.js:3:4)",
            "pay (Bar.java:42)",
            "a.b(c.js:3:4)",
            "a.b(x)",
            "a.b(",
            "a.b)",
            "]",
            "a.b(12:30)",
            "home.page(see Bar.java:42)",
        ] {
            assert!(read_at(call).is_none(), "{call}");
        }
    }
}
