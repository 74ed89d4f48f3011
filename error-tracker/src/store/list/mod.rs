//! Finds the groups of a list: filters, search, order, pages.
//!
//! A list never reads all groups. When a filter is narrow (a session, a rare release, rare words), its few
//! groups are looked up and put in order. Otherwise the index of the order is walked from the page's start,
//! and the other filters are checked on the way until the page is full: what is not narrow is dense, so that
//! does not take long.

#[cfg(test)]
mod tests;

use shared::clock::Timestamp;
use sqlx::{FromRow, QueryBuilder, Sqlite};

use super::Store;
use super::facets::{ENVIRONMENT, RELEASE};
use super::ingest::fingerprint_from;
use crate::fingerprint::Fingerprint;
use crate::group::State;
use crate::report::Source;
use crate::trend::Hours;

/// A filter that leaves no more groups than this is narrow.
const NARROW: i64 = 2_000;
/// No group has as much text: a type has at most 200 characters, a summary 500. SQLite refuses very long patterns.
const SEARCHABLE_CHARS: usize = 1_000;
/// The same for a text. Each hit of a long text costs several microseconds in the index.
const NARROW_TEXT: i64 = 500;
/// A total is counted up to here when counting means checking each group.
const COUNTED: i64 = 2_000;

/// Which groups.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    pub(crate) project: Option<String>,
    pub(crate) environment: Option<String>,
    pub(crate) release: Option<String>,
    pub(crate) resolved: Option<bool>,
    pub(crate) ignored: Option<bool>,
    pub(crate) source: Option<Source>,
    /// The digest of a session's id.
    pub(crate) session: Option<[u8; 16]>,
    pub(crate) search: Option<String>,
    pub(crate) since: Option<Timestamp>,
    pub(crate) until: Option<Timestamp>,
}

/// In which order; always descending, ties by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Sort {
    #[default]
    LastSeen,
    FirstSeen,
    Count,
    Trend,
}

impl Sort {
    pub(crate) fn column(self) -> &'static str {
        match self {
            Self::LastSeen => "last_seen",
            Self::FirstSeen => "first_seen",
            Self::Count => "count",
            Self::Trend => "trend",
        }
    }
}

/// Which part of the list: what comes after a place in it, or after so many groups.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Page {
    pub(crate) sort: Sort,
    pub(crate) limit: u32,
    pub(crate) offset: u64,
    /// The sort column's value and the id of the last group that was shown.
    pub(crate) after: Option<(i64, i64)>,
}

/// One group as a list shows it.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) id: i64,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) project: String,
    pub(crate) environment: Option<String>,
    pub(crate) release: Option<String>,
    pub(crate) exception_type: String,
    pub(crate) summary: String,
    pub(crate) culprit: Option<String>,
    pub(crate) level: Option<String>,
    pub(crate) count: i64,
    pub(crate) first_seen: Timestamp,
    pub(crate) last_seen: Timestamp,
    pub(crate) state: State,
    pub(crate) resolved_at: Option<Timestamp>,
    pub(crate) reopened_at: Option<Timestamp>,
    pub(crate) source: Source,
    pub(crate) hours: Hours,
    /// The place in the order, for the next page's start.
    pub(crate) sort_value: i64,
}

/// A page of a list.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) items: Vec<Item>,
    pub(crate) total: i64,
    /// False when `total` is a lower bound.
    pub(crate) total_exact: bool,
    /// There are groups after this page.
    pub(crate) more: bool,
}

/// What the filters come down to.
struct Plan {
    project_id: Option<i64>,
    /// Facets of which a group must have one each.
    facets: Vec<Vec<i64>>,
    states: Vec<i64>,
    source: Option<Source>,
    session: Option<[u8; 16]>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    search: Option<Search>,
    /// The ids of the narrowest filter, when one is narrow.
    candidates: Option<Vec<i64>>,
}

struct Search {
    /// A phrase for the index; words of less than three characters are in no index.
    phrase: Option<String>,
    /// The same for the text itself.
    pattern: String,
}

