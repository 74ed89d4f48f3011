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
    retention: Retention,
    max_series: usize,
}

/// How long each tier is kept, in seconds.
#[derive(Serialize, utoipa::ToSchema)]
struct Retention {
    raw_s: u64,
    minute_s: u64,
    hourly_s: u64,
}

/// The service's version, links and limits.
#[utoipa::path(get, path = "/api/about", tag = "service", responses((status = 200, body = About)))]
pub(super) async fn about(State(app): Shared) -> Json<About> {
    Json(About {
        service: crate::store::IDENTITY.product,
        version: crate::store::IDENTITY.version,
        links: app.config.links.clone(),
        retention: Retention {
            raw_s: app.config.retention_raw.as_secs(),
            minute_s: app.config.retention_minute.as_secs(),
            hourly_s: app.config.retention_hourly.as_secs(),
        },
        max_series: app.config.max_series,
    })
}
