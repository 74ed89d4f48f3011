//! The routes: one table that shows of each its budget, its largest body and its handler.

mod about;
mod door;
mod errors;
mod keys;
mod metrics;
mod source_maps;
mod spool;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;
use serde::Serialize;
use shared::http::Problem;
use shared::http::health::{FaultBody, Health, HealthBody};
use shared::http::layers::{self, Gate, RouteLimits, limited};
use shared::http::metrics::Exposition;
use shared::http::openapi::{self, Common};
use shared::http::rate_limit::RateLimiter;
use shared::http::{assets, session};
use std::net::IpAddr;
use tokio::sync::Semaphore;
use utoipa::OpenApi as _;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use self::source_maps::check_form;
use crate::config::Config;
use crate::forward::Lane;
use crate::key::{ActiveKey, KeyRing};
use crate::maps::Maps;
use crate::store::Store;
use crate::used::Used;

/// What the handlers share.
pub(crate) struct App {
    pub(crate) gate: Arc<Gate>,
    pub(crate) store: Store,
    pub(crate) health: Health,
    pub(crate) keys: Arc<KeyRing>,
    pub(crate) maps: Maps,
    pub(crate) used: Arc<Used>,
    pub(crate) errors: Lane,
    pub(crate) points: Lane,
    pub(crate) browsers: Browsers,
    /// One map at a time is decoded and stored.
    pub(crate) uploads: Semaphore,
    pub(crate) config: Config,
}

/// Requests of each key and client.
pub(crate) struct Browsers {
    limiter: RateLimiter<(i64, IpAddr)>,
    default_limit: u32,
    started: Instant,
}

impl Browsers {
    pub(crate) fn new(default_limit: u32) -> Self {
        Self {
            limiter: RateLimiter::new(default_limit),
            default_limit,
            started: Instant::now(),
        }
    }

    fn check(&self, key: &ActiveKey, client: IpAddr) -> Result<(), Problem> {
        let limit = key.rate_limit.unwrap_or(self.default_limit);
        let now_ms = self.started.elapsed().as_millis() as i64;
        self.limiter
            .check_limit((key.id, client), now_ms, limit)
            .map_err(Problem::too_many_requests)
    }
}

pub(crate) type Shared = State<Arc<App>>;

#[derive(RustEmbed)]
#[folder = "ui/dist"]
#[allow_missing = true]
struct Ui;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "Monlight browser relay", description = "Takes errors and metrics of browsers, gives stacks back their original names and places, and hands both on without losing any."),
    modifiers(&Common, &BrowserKey),
)]
struct Document;

/// Adds the way in which browsers sign in.
struct BrowserKey;

impl utoipa::Modify for BrowserKey {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let header = ApiKey::Header(ApiKeyValue::new("X-Monlight-Key"));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("dsn_key", SecurityScheme::ApiKey(header));
    }
}

/// Everything the service answers to.
pub(crate) fn router(app: App) -> layers::App {
    let gate = Arc::clone(&app.gate);
    let door = door::Door::new(Arc::clone(&app.keys));
    let routes = api(&gate, &app.config)
        .routes(routes!(health))
        .routes(routes!(own_metrics))
        .merge(session::routes(&gate))
        .with_state(Arc::new(app));
    let router = openapi::with_document(routes).fallback(assets::serve::<Ui>);
    layers::App::new(router, gate).with_public(Arc::new(door))
}

/// The routes of the API with their limits.
fn api(gate: &Arc<Gate>, config: &Config) -> OpenApiRouter<Arc<App>> {
    let (browser, admin) = (gate.ingest(1), gate.interactive());
    let upload = RouteLimits {
        max_body_bytes: source_maps::most_body_bytes(config.max_source_map_bytes),
        ..admin
    };
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(limited(routes!(errors::report_error), gate, browser))
        .routes(limited(routes!(errors::report_error_alias), gate, browser))
        .routes(limited(routes!(metrics::report_metrics), gate, browser))
        .routes(limited(routes!(metrics::report_metrics_alias), gate, browser))
        .routes(limited(routes!(keys::list_keys, keys::create_key), gate, admin))
        .routes(limited(routes!(keys::deactivate_key), gate, admin))
        .routes(limited(routes!(keys::activate_key), gate, admin))
        .routes(limited(
            routes!(source_maps::list_maps, source_maps::upload_map),
            gate,
            upload,
        ))
        .routes(limited(routes!(source_maps::upload_map_alias), gate, upload))
        .routes(limited(routes!(source_maps::delete_map), gate, admin))
        .routes(limited(routes!(spool::spool_state), gate, admin))
        .routes(limited(routes!(about::about), gate, admin))
}

