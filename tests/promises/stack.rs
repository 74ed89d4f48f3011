//! The four services, each in a folder and on a port of its own, which it keeps when it is started again. They run in this
//! process, or in processes of their own that can be killed.

use std::collections::HashMap;
use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::Command;

use serde_json::Value;
use shared::testing::{Client, Process, Service};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The DSN key that every relay here knows, and its project.
pub(crate) const DSN_KEY: &str = "00112233445566778899aabbccddeeff";
pub(crate) const PROJECT: &str = "shop";
/// Where the pages seem to be from.
pub(crate) const ORIGIN: &str = "https://shop.example";
/// No test here is about the limit.
const RATE_LIMIT: &str = "1000000";

type Running = Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>>;

/// One of the services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    ErrorTracker,
    LogViewer,
    MetricsCollector,
    BrowserRelay,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [
        Self::ErrorTracker,
        Self::LogViewer,
        Self::MetricsCollector,
        Self::BrowserRelay,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ErrorTracker => "error-tracker",
            Self::LogViewer => "log-viewer",
            Self::MetricsCollector => "metrics-collector",
            Self::BrowserRelay => "browser-relay",
        }
    }

    /// Each has another one.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::ErrorTracker => "key-of-the-error-tracker",
            Self::LogViewer => "key-of-the-log-viewer",
            Self::MetricsCollector => "key-of-the-metrics-collector",
            Self::BrowserRelay => "key-of-the-browser-relay",
        }
    }

    fn start(
        self,
        settings: &HashMap<String, String>,
        listener: TcpListener,
        stop: CancellationToken,
    ) -> Running {
        const RIGHT: &str = "the settings of the test are right";
        let lookup = |name: &str| settings.get(name).cloned();
        match self {
            Self::ErrorTracker => {
                let config = error_tracker::Config::load(&lookup).expect(RIGHT);
                Box::pin(error_tracker::start(config, listener, stop))
            }
            Self::LogViewer => {
                let config = log_viewer::Config::load(&lookup).expect(RIGHT);
                Box::pin(log_viewer::start(config, listener, stop))
            }
            Self::MetricsCollector => {
                let config = metrics_collector::Config::load(&lookup).expect(RIGHT);
                Box::pin(metrics_collector::start(config, listener, stop))
            }
            Self::BrowserRelay => {
                let config = browser_relay::Config::load(&lookup).expect(RIGHT);
                Box::pin(browser_relay::start(config, listener, stop))
            }
        }
    }
}

/// All four.
pub(crate) struct Stack {
    pub(crate) tracker: Member,
    pub(crate) viewer: Member,
    pub(crate) collector: Member,
    pub(crate) relay: Member,
}

impl Stack {
    /// With the default settings.
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// With these settings.
    pub(crate) async fn with(settings: &[(Kind, &str, &str)]) -> Self {
        let mut stack = Self::down(settings);
        for kind in Kind::ALL {
            stack.member(kind).start().await;
        }
        stack
    }

    /// With these settings, each in a process of its own.
    pub(crate) async fn of_processes(settings: &[(Kind, &str, &str)]) -> Self {
        let mut stack = Self::down(settings);
        for kind in Kind::ALL {
            stack.member(kind).is_process = true;
            stack.member(kind).start().await;
        }
        stack
    }

    /// None of them runs yet, and each has its address.
    pub(crate) fn down(settings: &[(Kind, &str, &str)]) -> Self {
        let [tracker, viewer, collector, mut relay] = Kind::ALL.map(Member::new);
        for (name, value) in [
            ("ERROR_TRACKER_URL", tracker.url()),
            ("ERROR_TRACKER_API_KEY", tracker.kind.key().to_owned()),
            ("METRICS_COLLECTOR_URL", collector.url()),
            ("METRICS_COLLECTOR_API_KEY", collector.kind.key().to_owned()),
            ("DSN_KEYS", format!("{PROJECT}:{DSN_KEY}")),
        ] {
            relay.set(name, &value);
        }
        let mut stack = Self {
            tracker,
            viewer,
            collector,
            relay,
        };
        for (kind, name, value) in settings {
            stack.member(*kind).set(name, value);
        }
        stack
    }

    pub(crate) fn member(&mut self, kind: Kind) -> &mut Member {
        match kind {
            Kind::ErrorTracker => &mut self.tracker,
            Kind::LogViewer => &mut self.viewer,
            Kind::MetricsCollector => &mut self.collector,
            Kind::BrowserRelay => &mut self.relay,
        }
    }

    /// A page's client of the relay.
    pub(crate) fn browser(&self) -> Client {
        let client = self.relay.stranger().with("Origin", ORIGIN);
        client.with("X-Monlight-Key", DSN_KEY)
    }
}

