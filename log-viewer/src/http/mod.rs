//! The routes: one table that shows of each its budget, its largest body and its handler.

mod containers;
mod entries;
mod export;
mod filter;
mod histogram;
mod tail;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;
use serde::Serialize;
use shared::http::Problem;
use shared::http::health::{FaultBody, Health, HealthBody};
use shared::http::layers::{self, Gate, limited};
use shared::http::metrics::Exposition;
use shared::http::openapi::{self, Common};
use shared::http::{assets, session};
use shared::tasks::Tasks;
use tokio_util::sync::CancellationToken;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::config::Config;
use crate::live::Live;
use crate::source::Source;
use crate::store::Store;

pub(crate) use self::entries::check_cursor;

/// What the handlers share.
pub(crate) struct App {
    pub(crate) gate: Arc<Gate>,
    pub(crate) store: Store,
    pub(crate) live: Arc<Live>,
    pub(crate) source: Source,
    /// Whether entries cannot be written now.
    pub(crate) failing: Arc<AtomicBool>,
    pub(crate) health: Health,
    pub(crate) config: Config,
    pub(crate) tasks: Tasks,
    /// The process' own: live streams end with it, at once.
    pub(crate) stop: CancellationToken,
}

pub(crate) type Shared = State<Arc<App>>;

#[derive(RustEmbed)]
#[folder = "ui/dist"]
#[allow_missing = true]
struct Ui;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "Monlight log viewer", description = "Reads Docker's logs from the disk, puts them together, finds and streams them."),
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
    let read = gate.interactive();
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(limited(routes!(entries::list_logs), gate, read))
        .routes(limited(routes!(histogram::get_histogram), gate, read))
        .routes(limited(routes!(export::export_logs), gate, read))
        .routes(limited(routes!(tail::tail_logs), gate, read))
        .routes(limited(routes!(containers::list_log_containers), gate, read))
        .routes(limited(routes!(containers::get_log_stats), gate, read))
        .routes(limited(routes!(entries::get_log), gate, read))
        .routes(limited(routes!(entries::get_context), gate, read))
        .routes(limited(routes!(containers::list_containers), gate, read))
        .routes(limited(routes!(containers::get_stats), gate, read))
        .routes(limited(routes!(containers::about), gate, read))
}

/// What the viewer tells of its health.
#[derive(Serialize, utoipa::ToSchema)]
struct Reading {
    /// Bytes on the disk that are still to be read.
    bytes_behind: u64,
    /// What stands in the way of reading.
    problems: Vec<ReadingProblem>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct ReadingProblem {
    path: String,
    /// What to mount or permit.
    detail: String,
}

/// Whether the service can do its work. A folder that cannot be read does not make it ill.
#[utoipa::path(get, path = "/health", tag = "service", security(()),
    responses((status = 200, body = HealthBody<Reading>), (status = 503, body = FaultBody<Reading>)))]
async fn health(State(app): Shared) -> Response {
    let problems = app.source.problems.borrow().clone();
    let reading = Reading {
        bytes_behind: app.source.figures.bytes_behind.load(Ordering::Relaxed),
        problems: problems
            .into_iter()
            .map(|problem| ReadingProblem {
                path: problem.path.display().to_string(),
                detail: problem.what,
            })
            .collect(),
    };
    app.health.respond(reading).await
}

/// The service's own figures in Prometheus' text format.
#[utoipa::path(get, path = "/metrics", tag = "service",
    responses((status = 200, body = String, content_type = "text/plain; version=0.0.4; charset=utf-8")))]
async fn metrics(State(app): Shared) -> Result<Response, Problem> {
    let figures = &app.source.figures;
    let mut exposition = Exposition::new("monlight_log_viewer", &app.gate.traffic);
    for (name, help, value) in [
        ("records_total", "Records read.", &figures.records),
        (
            "faulty_records_total",
            "Lines that are no records.",
            &figures.faults,
        ),
        ("read_bytes_total", "Bytes read of logs.", &figures.bytes),
        (
            "rotations_total",
            "Log files that were rotated.",
            &figures.rotations,
        ),
        (
            "truncations_total",
            "Log files that were cut.",
            &figures.truncations,
        ),
    ] {
        exposition.counter(name, help, value.load(Ordering::Relaxed));
    }
    let database_bytes = app.store.db.size_bytes();
    for (name, help, value) in [
        (
            "bytes_behind",
            "Bytes on the disk that are still to be read.",
            figures.bytes_behind.load(Ordering::Relaxed),
        ),
        (
            "entries",
            "Entries that are kept.",
            app.store.directory.counts().total(),
        ),
        ("tails", "Live streams that are open.", app.live.watchers() as u64),
        (
            "writing_fails",
            "1 while entries cannot be written.",
            u64::from(app.failing.load(Ordering::Relaxed)),
        ),
        (
            "database_bytes",
            "Size of the database with its log.",
            database_bytes,
        ),
    ] {
        exposition.gauge(name, help, value);
    }
    exposition.timing(
        "commit_seconds",
        "How long each transaction with entries held the writer.",
        &app.store.commits,
    );
    Ok(exposition.into_response())
}
