//! Finds a place again among the log files that are there, or where to begin when there is none.
//!
//! Decides only; what a file looks like is asked through [`Look`].

use super::files::Inode;
use crate::cursor::{Cursor, Mark};
use crate::nanos::Nanos;

/// A log file as far as it matters here.
pub(super) trait Look {
    fn is_current(&self) -> bool;
    fn inode(&self) -> Inode;
    fn begins_with(&mut self, head: Mark) -> bool;
    fn has_before(&mut self, position: u64, tail: Mark) -> bool;
    /// Of the first record that can be read.
    fn first_at(&mut self) -> Option<Nanos>;
    /// Bytes of plain text.
    fn size(&self) -> u64;
    fn is_gz(&self) -> bool;
}

/// Where to go on, by the files' indices.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In this file; all after it are unread.
    In(usize),
    /// The file is gone. These are unread.
    Gone(Vec<usize>),
}

/// Finds the cursor's file after a restart or a truncation. The files are given oldest first.
pub(super) fn find(cursor: &Cursor, files: &mut [impl Look]) -> Place {
    let mut order: Vec<usize> = (0..files.len()).rev().collect();
    // The likely one first: checking a compressed file means to decompress it.
    order.sort_by_key(|index| files[*index].inode() != (cursor.device, cursor.inode));
    let is_it = |file: &mut _| {
        // Of a file nothing is known before its first line was read: many begin with the same text.
        cursor.position > 0 && cursor.head.length > 0 && fits(file, cursor)
    };
    match order.into_iter().find(|index| is_it(&mut files[*index])) {
        Some(index) => Place::In(index),
        None => Place::Gone(unread(cursor, files)),
    }
}

fn fits(file: &mut impl Look, cursor: &Cursor) -> bool {
    file.begins_with(cursor.head) && file.has_before(cursor.position, cursor.tail)
}

/// Finds the file that has been read to its end, wherever it went; everything after it is unread.
///
/// Its start is enough, and spares decompressing all of a file that is of no interest any more.
pub(super) fn find_done(cursor: &Cursor, files: &mut [impl Look]) -> Place {
    let is_it = |file: &mut _| cursor.head.length > 0 && Look::begins_with(file, cursor.head);
    let mut own: Vec<usize> = (0..files.len())
        .filter(|index| is_it(&mut files[*index]))
        .collect();
    own.sort_by_key(|index| files[*index].inode() != (cursor.device, cursor.inode));
    match own.first() {
        Some(index) => Place::In(*index),
        None => Place::Gone(unread(cursor, files)),
    }
}

/// The current file, and rotated ones that begin where we ended or later.
///
/// Equal times count as later: the parts of one long line all carry the same.
fn unread(cursor: &Cursor, files: &mut [impl Look]) -> Vec<usize> {
    (0..files.len())
        .filter(|index| {
            let file = &mut files[*index];
            file.is_current() || file.first_at().is_some_and(|at| at >= cursor.last_at)
        })
        .collect()
}

/// Where to begin with a container that is seen for the first time.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Start {
    /// The first file that is read. All after it are read as a whole.
    pub(super) file: usize,
    /// The line that begins here or next is its first.
    pub(super) offset: u64,
    pub(super) skips_any: bool,
}