impl Search {
    fn new(text: &str) -> Self {
        // Ingest has replaced each NUL as well; here it would end the phrase and the pattern.
        let text = &text.replace('\0', "\u{fffd}");
        let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        Self {
            phrase: (text.chars().count() >= 3).then(|| format!("\"{}\"", text.replace('"', "\"\""))),
            pattern: format!("%{escaped}%"),
        }
    }
}

impl Store {
    /// A page of the list, and how long the whole list is.
    pub(crate) async fn list(&self, filter: &Filter, page: &Page) -> sqlx::Result<Found> {
        let Some(plan) = self.plan(filter).await? else {
            return Ok(Found {
                items: Vec::new(),
                total: 0,
                total_exact: true,
                more: false,
            });
        };
        let (places, total) = tokio::try_join!(self.places(&plan, page), self.total(&plan))?;
        let more = places.len() > page.limit as usize;
        let (total, total_exact) = total.unwrap_or_else(|| {
            let before = i64::try_from(page.offset).unwrap_or(i64::MAX);
            // A page behind the end says nothing of where the end is.
            match (before, places.len() as i64) {
                (1.., 0) => (0, false),
                (_, shown) => (before.saturating_add(shown), !more && page.after.is_none()),
            }
        });
        let places = &places[..places.len().min(page.limit as usize)];
        Ok(Found {
            items: self.items(places).await?,
            total,
            total_exact,
            more,
        })
    }

    /// Looks the filters up. `None` when one of them matches nothing at all.
    async fn plan(&self, filter: &Filter) -> sqlx::Result<Option<Plan>> {
        let project_id = match &filter.project {
            None => None,
            Some(name) => match self.project_id(name).await? {
                None => return Ok(None),
                found => found,
            },
        };
        let searched = filter.search.as_deref().unwrap_or_default().trim();
        if searched.chars().nth(SEARCHABLE_CHARS).is_some() {
            return Ok(None);
        }
        let mut plan = Plan {
            project_id,
            facets: Vec::new(),
            states: (0..4)
                .filter(|bits| {
                    let state = State::from_bits(*bits);
                    filter.resolved.is_none_or(|wanted| wanted == state.resolved)
                        && filter.ignored.is_none_or(|wanted| wanted == state.ignored)
                })
                .collect(),
            source: filter.source,
            session: filter.session,
            since: filter.since,
            until: filter.until,
            search: (!searched.is_empty()).then(|| Search::new(searched)),
            candidates: None,
        };
        for (kind, value) in [(ENVIRONMENT, &filter.environment), (RELEASE, &filter.release)] {
            let Some(value) = value else { continue };
            let ids = self.facet_ids(kind, value, project_id).await?;
            if ids.is_empty() {
                return Ok(None);
            }
            self.consider(&mut plan, self.with_facets(&ids).await?);
            plan.facets.push(ids);
        }
        if let Some(session) = filter.session {
            let ids = sqlx::query_scalar("select error_id from error_sessions where session = ?1 limit ?2")
                .bind(&session[..])
                .bind(NARROW)
                .fetch_all(self.db.read())
                .await?;
            self.consider(&mut plan, Some(ids));
        }
        if let Some(source) = filter.source {
            self.consider(&mut plan, self.with_source(source).await?);
        }
        if let Some(search) = &plan.search {
            let ids = self.with_text(search).await?;
            self.consider(&mut plan, ids);
        }
        Ok(Some(plan))
    }

    #[expect(clippy::unused_self, reason = "reads as a step of the plan")]
    fn consider(&self, plan: &mut Plan, ids: Option<Vec<i64>>) {
        if let Some(ids) = ids
            && plan
                .candidates
                .as_ref()
                .is_none_or(|known| ids.len() < known.len())
        {
            plan.candidates = Some(ids);
        }
    }

    async fn project_id(&self, name: &str) -> sqlx::Result<Option<i64>> {
        sqlx::query_scalar("select id from projects where name = ?1")
            .bind(name)
            .fetch_optional(self.db.read())
            .await
    }