/// A service that is started, stopped, and started again in its place.
pub(crate) struct Member {
    pub(crate) kind: Kind,
    port: Port,
    settings: HashMap<String, String>,
    is_process: bool,
    state: State,
}

enum State {
    Running(Service),
    RunningAlone(Process, TempDir),
    Down(TempDir),
    Between,
}

impl Member {
    fn new(kind: Kind) -> Self {
        let key_setting = match kind {
            Kind::BrowserRelay => "ADMIN_API_KEY",
            _ => "API_KEY",
        };
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut member = Self {
            kind,
            port: Port::reserve(),
            settings: HashMap::new(),
            is_process: false,
            state: State::Between,
        };
        member.set(key_setting, kind.key());
        member.set("RATE_LIMIT", RATE_LIMIT);
        member.set("DATABASE_PATH", text(&folder.path().join("database.db")));
        if kind == Kind::LogViewer {
            let containers = folder.path().join("containers");
            std::fs::create_dir(&containers).expect("a folder for containers");
            member.set("LOG_SOURCES", text(&containers));
        }
        member.state = State::Down(folder);
        member
    }

    /// What it is started with from now on.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.settings.insert(name.to_owned(), value.to_owned());
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.port.address)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.port.address
    }

    /// Where its database lies.
    pub(crate) fn database(&self) -> PathBuf {
        PathBuf::from(&self.settings["DATABASE_PATH"])
    }

    /// Where Docker's containers are, for the log viewer.
    pub(crate) fn containers(&self) -> PathBuf {
        PathBuf::from(&self.settings["LOG_SOURCES"])
    }

    /// A client without a key.
    pub(crate) fn stranger(&self) -> Client {
        Client::new(self.port.address)
    }

    /// A client that has the key.
    pub(crate) fn api(&self) -> Client {
        self.stranger().with("X-API-Key", self.kind.key())
    }

    /// `GET path`, which must answer 200 with JSON.
    pub(crate) async fn get(&self, path: &str) -> Value {
        self.api().get_json(path).await
    }

    /// Starts it on what it has left.
    pub(crate) async fn start(&mut self) {
        let State::Down(folder) = std::mem::replace(&mut self.state, State::Between) else {
            panic!("{} runs already", self.kind.name());
        };
        self.state = if self.is_process {
            State::RunningAlone(Process::start(self.command()).await, folder)
        } else {
            let listener = self.port.listen();
            State::Running(Service::start_on(listener, folder, |_, listener, stop| {
                self.kind.start(&self.settings, listener, stop)
            }))
        };
        let reply = self.stranger().get("/health").await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_any-service"));
        command
            .env_clear()
            .envs(&self.settings)
            .env("SERVICE", self.kind.name())
            .env("LISTEN", self.port.address.to_string())
            .env("LOG_FORMAT", "json");
        command
    }

    /// The process that it is.
    pub(crate) fn process(&self) -> &Process {
        let State::RunningAlone(process, _) = &self.state else {
            panic!("{} is not a running process", self.kind.name());
        };
        process
    }

    /// Ends its process as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        let State::RunningAlone(process, folder) = std::mem::replace(&mut self.state, State::Between) else {
            panic!("{} is not a running process", self.kind.name());
        };
        process.kill();
        self.state = State::Down(folder);
    }

    /// Asks it to stop, and waits until it has ended.
    pub(crate) async fn stop(&mut self) {
        let stopping = self.begin_stop();
        self.ended(stopping).await;
    }

    /// Asks it to stop.
    pub(crate) fn begin_stop(&mut self) -> JoinHandle<TempDir> {
        let State::Running(service) = std::mem::replace(&mut self.state, State::Between) else {
            panic!("{} does not run", self.kind.name());
        };
        tokio::spawn(service.stop())
    }

    /// Waits until it has ended after it was asked to.
    pub(crate) async fn ended(&mut self, stopping: JoinHandle<TempDir>) {
        self.state = State::Down(stopping.await.expect("it ends well"));
    }
}

/// A port that is ours for as long as this lives, whether somebody listens on it or not.
struct Port {
    address: SocketAddr,
    /// Bound and never listening: the system gives the port to nobody else, and connections are refused.
    _held: TcpSocket,
}

impl Port {
    fn reserve() -> Self {
        let held = Self::bound(SocketAddr::from(([127, 0, 0, 1], 0)));
        let address = held.local_addr().expect("a bound socket has an address");
        Self { address, _held: held }
    }

    fn listen(&self) -> TcpListener {
        Self::bound(self.address)
            .listen(1_024)
            .expect("nobody listens there")
    }

    fn bound(address: SocketAddr) -> TcpSocket {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket
            .set_reuseaddr(true)
            .expect("an option that every system has");
        socket.bind(address).expect("an address that is ours");
        socket
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}
