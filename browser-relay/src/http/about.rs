//! What the web interface has to know of the service.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use shared::settings::ServiceLinks;

use super::Shared;

/// The service and its settings, as far as a page shows them.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct About {
    service: &'static str,
    version: &'static str,
    links: ServiceLinks,
    /// The address under which browsers reach the relay, if it was set.
    public_url: Option<String>,
    /// Days that a source map is kept after its last use.
    retention_days: u64,
    /// The longest source map, in bytes.
    max_source_map_bytes: u64,
    /// Requests in any 60 s per client, of keys without a limit of their own.
    rate_limit: u32,
    /// Whether keys without a list of their own let any origin pass.
    any_origin: bool,
}

/// The service's version, links and limits.
#[utoipa::path(get, path = "/api/about", tag = "service", responses((status = 200, body = About)))]
pub(super) async fn about(State(app): Shared) -> Json<About> {
    let config = &app.config;
    Json(About {
        service: crate::store::IDENTITY.product,
        version: crate::store::IDENTITY.version,
        links: config.links.clone(),
        public_url: config.public_url.clone(),
        retention_days: config.retention.as_secs() / 86_400,
        max_source_map_bytes: config.max_source_map_bytes,
        rate_limit: config.service.rate_limit,
        any_origin: config.cors_origins.is_none(),
    })
}
