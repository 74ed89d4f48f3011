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
            "select distinct f.value from projects p cross join facets f on f.project_id = p.id and f.kind = ?1
             where (?2 is null or p.name = ?2)
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

#[cfg(test)]
mod tests {
    use shared::clock::Timestamp;

    use super::*;
    use crate::report::Report;
    use crate::store::actions::Action;
    use crate::store::ingest::testing::{count, ingest, report};
    use crate::store::testing::store;

    #[tokio::test]
    async fn values_are_in_order_once_and_of_the_project_that_is_asked_for() {
        let (store, _folder) = store().await;
        let now = Timestamp::from_millis(1_772_366_400_000);
        let seen = |project: &str, environment: &str| Report {
            project: project.into(),
            environment: Some(environment.into()),
            release: Some("1".into()),
            ..report(project, now)
        };
        let reports = [
            seen("shop", "b"),
            seen("shop", "a"),
            seen("forum", "b"),
            seen("forum", "c"),
        ];
        count(&ingest(&store, 10), &reports, now).await;

        assert_eq!(store.projects().await.unwrap(), ["forum", "shop"]);
        assert_eq!(
            store.facet_values(ENVIRONMENT, None).await.unwrap(),
            ["a", "b", "c"]
        );
        assert_eq!(
            store.facet_values(ENVIRONMENT, Some("shop")).await.unwrap(),
            ["a", "b"]
        );
        assert_eq!(store.facet_values(RELEASE, None).await.unwrap(), ["1"]);
        assert!(
            store
                .facet_values(RELEASE, Some("none"))
                .await
                .unwrap()
                .is_empty()
        );

        store.act(Action::Delete, &[2], now).await.unwrap();
        assert_eq!(store.projects().await.unwrap(), ["shop"]);
        assert_eq!(store.facet_values(ENVIRONMENT, None).await.unwrap(), ["a", "b"]);
    }
}
