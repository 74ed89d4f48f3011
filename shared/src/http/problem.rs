//! Error replies: `application/problem+json` as in RFC 9457.

use std::borrow::Cow;
use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{self, HeaderName, HeaderValue};
use serde::Serialize;

use crate::flusher::FlushError;

/// What a client is told when its request is not carried out.
///
/// The cause of a failure on our side is logged where the problem is made, and never sent.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    detail: Cow<'static, str>,
    headers: Vec<(HeaderName, HeaderValue)>,
    retry_after_s: Option<u64>,
}

/// The body of a [`Problem`].
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody<'a> {
    /// Always `about:blank`: the status says which kind it is.
    pub r#type: &'static str,
    /// The status in words.
    pub title: &'a str,
    /// The status as a number.
    pub status: u16,
    /// What is wrong, for a person.
    pub detail: &'a str,
    /// Seconds after which a new try makes sense.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

impl Problem {
    /// A problem with any status.
    pub fn new(status: StatusCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            detail: detail.into(),
            headers: Vec::new(),
            retry_after_s: None,
        }
    }

    /// 400: the request itself is wrong.
    pub fn bad_request(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// 401, the same words for a missing and a wrong key.
    #[must_use]
    pub fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Invalid API key")
            .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    /// 404.
    pub fn not_found(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// 413 with the limit in bytes.
    #[must_use]
    pub fn too_large(limit_bytes: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the body is larger than {limit_bytes} bytes"),
        )
    }

    /// 429; the client may come again after so many seconds.
    #[must_use]
    pub fn too_many_requests(retry_after_s: u64) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too many requests").with_retry_after(retry_after_s)
    }

    /// 503; nothing was stored, and the client may come again after so many seconds.
    pub fn unavailable(detail: impl Into<Cow<'static, str>>, retry_after_s: u64) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail).with_retry_after(retry_after_s)
    }

    /// 500 for a failure that has been logged.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the request could not be completed",
        )
    }

    /// Adds a response header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Adds `Retry-After` and the same number in the body.
    #[must_use]
    pub fn with_retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self.with_header(header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// The status it answers with.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// What the client is told.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = ProblemBody {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &self.detail,
            retry_after: self.retry_after_s,
        };
        let bytes = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = (self.status, bytes).into_response();
        response.headers_mut().extend(self.headers);
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        response
    }
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        from_database(&error)
    }
}

impl From<Arc<sqlx::Error>> for Problem {
    fn from(error: Arc<sqlx::Error>) -> Self {
        from_database(&error)
    }
}

impl From<FlushError> for Problem {
    fn from(error: FlushError) -> Self {
        match error {
            FlushError::Full => Self::unavailable("the service is busy; nothing was stored", 1),
            FlushError::Failed(cause) => from_database(&cause),
        }
    }
}

fn from_database(error: &sqlx::Error) -> Problem {
    tracing::error!(%error, "the database refused a request");
    let code = match error {
        sqlx::Error::Database(cause) => cause
            .code()
            .and_then(|code| code.parse::<i32>().ok())
            .map(|code| code & 0xff),
        sqlx::Error::PoolTimedOut => Some(5),
        _ => None,
    };
    // The primary result codes of SQLite, https://www.sqlite.org/rescode.html
    match code {
        Some(5 | 6) => Problem::unavailable("the database is busy; nothing was stored", 2),
        Some(13) => Problem::unavailable("the disk is full; nothing was stored", 30),
        Some(8) => Problem::unavailable("the database is read-only; nothing was stored", 30),
        Some(10 | 14) => Problem::unavailable("the database cannot be reached; nothing was stored", 30),
        Some(11 | 26) => Problem::unavailable("the database file is damaged; restore a backup", 300),
        _ => Problem::internal(),
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test]
    async fn a_problem_is_written_as_rfc_9457_says() {
        let response = Problem::too_many_requests(7).into_response();

        assert_eq!(response.status(), 429);
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        assert_eq!(response.headers()["retry-after"], "7");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(
            std::str::from_utf8(&body).unwrap(),
            r#"{"type":"about:blank","title":"Too Many Requests","status":429,"detail":"too many requests","retry_after":7}"#
        );
    }

    #[test]
    fn the_text_of_the_database_never_reaches_the_client() {
        let problem = Problem::from(sqlx::Error::Protocol("secret table name".into()));

        assert_eq!(problem.status(), 500);
        assert!(!problem.detail().contains("secret"));
    }
}
