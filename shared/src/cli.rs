//! The process around a service: its verbs, its signals, its exit codes.

use std::future::Future;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::db::Identity;
use crate::env::{Faults, Setting};
use crate::settings::{COMMON_SETTINGS, ServiceSettings};

/// Settings that cannot be used; the number is `EX_USAGE` of sysexits.h.
const EXIT_SETTINGS: u8 = 64;
/// A stop takes no longer than this, because Docker kills after ten seconds.
const STOP_LIMIT: Duration = Duration::from_secs(8);
/// By how much a thread of the runtime lowers its priority; a thread begins with 0, and 19 is the lowest.
const PRIORITY_STEPS: i32 = 10;
/// "File size limit exceeded", on Linux and the BSDs.
const SIGXFSZ: i32 = 25;

/// Reads settings through a function that answers like the environment.
pub type Load<Config> = fn(&dyn Fn(&str) -> Option<String>) -> Result<Config, Faults>;

/// What a service tells the process around it.
pub struct Program<Config> {
    /// Whose database it is and which release this is.
    pub identity: Identity,
    /// One line for `--help`.
    pub about: &'static str,
    /// The settings beyond the common ones.
    pub settings: &'static [Setting],
    /// Reads the settings.
    pub load: Load<Config>,
    /// The part of the settings that every service has.
    pub common: fn(&Config) -> &ServiceSettings,
}

impl<Config> Program<Config> {
    /// Does what the arguments say. Without any, `start` runs the service until a signal comes.
    pub fn run<Start, Running>(self, start: Start) -> ExitCode
    where
        Start: FnOnce(Config, TcpListener, CancellationToken) -> Running,
        Running: Future<Output = anyhow::Result<()>>,
    {
        crate::memory::tune();
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        match words[..] {
            [] => self.serve(start),
            ["--version" | "-V"] => say(&format!("{} {}", self.identity.product, self.identity.version)),
            ["--help" | "-h"] => say(&self.help()),
            ["--healthcheck"] => end(check_health()),
            ["backup", destination] => end(self.back_up(Path::new(destination))),
            _ => {
                eprintln!(
                    "{}: unknown arguments; --help lists what there is",
                    self.identity.product
                );
                ExitCode::from(EXIT_SETTINGS)
            }
        }
    }

    fn serve<Start, Running>(self, start: Start) -> ExitCode
    where
        Start: FnOnce(Config, TcpListener, CancellationToken) -> Running,
        Running: Future<Output = anyhow::Result<()>>,
    {
        let config = match (self.load)(&environment) {
            Ok(config) => config,
            Err(faults) => {
                eprintln!("{}: {faults}", self.identity.product);
                return ExitCode::from(EXIT_SETTINGS);
            }
        };
        let common = (self.common)(&config).clone();
        crate::telemetry::start(common.log);
        allow_open_files();
        end(runtime().and_then(|runtime| {
            let result = runtime.block_on(async {
                let stop = CancellationToken::new();
                stop_on_signals(stop.clone())?;
                let listener = TcpListener::bind(common.listen)
                    .await
                    .with_context(|| format!("cannot listen on {}", common.listen))?;
                start(config, listener, stop).await
            });
            runtime.shutdown_timeout(Duration::from_millis(200));
            result
        }))
    }

    fn back_up(&self, destination: &Path) -> anyhow::Result<()> {
        // Only the path matters here: a backup must be possible without the service's keys and the addresses of its peers.
        let unset_is_fine = |name: &str| {
            let stand_in = match name {
                _ if name.ends_with("API_KEY") => Some("-"),
                _ if name.ends_with("_URL") => Some("http://localhost"),
                _ => None,
            };
            environment(name).or_else(|| stand_in.map(str::to_owned))
        };
        let config = (self.load)(&unset_is_fine)?;
        let source: PathBuf = (self.common)(&config).database_path.clone();
        runtime()?.block_on(crate::db::back_up(&source, destination, &self.identity))?;
        println!(
            "{} was copied to {} and verified",
            source.display(),
            destination.display()
        );
        Ok(())
    }

    fn help(&self) -> String {
        let name = self.identity.product;
        let mut text = format!(
            "{name} {version}: {about}\n\nUsage:\n  {name}                serve\n  {name} backup DEST    write a verified copy of the live database to DEST\n  \
             {name} --healthcheck  ask the running service's /health; exit code 0 or 1\n  {name} --version\n  {name} --help\n\n\
             Settings come from the environment. Each NAME may also be given as NAME_FILE, the path of a file that holds the value.\n\n",
            version = self.identity.version,
            about = self.about,
        );
        for setting in self.settings.iter().chain(COMMON_SETTINGS) {
            let default = if setting.default.is_empty() {
                String::new()
            } else {
                format!(" [{}]", setting.default)
            };
            text.push_str(&format!("  {:<24} {}{default}\n", setting.name, setting.about));
        }
        text
    }
}

/// Takes as many open files as the system allows without asking anybody: a connection is one, a log that is read too,
/// and the usual 1024 are meant for programs that have not changed since `select`.
fn allow_open_files() {
    use rustix::process::{Resource, getrlimit, setrlimit};

    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the limit of open files could not be raised");
    }
}

fn environment(name: &str) -> Option<String> {
    // What is no text must be a fault of its setting, not the same as unset.
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

fn say(text: &str) -> ExitCode {
    // A closed pipe (`--help | head`) is no failure.
    let _ = writeln!(std::io::stdout(), "{}", text.trim_end());
    ExitCode::SUCCESS
}

fn end(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    // Two threads serve more than one small machine can send; each further one costs memory.
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(4)
        .thread_keep_alive(Duration::from_secs(5))
        .on_thread_start(yield_to_the_database)
        .enable_all()
        .build()
        .context("cannot start the runtime")
}

/// Lets a thread of the runtime stand back behind the one that writes the database, which is older: all requests wait for the
/// writer, so it should not wait for a processor. Where each service has a share of its own (containers, systemd), this is
/// among its own threads only.
fn yield_to_the_database() {
    if let Err(error) = rustix::process::nice(PRIORITY_STEPS) {
        tracing::warn!(%error, "the priority of a thread could not be lowered");
    }
}

fn stop_on_signals(stop: CancellationToken) -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    // As PID 1 there is no default action: a signal without handler would be ignored.
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    // A limit on the size of files must be an error that can be answered, not the end. The handler
    // stays for the life of the process, so nobody needs to listen.
    let _ = signal(SignalKind::from_raw(SIGXFSZ)).context("cannot listen for SIGXFSZ")?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        stop.cancel();
        tokio::time::sleep(STOP_LIMIT).await;
        tracing::error!("the stop took too long");
        std::process::exit(1);
    });
    Ok(())
}

/// Blocking and small: a health check starts a process every few seconds.
fn check_health() -> anyhow::Result<()> {
    let lookup = |name: &str| environment(name);
    let mut reader = crate::env::Reader::new(&lookup);
    let listen = reader.parsed(
        "LISTEN",
        SocketAddr::from(([0, 0, 0, 0], 8000)),
        "an address and a port",
    );
    reader.finish(())?;
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let limit = Duration::from_secs(5);
    let mut stream = TcpStream::connect_timeout(&SocketAddr::new(ip, listen.port()), limit)
        .context("the service does not listen")?;
    stream.set_read_timeout(Some(limit))?;
    stream.set_write_timeout(Some(limit))?;
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream
        .take(64 * 1_024)
        .read_to_string(&mut answer)
        .context("the service does not answer")?;
    if answer.starts_with("HTTP/1.1 200 ") {
        return Ok(());
    }
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    anyhow::bail!("the service is not healthy: {body}")
}
