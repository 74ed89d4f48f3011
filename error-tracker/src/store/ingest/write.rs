//! Writes what a batch has changed, many rows to a statement.

use std::collections::{BTreeSet, HashMap};

use shared::clock::Timestamp;
use shared::db::Write;
use sqlx::SqliteConnection;
use sqlx::query::Query;
use sqlx::sqlite::{Sqlite, SqliteArguments};

use super::batch::{Key, OVERFLOW_SCHEME, OccurrenceRow};
use super::sessions;
use super::touched::Touched;
use super::write_buffer::{RingRow, SessionRow, Step, TimedRow, WriteBuffer};
use crate::report::packed_body;
use crate::store::rows::{ManyRows, Rows, Script};

/// The group in this column is there: it may have been deleted since. These two indexes have little more than the groups'
/// numbers, so that it is not looked up in the large table, as a foreign key would.
macro_rules! is_there {
    ($column:literal) => {
        concat!(
            " and (exists (select 1 from errors indexed by errors_from_servers where id = ",
            $column,
            " and sources in (1, 3)) or exists (select 1 from errors indexed by errors_from_browsers where id = ",
            $column,
            " and sources in (2, 3)))"
        )
    };
}

/// What a batch changes of what is there, or adds to it, in any number.
pub(super) struct Changes<'r> {
    pub(super) touched: Vec<(&'r Key, &'r Touched)>,
    pub(super) occurrences: Vec<OccurrenceRow<'r>>,
    /// Slots from here on are not taken yet.
    pub(super) first_free_slot: i64,
    pub(super) step: Step,
}

/// Writes what few reports change: new groups and occurrences, and states.
pub(super) async fn write_rare(
    tx: &mut SqliteConnection,
    changes: &Changes<'_>,
    now: Timestamp,
) -> sqlx::Result<()> {
    let (new, known): (Vec<_>, Vec<_>) = changes.touched.iter().partition(|(_, t)| t.is_new());
    found_groups(tx, &new, now).await?;
    let added: Vec<_> = changes
        .occurrences
        .iter()
        .filter(|row| row.slot >= changes.first_free_slot)
        .collect();
    add_occurrences(tx, &added).await?;
    for (_, t) in &known {
        // Apart from the statement that counts, so that a plain count leaves their indexes alone.
        if t.rarely_changed {
            sqlx::query(
                "update errors set state = ?2, resolved_at = ?3, reopened_at = ?4, first_seen = ?5, sources = ?6 where id = ?1",
            )
            .bind(t.group.id)
            .bind(t.group.state.bits())
            .bind(t.group.resolved_at.map(Timestamp::millis))
            .bind(t.group.reopened_at.map(Timestamp::millis))
            .bind(t.group.first_seen.millis())
            .bind(t.group.sources)
            .execute(&mut *tx)
            .await?;
        }
    }
    Ok(())
}

