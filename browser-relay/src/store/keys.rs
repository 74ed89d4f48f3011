//! DSN keys.

use shared::clock::Timestamp;
use sqlx::FromRow;

use super::{Result, Store};
use crate::key::{DsnKey, PublicKey};

#[derive(FromRow)]
struct Row {
    id: i64,
    public_key: String,
    project: String,
    active: bool,
    created_at: Timestamp,
    allowed_origins: Option<String>,
    rate_limit: Option<u32>,
    last_used: Option<Timestamp>,
}

impl Row {
    fn read(self) -> Option<DsnKey> {
        Some(DsnKey {
            id: self.id,
            public_key: PublicKey::parse(&self.public_key)?,
            project: self.project,
            active: self.active,
            created_at: self.created_at,
            // A list that cannot be read allows none.
            allowed_origins: self
                .allowed_origins
                .map(|json| serde_json::from_str(&json).unwrap_or_default()),
            rate_limit: self.rate_limit,
            last_used: self.last_used,
        })
    }
}

/// A key to be made.
#[derive(Debug)]
pub(crate) struct NewKey<'a> {
    pub(crate) public_key: PublicKey,
    pub(crate) project: &'a str,
    pub(crate) allowed_origins: Option<&'a [String]>,
    pub(crate) rate_limit: Option<u32>,
}

/// Which keys are asked for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct KeyFilter<'a> {
    /// A part of the project or of the key, in any case of its ASCII letters.
    pub(crate) search: Option<&'a str>,
    pub(crate) active: Option<bool>,
}

impl Store {
    /// All keys, for the memory.
    pub(crate) async fn all_keys(&self) -> Result<Vec<DsnKey>> {
        let rows: Vec<Row> = sqlx::query_as(
            "select id, public_key, project, active, created_at, allowed_origins, rate_limit, last_used from dsn_keys",
        )
        .fetch_all(self.db.read())
        .await?;
        Ok(rows.into_iter().filter_map(Row::read).collect())
    }

    /// Keys with an id below `before`, the newest first, and how many there are on all pages.
    pub(crate) async fn list_keys(
        &self,
        filter: KeyFilter<'_>,
        before: i64,
        limit: u32,
    ) -> Result<(Vec<DsnKey>, i64)> {
        let rows: Vec<Row> = sqlx::query_as(
            "select id, public_key, project, active, created_at, allowed_origins, rate_limit, last_used
             from dsn_keys
             where id < ?1 and (?3 is null or active = ?3)
               and (?4 is null or instr(lower(project), lower(?4)) > 0 or instr(public_key, lower(?4)) > 0)
             order by id desc limit ?2",
        )
        .bind(before)
        .bind(limit)
        .bind(filter.active)
        .bind(filter.search)
        .fetch_all(self.db.read())
        .await?;
        let total = sqlx::query_scalar(
            "select count(*) from dsn_keys
             where (?1 is null or active = ?1)
               and (?2 is null or instr(lower(project), lower(?2)) > 0 or instr(public_key, lower(?2)) > 0)",
        )
        .bind(filter.active)
        .bind(filter.search)
        .fetch_one(self.db.read())
        .await?;
        Ok((rows.into_iter().filter_map(Row::read).collect(), total))
    }

