//! Go: a function line, and under it, indented, `/app/main.go:10 +0x1d`.

use memchr::memrchr;

use super::place::{cut_place, extension, has_segment, matching_parenthesis};
use super::{Frame, Language};

/// Reads a place line; `above` is the line of its function.
pub(crate) fn read<'a>(body: &'a str, above: &'a str) -> Option<Frame<'a>> {
    let place = match memrchr(b' ', body.as_bytes()).map(|at| body.split_at(at)) {
        Some((place, offset)) if offset.starts_with(" +0x") => place,
        _ => body,
    };
    let place = cut_place(place).filter(|place| {
        place.column.is_none() && matches!(extension(place.file), "go" | "s") && !place.file.contains(": ")
    })?;
    let function = read_function(above)?;
    Some(Frame {
        file: place.file,
        line: place.line,
        column: None,
        function: Some(function),
        language: Language::Go,
    })
}

/// `main.(*Cart).total` of `main.(*Cart).total(0x1, {0x2, 0x3})` or `created by main.serve in goroutine 1`.
fn read_function(above: &str) -> Option<&str> {
    if let Some(creator) = above.strip_prefix("created by ") {
        return Some(creator.split(" in goroutine ").next().unwrap_or(creator));
    }
    let name = match above.ends_with(')') {
        true => &above[..matching_parenthesis(above)?],
        // The errors packages print `%+v` without arguments.
        false => above,
    };
    let is_function =
        !name.is_empty() && !name.contains([' ', '\t']) && (name.contains('.') || name == "panic");
    is_function.then_some(name)
}

/// The standard library and the modules the program was built with.
pub(super) fn is_library(file: &str, function: &str) -> bool {
    function == "panic"
        || is_standard(function)
        || file.starts_with("/usr/local/go/src/")
        || has_segment(file, |before, segment| match segment {
            "mod" => before == "pkg",
            "vendor" => true,
            // `-trimpath` leaves `github.com/lib/pq@v1.10.9/conn.go`.
            _ => segment.contains("@v"),
        })
}

/// Paths of the standard library's packages start with a name of its own; others start with a host.
fn is_standard(function: &str) -> bool {
    let path = function.split(['(', '[']).next().unwrap_or(function);
    let first = match path.split_once('/') {
        Some((first, _)) => first,
        None => path.split('.').next().unwrap_or(path),
    };
    matches!(
        first,
        "archive"
            | "bufio"
            | "bytes"
            | "cmp"
            | "compress"
            | "container"
            | "context"
            | "crypto"
            | "database"
            | "debug"
            | "embed"
            | "encoding"
            | "errors"
            | "expvar"
            | "flag"
            | "fmt"
            | "hash"
            | "html"
            | "image"
            | "internal"
            | "io"
            | "iter"
            | "log"
            | "maps"
            | "math"
            | "mime"
            | "net"
            | "os"
            | "path"
            | "plugin"
            | "reflect"
            | "regexp"
            | "runtime"
            | "slices"
            | "sort"
            | "strconv"
            | "strings"
            | "sync"
            | "syscall"
            | "testing"
            | "text"
            | "time"
            | "unicode"
            | "unique"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_needs_its_function_above() {
        for (body, above, file, line, function, in_app) in [
            (
                "/app/main.go:10 +0x1d",
                "main.main()",
                "/app/main.go",
                "10",
                "main.main",
                true,
            ),
            (
                "/app/a b.go:7",
                "main.(*T).do({0x1, 0x2})",
                "/app/a b.go",
                "7",
                "main.(*T).do",
                true,
            ),
            (
                "/app/s.go:9 +0x5",
                "created by example.com/shop.Run in goroutine 1",
                "/app/s.go",
                "9",
                "example.com/shop.Run",
                true,
            ),
            (
                "/app/e.go:3",
                "example.com/shop.Load",
                "/app/e.go",
                "3",
                "example.com/shop.Load",
                true,
            ),
            (
                "/usr/local/go/src/runtime/panic.go:770 +0x132",
                "panic({0x1?, 0x2?})",
                "/usr/local/go/src/runtime/panic.go",
                "770",
                "panic",
                false,
            ),
            (
                "net/http/server.go:2136 +0x29",
                "net/http.HandlerFunc.ServeHTTP(0x1)",
                "net/http/server.go",
                "2136",
                "net/http.HandlerFunc.ServeHTTP",
                false,
            ),
            (
                "/go/pkg/mod/github.com/lib/pq@v1.10.9/conn.go:5",
                "github.com/lib/pq.(*conn).x(...)",
                "/go/pkg/mod/github.com/lib/pq@v1.10.9/conn.go",
                "5",
                "github.com/lib/pq.(*conn).x",
                false,
            ),
        ] {
            let frame = read(body, above).expect(body);
            assert_eq!(
                (frame.file, frame.line, frame.function),
                (file, line, Some(function)),
                "{body}"
            );
            assert_eq!(frame.is_in_app(), in_app, "{body}");
        }
    }

    #[test]
    fn other_lines_are_no_frames() {
        for (body, above) in [
            ("/app/main.go:10", ""),
            ("/app/main.go:10", "it failed here"),
            ("/app/main.go:10:5", "main.main()"),
            ("/app/main.go:10 and so on", "main.main()"),
            ("./x: see /app/main.go:10", "main.main()"),
            ("/app/main.js:10", "main.main()"),
        ] {
            assert!(read(body, above).is_none(), "{body}");
        }
    }
}
