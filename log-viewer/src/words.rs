//! What the full-text index is told of a block: each of its tokens once.

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

use crate::ansi;
use crate::lines::Lines;
use crate::query::tokens::for_each_token;

/// The tokens of all texts, each once, separated by blanks.
pub(crate) fn index_text(lines: &Lines) -> String {
    let random = RandomState::new();
    let mut seen: HashSet<u64, BuildHasherDefault<AlreadyHashed>> =
        HashSet::with_capacity_and_hasher(2_048, BuildHasherDefault::default());
    let mut document = String::with_capacity(16 * 1_024);
    for (_, text) in lines.iter() {
        for_each_token(&ansi::stripped(text), &mut |token: &str| {
            if seen.insert(random.hash_one(token)) {
                document.push_str(token);
                document.push(' ');
            }
        });
    }
    document
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
    use super::*;
    use crate::entry::{Level, Stream};
    use crate::lines::{ContainerId, EntryId, Head};
    use crate::nanos::Nanos;

    #[test]
    fn each_token_stands_there_once_and_colours_do_not() {
        let head = Head {
            id: EntryId(1),
            at: Nanos(1),
            container: ContainerId(1),
            stream: Stream::Stdout,
            level: Level::Info,
        };
        let mut lines = Lines::default();
        lines.push(head, "GET /users 200");
        lines.push(head, "\u{1b}[31mget\u{1b}[0m /Users/7");

        assert_eq!(index_text(&lines), "get users 200 7 ");
    }
}
