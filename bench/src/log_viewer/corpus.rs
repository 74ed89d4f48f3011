//! Writes what Docker writes: a folder for each container with its description and its log.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::json;

use super::lines::{COMMON_WORDS, Entry, Lines, SPAN_NS, timestamp};
use crate::report::mix;

pub(super) const CONTAINERS: [&str; 4] = ["shop-web-1", "shop-worker-1", "shop-db-1", "billing-api-1"];
const WRITE_BYTES: usize = 1 << 20;

/// Logs on the disk.
pub(crate) struct Corpus {
    pub(crate) root: PathBuf,
    pub(crate) lines: u64,
    /// What the viewer shall make of them.
    pub(super) entries: u64,
    /// Lines that hold each of the common words.
    pub(super) common: [u64; COMMON_WORDS.len()],
}

impl Corpus {
    /// The same lines for the same number of them.
    pub(crate) fn write(root: PathBuf, lines: u64) -> Result<Self> {
        let mut corpus = Self {
            root,
            lines: 0,
            entries: 0,
            common: [0; COMMON_WORDS.len()],
        };
        let mut entry = Entry::default();
        let mut records = Vec::new();
        for (number, name) in (0_u64..).zip(CONTAINERS) {
            let mut log =
                BufWriter::with_capacity(WRITE_BYTES, File::create(create_container(&corpus.root, name)?)?);
            let mut source = lines_of(number, lines);
            loop {
                let made = source.next(&mut entry);
                if made == 0 {
                    break;
                }
                corpus.lines += made;
                corpus.entries += 1;
                for (count, word) in corpus.common.iter_mut().zip(COMMON_WORDS) {
                    *count += u64::from(entry.text.contains(word));
                }
                records.clear();
                push_records(&entry, &timestamp(entry.at_ns), &mut records);
                log.write_all(&records)?;
            }
            log.flush()?;
        }
        Ok(corpus)
    }
}

/// The texts of such a corpus in blocks of `block_bytes`, and the lines in them; at most `most_bytes` in all.
pub(super) fn blocks(lines: u64, block_bytes: usize, most_bytes: usize) -> (Vec<String>, u64) {
    let mut blocks = Vec::new();
    let mut total_lines = 0;
    let mut entry = Entry::default();
    for number in 0..CONTAINERS.len() as u64 {
        let mut source = lines_of(number, lines);
        let mut block = String::with_capacity(block_bytes);
        let mut block_lines = 0;
        loop {
            let made = source.next(&mut entry);
            if made == 0 || blocks.len() * block_bytes >= most_bytes {
                break;
            }
            block.push_str(&entry.text);
            block.push('\n');
            block_lines += made;
            if block.len() >= block_bytes {
                blocks.push(std::mem::replace(&mut block, String::with_capacity(block_bytes)));
                total_lines += std::mem::take(&mut block_lines);
            }
        }
    }
    (blocks, total_lines)
}

fn lines_of(container: u64, lines: u64) -> Lines {
    let containers = CONTAINERS.len() as u64;
    // The first container takes what cannot be divided.
    let rest = if container == 0 { lines % containers } else { 0 };
    Lines::new(container, containers, lines / containers + rest)
}

/// Makes the folder of a container and answers where its log belongs.
pub(crate) fn create_container(root: &Path, name: &str) -> Result<PathBuf> {
    let seed = name.bytes().fold(0, |seed, byte| mix(seed ^ u64::from(byte)));
    let id: String = (0..4).map(|part| format!("{:016x}", mix(seed ^ part))).collect();
    let folder = root.join(&id);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let log = folder.join(format!("{id}-json.log"));
    let description = json!({
        "ID": id,
        "Name": format!("/{name}"),
        "Config": {"Image": "shop:1"},
        "State": {"Running": true},
        "LogPath": log,
    });
    fs::write(folder.join("config.v2.json"), description.to_string())?;
    Ok(log)
}

/// A container that goes on writing while it is watched. Its times follow those of the corpus.
pub(super) struct LiveLog {
    log: File,
    records: Vec<u8>,
    entry: Entry,
    written: u64,
}

impl LiveLog {
    pub(super) fn create(root: &Path, name: &str) -> Result<Self> {
        Ok(Self {
            log: File::create(create_container(root, name)?)?,
            records: Vec::new(),
            entry: Entry {
                stream: "stdout",
                ..Entry::default()
            },
            written: 0,
        })
    }

