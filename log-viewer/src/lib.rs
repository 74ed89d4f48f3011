//! Monlight's log viewer: reads Docker's logs from the disk, puts them together, finds and streams them.

mod ansi;
mod assemble;
mod batch;
mod columns;
mod config;
mod counts;
mod cursor;
mod entry;
mod fields;
#[doc(hidden)]
pub mod fuzzing;
mod http;
mod level;
mod lines;
mod live;
mod multiline;
mod nanos;
mod query;
mod record;
mod search;
mod source;
mod store;
mod tally;
mod when;
mod words;
mod writing;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use shared::cli::Program;
use shared::http::health::Health;
use shared::http::layers::Gate;
use shared::http::serve::{ServeLimits, serve};
use shared::tasks::Tasks;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub use config::Config;

use crate::http::App;
use crate::live::Live;
use crate::source::{Names, WAITING_BATCHES};
use crate::store::append::Appender;
use crate::store::ring::Ring;
use crate::store::{IDENTITY, Store};
use crate::writing::Writing;

/// Background tasks have so long to end.
const TASKS_LIMIT: Duration = Duration::from_millis(1_500);

/// The process around the service: its name, its settings.
#[must_use]
pub fn program() -> Program<Config> {
    Program {
        identity: IDENTITY,
        about: "reads Docker's logs from the disk, puts them together, finds and streams them",
        settings: config::SETTINGS,
        load: Config::load,
        common: |config| &config.service,
    }
}

/// Runs the service on `listener` until `stop` is cancelled.
///
/// # Errors
/// The database cannot be opened; the text says which file and why.
pub async fn start(config: Config, listener: TcpListener, stop: CancellationToken) -> anyhow::Result<()> {
    let store = Store::open(&config.service.database_path, config.service.durability).await?;
    let resumed = store.resume().await?;
    let limits = config.limits();
    let appender = Appender::new(store.clone(), limits.part_entries(), &resumed).await?;
    let (batches, waiting) = mpsc::channel(WAITING_BATCHES);
    let (tasks, writers) = (Tasks::new(), Tasks::new());
    let (live, failing) = (Arc::<Live>::default(), Arc::<AtomicBool>::default());

    let writing = Writing {
        appender,
        ring: Ring::new(limits),
        live: Arc::clone(&live),
        failing: Arc::clone(&failing),
        forgot_at: Instant::now(),
    };
    tasks.spawn("log", store.db.clone().keep_log_short(tasks.stop_token()));
    writers.spawn("writer", writing.run(waiting, writers.stop_token()));
    let settings = source::Settings {
        sources: config.sources.clone(),
        names: Names::parse(&config.containers),
        poll_interval: config.poll_interval,
        backfill: config.backfill_bytes,
        block_entries: limits.block_entries(),
    };
    let app = App {
        gate: Gate::new(IDENTITY.product, &config.service),
        live,
        source: source::start(settings, store.clone(), resumed, batches, &tasks)?,
        failing,
        health: Health::new(store.db.clone(), IDENTITY.product, IDENTITY.version),
        store: store.clone(),
        config: config.clone(),
        tasks: tasks.clone(),
        stop: stop.clone(),
    };
    if let Ok(address) = listener.local_addr() {
        tracing::info!(%address, database = %store.db.path().display(), version = IDENTITY.version, "listening");
    }
    serve(
        listener,
        http::router(app),
        ServeLimits::new(config.service.max_connections),
        stop,
    )
    .await;

    // The one who reads hands over what it has; then the writer finishes.
    let ended = tasks.shut_down(TASKS_LIMIT).await;
    let written = writers.shut_down(TASKS_LIMIT).await;
    store.db.close().await;
    tracing::info!(clean = ended && written, "stopped");
    Ok(())
}
