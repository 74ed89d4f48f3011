//! The groups that a list shows.

use sqlx::FromRow;

use crate::fingerprint::Fingerprint;
use crate::group::Group;
use crate::store::Store;
use crate::store::group_row::{GroupRow, fingerprint_from};
use crate::store::rows::id_list;

/// One group as a list shows it.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) fingerprint: Fingerprint,
    pub(crate) project: String,
    pub(crate) exception_type: String,
    pub(crate) group: Group,
    /// The place in the order, for the next page's start.
    pub(crate) sort_value: i64,
}

impl Store {
    /// The rows of these groups, in this order.
    pub(in crate::store) async fn items(&self, places: &[(i64, i64)]) -> sqlx::Result<Vec<Item>> {
        let ids: Vec<i64> = places.iter().map(|(id, _)| *id).collect();
        let rows: Vec<ItemRow> = sqlx::query_as(
            "select e.id, e.fingerprint, p.name as project, e.environment, e.release, e.exception_type, e.message,
               e.culprit, e.level, e.count, e.first_seen, e.last_seen, e.state, e.resolved_at, e.reopened_at,
               e.sources, e.newest_source, e.hours
             from json_each(?1) j cross join errors e on e.id = j.value join projects p on p.id = e.project_id
             order by j.key",
        )
        .bind(id_list(&ids))
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

#[derive(FromRow)]
struct ItemRow {
    fingerprint: Vec<u8>,
    project: String,
    exception_type: String,
    #[sqlx(flatten)]
    group: GroupRow,
}

impl ItemRow {
    fn into_item(self, place: impl Fn(i64) -> i64) -> Item {
        let group = self.group.into_group();
        Item {
            fingerprint: fingerprint_from(&self.fingerprint),
            project: self.project,
            exception_type: self.exception_type,
            sort_value: place(group.id),
            group,
        }
    }
}
