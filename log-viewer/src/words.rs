//! The words of a block: each of its tokens once, for the full-text index, and where its frequent ones stand.
//!
//! Counting a common word over everything would mean to decompress everything. So a block also says of each token
//! that many of its entries have which entries those are; for the others the text is read, of few blocks.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

use shared::packed;

use crate::ansi;
use crate::lines::{Lines, compress, decompress};
use crate::query::tokens::for_each_token;

/// A token in so many entries of a block is frequent. Fewer would take more room than they save time.
const FREQUENT: usize = 12;

/// What a block's texts consist of.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Words {
    /// Each token once, separated by blanks.
    pub(crate) document: String,
    /// For a column of the database: what [`Postings::unpack`] reads.
    pub(crate) postings: Vec<u8>,
}

/// A token that was seen.
struct Seen {
    /// Where it stands in the document.
    start: u32,
    length: u32,
    entries: u32,
    /// The last entry that had it.
    last: u32,
}

impl Words {
    pub(crate) fn of(lines: &Lines) -> Self {
        let random = RandomState::new();
        let mut numbers: HashMap<u64, u32, BuildHasherDefault<AlreadyHashed>> =
            HashMap::with_capacity_and_hasher(2_048, BuildHasherDefault::default());
        let mut tokens: Vec<Seen> = Vec::with_capacity(2_048);
        // Token and entry, each pair once, by entry.
        let mut pairs: Vec<(u32, u32)> = Vec::with_capacity(8_192);
        let mut document = String::with_capacity(16 * 1_024);
        for (entry, (_, text)) in (0_u32..).zip(lines.iter()) {
            for_each_token(&ansi::stripped(text), &mut |token: &str| {
                let number = *numbers.entry(random.hash_one(token)).or_insert_with(|| {
                    tokens.push(Seen {
                        start: document.len() as u32,
                        length: token.len() as u32,
                        entries: 0,
                        last: u32::MAX,
                    });
                    document.push_str(token);
                    document.push(' ');
                    tokens.len() as u32 - 1
                });
                let seen = &mut tokens[number as usize];
                if seen.last != entry {
                    seen.last = entry;
                    seen.entries += 1;
                    pairs.push((number, entry));
                }
            });
        }
        let postings = pack(&document, &tokens, &pairs);
        Self { document, postings }
    }
}

/// Token by token: its length and bytes, the number of entries, and the distances between them.
fn pack(document: &str, tokens: &[Seen], pairs: &[(u32, u32)]) -> Vec<u8> {
    let mut lists: HashMap<u32, Vec<u32>> = tokens
        .iter()
        .zip(0..)
        .filter(|(seen, _)| seen.entries as usize >= FREQUENT)
        .map(|(seen, number)| (number, Vec::with_capacity(seen.entries as usize)))
        .collect();
    for (number, entry) in pairs {
        if let Some(list) = lists.get_mut(number) {
            list.push(*entry);
        }
    }
    let mut numbers: Vec<u32> = lists.keys().copied().collect();
    numbers.sort_unstable();
    let mut bytes = Vec::with_capacity(4_096);
    for number in numbers {
        let seen = &tokens[number as usize];
        let (start, length) = (seen.start as usize, seen.length as usize);
        packed::put(&mut bytes, length as u64);
        bytes.extend_from_slice(&document.as_bytes()[start..start + length]);
        packed::put(&mut bytes, seen.entries.into());
        let mut next = 0;
        for entry in &lists[&number] {
            packed::put(&mut bytes, u64::from(entry - next));
            next = entry + 1;
        }
    }
    compress(&bytes)
}

/// Where the frequent tokens of a block stand.
#[derive(Debug)]
pub(crate) struct Postings(Vec<u8>);

impl Postings {
    /// Without any, when the column is damaged: then the text is read.
    pub(crate) fn unpack(column: &[u8]) -> Self {
        Self(decompress(column).unwrap_or_default())
    }

    /// The entries that have all of these tokens, in order; `None` when one of them is not frequent here.
    pub(crate) fn with_all(&self, tokens: &[String]) -> Option<Vec<u32>> {
        let mut common: Option<Vec<u32>> = None;
        for token in tokens {
            let entries = self.with(token)?;
            common = Some(match common {
                None => entries,
                Some(mut common) => {
                    common.retain(|entry| entries.binary_search(entry).is_ok());
                    common
                }
            });
        }
        common
    }

    fn with(&self, token: &str) -> Option<Vec<u32>> {
        let mut rest = self.0.as_slice();
        loop {
            let length = usize::try_from(packed::take(&mut rest)?).ok()?;
            let (found, after) = rest.split_at_checked(length)?;
            rest = after;
            let count = usize::try_from(packed::take(&mut rest)?).ok()?;
            let is_it = found == token.as_bytes();
            let mut entries = Vec::with_capacity(if is_it { count.min(rest.len()) } else { 0 });
            let mut next = 0_u32;
            for _ in 0..count {
                let distance = u32::try_from(packed::take(&mut rest)?).ok()?;
                let entry = next.checked_add(distance)?;
                next = entry.checked_add(1)?;
                if is_it {
                    entries.push(entry);
                }
            }
            if is_it {
                return Some(entries);
            }
        }
    }
}

/// Takes a hash for what it is.
#[derive(Default)]
struct AlreadyHashed(u64);

impl Hasher for AlreadyHashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _bytes: &[u8]) {
        unreachable!("only whole numbers are hashed")
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::entry::{Level, Stream};
    use crate::lines::{ContainerId, EntryId, Head};
    use crate::nanos::Nanos;

    fn lines(texts: &[String]) -> Lines {
        let mut lines = Lines::default();
        for text in texts {
            let head = Head {
                id: EntryId(1),
                at: Nanos(1),
                container: ContainerId(1),
                stream: Stream::Stdout,
                level: Level::Info,
            };
            lines.push(head, text);
        }
        lines
    }

    #[test]
    fn each_token_stands_there_once_and_colours_do_not() {
        let texts = ["GET /users 200", "\u{1b}[31mget\u{1b}[0m /Users/7"].map(str::to_owned);

        assert_eq!(Words::of(&lines(&texts)).document, "get users 200 7 ");
    }

    proptest! {
        #[test]
        fn frequent_tokens_are_where_they_are(texts in prop::collection::vec("[abc]{1,2}( [abc]{1,2}){0,4}", 0..80)) {
            let words = Words::of(&lines(&texts));
            let postings = Postings::unpack(&words.postings);
            for asked in ["a", "b", "ab", "a b", "b cc", "x"] {
                let tokens: Vec<String> = asked.split(' ').map(str::to_owned).collect();
                let has = |text: &String, token: &String| text.split(' ').any(|word| word == token);
                let are_frequent = tokens
                    .iter()
                    .all(|token| texts.iter().filter(|text| has(text, token)).count() >= FREQUENT);
                let expected: Vec<u32> = (0..)
                    .zip(&texts)
                    .filter(|(_, text)| tokens.iter().all(|token| has(text, token)))
                    .map(|(index, _)| index)
                    .collect();
                prop_assert_eq!(postings.with_all(&tokens), are_frequent.then_some(expected));
            }
        }

        #[test]
        fn a_damaged_column_does_no_harm(column: Vec<u8>) {
            let _ = Postings::unpack(&column).with_all(&["a".to_owned()]);
        }
    }
}
