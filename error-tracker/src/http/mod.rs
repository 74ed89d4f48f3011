//! The routes: one table that shows of each its budget, its largest body and its handler.

mod about;
mod actions;
mod detail;
mod facets;
mod ingest;
mod list;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use rust_embed::RustEmbed;
use serde_json::Map;
use shared::flusher::Flusher;
use shared::http::Problem;
use shared::http::health::Health;
use shared::http::layers::{self, Gate, limited};
use shared::http::metrics::Exposition;
use shared::http::{assets, session};
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::config::Config;
use crate::notify::Channels;
use crate::store::Store;
use crate::store::ingest::Ingest;

/// A batch may be this many times as large as one report.
const BATCH_FACTOR: usize = 16;

/// What the handlers share.
pub(crate) struct App {
    pub(crate) gate: Arc<Gate>,
    pub(crate) store: Store,
    pub(crate) flusher: Flusher<Ingest>,
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
    components(schemas(shared::http::problem::ProblemBody<'static>)),
    security(("key" = []), ("bearer" = [])),
    modifiers(&Keys),
)]
struct Document;

struct Keys;

impl utoipa::Modify for Keys {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};

        let components = document.components.get_or_insert_default();
        components.add_security_scheme(
            "key",
            SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("X-API-Key"))),
        );
        components.add_security_scheme("bearer", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    }
}

/// Everything the service answers to.
pub(crate) fn router(app: App) -> layers::App {
    let gate = Arc::clone(&app.gate);
    let app = Arc::new(app);
    let (api, document) = api(&gate).with_state(Arc::clone(&app)).split_for_parts();
    let document = document.to_json().unwrap_or_default();
    let json = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    let router = api
        .merge(
            Router::new()
                .route("/health", axum::routing::get(health))
                .with_state(Arc::clone(&app)),
        )
        .merge(
            Router::new()
                .route("/metrics", axum::routing::get(metrics))
                .with_state(app),
        )
        .merge(session::routes(&gate))
        .route(
            "/api/openapi.json",
            axum::routing::get(async move || (json, document)),
        )
        .fallback(assets::serve::<Ui>);
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

async fn health(State(app): Shared) -> Response {
    let mut more = Map::new();
    more.insert("queue_depth".to_owned(), app.flusher.depth().into());
    app.health.respond(more).await
}

async fn metrics(State(app): Shared) -> Result<Response, Problem> {
    let mut exposition = Exposition::new("monlight_error_tracker", &app.gate.traffic);
    exposition.gauge(
        "write_queue_depth",
        "Requests that waited for the last commit.",
        app.flusher.depth() as u64,
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