    async fn facet_ids(&self, kind: i64, value: &str, project_id: Option<i64>) -> sqlx::Result<Vec<i64>> {
        sqlx::query_scalar(
            "select f.id from projects p cross join facets f on f.project_id = p.id and f.kind = ?1 and f.value = ?2
             where ?3 is null or p.id = ?3 limit 1000",
        )
        .bind(kind)
        .bind(value)
        .bind(project_id)
        .fetch_all(self.db.read())
        .await
    }

    /// The groups with one of these facets, when they are few.
    async fn with_facets(&self, facet_ids: &[i64]) -> sqlx::Result<Option<Vec<i64>>> {
        let ids: Vec<i64> = sqlx::query_scalar(
            "select ef.error_id from json_each(?1) j cross join error_facets ef on ef.facet_id = j.value limit ?2",
        )
        .bind(json(facet_ids))
        .bind(NARROW + 1)
        .fetch_all(self.db.read())
        .await?;
        Ok(Some(ids).filter(|ids| ids.len() as i64 <= NARROW))
    }

    /// The groups that were seen from this source, when they are few.
    async fn with_source(&self, source: Source) -> sqlx::Result<Option<Vec<i64>>> {
        let statement = match source {
            Source::Server => {
                "select id from errors indexed by errors_from_servers where sources in (1, 3) limit ?1"
            }
            Source::Browser => {
                "select id from errors indexed by errors_from_browsers where sources in (2, 3) limit ?1"
            }
        };
        let ids: Vec<i64> = sqlx::query_scalar(statement)
            .bind(NARROW + 1)
            .fetch_all(self.db.read())
            .await?;
        Ok(Some(ids).filter(|ids| ids.len() as i64 <= NARROW))
    }

    /// The groups with this text, when they are few and the text is long enough for the index.
    async fn with_text(&self, search: &Search) -> sqlx::Result<Option<Vec<i64>>> {
        let Some(phrase) = &search.phrase else {
            return Ok(None);
        };
        // The index comes last: a group that moves into it in between is found there.
        let mut ids: Vec<i64> = sqlx::query_scalar(
            "select e.id from errors_unindexed u cross join errors e on e.id = u.error_id
             where e.exception_type || char(10) || e.message like ?1 escape '\\' limit ?2",
        )
        .bind(&search.pattern)
        .bind(NARROW_TEXT + 1)
        .fetch_all(self.db.read())
        .await?;
        let indexed: Vec<i64> =
            sqlx::query_scalar("select rowid from errors_fts where errors_fts match ?1 limit ?2")
                .bind(phrase)
                .bind(NARROW_TEXT + 1)
                .fetch_all(self.db.read())
                .await?;
        ids.extend(indexed);
        Ok(Some(ids).filter(|ids| ids.len() as i64 <= NARROW_TEXT))
    }

    /// The groups of a page, one more than wanted, as (id, place in the order).
    async fn places(&self, plan: &Plan, page: &Page) -> sqlx::Result<Vec<(i64, i64)>> {
        let mut query = QueryBuilder::<Sqlite>::new("");
        push_places(&mut query, plan, page);
        query.build_query_as().fetch_all(self.db.read()).await
    }

    /// How long the list is, and whether that is exact. `None` for a search with many hits: counting them would
    /// take longer than finding the page, so the page itself is the lower bound.
    async fn total(&self, plan: &Plan) -> sqlx::Result<Option<(i64, bool)>> {
        if plan.search.is_some() && plan.candidates.is_none() {
            return Ok(None);
        }
        let indexed = plan.facets.is_empty() && plan.search.is_none() && plan.source.is_none();
        let most = if indexed || plan.candidates.is_some() {
            i64::MAX
        } else {
            COUNTED
        };
        let mut query = QueryBuilder::<Sqlite>::new("");
        push_total(&mut query, plan, most);
        let total: i64 = query.build_query_scalar().fetch_one(self.db.read()).await?;
        Ok(Some((total, total < most)))
    }

