//! Takes points in.

mod point_body;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::atomic::Ordering;

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use shared::clock::Timestamp;
use shared::http::Problem;
use shared::http::body::{parse_json, with_whole_characters};

use self::point_body::{Measured, PointBody, Reach};
use super::{App, Shared};
use crate::bucket::{Floors, Resolution};
use crate::catalogue::{Catalogue, Identity, Print};
use crate::kind::Kind;
use crate::labels::Labels;
use crate::page::SeriesId;
use crate::store::commit::{Batch, Outcome, Point, SeriesRef};
use crate::store::retries::RetryKey;

const RETRY_KEY: &str = "idempotency-key";
const RETRY_KEY_BYTES: usize = 255;
/// Lookups of one request; series are forgotten once an hour.
const TRIES: usize = 3;

/// What became of a batch.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Accepted {
    /// `accepted`.
    status: &'static str,
    /// Points that were stored.
    count: usize,
    /// Points that could not be used.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rejected: Vec<Rejected>,
    /// Points that went to a series that stands for many, because there are too many.
    #[serde(skip_serializing_if = "Option::is_none")]
    overflowing: Option<u64>,
    /// True when the batch had been stored before, by its `Idempotency-Key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    duplicate: Option<bool>,
}

/// A point that could not be used.
#[derive(Serialize, utoipa::ToSchema)]
struct Rejected {
    /// Its place in the batch, from 0 on.
    index: usize,
    /// What is wrong with it.
    detail: String,
}

