//! Many entries in columns: what a block is made of, in memory and in the database.
//!
//! A block's heads (who, when, how bad) and its texts are packed apart, because counting needs only the heads.
//! Both are compressed column by column, where neighbours resemble each other most.

use std::ops::Range;

use shared::packed;

use crate::entry::{Level, Stream};
use crate::nanos::Nanos;

/// zstd's level: higher ones make logs hardly smaller.
const LEVEL: i32 = 1;
/// Below this many bytes there is nothing to gain from compression.
const PLAIN_BYTES: usize = 256;
const PLAIN: u8 = 0;
const COMPRESSED: u8 = 1;
/// Larger than any block; foreign bytes cannot make us reserve more.
const MOST_UNPACKED_BYTES: usize = 16 << 20;

/// The number of a container in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ContainerId(pub(crate) u32);

/// The number of an entry; later entries have higher ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct EntryId(pub(crate) i64);

/// What is known of an entry without its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) id: EntryId,
    pub(crate) at: Nanos,
    pub(crate) container: ContainerId,
    pub(crate) stream: Stream,
    pub(crate) level: Level,
}

/// Entries in the order in which they were finished.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lines {
    heads: Vec<Head>,
    /// Where each text ends in `texts`.
    ends: Vec<u32>,
    texts: String,
}

impl Lines {
    pub(crate) fn push(&mut self, head: Head, text: &str) {
        self.texts.push_str(text);
        self.heads.push(head);
        self.ends.push(self.texts.len() as u32);
    }

    pub(crate) fn clear(&mut self) {
        self.heads.clear();
        self.ends.clear();
        self.texts.clear();
    }

    pub(crate) fn len(&self) -> usize {
        self.heads.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    /// Bytes of text.
    pub(crate) fn text_bytes(&self) -> usize {
        self.texts.len()
    }

    pub(crate) fn heads(&self) -> &[Head] {
        &self.heads
    }

    /// All texts, one directly after the other.
    pub(crate) fn texts(&self) -> &str {
        &self.texts
    }

    /// Where the text of an entry lies in [`Self::texts`].
    pub(crate) fn span(&self, index: usize) -> Range<usize> {
        let start = index
            .checked_sub(1)
            .map_or(0, |before| self.ends[before] as usize);
        start..self.ends[index] as usize
    }

    pub(crate) fn text(&self, index: usize) -> &str {
        &self.texts[self.span(index)]
    }

    /// The entry in whose text this place of [`Self::texts`] lies.
    pub(crate) fn index_at(&self, place: usize) -> usize {
        self.ends.partition_point(|end| *end as usize <= place)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Head, &str)> {
        self.heads
            .iter()
            .enumerate()
            .map(|(index, head)| (head, self.text(index)))
    }

    /// Puts the entries of the other ones behind these.
    pub(crate) fn append(&mut self, other: &Self) {
        for (head, text) in other.iter() {
            self.push(*head, text);
        }
    }

    /// The entries from this one on.
    pub(crate) fn from(&self, index: usize) -> Self {
        let mut lines = Self::default();
        for index in index..self.len() {
            lines.push(self.heads[index], self.text(index));
        }
        lines
    }

    /// Two columns for the database.
    pub(crate) fn pack(&self) -> Packed {
        Packed {
            heads: compress(&self.pack_heads()),
            texts: compress(self.texts.as_bytes()),
        }
    }

    fn pack_heads(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.len() * 8);
        packed::put(&mut bytes, self.len() as u64);
        let mut before = 0;
        for head in &self.heads {
            packed::put(&mut bytes, packed::zigzag(head.id.0.wrapping_sub(before)));
            before = head.id.0;
        }
        for head in &self.heads {
            packed::put(&mut bytes, head.container.0.into());
        }
        bytes.extend(self.heads.iter().map(|head| kind_of(head.stream, head.level)));
        let mut before = 0;
        for head in &self.heads {
            packed::put(&mut bytes, packed::zigzag(head.at.0.wrapping_sub(before)));
            before = head.at.0;
        }
        for index in 0..self.len() {
            packed::put(&mut bytes, self.span(index).len() as u64);
        }
        bytes
    }

