//! Writes the points of many requests in one transaction.
//!
//! What is young enough is kept as points, a row for each minute; what is older than that is added to the rows of its
//! minute or hour at once. Marks say which minutes and hours have changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use shared::clock::Timestamp;
use shared::flusher::Commit;
use sqlx::SqliteConnection;

use super::aggregated::Place;
use super::replaceable::{self, NamedValue, PointId};
use super::retries::{self, RetryKey};
use super::{Result, Store, Writer, catalogue, late, raw, unsettled};
use crate::bucket::{Resolution, Tier, hour_of};
use crate::catalogue::{Admission, Identity, Limits, NewRows};
use crate::chunk::{self, RawPoint};
use crate::counted::Counted;
use crate::kind::Kind;
use crate::page::SeriesId;
use crate::rollup::PARTIAL_POINTS;
use crate::summary::{Last, Marking, Summary};

/// The points of one request.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) points: Vec<Point>,
    /// Series that the catalogue did not have.
    pub(crate) new_series: Vec<Identity>,
    /// The catalogue in which the others were found.
    pub(crate) epoch: u64,
    pub(crate) retry_key: Option<RetryKey>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Point {
    pub(crate) series: SeriesRef,
    pub(crate) at: Timestamp,
    pub(crate) value: f64,
    pub(crate) id: Option<PointId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SeriesRef {
    Known(SeriesId),
    /// By its place among the new ones.
    New(u32),
}

/// What became of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Everything is stored, but for points of the refused ones of the new series.
    Stored { overflowing: u64, refused: Vec<u32> },
    /// It had been stored before.
    Duplicate,
    /// Series were forgotten since they were looked up; nothing is stored, and it can be sent again at once.
    Outdated,
}

/// The flusher's way into the store.
#[derive(Debug)]
pub(crate) struct Ingest {
    pub(crate) store: Store,
    pub(crate) limits: Limits,
    pub(crate) counted: Arc<Counted>,
}

impl Commit for Ingest {
    type Job = Batch;
    type Done = Outcome;

    async fn commit(&self, batches: &[Batch]) -> Result<Vec<Outcome>> {
        let now = Timestamp::now();
        let outcomes = self.store.write_batches(batches, self.limits, now).await?;
        for (batch, outcome) in batches.iter().zip(&outcomes) {
            self.counted.note(batch, outcome);
        }
        Ok(outcomes)
    }
}

/// What the points of a commit come to.
#[derive(Debug, Default)]
struct Sorted {
    by_minute: BTreeMap<i64, Vec<RawPoint>>,
    /// With their minutes.
    named: Vec<(i64, PointId, NamedValue)>,
    /// What is added to rows, by the place on the page.
    late: BTreeMap<Place, BTreeMap<u32, Summary>>,
    /// Series that have a point in a later hour than before.
    hours: BTreeMap<SeriesId, i64>,
}

/// What a commit has changed.
#[derive(Debug)]
struct Written {
    /// By batch.
    outcomes: Vec<Outcome>,
    /// Buckets that are not settled any more.
    marks: BTreeSet<(Resolution, i64)>,
    /// Minutes whose rows were added to.
    late_minutes: BTreeSet<i64>,
}

/// What is found out about a series once per commit.
#[derive(Debug, Clone, Copy)]
struct Traits {
    kind: Kind,
    marking: Marking,
    total: SeriesId,
}

impl Store {
    pub(crate) async fn write_batches(
        &self,
        batches: &[Batch],
        limits: Limits,
        now: Timestamp,
    ) -> Result<Vec<Outcome>> {
        let mut writer = self.writer().await;
        let mut tx = self.begin().await?;
        let mut rows = NewRows::default();
        let written = async {
            let written = self
                .write(&mut tx, &mut writer, batches, limits, now, &mut rows)
                .await?;
            tx.commit().await?;
            Ok(written)
        };
        match written.await {
            Ok(written) => {
                let mut unsettled = self.unsettled();
                for minute in written.late_minutes {
                    unsettled.so_far.void(minute);
                }
                for (resolution, bucket) in written.marks {
                    unsettled.mark(resolution, bucket);
                }
                if writer.points >= PARTIAL_POINTS {
                    writer.points = 0;
                    self.shared.many_points.notify_one();
                }
                Ok(written.outcomes)
            }
            Err(error) => {
                // What was let in and noted is not written.
                if let Err(error) = self.reload_catalogue(&mut writer).await {
                    tracing::error!(%error, "the catalogue cannot be read");
                }
                Err(error)
            }
        }
    }

