//! What a source is called: the path that its author knows, without what bundlers put before and behind it.

/// The path of a source.
#[must_use]
pub fn clean(source: &str) -> String {
    // A loader stands before the file, and its arguments behind.
    let file = source.rsplit_once('!').map_or(source, |(_, file)| file);
    let mut path = match file.split_once("://") {
        // webpack has the name of the package where a host would be.
        Some(("webpack" | "turbopack", rest)) => rest.split_once('/').map_or(rest, |(_, path)| path),
        _ => file.strip_prefix("webpack-internal:///").unwrap_or(file),
    };
    let is_url = path.contains("://");
    if !is_url {
        path = path.split_once('?').map_or(path, |(path, _)| path);
        path = path.strip_prefix("[project]/").unwrap_or(path);
        while let Some(rest) = path.strip_prefix("./").or_else(|| path.strip_prefix("../")) {
            path = rest;
        }
    }
    let path = without_detours(path);
    let path = if path.is_empty() { source } else { &path };
    // A line break would make two lines of one frame.
    path.replace(['\n', '\r'], " ")
}

/// Without `folder/..`, which is what a source that goes up leaves behind its `sourceRoot`.
fn without_detours(path: &str) -> String {
    let path_start = path.find("://").map_or(0, |scheme| {
        let host = scheme + "://".len();
        path[host..].find('/').map_or(path.len(), |length| host + length)
    });
    let (host, path) = path.split_at(path_start);
    let (path, query) = path.split_at(path.find('?').unwrap_or(path.len()));
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "." => {}
            // Above the root there is nothing; a URL means the same without it.
            ".." => drop(parts.pop_if(|last| !last.is_empty())),
            _ => parts.push(part),
        }
    }
    format!("{host}{}{query}", parts.join("/"))
}

/// Whether a source, or a script by its URL, is the developer's own.
#[must_use]
pub fn is_own(source: &str) -> bool {
    let is_extension = source
        .split_once(':')
        .is_some_and(|(scheme, rest)| scheme.ends_with("-extension") && rest.starts_with("//"));
    let mut before = "";
    !is_extension
        && source.split('/').all(|part| {
            // `~` is how webpack once wrote node_modules.
            let is_library = matches!(part, "node_modules" | "~");
            let is_runtime =
                before.ends_with("webpack") && (part.starts_with("bootstrap") || part.starts_with("runtime"));
            before = part;
            !is_library && !is_runtime
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_bundlers_add_is_taken_off() {
        for (source, expected) in [
            ("src/app.ts", "src/app.ts"),
            ("webpack://shop/./src/app.ts", "src/app.ts"),
            ("webpack:///./src/app.ts?a1b2", "src/app.ts"),
            ("webpack:///src/app.ts", "src/app.ts"),
            ("webpack-internal:///./src/app.ts", "src/app.ts"),
            ("turbopack:///[project]/src/app.ts", "src/app.ts"),
            ("../../src/app.ts", "src/app.ts"),
            (
                "https://x.io/shop/../../src/app.ts?a/../b",
                "https://x.io/src/app.ts?a/../b",
            ),
            ("webpack://shop/./lib/../src/./app.ts", "src/app.ts"),
            ("/srv/app/dist/../src/app.ts", "/srv/app/src/app.ts"),
            ("dist/../../src/app.ts", "src/app.ts"),
            ("a//b/...ts", "a//b/...ts"),
            (
                "./node_modules/x-loader/i.js??ref--0!./src/app.vue?vue&type=script",
                "src/app.vue",
            ),
            ("https://x.io/a.ts?v=1", "https://x.io/a.ts?v=1"),
            ("/srv/app/a.ts", "/srv/app/a.ts"),
            ("./", "./"),
            ("x-loader!", "x-loader!"),
            ("", ""),
            ("a\nb", "a b"),
        ] {
            assert_eq!(clean(source), expected, "{source}");
        }
    }

    #[test]
    fn libraries_and_runtimes_are_not_own() {
        for (source, expected) in [
            ("src/app.ts", true),
            ("https://x.io/s/x.js", true),
            ("webpack://shop/./node_modules/react/index.js", false),
            ("webpack:///./~/react/index.js", false),
            ("webpack/bootstrap", false),
            ("chrome-extension://abc/a.js", false),
        ] {
            assert_eq!(is_own(source), expected, "{source}");
        }
    }
}