/// Writes what nearly every report changes, all of it in one text, and commits. Answers with the sessions of groups
/// that were forgotten.
pub(super) async fn write_and_commit(
    mut tx: Write,
    changes: &Changes<'_>,
    buffer: &WriteBuffer,
    now: Timestamp,
) -> sqlx::Result<Vec<SessionRow>> {
    static COUNT: ManyRows = ManyRows::new(
        "with v as (",
        12,
        ") update or fail errors set message = v.column2, culprit = v.column3, level = v.column4, environment = v.column5,
             release = v.column6, count = v.column7, last_seen = v.column8, newest_source = v.column9,
             trend = v.column10, hours = v.column11, slots = v.column12
           from v where errors.id = v.column1",
    );
    static MARK: ManyRows = ManyRows::new("insert or ignore into errors_unindexed (error_id) ", 1, "");
    static OVERWRITE: ManyRows = ManyRows::new(
        "with v as (",
        4,
        ") update or fail error_occurrences set id = v.column2, at = v.column3, body = v.column4
           from v where error_occurrences.slot = v.column1",
    );
    static RING: ManyRows = ManyRows::new(
        "insert or replace into write_buffer (place, number, event, counted_at, session, at, error_id) ",
        7,
        "",
    );
    // What an earlier process has brought there may come again.
    static EVENTS: ManyRows = ManyRows::new("insert or ignore into seen_events (key, error_id, at) ", 3, "");
    static SESSION_ERRORS: ManyRows = ManyRows::new(
        "insert or ignore into session_errors (session, error_id) ",
        2,
        is_there!("column2"),
    );
    static ERROR_SESSIONS: ManyRows = ManyRows::new(
        "insert or fail into error_sessions (session, error_id, at) ",
        3,
        concat!(
            is_there!("column2"),
            // An hour's precision is enough to forget the oldest, and spares a page for each report of a session.
            " on conflict (error_id, session) do update set at = excluded.at where excluded.at > at + 3600000",
        ),
    );
    static ALL: Script = Script::new(STATEMENTS);
    static ALL_AND_COMMIT: Script = Script::new(STATEMENTS).commits();
    const STATEMENTS: &[&ManyRows] = &[
        &COUNT,
        &MARK,
        &OVERWRITE,
        &RING,
        &EVENTS,
        &SESSION_ERRORS,
        &ERROR_SESSIONS,
    ];

    let known: Vec<_> = changes.touched.iter().filter(|(_, t)| !t.is_new()).collect();
    let overwritten: Vec<_> = changes
        .occurrences
        .iter()
        .filter(|row| row.slot < changes.first_free_slot)
        .collect();
    let unindexed: Vec<i64> = changes
        .touched
        .iter()
        .filter(|(_, t)| t.is_unindexed)
        .map(|(_, t)| t.group.id)
        .collect();
    let rows = [
        Rows::new(&known, |query, (_, t)| bind_counted(query, t, now)),
        Rows::new(&unindexed, |query, id| query.bind(id)),
        Rows::new(&overwritten, |query, row| bind_occurrence(query, row)),
        Rows::new(&changes.step.ring, |query, row| {
            let RingRow { place, number, entry } = row;
            let event = entry.event.as_ref();
            let session = entry.session.as_ref();
            query
                .bind(place)
                .bind(number)
                .bind(event.map(|(event, _)| &event[..]))
                .bind(event.map(|(_, at)| at.millis()))
                .bind(session.map(|(session, _)| &session[..]))
                .bind(session.map(|(_, at)| at.millis()))
                .bind(entry.error_id)
        }),
        Rows::new(&changes.step.events, bind_timed),
        Rows::new(&changes.step.session_errors, |query, (session, error_id)| {
            query.bind(&session[..]).bind(error_id)
        }),
        Rows::new(&changes.step.error_sessions, bind_timed),
    ];
    let crowded: Vec<i64> = changes
        .touched
        .iter()
        .filter(|(_, t)| t.has_passed(sessions::CHECKED))
        .map(|(_, t)| t.group.id)
        .collect();
    if crowded.is_empty() && Script::holds(&rows) {
        ALL_AND_COMMIT.execute(&mut tx, &rows).await?;
        tx.committed();
        return Ok(Vec::new());
    }
    ALL.execute(&mut tx, &rows).await?;
    let mut forgotten = Vec::new();
    for error_id in crowded {
        let waiting = buffer.sessions_of_group(error_id, &changes.step);
        forgotten.extend(sessions::forget(&mut tx, error_id, &waiting).await?);
    }
    tx.commit().await?;
    Ok(forgotten)
}

fn bind_timed<'q>(
    query: Query<'q, Sqlite, SqliteArguments>,
    (digest, error_id, at): &'q TimedRow,
) -> Query<'q, Sqlite, SqliteArguments> {
    query.bind(&digest[..]).bind(error_id).bind(at.millis())
}

fn bind_counted<'q>(
    query: Query<'q, Sqlite, SqliteArguments>,
    touched: &'q Touched,
    now: Timestamp,
) -> Query<'q, Sqlite, SqliteArguments> {
    let group = &touched.group;
    query
        .bind(group.id)
        .bind(&group.summary)
        .bind(&group.culprit)
        .bind(&group.level)
        .bind(&group.environment)
        .bind(&group.release)
        .bind(group.count)
        .bind(group.last_seen.millis())
        .bind(group.newest_source.bit())
        .bind(group.hours.trend(now))
        .bind(group.hours.pack())
        .bind(touched.kept.pack())
}

async fn found_groups(
    tx: &mut SqliteConnection,
    new: &[&(&Key, &Touched)],
    now: Timestamp,
) -> sqlx::Result<()> {
    static INSERT: ManyRows = ManyRows::new(
        "insert or fail into errors (id, message, culprit, level, environment, release, count, last_seen, newest_source, trend,
           hours, slots, project_id, fingerprint, exception_type, first_seen, sources) ",
        17,
        "",
    );
    static INSERT_KEYS: ManyRows = ManyRows::new(
        "insert or fail into error_keys (project_id, scheme, key, error_id) ",
        4,
        "",
    );
    static COUNT_GROUPS: ManyRows = ManyRows::new(
        "with v as (",
        2,
        ") update or fail projects set groups = groups + v.column2 from v where projects.id = v.column1",
    );
    static ALL: Script = Script::new(&[&INSERT, &INSERT_KEYS, &COUNT_GROUPS]);

    let mut founded: HashMap<i64, i64> = HashMap::new();
    for (key, _) in new.iter().filter(|(key, _)| key.1 != OVERFLOW_SCHEME) {
        *founded.entry(key.0).or_default() += 1;
    }
    let founded: Vec<(i64, i64)> = founded.into_iter().collect();
    let rows = [
        Rows::new(new, |query, (_, t)| {
            bind_counted(query, t, now)
                .bind(t.project_id)
                .bind(&t.fingerprint.0[..])
                .bind(&t.exception_type)
                .bind(t.group.first_seen.millis())
                .bind(t.group.sources)
        }),
        Rows::new(new, |query, (key, t)| {
            query.bind(key.0).bind(key.1).bind(&key.2).bind(t.group.id)
        }),
        Rows::new(&founded, |query, (project, groups)| {
            query.bind(project).bind(groups)
        }),
    ];
    ALL.execute(tx, &rows).await
}

