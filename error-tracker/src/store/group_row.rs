//! The columns of a group's row that lists and ingest read alike.

use shared::clock::Timestamp;
use sqlx::FromRow;

use crate::fingerprint::Fingerprint;
use crate::group::{Group, State};
use crate::report::Source;
use crate::trend::Hours;

#[derive(FromRow)]
pub(super) struct GroupRow {
    id: i64,
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
}

impl GroupRow {
    pub(super) fn into_group(self) -> Group {
        Group {
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
        }
    }
}

/// 16 bytes as the database gives them.
pub(super) fn fingerprint_from(bytes: &[u8]) -> Fingerprint {
    Fingerprint(bytes.try_into().unwrap_or_default())
}