    /// The rows of these groups, in this order.
    pub(super) async fn items(&self, places: &[(i64, i64)]) -> sqlx::Result<Vec<Item>> {
        let ids: Vec<i64> = places.iter().map(|(id, _)| *id).collect();
        let rows: Vec<ItemRow> = sqlx::query_as(
            "select e.id, e.fingerprint, p.name as project, e.environment, e.release, e.exception_type, e.message,
               e.culprit, e.level, e.count, e.first_seen, e.last_seen, e.state, e.resolved_at, e.reopened_at,
               e.newest_source, e.hours
             from json_each(?1) j cross join errors e on e.id = j.value join projects p on p.id = e.project_id
             order by j.key",
        )
        .bind(json(&ids))
        .fetch_all(self.db.read())
        .await?;
        let place = |id: i64| {
            places
                .iter()
                .find(|(known, _)| *known == id)
                .map_or(0, |(_, place)| *place)
        };
        Ok(rows.into_iter().map(|row| row.into_item(place)).collect())
    }
}

fn json(ids: &[i64]) -> String {
    let texts: Vec<String> = ids.iter().map(i64::to_string).collect();
    format!("[{}]", texts.join(","))
}

fn push_places(query: &mut QueryBuilder<Sqlite>, plan: &Plan, page: &Page) {
    let column = page.sort.column();
    let wanted = i64::from(page.limit) + 1;
    let offset = i64::try_from(page.offset).unwrap_or(i64::MAX);
    let one_by_one = plan.candidates.is_none() && page.sort == Sort::LastSeen;
    if one_by_one {
        // The index begins with the state: one walk for each, and a merge.
        query.push("select id, place from (");
        for (index, state) in plan.states.iter().enumerate() {
            query.push(if index > 0 { " union all " } else { "" });
            query.push("select * from (select e.id as id, e.last_seen as place");
            push_from(query, plan, page.sort);
            push_where(query, plan, std::slice::from_ref(state));
            push_after(query, page);
            query.push(" order by e.last_seen desc, e.id desc limit ");
            query.push_bind(wanted.saturating_add(offset)).push(")");
        }
        query.push(") order by place desc, id desc");
    } else {
        query.push("select e.id as id, e.").push(column).push(" as place");
        push_from(query, plan, page.sort);
        push_where(query, plan, &plan.states);
        push_after(query, page);
        query.push(" order by e.").push(column).push(" desc, e.id desc");
    }
    query
        .push(" limit ")
        .push_bind(wanted)
        .push(" offset ")
        .push_bind(offset);
}

fn push_total(query: &mut QueryBuilder<Sqlite>, plan: &Plan, most: i64) {
    query.push("select count(*) from (select 1");
    match plan.facets.first() {
        // All that are counted have the facet, so it is the shortest way to them.
        Some(ids) if plan.candidates.is_none() => {
            query.push(" from error_facets f cross join errors e on e.id = f.error_id and f.facet_id in (");
            push_ids(query, ids);
            query.push(")");
        }
        _ => push_from(query, plan, Sort::LastSeen),
    }
    push_where(query, plan, &plan.states);
    query.push(" limit ").push_bind(most).push(")");
}

fn push_from(query: &mut QueryBuilder<Sqlite>, plan: &Plan, sort: Sort) {
    if let Some(ids) = &plan.candidates {
        query.push(" from (select distinct value as id from json_each(");
        query
            .push_bind(json(ids))
            .push(")) c cross join errors e on e.id = c.id");
        return;
    }
    let index = match (sort, plan.project_id) {
        (Sort::LastSeen, None) if plan.states.len() == 4 => "",
        (Sort::LastSeen, None) => " indexed by errors_by_last_seen",
        (Sort::LastSeen, Some(_)) => " indexed by errors_by_project",
        (Sort::FirstSeen, _) => " indexed by errors_by_first_seen",
        (Sort::Count, _) => " indexed by errors_by_count",
        (Sort::Trend, _) => " indexed by errors_by_trend",
    };
    query.push(" from errors e").push(index);
}

