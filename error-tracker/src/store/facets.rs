//! Projects, environments and releases: what the filters offer.

use super::Store;

pub(crate) const ENVIRONMENT: i64 = 1;
pub(crate) const RELEASE: i64 = 2;
/// Values that a filter offers.
const MOST: i64 = 1_000;

impl Store {
    /// The projects that have groups, in order.
    pub(crate) async fn projects(&self) -> sqlx::Result<Vec<String>> {
        sqlx::query_scalar(
            "select name from projects p where exists (select 1 from errors e where e.project_id = p.id)
             order by name limit ?1",
        )
        .bind(MOST)
        .fetch_all(self.db.read())
        .await
    }

    /// The environments (or releases) of one project or all, in order.
    pub(crate) async fn facet_values(&self, kind: i64, project: Option<&str>) -> sqlx::Result<Vec<String>> {
        sqlx::query_scalar(
            "select distinct f.value from facets f join projects p on p.id = f.project_id
             where f.kind = ?1 and (?2 is null or p.name = ?2)
               and exists (select 1 from error_facets ef where ef.facet_id = f.id)
             order by f.value limit ?3",
        )
        .bind(kind)
        .bind(project)
        .bind(MOST)
        .fetch_all(self.db.read())
        .await
    }
}
