//! Runs a service as its own process and reads what it costs: memory and CPU time, from the kernel's books.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};

use crate::connection::Client;

/// What every service is started with, and every client sends.
pub(crate) const API_KEY: &str = "bench-7c1f0e9a5b3d48e2a6f4c0d19e8b7a35";
const START_LIMIT: Duration = Duration::from_secs(20);
/// The contract promises 8 s; Docker kills after 10.
const STOP_LIMIT: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(5);
/// By then a service has given back what only its start and its last requests needed.
const REST: Duration = Duration::from_secs(5);
/// Linux counts CPU time for user space in hundredths of a second on every architecture.
const MS_PER_TICK: u64 = 10;

/// A running service; killed when dropped without `stop`.
pub(crate) struct Service {
    child: Child,
    log: PathBuf,
    pub(crate) address: SocketAddr,
}

#[derive(Clone, Copy)]
pub(crate) struct Memory {
    pub(crate) resident_mb: f64,
    /// Of what is resident, what is the process's own: no pages of files, which the kernel drops when it needs room.
    pub(crate) anonymous_mb: f64,
    pub(crate) peak_mb: f64,
}

impl Service {
    /// Starts the binary with these settings alone in its environment, and waits until it is healthy.
    pub(crate) fn start(
        binary: &Path,
        arguments: &[&str],
        settings: &[(&str, &str)],
        folder: &Path,
    ) -> Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        Self::start_at(address, binary, arguments, settings, folder)
    }

    /// The same, on an address that others know already.
    pub(crate) fn start_at(
        address: SocketAddr,
        binary: &Path,
        arguments: &[&str],
        settings: &[(&str, &str)],
        folder: &Path,
    ) -> Result<Self> {
        let log = folder.join(format!("port-{}.log", address.port()));
        let output = File::create(&log)?;
        let child = Command::new(binary)
            .args(arguments)
            .env_clear()
            .env("LISTEN", address.to_string())
            .env("LOG_LEVEL", "warn")
            .envs(settings.iter().copied())
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;

        let mut service = Self { child, log, address };
        service.wait_until_healthy()?;
        Ok(service)
    }

    fn wait_until_healthy(&mut self) -> Result<()> {
        let deadline = Instant::now() + START_LIMIT;
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!(
                    "the service ended at its start with {status}:\n{}",
                    self.log_text()
                );
            }
            let answer = Client::open(self.address, "").and_then(|mut client| client.get("/health"));
            if answer.is_ok_and(|answer| answer.status == 200) {
                return Ok(());
            }
            ensure!(
                Instant::now() < deadline,
                "not healthy after {START_LIMIT:?}:\n{}",
                self.log_text()
            );
            thread::sleep(POLL);
        }
    }

    pub(crate) fn memory(&self) -> Result<Memory> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        Ok(Memory {
            resident_mb: megabytes_of("VmRSS:", &status)?,
            anonymous_mb: megabytes_of("RssAnon:", &status)?,
            peak_mb: megabytes_of("VmHWM:", &status)?,
        })
    }

    /// Its memory when nobody has asked for anything for a while, as it is for most of a day.
    pub(crate) fn memory_at_rest(&self) -> Result<Memory> {
        thread::sleep(REST);
        self.memory()
    }

    /// CPU time of all the service's threads since its start.
    pub(crate) fn cpu_ms(&self) -> Result<f64> {
        cpu_ms_of(&fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?)
    }

    /// Asks the service to end and checks that it does so properly.
    pub(crate) fn stop(mut self) -> Result<()> {
        let pid = Pid::from_raw(self.child.id().try_into()?).context("a child has a process id")?;
        kill_process(pid, Signal::TERM)?;
        let deadline = Instant::now() + STOP_LIMIT;
        loop {
            if let Some(status) = self.child.try_wait()? {
                ensure!(
                    status.success(),
                    "the service ended with {status}:\n{}",
                    self.log_text()
                );
                return Ok(());
            }
            ensure!(
                Instant::now() < deadline,
                "still running {STOP_LIMIT:?} after SIGTERM:\n{}",
                self.log_text()
            );
            thread::sleep(POLL);
        }
    }

    fn log_text(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Both fail only when the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// CPU time of this process since its start.
pub(crate) fn own_cpu_ms() -> Result<f64> {
    cpu_ms_of(&fs::read_to_string("/proc/self/stat")?)
}

fn megabytes_of(field: &str, status: &str) -> Result<f64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(field))
        .with_context(|| format!("no {field}"))?;
    let kibibytes: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kibibytes / 1024.0)
}

/// Fields 14 and 15, counted after the command's name, which may itself hold spaces and parentheses.
fn cpu_ms_of(stat: &str) -> Result<f64> {
    let (_, fields) = stat.rsplit_once(") ").context("no command name")?;
    let mut times = fields.split(' ').skip(11).map(str::parse::<u64>);
    match (times.next(), times.next()) {
        (Some(Ok(user)), Some(Ok(system))) => Ok(((user + system) * MS_PER_TICK) as f64),
        _ => bail!("no CPU times"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_found_behind_a_command_name_with_spaces_and_parentheses() {
        let stat = "4711 (tokio (x) y) S 1 4711 4711 0 -1 4194560 900 0 0 0 250 31 0 0 20 0 5 0 100 200 300";

        assert_eq!(cpu_ms_of(stat).expect("complete"), 2810.0);
        assert!(cpu_ms_of("4711 (short) S 1").is_err());
    }

    #[test]
    fn memory_is_read_in_megabytes() {
        let status = "Name:\tx\nVmHWM:\t   20480 kB\nVmRSS:\t    5120 kB\nRssAnon:\t    3072 kB\n";

        assert_eq!(megabytes_of("VmHWM:", status).expect("present"), 20.0);
        assert_eq!(megabytes_of("VmRSS:", status).expect("present"), 5.0);
        assert_eq!(megabytes_of("RssAnon:", status).expect("present"), 3.0);
        assert!(megabytes_of("VmSwap:", status).is_err());
    }

    #[test]
    fn a_binary_that_ends_at_once_is_reported_with_what_it_printed() {
        let folder = tempfile::tempdir().expect("a folder");

        let failed = Service::start(
            Path::new("/bin/sh"),
            &["-c", "echo no key >&2; exit 64"],
            &[],
            folder.path(),
        );

        let problem = failed.err().expect("not a service").to_string();
        assert!(problem.contains("64") && problem.contains("no key"), "{problem}");
    }
}
