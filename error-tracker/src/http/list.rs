//! The list of groups.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::clock::Timestamp;
use shared::http::params::{Limit, parse_query};
use shared::http::{Problem, Query};

use super::Shared;
use crate::report::{Source, digest};
use crate::store::list::{Filter, Item, Page, Sort};

const DEFAULT_LIMIT: u32 = 50;
const MOST: u32 = 200;

/// Which groups, in which order.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    project: Option<String>,
    /// Any environment the group was ever seen in.
    environment: Option<String>,
    /// Any release the group was ever seen in.
    release: Option<String>,
    #[serde(default)]
    #[param(inline)]
    resolved: Tri,
    #[serde(default)]
    #[param(inline)]
    ignored: Tri,
    /// Any source the group was ever seen from.
    #[param(inline)]
    source: Option<SourceName>,
    /// Any of the group's last 1000 sessions.
    session_id: Option<String>,
    /// A part of the exception type or the message.
    search: Option<String>,
    /// Last seen at this time or later.
    since: Option<Timestamp>,
    /// Last seen at this time or earlier.
    until: Option<Timestamp>,
    #[serde(default)]
    #[param(inline)]
    sort: Sort,
    /// 50 unless given, at most 200.
    #[param(inline)]
    limit: Option<Limit>,
    offset: Option<u64>,
    /// `next` of the page before.
    cursor: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Tri {
    True,
    #[default]
    False,
    All,
}

impl Tri {
    fn wanted(self) -> Option<bool> {
        match self {
            Self::True => Some(true),
            Self::False => Some(false),
            Self::All => None,
        }
    }
}

#[derive(Debug, Clone, Copy, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum SourceName {
    Browser,
    Server,
}

/// A page of groups.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct ErrorList {
    errors: Vec<ErrorItem>,
    total: i64,
    /// False when `total` is a lower bound, when counting would take longer than finding the page.
    total_exact: bool,
    limit: u32,
    offset: u64,
    /// The cursor of the next page, if there is one.
    next: Option<String>,
}

/// A group as lists show it.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct ErrorItem {
    pub(super) id: i64,
    pub(super) fingerprint: String,
    pub(super) project: String,
    pub(super) environment: Option<String>,
    pub(super) release: Option<String>,
    pub(super) exception_type: String,
    /// The newest occurrence's, cut to 500 characters in lists.
    pub(super) message: String,
    pub(super) count: i64,
    pub(super) first_seen: Timestamp,
    pub(super) last_seen: Timestamp,
    pub(super) resolved: bool,
    pub(super) ignored: bool,
    /// `browser` or `server`, of the newest occurrence.
    pub(super) source: &'static str,
    /// Reports in each of the last 24 hours, oldest first.
    pub(super) trend: [u64; 24],
    pub(super) level: Option<String>,
    /// The place that decided the fingerprint.
    pub(super) culprit: Option<String>,
    /// It was resolved and is open again.
    pub(super) regressed: bool,
}

impl ErrorItem {
    pub(super) fn new(item: Item, now: Timestamp) -> Self {
        let group = item.group;
        Self {
            id: group.id,
            fingerprint: item.fingerprint.to_string(),
            project: item.project,
            environment: group.environment,
            release: group.release,
            exception_type: item.exception_type,
            message: group.summary,
            count: group.count,
            first_seen: group.first_seen,
            last_seen: group.last_seen,
            resolved: group.state.resolved,
            ignored: group.state.ignored,
            source: group.newest_source.as_str(),
            trend: group.hours.last_day(now),
            level: group.level,
            culprit: group.culprit,
            regressed: group.reopened_at.is_some() && !group.state.resolved,
        }
    }
}

/// Groups that match all filters, newest first unless `sort` says otherwise.
#[utoipa::path(get, path = "/api/errors", tag = "errors", params(ListQuery),
    responses((status = 200, body = ErrorList), (status = 400, body = inline(shared::http::problem::ProblemBody<'static>))))]
pub(super) async fn list_errors(
    State(app): Shared,
    Query(query): Query<ListQuery>,
) -> Result<Json<ErrorList>, Problem> {
    let after = query
        .cursor
        .as_deref()
        .map(|cursor| read_cursor(cursor, query.sort))
        .transpose()?;
    let page = Page {
        sort: query.sort,
        limit: Limit::resolve(query.limit, DEFAULT_LIMIT, MOST),
        offset: query.offset.unwrap_or(0),
        after,
    };
    let filter = Filter {
        project: query.project,
        environment: query.environment,
        release: query.release,
        resolved: query.resolved.wanted(),
        ignored: query.ignored.wanted(),
        source: query.source.map(|source| match source {
            SourceName::Browser => Source::Browser,
            SourceName::Server => Source::Server,
        }),
        session: query.session_id.map(|id| digest(&[&id])),
        search: query.search,
        since: query.since,
        until: query.until,
    };
    let found = app.store.list(&filter, &page).await?;
    let next = found
        .items
        .last()
        .filter(|_| found.more)
        .map(|last| write_cursor(page.sort, last));
    let now = Timestamp::now();
    Ok(Json(ErrorList {
        errors: found
            .items
            .into_iter()
            .map(|item| ErrorItem::new(item, now))
            .collect(),
        total: found.total,
        total_exact: found.total_exact,
        limit: page.limit,
        offset: page.offset,
        next,
    }))
}

/// A place in the order: the column, its value and the id of the last group before it.
fn write_cursor(sort: Sort, last: &Item) -> String {
    format!("{}.{}.{}", sort.column(), last.sort_value, last.group.id)
}

fn read_cursor(text: &str, sort: Sort) -> Result<(i64, i64), Problem> {
    let mut parts = text.split('.');
    let column = parts.next().filter(|column| *column == sort.column());
    let mut number = || parts.next().and_then(|part| part.parse::<i64>().ok());
    match (column, number(), number()) {
        (Some(_), Some(value), Some(id)) => Ok((value, id)),
        _ => Err(Problem::bad_request(
            "cursor: not one of this list; take it from `next` and keep `sort`",
        )),
    }
}

/// For the fuzzer: a query that is taken is within its bounds, and its cursor is one of ours.
pub(crate) fn check_list(query: &str) {
    let Ok(query) = parse_query::<ListQuery>(query) else {
        return;
    };
    assert!((1..=MOST).contains(&Limit::resolve(query.limit, DEFAULT_LIMIT, MOST)));
    if let Some(Ok(place)) = query.cursor.map(|cursor| read_cursor(&cursor, query.sort)) {
        let written = format!("{}.{}.{}", query.sort.column(), place.0, place.1);
        assert_eq!(read_cursor(&written, query.sort).ok(), Some(place), "{written}");
    }
}
