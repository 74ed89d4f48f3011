//! Monlight's metrics collector: takes counters, histograms and gauges, and tells rates and percentiles over any range.

mod bits;
mod bucket;
mod catalogue;
mod chunk;
mod config;
mod counted;
mod dashboard;
mod floats;
#[doc(hidden)]
pub mod fuzzing;
mod http;
mod kind;
mod labels;
mod minute;
mod page;
mod period;
mod quantile;
mod query;
mod rollup;
mod sketch;
mod store;
mod sum;
mod summary;
#[cfg(test)]
mod tests;
mod vitals;

use std::sync::Arc;
use std::time::Duration;

use shared::cli::Program;
use shared::flusher::Flusher;
use shared::http::health::Health;
use shared::http::layers::Gate;
use shared::http::serve::{ServeLimits, serve};
use shared::tasks::Tasks;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use config::Config;

use crate::counted::Counted;
use crate::http::App;
use crate::store::commit::Ingest;
use crate::store::{IDENTITY, Store};

/// Batches that wait for the writer at most; more are refused with 503.
const QUEUE_BATCHES: usize = 1_024;
/// Batches in one transaction.
const COMMIT_BATCHES: usize = 64;
/// Background tasks have so long to end.
const TASKS_LIMIT: Duration = Duration::from_millis(1_500);

/// The process around the service: its name, its settings.
#[must_use]
pub fn program() -> Program<Config> {
    Program {
        identity: IDENTITY,
        about: "takes counters, histograms and gauges, and tells rates and percentiles over any range",
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
    let (tasks, writing) = (Tasks::new(), Tasks::new());
    tasks.spawn(
        "rollup",
        rollup::run(store.clone(), config.schedule(), tasks.stop_token()),
    );
    let counted = Arc::<Counted>::default();
    let ingest = Ingest {
        store: store.clone(),
        limits: config.limits(),
        counted: Arc::clone(&counted),
    };
    let app = App {
        gate: Gate::new(IDENTITY.product, &config.service),
        flusher: Flusher::start(&writing, ingest, QUEUE_BATCHES, COMMIT_BATCHES),
        health: Health::new(store.db.clone(), IDENTITY.product, IDENTITY.version),
        turns: Default::default(),
        dashboards: Default::default(),
        counted,
        store: store.clone(),
        config: config.clone(),
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

    // What is in flight has been answered, so the queue is empty.
    let (written, ended) = tokio::join!(writing.shut_down(TASKS_LIMIT), tasks.shut_down(TASKS_LIMIT));
    store.db.close().await;
    tracing::info!(clean = written && ended, "stopped");
    Ok(())
}
