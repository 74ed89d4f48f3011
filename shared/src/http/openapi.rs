//! What the OpenAPI documents of all services have in common, and the route that serves them.
//!
//! A service's own document names it (`info`) and takes [`Common`] as a modifier; its routes bring the rest.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use utoipa::openapi::path::PathItem;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{OpenApi, RefOr, Response as Described};
use utoipa::{Modify, PartialSchema as _, ToSchema as _};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::ProblemBody;

/// Adds the ways to sign in and the body of an error.
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
    }
}

/// The routes, and with them the document of them all.
pub fn with_document(routes: OpenApiRouter) -> Router {
    let (router, mut document) = routes.split_for_parts();
    let (own, own_document) = OpenApiRouter::<Arc<str>>::new()
        .routes(routes!(get_document))
        .split_for_parts();
    document.merge(own_document);
    document.paths.paths.values_mut().for_each(name_problems);
    let text = document.to_json().unwrap_or_default();
    router.merge(own.with_state(text.into()))
}

/// Errors are documented by their body, and have a content type of their own.
fn name_problems(path: &mut PathItem) {
    let PathItem {
        get,
        put,
        post,
        delete,
        patch,
        ..
    } = path;
    for operation in [get, put, post, delete, patch].into_iter().flatten() {
        for (status, response) in &mut operation.responses.responses {
            let RefOr::T(Described { content, .. }) = response else {
                continue;
            };
            if status.starts_with(['4', '5'])
                && let Some(body) = content.swap_remove("application/json")
            {
                content.insert("application/problem+json".to_owned(), body);
            }
        }
    }
}

/// This document.
#[utoipa::path(get, path = "/api/openapi.json", tag = "service",
    responses((status = 200, body = serde_json::Map<String, serde_json::Value>, description = "an OpenAPI 3.1 document")))]
async fn get_document(State(text): State<Arc<str>>) -> Response {
    let json = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, json)], text.to_string()).into_response()
}
