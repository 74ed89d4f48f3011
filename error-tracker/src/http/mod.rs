//! The routes: one table that shows of each its budget, its largest body and its handler.

mod about;
mod actions;
mod detail;
mod facets;
mod ingest;
mod list;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;
use serde::Serialize;
use shared::flusher::Flusher;
use shared::http::Problem;
use shared::http::health::{FaultBody, Health, HealthBody};
use shared::http::layers::{self, Gate, limited};
use shared::http::metrics::Exposition;
use shared::http::openapi::{self, Common};
use shared::http::{assets, session};
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use self::ingest::check_report;
pub(crate) use self::list::check_list;
use crate::config::Config;
use crate::notify::Channels;
use crate::store::Store;
use crate::store::ingest::Ingest;
use crate::storm::Storms;

/// A batch may be this many times as large as one report.
const BATCH_FACTOR: usize = 16;

/// What the handlers share.
pub(crate) struct App {
    pub(crate) gate: Arc<Gate>,
    pub(crate) store: Store,
    pub(crate) flusher: Flusher<Ingest>,
    pub(crate) storms: Arc<Storms>,
    pub(crate) health: Health,
    pub(crate) channels: Arc<Channels>,
    pub(crate) config: Config,
}

pub(crate) type Shared = State<Arc<App>>;

#[derive(RustEmbed)]
#[folder = "ui/dist"]
#[allow_missing = true]
struct Ui;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "Monlight error tracker", description = "Takes exceptions, groups them, counts them, shows them, tells people."),
    modifiers(&Common),
)]
struct Document;

/// Everything the service answers to.
pub(crate) fn router(app: App) -> layers::App {
    let gate = Arc::clone(&app.gate);
    let routes = api(&gate)
        .routes(routes!(health))
        .routes(routes!(metrics))
        .merge(session::routes(&gate))
        .with_state(Arc::new(app));
    let router = openapi::with_document(routes).fallback(assets::serve::<Ui>);
    layers::App::new(router, gate)
}

/// The routes of the API with their limits.
fn api(gate: &Arc<Gate>) -> OpenApiRouter<Arc<App>> {
    let (one, many, other) = (gate.ingest(1), gate.ingest(BATCH_FACTOR), gate.interactive());
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(limited(routes!(ingest::report_error), gate, one))
        .routes(limited(routes!(ingest::report_batch), gate, many))
        .routes(limited(routes!(list::list_errors), gate, other))
        .routes(limited(
            routes!(detail::get_error, actions::delete_error),
            gate,
            other,
        ))
        .routes(limited(routes!(detail::get_timeline), gate, other))
        .routes(limited(routes!(actions::resolve_error), gate, other))
        .routes(limited(routes!(actions::unresolve_error), gate, other))
        .routes(limited(routes!(actions::ignore_error), gate, other))
        .routes(limited(routes!(actions::unignore_error), gate, other))
        .routes(limited(routes!(actions::change_many), gate, other))
        .routes(limited(routes!(actions::test_alert), gate, other))
        .routes(limited(routes!(facets::list_projects), gate, other))
        .routes(limited(routes!(facets::list_environments), gate, other))
        .routes(limited(routes!(facets::list_releases), gate, other))
        .routes(limited(routes!(about::about), gate, other))
}

/// What the tracker tells of its health.
#[derive(Serialize, utoipa::ToSchema)]
struct Load {
    /// Requests that waited for the last commit.
    queue_depth: usize,
}

/// Whether the service can do its work.
#[utoipa::path(get, path = "/health", tag = "service", security(()),
    responses((status = 200, body = HealthBody<Load>), (status = 503, body = FaultBody<Load>)))]
async fn health(State(app): Shared) -> Response {
    let queue_depth = app.flusher.depth();
    app.health.respond(Load { queue_depth }).await
}

/// The service's own figures in Prometheus' text format.
#[utoipa::path(get, path = "/metrics", tag = "service",
    responses((status = 200, body = String, content_type = "text/plain; version=0.0.4; charset=utf-8")))]
async fn metrics(State(app): Shared) -> Result<Response, Problem> {
    let mut exposition = Exposition::new("monlight_error_tracker", &app.gate.traffic);
    exposition.gauge(
        "write_queue_depth",
        "Requests that waited for the last commit.",
        app.flusher.depth() as u64,
    );
    exposition.counter(
        "write_transactions_total",
        "Transactions in which reports were counted.",
        app.store.batches.load(Ordering::Relaxed),
    );
    exposition.gauge(
        "database_bytes",
        "Size of the database with its log.",
        app.store.db.size_bytes(),
    );
    let waiting = app.store.alerts_waiting().await?;
    exposition.gauge(
        "alerts_waiting",
        "Alerts that still have to be sent.",
        waiting.unsigned_abs(),
    );
    exposition.gauge(
        "unindexed_groups",
        "Groups whose newest message the search index does not hold yet.",
        app.store.unindexed().await?.unsigned_abs(),
    );
    Ok(exposition.into_response())
}
