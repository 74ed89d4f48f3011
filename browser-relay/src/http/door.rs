//! The door for browsers: cross-origin rules and DSN keys, decided before anything else.
//!
//! The rules of CORS: <https://fetch.spec.whatwg.org/#http-cors-protocol>. Beacons are sent with credentials, for which
//! neither the origin nor the headers may be `*`.

use std::sync::Arc;

use axum::extract::Request;
use axum::response::IntoResponse as _;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, StatusCode};
use shared::http::Problem;
use shared::http::layers::{Admission, PublicRoutes};

use crate::key::{ActiveKey, KeyRing, PublicKey};

const PATHS: [&str; 4] = [
    "/api/browser/errors",
    "/api/browser/metrics",
    "/api/errors",
    "/api/metrics",
];
const KEY_HEADER: &str = "x-monlight-key";
const KEY_PARAMETER: &str = "key";

/// Lets browsers in that have a key and come from a page that the key allows.
pub(super) struct Door {
    keys: Arc<KeyRing>,
}

impl Door {
    pub(super) fn new(keys: Arc<KeyRing>) -> Self {
        Self { keys }
    }

    fn key(&self, request: &Request) -> Option<Arc<ActiveKey>> {
        if let Some(value) = request.headers().get(KEY_HEADER) {
            return self.keys.find(PublicKey::parse(value.to_str().ok()?.trim())?);
        }
        let query = request.uri().query()?;
        let (_, value) = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == KEY_PARAMETER)?;
        self.keys.find(PublicKey::parse(&value)?)
    }
}

impl PublicRoutes for Door {
    fn admit(&self, request: &mut Request) -> Option<Admission> {
        if !PATHS.contains(&request.uri().path()) {
            return None;
        }
        let is_preflight = *request.method() == Method::OPTIONS;
        // A copy: a clone would be a part of the buffer that the connection reads into, and hold it until the reply.
        let origin = request.headers().get(header::ORIGIN);
        let origin = origin.and_then(|origin| HeaderValue::from_bytes(origin.as_bytes()).ok());
        let key = if is_preflight { None } else { self.key(request) };
        let is_allowed = origin
            .as_ref()
            .is_none_or(|origin| match (origin.to_str(), &key) {
                (Ok(origin), Some(key)) => self.keys.allows(key, origin),
                (Ok(origin), None) => self.keys.any_allows(origin),
                (Err(_), _) => false,
            });
        let mut headers = HeaderMap::with_capacity(4);
        headers.insert(header::VARY, HeaderValue::from_static("Origin"));
        if let Some(origin) = origin.filter(|_| is_allowed) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(
                header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
                HeaderValue::from_static("true"),
            );
            headers.insert(
                header::ACCESS_CONTROL_EXPOSE_HEADERS,
                HeaderValue::from_static("Retry-After"),
            );
        }
        let answer = match key {
            _ if is_preflight && is_allowed => {
                headers.extend(preflight_headers());
                Some(StatusCode::NO_CONTENT.into_response())
            }
            Some(key) if is_allowed => {
                request.extensions_mut().insert(key);
                None
            }
            None if !is_preflight => {
                Some(Problem::new(StatusCode::UNAUTHORIZED, "Invalid DSN key").into_response())
            }
            _ => Some(
                Problem::new(
                    StatusCode::FORBIDDEN,
                    "the page's origin is not allowed for this key",
                )
                .into_response(),
            ),
        };
        Some(Admission { headers, answer })
    }
}

fn preflight_headers() -> [(header::HeaderName, HeaderValue); 3] {
    [
        (
            header::ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static("POST, OPTIONS"),
        ),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static("X-Monlight-Key, Content-Type, Content-Encoding"),
        ),
        (header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400")),
    ]
}
