//! The words of a block: each of its tokens once, for the full-text index, and where its frequent ones stand.
//!
//! Counting a common word over everything would mean to decompress everything. So a block also says of each token
//! that many of its entries have which entries those are, and the same of two such words that follow each other, for phrases.
//! For the others the text is read, of few blocks. What goes into the tallies of the block's group is counted here as well.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};
use std::ops::Range;

use shared::packed;

use crate::ansi;
use crate::lines::{Lines, compress, decompress};
use crate::query::tokens::for_each_place;
use crate::tally::{BlockTallies, Kinds};

/// A token in so many entries of a block is frequent. Fewer would take more room than they save time.
const FREQUENT: usize = 8;
/// A token in so many entries of a block is counted for its group. With fewer than for the lists, so that a word which is
/// frequent in most blocks of a group is counted in the others too.
const COUNTED: usize = 4;

/// What a block's texts consist of.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Words {
    /// Each token once, separated by blanks.
    pub(crate) document: String,
    /// For a column of the database: what [`Postings::unpack`] reads.
    pub(crate) postings: Vec<u8>,
    /// For the group of the block.
    pub(crate) tallies: BlockTallies,
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
        let mut places = Places {
            tokens: Vec::with_capacity(8_192),
            pairs: Vec::with_capacity(2_048),
        };
        let mut document = String::with_capacity(16 * 1_024);
        for (entry, (_, text)) in (0_u32..).zip(lines.iter()) {
            let text = ansi::stripped(text);
            let mut neighbours = Neighbours::of(&text);
            for_each_place(&text, &mut |token, place| {
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
                    places.tokens.push((number, entry));
                }
                for before in neighbours.before(place, number) {
                    places
                        .pairs
                        .push((*before, u64::from(number) << 32 | u64::from(entry)));
                }
            });
        }
        let heads = lines.heads().iter();
        let mut kinds = Kinds::of(heads.map(|head| (head.container, head.stream, head.level)));
        let (postings, tallies) = places.pack(&document, &tokens, &mut kinds);
        Self {
            document,
            postings,
            tallies,
        }
    }
}

/// The words directly before the one that is looked at, with nothing but blanks between: two when the first of them follows
/// an escape.
struct Neighbours<'a, Word> {
    text: &'a str,
    last: Vec<Word>,
    /// The same, with the one that is looked at.
    next: Vec<Word>,
    end: usize,
}

impl<'a, Word: Clone> Neighbours<'a, Word> {
    fn of(text: &'a str) -> Self {
        Self {
            text,
            last: Vec::with_capacity(2),
            next: Vec::with_capacity(2),
            end: 0,
        }
    }

    /// Those before the next word, which stands there.
    fn before(&mut self, place: Option<Range<usize>>, word: Word) -> &[Word] {
        let Some(place) = place else {
            self.next.clear();
            return &[];
        };
        if place.end != self.end {
            // Otherwise it is the end of the word that was looked at last.
            std::mem::swap(&mut self.last, &mut self.next);
            self.next.clear();
            let gap = &self.text[self.end..place.start];
            if gap.is_empty() || !gap.chars().all(char::is_whitespace) {
                self.last.clear();
            }
            self.end = place.end;
            self.next.push(word);
            return &self.last;
        }
        self.next.push(word);
        &[]
    }
}

/// Calls `emit` with each token of a text and the words before it, as they are listed.
#[cfg(test)]
pub(crate) fn for_each_listed(text: &str, emit: &mut impl FnMut(&str, &[String])) {
    let mut neighbours = Neighbours::of(text);
    for_each_place(text, &mut |token, place| {
        emit(token, neighbours.before(place, token.to_owned()));
    });
}

/// Which entries have what, by the tokens' numbers.
struct Places {
    /// Token and entry, each pair once, by entry.
    tokens: Vec<(u32, u32)>,
    /// Two neighbours and the entry, as often as they are there; the second one and the entry share a number.
    pairs: Vec<(u32, u64)>,
}

impl Places {
    /// Key by key: its length and bytes, the number of entries, and the distances between them. A key is a token, or two with
    /// a blank between.
    fn pack(self, document: &str, tokens: &[Seen], kinds: &mut Kinds) -> (Vec<u8>, BlockTallies) {
        let is_counted = |number: u32| tokens[number as usize].entries as usize >= COUNTED;
        let text = |number: u32| {
            let seen = &tokens[number as usize];
            &document[seen.start as usize..][..seen.length as usize]
        };
        let mut bytes = Vec::with_capacity(4_096);
        let mut tallies = BlockTallies::default();
        let mut put = |key: &[&str], entries: &[u32]| {
            tallies.put(key, entries.iter().copied(), kinds);
            if entries.len() >= FREQUENT {
                put_list(&mut bytes, key, entries);
            }
        };
        for_each_group(
            &self.tokens,
            tokens.len(),
            |number, _| is_counted(number),
            |number, entries| {
                put(&[text(number)], entries);
            },
        );
        let second = |pair: u64| (pair >> 32) as u32;
        let is_wanted = |first, pair| is_counted(first) && is_counted(second(pair));
        let mut entries: Vec<u32> = Vec::new();
        for_each_group(&self.pairs, tokens.len(), is_wanted, |first, pairs| {
            pairs.sort_unstable();
            for list in pairs.chunk_by(|one, next| second(*one) == second(*next)) {
                entries.clear();
                entries.extend(list.iter().map(|pair| *pair as u32));
                entries.dedup();
                if entries.len() >= COUNTED {
                    put(&[text(first), " ", text(second(list[0]))], &entries);
                }
            }
        });
        (compress(&bytes), tallies)
    }
}

