//! A map too large to be held, made while it is read.

use std::io::Read;

use super::*;

/// Gives out pieces one after the other, and notes the most that was asked for at once.
struct Made<I: Iterator<Item = Vec<u8>>> {
    pieces: I,
    piece: Vec<u8>,
    at: usize,
    most: usize,
}

impl<I: Iterator<Item = Vec<u8>>> Read for Made<I> {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        self.most = self.most.max(bytes.len());
        if self.at == self.piece.len() {
            let Some(piece) = self.pieces.next() else {
                return Ok(0);
            };
            (self.piece, self.at) = (piece, 0);
        }
        let length = (&self.piece[self.at..]).read(bytes)?;
        self.at += length;
        Ok(length)
    }
}

#[test]
fn a_map_of_50_mb_passes_through_one_buffer() {
    // 8 MB of mappings and 42 MB of sources, one of them alone 40 MB long.
    let mappings = std::iter::repeat_n(b"AAAA,CAACA,EAADA;".repeat(32), 15_000);
    let long = std::iter::repeat_n(b"const answer = 42;\\n".repeat(400), 5_000);
    let start = br#"{"version":3,"sources":["a"],"names":["n"],"mappings":""#.to_vec();
    let middle = br#"","sourcesContent":[""#.to_vec();
    let short = std::iter::repeat_n(br#"","export {}"#.repeat(100), 1_700);
    let pieces = [start]
        .into_iter()
        .chain(mappings)
        .chain([middle])
        .chain(long)
        .chain(short);
    let mut made = Made {
        pieces: pieces.chain([br#""]}"#.to_vec()]),
        piece: Vec::new(),
        at: 0,
        most: 0,
    };
    let limits = Limits {
        index_bytes: 2 << 20,
        ..Limits::default()
    };

    let indexed = index(&mut made, limits).unwrap();

    assert!(indexed.text_bytes > 46 << 20, "{}", indexed.text_bytes);
    assert!(made.most <= 64 << 10, "{}", made.most);
    assert!(
        indexed.bytes.len() < indexed.text_bytes as usize / 40,
        "{}",
        indexed.bytes.len()
    );
}
