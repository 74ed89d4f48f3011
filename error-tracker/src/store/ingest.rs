//! Counts reports: one transaction for all that wait, one row update per group in it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Mutex;

use shared::clock::Timestamp;
use shared::flusher::Commit;
use sqlx::{FromRow, SqliteConnection};

use super::Store;
use super::rows::ManyRows;
use crate::alert::{Alert, Kind};
use crate::fingerprint::{Fingerprint, SCHEME};
use crate::group::{Effect, Group, Kept, State};
use crate::report::{self, Occurrence, Report, Source};
use crate::trend::Hours;

/// The scheme of the one key that leads to a project's overflow group.
const OVERFLOW_SCHEME: i64 = 0;
const OVERFLOW_TYPE: &str = "TooManyGroups";
/// Sessions that are remembered of each group.
const SESSIONS_KEPT: i64 = 1_000;
/// After so many reports of a group it is looked whether it has more sessions than are kept.
const SESSIONS_CHECKED: i64 = 200;
/// Environments, and releases, that are remembered of each project.
const FACETS_KEPT: i64 = 10_000;
/// Projects whose numbers are remembered between batches.
const PROJECTS_CACHED: usize = 1_024;

/// What a client is told of its report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) effect: Effect,
    pub(crate) id: i64,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) count: i64,
}

/// Writes batches of reports.
pub(crate) struct Ingest {
    pub(crate) store: Store,
    pub(crate) occurrences_kept: usize,
    pub(crate) max_groups: i64,
    /// Channels that are told of new and reopened groups.
    pub(crate) channels: Vec<&'static str>,
    /// Woken when alerts have been queued; one for each channel.
    pub(crate) alerts_queued: Vec<std::sync::Arc<tokio::sync::Notify>>,
    pub(crate) projects: Mutex<HashMap<String, i64>>,
}

impl Commit for Ingest {
    type Job = Vec<Report>;
    type Done = Vec<Counted>;

    async fn commit(&self, jobs: &[Vec<Report>]) -> sqlx::Result<Vec<Vec<Counted>>> {
        let now = Timestamp::now();
        let reports: Vec<&Report> = jobs.iter().flatten().collect();
        let mut tx = self.store.db.write().await?;
        let mut batch = Batch::new(self, now);
        let counted = batch.count_all(&mut tx, &reports).await;
        let counted = match counted {
            Ok(counted) => counted,
            Err(error) => {
                // What was learnt in this transaction may be undone with it.
                self.projects().clear();
                return Err(error);
            }
        };
        let alerted = !batch.alerts.is_empty();
        if let Err(error) = tx.commit().await {
            self.projects().clear();
            return Err(error);
        }
        if alerted {
            self.alerts_queued.iter().for_each(|queued| queued.notify_one());
        }
        let mut counted = counted.into_iter();
        Ok(jobs
            .iter()
            .map(|job| counted.by_ref().take(job.len()).collect())
            .collect())
    }
}

impl Ingest {
    fn projects(&self) -> std::sync::MutexGuard<'_, HashMap<String, i64>> {
        self.projects
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// The exception type is part of a group's identity, so it is part of the key.
fn group_key(report: &Report) -> Vec<u8> {
    [&report.fingerprint.0[..], report.exception_type.as_bytes()].concat()
}

type Key = (i64, i64, Vec<u8>);

/// One batch on its way through the transaction.
struct Batch<'a> {
    ingest: &'a Ingest,
    now: Timestamp,
    groups: HashMap<Key, Touched>,
    alerts: Vec<Alert>,
}

struct Touched {
    group: Group,
    project_id: i64,
    exception_type: String,
    fingerprint: Fingerprint,
    is_new: bool,
    /// The count before this batch.
    count_before: i64,
    was_counted: bool,
    /// Columns that a plain count leaves alone have changed.
    rarely_changed: bool,
    /// Occurrences to write: the slot, and the place of the report in the batch.
    writes: Vec<(i64, usize)>,
    old_hours: Vec<(i64, u64)>,
    new_facets: Vec<(i64, String)>,
}

struct OccurrenceRow<'r> {
    slot: i64,
    id: i64,
    error_id: i64,
    report: &'r Report,
}

