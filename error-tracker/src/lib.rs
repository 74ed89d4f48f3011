//! Monlight's error tracker: takes exceptions, groups them, counts them, shows them, tells people.

mod alert;
mod config;
mod delivery;
mod fingerprint;
mod frame;
#[doc(hidden)]
pub mod fuzzing;
mod group;
mod http;
mod json_text;
mod message;
mod notify;
mod report;
mod stack;
mod store;
mod storm;
mod trend;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use shared::cli::Program;
use shared::clock::{HOUR_MS, Timestamp};
use shared::flusher::Flusher;
use shared::http::health::Health;
use shared::http::layers::Gate;
use shared::http::serve::{ServeLimits, serve};
use shared::tasks::Tasks;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

pub use config::Config;

use crate::alert::Links;
use crate::delivery::Delivery;
use crate::http::App;
use crate::notify::Channels;
use crate::store::ingest::Ingest;
use crate::store::{IDENTITY, Store};
use crate::storm::Storms;

/// Jobs that wait for the writer at most; more are refused with 503.
const QUEUE_JOBS: usize = 2_048;
/// Jobs in one transaction.
const BATCH_JOBS: usize = 128;
/// Background tasks have so long to end.
const TASKS_LIMIT: Duration = Duration::from_millis(1_500);

/// The process around the service: its name, its settings.
#[must_use]
pub fn program() -> Program<Config> {
    Program {
        identity: IDENTITY,
        about: "takes exceptions, groups them, counts them, shows them, tells people",
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
    let gate = Gate::new(IDENTITY.product, &config.service);
    let channels = Arc::new(Channels::new(&config.alerts));
    let tasks = Tasks::new();

    let alerts_queued: Vec<Arc<Notify>> = channels.names().iter().map(|_| Arc::default()).collect();
    for (channel, queued) in channels.names().iter().zip(&alerts_queued) {
        let delivery = Delivery {
            store: store.clone(),
            channels: Arc::clone(&channels),
            channel: *channel,
            links: Links::new(config.alerts.base_url.as_deref()),
            max_per_hour: config.alerts.max_per_hour,
            queued: Arc::clone(queued),
        };
        tasks.spawn("delivery", delivery.run(tasks.stop_token()));
    }
    tasks.spawn("log", store.db.clone().keep_log_short(tasks.stop_token()));
    tasks.spawn("search index", store.clone().keep_indexed(tasks.stop_token()));
    tasks.spawn(
        "retention",
        keep_tidy(store.clone(), config.retention, tasks.stop_token()),
    );

    let storms = Arc::new(Storms::default());
    let ingest = Ingest {
        store: store.clone(),
        storms: Arc::clone(&storms),
        occurrences_kept: config.occurrences_kept as usize,
        max_groups: config.max_groups as i64,
        channels: channels.names().iter().map(|name| name.as_str()).collect(),
        alerts_queued,
        projects: Mutex::new(HashMap::new()),
        next_slot: Mutex::default(),
    };
    let writing = Tasks::new();
    let app = App {
        flusher: Flusher::start(&writing, ingest, QUEUE_JOBS, BATCH_JOBS),
        storms,
        health: Health::new(store.db.clone(), IDENTITY.product, IDENTITY.version),
        gate,
        channels,
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

    // What is in flight has been answered, so the queue is empty. Both end at once, because the drain,
    // this and the close must fit into the time that a stop has.
    let (flushed, ended) = tokio::join!(writing.shut_down(TASKS_LIMIT), tasks.shut_down(TASKS_LIMIT));
    store.db.close().await;
    tracing::info!(clean = flushed && ended, "stopped");
    Ok(())
}

/// Forgets what is old at start and every hour, and brings the trends up to date.
async fn keep_tidy(store: Store, retention: Duration, stop: CancellationToken) {
    let mut refreshed_at = None;
    loop {
        let now = Timestamp::now();
        let tidied = tokio::select! {
            () = stop.cancelled() => return,
            tidied = async {
                let forgotten = store.forget_old(retention, now).await?;
                store.refresh_trends(refreshed_at, now).await?;
                refreshed_at = Some(now);
                Ok::<_, sqlx::Error>(forgotten)
            } => tidied,
        };
        match tidied {
            Ok(0) => {}
            Ok(groups) => tracing::info!(groups, "old groups were forgotten"),
            Err(error) => tracing::warn!(%error, "what is old could not be forgotten"),
        }
        let into_hour_ms = Timestamp::now().millis().rem_euclid(HOUR_MS);
        // A second into the next hour, when the trends have moved.
        let wait = Duration::from_millis((HOUR_MS - into_hour_ms + 1_000).unsigned_abs());
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
    }
}