fn bind_occurrence<'q>(
    query: Query<'q, Sqlite, SqliteArguments>,
    row: &'q OccurrenceRow<'_>,
) -> Query<'q, Sqlite, SqliteArguments> {
    query
        .bind(row.slot)
        .bind(row.id)
        .bind(row.report.at.millis())
        .bind(packed_body(&row.report.body))
}

async fn add_occurrences(tx: &mut SqliteConnection, rows: &[&OccurrenceRow<'_>]) -> sqlx::Result<()> {
    static INSERT: ManyRows = ManyRows::new(
        "insert or fail into error_occurrences (slot, id, at, body, error_id) ",
        5,
        "",
    );
    INSERT
        .execute(tx, rows, |query, row| {
            bind_occurrence(query, row).bind(row.error_id)
        })
        .await
}

/// Remembers environments and releases that a group, or its project, was not seen with before.
pub(super) async fn write_facets(
    tx: &mut SqliteConnection,
    touched: &[(&Key, &Touched)],
) -> sqlx::Result<()> {
    // A project keeps 10 000 of each kind; what more it has is found by no filter.
    static VALUES: ManyRows = ManyRows::new(
        "insert or ignore into facets (project_id, kind, value) ",
        3,
        " and not exists (select 1 from facets where project_id = column1 and kind = column2 and value = column3)
          and (select count(*) from facets where project_id = column1 and kind = column2) < 10000",
    );
    static LINKS: ManyRows = ManyRows::new(
        "with v as (",
        4,
        ") insert or ignore into error_facets (facet_id, error_id)
           select f.id, v.column4 from v
           cross join facets f on f.project_id = v.column1 and f.kind = v.column2 and f.value = v.column3",
    );
    static BOTH: Script = Script::new(&[&VALUES, &LINKS]);

    let links: Vec<(i64, i64, &str, i64)> = touched
        .iter()
        .flat_map(|(_, t)| {
            t.new_facets
                .iter()
                .map(|(kind, value)| (t.project_id, *kind, value.as_str(), t.group.id))
        })
        .collect();
    let values: BTreeSet<(i64, i64, &str)> = links
        .iter()
        .map(|(project, kind, value, _)| (*project, *kind, *value))
        .collect();
    let values: Vec<_> = values.into_iter().collect();
    let rows = [
        Rows::new(&values, |query, (project, kind, value)| {
            query.bind(project).bind(kind).bind(*value)
        }),
        Rows::new(&links, |query, (project, kind, value, error)| {
            query.bind(project).bind(kind).bind(*value).bind(error)
        }),
    ];
    BOTH.execute(tx, &rows).await
}

pub(super) async fn write_old_hours(
    tx: &mut SqliteConnection,
    touched: &[(&Key, &Touched)],
) -> sqlx::Result<()> {
    static UPSERT: ManyRows = ManyRows::new(
        "insert into error_hours (error_id, hour, count) ",
        3,
        " on conflict (error_id, hour) do update set count = count + excluded.count",
    );
    let rows: Vec<(i64, i64, i64)> = touched
        .iter()
        .flat_map(|(_, t)| {
            t.old_hours
                .iter()
                .map(|(hour, count)| (t.group.id, *hour, *count as i64))
        })
        .collect();
    UPSERT
        .execute(tx, &rows, |query, (id, hour, count)| {
            query.bind(id).bind(hour).bind(count)
        })
        .await
}

/// Ids are never used twice, also not those of deleted groups.
pub(super) async fn next_error_id(tx: &mut SqliteConnection) -> sqlx::Result<i64> {
    let last: Option<i64> = sqlx::query_scalar("select seq from sqlite_sequence where name = 'errors'")
        .fetch_optional(tx)
        .await?;
    Ok(last.unwrap_or(0) + 1)
}

pub(super) async fn next_free_slot(tx: &mut SqliteConnection) -> sqlx::Result<i64> {
    let last: Option<i64> = sqlx::query_scalar("select max(slot) from error_occurrences")
        .fetch_one(tx)
        .await?;
    Ok(last.unwrap_or(0) + 1)
}

/// Microseconds since the epoch, each number once: unique without asking the database, and exact in JavaScript.
pub(super) fn next_occurrence_id() -> i64 {
    use std::sync::atomic::{AtomicI64, Ordering};

    static LAST: AtomicI64 = AtomicI64::new(0);
    let now = Timestamp::now().millis() * 1_000;
    let before = LAST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| {
        Some(now.max(last + 1))
    });
    before.map_or(now, |last| now.max(last + 1))
}
