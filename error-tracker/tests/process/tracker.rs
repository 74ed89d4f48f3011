//! The program under test: starts it, talks to it, sends it signals, reads what it says.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_error-tracker");
pub(crate) const KEY: &str = "a-key-for-tests";
/// What only a failure reaches.
pub(crate) const DEADLINE: Duration = Duration::from_secs(25);
/// Docker kills ten seconds after SIGTERM, so the contract says eight.
pub(crate) const STOP_LIMIT: Duration = Duration::from_secs(8);

/// Asks `condition` again and again until it answers, up to a deadline that only a failure reaches.
pub(crate) async fn eventually<T>(what: &str, mut condition: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = condition().await {
            return answer;
        }
        assert!(started.elapsed() < DEADLINE, "this never came: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The program with no environment but this one, so that the developer's own settings play no part.
pub(crate) fn command(settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(BINARY);
    command.env_clear().envs(settings.iter().copied());
    command
}

/// Runs a verb, or a start that fails, to its end.
pub(crate) fn run(mut command: Command) -> Finished {
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let id = child.id();
    let (ended, has_ended) = std::sync::mpsc::channel::<()>();
    let guard = std::thread::spawn(move || {
        if has_ended.recv_timeout(DEADLINE).is_err() {
            signal("KILL", id);
        }
    });
    let output = child.wait_with_output().unwrap();
    let _ = ended.send(());
    guard.join().unwrap();
    Finished::from(output)
}

/// What a process left behind.
#[derive(Debug)]
pub(crate) struct Finished {
    /// Nothing when a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Finished {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

fn signal(name: &str, process_id: u32) {
    // The shell's own `kill`, because a small machine may have no other.
    let mut kill = Command::new("sh");
    kill.args(["-c", &format!("kill -{name} {process_id}")]);
    // A process that has ended by itself needs no signal.
    let _ = kill.stderr(Stdio::null()).status().unwrap();
}

/// A running tracker; it is killed when this is dropped.
pub(crate) struct Tracker {
    child: Child,
    pub(crate) address: SocketAddr,
    log: Arc<Mutex<Vec<String>>>,
    reading: Option<std::thread::JoinHandle<()>>,
    client: reqwest::Client,
}

/// How to start one: the database and whatever else is set.
#[derive(Clone)]
pub(crate) struct Setup {
    pub(crate) database: PathBuf,
    settings: BTreeMap<String, String>,
}

impl Setup {
    pub(crate) fn new(database: impl Into<PathBuf>) -> Self {
        let database = database.into();
        let setup = Self {
            database: database.clone(),
            settings: BTreeMap::new(),
        };
        setup
            .with("DATABASE_PATH", database.to_str().unwrap())
            .with("API_KEY", KEY)
            .with("LISTEN", "127.0.0.1:0")
            .with("LOG_FORMAT", "json")
            .with("RATE_LIMIT", "1000000")
    }

    pub(crate) fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.settings.insert(name.to_owned(), value.to_string());
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.settings.remove(name);
        self
    }

    /// The program with these settings, through `wrapper` when there is one.
    pub(crate) fn command(&self, wrapper: &[&str]) -> Command {
        let mut command = match wrapper {
            [] => Command::new(BINARY),
            [program, arguments @ ..] => {
                let mut command = Command::new(program);
                command.args(arguments).arg(BINARY);
                command
            }
        };
        command.env_clear().envs(&self.settings);
        command
    }

    pub(crate) async fn start(&self) -> Tracker {
        Tracker::start(self.command(&[])).await
    }

    /// Starts it and expects that it ends by itself.
    pub(crate) fn fails(&self) -> Finished {
        run(self.command(&[]))
    }
}

impl Tracker {
    /// Starts `command` and waits until it listens.
    pub(crate) async fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let log: Arc<Mutex<Vec<String>>> = Arc::default();
        let kept = Arc::clone(&log);
        let reading = std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                eprintln!("  {line}");
                kept.lock().unwrap().push(line);
            }
        });
        let mut tracker = Self {
            child,
            address: SocketAddr::from(([0, 0, 0, 0], 0)),
            log,
            reading: Some(reading),
            client: shared::outbound::client(DEADLINE),
        };
        let line = tracker.logged("listening").await;
        tracker.address = line["address"].as_str().unwrap().parse().unwrap();
        tracker
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The log line with this message.
    pub(crate) async fn logged(&mut self, message: &str) -> Value {
        let started = Instant::now();
        loop {
            if let Some(line) = self.log_line(message) {
                return line;
            }
            let has_ended = self.child.try_wait().unwrap().is_some();
            assert!(
                !has_ended && started.elapsed() < DEADLINE,
                "no log line says \"{message}\": {:#?}",
                self.log.lock().unwrap()
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) fn log_line(&self, message: &str) -> Option<Value> {
        let log = self.log.lock().unwrap();
        log.iter()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .find(|line| line["message"] == message)
    }

    pub(crate) fn log_text(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        self.send(self.client.get(self.url(path))).await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.try_post(path, body).await.unwrap()
    }

    pub(crate) async fn try_post(&self, path: &str, body: &Value) -> reqwest::Result<(u16, Value)> {
        self.send(self.client.post(self.url(path)).json(body)).await
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> reqwest::Result<(u16, Value)> {
        let answer = request.header("x-api-key", KEY).send().await?;
        let status = answer.status().as_u16();
        let body = answer.bytes().await?;
        Ok((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
    }

    /// How often each exception type of a project was counted, over all states.
    pub(crate) async fn counts(&self, project: &str) -> BTreeMap<String, i64> {
        let path = format!("/api/errors?project={project}&resolved=all&ignored=all&limit=200");
        let (status, body) = self.get(&path).await;
        assert_eq!(status, 200, "{body}");
        let groups = body["errors"].as_array().unwrap().iter();
        groups
            .map(|group| {
                let kind = group["exception_type"].as_str().unwrap().to_owned();
                (kind, group["count"].as_i64().unwrap())
            })
            .collect()
    }

    pub(crate) fn signal(&self, name: &str) {
        signal(name, self.child.id());
    }

    /// Sends the signal to the only child, when a wrapper that waits for it was started.
    pub(crate) fn signal_child(&self, name: &str) {
        let id = self.child.id();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
        signal(name, children.trim().parse().unwrap());
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Ends it at once, as `kill -9` does.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end, which must come within the time that Docker gives.
    pub(crate) async fn ended(&mut self) -> (ExitStatus, Duration) {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                let took = started.elapsed();
                // The pipe has its end now, so the rest of the log is in it.
                self.reading.take().unwrap().join().unwrap();
                return (status, took);
            }
            assert!(started.elapsed() < DEADLINE, "it does not end");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Asks it to stop, and expects a clean end.
    pub(crate) async fn stop(mut self) {
        self.signal("TERM");
        let (status, took) = self.ended().await;
        assert_eq!(status.code(), Some(0), "{}", self.log_text());
        assert!(took < STOP_LIMIT, "{took:?}");
    }
}

impl Drop for Tracker {
    fn drop(&mut self) {
        // Most have ended by now.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Every file below a folder with its bytes, to show that nothing was touched.
pub(crate) fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(contents(&path));
        } else {
            let mut bytes = Vec::new();
            std::fs::File::open(&path)
                .unwrap()
                .read_to_end(&mut bytes)
                .unwrap();
            all.insert(path, bytes);
        }
    }
    all
}
