//! How fast a service that finds logs for the first time makes them searchable.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

use super::corpus::{CONTAINERS, Corpus};
use super::lines::END_WORD;
use super::{API_KEY, DATABASE, start};
use crate::connection::Client;
use crate::process::Service;

const POLL: Duration = Duration::from_millis(10);
/// Without any new line for so long, it does not go on.
const STALL_LIMIT: Duration = Duration::from_secs(20);

pub(super) struct Ingest {
    pub(super) lines_per_second: f64,
    pub(super) lines_per_cpu_second: f64,
    pub(super) peak_mb: f64,
    pub(super) longest_commit_ms: f64,
    /// Entries that were kept when everything had been read.
    pub(super) entries: u64,
    /// After the stop, so that the write-ahead log is part of the file.
    pub(super) database_bytes: u64,
}

impl Ingest {
    /// A service that loses or doubles lines, or joins those of two entries, must not look fast.
    pub(super) fn check_all_are_kept(&self, corpus: &Corpus) -> Result<()> {
        ensure!(
            self.entries == corpus.entries,
            "{} entries instead of {}",
            self.entries,
            corpus.entries
        );
        Ok(())
    }
}

impl Corpus {
    /// A limit that is never reached, yet not so far away that the index has fewer parts than usual.
    pub(super) fn unlimited(&self) -> u64 {
        self.lines * 2
    }
}

/// Reads the whole corpus into a new database in `folder`, from the start of the process on.
pub(super) fn measure(binary: &Path, folder: &Path, corpus: &Corpus, max_entries: u64) -> Result<Ingest> {
    let started = Instant::now();
    let service = start(binary, folder, &corpus.root, max_entries)?;
    let mut client = Client::open(service.address, API_KEY)?;
    wait_until_read(&mut client, corpus.lines)?;
    wait_until_searchable(&mut client)?;
    let seconds = started.elapsed().as_secs_f64();
    let cpu_seconds = service.cpu_ms()? / 1_000.0;
    let entries = client.metric("monlight_log_viewer_entries")?;
    let peak_mb = service.memory()?.peak_mb;
    let longest_commit_ms = client.metric_ms("monlight_log_viewer_commit_seconds_max")?;
    stop(service, client)?;

    Ok(Ingest {
        lines_per_second: corpus.lines as f64 / seconds,
        lines_per_cpu_second: corpus.lines as f64 / cpu_seconds,
        peak_mb,
        longest_commit_ms,
        entries,
        database_bytes: database_bytes(folder)?,
    })
}

/// Waits until the service has read so many lines since its start and nothing is left.
pub(crate) fn wait_until_read(client: &mut Client, lines: u64) -> Result<()> {
    let mut progress = (0, Instant::now());
    loop {
        let records = client.metric("monlight_log_viewer_records_total")?;
        let behind = client.metric("monlight_log_viewer_bytes_behind")?;
        if records == lines && behind == 0 {
            return Ok(());
        }
        ensure!(records <= lines, "{records} lines were read of {lines}");
        if records > progress.0 {
            progress = (records, Instant::now());
        }
        if progress.1.elapsed() > STALL_LIMIT {
            bail!("{records} of {lines} lines were read, {behind} bytes are left, and nothing moves");
        }
        thread::sleep(POLL);
    }
}

/// What was read may still wait for its commit.
fn wait_until_searchable(client: &mut Client) -> Result<()> {
    let deadline = Instant::now() + STALL_LIMIT;
    loop {
        let page = client.get_json(&format!("/api/logs?search={END_WORD}"))?;
        if page["total"] == CONTAINERS.len() {
            return Ok(());
        }
        ensure!(
            Instant::now() < deadline,
            "the last lines of {} containers are found instead of {}",
            page["total"],
            CONTAINERS.len()
        );
        thread::sleep(POLL);
    }
}

fn stop(service: Service, client: Client) -> Result<()> {
    // The service waits for open connections.
    drop(client);
    service.stop()
}

fn database_bytes(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for file in fs::read_dir(folder)? {
        let file = file?;
        if file.file_name().to_string_lossy().starts_with(DATABASE) {
            bytes += file.metadata()?.len();
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_write_ahead_log_counts_and_other_files_do_not() {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, size) in [("logs.db", 10), ("logs.db-wal", 5), ("port-1.log", 100)] {
            fs::write(folder.path().join(name), vec![0; size]).expect("written");
        }

        assert_eq!(database_bytes(folder.path()).expect("counted"), 15);
    }
}
