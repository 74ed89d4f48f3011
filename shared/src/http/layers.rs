//! The one stack of layers around a service's routes, and the state that it needs.
//!
//! The order a request meets: counted and logged, panics caught, security headers, then for
//! `/api/` and `/metrics` the key (401), then the router (404, 405), then what the route table
//! says of the route: body size (413) and rate (429), then the handler.

use std::net::{IpAddr, Ipv4Addr};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use http::header::{self, HeaderValue};
use http::{HeaderMap, Method, StatusCode};
use tower::ServiceExt as _;

use super::auth::{Auth, Caller, Via};
use super::body::{self, BodyBudget, WholeBody};
use super::client::{Peer, TrustedProxies};
use super::metrics::Traffic;
use super::pace::Pace;
use super::problem::Problem;
use super::rate_limit::RateLimiter;
use crate::clock::Timestamp;
use crate::settings::ServiceSettings;

/// The header that a browser cannot be tricked into sending from another site.
const UI_HEADER: &str = "x-monlight-ui";
const API_PREFIX: &str = "/api/";
const EVENT_STREAM_SUFFIX: &str = "/tail";

/// Keys, limits and counters of one service.
pub struct Gate {
    /// The keys.
    pub auth: Auth,
    /// Whose `X-Forwarded-For` is believed.
    pub proxies: TrustedProxies,
    /// What has been served so far.
    pub traffic: Traffic,
    limiter: RateLimiter<(Budget, u8, IpAddr)>,
    bodies: BodyBudget,
    refusals: Pace,
    max_body_bytes: usize,
    started: Instant,
}

/// Which of a client's two budgets a request uses: looking at pages must not use up the right to report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Budget {
    /// Routes that take telemetry in.
    Ingest,
    /// Everything else.
    Interactive,
}

/// What the route table says of a route.
#[derive(Debug, Clone, Copy)]
pub struct RouteLimits {
    /// The budget that a request counts against.
    pub budget: Budget,
    /// Largest body in bytes, before and after decoding.
    pub max_body_bytes: usize,
}

impl Gate {
    /// The gate of `service` as its settings want it.
    #[must_use]
    pub fn new(service: &str, settings: &ServiceSettings) -> Arc<Self> {
        Arc::new(Self {
            auth: Auth::new(service, &settings.api_keys),
            proxies: TrustedProxies::new(settings.trusted_proxies.clone()),
            traffic: Traffic::default(),
            limiter: RateLimiter::new(settings.rate_limit),
            bodies: BodyBudget::default(),
            refusals: Pace::default(),
            max_body_bytes: settings.max_body_bytes,
            started: Instant::now(),
        })
    }

    /// The limits of a route that takes telemetry in: the body may have `factor` times `MAX_BODY_SIZE`.
    #[must_use]
    pub fn ingest(&self, factor: usize) -> RouteLimits {
        RouteLimits {
            budget: Budget::Ingest,
            max_body_bytes: self.max_body_bytes * factor,
        }
    }

    /// The limits of every other route.
    #[must_use]
    pub fn interactive(&self) -> RouteLimits {
        RouteLimits {
            budget: Budget::Interactive,
            max_body_bytes: self.max_body_bytes,
        }
    }

    /// Reads a body within the limits of its route.
    ///
    /// # Errors
    /// As [`body::read`].
    pub async fn read_body(&self, request: Request) -> Result<WholeBody, Problem> {
        let (parts, body) = request.into_parts();
        let limit = parts
            .extensions
            .get::<RouteLimits>()
            .map_or(self.max_body_bytes, |limits| limits.max_body_bytes);
        body::read(&parts.headers, body, limit, &self.bodies).await
    }

    /// The client's address.
    #[must_use]
    pub fn client(&self, request: &Request) -> IpAddr {
        let peer = request
            .extensions()
            .get::<Peer>()
            .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
        self.proxies.client(peer, request.headers())
    }
}

/// Routes that do without the API key, and what stands in its place.
pub trait PublicRoutes: Send + Sync + 'static {
    /// Decides on a request for a public path, and may put extensions into it. `None` when the path is not public.
    fn admit(&self, request: &mut Request) -> Option<Admission>;
}

/// What is decided about a request for a public path.
#[derive(Debug, Default)]
pub struct Admission {
    /// What the reply carries, whatever it is.
    pub headers: HeaderMap,
    /// The reply, when the request goes no further.
    pub answer: Option<Response>,
}

/// A service's routes with the stack around them. Clones share everything.
///
/// Plain code instead of layers: a layer costs several allocations per request, and the order is easier to read.
#[derive(Clone)]
pub struct App {
    router: Router,
    gate: Arc<Gate>,
    public: Option<Arc<dyn PublicRoutes>>,
}

