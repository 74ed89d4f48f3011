//! Containers, and figures of the whole.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use shared::http::Problem;

use super::Shared;
use crate::entry::Level;
use crate::source::Problem as SourceProblem;
use shared::settings::ServiceLinks;

/// A container, or several that had the same name one after the other.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Container {
    name: String,
    /// Entries that are kept.
    log_count: u64,
    image: Option<String>,
    running: bool,
    /// The newest entry's time.
    last_log: Option<String>,
    /// Of compose.
    project: Option<String>,
    /// Of compose.
    service: Option<String>,
    /// Why its log cannot be read, if so.
    unreadable: Option<String>,
}

#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct ContainerList {
    /// By name.
    containers: Vec<Container>,
}

/// All containers that have or had logs.
#[utoipa::path(get, path = "/api/containers", tag = "containers", responses((status = 200, body = ContainerList)))]
pub(super) async fn list_containers(State(app): Shared) -> Result<Json<ContainerList>, Problem> {
    let counts = app.store.directory.counts();
    let problems = app.source.problems.borrow().clone();
    let mut by_name: BTreeMap<String, Container> = BTreeMap::new();
    // In the order of their numbers: of one name the last one tells what it is now.
    for container in app.store.containers().await? {
        let described = container.described;
        let entry = by_name
            .entry(described.name.clone())
            .or_insert_with(|| Container {
                name: described.name.clone(),
                log_count: 0,
                image: None,
                running: false,
                last_log: None,
                project: None,
                service: None,
                unreadable: None,
            });
        entry.log_count += counts.of_container(container.id);
        entry.image = described.image;
        entry.running |= described.running;
        entry.project = described.project;
        entry.service = described.service;
        entry.last_log = container
            .last_at
            .map(|at| at.to_string())
            .max(entry.last_log.take());
        entry.unreadable = problem_of(&problems, &described.docker_id);
    }
    Ok(Json(ContainerList {
        containers: by_name.into_values().collect(),
    }))
}

/// The same as `/api/containers`.
#[utoipa::path(get, path = "/api/logs/containers", tag = "containers", responses((status = 200, body = ContainerList)))]
pub(super) async fn list_log_containers(app: Shared) -> Result<Json<ContainerList>, Problem> {
    list_containers(app).await
}

fn problem_of(problems: &[SourceProblem], docker_id: &str) -> Option<String> {
    problems
        .iter()
        .find(|problem| problem.path.to_string_lossy().contains(docker_id))
        .map(|problem| problem.what.clone())
}

/// Figures of all entries that are kept.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Stats {
    total_logs: u64,
    oldest_log: Option<String>,
    newest_log: Option<String>,
    by_level: BTreeMap<&'static str, u64>,
    by_container: BTreeMap<String, u64>,
}

/// How many entries there are, of which levels and containers.
#[utoipa::path(get, path = "/api/stats", tag = "containers", responses((status = 200, body = Stats)))]
pub(super) async fn get_stats(State(app): Shared) -> Result<Json<Stats>, Problem> {
    let counts = app.store.directory.counts();
    let (oldest, newest) = app.store.reach().await?;
    let mut by_level: BTreeMap<&'static str, u64> =
        Level::ALL.iter().map(|level| (level.as_str(), 0)).collect();
    let mut by_container = BTreeMap::new();
    let names = super::entries::Names::load(&app).await?;
    for (container, levels) in counts.iter() {
        for (level, count) in Level::ALL.iter().zip(levels) {
            *by_level.entry(level.as_str()).or_default() += count;
        }
        *by_container.entry(names.of(container).to_owned()).or_default() += levels.iter().sum::<u64>();
    }
    Ok(Json(Stats {
        total_logs: counts.total(),
        oldest_log: oldest.map(|at| at.to_string()),
        newest_log: newest.map(|at| at.to_string()),
        by_level,
        by_container,
    }))
}

/// The same as `/api/stats`.
#[utoipa::path(get, path = "/api/logs/stats", tag = "containers", responses((status = 200, body = Stats)))]
pub(super) async fn get_log_stats(app: Shared) -> Result<Json<Stats>, Problem> {
    get_stats(app).await
}

/// The service and its settings, as far as a page shows them.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct About {
    service: &'static str,
    version: &'static str,
    links: ServiceLinks,
    sources: Vec<SourceState>,
    max_entries: u64,
}

/// A folder that is read.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct SourceState {
    path: String,
    /// What to mount or permit.
    problem: Option<String>,
}

/// The service's version, links and sources.
#[utoipa::path(get, path = "/api/about", tag = "service", responses((status = 200, body = About)))]
pub(super) async fn about(State(app): Shared) -> Json<About> {
    let problems = app.source.problems.borrow().clone();
    let sources = app
        .config
        .sources
        .iter()
        .map(|path| SourceState {
            path: path.display().to_string(),
            problem: problems
                .iter()
                .find(|problem| problem.path == *path)
                .map(|problem| problem.what.clone()),
        })
        .collect();
    Json(About {
        service: crate::store::IDENTITY.product,
        version: crate::store::IDENTITY.version,
        links: app.config.links.clone(),
        sources,
        max_entries: app.config.max_entries,
    })
}