impl<'a> Batch<'a> {
    fn new(ingest: &'a Ingest, now: Timestamp) -> Self {
        Self {
            ingest,
            now,
            groups: HashMap::new(),
            alerts: Vec::new(),
        }
    }

    async fn count_all(
        &mut self,
        tx: &mut SqliteConnection,
        reports: &[&Report],
    ) -> sqlx::Result<Vec<Counted>> {
        let project_ids = self.project_ids(tx, reports).await?;
        let mut seen = seen_events(tx, reports).await?;
        let mut keys: Vec<Key> = reports
            .iter()
            .zip(&project_ids)
            .map(|(r, id)| (*id, i64::from(SCHEME), group_key(r)))
            .collect();
        self.load_groups(tx, &keys).await?;
        self.found_groups(tx, reports, &mut keys, &seen).await?;

        let mut counted = Vec::with_capacity(reports.len());
        let mut new_events = Vec::new();
        let mut sessions = Vec::new();
        let mut next_slot = next_free_slot(tx).await?;
        for (index, (report, key)) in reports.iter().zip(&keys).enumerate() {
            let known = report.event.and_then(|event| seen.get(&event).copied());
            if let Some(error_id) = known {
                counted.push(self.repeat(tx, error_id, report).await?);
                continue;
            }
            let Some(touched) = self.groups.get_mut(key) else {
                return Err(sqlx::Error::RowNotFound);
            };
            let effect = touched.count(
                report,
                index,
                self.now,
                self.ingest.occurrences_kept,
                &mut next_slot,
            );
            let group = &touched.group;
            counted.push(Counted {
                effect,
                id: group.id,
                fingerprint: touched.fingerprint,
                count: group.count,
            });
            if let Some(event) = report.event {
                seen.insert(event, group.id);
                new_events.push((event, group.id));
            }
            if let Some(session) = report.session {
                sessions.push((session, group.id, report.at));
            }
            let alerting = match effect {
                Effect::Created if key.1 == OVERFLOW_SCHEME => Some(Kind::Overflow),
                Effect::Created => Some(Kind::New),
                Effect::Reopened if !group.state.ignored => Some(Kind::Reopened),
                _ => None,
            };
            if let Some(kind) = alerting.filter(|_| !self.ingest.channels.is_empty()) {
                self.alerts.push(alert(kind, group, report));
            }
        }
        self.write(tx, reports).await?;
        self.write_events(tx, &new_events).await?;
        self.write_sessions(tx, &sessions).await?;
        super::alerts::enqueue(tx, &self.ingest.channels, &self.alerts, self.now).await?;
        Ok(counted)
    }

    async fn project_ids(&self, tx: &mut SqliteConnection, reports: &[&Report]) -> sqlx::Result<Vec<i64>> {
        let mut ids = Vec::with_capacity(reports.len());
        for report in reports {
            let cached = self.ingest.projects().get(&report.project).copied();
            let id = match cached {
                Some(id) => id,
                None => {
                    let id = sqlx::query_scalar(
                        "insert into projects (name) values (?1) on conflict (name) do update set name = name returning id",
                    )
                    .bind(&report.project)
                    .fetch_one(&mut *tx)
                    .await?;
                    let mut projects = self.ingest.projects();
                    if projects.len() >= PROJECTS_CACHED {
                        projects.clear();
                    }
                    projects.insert(report.project.clone(), id);
                    id
                }
            };
            ids.push(id);
        }
        Ok(ids)
    }

    async fn load_groups(&mut self, tx: &mut SqliteConnection, keys: &[Key]) -> sqlx::Result<()> {
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
        let mut wanted: Vec<&Key> = keys
            .iter()
            .filter(|key| !self.groups.contains_key(*key))
            .collect();
        wanted.sort_unstable();
        wanted.dedup();
        for (text, chunk) in SELECT.chunks(&wanted) {
            let query = chunk
                .iter()
                .fold(sqlx::query_as::<_, GroupRow>(text), |query, key| {
                    query.bind(key.0).bind(key.1).bind(&key.2)
                });
            for row in query.fetch_all(&mut *tx).await? {
                let (key, touched) = row.into_touched();
                self.groups.insert(key, touched);
            }
        }
        Ok(())
    }

