//! Lists of entries, single ones, and what stands around them.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::{RawQuery, State};
use serde::{Deserialize, Serialize};
use shared::http::Problem;
use shared::http::params::{Id, Limit, Query};

use super::filter::FilterQuery;
use super::{App, Shared};
use crate::fields;
use crate::lines::{ContainerId, EntryId, Head, Lines};
use crate::nanos::Nanos;
use crate::search::around;
use crate::search::page::{self, Place, Request, Total};
use crate::search::walk::Order;

const DEFAULT_LIMIT: u32 = 100;
const MOST: u32 = 500;
/// Further on goes the cursor, which costs nothing however deep it is.
const DEEPEST_OFFSET: u64 = 10_000;
/// A search answers after this with what it has.
pub(super) const SEARCH_TIME: Duration = Duration::from_secs(2);
const DEFAULT_AROUND: u64 = 50;

/// An entry.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Entry<'a> {
    id: i64,
    /// RFC 3339 with nanoseconds.
    timestamp: String,
    container: &'a str,
    /// `stdout` or `stderr`.
    stream: &'static str,
    /// `DEBUG`, `INFO`, `WARNING`, `ERROR` or `CRITICAL`.
    level: &'static str,
    /// As it was written, colours included; several lines where they belong together.
    message: &'a str,
    /// The members of a JSON or logfmt line.
    fields: Option<serde_json::Value>,
}

impl<'a> Entry<'a> {
    pub(super) fn new(head: &Head, text: &'a str, names: &'a Names) -> Self {
        Self {
            id: head.id.0,
            timestamp: head.at.to_string(),
            container: names.of(head.container),
            stream: head.stream.as_str(),
            level: head.level.as_str(),
            message: text,
            fields: fields::of(text),
        }
    }

    pub(super) fn all(lines: &'a Lines, names: &'a Names) -> Vec<Self> {
        lines
            .iter()
            .map(|(head, text)| Self::new(head, text, names))
            .collect()
    }
}

/// The names of containers.
pub(super) struct Names(HashMap<ContainerId, String>);

impl Names {
    pub(super) async fn load(app: &App) -> Result<Self, Problem> {
        let known = app.store.containers().await?;
        Ok(Self(
            known
                .into_iter()
                .map(|container| (container.id, container.described.name))
                .collect(),
        ))
    }

    pub(super) fn knows(&self, container: ContainerId) -> bool {
        self.0.contains_key(&container)
    }

    pub(super) fn of(&self, container: ContainerId) -> &str {
        self.0.get(&container).map_or("", String::as_str)
    }
}

/// Where on the list.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PageQuery {
    /// 100 unless given, at most 500.
    #[param(inline)]
    limit: Option<Limit>,
    /// At most 10000.
    offset: Option<u64>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// A page of entries.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct EntryList<'a> {
    logs: Vec<Entry<'a>>,
    total: u64,
    /// False when `total` is a lower bound.
    total_exact: bool,
    limit: u32,
    offset: u64,
    /// The cursor of the next page, if there may be one.
    next: Option<String>,
    /// False when the search took too long and answers with what it has.
    complete: bool,
    /// How far back it came then.
    scanned_to: Option<String>,
}

/// Entries that match all filters, newest first.
#[utoipa::path(get, path = "/api/logs", tag = "logs", params(FilterQuery, PageQuery),
    responses((status = 200, body = EntryList<'static>), (status = 400, body = inline(shared::http::problem::ProblemBody<'static>))))]
pub(super) async fn list_logs(
    State(app): Shared,
    RawQuery(query): RawQuery,
) -> Result<axum::response::Response, Problem> {
    let (filter, query): (FilterQuery, PageQuery) = FilterQuery::read(query.as_deref().unwrap_or_default())?;
    let limit = Limit::resolve(query.limit, DEFAULT_LIMIT, MOST);
    let offset = query.offset.unwrap_or(0);
    if offset > DEEPEST_OFFSET {
        return Err(Problem::bad_request(format!(
            "offset: at most {DEEPEST_OFFSET}; go on with cursor"
        )));
    }
    let cursor = query.cursor.as_deref().map(read_cursor).transpose()?;
    let request = Request {
        order: Order::NewestFirst,
        behind: cursor.map(|(place, _)| place),
        offset: offset as usize,
        limit: limit as usize,
        total: cursor.map(|(_, total)| total),
        deadline: Instant::now() + SEARCH_TIME,
    };
    let filter = filter.resolve(&app.store, Nanos::now()).await?;
    let page = page::read(&app.store, filter, request).await?;
    let names = Names::load(&app).await?;
    Ok(axum::response::IntoResponse::into_response(Json(EntryList {
        logs: Entry::all(&page.entries, &names),
        total: page.total.count,
        total_exact: page.total.exact,
        limit,
        offset,
        next: page.next.map(|place| write_cursor(place, page.total)),
        complete: page.scanned_to.is_none(),
        scanned_to: page.scanned_to.map(|edge| edge.to_string()),
    })))
}