    /// `None` when the columns are damaged.
    pub(crate) fn unpack(heads: &[u8], texts: &[u8]) -> Option<Self> {
        Self::with_texts(heads, decompress(texts)?)
    }

    /// When the texts have been decompressed already. `None` when a column is damaged.
    pub(crate) fn with_texts(heads: &[u8], texts: Vec<u8>) -> Option<Self> {
        let mut lines = Self::unpack_heads(heads)?;
        lines.texts = String::from_utf8(texts).ok()?;
        let fits = lines.ends.last().map_or(0, |end| *end as usize) == lines.texts.len();
        let whole = lines
            .ends
            .iter()
            .all(|end| lines.texts.is_char_boundary(*end as usize));
        (fits && whole).then_some(lines)
    }

    /// The heads alone; every text is out of reach. `None` when they are damaged.
    pub(crate) fn unpack_heads(heads: &[u8]) -> Option<Self> {
        let bytes = decompress(heads)?;
        let mut rest = bytes.as_slice();
        let count = usize::try_from(packed::take(&mut rest)?).ok()?;
        // Each entry has five bytes at least.
        if count > bytes.len() / 5 + 1 {
            return None;
        }
        let mut ids = Vec::with_capacity(count);
        let mut id = 0_i64;
        for _ in 0..count {
            id = id.wrapping_add(packed::unzigzag(packed::take(&mut rest)?));
            ids.push(EntryId(id));
        }
        let mut containers = Vec::with_capacity(count);
        for _ in 0..count {
            containers.push(ContainerId(u32::try_from(packed::take(&mut rest)?).ok()?));
        }
        let kinds = rest.get(..count)?;
        rest = &rest[count..];
        let mut lines = Self {
            heads: Vec::with_capacity(count),
            ends: Vec::with_capacity(count),
            texts: String::new(),
        };
        let mut at = 0_i64;
        for index in 0..count {
            at = at.wrapping_add(packed::unzigzag(packed::take(&mut rest)?));
            let (stream, level) = kind_parts(kinds[index])?;
            lines.heads.push(Head {
                id: ids[index],
                at: Nanos(at),
                container: containers[index],
                stream,
                level,
            });
        }
        let mut end = 0_u32;
        for _ in 0..count {
            end = end.checked_add(u32::try_from(packed::take(&mut rest)?).ok()?)?;
            lines.ends.push(end);
        }
        Some(lines)
    }
}

/// The byte that stream and level share.
pub(crate) fn kind_of(stream: Stream, level: Level) -> u8 {
    (level as u8) << 1 | stream as u8
}

/// What [`kind_of`] was given.
pub(crate) fn kind_parts(byte: u8) -> Option<(Stream, Level)> {
    let stream = if byte & 1 == 0 {
        Stream::Stdout
    } else {
        Stream::Stderr
    };
    Some((stream, *Level::ALL.get(usize::from(byte >> 1))?))
}

/// A block as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Packed {
    pub(crate) heads: Vec<u8>,
    pub(crate) texts: Vec<u8>,
}

/// The bytes, and one more that says how they are stored.
pub(crate) fn compress(bytes: &[u8]) -> Vec<u8> {
    use std::cell::RefCell;

    thread_local! {
        static COMPRESSOR: RefCell<Option<zstd::bulk::Compressor<'static>>> =
            RefCell::new(zstd::bulk::Compressor::new(LEVEL).ok());
    }
    let compressed = (bytes.len() >= PLAIN_BYTES)
        .then(|| COMPRESSOR.with_borrow_mut(|compressor| compressor.as_mut()?.compress(bytes).ok()))
        .flatten()
        .filter(|compressed| compressed.len() < bytes.len());
    let (mut stored, kind) = match compressed {
        Some(compressed) => (compressed, COMPRESSED),
        None => (bytes.to_vec(), PLAIN),
    };
    stored.push(kind);
    stored.shrink_to_fit();
    stored
}

/// What [`compress`] was given; `None` when the bytes are damaged.
pub(crate) fn decompress(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut unpacked = Vec::new();
    decompress_into(bytes, &mut unpacked)?;
    Some(unpacked)
}