/// Either form of a batch.
#[derive(utoipa::ToSchema)]
#[serde(untagged)]
#[schema(as = Points)]
#[expect(dead_code, reason = "it documents the two forms")]
enum PointsBody<'a> {
    Bare(Vec<PointBody<'a>>),
    Wrapped { metrics: Vec<PointBody<'a>> },
}

#[derive(Deserialize)]
#[serde(expecting = "an array of points, or an object with them as its metrics")]
struct Wrapped<T> {
    metrics: T,
}

/// Stores up to 1000 points. The reply comes after the commit.
#[utoipa::path(post, path = "/api/metrics", tag = "ingest", request_body = PointsBody<'static>,
    params(("Idempotency-Key" = Option<String>, Header, description = "Known for seven days: a batch that is sent again is counted once")),
    responses((status = 202, body = Accepted), (status = 400, body = inline(shared::http::problem::ProblemBody<'static>))))]
pub(super) async fn post_metrics(State(app): Shared, request: Request) -> Result<Response, Problem> {
    let retry_key = retry_key(request.headers())?;
    let body = app.gate.read_body(request).await?.mended();
    let now = Timestamp::now();
    let reach = Reach {
        now,
        oldest: oldest(&app, now),
    };
    let Points { usable, rejected } = read(&body.bytes, reach, app.config.max_batch)?;
    if usable.is_empty() {
        return Err(nothing_usable(&app, &rejected));
    }
    let accepted = store(&app, &usable, rejected, retry_key).await?;
    Ok((StatusCode::ACCEPTED, Json(accepted)).into_response())
}

/// The first moment that is still kept.
fn oldest(app: &App, now: Timestamp) -> Timestamp {
    let floors = Floors::default().raised(app.config.schedule().floors(now));
    Resolution::Hour.start(floors.raised(app.store.floors()).hours)
}

fn retry_key(headers: &HeaderMap) -> Result<Option<RetryKey>, Problem> {
    match headers.get(RETRY_KEY).map(http::HeaderValue::as_bytes) {
        None | Some(b"") => Ok(None),
        Some(key) if key.len() <= RETRY_KEY_BYTES => Ok(Some(RetryKey::new(key))),
        Some(_) => Err(Problem::bad_request(
            "Idempotency-Key: must have at most 255 characters",
        )),
    }
}

/// The points of a body.
#[derive(Default)]
struct Points<'a> {
    /// Those that can be used, with their places.
    usable: Vec<(usize, Measured<'a>)>,
    rejected: Vec<Rejected>,
}

impl<'a> Points<'a> {
    fn take(&mut self, index: usize, point: Result<Measured<'a>, String>) {
        match point {
            Ok(point) => self.usable.push((index, point)),
            Err(detail) => self.rejected.push(Rejected { index, detail }),
        }
    }
}

fn read(json: &[u8], reach: Reach, most: usize) -> Result<Points<'_>, Problem> {
    let text = json.strip_prefix(b"\xef\xbb\xbf").unwrap_or(json);
    let is_bare = text.trim_ascii_start().starts_with(b"[");
    let mut points = Points::default();
    let whole: Result<Vec<PointBody<'_>>, _> = if is_bare {
        serde_json::from_slice(text)
    } else {
        serde_json::from_slice::<Wrapped<_>>(text).map(|wrapped| wrapped.metrics)
    };
    // One point that is no point spoils the whole; then each is read by itself.
    if let Ok(bodies) = whole {
        check_count(bodies.len(), most)?;
        for (index, point) in bodies.into_iter().enumerate() {
            points.take(index, point.measured(reach));
        }
    } else {
        let raw: Vec<&RawValue> = if is_bare {
            parse_json(text)?
        } else {
            parse_json::<Wrapped<_>>(text)?.metrics
        };
        check_count(raw.len(), most)?;
        for (index, raw) in raw.into_iter().enumerate() {
            let point = serde_json::from_str::<PointBody<'_>>(raw.get()).map_err(|_| explain(raw));
            points.take(index, point.and_then(|point| point.measured(reach)));
        }
    }
    Ok(points)
}

fn check_count(count: usize, most: usize) -> Result<(), Problem> {
    match count {
        0 => Err(Problem::bad_request("metrics: at least one point is needed")),
        count if count > most => Err(Problem::bad_request(format!(
            "metrics: at most {most} points at once"
        ))),
        _ => Ok(()),
    }
}

/// What is wrong with a point that is none.
fn explain(raw: &RawValue) -> String {
    let detail = match parse_json::<PointBody<'_>>(raw.get().as_bytes()) {
        Ok(_) => return "the point cannot be read".into(),
        Err(problem) => problem.detail().to_owned(),
    };
    if detail.contains("number out of range")
        && let Some(name) = member_out_of_range(raw)
    {
        return format!("{name}: must be a finite number");
    }
    // Where in the point it is says nothing to somebody who sees the batch.
    detail.split(" at line ").next().unwrap_or_default().to_owned()
}

/// Which member is a number that no float can hold.
fn member_out_of_range(raw: &RawValue) -> Option<String> {
    let members: HashMap<Cow<'_, str>, &RawValue> = serde_json::from_str(raw.get()).ok()?;
    members.into_iter().find_map(|(name, value)| {
        let is_number = value
            .get()
            .starts_with(|first: char| first == '-' || first.is_ascii_digit());
        let is_out_of_range = is_number && serde_json::from_str::<f64>(value.get()).is_err();
        is_out_of_range.then(|| name.into_owned())
    })
}

async fn store(
    app: &App,
    points: &[(usize, Measured<'_>)],
    mut rejected: Vec<Rejected>,
    retry_key: Option<RetryKey>,
) -> Result<Accepted, Problem> {
    for _ in 0..TRIES {
        let mut found = find_series(app, points);
        rejected.append(&mut found.rejected);
        found.batch.retry_key = retry_key;
        if found.batch.points.is_empty() {
            rejected.sort_by_key(|rejected| rejected.index);
            return Err(nothing_usable(app, &rejected));
        }
        let stored = found.batch.points.len();
        let (overflowing, refused, duplicate) = match app.flusher.submit(found.batch).await? {
            Outcome::Outdated => {
                rejected.retain(|rejected| !found.indexes.contains(&rejected.index));
                continue;
            }
            Outcome::Duplicate => (0, Vec::new(), true),
            Outcome::Stored { overflowing, refused } => (overflowing, refused, false),
        };
        let mut count = stored;
        for (index, series) in found.new_points {
            if refused.contains(&series) {
                count -= 1;
                let detail = "there are too many metrics; this one is not known and not taken".to_owned();
                rejected.push(Rejected { index, detail });
            }
        }
        rejected.sort_by_key(|rejected| rejected.index);
        if count == 0 {
            return Err(nothing_usable(app, &rejected));
        }
        app.counted
            .rejected
            .fetch_add(rejected.len() as u64, Ordering::Relaxed);
        return Ok(Accepted {
            status: "accepted",
            count,
            rejected,
            overflowing: (overflowing > 0).then_some(overflowing),
            duplicate: duplicate.then_some(true),
        });
    }
    Err(Problem::unavailable(
        "the series are being read anew; nothing was stored",
        1,
    ))
}

fn nothing_usable(app: &App, rejected: &[Rejected]) -> Problem {
    app.counted
        .rejected
        .fetch_add(rejected.len() as u64, Ordering::Relaxed);
    let why = rejected
        .first()
        .map_or_else(String::new, |first| format!("{}: {}", first.index, first.detail));
    Problem::bad_request(format!("no point can be used; {why}"))
}

/// A batch whose series have been looked up.
#[derive(Default)]
struct Found {
    batch: Batch,
    rejected: Vec<Rejected>,
    /// Of the rejected ones.
    indexes: Vec<usize>,
    /// Places of points whose series is new, and which of the new ones it is.
    new_points: Vec<(usize, u32)>,
}

fn find_series(app: &App, points: &[(usize, Measured<'_>)]) -> Found {
    let mut found = Found::default();
    let mut spellings: Vec<(Print, SeriesId)> = Vec::new();
    let mut new = HashMap::<Print, Result<SeriesRef, String>>::new();
    {
        let catalogue = app.store.catalogue();
        found.batch.epoch = catalogue.epoch;
        found.batch.points.reserve_exact(points.len());
        for (index, point) in points {
            let spelling = catalogue
                .printer
                .spelling(&point.project, &point.name, point.kind, point.labels);
            let series = match catalogue.spelled(spelling) {
                Some(series) => SeriesRef::Known(series),
                None => {
                    let batch = &mut found.batch;
                    let series = new
                        .entry(spelling)
                        .or_insert_with(|| look_up(&catalogue, point, &mut batch.new_series));
                    match series {
                        Ok(series) => {
                            if let SeriesRef::Known(series) = series {
                                spellings.push((spelling, *series));
                            }
                            *series
                        }
                        Err(detail) => {
                            let detail = detail.clone();
                            found.rejected.push(Rejected {
                                index: *index,
                                detail,
                            });
                            found.indexes.push(*index);
                            continue;
                        }
                    }
                }
            };
            if let SeriesRef::New(series) = series {
                found.new_points.push((*index, series));
            }
            found.batch.points.push(Point {
                series,
                at: point.at,
                value: point.value,
                id: point.id,
            });
        }
    }
    if !spellings.is_empty() {
        let mut catalogue = app.store.catalogue_mut();
        if catalogue.epoch == found.batch.epoch {
            for (spelling, series) in spellings {
                catalogue.learn(spelling, series);
            }
        }
    }
    found
}

fn look_up(
    catalogue: &Catalogue,
    point: &Measured<'_>,
    new: &mut Vec<Identity>,
) -> Result<SeriesRef, String> {
    let labels = match point.labels {
        "" | "null" => Labels::default(),
        json => Labels::parse(json)?,
    };
    let identity = Identity {
        project: point.project.to_string(),
        name: point.name.to_string(),
        kind: point.kind,
        labels,
    };
    if let Some(series) = catalogue.find(&identity) {
        return Ok(SeriesRef::Known(series));
    }
    let place = new
        .iter()
        .position(|other| *other == identity)
        .unwrap_or_else(|| {
            new.push(identity);
            new.len() - 1
        });
    Ok(SeriesRef::New(place as u32))
}

/// For the fuzzer: a bare list and one in an object are the same, and each point is taken or refused with a reason.
pub(crate) fn check_points(json: &[u8]) {
    const MOST: usize = 50;
    let now = Timestamp::from_millis(1_772_366_400_000);
    let reach = Reach {
        now,
        oldest: now.plus_millis(-3_600_000),
    };
    let json = with_whole_characters(json.to_vec().into());
    let Ok(points) = read(&json, reach, MOST) else {
        return;
    };
    let count = points.usable.len() + points.rejected.len();
    assert!((1..=MOST).contains(&count), "{count}");
    assert!(
        points
            .rejected
            .iter()
            .all(|point| !point.detail.is_empty() && point.index < count)
    );
    for (_, point) in &points.usable {
        assert!(point.value.is_finite() && (point.kind != Kind::Counter || point.value >= 0.0));
        assert!(
            point.at >= reach.oldest && point.at <= now.plus_millis(600_000),
            "{}",
            point.at
        );
        assert!(!point.name.trim().is_empty() && !point.project.trim().is_empty());
    }
    if json.trim_ascii_start().starts_with(b"[") {
        let wrapped = [b"{\"metrics\":", json.as_ref(), b"}"].concat();
        let in_object = read(&wrapped, reach, MOST).expect("the same points in an object");
        let places = |points: &Points<'_>| points.usable.iter().map(|(index, _)| *index).collect::<Vec<_>>();
        assert_eq!(places(&in_object), places(&points));
    }
}