/// The place, and the total, which is counted for the first page only.
fn write_cursor(place: Place, total: Total) -> String {
    format!(
        "{}.{}.{}{}",
        place.at.0,
        place.id.0,
        total.count,
        if total.exact { "" } else { "+" }
    )
}

fn read_cursor(text: &str) -> Result<(Place, Total), Problem> {
    let parse = || {
        let mut parts = text.split('.');
        let (at, id, total) = (parts.next()?, parts.next()?, parts.next()?);
        let (count, exact) = match total.strip_suffix('+') {
            Some(count) => (count, false),
            None => (total, true),
        };
        let place = Place {
            at: Nanos(at.parse().ok()?),
            id: EntryId(id.parse().ok()?),
        };
        let count = count.parse().ok()?;
        parts.next().is_none().then_some((place, Total { count, exact }))
    };
    parse().ok_or_else(|| Problem::bad_request("cursor: not one of ours; begin without it"))
}

/// For the fuzzer: a cursor that is taken is one of ours.
pub(crate) fn check_cursor(text: &str) {
    if let Ok((place, total)) = read_cursor(text) {
        let written = write_cursor(place, total);
        assert_eq!(read_cursor(&written).ok(), Some((place, total)), "{written}");
    }
}

/// One entry.
#[utoipa::path(get, path = "/api/logs/{id}", tag = "logs", params(("id" = i64, Path)),
    responses((status = 200, body = Entry<'static>), (status = 404, body = inline(shared::http::problem::ProblemBody<'static>))))]
pub(super) async fn get_log(State(app): Shared, Id(id): Id) -> Result<axum::response::Response, Problem> {
    let (head, text) = find(&app, id).await?;
    let names = Names::load(&app).await?;
    Ok(axum::response::IntoResponse::into_response(Json(Entry::new(
        &head, &text, &names,
    ))))
}

async fn find(app: &App, id: i64) -> Result<(Head, String), Problem> {
    around::find(&app.store, EntryId(id))
        .await?
        .ok_or_else(|| Problem::not_found("Log entry not found"))
}

/// How much around it.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct AroundQuery {
    /// Entries before it: 50 unless given, at most 500.
    before: Option<u64>,
    /// Entries after it.
    after: Option<u64>,
}

/// An entry in its surroundings.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Context<'a> {
    /// The oldest first.
    before: Vec<Entry<'a>>,
    entry: Entry<'a>,
    after: Vec<Entry<'a>>,
}

/// What the entry's container wrote before and after it.
#[utoipa::path(get, path = "/api/logs/{id}/context", tag = "logs", params(("id" = i64, Path), AroundQuery),
    responses((status = 200, body = Context<'static>), (status = 404, body = inline(shared::http::problem::ProblemBody<'static>))))]
pub(super) async fn get_context(
    State(app): Shared,
    Id(id): Id,
    Query(query): Query<AroundQuery>,
) -> Result<axum::response::Response, Problem> {
    let (head, text) = find(&app, id).await?;
    let most = |count: Option<u64>| count.unwrap_or(DEFAULT_AROUND).min(MOST.into()) as usize;
    let (before, after) = around::read(
        &app.store,
        &head,
        most(query.before),
        most(query.after),
        Instant::now() + SEARCH_TIME,
    )
    .await?;
    let names = Names::load(&app).await?;
    Ok(axum::response::IntoResponse::into_response(Json(Context {
        before: Entry::all(&before, &names),
        entry: Entry::new(&head, &text, &names),
        after: Entry::all(&after, &names),
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_survive_the_wire_and_others_are_refused() {
        for exact in [true, false] {
            let place = Place {
                at: Nanos(-7),
                id: EntryId(i64::MAX),
            };
            let total = Total { count: 12, exact };
            assert_eq!(read_cursor(&write_cursor(place, total)).unwrap(), (place, total));
        }
        for bad in ["", "1", "1.2", "1.2.x", "1.2.3.4", "a.b.c", "1.2.-3"] {
            assert!(read_cursor(bad).is_err(), "{bad}");
        }
    }
}