    /// Makes the groups that are not there yet. Where a project is full, the report's key becomes the overflow's.
    async fn found_groups(
        &mut self,
        tx: &mut SqliteConnection,
        reports: &[&Report],
        keys: &mut [Key],
        seen: &HashMap<[u8; 16], i64>,
    ) -> sqlx::Result<()> {
        let mut room: HashMap<i64, i64> = HashMap::new();
        let mut next_id = None;
        for (report, key) in reports.iter().zip(keys.iter_mut()) {
            let is_repeat = report.event.is_some_and(|event| seen.contains_key(&event));
            if is_repeat || self.groups.contains_key(key) {
                continue;
            }
            let room = match room.entry(key.0) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => {
                    let groups: i64 = sqlx::query_scalar("select groups from projects where id = ?1")
                        .bind(key.0)
                        .fetch_one(&mut *tx)
                        .await?;
                    entry.insert(self.ingest.max_groups - groups)
                }
            };
            let overflows = *room <= 0;
            if overflows {
                *key = (key.0, OVERFLOW_SCHEME, Vec::new());
                self.load_groups(tx, std::slice::from_ref(key)).await?;
                if self.groups.contains_key(key) {
                    continue;
                }
            } else {
                *room -= 1;
            }
            let id = match next_id {
                Some(id) => id,
                None => next_error_id(tx).await?,
            };
            next_id = Some(id + 1);
            let exception_type = if overflows {
                OVERFLOW_TYPE
            } else {
                &report.exception_type
            };
            let fingerprint = if overflows {
                crate::fingerprint::fingerprint(&report.project, OVERFLOW_TYPE, "", "", None)
            } else {
                report.fingerprint
            };
            self.groups.insert(
                key.clone(),
                Touched {
                    group: Group::founded_by(report, id),
                    project_id: key.0,
                    exception_type: exception_type.to_owned(),
                    fingerprint,
                    is_new: true,
                    count_before: 0,
                    was_counted: false,
                    rarely_changed: false,
                    writes: Vec::new(),
                    old_hours: Vec::new(),
                    new_facets: Vec::new(),
                },
            );
        }
        Ok(())
    }

    /// Answers a report that was counted before with what its group looks like now.
    async fn repeat(
        &self,
        tx: &mut SqliteConnection,
        error_id: i64,
        report: &Report,
    ) -> sqlx::Result<Counted> {
        if let Some(touched) = self.groups.values().find(|touched| touched.group.id == error_id) {
            let (fingerprint, count) = (touched.fingerprint, touched.group.count);
            return Ok(Counted {
                effect: Effect::Duplicate,
                id: error_id,
                fingerprint,
                count,
            });
        }
        let row: Option<(Vec<u8>, i64)> =
            sqlx::query_as("select fingerprint, count from errors where id = ?1")
                .bind(error_id)
                .fetch_optional(tx)
                .await?;
        // The group may have been deleted since; the report stays counted once.
        let (fingerprint, count) = row.map_or((report.fingerprint, 0), |(bytes, count)| {
            (fingerprint_from(&bytes), count)
        });
        Ok(Counted {
            effect: Effect::Duplicate,
            id: error_id,
            fingerprint,
            count,
        })
    }

    async fn write(&mut self, tx: &mut SqliteConnection, reports: &[&Report]) -> sqlx::Result<()> {
        let mut occurrences = Vec::new();
        let mut touched: Vec<(&Key, &mut Touched)> =
            self.groups.iter_mut().filter(|(_, t)| t.was_counted).collect();
        // Neighbouring rows share pages.
        touched.sort_unstable_by_key(|(_, touched)| touched.group.id);
        for (_, touched) in &mut touched {
            touched.old_hours = touched.group.hours.take_old(self.now);
            let error_id = touched.group.id;
            occurrences.extend(touched.writes.iter().map(|(slot, index)| OccurrenceRow {
                slot: *slot,
                id: next_occurrence_id(),
                error_id,
                report: reports[*index],
            }));
        }
        let touched: Vec<(&Key, &Touched)> = touched
            .into_iter()
            .map(|(key, touched)| (key, &*touched))
            .collect();
        write_groups(tx, &touched, self.now).await?;
        write_occurrences(tx, &occurrences).await?;
        write_facets(tx, &touched).await?;
        write_old_hours(tx, &touched).await
    }

    async fn write_events(&self, tx: &mut SqliteConnection, events: &[([u8; 16], i64)]) -> sqlx::Result<()> {
        static INSERT: ManyRows = ManyRows::new("insert into seen_events (key, error_id, at) ", 3, "");
        let now = self.now.millis();
        INSERT
            .execute(tx, events, |query, (key, id)| {
                query.bind(&key[..]).bind(id).bind(now)
            })
            .await
    }

    async fn write_sessions(
        &self,
        tx: &mut SqliteConnection,
        sessions: &[([u8; 16], i64, Timestamp)],
    ) -> sqlx::Result<()> {
        static UPSERT: ManyRows = ManyRows::new(
            "insert into error_sessions (session, error_id, at) ",
            3,
            // An hour's precision is enough to forget the oldest, and spares two pages for each report of a session.
            " on conflict (session, error_id) do update set at = excluded.at where excluded.at > at + 3600000",
        );
        UPSERT
            .execute(tx, sessions, |query, (session, id, at)| {
                query.bind(&session[..]).bind(id).bind(at.millis())
            })
            .await?;
        // Counting a group's sessions for each report would cost more than the reports themselves.
        let due = self
            .groups
            .values()
            .filter(|touched| touched.has_passed(SESSIONS_CHECKED));
        for touched in due {
            sqlx::query(
                "delete from error_sessions where error_id = ?1 and session in (
                   select session from error_sessions where error_id = ?1 order by at desc, session desc limit -1 offset ?2)",
            )
            .bind(touched.group.id)
            .bind(SESSIONS_KEPT)
            .execute(&mut *tx)
            .await?;
        }
        Ok(())
    }
}

