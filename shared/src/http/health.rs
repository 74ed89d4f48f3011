//! `/health`: whether the service can do its work, asked cheaply.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;

use crate::db::Db;

/// An answer is good for so long, so that nobody can make the writer busy by asking.
const FRESH: Duration = Duration::from_secs(1);
/// A writer that takes longer is not answering.
const PATIENCE: Duration = Duration::from_secs(4);

/// Why the writer is not well, if it is not.
type Verdict = Result<(), &'static str>;

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

    /// The reply: 200 when the writer has just written, else 503 with a `reason`. `more` is added as it is.
    pub async fn respond(&self, more: Map<String, Value>) -> Response {
        let writer = self.check().await;
        let status = if writer.is_ok() {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        };
        let mut body = json!({
            "status": if writer.is_ok() { "ok" } else { "error" },
            "service": self.service,
            "version": self.version,
        });
        if let Some(members) = body.as_object_mut() {
            if let Err(reason) = writer {
                members.insert("reason".to_owned(), reason.into());
            }
            members.extend(more);
        }
        let json = HeaderValue::from_static("application/json");
        (status, [(header::CONTENT_TYPE, json)], body.to_string()).into_response()
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