    /// Writes these lines at once, as Docker does when several wait.
    pub(super) fn append(&mut self, lines: impl IntoIterator<Item = String>) -> Result<()> {
        self.records.clear();
        for line in lines {
            self.written += 1;
            self.entry.at_ns = SPAN_NS + self.written;
            self.entry.text = line;
            push_records(&self.entry, &timestamp(self.entry.at_ns), &mut self.records);
        }
        Ok(self.log.write_all(&self.records)?)
    }

    /// Writes so many lines of the usual kinds as fast as the disk takes them.
    pub(super) fn append_corpus(&mut self, lines: u64) -> Result<()> {
        let mut source = Lines::new(CONTAINERS.len() as u64, CONTAINERS.len() as u64, lines);
        self.records.clear();
        while source.next(&mut self.entry) > 0 {
            self.entry.at_ns += SPAN_NS;
            push_records(&self.entry, &timestamp(self.entry.at_ns), &mut self.records);
            if self.records.len() >= WRITE_BYTES {
                self.log.write_all(&self.records)?;
                self.records.clear();
            }
        }
        Ok(self.log.write_all(&self.records)?)
    }
}

/// A record of that time for each line. The lines have no control characters.
pub(crate) fn push_records(entry: &Entry, time: &str, records: &mut Vec<u8>) {
    for line in entry.text.split('\n') {
        records.extend_from_slice(b"{\"log\":\"");
        for byte in line.bytes() {
            if matches!(byte, b'"' | b'\\') {
                records.push(b'\\');
            }
            records.push(byte);
        }
        records.extend_from_slice(b"\\n\",\"stream\":\"");
        records.extend_from_slice(entry.stream.as_bytes());
        records.extend_from_slice(b"\",\"time\":\"");
        records.extend_from_slice(time.as_bytes());
        records.extend_from_slice(b"\"}\n");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_corpus_is_what_docker_writes_and_counts_itself_right() {
        let folder = tempfile::tempdir().expect("a folder");

        let corpus = Corpus::write(folder.path().to_owned(), 2_003).expect("written");

        let mut lines = 0;
        let mut with_get = 0;
        for container in fs::read_dir(&corpus.root).expect("listed") {
            let container = container.expect("an entry").path();
            let description: Value =
                serde_json::from_slice(&fs::read(container.join("config.v2.json")).expect("a description"))
                    .expect("JSON");
            let id = description["ID"].as_str().expect("an id");
            assert_eq!((id.len(), container.ends_with(id)), (64, true));
            assert_eq!(description["State"]["Running"], true);
            let log = fs::read_to_string(container.join(format!("{id}-json.log"))).expect("a log");
            for line in log.lines() {
                let record: Value = serde_json::from_str(line).expect("a record");
                let text = record["log"].as_str().expect("text");
                assert!(text.ends_with('\n') && record["time"].is_string() && record["stream"].is_string());
                lines += 1;
                with_get += u64::from(text.contains("GET"));
            }
        }
        assert_eq!((corpus.lines, lines), (2_003, 2_003));
        assert_eq!(corpus.common[0], with_get);
        assert!(corpus.entries < corpus.lines, "a traceback is one entry");
    }

    #[test]
    fn blocks_hold_whole_lines_and_no_more_than_asked_for() {
        let (all, all_lines) = blocks(4_000, 4_096, usize::MAX);
        let (some, some_lines) = blocks(4_000, 4_096, 10 * 4_096);

        let counted: usize = all.iter().map(|block| block.lines().count()).sum();
        assert_eq!(counted as u64, all_lines);
        assert!(all.iter().all(|block| block.len() >= 4_096));
        assert_eq!(some.len(), 10);
        assert!(some_lines < all_lines);
    }

    #[test]
    fn what_is_appended_comes_after_the_corpus() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut live = LiveLog::create(folder.path(), "live").expect("created");

        live.append(["one".to_owned(), "say \"two\"".to_owned()])
            .expect("written");
        live.append_corpus(50).expect("written");

        let container = fs::read_dir(folder.path())
            .expect("listed")
            .next()
            .expect("one container")
            .expect("an entry")
            .path();
        let id = container
            .file_name()
            .and_then(|name| name.to_str())
            .expect("an id");
        let log = fs::read_to_string(container.join(format!("{id}-json.log"))).expect("a log");
        let second: Value = serde_json::from_str(log.lines().nth(1).expect("two lines")).expect("a record");
        assert_eq!(second["log"], "say \"two\"\n");
        assert_eq!(second["time"], "2026-03-01T14:00:00.000000002Z");
        assert_eq!(log.lines().count(), 52);
    }
}
