//! Docker, played by the test: containers that write json logs, rotate them, are renamed and removed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::SystemTime;

use serde_json::{Value, json};

/// Docker cuts lines into parts of this size.
const PART_BYTES: usize = 16 * 1_024;
const MILLI: i64 = 1_000_000;

/// A folder such as `/var/lib/docker/containers`.
pub(crate) struct DockerFolder {
    path: PathBuf,
    made: AtomicU32,
}

impl DockerFolder {
    /// At this place, which is made if it is not there.
    pub(crate) fn at(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        fs::create_dir_all(&path).unwrap();
        Self {
            path,
            made: AtomicU32::new(0),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A new container, whose log is not rotated.
    pub(crate) fn container(&self, name: &str) -> Container {
        self.rotating(name, 1, false)
    }

    /// A new container with up to so many files.
    pub(crate) fn rotating(&self, name: &str, max_files: u32, compresses: bool) -> Container {
        let container = Container {
            max_files,
            compresses,
            ..self.begun(name)
        };
        container.describe(&json!({}));
        container
    }

    /// A container of which there is only the folder: Docker makes that first, and describes it later.
    pub(crate) fn begun(&self, name: &str) -> Container {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let id = format!("{number:08x}").repeat(8);
        let folder = self.path.join(&id);
        fs::create_dir(&folder).unwrap();
        Container {
            log: folder.join(format!("{id}-json.log")),
            file: None,
            id,
            name: name.to_owned(),
            folder,
            max_files: 1,
            compresses: false,
            last_at: 0,
            clock: None,
        }
    }
}

/// A container that writes.
pub(crate) struct Container {
    pub(crate) id: String,
    pub(crate) name: String,
    folder: PathBuf,
    pub(crate) log: PathBuf,
    /// Docker makes the log with the first record.
    file: Option<File>,
    max_files: u32,
    compresses: bool,
    /// Of the last record, in nanoseconds since the epoch.
    pub(crate) last_at: i64,
    /// The time of the next record, where it is not the wall's.
    clock: Option<i64>,
}

impl Container {
    /// From now on records are a millisecond apart, and the next one is written at this time.
    pub(crate) fn set_clock(&mut self, at: &str) -> &mut Self {
        let at: jiff::Timestamp = at.parse().unwrap();
        self.clock = Some(i64::try_from(at.as_nanosecond()).unwrap());
        self
    }

    /// A line on standard output.
    pub(crate) fn line(&mut self, text: &str) -> &mut Self {
        self.write("stdout", &format!("{text}\n"))
    }

    /// A line on standard error.
    pub(crate) fn error_line(&mut self, text: &str) -> &mut Self {
        self.write("stderr", &format!("{text}\n"))
    }

    /// Several lines on standard output, each in a record of its own.
    pub(crate) fn lines(&mut self, text: &str) -> &mut Self {
        for line in text.lines() {
            self.line(line);
        }
        self
    }

    /// What a process wrote last, without a newline.
    pub(crate) fn partial(&mut self, text: &str) -> &mut Self {
        self.write("stdout", text)
    }

    /// What a process writes, cut as Docker does: all parts carry the time of the first.
    pub(crate) fn write(&mut self, stream: &str, text: &str) -> &mut Self {
        let at = self.tick();
        self.write_at(stream, text, at)
    }

    /// The same at this time.
    pub(crate) fn write_at(&mut self, stream: &str, text: &str, at: i64) -> &mut Self {
        for part in text.as_bytes().chunks(PART_BYTES) {
            let record = record(stream, &String::from_utf8_lossy(part), at);
            self.raw(record.as_bytes());
        }
        self
    }

    /// Whatever stands in the log.
    pub(crate) fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.file().write_all(bytes).unwrap();
        self
    }

    /// The time of the next record.
    pub(crate) fn tick(&mut self) -> i64 {
        let at = match &mut self.clock {
            Some(clock) => {
                *clock += MILLI;
                *clock - MILLI
            }
            None => now().max(self.last_at + 1),
        };
        self.last_at = at;
        at
    }

    fn file(&mut self) -> &mut File {
        self.file.get_or_insert_with(|| open(&self.log))
    }

    fn rotated(&self, number: u32, suffix: &str) -> PathBuf {
        self.folder.join(format!("{}-json.log.{number}{suffix}", self.id))
    }

    /// As Docker rotates. Compression is not finished when the container goes on to write, so it is a step of its own.
    pub(crate) fn rotate(&mut self) -> &mut Self {
        self.file();
        if self.max_files < 2 {
            fs::remove_file(&self.log).unwrap();
        } else {
            self.shift();
            fs::rename(&self.log, self.rotated(1, "")).unwrap();
        }
        self.file = Some(open(&self.log));
        self
    }

    /// Compresses what was rotated last. Both files are there until the compressed one is complete.
    pub(crate) fn compress(&mut self) -> &mut Self {
        let plain = self.rotated(1, "");
        if self.compresses && plain.exists() {
            let file = File::create(self.rotated(1, ".gz")).unwrap();
            let mut encoder = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
            io::copy(&mut File::open(&plain).unwrap(), &mut encoder).unwrap();
            encoder.finish().unwrap();
            fs::remove_file(plain).unwrap();
        }
        self
    }

    fn shift(&self) {
        for suffix in ["", ".gz"] {
            let _ = fs::remove_file(self.rotated(self.max_files - 1, suffix));
            for number in (1..self.max_files - 1).rev() {
                let _ = fs::rename(self.rotated(number, suffix), self.rotated(number + 1, suffix));
            }
        }
    }

    /// As logrotate does it with `copytruncate`.
    pub(crate) fn copy_and_truncate(&mut self) -> &mut Self {
        self.file();
        self.shift();
        fs::copy(&self.log, self.rotated(1, "")).unwrap();
        self.truncate()
    }

    /// As `truncate -s 0` does it.
    pub(crate) fn truncate(&mut self) -> &mut Self {
        self.file().set_len(0).unwrap();
        self
    }

    /// As `docker rename` does it.
    pub(crate) fn rename(&mut self, name: &str) -> &mut Self {
        name.clone_into(&mut self.name);
        self.describe(&json!({}));
        self
    }

    /// Writes what Docker tells of the container, with these members in place of the usual ones. The file is replaced,
    /// as Docker does it.
    pub(crate) fn describe(&self, more: &Value) {
        let mut config = json!({
            "ID": self.id,
            "Name": format!("/{}", self.name),
            "LogPath": self.log,
            "Config": {"Image": "shop:1.4", "Labels": {}},
            "State": {"Running": true},
        });
        let more = more.as_object().unwrap();
        config
            .as_object_mut()
            .unwrap()
            .extend(more.iter().map(|(name, value)| (name.clone(), value.clone())));
        let new = self.folder.join(".tmp-config.v2.json");
        fs::write(&new, config.to_string()).unwrap();
        fs::rename(new, self.folder.join("config.v2.json")).unwrap();
    }

    /// As `docker rm` does it.
    pub(crate) fn remove(self) {
        fs::remove_dir_all(&self.folder).unwrap();
    }
}

/// One record with its newline, as Docker's own encoder writes it.
pub(crate) fn record(stream: &str, text: &str, at: i64) -> String {
    let time = jiff::Timestamp::from_nanosecond(i128::from(at)).unwrap();
    let text = json!(text)
        .to_string()
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026");
    format!("{{\"log\":{text},\"stream\":\"{stream}\",\"time\":\"{time}\"}}\n")
}

fn open(log: &Path) -> File {
    OpenOptions::new().append(true).create(true).open(log).unwrap()
}

/// The wall clock in nanoseconds since the epoch.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    i64::try_from(since.unwrap().as_nanos()).unwrap()
}