/// Counts a request against its key and client. The key is there, or the door would not have let it in.
fn enter(app: &App, request: &Request) -> Result<Arc<ActiveKey>, Problem> {
    let key = request
        .extensions()
        .get::<Arc<ActiveKey>>()
        .ok_or_else(Problem::internal)?;
    app.browsers.check(key, app.gate.client(request))?;
    Ok(Arc::clone(key))
}

/// What the relay tells of its health.
#[derive(Serialize, utoipa::ToSchema)]
struct Load {
    /// Reports that wait for the error tracker.
    waiting_reports: i64,
    /// Points that wait for the metrics collector.
    waiting_points: i64,
}

/// Whether the service can do its work. A peer that is away does not make it ill.
#[utoipa::path(get, path = "/health", tag = "service", security(()),
    responses((status = 200, body = HealthBody<Load>), (status = 503, body = FaultBody<Load>)))]
async fn health(State(app): Shared) -> Response {
    let load = Load {
        waiting_reports: app.errors.way.waiting().items,
        waiting_points: app.points.way.waiting().items,
    };
    app.health.respond(load).await
}

/// The service's own figures in Prometheus' text format.
#[utoipa::path(get, path = "/metrics", tag = "service",
    responses((status = 200, body = String, content_type = "text/plain; version=0.0.4; charset=utf-8")))]
async fn own_metrics(State(app): Shared) -> Response {
    let mut exposition = Exposition::new("monlight_browser_relay", &app.gate.traffic);
    let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    let (reports, points) = (&app.errors.way, &app.points.way);
    for (name, about, value) in [
        (
            "reports_delivered_total",
            "Reports that the error tracker has taken.",
            &reports.counted.delivered,
        ),
        (
            "reports_spooled_total",
            "Reports that went into the spool.",
            &reports.counted.spooled,
        ),
        (
            "reports_refused_total",
            "Reports that the error tracker refused for ever.",
            &reports.counted.refused,
        ),
        (
            "reports_turned_away_total",
            "Reports that there was no room for.",
            &reports.counted.turned_away,
        ),
        (
            "points_delivered_total",
            "Points that the metrics collector has taken.",
            &points.counted.delivered,
        ),
        (
            "points_spooled_total",
            "Points that went into the spool.",
            &points.counted.spooled,
        ),
        (
            "points_refused_total",
            "Points that the metrics collector refused for ever.",
            &points.counted.refused,
        ),
        (
            "points_turned_away_total",
            "Points that there was no room for.",
            &points.counted.turned_away,
        ),
        (
            "frames_resolved_total",
            "Frames that were given their original place.",
            &app.maps.counted.resolved,
        ),
        (
            "frames_unresolved_total",
            "Frames that stayed as they were.",
            &app.maps.counted.unresolved,
        ),
    ] {
        exposition.counter(name, about, count(value));
    }
    for (name, about, value) in [
        (
            "spool_reports",
            "Reports that wait for the error tracker.",
            reports.waiting().items.max(0) as u64,
        ),
        (
            "spool_points",
            "Points that wait for the metrics collector.",
            points.waiting().items.max(0) as u64,
        ),
        ("spool_bytes", "What waits, in bytes.", reports.budget.used()),
        (
            "spool_limit_bytes",
            "What may wait at most, in bytes.",
            reports.budget.most(),
        ),
        (
            "error_tracker_away",
            "Whether the error tracker does not take reports.",
            u64::from(reports.trouble().is_some()),
        ),
        (
            "metrics_collector_away",
            "Whether the metrics collector does not take points.",
            u64::from(points.trouble().is_some()),
        ),
        (
            "database_bytes",
            "Size of the database with its log.",
            app.store.db.size_bytes(),
        ),
    ] {
        exposition.gauge(name, about, value);
    }
    exposition.into_response()
}
