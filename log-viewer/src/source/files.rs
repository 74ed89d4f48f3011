//! A container's log files: the current one and the rotated ones, which may be compressed.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::content::Content;
use super::mark::HEAD_BYTES;
use super::place::Look;
use crate::cursor::Mark;
use crate::nanos::Nanos;
use crate::record;

/// Docker's own limit is lower; a date behind the dot is something else.
const HIGHEST_NUMBER: u32 = 9_999;
/// The first record of a file is looked for in this many bytes.
const FIRST_RECORD_BYTES: usize = 256 << 10;

/// Where a file is stored: the same as long as somebody holds it open, and not longer.
pub(super) type Inode = (u64, u64);

/// An open log file, and how it begins.
#[derive(Debug)]
pub(super) struct LogFile {
    /// 0 for the current one; older ones have higher numbers.
    pub(super) number: u32,
    pub(super) inode: Inode,
    pub(super) content: Content,
    head: Vec<u8>,
}

/// Opens all log files of a container, the oldest first.
///
/// Docker may rotate them meanwhile. A file then gets the next higher number, so going upwards meets each one at
/// least once, and what is met twice is known by its inode or, once it is compressed, by its start.
pub(super) fn open_all(folder: &Path, log_name: &str) -> io::Result<Vec<LogFile>> {
    let mut found: Vec<LogFile> = Vec::new();
    for number in numbers(folder, log_name)? {
        let name = match number {
            0 => log_name.to_owned(),
            _ => format!("{log_name}.{number}"),
        };
        for (name, is_gz) in [(name.clone(), false), (format!("{name}.gz"), true)] {
            if is_gz && number == 0 {
                continue;
            }
            if let Some(file) = open(&folder.join(name), number, is_gz)?
                && !is_known(&mut found, &file)
            {
                found.push(file);
            }
        }
    }
    found.reverse();
    Ok(found)
}

fn is_known(found: &mut [LogFile], file: &LogFile) -> bool {
    found.iter_mut().any(|known| {
        if known.inode == file.inode {
            return true;
        }
        // While Docker compresses a file, both are there and only the plain one is complete.
        let is_same = |head: &[u8]| {
            file.content.is_gz() && head.starts_with(&file.head) || !file.head.is_empty() && head == file.head
        };
        // It may have been written, rotated and compressed since it was opened; or copied and truncated.
        (known.head.len() < HEAD_BYTES || is_same(&known.head)) && is_same(&known.head_now())
    })
}

/// Those that are there, and those that may be by the time they are opened.
fn numbers(folder: &Path, log_name: &str) -> io::Result<BTreeSet<u32>> {
    let mut numbers = BTreeSet::from([0, 1, 2]);
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let number = name
            .to_str()
            .and_then(|name| name.strip_prefix(log_name)?.strip_prefix('.'))
            .map(|rest| rest.strip_suffix(".gz").unwrap_or(rest))
            .and_then(|number| number.parse::<u32>().ok())
            .filter(|number| *number <= HIGHEST_NUMBER);
        if let Some(number) = number {
            numbers.extend([number, number + 1, number + 2]);
        }
    }
    Ok(numbers)
}

fn open(path: &Path, number: u32, is_gz: bool) -> io::Result<Option<LogFile>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Ok(None);
    }
    let mut content = Content::new(file, is_gz);
    let mut head = vec![0; HEAD_BYTES];
    let length = content.read_at(0, &mut head)?;
    head.truncate(length);
    content.keep(0, &head);
    Ok(Some(LogFile {
        number,
        inode: (metadata.dev(), metadata.ino()),
        content,
        head,
    }))
}

impl LogFile {
    /// The head stays what it was when the file was opened: that is how a later truncation is noticed.
    fn head_now(&mut self) -> Cow<'_, [u8]> {
        let mut head = vec![0; HEAD_BYTES];
        if self.content.is_gz() {
            return Cow::Borrowed(&self.head);
        }
        match self.content.read_at(0, &mut head) {
            Ok(length) => {
                head.truncate(length);
                Cow::Owned(head)
            }
            Err(_) => Cow::Borrowed(&self.head),
        }
    }

    pub(super) fn head(&self) -> Mark {
        Mark::of(&self.head)
    }
}

impl Look for LogFile {
    fn is_current(&self) -> bool {
        self.number == 0
    }

    fn inode(&self) -> Inode {
        self.inode
    }

    fn begins_with(&mut self, head: Mark) -> bool {
        head.begins(&self.head)
    }

    fn has_before(&mut self, position: u64, tail: Mark) -> bool {
        let Some(offset) = position.checked_sub(tail.length.into()) else {
            return false;
        };
        let mut buffer = vec![0; tail.length as usize];
        let Ok(count) = self.content.read_at(offset, &mut buffer) else {
            return false;
        };
        buffer.truncate(count);
        self.content.keep(offset, &buffer);
        tail.begins(&buffer)
    }

    fn first_at(&mut self) -> Option<Nanos> {
        let mut buffer = vec![0; FIRST_RECORD_BYTES];
        let count = self.content.read_at(0, &mut buffer).ok()?;
        buffer.truncate(count);
        let mut lines = buffer.split(|byte| *byte == b'\n');
        lines
            .find_map(|line| record::parse(line).ok())
            .map(|record| record.at)
    }

    fn size(&self) -> u64 {
        self.content.size().unwrap_or(0)
    }

    fn is_gz(&self) -> bool {
        self.content.is_gz()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn write_gz(path: &Path, text: &str) {
        let mut encoder =
            flate2::write::GzEncoder::new(File::create(path).unwrap(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap();
    }

    fn found(folder: &Path) -> Vec<(u32, bool)> {
        open_all(folder, "a-json.log")
            .unwrap()
            .iter()
            .map(|file| (file.number, file.is_gz()))
            .collect()
    }

    #[test]
    fn files_come_oldest_first_each_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        assert_eq!(found(folder.path()), []);
        for (name, text) in [
            ("a-json.log", "newest"),
            ("a-json.log.1", "newer"),
            ("a-json.log.9", "older"),
            ("a-json.log.10", "oldest"),
            ("a-json.log.20240501", "a date"),
            ("a-json.log.bak", "a copy"),
            ("b-json.log.3", "of another"),
        ] {
            fs::write(path(name), text).unwrap();
        }
        // Half written.
        write_gz(&path("a-json.log.1.gz"), "new");
        write_gz(&path("a-json.log.4.gz"), "old");
        // Compressed and moved on after the plain file had been opened.
        write_gz(&path("a-json.log.2.gz"), "newer");
        // In the middle of moving an older one away.
        write_gz(&path("a-json.log.9.gz"), "even older");
        fs::create_dir(path("a-json.log.6")).unwrap();

        assert_eq!(
            found(folder.path()),
            [
                (10, false),
                (9, true),
                (9, false),
                (4, true),
                (1, false),
                (0, false)
            ]
        );
    }
}
