//! A service as its own process: starts it, talks to it, sends it signals, reads what it says and what it leaves.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Client, DEADLINE};

/// The key that every program here accepts.
pub const KEY: &str = "a-key-for-tests";
/// What a program ends with when its settings or arguments cannot be used: `EX_USAGE` of sysexits.h.
pub const USAGE: i32 = 64;
/// Docker kills ten seconds after SIGTERM, so the contract says eight.
pub const STOP_LIMIT: Duration = Duration::from_secs(8);
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// How to start one: the binary, the database, and whatever else is set.
#[derive(Debug, Clone)]
pub struct Program {
    pub(super) binary: &'static str,
    /// Where its database lies.
    pub database: PathBuf,
    settings: BTreeMap<String, String>,
}

impl Program {
    /// One with a key, on a free port, without a limit that a test could reach.
    ///
    /// # Panics
    /// When the path is no text.
    #[must_use]
    pub fn new(binary: &'static str, database: impl Into<PathBuf>) -> Self {
        let database = database.into();
        let program = Self {
            binary,
            database: database.clone(),
            settings: BTreeMap::new(),
        };
        program
            .with("DATABASE_PATH", database.display())
            .with("API_KEY", KEY)
            .with("LISTEN", "127.0.0.1:0")
            .with("LOG_FORMAT", "json")
            .with("RATE_LIMIT", "1000000")
    }

    /// The same with one more setting.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.settings.insert(name.to_owned(), value.to_string());
        self
    }

    /// The same without this setting.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.settings.remove(name);
        self
    }

    /// The program with these settings and no others, through `wrapper` when there is one.
    #[must_use]
    pub fn command(&self, wrapper: &[&str]) -> Command {
        let mut command = match wrapper {
            [] => Command::new(self.binary),
            [program, arguments @ ..] => {
                let mut command = Command::new(program);
                command.args(arguments).arg(self.binary);
                command
            }
        };
        command.env_clear().envs(&self.settings);
        command
    }

    /// Starts it and waits until it listens.
    pub async fn start(&self) -> Process {
        Process::start(self.command(&[])).await
    }

    /// Starts it and expects that it ends by itself.
    #[must_use]
    pub fn fails(&self) -> Finished {
        run(self.command(&[]))
    }
}

/// Runs a verb, or a start that fails, to its end.
///
/// # Panics
/// When it cannot be started.
#[must_use]
pub fn run(mut command: Command) -> Finished {
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a program that can be started");
    let id = child.id();
    let (ended, has_ended) = mpsc::channel::<()>();
    let guard = std::thread::spawn(move || {
        if has_ended.recv_timeout(DEADLINE) == Err(mpsc::RecvTimeoutError::Timeout) {
            signal("KILL", id);
        }
    });
    let output = child.wait_with_output().expect("a child of ours");
    drop(ended);
    guard.join().expect("the guard only waits");
    Finished::from(output)
}

/// What a process left behind.
#[derive(Debug)]
pub struct Finished {
    /// Nothing when a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it complained of.
    pub stderr: String,
}

impl From<Output> for Finished {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Every file below a folder with its bytes, to show that nothing was touched.
///
/// # Panics
/// When one of them cannot be read.
#[must_use]
pub fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("a folder that can be read") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            all.extend(contents(&path));
        } else {
            let bytes = std::fs::read(&path).expect("a file that can be read");
            all.insert(path, bytes);
        }
    }
    all
}

fn signal(name: &str, process_id: u32) {
    // The shell's own `kill`, because a small machine may have no other.
    let mut kill = Command::new("sh");
    kill.args(["-c", &format!("kill -{name} {process_id}")]);
    // A process that has ended by itself needs no signal.
    let _ = kill.stderr(Stdio::null()).status().expect("a shell");
}

/// A running service; it is killed when this is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    /// Where it listens, once it does.
    pub address: SocketAddr,
    log: Arc<Mutex<Vec<String>>>,
    reading: Option<std::thread::JoinHandle<()>>,
}

impl Process {
    /// Starts `command` and waits until it listens.
    pub async fn start(command: Command) -> Self {
        let mut process = Self::spawn(command);
        process.listens().await;
        process
    }

    /// Starts `command`.
    ///
    /// # Panics
    /// When that is not possible.
    #[must_use]
    pub fn spawn(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a program that can be started");
        let lines = BufReader::new(child.stderr.take().expect("it is piped")).lines();
        let log: Arc<Mutex<Vec<String>>> = Arc::default();
        let kept = Arc::clone(&log);
        let reading = std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                eprintln!("  {line}");
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        });
        Self {
            child,
            address: SocketAddr::from(([0, 0, 0, 0], 0)),
            log,
            reading: Some(reading),
        }
    }

    /// Waits until it listens.
    ///
    /// # Panics
    /// When it does not.
    pub async fn listens(&mut self) {
        let line = self.logged("listening").await;
        let address = line["address"].as_str().and_then(|text| text.parse().ok());
        self.address = address.expect("the line names the address");
    }

    /// A client that has the key.
    #[must_use]
    pub fn api(&self) -> Client {
        Client::new(self.address).with("X-API-Key", KEY)
    }

    /// `GET path`, which must answer 200 with JSON.
    ///
    /// # Panics
    /// When it does not.
    pub async fn get(&self, path: &str) -> Value {
        self.api().get_json(path).await
    }

    /// Its number.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the log line with this message.
    ///
    /// # Panics
    /// When it does not come.
    pub async fn logged(&mut self, message: &str) -> Value {
        let started = Instant::now();
        loop {
            if let Some(line) = self.log_lines(message).into_iter().next() {
                return line;
            }
            assert!(
                !self.has_ended() && started.elapsed() < DEADLINE,
                "no log line says \"{message}\": {}",
                self.log_text()
            );
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// All log lines with this message so far.
    #[must_use]
    pub fn log_lines(&self, message: &str) -> Vec<Value> {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.iter()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|line| line["message"] == message)
            .collect()
    }

    /// The whole log so far.
    #[must_use]
    pub fn log_text(&self) -> String {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
    }

    /// Sends it a signal, by its name without SIG.
    pub fn signal(&self, name: &str) {
        signal(name, self.child.id());
    }

    /// Sends the signal to the only child, when a wrapper that waits for it was started.
    ///
    /// # Panics
    /// When there is not exactly one.
    pub fn signal_child(&self, name: &str) {
        let id = self.child.id();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
        let child = children.ok().and_then(|ids| ids.trim().parse().ok());
        signal(name, child.expect("one child"));
    }

    /// Whether it runs no more.
    ///
    /// # Panics
    /// When the system does not say.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("a child of ours").is_some()
    }

    /// Ends it at once, as `kill -9` does.
    ///
    /// # Panics
    /// When the system refuses.
    pub fn kill(mut self) {
        self.child.kill().expect("a child of ours");
        self.child.wait().expect("a child of ours");
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When it does not come.
    pub async fn ended(&mut self) -> (ExitStatus, Duration) {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a child of ours") {
                let took = started.elapsed();
                // The pipe has its end now, so the rest of the log is in it.
                if let Some(reading) = self.reading.take() {
                    let _ = reading.join();
                }
                return (status, took);
            }
            assert!(started.elapsed() < DEADLINE, "it does not end");
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Asks it to stop, and expects a clean end within the time that Docker gives.
    ///
    /// # Panics
    /// When it ends otherwise, or too late.
    pub async fn stop(mut self) {
        self.signal("TERM");
        let (status, took) = self.ended().await;
        assert_eq!(status.code(), Some(0), "{}", self.log_text());
        assert!(took < STOP_LIMIT, "{took:?}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Most have ended by now.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
