//! Reads what a batch will change.

use std::collections::HashMap;

use sqlx::{FromRow, SqliteConnection};

use super::batch::Key;
use super::touched::Touched;
use crate::group::Kept;
use crate::report::Report;
use crate::store::group_row::{GroupRow, fingerprint_from};
use crate::store::rows::ManyRows;

pub(super) async fn seen_events(
    tx: &mut SqliteConnection,
    reports: &[&Report],
) -> sqlx::Result<HashMap<[u8; 16], i64>> {
    static SELECT: ManyRows = ManyRows::new("select key, error_id from seen_events where key in (", 1, ")");
    let events: Vec<[u8; 16]> = reports.iter().filter_map(|report| report.event).collect();
    let mut seen = HashMap::new();
    for (text, chunk) in SELECT.chunks(&events) {
        let query = chunk
            .iter()
            .fold(sqlx::query_as::<_, (Vec<u8>, i64)>(text), |query, key| {
                query.bind(&key[..])
            });
        for (key, id) in query.fetch_all(&mut *tx).await? {
            seen.extend(<[u8; 16]>::try_from(key).ok().map(|key| (key, id)));
        }
    }
    Ok(seen)
}

/// The groups of these keys, as far as there are any.
pub(super) async fn groups(tx: &mut SqliteConnection, keys: &[&Key]) -> sqlx::Result<Vec<(Key, Touched)>> {
    static SELECT: ManyRows = ManyRows::new(
        "with wanted (project_id, scheme, key) as (",
        3,
        ") select e.id, e.project_id, k.scheme, k.key, e.exception_type, e.fingerprint, e.count, e.first_seen, e.last_seen,
             e.state, e.resolved_at, e.reopened_at, e.sources, e.newest_source, e.message, e.culprit, e.level,
             e.environment, e.release, e.hours, e.slots
         from wanted w
         cross join error_keys k on k.project_id = w.project_id and k.scheme = w.scheme and k.key = w.key
         cross join errors e on e.id = k.error_id",
    );
    let mut groups = Vec::new();
    for (text, chunk) in SELECT.chunks(keys) {
        let query = chunk
            .iter()
            .fold(sqlx::query_as::<_, KeyedRow>(text), |query, key| {
                query.bind(key.0).bind(key.1).bind(&key.2)
            });
        let rows = query.fetch_all(&mut *tx).await?;
        groups.extend(rows.into_iter().map(KeyedRow::into_touched));
    }
    Ok(groups)
}

#[derive(FromRow)]
struct KeyedRow {
    project_id: i64,
    scheme: i64,
    key: Vec<u8>,
    exception_type: String,
    fingerprint: Vec<u8>,
    slots: Vec<u8>,
    #[sqlx(flatten)]
    group: GroupRow,
}

impl KeyedRow {
    fn into_touched(self) -> (Key, Touched) {
        let mut touched = Touched::new(
            self.group.into_group(),
            self.project_id,
            self.exception_type,
            fingerprint_from(&self.fingerprint),
        );
        touched.kept = Kept::unpack(&self.slots);
        ((self.project_id, self.scheme, self.key), touched)
    }
}
