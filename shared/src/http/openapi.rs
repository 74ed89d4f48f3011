//! What the OpenAPI documents of all services have in common, and the route that serves them.
//!
//! A service's own document names it (`info`) and takes [`Common`] as a modifier; its routes bring the rest.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use utoipa::openapi::path::{Operation, Parameter, ParameterIn, PathItem};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, Response as Described, ResponseBuilder};
use utoipa::{Modify, PartialSchema as _, ToSchema as _};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::ProblemBody;

/// The content type of an error.
const PROBLEM: &str = "application/problem+json";

/// Adds the ways to sign in, the body of an error, and what any operation may answer.
#[derive(Debug)]
pub struct Common;

impl Modify for Common {
    fn modify(&self, document: &mut OpenApi) {
        let key = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("X-API-Key")));
        let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        let components = document.components.get_or_insert_default();
        for (name, scheme) in [("key", key), ("bearer", bearer)] {
            components.add_security_scheme(name, scheme);
            let either = SecurityRequirement::new(name, [""; 0]);
            document.security.get_or_insert_default().push(either);
        }
        let problem = (ProblemBody::name().into_owned(), ProblemBody::schema());
        components.schemas.extend([problem]);
        components
            .responses
            .extend(REFUSALS.map(|(name, _, description)| {
                let schema = RefOr::Ref(Ref::from_schema_name(ProblemBody::name()));
                let content = ContentBuilder::new().schema(Some(schema)).build();
                let response = ResponseBuilder::new()
                    .description(description)
                    .content(PROBLEM, content);
                (name.to_owned(), RefOr::T(response.build()))
            }));
    }
}

/// What an operation may answer because of what stands around it: a name, the status, and when.
type Refusal = (&'static str, u16, &'static str);

const UNUSABLE: Refusal = (
    "Unusable",
    400,
    "a parameter or the body cannot be used; `detail` names it",
);
const UNAUTHORISED: Refusal = ("Unauthorised", 401, "the key is missing or wrong");
const FOREIGN_PAGE: Refusal = (
    "ForeignPage",
    403,
    "a browser's session may change things only with the header `X-Monlight-UI: 1`",
);
const PAUSED: Refusal = ("Paused", 408, "the body paused for 30 seconds");
const TOO_LARGE: Refusal = ("TooLarge", 413, "the body is larger than it may be");
const ENCODED: Refusal = (
    "Encoded",
    415,
    "the body's `Content-Encoding` is none of gzip, deflate, br and zstd",
);
const TOO_MANY: Refusal = (
    "TooMany",
    429,
    "too many requests; `Retry-After` says when to come again",
);
const UNAVAILABLE: Refusal = (
    "Unavailable",
    503,
    "it cannot be done now; nothing was changed, and `Retry-After` says when to come again if that is known",
);
const REFUSALS: [Refusal; 8] = [
    UNUSABLE,
    UNAUTHORISED,
    FOREIGN_PAGE,
    PAUSED,
    TOO_LARGE,
    ENCODED,
    TOO_MANY,
    UNAVAILABLE,
];

/// The routes, and with them the document of them all.
pub fn with_document(routes: OpenApiRouter) -> Router {
    let (router, mut document) = routes.split_for_parts();
    let (own, own_document) = OpenApiRouter::<Arc<str>>::new()
        .routes(routes!(get_document))
        .split_for_parts();
    document.merge(own_document);
    document.paths.paths.values_mut().for_each(complete);
    let text = document.to_json().unwrap_or_default();
    router.merge(own.with_state(text.into()))
}

/// Puts in what all operations have in common, so that none of them has to say it.
fn complete(path: &mut PathItem) {
    let PathItem {
        get,
        put,
        post,
        delete,
        patch,
        ..
    } = path;
    for (operation, changes) in [
        (get, false),
        (put, true),
        (post, true),
        (delete, true),
        (patch, true),
    ] {
        let Some(operation) = operation else {
            continue;
        };
        name_problems(operation);
        add_refusals(operation);
        // Where no other key is asked for, a session will do, if it comes from its own page.
        if changes && operation.security.is_none() {
            refuse(operation, &[FOREIGN_PAGE]);
        }
    }
}

/// Errors are documented by their body, and have a content type of their own.
fn name_problems(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(Described { content, .. }) = response else {
            continue;
        };
        if status.starts_with(['4', '5'])
            && let Some(body) = content.swap_remove("application/json")
        {
            content.insert(PROBLEM.to_owned(), body);
        }
    }
}

/// Whoever asks for a key refuses those without one, and a body has to be read.
fn add_refusals(operation: &mut Operation) {
    let open = [SecurityRequirement::default()];
    if operation.security.as_deref() != Some(&open) {
        refuse(operation, &[UNAUTHORISED, UNAVAILABLE]);
    }
    if operation.responses.responses.contains_key("401") {
        // Who keeps guessing is refused like one who asks too often.
        refuse(operation, &[TOO_MANY]);
    }
    if operation.request_body.is_some() {
        refuse(operation, &[UNUSABLE, PAUSED, TOO_LARGE, ENCODED, UNAVAILABLE]);
    }
    let mut parameters = operation.parameters.iter().flatten();
    let is_in_query = |parameter: &RefOr<Parameter>| matches!(parameter, RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Query);
    if parameters.any(is_in_query) {
        refuse(operation, &[UNUSABLE]);
    }
}

/// Adds what is not documented by the operation itself.
fn refuse(operation: &mut Operation, refusals: &[Refusal]) {
    for (name, status, _) in refusals {
        let documented = &mut operation.responses.responses;
        documented
            .entry(status.to_string())
            .or_insert_with(|| RefOr::Ref(Ref::from_response_name(*name)));
    }
}

/// This document.
#[utoipa::path(get, path = "/api/openapi.json", tag = "service",
    responses((status = 200, body = serde_json::Map<String, serde_json::Value>, description = "an OpenAPI 3.1 document")))]
async fn get_document(State(text): State<Arc<str>>) -> Response {
    let json = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, json)], text.to_string()).into_response()
}
