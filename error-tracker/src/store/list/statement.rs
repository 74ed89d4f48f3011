//! The text of a list's statements: a plan's page, and its length.

use sqlx::{QueryBuilder, Sqlite};

use super::plan::Plan;
use super::{Page, Sort};
use crate::report::Source;
use crate::store::rows::id_list;

pub(super) fn push_places(query: &mut QueryBuilder<Sqlite>, plan: &Plan, page: &Page) {
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

pub(super) fn push_total(query: &mut QueryBuilder<Sqlite>, plan: &Plan, most: i64) {
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
            .push_bind(id_list(ids))
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
    if let Some(session) = &plan.session {
        query.push(" and (exists (select 1 from session_errors s where s.error_id = e.id and s.session = ");
        query.push_bind(session.digest.to_vec()).push(") or e.id in (");
        push_ids(query, &session.waiting);
        query.push("))");
    }
    if let Some(search) = &plan.search {
        search.push_condition(query.push(" and "));
    }
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
