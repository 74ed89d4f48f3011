//! Monlight's browser relay: takes errors and metrics of browsers, gives stacks back their original names and places, and
//! hands both on without losing any.

mod blocks;
mod browser_error;
mod browser_time;
mod byte_lru;
mod config;
mod forward;
mod function_name;
#[doc(hidden)]
pub mod fuzzing;
mod http;
mod id;
mod key;
mod map_text;
mod maps;
mod mask;
mod masked_json;
mod origin;
mod page;
mod points;
mod report;
mod retention;
mod scratch;
pub mod source_map;
pub mod source_name;
pub mod stack;
mod store;
pub mod unminify;
mod upload;
mod used;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use shared::cli::Program;
use shared::clock::Timestamp;
use shared::http::health::Health;
use shared::http::layers::Gate;
use shared::http::serve::{ServeLimits, serve};
use shared::tasks::Tasks;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

pub use config::{Config, PeerAddress};

use crate::forward::peer::{Destination, Peer};
use crate::forward::{Budget, Lane};
use crate::http::{App, Browsers};
use crate::key::KeyRing;
use crate::maps::Maps;
use crate::store::keys::NewKey;
use crate::store::{IDENTITY, Store};
use crate::used::Used;

/// A request to a peer ends within its own limit, and never later than this.
const PEER_LIMIT: Duration = Duration::from_secs(15);
/// Background tasks have so long to end.
const TASKS_LIMIT: Duration = Duration::from_millis(1_500);
/// Requests of an administrator in any 60 s: a build uploads its maps as fast as it can.
const ADMIN_RATE_LIMIT: u32 = 6_000;

/// The process around the service: its name, its settings.
#[must_use]
pub fn program() -> Program<Config> {
    Program {
        identity: IDENTITY,
        about: "takes errors and metrics of browsers, gives stacks back their original places, and hands both on",
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
    let path = &config.service.database_path;
    let store = Store::open(path, config.service.durability).await?;
    let unreadable = || format!("cannot read the database {}", path.display());
    let keys = Arc::new(open_keys(&store, &config).await.with_context(unreadable)?);
    let (tasks, forwarding) = (Tasks::new(), Tasks::new());
    let used = Arc::new(Used::default());
    tasks.spawn("log", store.db.clone().keep_log_short(tasks.stop_token()));
    tasks.spawn(
        "used",
        used::run(Arc::clone(&used), store.clone(), tasks.stop_token()),
    );
    tasks.spawn(
        "retention",
        retention::run(store.clone(), config.retention, tasks.stop_token()),
    );
    let [errors, points] = lanes(&forwarding, &store, &config)
        .await
        .with_context(unreadable)?;
    let browsers_rate = config.service.rate_limit;
    let mut admin = config.service.clone();
    admin.rate_limit = browsers_rate.max(ADMIN_RATE_LIMIT);
    let app = App {
        gate: Gate::new(IDENTITY.product, &admin),
        health: Health::new(store.db.clone(), IDENTITY.product, IDENTITY.version),
        keys,
        maps: Maps::new(store.clone(), Arc::clone(&used)),
        used,
        errors,
        points,
        browsers: Browsers::new(browsers_rate),
        uploads: Semaphore::new(1),
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

    // What is in flight has been answered, so nothing is handed on any more.
    let (forwarded, ended) = tokio::join!(forwarding.shut_down(TASKS_LIMIT), tasks.shut_down(TASKS_LIMIT));
    store.db.close().await;
    tracing::info!(clean = forwarded && ended, "stopped");
    Ok(())
}

/// All keys, those of `DSN_KEYS` among them.
async fn open_keys(store: &Store, config: &Config) -> anyhow::Result<KeyRing> {
    let now = Timestamp::now();
    for (public_key, project) in &config.dsn_keys {
        let key = NewKey {
            public_key: *public_key,
            project,
            allowed_origins: None,
            rate_limit: None,
        };
        store.create_key(&key, now).await?;
    }
    let ring = KeyRing::new(config.cors_origins.clone());
    for key in store.all_keys().await? {
        ring.put(&key);
    }
    Ok(ring)
}

async fn lanes(tasks: &Tasks, store: &Store, config: &Config) -> anyhow::Result<[Lane; 2]> {
    let (tracker, collector) = (Destination::ErrorTracker, Destination::MetricsCollector);
    let waiting = store.waiting(tracker).await?.bytes + store.waiting(collector).await?.bytes;
    let budget = Arc::new(Budget::new(config.spool_max_bytes, waiting.max(0) as u64));
    let client = shared::outbound::client(PEER_LIMIT);
    let tracker = Peer::new(tracker, &config.error_tracker, client.clone())?;
    let collector = Peer::new(collector, &config.metrics_collector, client)?;
    Ok([
        Lane::start(tasks, tracker, store.clone(), Arc::clone(&budget)).await?,
        Lane::start(tasks, collector, store.clone(), budget).await?,
    ])
}
