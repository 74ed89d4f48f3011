//! Containers that go on writing, in logs that are rotated as Docker rotates them.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use jiff::Timestamp;

use super::traffic::Pace;
use super::{API_KEY, Clock};
use crate::connection::Client;
use crate::log_viewer::corpus::{create_container, push_records};
use crate::log_viewer::lines::{Entry, Lines};

/// The options of Docker's json-file driver.
const MAX_SIZE_BYTES: u64 = 20_000_000;
const MAX_FILE: usize = 3;
/// The last one writes little: its lines are what a live view can be read of.
pub(super) const CONTAINERS: [&str; 5] = ["shop-1", "shop-2", "billing-1", "search-1", "cron-1"];
/// One chunk of so many is the last container's.
const CHUNKS_PER_QUIET_CHUNK: u64 = 100;
const CHUNK_LINES: u64 = 1_000;
const CHUNKS_PER_SECOND: f64 = 50.0;
/// So far may the viewer be behind when lines are written as fast as it reads.
const MOST_BEHIND: u64 = 20_000;
const POLL: Duration = Duration::from_millis(5);
/// No container writes as many.
const ENDLESS: u64 = 1 << 40;

/// A container's log with `max-size` and `max-file`.
struct RotatedLog {
    path: PathBuf,
    file: File,
    bytes: u64,
    most_bytes: u64,
}

impl RotatedLog {
    fn create(path: PathBuf, most_bytes: u64) -> Result<Self> {
        let file = File::create(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self {
            path,
            file,
            bytes: 0,
            most_bytes,
        })
    }

    fn append(&mut self, records: &[u8]) -> Result<()> {
        if self.bytes >= self.most_bytes {
            self.rotate()?;
        }
        self.file.write_all(records)?;
        self.bytes += records.len() as u64;
        Ok(())
    }

    /// The oldest goes, each other one gets the next number, and a new file is begun.
    fn rotate(&mut self) -> Result<()> {
        for number in (1..MAX_FILE).rev() {
            let older = if number == 1 {
                self.path.clone()
            } else {
                self.numbered(number - 1)
            };
            if older.exists() {
                fs::rename(older, self.numbered(number))?;
            }
        }
        self.file = File::create(&self.path)?;
        self.bytes = 0;
        Ok(())
    }

    fn numbered(&self, number: usize) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{number}"));
        name.into()
    }
}

/// All containers that write while the services run.
pub(super) struct Writer {
    containers: Vec<(RotatedLog, Lines)>,
    chunks: u64,
    pub(super) lines: u64,
    records: Vec<u8>,
}

impl Writer {
    pub(super) fn create(root: &Path) -> Result<Self> {
        let containers = (0_u64..).zip(CONTAINERS).map(|(number, name)| {
            let log = RotatedLog::create(create_container(root, name)?, MAX_SIZE_BYTES)?;
            Ok((log, Lines::new(number, CONTAINERS.len() as u64, ENDLESS)))
        });
        Ok(Self {
            containers: containers.collect::<Result<_>>()?,
            chunks: 0,
            lines: 0,
            records: Vec::new(),
        })
    }

    /// Appends about so many lines to the log of the container whose turn it is.
    fn append(&mut self, lines: u64) -> Result<()> {
        let quiet = self.containers.len() - 1;
        let turn = self.chunks;
        self.chunks += 1;
        let number = if turn.is_multiple_of(CHUNKS_PER_QUIET_CHUNK) {
            quiet
        } else {
            turn as usize % quiet
        };
        let (log, source) = &mut self.containers[number];
        // One time for all of them, as for lines that Docker reads from the container's pipe at once.
        let now = format!("{:.9}", Timestamp::now());
        self.records.clear();
        let mut entry = Entry::default();
        let mut made = 0;
        while made < lines {
            made += source.next(&mut entry);
            push_records(&entry, &now, &mut self.records);
        }
        log.append(&self.records)?;
        self.lines += made;
        Ok(())
    }

    /// Writes until the clock has run out and answers how many lines there were in a second.
    ///
    /// `read_before` are the lines that the viewer had read when this writer began with its first one.
    pub(super) fn run(
        &mut self,
        viewer: &mut Client,
        read_before: u64,
        pace: Pace,
        clock: &Clock,
    ) -> Result<f64> {
        let (started, lines_before) = (Instant::now(), self.lines);
        match pace {
            Pace::AsAnswered => {
                while clock.is_running() {
                    if read_before + self.lines > lines_read(viewer)? + MOST_BEHIND {
                        thread::sleep(POLL);
                    } else {
                        self.append(CHUNK_LINES)?;
                    }
                }
            }
            Pace::PerSecond(rate) => {
                let ticks = Pace::PerSecond(CHUNKS_PER_SECOND);
                for tick in 0.. {
                    let due = started + ticks.due(tick);
                    if !clock.is_running_at(due) {
                        break;
                    }
                    thread::sleep(due.saturating_duration_since(Instant::now()));
                    // What the chunks before had too much is taken off this one.
                    let wanted = (rate * ticks.due(tick + 1).as_secs_f64()) as u64;
                    let missing = (lines_before + wanted).saturating_sub(self.lines);
                    if missing > 0 {
                        self.append(missing)?;
                    }
                }
            }
        }
        Ok((self.lines - lines_before) as f64 / started.elapsed().as_secs_f64())
    }
}

/// A client for `Writer::run`.
pub(super) fn open(viewer: std::net::SocketAddr) -> Result<Client> {
    Client::open(viewer, API_KEY)
}

pub(super) fn lines_read(viewer: &mut Client) -> Result<u64> {
    viewer.metric("monlight_log_viewer_records_total")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotation_keeps_the_newest_files_under_docker_s_names() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("c-json.log");
        let mut log = RotatedLog::create(path, 4).expect("created");

        for record in ["one\n", "two\n", "three\n", "four\n"] {
            log.append(record.as_bytes()).expect("written");
        }

        let read = |name: &str| fs::read_to_string(folder.path().join(name)).expect(name);
        assert_eq!(read("c-json.log"), "four\n");
        assert_eq!(read("c-json.log.1"), "three\n");
        assert_eq!(read("c-json.log.2"), "two\n");
        assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), MAX_FILE);
    }

    #[test]
    fn every_container_writes_and_the_last_one_little() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut writer = Writer::create(folder.path()).expect("created");

        for _ in 0..CHUNKS_PER_QUIET_CHUNK {
            writer.append(10).expect("written");
        }

        let lines = |number: usize| {
            let log = fs::read_to_string(&writer.containers[number].0.path).expect("a log");
            log.lines().count() as u64
        };
        assert!(lines(0) > 10 * lines(4) && lines(4) >= 10);
        assert_eq!((0..CONTAINERS.len()).map(lines).sum::<u64>(), writer.lines);
    }
}
