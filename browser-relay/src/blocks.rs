//! Compression. The text of a map is kept in blocks: small enough that a look at a few lines unpacks little, large enough
//! to compress.

use std::io::{self, Read};

/// The length of a block, but for the last one of a text.
pub(crate) const BLOCK_BYTES: usize = 16 << 10;
/// Above this a little smaller costs much longer.
const LEVEL: i32 = 3;

/// The next blocks of a text, `most` at the most, compressed; none at its end.
pub(crate) fn pack(text: &mut impl Read, most: usize) -> io::Result<Vec<Vec<u8>>> {
    let mut blocks = Vec::new();
    let mut compressor = zstd::bulk::Compressor::new(LEVEL)?;
    let mut block = vec![0; BLOCK_BYTES];
    while blocks.len() < most {
        let length = fill(text, &mut block)?;
        if length == 0 {
            break;
        }
        blocks.push(compressor.compress(&block[..length])?);
    }
    Ok(blocks)
}

fn fill(text: &mut impl Read, block: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < block.len() {
        match text.read(&mut block[length..]) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

/// Compresses what is kept in one piece.
pub(crate) fn pack_whole(bytes: &[u8]) -> io::Result<Vec<u8>> {
    zstd::bulk::compress(bytes, LEVEL)
}

/// Compresses what is soon read again, while somebody waits. It keeps what it works with: to ask the system for a megabyte
/// at each commit costs more than the work.
pub(crate) struct FastPacker {
    compressor: zstd::bulk::Compressor<'static>,
    packed: Vec<u8>,
}

impl FastPacker {
    const LEVEL: i32 = 1;

    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            compressor: zstd::bulk::Compressor::new(Self::LEVEL)?,
            packed: Vec::new(),
        })
    }

    pub(crate) fn pack(&mut self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        self.packed.clear();
        self.packed.reserve(zstd::zstd_safe::compress_bound(bytes.len()));
        self.compressor.compress_to_buffer(bytes, &mut self.packed)?;
        Ok(self.packed.clone())
    }
}

/// What was compressed, which had at most `most` bytes.
pub(crate) fn unpack(packed: &[u8], most: usize) -> io::Result<Vec<u8>> {
    Unpacker::new()?.unpack(packed, most)
}

/// Unpacks one thing after the other. To make room for what it works with costs more than to unpack a block.
pub(crate) struct Unpacker(zstd::bulk::Decompressor<'static>);

impl Unpacker {
    pub(crate) fn new() -> io::Result<Self> {
        zstd::bulk::Decompressor::new().map(Self)
    }

    /// What was compressed, which had at most `most` bytes, in a buffer that is no larger.
    pub(crate) fn unpack(&mut self, packed: &[u8], most: usize) -> io::Result<Vec<u8>> {
        let mut unpacked = self.0.decompress(packed, most)?;
        unpacked.shrink_to_fit();
        Ok(unpacked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_together_are_the_text() {
        let text: Vec<u8> = (0..BLOCK_BYTES * 5 / 2)
            .map(|number| (number / 100) as u8)
            .collect();
        let mut reader = text.as_slice();

        let mut blocks = pack(&mut reader, 2).unwrap();
        blocks.extend(pack(&mut reader, 2).unwrap());

        assert_eq!((blocks.len(), pack(&mut reader, 2).unwrap().len()), (3, 0));
        let unpacked: Vec<u8> = blocks
            .iter()
            .flat_map(|block| unpack(block, BLOCK_BYTES).unwrap())
            .collect();
        assert!(unpacked == text);
        assert!(unpack(b"no block", BLOCK_BYTES).is_err());
    }
}
