//! Knows a stretch of a file by its checksum: the start of a file, and what stands before a place in it.

use std::io;

use memchr::memchr;

use super::content::Content;
use crate::cursor::Mark;

/// What is known of a file's start: so many bytes, and its first line to the end.
const HEAD_BYTES: usize = 1024;
/// A first line is looked for in so many bytes: 16 KiB of text as they mostly are, and with every byte escaped.
const FIRST_LINE_BYTES: [usize; 2] = [20 << 10, 128 << 10];
/// What is known of the bytes before a place.
pub(super) const TAIL_BYTES: usize = 256;

impl Mark {
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self {
            length: bytes.len() as u32,
            hash: fnv(bytes),
        }
    }

    /// Of the last bytes before the end.
    pub(super) fn of_tail(bytes: &[u8]) -> Self {
        Self::of(&bytes[bytes.len().saturating_sub(TAIL_BYTES)..])
    }

    /// Whether these bytes begin with the marked ones.
    pub(super) fn begins(self, bytes: &[u8]) -> bool {
        bytes
            .get(..self.length as usize)
            .is_some_and(|start| fnv(start) == self.hash)
    }
}

/// How a file begins.
///
/// The first line belongs to it, however long it is: its end says when it was written, and many files may begin with the
/// same text.
pub(super) fn read_head(content: &mut Content) -> io::Result<Vec<u8>> {
    let mut head = vec![0; HEAD_BYTES];
    let mut length = content.read_at(0, &mut head)?;
    content.keep(0, &head[..length]);
    for room in FIRST_LINE_BYTES {
        if length < head.len() || memchr(b'\n', &head).is_some() {
            break;
        }
        head.resize(room, 0);
        length = content.read_at(0, &mut head)?;
        content.keep(0, &head[..length]);
    }
    if length > HEAD_BYTES {
        length = memchr(b'\n', &head[..length]).map_or(HEAD_BYTES, |newline| HEAD_BYTES.max(newline + 1));
    }
    head.truncate(length);
    head.shrink_to_fit();
    Ok(head)
}

/// Whether the first line's end is among these bytes, as far as a head looks for it. Before that they may be the start of
/// many files.
pub(super) fn has_first_line(bytes: &[u8]) -> bool {
    let room = bytes.len().min(FIRST_LINE_BYTES[1]);
    memchr(b'\n', &bytes[..room]).is_some()
}

/// Whether a head stays as it is when more is written behind it.
pub(super) fn is_whole(head: &[u8]) -> bool {
    head.len() >= HEAD_BYTES && has_first_line(head)
}

/// FNV-1a with 64 bits. It is stored, so it must be the same in every version.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_in_stored_cursors() {
        // From the published test vectors of FNV-1a.
        for (bytes, hash) in [
            ("", 0xcbf2_9ce4_8422_2325),
            ("a", 0xaf63_dc4c_8601_ec8c),
            ("foobar", 0x8594_4171_f739_67e8),
        ] {
            assert_eq!(fnv(bytes.as_bytes()), hash);
        }
    }

    #[test]
    fn a_mark_fits_what_begins_with_it_and_nothing_shorter() {
        let mark = Mark::of(b"abc");

        assert!(mark.begins(b"abc") && mark.begins(b"abcd"));
        assert!(!mark.begins(b"ab") && !mark.begins(b"abd"));
        let long = vec![b'x'; TAIL_BYTES + 10];
        assert_eq!(Mark::of_tail(&long).length as usize, TAIL_BYTES);
        assert_eq!(Mark::of_tail(b"ab"), Mark::of(b"ab"));
    }
}
