//! Writes logs as Docker does: records, rotation, compression; and does to them what admins do.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::nanos::Nanos;

/// Docker's size of a part.
pub(super) const PART_BYTES: usize = 16 * 1024;

/// A folder of containers.
pub(super) struct Docker {
    folder: tempfile::TempDir,
}

impl Docker {
    pub(super) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Makes a container, with up to so many files.
    pub(super) fn container(&self, id: &str, name: &str, max_files: u32) -> Writer {
        let folder = self.folder.path().join(id);
        fs::create_dir(&folder).expect("a new container");
        let log = folder.join(format!("{id}-json.log"));
        let mut writer = Writer {
            file: open(&log),
            id: id.into(),
            folder,
            log,
            max_files,
            compresses: false,
            millis: Nanos::now().millis(),
            written: Vec::new(),
        };
        writer.rename(name);
        writer
    }
}

fn open(log: &Path) -> File {
    OpenOptions::new()
        .append(true)
        .create(true)
        .open(log)
        .expect("a log")
}

/// One container.
pub(super) struct Writer {
    pub(super) id: String,
    pub(super) folder: PathBuf,
    pub(super) log: PathBuf,
    max_files: u32,
    pub(super) compresses: bool,
    file: File,
    /// The container's clock.
    pub(super) millis: i64,
    /// What has to be found, in order.
    pub(super) written: Vec<String>,
}

impl Writer {
    /// A line that stands alone.
    pub(super) fn line(&mut self, text: &str) {
        let record = self.record("stdout", &format!("{text}\n"));
        self.raw(&record);
        self.written.push(text.into());
    }

    pub(super) fn lines(&mut self, count: usize) {
        for _ in 0..count {
            let text = format!("line {} of {}", self.written.len(), self.id);
            self.line(&text);
        }
    }

    /// A record's bytes, a millisecond later than the one before.
    pub(super) fn record(&mut self, stream: &str, log: &str) -> Vec<u8> {
        self.millis += 1;
        self.record_now(stream, log)
    }

    pub(super) fn record_now(&self, stream: &str, log: &str) -> Vec<u8> {
        let time = Nanos::from_millis(self.millis).to_string();
        let (log, stream) = (json!(log), json!(stream));
        format!("{{\"log\":{log},\"stream\":{stream},\"time\":\"{time}\"}}\n").into_bytes()
    }

    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.file.write_all(bytes).expect("room on the disk");
    }

    /// A line that Docker cuts into parts.
    pub(super) fn long_line(&mut self, text: &str) {
        self.millis += 1;
        let line = format!("{text}\n");
        for part in line.as_bytes().chunks(PART_BYTES) {
            let record = self.record_now("stdout", std::str::from_utf8(part).expect("ASCII"));
            self.raw(&record);
        }
        self.written.push(text.into());
    }

    pub(super) fn path(&self, number: u32, suffix: &str) -> PathBuf {
        match number {
            0 => self.log.clone(),
            _ => self.folder.join(format!("{}-json.log.{number}{suffix}", self.id)),
        }
    }

    /// As Docker rotates.
    pub(super) fn rotate(&mut self) {
        if self.max_files < 2 {
            fs::remove_file(&self.log).expect("a log");
        } else {
            self.shift();
            fs::rename(&self.log, self.path(1, "")).expect("a log");
        }
        self.file = open(&self.log);
        if self.compresses && self.max_files > 1 {
            self.compress();
        }
    }

    fn shift(&self) {
        for suffix in ["", ".gz"] {
            let _ = fs::remove_file(self.path(self.max_files - 1, suffix));
            for number in (1..self.max_files - 1).rev() {
                let _ = fs::rename(self.path(number, suffix), self.path(number + 1, suffix));
            }
        }
    }

    /// Both files are there until the compressed one is complete.
    fn compress(&self) {
        let plain = self.path(1, "");
        let file = File::create(self.path(1, ".gz")).expect("a new file");
        let mut encoder = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        io::copy(&mut File::open(&plain).expect("a rotated log"), &mut encoder).expect("room on the disk");
        encoder.finish().expect("room on the disk");
        fs::remove_file(plain).expect("a rotated log");
    }

    /// As logrotate does it.
    pub(super) fn copy_and_truncate(&mut self) {
        self.shift();
        fs::copy(&self.log, self.path(1, "")).expect("room on the disk");
        self.truncate();
    }

    pub(super) fn truncate(&mut self) {
        self.file.set_len(0).expect("a log");
    }

    /// Forgets the rotated files.
    pub(super) fn remove_old(&self) {
        for number in 1..self.max_files {
            for suffix in ["", ".gz"] {
                let _ = fs::remove_file(self.path(number, suffix));
            }
        }
    }

    pub(super) fn rename(&mut self, name: &str) {
        let config = json!({
            "ID": self.id, "Name": format!("/{name}"), "LogPath": self.log,
            "Config": {"Image": "test:1"}, "State": {"Running": true},
        });
        let new = self.folder.join(".tmp-config.v2.json");
        fs::write(&new, config.to_string()).expect("room on the disk");
        fs::rename(new, self.folder.join("config.v2.json")).expect("the same folder");
    }

    /// Removes the container; what it wrote stays to be compared.
    pub(super) fn remove(&self) {
        fs::remove_dir_all(&self.folder).expect("a container");
    }
}