impl Touched {
    /// Whether this batch has carried the count over a multiple of `step`.
    fn has_passed(&self, step: i64) -> bool {
        self.count_before / step != self.group.count / step
    }

    fn count(
        &mut self,
        report: &Report,
        index: usize,
        now: Timestamp,
        most_kept: usize,
        next_slot: &mut i64,
    ) -> Effect {
        for (kind, known, value) in [
            (
                super::facets::ENVIRONMENT,
                &self.group.environment,
                &report.environment,
            ),
            (super::facets::RELEASE, &self.group.release, &report.release),
        ] {
            if let Some(value) = value
                && known.as_ref() != Some(value)
                && !self.new_facets.iter().any(|(k, v)| *k == kind && v == value)
            {
                self.new_facets.push((kind, value.clone()));
            }
        }
        let (first_seen, sources) = (self.group.first_seen, self.group.sources);
        let effect = self.group.record(report, now);
        self.was_counted = true;
        self.rarely_changed |= effect == Effect::Reopened
            || self.group.first_seen != first_seen
            || self.group.sources != sources;
        if let Some(slot) = self.group.kept.place(report.at, most_kept, next_slot) {
            // In a storm the same slot is taken again and again: only the last one is written.
            self.writes.retain(|(earlier, _)| *earlier != slot);
            self.writes.push((slot, index));
        }
        effect
    }
}

fn alert(kind: Kind, group: &Group, report: &Report) -> Alert {
    let json = report::unpack_body(&report.body).unwrap_or_default();
    let kept: Option<Occurrence<'_>> = serde_json::from_slice(&json).ok();
    let (message, traceback) = kept.map_or_else(
        || (report.summary.clone(), String::new()),
        |kept| (kept.message.into_owned(), kept.traceback.into_owned()),
    );
    Alert {
        kind,
        group_id: group.id,
        project: report.project.clone(),
        environment: report.environment.clone(),
        release: report.release.clone(),
        exception_type: report.exception_type.clone(),
        message,
        culprit: report.culprit.clone(),
        traceback,
        count: group.count,
        at_ms: report.at.millis(),
    }
    .trimmed()
}