    async fn write(
        &self,
        tx: &mut SqliteConnection,
        writer: &mut Writer,
        batches: &[Batch],
        limits: Limits,
        now: Timestamp,
        rows: &mut NewRows,
    ) -> Result<Written> {
        let mut outcomes = Vec::with_capacity(batches.len());
        let mut taken = Vec::with_capacity(batches.len());
        for batch in batches {
            let outcome = if batch.epoch != self.catalogue().epoch {
                Outcome::Outdated
            } else if let Some(key) = batch.retry_key
                && !retries::note(tx, key, now).await?
            {
                Outcome::Duplicate
            } else {
                let before = taken.len();
                let outcome = self.admit(batch, limits, rows, &mut taken);
                if let Some(key) = batch.retry_key
                    && taken.len() == before
                {
                    // Nothing of it is stored, so it is not known.
                    retries::forget(tx, key).await?;
                }
                outcome
            };
            outcomes.push(outcome);
        }
        let Sorted {
            mut by_minute,
            named,
            late,
            hours,
        } = self.sort(&taken);
        catalogue::insert(tx, rows).await?;
        catalogue::note_hours(tx, &hours).await?;
        let mut minutes = BTreeSet::new();
        for (minute, points) in &mut by_minute {
            let count = points.len();
            writer.points += count as u64;
            raw::insert(tx, writer, *minute, count, &chunk::pack(points)).await?;
            minutes.insert(*minute);
        }
        for (minute, id, value) in named {
            minutes.insert(minute);
            minutes.extend(replaceable::put(tx, id, value, minute, self.floors().raw).await?);
        }
        let mut marks: BTreeSet<_> = minutes
            .iter()
            .map(|minute| (Resolution::Minute, *minute))
            .collect();
        // An hour is no longer what it was when one of its minutes changes.
        let late_minutes = late.keys().filter(|place| place.resolution == Resolution::Minute);
        let late_minutes: BTreeSet<i64> = late_minutes.map(|place| place.bucket).collect();
        let minutes = minutes.iter().chain(&late_minutes).copied();
        marks.extend(minutes.map(|minute| (Resolution::Hour, hour_of(minute))));
        late::add(tx, late).await?;
        for (resolution, bucket) in &marks {
            if !self.unsettled().contains(*resolution, *bucket) {
                unsettled::write_mark(tx, *resolution, *bucket).await?;
            }
        }
        Ok(Written {
            outcomes,
            marks,
            late_minutes,
        })
    }

    /// Lets a batch's new series in, and puts its points to those that are taken.
    fn admit(
        &self,
        batch: &Batch,
        limits: Limits,
        rows: &mut NewRows,
        taken: &mut Vec<(SeriesId, Point)>,
    ) -> Outcome {
        let (mut overflowing, mut refused) = (0, Vec::new());
        let mut admissions = Vec::with_capacity(batch.new_series.len());
        if !batch.new_series.is_empty() {
            let mut catalogue = self.catalogue_mut();
            let mut hours = vec![0; batch.new_series.len()];
            for point in &batch.points {
                if let SeriesRef::New(index) = point.series
                    && let Some(hour) = hours.get_mut(index as usize)
                {
                    *hour = Resolution::Hour.bucket(point.at).max(*hour);
                }
            }
            for (identity, hour) in batch.new_series.iter().zip(hours) {
                admissions.push(catalogue.admit(identity, hour, limits, rows));
            }
        }
        for (index, admission) in (0..).zip(&admissions) {
            if *admission == Admission::Refused {
                refused.push(index);
            }
        }
        for point in &batch.points {
            let series = match point.series {
                SeriesRef::Known(series) => series,
                SeriesRef::New(index) => match admissions.get(index as usize) {
                    Some(Admission::Admitted(series)) => *series,
                    Some(Admission::Overflow(series)) => {
                        overflowing += 1;
                        *series
                    }
                    Some(Admission::Refused) | None => continue,
                },
            };
            taken.push((series, *point));
        }
        Outcome::Stored { overflowing, refused }
    }

    /// Finds each point's tier.
    fn sort(&self, points: &[(SeriesId, Point)]) -> Sorted {
        let mut sorted = Sorted::default();
        let (floors, catalogue) = (self.floors(), self.catalogue());
        let mut current: Option<(i64, Vec<RawPoint>)> = None;
        for (id, point) in points {
            let minute = Resolution::Minute.bucket(point.at);
            if let Some(series) = catalogue.series(*id) {
                let hour = hour_of(minute);
                if series.note_hour(hour) {
                    sorted.hours.insert(*id, hour);
                }
            }
            let (resolution, bucket) = match floors.tier(minute) {
                Tier::Raw if let Some(name) = point.id => {
                    let value = NamedValue {
                        series: *id,
                        at_ms: point.at.millis(),
                        value: point.value,
                    };
                    sorted.named.push((minute, name, value));
                    continue;
                }
                Tier::Raw => {
                    let offset = point.at.millis() - Resolution::Minute.start(minute).millis();
                    let raw = RawPoint {
                        series: *id,
                        offset: offset.clamp(0, 59_999) as u16,
                        value: point.value,
                    };
                    // Nearly all are of the same minute.
                    match &mut current {
                        Some((of, points)) if *of == minute => points.push(raw),
                        _ => {
                            let (of, points) = current.take().unwrap_or_default();
                            sorted.by_minute.entry(of).or_default().extend(points);
                            let points = sorted.by_minute.remove(&minute).unwrap_or_default();
                            let (_, points) = current.insert((minute, points));
                            points.push(raw);
                        }
                    }
                    continue;
                }
                Tier::Minute => (Resolution::Minute, minute),
                // The floor may have risen since the point was looked at; it goes with its hour.
                Tier::Hour | Tier::Gone => (Resolution::Hour, hour_of(minute)),
            };
            let Some(traits) = traits(&catalogue, *id) else {
                continue;
            };
            for series in [*id, traits.total] {
                let place = Place {
                    page: series.page(),
                    resolution,
                    bucket,
                };
                let summary = sorted
                    .late
                    .entry(place)
                    .or_default()
                    .entry(series.slot())
                    .or_default();
                summary.add(traits.kind, traits.marking, point.value);
                if traits.kind == Kind::Gauge {
                    summary.note_last(Last {
                        at: point.at.millis(),
                        value: point.value,
                    });
                }
            }
        }
        if let Some((minute, points)) = current {
            sorted.by_minute.entry(minute).or_default().extend(points);
        }
        sorted.by_minute.retain(|_, points| !points.is_empty());
        sorted
    }
}

fn traits(catalogue: &crate::catalogue::Catalogue, series: SeriesId) -> Option<Traits> {
    let metric = catalogue.metric_of_page(series.page())?;
    Some(Traits {
        kind: metric.kind,
        marking: catalogue.marking(series),
        total: SeriesId::new(metric.total, 0),
    })
}
