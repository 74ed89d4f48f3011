//! What people do with groups: resolve, ignore, delete, one or many.

use shared::clock::Timestamp;
use sqlx::SqliteConnection;

use super::Store;
use super::ingest::{WriteBuffer, delete_sessions};
use super::rows::id_list;

/// An action on groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Action {
    Resolve,
    Unresolve,
    Ignore,
    Unignore,
    Delete,
}

impl Store {
    /// Applies `action` to the groups that exist among `ids`; answers how many changed.
    pub(crate) async fn act(&self, action: Action, ids: &[i64], now: Timestamp) -> sqlx::Result<u64> {
        let list = id_list(ids);
        let mut tx = self.db.write().await?;
        let changed = match action {
            Action::Resolve => sqlx::query(
                "update errors set state = state | 1, resolved_at = ?2
                     where id in (select value from json_each(?1)) and state & 1 = 0",
            )
            .bind(&list)
            .bind(now.millis())
            .execute(&mut *tx)
            .await?
            .rows_affected(),
            Action::Unresolve => sqlx::query(
                "update errors set state = state & ~1, resolved_at = null
                     where id in (select value from json_each(?1)) and state & 1 = 1",
            )
            .bind(&list)
            .execute(&mut *tx)
            .await?
            .rows_affected(),
            Action::Ignore => sqlx::query(
                "update errors set state = state | 2
                     where id in (select value from json_each(?1)) and state & 2 = 0",
            )
            .bind(&list)
            .execute(&mut *tx)
            .await?
            .rows_affected(),
            Action::Unignore => sqlx::query(
                "update errors set state = state & ~2
                     where id in (select value from json_each(?1)) and state & 2 = 2",
            )
            .bind(&list)
            .execute(&mut *tx)
            .await?
            .rows_affected(),
            Action::Delete => delete_groups(&mut tx, ids, &self.buffer).await?,
        };
        tx.commit().await?;
        Ok(changed)
    }

    /// Whether a group exists.
    pub(crate) async fn exists(&self, id: i64) -> sqlx::Result<bool> {
        let found: Option<i64> = sqlx::query_scalar("select 1 from errors where id = ?1")
            .bind(id)
            .fetch_optional(self.db.read())
            .await?;
        Ok(found.is_some())
    }
}

/// Deletes groups with all that belongs to them; answers how many.
pub(super) async fn delete_groups(
    tx: &mut SqliteConnection,
    ids: &[i64],
    buffer: &WriteBuffer,
) -> sqlx::Result<u64> {
    // What comes to the tables after this finds that the group is gone.
    delete_sessions(tx, &buffer.sessions_of_groups(ids)).await?;
    let ids = &id_list(ids);
    sqlx::query(
        "delete from session_errors where (session, error_id) in (
           select session, error_id from error_sessions where error_id in (select value from json_each(?1)))",
    )
    .bind(ids)
    .execute(&mut *tx)
    .await?;
    sqlx::query("delete from error_sessions where error_id in (select value from json_each(?1))")
        .bind(ids)
        .execute(&mut *tx)
        .await?;
    sqlx::query(
        "update projects set groups = groups - (
           select count(*) from errors e join error_keys k on k.error_id = e.id
           where e.id in (select value from json_each(?1)) and e.project_id = projects.id and k.scheme <> 0)
         where id in (select project_id from errors where id in (select value from json_each(?1)))",
    )
    .bind(ids)
    .execute(&mut *tx)
    .await?;
    sqlx::query("delete from errors_fts where rowid in (select value from json_each(?1))")
        .bind(ids)
        .execute(&mut *tx)
        .await?;
    let deleted = sqlx::query("delete from errors where id in (select value from json_each(?1))")
        .bind(ids)
        .execute(&mut *tx)
        .await?;
    Ok(deleted.rows_affected())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Report;
    use crate::store::ingest::testing::{count, ingest, report};
    use crate::store::testing::store;

    fn now() -> Timestamp {
        Timestamp::from_millis(1_772_366_400_000)
    }

    #[tokio::test]
    async fn an_action_changes_what_was_not_in_that_state() {
        let (store, _folder) = store().await;
        let reports = ["A", "B", "C"].map(|kind| report(kind, now()));
        count(&ingest(&store, 10), &reports, now()).await;
        for (action, ids, changed) in [
            (Action::Resolve, &[1, 2, 99][..], 2),
            (Action::Resolve, &[1, 2, 3], 1),
            (Action::Ignore, &[1, 1], 1),
            (Action::Unresolve, &[1], 1),
            (Action::Unresolve, &[1], 0),
            (Action::Unignore, &[1, 2, 3], 1),
            (Action::Delete, &[3, 4], 1),
            (Action::Delete, &[], 0),
        ] {
            assert_eq!(
                store.act(action, ids, now()).await.unwrap(),
                changed,
                "{action:?} {ids:?}"
            );
        }
        let there = [store.exists(1).await.unwrap(), store.exists(3).await.unwrap()];
        assert_eq!(there, [true, false]);
    }

    #[tokio::test]
    async fn a_deleted_group_leaves_nothing_behind() {
        let (store, _folder) = store().await;
        let ingest = ingest(&store, 2);
        let full = |kind: &str, at: Timestamp| Report {
            environment: Some("production".into()),
            release: Some("1.0".into()),
            session: Some([1; 16]),
            ..report(kind, at)
        };
        let reports = ["A", "A", "B", "Overflow"].map(|kind| full(kind, now()));
        count(&ingest, &reports, now()).await;
        count(
            &ingest,
            &[full("A", now())],
            now().plus_millis(3 * shared::clock::DAY_MS),
        )
        .await;
        while store.index_some().await.unwrap() > 0 {}
        count(&ingest, &[full("B", now())], now()).await;

        store.act(Action::Delete, &[1, 3], now()).await.unwrap();

        for table in [
            "errors",
            "error_keys",
            "error_occurrences",
            "error_facets",
            "alerts",
        ] {
            let column = if table == "errors" { "id" } else { "error_id" };
            let groups: Vec<i64> = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
                "select distinct {column} from {table}"
            )))
            .fetch_all(store.db.read())
            .await
            .unwrap();
            assert_eq!(groups, [2], "{table}");
        }
        let left: (i64, i64, i64, i64) = sqlx::query_as(
            "select (select count(*) from error_hours where error_id <> 2), (select count(*) from errors_fts),
               (select groups from projects), (select count(*) from errors_unindexed)",
        )
        .fetch_one(store.db.read())
        .await
        .unwrap();
        assert_eq!(
            left,
            (0, 1, 1, 0),
            "the overflow group was never counted among the groups"
        );
    }
}
