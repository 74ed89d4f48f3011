//! `/health`: whether the service can do its work, asked cheaply.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;
use tokio::sync::Mutex;

use crate::db::Db;

/// An answer is good for so long, so that nobody can make the writer busy by asking.
const FRESH: Duration = Duration::from_secs(1);
/// A writer that takes longer is not answering.
const PATIENCE: Duration = Duration::from_secs(4);

/// Why the writer is not well, if it is not.
type Verdict = Result<(), &'static str>;

/// Whether a service can do its work, and what more it tells of itself.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct HealthBody<More> {
    /// `ok`, or `error` when the service cannot do its work.
    pub status: &'static str,
    /// Which service answers.
    pub service: &'static str,
    /// Its release.
    pub version: &'static str,
    /// What only this service has.
    #[serde(flatten)]
    pub more: More,
}

/// Why a service cannot do its work.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct FaultBody<More> {
    /// What is wrong.
    pub reason: &'static str,
    /// The same as when all is well.
    #[serde(flatten)]
    pub health: HealthBody<More>,
}

/// Probes the writer, at most once a second.
#[derive(Clone)]
pub struct Health {
    db: Db,
    service: &'static str,
    version: &'static str,
    last: Arc<Mutex<Option<(Instant, Verdict)>>>,
}

impl Health {
    /// Watches this database.
    #[must_use]
    pub fn new(db: Db, service: &'static str, version: &'static str) -> Self {
        Self {
            db,
            service,
            version,
            last: Arc::default(),
        }
    }

    /// The reply: 200 when the writer has just written, else 503 with a `reason`.
    pub async fn respond<More: Serialize>(&self, more: More) -> Response {
        let body = |status| HealthBody {
            status,
            service: self.service,
            version: self.version,
            more,
        };
        match self.check().await {
            Ok(()) => Json(body("ok")).into_response(),
            Err(reason) => {
                let fault = FaultBody {
                    reason,
                    health: body("error"),
                };
                (StatusCode::SERVICE_UNAVAILABLE, Json(fault)).into_response()
            }
        }
    }

    async fn check(&self) -> Verdict {
        let mut last = self.last.lock().await;
        if let Some((at, result)) = *last
            && at.elapsed() < FRESH
        {
            return result;
        }
        let result = match tokio::time::timeout(PATIENCE, self.db.probe()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the database cannot be written");
                Err("the database cannot be written")
            }
            Err(_) => Err("the database does not answer"),
        };
        *last = Some((Instant::now(), result));
        result
    }
}
