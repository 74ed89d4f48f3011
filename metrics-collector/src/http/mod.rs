//! The routes: one table that shows of each its budget, its largest body and its handler.

mod about;
mod catalogue;
mod dashboard;
mod ingest;
mod metrics;
mod range;
mod turn;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;
use serde::Serialize;
use shared::flusher::Flusher;
use shared::http::health::{FaultBody, Health, HealthBody};
use shared::http::layers::{self, Gate, limited};
use shared::http::metrics::Exposition;
use shared::http::openapi::{self, Common};
use shared::http::{assets, session};
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::dashboard::DashboardQuery;
pub(crate) use self::ingest::check_points;
pub(crate) use self::metrics::check_query;
use self::turn::{Awaited, Turns};
use crate::bucket::Resolution;
use crate::config::Config;
use crate::counted::Counted;
use crate::store::Store;
use crate::store::commit::Ingest;

/// What the handlers share.
pub(crate) struct App {
    pub(crate) gate: Arc<Gate>,
    pub(crate) store: Store,
    pub(crate) flusher: Flusher<Ingest>,
    pub(crate) health: Health,
    pub(crate) turns: Turns,
    pub(crate) dashboards: Awaited<DashboardQuery>,
    pub(crate) counted: Arc<Counted>,
    pub(crate) config: Config,
}

pub(crate) type Shared = State<Arc<App>>;

#[derive(RustEmbed)]
#[folder = "ui/dist"]
#[allow_missing = true]
struct Ui;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "Monlight metrics collector", description = "Takes counters, histograms and gauges, and tells rates and percentiles over any range."),
    modifiers(&Common),
)]
struct Document;

/// Everything the service answers to.
pub(crate) fn router(app: App) -> layers::App {
    let gate = Arc::clone(&app.gate);
    let routes = api(&gate)
        .routes(routes!(health))
        .routes(routes!(own_metrics))
        .merge(session::routes(&gate))
        .with_state(Arc::new(app));
    let router = openapi::with_document(routes).fallback(assets::serve::<Ui>);
    layers::App::new(router, gate)
}

/// The routes of the API with their limits.
fn api(gate: &Arc<Gate>) -> OpenApiRouter<Arc<App>> {
    let (ingest, other) = (gate.ingest(1), gate.interactive());
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(limited(routes!(ingest::post_metrics), gate, ingest))
        .routes(limited(routes!(metrics::get_metric), gate, other))
        .routes(limited(routes!(catalogue::list_names), gate, other))
        .routes(limited(routes!(catalogue::list_labels), gate, other))
        .routes(limited(routes!(catalogue::list_projects), gate, other))
        .routes(limited(routes!(dashboard::get_dashboard), gate, other))
        .routes(limited(routes!(about::about), gate, other))
}

/// What the collector tells of its health.
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
async fn own_metrics(State(app): Shared) -> Response {
    let mut exposition = Exposition::new("monlight_metrics_collector", &app.gate.traffic);
    let counted = &app.counted;
    for (name, about, count) in [
        (
            "points_accepted_total",
            "Points that were stored.",
            &counted.accepted,
        ),
        (
            "points_rejected_total",
            "Points that could not be used.",
            &counted.rejected,
        ),
        (
            "points_overflowing_total",
            "Points that went to a series that stands for many.",
            &counted.overflowing,
        ),
        (
            "batches_repeated_total",
            "Batches that had been stored before.",
            &counted.duplicates,
        ),
    ] {
        exposition.counter(name, about, count.load(Ordering::Relaxed));
    }
    let series = app.store.catalogue().series_count() as u64;
    let overflowing = u64::from(app.store.catalogue().is_overflowing(None));
    let unsettled = |resolution| app.store.unsettled().between(resolution, 0, i64::MAX).len() as u64;
    for (name, about, figure) in [
        (
            "write_queue_depth",
            "Requests that waited for the last commit.",
            app.flusher.depth() as u64,
        ),
        (
            "database_bytes",
            "Size of the database with its log.",
            app.store.db.size_bytes(),
        ),
        ("series", "Series of all projects.", series),
        (
            "series_limit_reached",
            "Whether there is a series that stands for many.",
            overflowing,
        ),
        (
            "unsettled_minutes",
            "Minutes that are not rolled up yet.",
            unsettled(Resolution::Minute),
        ),
        (
            "unsettled_hours",
            "Hours that are not rolled up yet.",
            unsettled(Resolution::Hour),
        ),
    ] {
        exposition.gauge(name, about, figure);
    }
    exposition.into_response()
}
