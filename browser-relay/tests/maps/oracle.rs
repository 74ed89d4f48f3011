//! Every place of every bundle, against the `sourcemap` crate.

use browser_relay::source_map::{Index, Miss, Position};
use sourcemap::{DecodedMap, SourceMap, decode_slice};

use crate::bundles::Bundle;

/// So many columns beyond a line's end, and lines beyond the bundle's.
const BEYOND: u32 = 3;

fn reference(map: &[u8]) -> SourceMap {
    match decode_slice(map).unwrap() {
        DecodedMap::Regular(map) => map,
        DecodedMap::Index(map) => map.flatten().unwrap(),
        DecodedMap::Hermes(_) => unreachable!("no such map is made"),
    }
}

#[test]
fn every_column_of_every_bundle_answers_as_the_reference_does() {
    for bundle in Bundle::all() {
        let reference = reference(&bundle.map);
        let index = Index::open(&bundle.indexed.bytes).unwrap();
        let widths = bundle
            .code
            .split('\n')
            .map(|line| line.encode_utf16().count() as u32);
        let widths = widths.chain((0..BEYOND).map(|_| 0));
        let mut found_tokens = 0;
        for (line, width) in (0..).zip(widths) {
            for column in (0..=width + BEYOND).chain([u32::MAX]) {
                let place = format!("{}:{}:{column}", bundle.name, line + 1);
                let token = reference.lookup_token(line, column);
                let token = token.filter(|token| token.get_dst_line() == line);
                let position = Position {
                    line: line + 1,
                    column,
                };
                let (token, original) = match (token, index.find(bundle.map.as_slice(), position)) {
                    (None, Err(Miss::Outside)) => continue,
                    (Some(token), Err(Miss::NoSource)) if !token.has_source() => continue,
                    (Some(token), Ok(original)) => (token, original),
                    (token, found) => panic!("{place}: {token:?} {found:?}"),
                };
                found_tokens += u32::from(token.get_dst_col() == column);
                assert_eq!(token.get_source(), Some(original.source.as_str()), "{place}");
                assert_eq!(token.get_src_line() + 1, original.position.line, "{place}");
                assert_eq!(token.get_src_col(), original.position.column, "{place}");
                assert_eq!(token.get_name(), original.name.as_deref(), "{place}");
            }
        }
        assert_eq!(found_tokens, places(&reference), "{}", bundle.name);
    }
}

/// How many places have a token with a source.
fn places(reference: &SourceMap) -> u32 {
    let mut places: Vec<_> = reference
        .tokens()
        .filter(sourcemap::Token::has_source)
        .map(|token| token.get_dst())
        .collect();
    places.dedup();
    places.len() as u32
}