async fn seen_events(tx: &mut SqliteConnection, reports: &[&Report]) -> sqlx::Result<HashMap<[u8; 16], i64>> {
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

async fn write_groups(
    tx: &mut SqliteConnection,
    touched: &[(&Key, &Touched)],
    now: Timestamp,
) -> sqlx::Result<()> {
    static INSERT: ManyRows = ManyRows::new(
        "insert into errors (id, project_id, fingerprint, exception_type, message, culprit, level, environment, release,
           count, first_seen, last_seen, sources, newest_source, trend, hours, slots) ",
        17,
        "",
    );
    static INSERT_KEYS: ManyRows = ManyRows::new(
        "insert into error_keys (project_id, scheme, key, error_id) ",
        4,
        "",
    );
    static UPDATE: ManyRows = ManyRows::new(
        "with v as (",
        12,
        ") update errors set message = v.column2, culprit = v.column3, level = v.column4, environment = v.column5,
             release = v.column6, count = v.column7, last_seen = v.column8, newest_source = v.column9,
             trend = v.column10, hours = v.column11, slots = v.column12
           from v where errors.id = v.column1",
    );
    static MARK: ManyRows = ManyRows::new(
        "insert into errors_unindexed (error_id) ",
        1,
        " on conflict (error_id) do nothing",
    );

    let (new, known): (Vec<_>, Vec<_>) = touched.iter().partition(|(_, touched)| touched.is_new);
    INSERT
        .execute(tx, &new, |query, (_, t)| {
            let group = &t.group;
            query
                .bind(group.id)
                .bind(t.project_id)
                .bind(&t.fingerprint.0[..])
                .bind(&t.exception_type)
                .bind(&group.summary)
                .bind(&group.culprit)
                .bind(&group.level)
                .bind(&group.environment)
                .bind(&group.release)
                .bind(group.count)
                .bind(group.first_seen.millis())
                .bind(group.last_seen.millis())
                .bind(group.sources)
                .bind(group.newest_source.bit())
                .bind(group.hours.trend(now))
                .bind(group.hours.pack())
                .bind(group.kept.pack())
        })
        .await?;
    INSERT_KEYS
        .execute(tx, &new, |query, (key, t)| {
            query.bind(key.0).bind(key.1).bind(&key.2).bind(t.group.id)
        })
        .await?;
    let mut founded: HashMap<i64, i64> = HashMap::new();
    for (key, _) in new.iter().filter(|(key, _)| key.1 != OVERFLOW_SCHEME) {
        *founded.entry(key.0).or_default() += 1;
    }
    for (project_id, groups) in founded {
        sqlx::query("update projects set groups = groups + ?2 where id = ?1")
            .bind(project_id)
            .bind(groups)
            .execute(&mut *tx)
            .await?;
    }
    UPDATE
        .execute(tx, &known, |query, (_, t)| {
            let group = &t.group;
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
                .bind(group.kept.pack())
        })
        .await?;
    for (_, t) in known {
        // Rare, and apart from the statement above, so that a plain count leaves their indexes alone.
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
    let unindexed: Vec<i64> = touched
        .iter()
        .filter(|(_, t)| t.group.unindexed)
        .map(|(_, t)| t.group.id)
        .collect();
    MARK.execute(tx, &unindexed, |query, id| query.bind(id)).await
}

async fn write_occurrences(tx: &mut SqliteConnection, rows: &[OccurrenceRow<'_>]) -> sqlx::Result<()> {
    static UPSERT: ManyRows = ManyRows::new(
        "insert into error_occurrences (slot, id, error_id, at, body) ",
        5,
        " on conflict (slot) do update set id = excluded.id, at = excluded.at, body = excluded.body",
    );
    UPSERT
        .execute(tx, rows, |query, row| {
            query
                .bind(row.slot)
                .bind(row.id)
                .bind(row.error_id)
                .bind(row.report.at.millis())
                .bind(row.report.body.as_slice())
        })
        .await
}

async fn write_facets(tx: &mut SqliteConnection, touched: &[(&Key, &Touched)]) -> sqlx::Result<()> {
    for (_, t) in touched {
        for (kind, value) in &t.new_facets {
            sqlx::query(
                "insert into facets (project_id, kind, value) select ?1, ?2, ?3
                 where (select count(*) from facets where project_id = ?1 and kind = ?2) < ?4
                 on conflict do nothing",
            )
            .bind(t.project_id)
            .bind(kind)
            .bind(value)
            .bind(FACETS_KEPT)
            .execute(&mut *tx)
            .await?;
            sqlx::query(
                "insert into error_facets (facet_id, error_id)
                 select id, ?4 from facets where project_id = ?1 and kind = ?2 and value = ?3
                 on conflict do nothing",
            )
            .bind(t.project_id)
            .bind(kind)
            .bind(value)
            .bind(t.group.id)
            .execute(&mut *tx)
            .await?;
        }
    }
    Ok(())
}

async fn write_old_hours(tx: &mut SqliteConnection, touched: &[(&Key, &Touched)]) -> sqlx::Result<()> {
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
async fn next_error_id(tx: &mut SqliteConnection) -> sqlx::Result<i64> {
    let last: Option<i64> = sqlx::query_scalar("select seq from sqlite_sequence where name = 'errors'")
        .fetch_optional(tx)
        .await?;
    Ok(last.unwrap_or(0) + 1)
}

async fn next_free_slot(tx: &mut SqliteConnection) -> sqlx::Result<i64> {
    let last: Option<i64> = sqlx::query_scalar("select max(slot) from error_occurrences")
        .fetch_one(tx)
        .await?;
    Ok(last.unwrap_or(0) + 1)
}

/// Microseconds since the epoch, each number once: unique without asking the database, and exact in JavaScript.
fn next_occurrence_id() -> i64 {
    use std::sync::atomic::{AtomicI64, Ordering};

    static LAST: AtomicI64 = AtomicI64::new(0);
    let now = Timestamp::now().millis() * 1_000;
    let before = LAST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| {
        Some(now.max(last + 1))
    });
    before.map_or(now, |last| now.max(last + 1))
}

/// 16 bytes as the database gives them.
pub(super) fn fingerprint_from(bytes: &[u8]) -> Fingerprint {
    Fingerprint(bytes.try_into().unwrap_or_default())
}

#[derive(FromRow)]
struct GroupRow {
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
    fn into_touched(self) -> (Key, Touched) {
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

/// Reports and the time at which they are counted, for the tests of all the store.
#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// Writes for one channel, keeps three occurrences, and has room for so many groups in a project.
    pub(crate) fn ingest(store: &Store, max_groups: i64) -> Ingest {
        Ingest {
            store: store.clone(),
            occurrences_kept: 3,
            max_groups,
            channels: vec!["webhook"],
            alerts_queued: Vec::new(),
            projects: Mutex::default(),
        }
    }

    /// A report of this type, which decides its group.
    pub(crate) fn report(exception_type: &str, at: Timestamp) -> Report {
        let fingerprint = crate::fingerprint::fingerprint("shop", exception_type, "", "", None);
        Report {
            project: "shop".into(),
            exception_type: exception_type.into(),
            fingerprint,
            summary: "it broke".into(),
            culprit: None,
            level: None,
            environment: None,
            release: None,
            source: Source::Server,
            session: None,
            event: None,
            at,
            body: report::pack_body(br#"{"message":"it broke","traceback":""}"#),
        }
    }

    /// Counts these reports in one transaction at `now`.
    pub(crate) async fn count(ingest: &Ingest, reports: &[Report], now: Timestamp) -> Vec<Counted> {
        let mut tx = ingest.store.db.write().await.unwrap();
        let reports: Vec<&Report> = reports.iter().collect();
        let counted = Batch::new(ingest, now)
            .count_all(&mut tx, &reports)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        counted
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use shared::clock::HOUR_MS;

    use super::testing::{count, ingest, report};
    use super::*;
    use crate::store::testing::store;

    fn hour(number: i64) -> Timestamp {
        Timestamp::from_millis(490_000 * HOUR_MS + number * HOUR_MS + 17)
    }

    async fn number(store: &Store, statement: &'static str) -> i64 {
        sqlx::query_scalar(statement)
            .fetch_one(store.db.read())
            .await
            .unwrap()
    }

    async fn change(store: &Store, statement: &'static str) {
        let mut tx = store.db.write().await.unwrap();
        sqlx::query(statement).execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
    }

    #[tokio::test]
    async fn counts_per_hour_stay_right_while_hours_leave_the_row() {
        let (store, _folder) = store().await;
        let ingest = ingest(&store, 10);
        let mut expected = BTreeMap::new();
        let mut random = 7_u32;
        let mut now = 0;
        for _ in 0..150 {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            now += i64::from(random >> 29);
            // Some come late, up to 127 hours, which is far beyond what the row holds.
            let late = if random & 1 == 0 {
                0
            } else {
                i64::from((random >> 20) & 127)
            };
            *expected.entry(hour(now - late).hour()).or_insert(0) += 1;

            count(&ingest, &[report("E", hour(now - late))], hour(now)).await;
        }

        let counts = store.hourly_counts(1, hour(-200)).await.unwrap().unwrap();

        let counted: BTreeMap<i64, i64> = counts.iter().map(|(at, count)| (at.hour(), *count)).collect();
        assert_eq!(counted, expected);
        assert_eq!(counts.len(), counted.len(), "each hour once");
        assert!(counts.is_sorted(), "oldest first");
        assert!(number(&store, "select count(*) from error_hours").await > 10);
        let newest_moved = number(&store, "select max(hour) from error_hours").await;
        assert!(
            newest_moved <= hour(now).hour() - 48,
            "the last 48 hours are in the row"
        );
    }

    #[tokio::test]
    async fn hours_move_out_of_the_row_after_forty_eight_of_them() {
        let (store, _folder) = store().await;
        let ingest = ingest(&store, 10);
        for (at, moved) in [(0, 0), (47, 0), (48, 1), (95, 2), (96, 3)] {
            count(&ingest, &[report("E", hour(at))], hour(at)).await;

            assert_eq!(
                number(&store, "select count(*) from error_hours").await,
                moved,
                "hour {at}"
            );
        }
        let counts = store.hourly_counts(1, hour(47)).await.unwrap().unwrap();
        let hours: Vec<i64> = counts.iter().map(|(at, _)| at.hour() - hour(0).hour()).collect();
        assert_eq!(hours, [47, 48, 95, 96], "as far back as asked");
    }

    #[tokio::test]
    async fn the_trend_is_kept_with_the_count() {
        let (store, _folder) = store().await;
        let ingest = ingest(&store, 10);
        let old = vec![report("E", hour(0)); 4];
        let new = vec![report("E", hour(30)); 7];

        count(&ingest, &old, hour(0)).await;
        count(&ingest, &new, hour(30)).await;

        assert_eq!(number(&store, "select trend from errors").await, 3);
    }

    #[tokio::test]
    async fn a_storm_leaves_its_newest_occurrences_in_few_rows() {
        let (store, _folder) = store().await;
        let ingest = ingest(&store, 10);
        for batch in 0..4 {
            let reports: Vec<Report> = (0..50)
                .map(|index| report("E", hour(0).plus_millis(batch * 50 + index)))
                .collect();
            let counted = count(&ingest, &reports, hour(0)).await;
            let counts: Vec<i64> = counted.iter().map(|counted| counted.count).collect();
            assert_eq!(counts, (batch * 50 + 1..=batch * 50 + 50).collect::<Vec<_>>());
        }

        let kept = store.occurrences(1, 100).await.unwrap();

        let ages: Vec<i64> = kept
            .iter()
            .map(|row| row.at.millis() - hour(0).millis())
            .collect();
        assert_eq!(ages, [199, 198, 197], "newest first");
        assert_eq!(number(&store, "select count(*) from error_occurrences").await, 3);
    }

    #[tokio::test]
    async fn an_event_that_comes_twice_in_one_batch_is_counted_once() {
        let (store, _folder) = store().await;
        let ingest = ingest(&store, 10);
        let event = |kind: &str| Report {
            event: Some([7; 16]),
            ..report(kind, hour(0))
        };

        let counted = count(&ingest, &[event("A"), event("A"), event("B")], hour(0)).await;

        let effects: Vec<Effect> = counted.iter().map(|counted| counted.effect).collect();
        assert_eq!(effects, [Effect::Created, Effect::Duplicate, Effect::Duplicate]);
        assert!(
            counted
                .iter()
                .all(|counted| (counted.id, counted.count) == (1, 1))
        );
        assert_eq!(number(&store, "select count(*) from errors").await, 1);
        assert_eq!(number(&store, "select groups from projects").await, 1);
    }

    #[tokio::test]
    async fn a_full_project_has_one_overflow_group_that_alerts_once() {
        let (store, _folder) = store().await;
        let ingest = ingest(&store, 2);
        let kinds =
            |kinds: &[&str]| -> Vec<Report> { kinds.iter().map(|kind| report(kind, hour(0))).collect() };

        let first = count(&ingest, &kinds(&["A", "B", "C", "A", "D"]), hour(0)).await;
        let second = count(&ingest, &kinds(&["E", "B", "C"]), hour(1)).await;

        let ids: Vec<i64> = first.iter().chain(&second).map(|counted| counted.id).collect();
        assert_eq!(ids, [1, 2, 3, 1, 3, 3, 2, 3]);
        assert_eq!(second[2].count, 4);
        assert_eq!(number(&store, "select groups from projects").await, 2);
        assert_eq!(
            number(
                &store,
                "select count(*) from alerts where payload like '%verflow%'"
            )
            .await,
            1
        );
        assert_eq!(number(&store, "select count(*) from alerts").await, 3);
    }

    #[tokio::test]
    async fn a_batch_that_fails_leaves_nothing_behind() {
        let (store, _folder) = store().await;
        let ingest = ingest(&store, 10);
        change(&store, "alter table alerts rename to away").await;

        let failed = ingest.commit(&[vec![report("E", hour(0))]]).await;

        assert!(failed.is_err(), "its alert cannot be queued");
        for table in [
            "errors",
            "error_keys",
            "error_occurrences",
            "projects",
            "errors_unindexed",
        ] {
            let left: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select count(*) from {table}")))
                .fetch_one(store.db.read())
                .await
                .unwrap();
            assert_eq!(left, 0, "{table}");
        }
        change(&store, "alter table away rename to alerts").await;
        let counted = ingest.commit(&[vec![report("E", hour(0))]]).await.unwrap();
        assert_eq!((counted[0][0].effect, counted[0][0].count), (Effect::Created, 1));
    }

    #[tokio::test]
    async fn each_job_of_a_batch_gets_its_own_answers() {
        let (store, _folder) = store().await;
        let ingest = ingest(&store, 10);
        let jobs = [
            vec![report("A", hour(0))],
            vec![report("B", hour(0)), report("A", hour(0))],
            vec![],
            vec![report("B", hour(0))],
        ];

        let counted = ingest.commit(&jobs).await.unwrap();

        let counts: Vec<Vec<(i64, i64)>> = counted
            .iter()
            .map(|job| job.iter().map(|counted| (counted.id, counted.count)).collect())
            .collect();
        assert_eq!(counts, [vec![(1, 1)], vec![(2, 1), (1, 2)], vec![], vec![(2, 2)]]);
    }

    #[tokio::test]
    async fn ids_of_deleted_groups_are_never_used_again() {
        let (store, _folder) = store().await;
        let ingest = ingest(&store, 10);
        count(&ingest, &[report("A", hour(0)), report("B", hour(0))], hour(0)).await;
        store
            .act(crate::store::actions::Action::Delete, &[1, 2], hour(0))
            .await
            .unwrap();

        let counted = count(&ingest, &[report("A", hour(0))], hour(0)).await;

        assert_eq!((counted[0].id, counted[0].effect), (3, Effect::Created));
    }

    #[tokio::test]
    async fn occurrence_ids_are_unique_and_grow() {
        let ids: Vec<i64> = (0..1_000).map(|_| next_occurrence_id()).collect();

        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(ids[999] < 1 << 53, "exact in JavaScript");
    }
}