    /// Makes a key. `None` when there is one of that name already, which stays as it is.
    pub(crate) async fn create_key(&self, key: &NewKey<'_>, now: Timestamp) -> Result<Option<DsnKey>> {
        let origins = key
            .allowed_origins
            .map(|origins| serde_json::json!(origins).to_string());
        let mut tx = self.db.write().await?;
        let row: Option<Row> = sqlx::query_as(
            "insert into dsn_keys (public_key, project, active, created_at, allowed_origins, rate_limit)
             values (?1, ?2, 1, ?3, ?4, ?5) on conflict (public_key) do nothing
             returning id, public_key, project, active, created_at, allowed_origins, rate_limit, last_used",
        )
        .bind(key.public_key.to_string())
        .bind(key.project)
        .bind(now)
        .bind(origins)
        .bind(key.rate_limit)
        .fetch_optional(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(row.and_then(Row::read))
    }

    /// Lets a key pass or not. `None` when there is none of that id.
    pub(crate) async fn set_key_active(&self, id: i64, active: bool) -> Result<Option<DsnKey>> {
        let mut tx = self.db.write().await?;
        let row: Option<Row> = sqlx::query_as(
            "update dsn_keys set active = ?2 where id = ?1
             returning id, public_key, project, active, created_at, allowed_origins, rate_limit, last_used",
        )
        .bind(id)
        .bind(active)
        .fetch_optional(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(row.and_then(Row::read))
    }

    /// Notes when keys and maps were used last: pairs of id and time.
    pub(crate) async fn touch(&self, keys: &[(i64, Timestamp)], maps: &[(i64, Timestamp)]) -> Result<()> {
        let pairs = |used: &[(i64, Timestamp)]| {
            let pairs: Vec<_> = used.iter().map(|(id, at)| [*id, at.millis()]).collect();
            serde_json::json!(pairs).to_string()
        };
        let mut tx = self.db.write().await?;
        sqlx::query(
            "update dsn_keys set last_used = used.value ->> 1 from json_each(?1) as used where dsn_keys.id = used.value ->> 0",
        )
        .bind(pairs(keys))
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "update source_maps set last_used = used.value ->> 1 from json_each(?1) as used where source_maps.id = used.value ->> 0",
        )
        .bind(pairs(maps))
        .execute(&mut *tx)
        .await?;
        tx.commit().await
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::store;
    use super::*;

    fn new(number: u8, project: &str) -> NewKey<'_> {
        NewKey {
            public_key: PublicKey::new([number; 16]),
            project,
            allowed_origins: None,
            rate_limit: None,
        }
    }

    #[tokio::test]
    async fn a_key_is_kept_as_it_was_made() {
        let (store, _folder) = store().await;
        let now = Timestamp::from_millis(1_000);
        let origins = ["https://x.io".to_owned()];
        let key = NewKey {
            allowed_origins: Some(&origins),
            rate_limit: Some(7),
            ..new(1, "shop")
        };

        let made = store.create_key(&key, now).await.unwrap().unwrap();
        assert!(store.create_key(&new(1, "other"), now).await.unwrap().is_none());
        store
            .touch(&[(made.id, Timestamp::from_millis(5_000))], &[])
            .await
            .unwrap();
        let off = store.set_key_active(made.id, false).await.unwrap().unwrap();

        assert_eq!(
            (off.project.as_str(), off.active, off.rate_limit),
            ("shop", false, Some(7))
        );
        assert_eq!(off.allowed_origins.as_deref(), Some(&origins[..]));
        assert_eq!(
            (off.created_at, off.last_used),
            (now, Some(Timestamp::from_millis(5_000)))
        );
        assert!(store.set_key_active(99, true).await.unwrap().is_none());
        assert_eq!(store.all_keys().await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_list_has_pages_and_a_total() {
        let (store, _folder) = store().await;
        for number in 0..5 {
            store
                .create_key(&new(number, "shop"), Timestamp::default())
                .await
                .unwrap();
        }

        let all = KeyFilter::default();
        let (first, total) = store.list_keys(all, i64::MAX, 3).await.unwrap();
        let (second, _) = store.list_keys(all, first[2].id, 3).await.unwrap();

        let ids = |keys: &[DsnKey]| keys.iter().map(|key| key.id).collect::<Vec<_>>();
        assert_eq!((ids(&first), ids(&second), total), (vec![5, 4, 3], vec![2, 1], 5));
    }
    #[tokio::test]
    async fn keys_are_found_by_state_and_by_a_part_of_project_or_key() {
        let (store, _folder) = store().await;
        for (number, project) in [(0x1a, "Shop"), (0x2b, "shop-admin"), (0x3c, "blog")] {
            let made = store
                .create_key(&new(number, project), Timestamp::default())
                .await;
            assert!(made.unwrap().is_some());
        }
        store.set_key_active(2, false).await.unwrap();

        for (search, active, expected) in [
            (None, Some(true), &[3, 1][..]),
            (None, Some(false), &[2]),
            (Some("sHop"), None, &[2, 1]),
            (Some("shop"), Some(true), &[1]),
            (Some("3C3C"), None, &[3]),
            (Some("%"), None, &[]),
        ] {
            let filter = KeyFilter { search, active };
            let (keys, total) = store.list_keys(filter, i64::MAX, 10).await.unwrap();
            let ids: Vec<_> = keys.iter().map(|key| key.id).collect();
            assert_eq!(
                (&ids[..], total),
                (expected, expected.len() as i64),
                "{search:?} {active:?}"
            );
        }
    }
}