impl App {
    /// Puts the stack around all routes of a service.
    #[must_use]
    pub fn new(router: Router, gate: Arc<Gate>) -> Self {
        let router = router.method_not_allowed_fallback(async || {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this method is not allowed here")
        });
        Self {
            router,
            gate,
            public: None,
        }
    }

    /// Lets `public` decide on its paths.
    #[must_use]
    pub fn with_public(self, public: Arc<dyn PublicRoutes>) -> Self {
        Self {
            public: Some(public),
            ..self
        }
    }

    /// Requests answered so far.
    pub(crate) fn served(&self) -> u64 {
        self.gate.traffic.total()
    }

    /// Answers one request.
    pub async fn answer(self, mut request: Request) -> Response {
        let started = Instant::now();
        let method = request.method().clone();
        let logged = tracing::enabled!(tracing::Level::DEBUG).then(|| request.uri().path().to_owned());
        let gate = Arc::clone(&self.gate);
        let admission = self
            .public
            .as_deref()
            .and_then(|public| public.admit(&mut request));
        let is_public = admission.is_some();
        let Admission { headers, answer } = admission.unwrap_or_default();
        let answered = AssertUnwindSafe(async move {
            match answer {
                Some(answer) => answer,
                None if is_public => self.route(request).await,
                None => self.authorise(request).await,
            }
        });
        let mut response = answered.catch_unwind().await.unwrap_or_else(|_| {
            tracing::error!("a request handler panicked");
            Problem::internal().into_response()
        });
        if is_public && is_refusal(response.status()) {
            gate.refusals.turn().await;
        }
        response.headers_mut().extend(headers);
        gate.traffic.count(&method, response.status());
        if let Some(path) = logged {
            let duration_ms = started.elapsed().as_millis() as u64;
            tracing::debug!(http.method = %method, http.path = %path, http.status = response.status().as_u16(), duration_ms, "request");
        }
        protect(response.headers_mut());
        response
    }

    async fn authorise(self, mut request: Request) -> Response {
        let gate = Arc::clone(&self.gate);
        let path = request.uri().path();
        let guarded = path.starts_with(API_PREFIX) || path == "/api" || path == "/metrics";
        if guarded && path != super::session::PATH {
            let client = gate.client(&request);
            let query_key = path
                .ends_with(EVENT_STREAM_SUFFIX)
                .then(|| query_key(&request))
                .flatten();
            let identified = gate
                .auth
                .identify(request.headers(), query_key.as_deref(), Timestamp::now());
            let Some((key_index, via)) = identified else {
                return gate.auth.refuse(client).await.into_response();
            };
            let reads = matches!(*request.method(), Method::GET | Method::HEAD);
            if via == Via::Cookie && !reads && !request.headers().contains_key(UI_HEADER) {
                let detail = "a browser session may change things only from its own page";
                return Problem::new(StatusCode::FORBIDDEN, detail).into_response();
            }
            request.extensions_mut().insert(Caller {
                key_index,
                via_cookie: via == Via::Cookie,
                client,
            });
        }
        self.route(request).await
    }

    async fn route(self, request: Request) -> Response {
        match self.router.oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

/// Whether the client may not, or not now.
fn is_refusal(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS
    )
}

/// What every reply tells the browser.
fn protect(headers: &mut HeaderMap) {
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(
            "default-src 'none'; frame-ancestors 'none'",
        ));
}

/// Enforces what the route table says; goes around a route's methods, so that 404 and 405 come first.
pub async fn enforce(
    State((gate, limits)): State<(Arc<Gate>, RouteLimits)>,
    mut request: Request,
    next: Next,
) -> Response {
    let announced = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > limits.max_body_bytes as u64) {
        return Problem::too_large(limits.max_body_bytes).into_response();
    }
    if let Some(caller) = request.extensions().get::<Caller>() {
        let now_ms = gate.started.elapsed().as_millis() as i64;
        if let Err(retry_after_s) = gate
            .limiter
            .check((limits.budget, caller.key_index, caller.client), now_ms)
        {
            return Problem::too_many_requests(retry_after_s).into_response();
        }
    }
    request.extensions_mut().insert(limits);
    next.run(request).await
}

/// Puts [`enforce`] around a route made with `routes!`.
pub fn limited<S: Clone + Send + Sync + 'static>(
    (schemas, paths, methods): utoipa_axum::router::UtoipaMethodRouter<S>,
    gate: &Arc<Gate>,
    limits: RouteLimits,
) -> utoipa_axum::router::UtoipaMethodRouter<S> {
    let layer = axum::middleware::from_fn_with_state((Arc::clone(gate), limits), enforce);
    (schemas, paths, methods.route_layer(layer))
}

fn query_key(request: &Request) -> Option<String> {
    form_urlencoded::parse(request.uri().query()?.as_bytes())
        .find_map(|(name, value)| (name == "api_key").then(|| value.into_owned()))
}
