//! What people do with groups: resolve, ignore, delete, one or many.

use shared::clock::Timestamp;
use sqlx::{Sqlite, Transaction};

use super::Store;

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
        let ids = serde_json::to_string(ids).map_err(|error| sqlx::Error::Encode(error.into()))?;
        let mut tx = self.db.write().await?;
        let changed = match action {
            Action::Resolve => {
                sqlx::query(
                    "update errors set state = state | 1, resolved_at = ?2
                     where id in (select value from json_each(?1)) and state & 1 = 0",
                )
                .bind(&ids)
                .bind(now.millis())
                .execute(&mut *tx)
                .await?
            }
            Action::Unresolve => {
                sqlx::query(
                    "update errors set state = state & ~1, resolved_at = null
                     where id in (select value from json_each(?1)) and state & 1 = 1",
                )
                .bind(&ids)
                .execute(&mut *tx)
                .await?
            }
            Action::Ignore => {
                sqlx::query(
                    "update errors set state = state | 2
                     where id in (select value from json_each(?1)) and state & 2 = 0",
                )
                .bind(&ids)
                .execute(&mut *tx)
                .await?
            }
            Action::Unignore => {
                sqlx::query(
                    "update errors set state = state & ~2
                     where id in (select value from json_each(?1)) and state & 2 = 2",
                )
                .bind(&ids)
                .execute(&mut *tx)
                .await?
            }
            Action::Delete => return self.delete_in(tx, &ids).await,
        };
        tx.commit().await?;
        Ok(changed.rows_affected())
    }

    /// Whether a group exists.
    pub(crate) async fn exists(&self, id: i64) -> sqlx::Result<bool> {
        let found: Option<i64> = sqlx::query_scalar("select 1 from errors where id = ?1")
            .bind(id)
            .fetch_optional(self.db.read())
            .await?;
        Ok(found.is_some())
    }

    async fn delete_in(&self, mut tx: Transaction<'static, Sqlite>, ids: &str) -> sqlx::Result<u64> {
        let deleted = delete_groups(&mut tx, ids).await?;
        tx.commit().await?;
        Ok(deleted)
    }
}

/// Deletes groups with all that belongs to them. `ids` is a JSON array.
pub(super) async fn delete_groups(tx: &mut Transaction<'static, Sqlite>, ids: &str) -> sqlx::Result<u64> {
    sqlx::query(
        "update projects set groups = groups - (
           select count(*) from errors e join error_keys k on k.error_id = e.id
           where e.id in (select value from json_each(?1)) and e.project_id = projects.id and k.scheme <> 0)
         where id in (select project_id from errors where id in (select value from json_each(?1)))",
    )
    .bind(ids)
    .execute(&mut **tx)
    .await?;
    sqlx::query("delete from errors_fts where rowid in (select value from json_each(?1))")
        .bind(ids)
        .execute(&mut **tx)
        .await?;
    let deleted = sqlx::query("delete from errors where id in (select value from json_each(?1))")
        .bind(ids)
        .execute(&mut **tx)
        .await?;
    Ok(deleted.rows_affected())
}
