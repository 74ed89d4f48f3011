//! The lines around a place, against the files that the bundles were made of.

use std::collections::BTreeSet;

use browser_relay::source_map::{Index, Position};
use browser_relay::source_name::clean;

use crate::bundles::{Bundle, source};

#[test]
fn the_lines_around_every_place_are_those_of_the_file() {
    for bundle in Bundle::all() {
        let index = Index::open(&bundle.indexed.bytes).unwrap();
        let mut shown_lines = BTreeSet::new();
        for (line, code) in (1..).zip(bundle.code.split('\n')) {
            for column in 0..code.encode_utf16().count() as u32 {
                let Ok(original) = index.find(bundle.map.as_slice(), Position { line, column }) else {
                    continue;
                };
                let (file, number) = (clean(&original.source), original.position.line as usize);
                if !shown_lines.insert((file.clone(), number)) {
                    continue;
                }

                let context = index.context(bundle.map.as_slice(), &original);

                if bundle.name.starts_with("esbuild-no-content/") {
                    assert_eq!(
                        context.unwrap_err().to_string(),
                        "the map has no text of the source"
                    );
                    continue;
                }
                let context = context.unwrap();
                let text = source(&file);
                let lines: Vec<_> = text.lines().collect();
                assert_eq!(context.line, lines[number - 1], "{file}:{number}");
                assert_eq!(
                    context.before,
                    lines[number.saturating_sub(6)..number - 1],
                    "{file}:{number}"
                );
                let after = &lines[number..lines.len().min(number + 5)];
                assert_eq!(context.after, after, "{file}:{number}");
            }
        }
        assert!(shown_lines.len() > 5, "{}", bundle.name);
    }
}
