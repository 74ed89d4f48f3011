//! Which metrics, labels and projects there are.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::http::{Problem, Query};

use super::Shared;
use crate::catalogue::{Catalogue, Metric, ProjectId};
use crate::kind::Kind;

/// Values of one label that are listed.
const MOST_VALUES: usize = 1_000;

#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Names {
    metrics: Vec<Name>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct Name {
    name: String,
    r#type: Kind,
    project: String,
    /// How many label sets it has.
    series: usize,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct NamesQuery {
    /// Only those of this project.
    project: Option<String>,
    /// Only those with this in their name, in any case of its letters.
    search: Option<String>,
}

#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct LabelNames {
    labels: Vec<Label>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct Label {
    name: String,
    /// In order; the first thousand of them.
    values: Vec<String>,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct LabelsQuery {
    /// The metric; required.
    #[param(value_type = String, required = true)]
    name: Option<String>,
    /// Only those of this project.
    project: Option<String>,
    /// When a name has several.
    #[param(inline)]
    r#type: Option<Kind>,
}

#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Projects {
    projects: Vec<String>,
}

/// Which project is asked for: all, one, or one that there is not.
pub(super) fn project_id(catalogue: &Catalogue, name: Option<&str>) -> Option<Option<ProjectId>> {
    match name {
        None => Some(None),
        Some(name) => catalogue.project_id(name).map(Some),
    }
}

/// The metrics, by name. A metric is listed as long as its data is kept.
#[utoipa::path(get, path = "/api/metrics/names", tag = "metrics", params(NamesQuery), responses((status = 200, body = Names)))]
pub(super) async fn list_names(State(app): Shared, Query(query): Query<NamesQuery>) -> Json<Names> {
    let catalogue = app.store.catalogue();
    let search = query.search.unwrap_or_default().to_lowercase();
    let project = project_id(&catalogue, query.project.as_deref());
    let is_wanted = |metric: &Metric| {
        project.is_some_and(|project| project.is_none_or(|project| project == metric.project))
            && metric.name.to_lowercase().contains(&search)
    };
    let mut metrics: Vec<Name> = catalogue
        .metrics()
        .filter(|(_, metric)| is_wanted(metric))
        .map(|(_, metric)| Name {
            name: metric.name.clone(),
            r#type: metric.kind,
            project: catalogue
                .project(metric.project)
                .map_or_else(String::new, |project| project.name.clone()),
            series: catalogue.series_of(metric).count(),
        })
        .collect();
    metrics.sort_by(|left, right| {
        (&left.name, left.r#type, &left.project).cmp(&(&right.name, right.r#type, &right.project))
    });
    Json(Names { metrics })
}

/// The labels of a metric with their values.
#[utoipa::path(get, path = "/api/metrics/labels", tag = "metrics", params(LabelsQuery),
    responses((status = 200, body = LabelNames), (status = 400, body = inline(shared::http::problem::ProblemBody<'static>))))]
pub(super) async fn list_labels(
    State(app): Shared,
    Query(query): Query<LabelsQuery>,
) -> Result<Json<LabelNames>, Problem> {
    let wanted = query
        .name
        .ok_or_else(|| Problem::bad_request("name: is missing"))?;
    let catalogue = app.store.catalogue();
    let project = project_id(&catalogue, query.project.as_deref());
    let mut labels = BTreeMap::<&str, BTreeSet<&str>>::new();
    for (_, metric) in catalogue.metrics() {
        let is_wanted = metric.name == wanted
            && query.r#type.is_none_or(|kind| kind == metric.kind)
            && project.is_some_and(|project| project.is_none_or(|project| project == metric.project));
        if is_wanted {
            for (_, series) in catalogue.series_of(metric) {
                for (name, value) in catalogue.labels(series) {
                    labels.entry(name).or_default().insert(value);
                }
            }
        }
    }
    let labels = labels.into_iter().map(|(name, values)| Label {
        name: name.to_owned(),
        values: values.into_iter().take(MOST_VALUES).map(str::to_owned).collect(),
    });
    Ok(Json(LabelNames {
        labels: labels.collect(),
    }))
}

/// The projects that have metrics, in order.
#[utoipa::path(get, path = "/api/projects", tag = "metrics", responses((status = 200, body = Projects)))]
pub(super) async fn list_projects(State(app): Shared) -> Json<Projects> {
    let catalogue = app.store.catalogue();
    let mut projects: Vec<String> = catalogue.projects().map(|project| project.name.clone()).collect();
    projects.sort_unstable();
    Json(Projects { projects })
}
