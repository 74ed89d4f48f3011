//! What a report costs in SQLite alone: the service's own tables and rows, in batches as large as its own, with the rows ready.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use rusqlite::{Connection, OptionalExtension as _, Statement};

use super::{FINGERPRINTS, SMALL};
use crate::raw_sqlite::Yardstick;
use crate::report::{Reports, mix};

const SCHEMA_SQL: &str = concat!(
    include_str!("../../../error-tracker/migrations/0001_errors.sql"),
    include_str!("../../../error-tracker/migrations/0002_deferred_sessions.sql"),
    include_str!("../../../error-tracker/migrations/0003_write_buffer.sql"),
    include_str!("../../../error-tracker/migrations/0004_sessions_by_session_and_by_group.sql"),
);

const EVENT: &str = "select error_id from seen_events where key = ?1";
const FIND: &str = "
    select e.id, e.count, e.hours, e.slots from error_keys k join errors e on e.id = k.error_id
    where k.project_id = 1 and k.scheme = 1 and k.key = ?1";
const CREATE: &str = "
    insert into errors (project_id, fingerprint, exception_type, message, culprit, level, environment, release,
      count, first_seen, last_seen, sources, newest_source, trend, hours, slots)
    values (1, ?1, 'ValueError', ?2, 'settle (/srv/app/mod_000001.py:42)', 'error', 'production', '2.14.0',
      1, ?3, ?3, 1, 1, 1, x'c0ffee0101', zeroblob(45)) returning id";
const LEARN_KEY: &str = "insert into error_keys (project_id, scheme, key, error_id) values (1, 1, ?1, ?2)";
const COUNT: &str = "
    update errors set message = ?2, culprit = 'settle (/srv/app/mod_000001.py:42)', level = 'error',
      environment = 'production', release = '2.14.0', count = count + 1, last_seen = ?3, sources = 1,
      newest_source = 1, trend = trend + 1, hours = x'c0ffee0101', slots = zeroblob(45)
    where id = ?1";
const KEEP: &str = "
    insert into error_occurrences (slot, id, error_id, at, body) values (?1, ?2, ?3, ?4, ?5)
    on conflict (slot) do update set id = excluded.id, at = excluded.at, body = excluded.body";
const REMEMBER_EVENT: &str = "insert into seen_events (key, error_id, at) values (?1, ?2, ?3)";
const REMEMBER_SESSION: &str =
    "insert into session_errors (session, error_id) values (?1, ?2) on conflict do nothing";
const REMEMBER_SESSION_OF_ERROR: &str = "
    insert into error_sessions (session, error_id, at) values (?1, ?2, ?3) on conflict do nothing";
const UNINDEXED: &str =
    "insert into errors_unindexed (error_id) values (?1) on conflict (error_id) do nothing";
const STATEMENTS: [&str; 10] = [
    EVENT,
    FIND,
    CREATE,
    LEARN_KEY,
    COUNT,
    KEEP,
    REMEMBER_EVENT,
    REMEMBER_SESSION,
    REMEMBER_SESSION_OF_ERROR,
    UNINDEXED,
];

/// What a body of 3 KB comes to once it is compressed.
const PACKED_BYTES: usize = 1_400;
const FIRST_MILLIS: i64 = 1_760_000_000_000;
const OCCURRENCES_KEPT: i64 = 5;

/// Rows per second once each fingerprint is known, as in the service's own figure.
///
/// `reports_per_transaction` is what the service had: a commit of more rows is cheaper for each.
pub(super) fn measure(folder: &Path, planned: Duration, reports_per_transaction: f64) -> Result<f64> {
    let yardstick = Yardstick {
        schema_sql: SCHEMA_SQL,
        statements: &STATEMENTS,
        rows_per_transaction: (reports_per_transaction.round() as i64).max(1),
        prepare: |connection: &Connection| {
            connection.execute_batch("insert into projects (id, name) values (1, 'shop')")
        },
    };
    let mut reports = Reports::new(SMALL, 1);
    let mut body = Vec::new();
    yardstick.measure(folder, FINGERPRINTS as i64, planned, |statements, row| {
        body.clear();
        let kind = reports.write_next(&mut body);
        write_report(statements, kind, row, &body[..PACKED_BYTES])
    })
}

fn write_report(statements: &mut [Statement<'_>], kind: u64, row: i64, body: &[u8]) -> rusqlite::Result<()> {
    let [
        event,
        find,
        create,
        learn_key,
        count,
        keep,
        remember_event,
        remember_session,
        remember_session_of_error,
        unindexed,
    ] = statements
    else {
        unreachable!("there are as many prepared statements as texts")
    };
    let event_key = u128::from(mix(row as u64)).to_le_bytes();
    let key = [&u128::from(mix(kind)).to_le_bytes()[..], b"ValueError"].concat();
    let now = FIRST_MILLIS + row;
    let message = format!("could not settle item {kind:06} of order {row:010}");

    let repeated: Option<i64> = event
        .query_row([&event_key[..]], |found| found.get(0))
        .optional()?;
    debug_assert!(repeated.is_none(), "each row is a report of its own");
    let known: Option<(i64, i64)> = find
        .query_row([&key[..]], |found| Ok((found.get(0)?, found.get(1)?)))
        .optional()?;
    let (id, number) = match known {
        Some((id, number)) => {
            count.execute((id, &message, now))?;
            (id, number)
        }
        None => {
            let id: i64 = create.query_row((&key[..16], &message, now), |created| created.get(0))?;
            learn_key.execute((&key[..], id))?;
            (id, 0)
        }
    };
    // Slots are given out as the first occurrences come, group by group: far apart for one group.
    let slot = (number % OCCURRENCES_KEPT) * FINGERPRINTS as i64 + id;
    keep.execute((slot, row, id, now, body))?;
    remember_event.execute((&event_key[..], id, now))?;
    let session = u128::from(mix(row as u64 % 50_000)).to_le_bytes();
    remember_session.execute((&session[..], id))?;
    remember_session_of_error.execute((&session[..], id, now))?;
    unindexed.execute([id])?;
    Ok(())
}