/// Calls `with` for each number below `numbers` with what is wanted of what stands beside it, in its order. Each is put
/// where it belongs at once: to sort them would be a tenth of all that a line costs.
fn for_each_group<T: Copy + Default>(
    places: &[(u32, T)],
    numbers: usize,
    is_wanted: impl Fn(u32, T) -> bool,
    mut with: impl FnMut(u32, &mut [T]),
) {
    let wanted = || places.iter().filter(|(number, what)| is_wanted(*number, *what));
    // Where the next one of each number goes, and in the end where its group ends.
    let mut ends = vec![0_usize; numbers + 1];
    for (number, _) in wanted() {
        ends[*number as usize + 1] += 1;
    }
    for number in 1..=numbers {
        ends[number] += ends[number - 1];
    }
    let mut grouped = vec![T::default(); ends[numbers]];
    for (number, what) in wanted() {
        let end = &mut ends[*number as usize];
        grouped[*end] = *what;
        *end += 1;
    }
    let mut begin = 0;
    for (number, end) in (0..).zip(&ends[..numbers]) {
        if begin < *end {
            with(number, &mut grouped[begin..*end]);
        }
        begin = *end;
    }
}

fn put_list(bytes: &mut Vec<u8>, key: &[&str], entries: &[u32]) {
    packed::put(bytes, key.iter().map(|part| part.len() as u64).sum());
    for part in key {
        bytes.extend_from_slice(part.as_bytes());
    }
    packed::put(bytes, entries.len() as u64);
    let mut next = 0;
    for entry in entries {
        packed::put(bytes, u64::from(*entry - next));
        next = *entry + 1;
    }
}

/// Where the frequent tokens of a block stand.
#[derive(Debug)]
pub(crate) struct Postings(Vec<u8>);

impl Postings {
    /// Without any, when the column is damaged: then the text is read.
    pub(crate) fn unpack(column: &[u8]) -> Self {
        Self(decompress(column).unwrap_or_default())
    }

    /// The entries that have all of these tokens and pairs, in order; `None` when one of them is not frequent here.
    pub(crate) fn with_all(&self, keys: &[String]) -> Option<Vec<u32>> {
        let mut common: Option<Vec<u32>> = None;
        for key in keys {
            let entries = self.with(key)?;
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

    /// What a block with these kinds gives to its group, as far as its lists tell.
    pub(crate) fn tallies(&self, kinds: &mut Kinds) -> BlockTallies {
        let mut tallies = BlockTallies::default();
        let mut rest = self.0.as_slice();
        while let Some((key, count)) = take_key(&mut rest) {
            let Some(entries) = take_entries(&mut rest, count) else {
                break;
            };
            if let Ok(key) = std::str::from_utf8(key) {
                tallies.put(&[key], entries.into_iter(), kinds);
            }
        }
        tallies
    }

    fn with(&self, key: &str) -> Option<Vec<u32>> {
        let mut rest = self.0.as_slice();
        loop {
            let (found, count) = take_key(&mut rest)?;
            if found == key.as_bytes() {
                return take_entries(&mut rest, count);
            }
            packed::skip(&mut rest, count)?;
        }
    }
}

/// A key, and how many entries it has.
fn take_key<'b>(rest: &mut &'b [u8]) -> Option<(&'b [u8], usize)> {
    let length = usize::try_from(packed::take(rest)?).ok()?;
    let (key, after) = rest.split_at_checked(length)?;
    *rest = after;
    let count = usize::try_from(packed::take(rest)?).ok()?;
    Some((key, count))
}

fn take_entries(rest: &mut &[u8], count: usize) -> Option<Vec<u32>> {
    let mut entries = Vec::with_capacity(count.min(rest.len()));
    let mut next = 0_u32;
    for _ in 0..count {
        let distance = u32::try_from(packed::take(rest)?).ok()?;
        let entry = next.checked_add(distance)?;
        next = entry.checked_add(1)?;
        entries.push(entry);
    }
    Some(entries)
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
            for (first, second) in [("a", "b"), ("b", "b"), ("ab", "a"), ("x", "a")] {
                let key = format!("{first} {second}");
                let has = |text: &String| text.split(' ').zip(text.split(' ').skip(1)).any(|pair| pair == (first, second));
                let expected: Vec<u32> = (0..).zip(&texts).filter(|(_, text)| has(text)).map(|(index, _)| index).collect();
                let is_frequent = expected.len() >= FREQUENT;
                prop_assert_eq!(postings.with_all(&[key]), is_frequent.then_some(expected));
            }
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
