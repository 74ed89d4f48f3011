//! What a report costs in SQLite alone: the service's statements, in its batches, with the rows ready.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use rusqlite::Statement;

use super::{FINGERPRINTS, SMALL};
use crate::raw_sqlite::Yardstick;
use crate::report::{Reports, mix};
use crate::template::project_of;

/// As many as the 64 connections can have waiting for one commit.
const ROWS_PER_TRANSACTION: i64 = 64;

const SCHEMA_SQL: &str = "
    create table errors (
        id integer primary key,
        project text not null,
        exception_type text not null,
        fingerprint text not null,
        message text not null,
        traceback text not null,
        count integer not null,
        first_seen integer not null,
        last_seen integer not null,
        resolved_at integer
    ) strict;
    create table error_keys (
        project text not null,
        scheme integer not null,
        key text not null,
        error_id integer not null references errors (id) on delete cascade,
        primary key (project, scheme, key)
    ) strict, without rowid;
    create table error_occurrences (
        id integer primary key,
        error_id integer not null references errors (id) on delete cascade,
        timestamp integer not null,
        body text not null
    ) strict;
    create table error_hours (
        error_id integer not null references errors (id) on delete cascade,
        hour integer not null,
        count integer not null,
        primary key (error_id, hour)
    ) strict, without rowid;
    create table events (event_id blob primary key, seen integer not null) strict, without rowid;
    create index errors_by_last_seen on errors (last_seen desc, id desc);
    create index error_keys_by_error on error_keys (error_id);
    create index error_occurrences_by_error on error_occurrences (error_id, id);
";

const FIND: &str = "select error_id from error_keys where project = ?1 and scheme = 1 and key = ?2";
const CREATE: &str = "
    insert into errors
        (project, exception_type, fingerprint, message, traceback, count, first_seen, last_seen)
    values (?1, 'ValueError', ?2, ?3, ?4, 1, ?5, ?5) returning id";
const LEARN_KEY: &str = "insert into error_keys (project, scheme, key, error_id) values (?1, 1, ?2, ?3)";
const COUNT: &str = "
    update errors set count = count + 1, last_seen = ?2, message = ?3, traceback = ?4
    where id = ?1 returning count";
const COUNT_HOUR: &str = "
    insert into error_hours (error_id, hour, count) values (?1, ?2, 1)
    on conflict (error_id, hour) do update set count = count + 1";
const KEEP: &str = "insert into error_occurrences (error_id, timestamp, body) values (?1, ?2, ?3)";
const DROP_OLDEST: &str = "
    delete from error_occurrences where error_id = ?1 and id <= (
        select id from error_occurrences where error_id = ?1 order by id desc limit 1 offset 5)";
const REMEMBER_EVENT: &str = "insert into events (event_id, seen) values (?1, ?2)";
const STATEMENTS: [&str; 8] = [
    FIND,
    CREATE,
    LEARN_KEY,
    COUNT,
    COUNT_HOUR,
    KEEP,
    DROP_OLDEST,
    REMEMBER_EVENT,
];

/// About what a traceback of a 3 KB report takes of it.
const TRACEBACK_BYTES: usize = 2000;
/// A moment like that of a report; an hour passes with every 100 000 rows.
const FIRST_MILLIS: i64 = 1_760_000_000_000;
const MILLIS_PER_ROW: i64 = 36;
const MILLIS_PER_HOUR: i64 = 3_600_000;

/// Rows per second once each fingerprint is known, as in the service's own figure.
pub(crate) fn measure(folder: &Path, planned: Duration) -> Result<f64> {
    let yardstick = Yardstick {
        schema_sql: SCHEMA_SQL,
        statements: &STATEMENTS,
        rows_per_transaction: ROWS_PER_TRANSACTION,
    };
    let mut reports = Reports::new(SMALL, 1);
    let mut body = Vec::new();
    yardstick.measure(folder, FINGERPRINTS as i64, planned, |statements, row| {
        body.clear();
        let kind = reports.write_next(&mut body);
        // The generator writes ASCII only.
        let body = std::str::from_utf8(&body)?;
        write_report(statements, kind, row, body)
    })
}

fn write_report(statements: &mut [Statement<'_>], kind: u64, row: i64, body: &str) -> rusqlite::Result<()> {
    let [
        find,
        create,
        learn_key,
        count,
        count_hour,
        keep,
        drop_oldest,
        remember_event,
    ] = statements
    else {
        unreachable!("there are as many prepared statements as texts")
    };
    let project = project_of(kind);
    let key = format!("{kind:032x}");
    let now = FIRST_MILLIS + row * MILLIS_PER_ROW;
    let traceback = &body[..TRACEBACK_BYTES];
    let message = &body[..80];

    let known: Option<i64> = find
        .query((project, &key))?
        .next()?
        .map(|found| found.get(0))
        .transpose()?;
    let id = match known {
        Some(id) => {
            let _: i64 = count.query_row((id, now, message, traceback), |counted| counted.get(0))?;
            id
        }
        None => {
            let id: i64 =
                create.query_row((project, &key, message, traceback, now), |created| created.get(0))?;
            learn_key.execute((project, &key, id))?;
            id
        }
    };
    count_hour.execute((id, now / MILLIS_PER_HOUR))?;
    keep.execute((id, now, body))?;
    drop_oldest.execute([id])?;
    remember_event.execute((u128::from(mix(row as u64)).to_be_bytes(), now))?;
    Ok(())
}