/// The same, in place of what the buffer holds. After `None` nobody knows what that is.
pub(crate) fn decompress_into(bytes: &[u8], buffer: &mut Vec<u8>) -> Option<()> {
    use std::cell::RefCell;

    thread_local! {
        static DECOMPRESSOR: RefCell<Option<zstd::bulk::Decompressor<'static>>> =
            RefCell::new(zstd::bulk::Decompressor::new().ok());
    }
    buffer.clear();
    let (kind, rest) = bytes.split_last()?;
    match *kind {
        PLAIN => buffer.extend_from_slice(rest),
        COMPRESSED => {
            let size =
                zstd::bulk::Decompressor::upper_bound(rest).filter(|size| *size <= MOST_UNPACKED_BYTES)?;
            buffer.reserve_exact(size);
            DECOMPRESSOR.with_borrow_mut(|decompressor| {
                decompressor.as_mut()?.decompress_to_buffer(rest, buffer).ok()
            })?;
        }
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
pub(crate) mod testing {
    use proptest::prelude::*;

    use super::*;

    /// Any entry's head.
    pub(crate) fn any_head() -> impl Strategy<Value = Head> {
        (
            any::<i64>(),
            any::<i64>(),
            any::<u32>(),
            any::<bool>(),
            0..5_usize,
        )
            .prop_map(|(id, at, container, is_error, level)| Head {
                id: EntryId(id),
                at: Nanos(at),
                container: ContainerId(container),
                stream: if is_error { Stream::Stderr } else { Stream::Stdout },
                level: Level::ALL[level],
            })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::testing::any_head;
    use super::*;

    fn lines(entries: &[(Head, String)]) -> Lines {
        let mut lines = Lines::default();
        for (head, text) in entries {
            lines.push(*head, text);
        }
        lines
    }

    proptest! {
        #[test]
        fn entries_survive_the_database(entries in prop::collection::vec((any_head(), ".{0,80}"), 0..60)) {
            let lines = lines(&entries);

            let packed = lines.pack();
            let unpacked = Lines::unpack(&packed.heads, &packed.texts).expect("not damaged");

            prop_assert_eq!(&unpacked, &lines);
            for (index, (head, text)) in entries.iter().enumerate() {
                prop_assert_eq!((&unpacked.heads()[index], unpacked.text(index)), (head, text.as_str()));
            }
            let heads = Lines::unpack_heads(&packed.heads).expect("not damaged");
            prop_assert_eq!(heads.heads(), lines.heads());
        }

        #[test]
        fn every_place_belongs_to_the_entry_whose_text_is_there(texts in prop::collection::vec("[a-z]{0,4}", 1..20)) {
            let head = Head { id: EntryId(1), at: Nanos(1), container: ContainerId(1), stream: Stream::Stdout, level: Level::Info };
            let lines = lines(&texts.iter().map(|text| (head, text.clone())).collect::<Vec<_>>());
            for place in 0..lines.text_bytes() {
                prop_assert!(lines.span(lines.index_at(place)).contains(&place));
            }
        }

        #[test]
        fn damaged_columns_are_noticed_or_harmless(heads: Vec<u8>, texts: Vec<u8>) {
            let _ = Lines::unpack(&heads, &texts);
        }

        #[test]
        fn a_flipped_bit_does_no_harm(entries in prop::collection::vec((any_head(), ".{0,80}"), 1..20), place: prop::sample::Index, bit in 0..8_u8) {
            let mut packed = lines(&entries).pack();
            let length = packed.heads.len();
            packed.heads[place.index(length)] ^= 1 << bit;
            let _ = Lines::unpack(&packed.heads, &packed.texts);
        }
    }

    #[test]
    fn neighbours_that_resemble_each_other_take_little_room() {
        let mut lines = Lines::default();
        for number in 0..500 {
            let head = Head {
                id: EntryId(1_000_000 + number),
                at: Nanos(1_772_366_400_000_000_000 + number * 1_234_567),
                container: ContainerId(3),
                stream: Stream::Stdout,
                level: Level::Info,
            };
            lines.push(
                head,
                &format!("GET /api/v1/users?id={number} 200 in {} ms", number % 90),
            );
        }

        let packed = lines.pack();

        assert!(packed.heads.len() < 500 * 3, "{} bytes", packed.heads.len());
        assert!(
            packed.texts.len() < lines.text_bytes() / 3,
            "{} bytes",
            packed.texts.len()
        );
    }
}
