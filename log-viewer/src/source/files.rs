//! A container's log files: the current one and the rotated ones, which may be compressed.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::content::Content;
use super::mark::{has_first_line, is_whole, read_head};
use super::meanwhile::others_act;
use super::place::Look;
use crate::cursor::Mark;
use crate::nanos::Nanos;
use crate::record;

/// Docker's own limit is lower; a date behind the dot is something else.
const HIGHEST_NUMBER: u32 = 9_999;
/// Looks at the files when Docker rotates faster than we look.
const LOOKS: usize = 20;
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
/// Docker may rotate them meanwhile, and more than once. Each rotation gives a file the next higher number, so going
/// upwards meets every file at least once; what is met twice is known by its inode or, once it is compressed, by its
/// start. What came after the first file that was opened is left out, or it would seem to be older than that one.
pub(super) fn open_all(folder: &Path, log_name: &str) -> io::Result<Vec<LogFile>> {
    let mut looks = 1;
    loop {
        let mut walk = Walk {
            folder,
            log_name,
            found: Vec::new(),
            oldest_at: None,
        };
        walk.run()?;
        if walk.oldest_at.is_some() || walk.found.is_empty() || looks == LOOKS {
            walk.found.reverse();
            return Ok(walk.found);
        }
        looks += 1;
    }
}

/// Where a file was seen.
#[derive(Debug, Clone, Copy)]
struct Seen {
    number: u32,
    is_gz: bool,
    inode: Inode,
}

/// The way through the numbers.
struct Walk<'a> {
    folder: &'a Path,
    log_name: &'a str,
    /// The newest first.
    found: Vec<LogFile>,
    /// Where the last one of them was seen last; `None` when it has moved on.
    oldest_at: Option<Seen>,
}

impl Walk<'_> {
    fn run(&mut self) -> io::Result<()> {
        let mut highest = highest(self.folder, self.log_name)?;
        let mut number = 0;
        loop {
            // The next file may be two further on: Docker moves the older ones first.
            while number <= (highest + 2).min(HIGHEST_NUMBER) {
                let mut back = None;
                for is_gz in [false, true] {
                    let Some(file) = self.open(number, is_gz)? else {
                        continue;
                    };
                    highest = highest.max(number);
                    back = self.meet(file)?.or(back);
                }
                number = match back {
                    Some(back) if self.oldest_at.is_none() => {
                        highest = highest.max(self::highest(self.folder, self.log_name)?);
                        back
                    }
                    _ => number + 1,
                };
            }
            let Some(before) = self.oldest_at else {
                return Ok(());
            };
            if self.is_still(before)? {
                return Ok(());
            }
            self.oldest_at = None;
            number = before.number + 1;
            highest = highest.max(self::highest(self.folder, self.log_name)?);
        }
    }

    fn open(&self, number: u32, is_gz: bool) -> io::Result<Option<LogFile>> {
        match (number, is_gz) {
            (0, true) => Ok(None),
            _ => open(&path(self.folder, self.log_name, number, is_gz), number, is_gz),
        }
    }

    /// Takes a file if it is older than all that were found. Answers from where to look for the oldest one of those, if
    /// that has moved on.
    fn meet(&mut self, file: LogFile) -> io::Result<Option<u32>> {
        let is_gz = file.content.is_gz();
        if is_gz && (file.head.is_empty() || file.content.is_damaged()) {
            // Docker is just writing it; what it is made of is still there.
            return Ok(None);
        }
        let seen = Seen {
            number: file.number,
            is_gz,
            inode: file.inode,
        };
        match known(&mut self.found, &file) {
            Some(index) if index + 1 == self.found.len() => self.oldest_at = Some(seen),
            Some(_) => {}
            // Nothing was written to it, or it is just being copied.
            None if file.head.is_empty() && file.number > 0 => {}
            // What it is made of came here after it was looked for, so this may be half of it.
            None if self.found.is_empty() && is_gz && self.has_plain(file.number)? => {
                return Ok(Some(file.number));
            }
            None if self.found.is_empty() => {
                self.found.push(file);
                self.oldest_at = Some(seen);
            }
            None => {
                // While the oldest one is met again first, this cannot be told from a newer one.
                let Some(before) = self.oldest_at.take() else {
                    return Ok(None);
                };
                if !self.is_still(before)? {
                    return Ok(Some(before.number + 1));
                }
                // That one is below, so this one was rotated before it.
                self.found.push(file);
                self.oldest_at = Some(seen);
            }
        }
        Ok(None)
    }

    fn has_plain(&self, number: u32) -> io::Result<bool> {
        others_act();
        match fs::metadata(path(self.folder, self.log_name, number, false)) {
            Ok(metadata) => Ok(metadata.is_file() && metadata.len() > 0),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn is_still(&self, seen: Seen) -> io::Result<bool> {
        others_act();
        match fs::metadata(path(self.folder, self.log_name, seen.number, seen.is_gz)) {
            Ok(metadata) => Ok((metadata.dev(), metadata.ino()) == seen.inode),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn path(folder: &Path, log_name: &str, number: u32, is_gz: bool) -> PathBuf {
    let suffix = if is_gz { ".gz" } else { "" };
    match number {
        0 => folder.join(log_name),
        _ => folder.join(format!("{log_name}.{number}{suffix}")),
    }
}

/// The one of these that a file is, or was when it was opened.
fn known(found: &mut [LogFile], file: &LogFile) -> Option<usize> {
    let same = found.iter().position(|known| known.inode == file.inode);
    same.or_else(|| {
        found.iter_mut().position(|known| {
            // What was compressed was plain before, and of plain files only the current one is copied.
            let may_be = !known.is_gz() && (file.is_gz() || known.is_current());
            may_be && !file.head.is_empty() && known.head_now().starts_with(&file.head)
        })
    })
}

/// The highest number of a rotated file.
fn highest(folder: &Path, log_name: &str) -> io::Result<u32> {
    others_act();
    let mut highest = 0;
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let number = name
            .to_str()
            .and_then(|name| name.strip_prefix(log_name)?.strip_prefix('.'))
            .map(|rest| rest.strip_suffix(".gz").unwrap_or(rest))
            .and_then(|number| number.parse::<u32>().ok())
            .filter(|number| *number <= HIGHEST_NUMBER);
        highest = highest.max(number.unwrap_or(0));
    }
    Ok(highest)
}

fn open(path: &Path, number: u32, is_gz: bool) -> io::Result<Option<LogFile>> {
    others_act();
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
    Ok(Some(LogFile {
        number,
        inode: (metadata.dev(), metadata.ino()),
        head: read_head(&mut content)?,
        content,
    }))
}

impl LogFile {
    /// It may have been written since it was opened, or truncated.
    fn head_now(&mut self) -> Vec<u8> {
        read_head(&mut self.content).unwrap_or_default()
    }

    /// The head stays what it was when the file was opened: that is how a later truncation is noticed.
    pub(super) fn head(&self) -> Mark {
        Mark::of(&self.head)
    }

    pub(super) fn is_head_whole(&self) -> bool {
        is_whole(&self.head)
    }

    pub(super) fn has_first_line(&self) -> bool {
        has_first_line(&self.head)
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