/// The last so many bytes, of plain files to the byte; compressed ones come as a whole or not at all.
pub(super) fn begin(files: &[impl Look], backfill: u64) -> Option<Start> {
    let mut start = None;
    let mut budget = backfill;
    for (index, file) in files.iter().enumerate().rev() {
        let size = file.size();
        let is_whole = size <= budget;
        if start.is_some() && !is_whole && (file.is_gz() || budget == 0) {
            break;
        }
        start = Some(Start {
            file: index,
            offset: size.saturating_sub(budget),
            skips_any: index > 0 || !is_whole,
        });
        budget = budget.saturating_sub(size);
        if !is_whole {
            break;
        }
    }
    start
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file whose records are single letters, written at that many nanoseconds.
    #[derive(Clone)]
    struct Letters {
        is_current: bool,
        inode: u64,
        text: &'static str,
        is_gz: bool,
    }

    impl Look for Letters {
        fn is_current(&self) -> bool {
            self.is_current
        }
        fn inode(&self) -> Inode {
            (1, self.inode)
        }
        fn begins_with(&mut self, head: Mark) -> bool {
            head.begins(self.text.as_bytes())
        }
        fn has_before(&mut self, position: u64, tail: Mark) -> bool {
            let start = position as usize - tail.length as usize;
            self.text
                .as_bytes()
                .get(start..)
                .is_some_and(|rest| tail.begins(rest))
        }
        fn first_at(&mut self) -> Option<Nanos> {
            self.text.bytes().next().map(|letter| Nanos(letter.into()))
        }
        fn size(&self) -> u64 {
            self.text.len() as u64
        }
        fn is_gz(&self) -> bool {
            self.is_gz
        }
    }

    /// `5:abc` is a file with inode 5, `5z:abc` a compressed one; the last one is the current one.
    fn files(described: &[&'static str]) -> Vec<Letters> {
        let count = described.len();
        described
            .iter()
            .enumerate()
            .map(|(index, file)| {
                let (inode, text) = file.split_once(':').unwrap();
                Letters {
                    is_current: index + 1 == count,
                    inode: inode.trim_end_matches('z').parse().unwrap(),
                    text,
                    is_gz: inode.ends_with('z'),
                }
            })
            .collect()
    }

    fn cursor(inode: u64, read: &str) -> Cursor {
        Cursor {
            device: 1,
            inode,
            head: Mark::of(&read.as_bytes()[..read.len().min(2)]),
            position: read.len() as u64,
            tail: Mark::of(&read.as_bytes()[read.len().saturating_sub(2)..]),
            last_at: Nanos(read.bytes().last().map_or(0, i64::from)),
        }
    }

    #[test]
    fn a_place_is_found_wherever_its_file_went() {
        use Place::{Gone, In};
        for (claim, inode, read, there, place) in [
            ("it grew", 5, "abc", &["5:abcde"][..], In(0)),
            ("it was rotated", 5, "abc", &["5:abcd", "6:ef"], In(0)),
            ("twice", 5, "abc", &["5:abcd", "6:ef", "7:g"], In(0)),
            ("it was compressed", 5, "abc", &["8z:abcd", "6:ef"], In(0)),
            ("its inode was reused", 5, "abc", &["8z:abcd", "5:ef"], In(0)),
            (
                "it was copied and truncated",
                5,
                "abc",
                &["8:abcd", "5:ef"],
                In(0),
            ),
            ("and has grown past it", 5, "abc", &["8:abcd", "5:efghij"], In(0)),
            (
                "it was copied and not truncated yet",
                5,
                "abc",
                &["8:abcd", "5:abcde"],
                In(1),
            ),
            ("it was truncated", 5, "abc", &["5:ef"], Gone(vec![0])),
            (
                "with older ones beside it",
                5,
                "cde",
                &["3:ab", "5:fg"],
                Gone(vec![1]),
            ),
            ("it was deleted", 5, "abc", &["6:de", "7:fg"], Gone(vec![0, 1])),
            (
                "in the middle of a line",
                5,
                "abc",
                &["6:cd", "7:fg"],
                Gone(vec![0, 1]),
            ),
            (
                "it was deleted, older copies remain",
                5,
                "cde",
                &["4z:ab", "6:fg", "7:h"],
                Gone(vec![1, 2]),
            ),
            (
                "nothing was read of it",
                5,
                "",
                &["4:ab", "5:cd"],
                Gone(vec![0, 1]),
            ),
            (
                "rotated ones that say nothing",
                5,
                "abc",
                &["4:", "6:"],
                Gone(vec![1]),
            ),
        ] {
            assert_eq!(find(&cursor(inode, read), &mut files(there)), place, "{claim}");
        }
    }

    #[test]
    fn a_file_that_was_read_to_its_end_is_known_by_its_start() {
        use Place::{Gone, In};
        for (inode, read, there, place) in [
            (5, "abc", &["4:a", "5:abc", "6:d"][..], In(1)),
            (5, "abc", &["7:abc", "5:abc", "6:d"], In(1)),
            (5, "", &["5:", "6:d"], Gone(vec![1])),
            (5, "abc", &["5:de", "6:f"], Gone(vec![0, 1])),
            (5, "abc", &["7z:abc", "6:d"], In(0)),
            (5, "abc", &["6:d"], Gone(vec![0])),
            (5, "abc", &["6:d", "7:e"], Gone(vec![0, 1])),
        ] {
            assert_eq!(
                find_done(&cursor(inode, read), &mut files(there)),
                place,
                "{there:?}"
            );
        }
    }

    #[test]
    fn a_new_container_is_read_from_so_many_bytes_before_its_end() {
        for (there, backfill, start) in [
            (&["1:abcdef"][..], 4, (0, 2, true)),
            (&["1:abcdef"], 6, (0, 0, false)),
            (&["1:abcdef"], 0, (0, 6, true)),
            (&["1:"], 0, (0, 0, false)),
            (&["1:abc", "2:def"], 0, (1, 3, true)),
            (&["1:abc", "2:def"], 3, (1, 0, true)),
            (&["1:abc", "2:def"], 4, (0, 2, true)),
            (&["1z:abc", "2:def"], 5, (1, 0, true)),
            (&["1z:abc", "2:def"], 6, (0, 0, false)),
            (&["1:ab", "2z:abc", "3:def"], 7, (0, 1, true)),
            (&["1:ab", "2z:abc", "3:def"], 5, (2, 0, true)),
        ] {
            let (file, offset, skips_any) = start;
            let start = Start {
                file,
                offset,
                skips_any,
            };
            assert_eq!(
                begin(&files(there), backfill),
                Some(start),
                "{there:?} {backfill}"
            );
        }
        assert_eq!(begin(&files(&[]), 5), None);
    }
}
