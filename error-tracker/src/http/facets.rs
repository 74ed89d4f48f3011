//! What the filters offer.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::http::{Problem, Query};

use super::Shared;
use crate::store::facets::{ENVIRONMENT, RELEASE};

#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Projects {
    projects: Vec<String>,
}

#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Environments {
    environments: Vec<String>,
}

#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Releases {
    releases: Vec<String>,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct OfProject {
    /// Only what was seen in this project.
    project: Option<String>,
}

/// The projects that have errors, in order.
#[utoipa::path(get, path = "/api/projects", tag = "filters", responses((status = 200, body = Projects)))]
pub(super) async fn list_projects(State(app): Shared) -> Result<Json<Projects>, Problem> {
    Ok(Json(Projects {
        projects: app.store.projects().await?,
    }))
}

/// The environments that were ever seen, in order.
#[utoipa::path(get, path = "/api/environments", tag = "filters", params(OfProject), responses((status = 200, body = Environments)))]
pub(super) async fn list_environments(
    State(app): Shared,
    Query(of): Query<OfProject>,
) -> Result<Json<Environments>, Problem> {
    Ok(Json(Environments {
        environments: app.store.facet_values(ENVIRONMENT, of.project.as_deref()).await?,
    }))
}

/// The releases that were ever seen, in order.
#[utoipa::path(get, path = "/api/releases", tag = "filters", params(OfProject), responses((status = 200, body = Releases)))]
pub(super) async fn list_releases(
    State(app): Shared,
    Query(of): Query<OfProject>,
) -> Result<Json<Releases>, Problem> {
    Ok(Json(Releases {
        releases: app.store.facet_values(RELEASE, of.project.as_deref()).await?,
    }))
}
