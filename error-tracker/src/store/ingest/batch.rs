//! One batch on its way through its transaction.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use shared::clock::Timestamp;
use shared::db::Write;
use sqlx::SqliteConnection;

use super::read;
use super::touched::Touched;
use super::write::{
    Changes, next_error_id, next_free_slot, next_occurrence_id, write_and_commit, write_facets,
    write_old_hours, write_rare,
};
use super::write_buffer::Entry as Remembered;
use super::{Counted, Ingest};
use crate::alert::{Alert, Kind};
use crate::fingerprint::{Fingerprint, SCHEME};
use crate::group::{Effect, Group};
use crate::report::{self, Occurrence, Report};
use crate::store::group_row::fingerprint_from;

/// The scheme of the one key that leads to a project's overflow group.
pub(super) const OVERFLOW_SCHEME: i64 = 0;
const OVERFLOW_TYPE: &str = "TooManyGroups";
/// Projects whose numbers are remembered between batches.
const PROJECTS_CACHED: usize = 1_024;

/// The exception type is part of a group's identity, so it is part of the key.
fn group_key(report: &Report) -> Vec<u8> {
    [&report.fingerprint.0[..], report.exception_type.as_bytes()].concat()
}

/// Project, scheme and key: what leads to a group.
pub(super) type Key = (i64, i64, Vec<u8>);

/// One batch on its way through the transaction.
pub(super) struct Batch<'a> {
    ingest: &'a Ingest,
    now: Timestamp,
    is_begun: bool,
    groups: HashMap<Key, Touched>,
    pub(super) alerts: Vec<Alert>,
}

/// An occurrence on its way into its slot.
pub(super) struct OccurrenceRow<'r> {
    pub(super) slot: i64,
    pub(super) id: i64,
    pub(super) error_id: i64,
    pub(super) report: &'r Report,
}

impl<'a> Batch<'a> {
    pub(super) fn new(ingest: &'a Ingest, now: Timestamp) -> Self {
        Self {
            ingest,
            now,
            is_begun: false,
            groups: HashMap::new(),
            alerts: Vec::new(),
        }
    }

    /// Counts them, and commits.
    pub(super) async fn count_all(
        &mut self,
        mut write: Write,
        reports: &[&Report],
    ) -> sqlx::Result<Vec<Counted>> {
        let tx = &mut write;
        let project_ids = self.project_ids(tx, reports).await?;
        let mut keys: Vec<Key> = reports
            .iter()
            .zip(&project_ids)
            .map(|(r, id)| (*id, i64::from(SCHEME), group_key(r)))
            .collect();
        let mut seen = self.load(tx, reports, &keys).await?;
        self.found_groups(tx, reports, &mut keys, &seen).await?;

        let mut counted = Vec::with_capacity(reports.len());
        let mut remembered = Vec::new();
        let first_free_slot = self.first_free_slot(tx).await?;
        let mut next_slot = first_free_slot;
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
            seen.extend(report.event.map(|event| (event, group.id)));
            if report.event.is_some() || report.session.is_some() {
                remembered.push(Remembered {
                    error_id: group.id,
                    event: report.event.map(|event| (event, self.now)),
                    session: report.session.map(|session| (session, report.at)),
                });
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
        self.ingest.note_next_slot(next_slot);
        self.write(write, reports, first_free_slot, &remembered).await?;
        Ok(counted)
    }

    /// What came more often than it is kept.
    pub(super) fn storms(&self) -> impl Iterator<Item = Fingerprint> {
        let storming = self.groups.values().filter(|touched| touched.is_storm());
        storming.map(|touched| touched.fingerprint)
    }

    /// Begins the transaction when a project is new here.
    async fn project_ids(&mut self, tx: &mut Write, reports: &[&Report]) -> sqlx::Result<Vec<i64>> {
        let mut ids = Vec::with_capacity(reports.len());
        for report in reports {
            let cached = self.ingest.projects().get(&report.project).copied();
            let id = match cached {
                Some(id) => id,
                None => {
                    if !self.is_begun {
                        tx.begin().await?;
                        self.is_begun = true;
                    }
                    let id = sqlx::query_scalar(
                        "insert into projects (name) values (?1) on conflict (name) do update set name = name returning id",
                    )
                    .bind(&report.project)
                    .fetch_one(&mut **tx)
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

    /// Which of the reports' events were counted before; and their groups, as far as there are any.
    async fn load(
        &mut self,
        tx: &mut Write,
        reports: &[&Report],
        keys: &[Key],
    ) -> sqlx::Result<HashMap<[u8; 16], i64>> {
        let mut wanted: Vec<&Key> = keys.iter().collect();
        wanted.sort_unstable();
        wanted.dedup();
        let buffer = &self.ingest.store.buffer;
        let events = reports.iter().filter_map(|report| report.event);
        let (waiting, events): (Vec<_>, Vec<_>) = events
            .map(|event| (event, buffer.group_of_event(&event)))
            .partition(|(_, group)| group.is_some());
        let events: Vec<[u8; 16]> = events.into_iter().map(|(event, _)| event).collect();
        let (mut seen, groups) = read::events_and_groups(tx, self.is_begun, &events, &wanted).await?;
        self.is_begun = true;
        self.groups.extend(groups);
        seen.extend(
            waiting
                .into_iter()
                .filter_map(|(event, group)| Some((event, group?))),
        );
        Ok(seen)
    }

    /// Only this writer takes slots, so they are counted in memory once the last one is known.
    async fn first_free_slot(&self, tx: &mut SqliteConnection) -> sqlx::Result<i64> {
        match self.ingest.next_slot() {
            Some(next) => Ok(next),
            None => next_free_slot(tx).await,
        }
    }

    /// Makes the groups that are not there yet. Where a project is full, the report's key becomes the overflow's.
    async fn found_groups(
        &mut self,
        tx: &mut Write,
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
                        .fetch_one(&mut **tx)
                        .await?;
                    entry.insert(self.ingest.max_groups - groups)
                }
            };
            let overflows = *room <= 0;
            if overflows {
                *key = (key.0, OVERFLOW_SCHEME, Vec::new());
                self.load(tx, &[], std::slice::from_ref(key)).await?;
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
            let group = Group::founded_by(report, id);
            let touched = Touched::new(group, key.0, exception_type.to_owned(), fingerprint);
            self.groups.insert(key.clone(), touched);
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

    async fn write(
        &mut self,
        mut tx: Write,
        reports: &[&Report],
        first_free_slot: i64,
        remembered: &[Remembered],
    ) -> sqlx::Result<()> {
        let mut occurrences = Vec::new();
        let mut touched: Vec<(&Key, &mut Touched)> =
            self.groups.iter_mut().filter(|(_, t)| t.was_counted()).collect();
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
        let buffer = &self.ingest.store.buffer;
        let changes = Changes {
            touched,
            occurrences,
            first_free_slot,
            step: buffer.step(remembered),
        };
        write_rare(&mut tx, &changes, self.now).await?;
        write_facets(&mut tx, &changes.touched).await?;
        write_old_hours(&mut tx, &changes.touched).await?;
        crate::store::alerts::enqueue(&mut tx, &self.ingest.channels, &self.alerts, self.now).await?;
        let forgotten = write_and_commit(tx, &changes, buffer, self.now).await?;
        buffer.written(&changes.step, &forgotten);
        Ok(())
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
