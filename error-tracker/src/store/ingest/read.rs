//! Reads what a batch will change.

use std::collections::HashMap;

use shared::clock::Timestamp;
use sqlx::{FromRow, SqliteConnection};

use super::{Key, Touched, fingerprint_from};
use crate::group::{Group, Kept, State};
use crate::report::{Report, Source};
use crate::store::rows::ManyRows;
use crate::trend::Hours;

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

#[derive(FromRow)]
pub(super) struct GroupRow {
    id: i64,
    project_id: i64,
    scheme: i64,
    key: Vec<u8>,
    exception_type: String,
    fingerprint: Vec<u8>,
    count: i64,
    first_seen: i64,
    last_seen: i64,
    state: i64,
    resolved_at: Option<i64>,
    reopened_at: Option<i64>,
    sources: i64,
    newest_source: i64,
    message: String,
    culprit: Option<String>,
    level: Option<String>,
    environment: Option<String>,
    release: Option<String>,
    hours: Vec<u8>,
    slots: Vec<u8>,
}

impl GroupRow {
    pub(super) fn into_touched(self) -> (Key, Touched) {
        let group = Group {
            id: self.id,
            count: self.count,
            first_seen: Timestamp::from_millis(self.first_seen),
            last_seen: Timestamp::from_millis(self.last_seen),
            state: State::from_bits(self.state),
            resolved_at: self.resolved_at.map(Timestamp::from_millis),
            reopened_at: self.reopened_at.map(Timestamp::from_millis),
            sources: self.sources,
            newest_source: Source::from_bit(self.newest_source),
            summary: self.message,
            culprit: self.culprit,
            level: self.level,
            environment: self.environment,
            release: self.release,
            hours: Hours::unpack(&self.hours),
            kept: Kept::unpack(&self.slots),
            unindexed: false,
        };
        let touched = Touched {
            count_before: group.count,
            group,
            project_id: self.project_id,
            exception_type: self.exception_type,
            fingerprint: fingerprint_from(&self.fingerprint),
            is_new: false,
            was_counted: false,
            rarely_changed: false,
            writes: Vec::new(),
            old_hours: Vec::new(),
            new_facets: Vec::new(),
        };
        ((self.project_id, self.scheme, self.key), touched)
    }
}
