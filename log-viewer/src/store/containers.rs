//! Containers and how far their logs have been read.

use std::collections::HashMap;

use shared::clock::Timestamp;
use sqlx::FromRow;

use super::Store;
use crate::cursor::{Cursor, Mark};
use crate::lines::ContainerId;
use crate::nanos::Nanos;

/// What Docker's folder says of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Described {
    pub(crate) docker_id: String,
    /// Without Docker's leading slash.
    pub(crate) name: String,
    pub(crate) image: Option<String>,
    /// Of compose.
    pub(crate) project: Option<String>,
    pub(crate) service: Option<String>,
    pub(crate) running: bool,
}

/// A container that has or had logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Container {
    pub(crate) id: ContainerId,
    pub(crate) described: Described,
    /// When its folder was found to be gone.
    pub(crate) removed_at: Option<Timestamp>,
    /// When the newest record that was read was written.
    pub(crate) last_at: Option<Nanos>,
}

#[derive(FromRow)]
struct ContainerRow {
    id: u32,
    docker_id: String,
    name: String,
    image: Option<String>,
    project: Option<String>,
    service: Option<String>,
    running: bool,
    removed_at: Option<Timestamp>,
    last_at: Option<i64>,
}

#[derive(FromRow)]
struct CursorRow {
    container_id: u32,
    device: i64,
    inode: i64,
    head_length: u32,
    head_hash: i64,
    position: i64,
    tail_length: u32,
    tail_hash: i64,
    last_at: i64,
}

impl Store {
    /// All containers, by their number. There are as many as Docker has had since the oldest entry.
    pub(crate) async fn containers(&self) -> sqlx::Result<Vec<Container>> {
        let rows: Vec<ContainerRow> = sqlx::query_as(
            "select id, docker_id, name, image, project, service, running, removed_at, last_at from containers
             order by id limit 100000",
        )
        .fetch_all(self.db.read())
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| Container {
                id: ContainerId(row.id),
                described: Described {
                    docker_id: row.docker_id,
                    name: row.name,
                    image: row.image,
                    project: row.project,
                    service: row.service,
                    running: row.running,
                },
                removed_at: row.removed_at,
                last_at: row.last_at.map(Nanos),
            })
            .collect())
    }

    /// Notes what a container is like now; answers its number.
    pub(crate) async fn put_container(&self, described: &Described) -> sqlx::Result<ContainerId> {
        let mut tx = self.db.write().await?;
        let id: u32 = sqlx::query_scalar(
            "insert into containers (docker_id, name, image, project, service, running) values (?1, ?2, ?3, ?4, ?5, ?6)
             on conflict (docker_id) do update set name = excluded.name, image = excluded.image,
               project = excluded.project, service = excluded.service, running = excluded.running, removed_at = null
             returning id",
        )
        .bind(&described.docker_id)
        .bind(&described.name)
        .bind(&described.image)
        .bind(&described.project)
        .bind(&described.service)
        .bind(described.running)
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(ContainerId(id))
    }

    /// Notes that a container's folder is gone; its entries stay.
    pub(crate) async fn note_removed(&self, container: ContainerId, now: Timestamp) -> sqlx::Result<()> {
        let mut tx = self.db.write().await?;
        sqlx::query(
            "update containers set running = 0, removed_at = ?2 where id = ?1 and removed_at is null",
        )
        .bind(container.0)
        .bind(now)
        .execute(&mut *tx)
        .await?;
        sqlx::query("delete from cursors where container_id = ?1")
            .bind(container.0)
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }

    /// Forgets the removed containers that have no entry left.
    pub(crate) async fn forget_containers(&self) -> sqlx::Result<()> {
        let counts = self.directory.counts();
        for container in self.containers().await? {
            if container.removed_at.is_none() || counts.of_container(container.id) > 0 {
                continue;
            }
            let mut tx = self.db.write().await?;
            sqlx::query("delete from containers where id = ?1 and removed_at is not null")
                .bind(container.id.0)
                .execute(&mut *tx)
                .await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// How far each container's log has been read.
    pub(crate) async fn cursors(&self) -> sqlx::Result<HashMap<ContainerId, Cursor>> {
        let rows: Vec<CursorRow> = sqlx::query_as(
            "select container_id, device, inode, head_length, head_hash, position, tail_length, tail_hash, last_at
             from cursors limit 100000",
        )
        .fetch_all(self.db.read())
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| {
                let cursor = Cursor {
                    device: row.device as u64,
                    inode: row.inode as u64,
                    head: Mark {
                        length: row.head_length,
                        hash: row.head_hash as u64,
                    },
                    position: row.position.unsigned_abs(),
                    tail: Mark {
                        length: row.tail_length,
                        hash: row.tail_hash as u64,
                    },
                    last_at: Nanos(row.last_at),
                };
                (ContainerId(row.container_id), cursor)
            })
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::store;

    fn described(docker_id: &str, name: &str) -> Described {
        Described {
            docker_id: docker_id.into(),
            name: name.into(),
            image: Some("shop:1".into()),
            project: Some("shop".into()),
            service: None,
            running: true,
        }
    }

    #[tokio::test]
    async fn a_container_keeps_its_number_when_it_is_renamed_and_leaves_when_it_is_forgotten() {
        let (store, _folder) = store().await;
        let first = store.put_container(&described("aa", "web")).await.unwrap();
        let second = store.put_container(&described("bb", "web")).await.unwrap();
        assert_ne!(first, second, "made again under the same name");

        let renamed = described("aa", "web-old");
        assert_eq!(store.put_container(&renamed).await.unwrap(), first);
        store
            .note_removed(second, Timestamp::from_millis(5))
            .await
            .unwrap();

        let known = store.containers().await.unwrap();
        assert_eq!(known[0].described, renamed);
        assert_eq!(
            (known[1].described.running, known[1].removed_at),
            (false, Some(Timestamp::from_millis(5)))
        );

        store.forget_containers().await.unwrap();
        let left: Vec<ContainerId> = store.containers().await.unwrap().iter().map(|c| c.id).collect();
        assert_eq!(left, [first], "only what Docker has removed is forgotten");
    }
}