fn push_where(query: &mut QueryBuilder<Sqlite>, plan: &Plan, states: &[i64]) {
    query.push(" where true");
    if states.len() < 4 {
        query.push(" and e.state in (");
        push_ids(query, states);
        query.push(")");
    }
    if let Some(id) = plan.project_id {
        query.push(" and e.project_id = ").push_bind(id);
    }
    if let Some(since) = plan.since {
        query.push(" and e.last_seen >= ").push_bind(since.millis());
    }
    if let Some(until) = plan.until {
        query.push(" and e.last_seen <= ").push_bind(until.millis());
    }
    if let Some(source) = plan.source {
        query.push(match source {
            Source::Server => " and e.sources in (1, 3)",
            Source::Browser => " and e.sources in (2, 3)",
        });
    }
    for ids in &plan.facets {
        query.push(" and exists (select 1 from error_facets ef indexed by sqlite_autoindex_error_facets_1 where ef.error_id = e.id and ef.facet_id in (");
        push_ids(query, ids);
        query.push("))");
    }
    if let Some(session) = plan.session {
        query.push(" and exists (select 1 from error_sessions s where s.error_id = e.id and s.session = ");
        query.push_bind(session.to_vec()).push(")");
    }
    if let Some(search) = &plan.search {
        push_search(query, search);
    }
}

/// The text decides, as far as SQL folds case; the index does for a word with other letters than ASCII.
fn push_search(query: &mut QueryBuilder<Sqlite>, search: &Search) {
    query.push(" and (e.exception_type || char(10) || e.message like ");
    query.push_bind(search.pattern.clone()).push(" escape '\\'");
    if let Some(phrase) = search.phrase.as_ref().filter(|phrase| !phrase.is_ascii()) {
        query
            .push(" or (e.id in (select rowid from errors_fts where errors_fts match ")
            .push_bind(phrase.clone());
        query.push(") and not exists (select 1 from errors_unindexed u where u.error_id = e.id))");
    }
    query.push(")");
}

fn push_ids(query: &mut QueryBuilder<Sqlite>, ids: &[i64]) {
    let mut list = query.separated(", ");
    for id in ids {
        list.push_bind(*id);
    }
}

fn push_after(query: &mut QueryBuilder<Sqlite>, page: &Page) {
    if let Some((place, id)) = page.after {
        query
            .push(" and (e.")
            .push(page.sort.column())
            .push(", e.id) < (");
        query.push_bind(place).push(", ").push_bind(id).push(")");
    }
}

#[derive(FromRow)]
struct ItemRow {
    id: i64,
    fingerprint: Vec<u8>,
    project: String,
    environment: Option<String>,
    release: Option<String>,
    exception_type: String,
    message: String,
    culprit: Option<String>,
    level: Option<String>,
    count: i64,
    first_seen: i64,
    last_seen: i64,
    state: i64,
    resolved_at: Option<i64>,
    reopened_at: Option<i64>,
    newest_source: i64,
    hours: Vec<u8>,
}

impl ItemRow {
    fn into_item(self, place: impl Fn(i64) -> i64) -> Item {
        Item {
            id: self.id,
            fingerprint: fingerprint_from(&self.fingerprint),
            project: self.project,
            environment: self.environment,
            release: self.release,
            exception_type: self.exception_type,
            summary: self.message,
            culprit: self.culprit,
            level: self.level,
            count: self.count,
            first_seen: Timestamp::from_millis(self.first_seen),
            last_seen: Timestamp::from_millis(self.last_seen),
            state: State::from_bits(self.state),
            resolved_at: self.resolved_at.map(Timestamp::from_millis),
            reopened_at: self.reopened_at.map(Timestamp::from_millis),
            source: Source::from_bit(self.newest_source),
            hours: Hours::unpack(&self.hours),
            sort_value: place(self.id),
        }
    }
}
