//! What the filters of a list come down to, and which of them is narrow.

use shared::clock::Timestamp;
use sqlx::{QueryBuilder, Sqlite};

use super::Filter;
use super::search::{self, Search};
use crate::group::State;
use crate::report::Source;
use crate::store::Store;
use crate::store::facets::{ENVIRONMENT, RELEASE};
use crate::store::rows::{id_list, ids_of};

/// A filter that leaves no more groups than this is narrow.
const NARROW: i64 = 2_000;
/// The same for a text. Each hit of a long text costs several microseconds in the index.
const NARROW_TEXT: i64 = 500;

/// What the filters come down to.
pub(super) struct Plan {
    pub(super) project_id: Option<i64>,
    /// Facets of which a group must have one each.
    pub(super) facets: Vec<Vec<i64>>,
    pub(super) states: Vec<i64>,
    pub(super) source: Option<Source>,
    pub(super) session: Option<Session>,
    pub(super) since: Option<Timestamp>,
    pub(super) until: Option<Timestamp>,
    pub(super) search: Option<Search>,
    /// The ids of the narrowest filter, when one is narrow.
    pub(super) candidates: Option<Vec<i64>>,
}

/// A session, and those of its groups that its table may not know yet.
pub(super) struct Session {
    pub(super) digest: [u8; 16],
    pub(super) waiting: Vec<i64>,
}

impl Plan {
    /// Takes a filter's groups when they are fewer than those known so far.
    fn consider(&mut self, ids: Option<Vec<i64>>) {
        if let Some(ids) = ids
            && self
                .candidates
                .as_ref()
                .is_none_or(|known| ids.len() < known.len())
        {
            self.candidates = Some(ids);
        }
    }
}

impl Store {
    /// Looks the filters up. `None` when one of them matches nothing at all.
    pub(super) async fn plan(&self, filter: &Filter) -> sqlx::Result<Option<Plan>> {
        let project_id = match &filter.project {
            None => None,
            Some(name) => match self.project_id(name).await? {
                None => return Ok(None),
                found => found,
            },
        };
        let searched = filter.search.as_deref().unwrap_or_default().trim();
        if search::is_too_long(searched) {
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
            session: None,
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
            plan.consider(self.with_facets(&ids).await?);
            plan.facets.push(ids);
        }
        if let Some(digest) = filter.session {
            let waiting = self.buffer.groups_of_session(&digest);
            let list: String = sqlx::query_scalar(
                "select json_group_array(error_id) from (select error_id from session_errors where session = ?1 limit ?2)",
            )
            .bind(&digest[..])
            .bind(NARROW)
            .fetch_one(self.db.read())
            .await?;
            let mut ids = ids_of(&list)?;
            ids.extend(&waiting);
            plan.consider(Some(ids));
            plan.session = Some(Session { digest, waiting });
        }
        if let Some(source) = filter.source {
            plan.consider(self.with_source(source).await?);
        }
        if let Some(search) = &plan.search {
            let ids = self.with_text(search).await?;
            plan.consider(ids);
        }
        Ok(Some(plan))
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
        let list: String = sqlx::query_scalar(
            "select json_group_array(error_id) from (
               select ef.error_id from json_each(?1) j cross join error_facets ef on ef.facet_id = j.value limit ?2)",
        )
        .bind(id_list(facet_ids))
        .bind(NARROW + 1)
        .fetch_one(self.db.read())
        .await?;
        Ok(Some(ids_of(&list)?).filter(|ids| ids.len() as i64 <= NARROW))
    }

    /// The groups that were seen from this source, when they are few.
    async fn with_source(&self, source: Source) -> sqlx::Result<Option<Vec<i64>>> {
        let statement = match source {
            Source::Server => {
                "select json_group_array(id) from (
                   select id from errors indexed by errors_from_servers where sources in (1, 3) limit ?1)"
            }
            Source::Browser => {
                "select json_group_array(id) from (
                   select id from errors indexed by errors_from_browsers where sources in (2, 3) limit ?1)"
            }
        };
        let list: String = sqlx::query_scalar(statement)
            .bind(NARROW + 1)
            .fetch_one(self.db.read())
            .await?;
        Ok(Some(ids_of(&list)?).filter(|ids| ids.len() as i64 <= NARROW))
    }

    /// The groups with this text, when they are few and the text is long enough for the index.
    async fn with_text(&self, search: &Search) -> sqlx::Result<Option<Vec<i64>>> {
        let Some(phrase) = &search.phrase else {
            return Ok(None);
        };
        // The index comes last: a group that moves into it in between is found there.
        let mut unindexed = QueryBuilder::<Sqlite>::new(
            "select json_group_array(id) from (
               select e.id as id from errors_unindexed u cross join errors e on e.id = u.error_id where ",
        );
        search.push_condition(&mut unindexed);
        unindexed.push(" limit ").push_bind(NARROW_TEXT + 1).push(")");
        let unindexed: String = unindexed.build_query_scalar().fetch_one(self.db.read()).await?;
        let indexed: String = sqlx::query_scalar(
            "select json_group_array(rowid) from (select rowid from errors_fts where errors_fts match ?1 limit ?2)",
        )
        .bind(phrase)
        .bind(NARROW_TEXT + 1)
        .fetch_one(self.db.read())
        .await?;
        let mut ids = ids_of(&unindexed)?;
        ids.extend(ids_of(&indexed)?);
        Ok(Some(ids).filter(|ids| ids.len() as i64 <= NARROW_TEXT))
    }
}
