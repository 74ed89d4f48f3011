//! Finds the groups of a list: filters, search, order, pages.
//!
//! A list never reads all groups. When a filter is narrow (a session, a rare release, rare words), its few
//! groups are looked up and put in order. Otherwise the index of the order is walked from the page's start,
//! and the other filters are checked on the way until the page is full: what is not narrow is dense, so that
//! does not take long.

mod item;
mod letter_case;
mod plan;
mod search;
mod statement;
#[cfg(test)]
mod tests;

use shared::clock::Timestamp;
use sqlx::{QueryBuilder, Sqlite};

pub(crate) use self::item::Item;
use self::plan::Plan;
pub(crate) use self::search::check_search;
use self::statement::{push_places, push_total};
use super::Store;
use crate::report::Source;

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
}
