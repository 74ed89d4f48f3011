//! What the web interface has to know of the service.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::Shared;
use shared::settings::ServiceLinks;

/// The service and its settings, as far as a page shows them.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct About {
    service: &'static str,
    version: &'static str,
    links: ServiceLinks,
    retention_days: u64,
    occurrences_kept: u32,
    alert_channels: Vec<&'static str>,
}

/// The service's version, links and limits.
#[utoipa::path(get, path = "/api/about", tag = "service", responses((status = 200, body = About)))]
pub(super) async fn about(State(app): Shared) -> Json<About> {
    Json(About {
        service: crate::store::IDENTITY.product,
        version: crate::store::IDENTITY.version,
        links: app.config.links.clone(),
        retention_days: app.config.retention.as_secs() / 86_400,
        occurrences_kept: app.config.occurrences_kept,
        alert_channels: app.channels.names().iter().map(|name| name.as_str()).collect(),
    })
}
