//! Takes reports in, one or many.

mod kept_json;
mod report_body;

use axum::Json;
use axum::extract::{Request, State};
use http::StatusCode;
use serde::Serialize;
use serde_json::value::RawValue;
use shared::clock::{DAY_MS, Timestamp};
use shared::http::Problem;
use shared::http::body::{parse_json, with_whole_characters};

use self::report_body::ReportBody;
use super::Shared;
use crate::group::Effect;
use crate::report::{Occurrence, Report, unpack_body};
use crate::store::ingest::Counted;
use crate::storm::Storms;

/// Reports in one batch.
const MOST_REPORTS: usize = 500;
/// Reports of a batch that go into one transaction together.
const REPORTS_PER_JOB: usize = 100;

/// What became of a report.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Accepted {
    /// `created`, `incremented`, `reopened` or `duplicate`.
    status: &'static str,
    id: i64,
    fingerprint: String,
    count: i64,
}

/// What became of one report of a batch.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(untagged)]
pub(super) enum BatchResult {
    Accepted(Accepted),
    Rejected {
        /// `rejected`.
        status: &'static str,
        /// What is wrong with the report.
        detail: String,
    },
}

#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct BatchResults {
    /// In the order of the reports.
    results: Vec<BatchResult>,
}

/// Counts one report. The reply comes after the commit.
#[utoipa::path(post, path = "/api/errors", tag = "ingest", request_body = ReportBody<'static>,
    responses(
        (status = 201, body = Accepted, description = "created or reopened"),
        (status = 200, body = Accepted, description = "incremented or duplicate"),
        (status = 400, body = inline(shared::http::problem::ProblemBody<'static>))))]
pub(super) async fn report_error(
    State(app): Shared,
    request: Request,
) -> Result<(StatusCode, Json<Accepted>), Problem> {
    // What waits for its commit is the packed report, not the body.
    let report = read_report(
        &app.gate.read_body(request).await?.mended().bytes,
        Timestamp::now(),
        &app.storms,
    )?;
    let counted = app
        .flusher
        .submit(vec![report])
        .await?
        .pop()
        .ok_or_else(Problem::internal)?;
    let status = match counted.effect {
        Effect::Created | Effect::Reopened => StatusCode::CREATED,
        Effect::Incremented | Effect::Duplicate => StatusCode::OK,
    };
    Ok((status, Json(Accepted::new(&counted))))
}

/// Counts up to 500 reports; each is accepted or rejected by itself.
#[utoipa::path(post, path = "/api/errors/batch", tag = "ingest", request_body = Vec<ReportBody<'static>>,
    responses((status = 200, body = BatchResults), (status = 400, body = inline(shared::http::problem::ProblemBody<'static>))))]
pub(super) async fn report_batch(
    State(app): Shared,
    request: Request,
) -> Result<Json<BatchResults>, Problem> {
    let body = app.gate.read_body(request).await?.mended();
    let now = Timestamp::now();
    let bodies = split_batch(&body.bytes)?;
    let (mut results, mut rejected) = (Vec::with_capacity(bodies.len()), Vec::new());
    let mut add = |counted: Vec<Counted>| {
        let accepted = counted.iter().map(Accepted::new);
        results.extend(accepted.map(BatchResult::Accepted));
    };
    // While some are written, the next ones are read.
    let mut writing = None;
    for (job, bodies) in bodies.chunks(REPORTS_PER_JOB).enumerate() {
        let read = read_reports(bodies, now, &app.storms);
        let first = job * REPORTS_PER_JOB;
        rejected.extend(
            read.rejected
                .into_iter()
                .map(|(index, problem)| (first + index, problem)),
        );
        if let Some(written) = writing.take() {
            add(written.await?);
        }
        writing = (!read.reports.is_empty()).then(|| app.flusher.submit(read.reports));
    }
    if let Some(written) = writing {
        add(written.await?);
    }
    for (index, problem) in rejected {
        let detail = problem.detail().to_owned();
        results.insert(
            index,
            BatchResult::Rejected {
                status: "rejected",
                detail,
            },
        );
    }
    Ok(Json(BatchResults { results }))
}

/// Reports of a batch that have been read.
struct Read {
    reports: Vec<Report>,
    /// The places of the others, with what is wrong with them.
    rejected: Vec<(usize, Problem)>,
}

fn split_batch(json: &[u8]) -> Result<Vec<&RawValue>, Problem> {
    let bodies: Vec<&RawValue> = parse_json(json)?;
    if bodies.len() > MOST_REPORTS {
        return Err(Problem::bad_request(format!(
            "at most {MOST_REPORTS} reports at once"
        )));
    }
    Ok(bodies)
}

fn read_reports(bodies: &[&RawValue], now: Timestamp, storms: &Storms) -> Read {
    let mut reports = Vec::with_capacity(bodies.len());
    let mut rejected = Vec::new();
    for (index, raw) in bodies.iter().enumerate() {
        match read_report(raw.get().as_bytes(), now, storms) {
            Ok(report) => reports.push(report),
            Err(problem) => rejected.push((index, problem)),
        }
    }
    Read { reports, rejected }
}

fn read_report(json: &[u8], now: Timestamp, storms: &Storms) -> Result<Report, Problem> {
    // From an array serde would take the members in their order.
    let text = json.strip_prefix(b"\xef\xbb\xbf").unwrap_or(json);
    if text.trim_ascii_start().starts_with(b"[") {
        return Err(Problem::bad_request(
            "a report must be a JSON object, not an array",
        ));
    }
    parse_json::<ReportBody<'_>>(json)?.into_report(now, storms)
}

/// For the fuzzer: a report is read in the same way alone, again and in a batch.
pub(crate) fn check_report(json: &[u8]) {
    let (now, storms) = (Timestamp::from_millis(1_772_366_400_000), Storms::default());
    let json = with_whole_characters(json.to_vec().into());
    let read = read_report(&json, now, &storms);
    if let Ok(report) = &read {
        let again = read_report(&json, now, &storms).expect("it was read before");
        assert_eq!(
            again.fingerprint, report.fingerprint,
            "the same report has the same key"
        );
        assert!((1..=100).contains(&report.project.chars().count()));
        assert!((1..=200).contains(&report.exception_type.chars().count()));
        assert!(report.summary.chars().count() <= crate::report::SUMMARY_CHARS);
        let culprit = report.culprit.as_deref().unwrap_or_default();
        assert!(culprit.chars().count() <= 300);
        let (oldest, newest) = (now.plus_millis(-31 * DAY_MS), now);
        assert!((oldest..=newest).contains(&report.at), "{}", report.at);
        let kept = unpack_body(&report.body).expect("what was packed");
        let occurrence: Occurrence<'_> = serde_json::from_slice(&kept).expect("what was written");
        assert!(!occurrence.message.contains('\0') && !occurrence.traceback.as_str().contains('\0'));
    }
    let batch = [b"[", json.as_ref(), b"]"].concat();
    if let Ok(bodies) = split_batch(&batch)
        && let Ok(report) = &read
        && !json.starts_with(b"\xef\xbb\xbf")
    {
        let batch = read_reports(&bodies, now, &storms);
        let of_batch = batch.reports.first().map(|report| report.fingerprint);
        assert_eq!((of_batch, batch.rejected.len()), (Some(report.fingerprint), 0));
    }
}

impl Accepted {
    fn new(counted: &Counted) -> Self {
        Self {
            status: match counted.effect {
                Effect::Created => "created",
                Effect::Incremented => "incremented",
                Effect::Reopened => "reopened",
                Effect::Duplicate => "duplicate",
            },
            id: counted.id,
            fingerprint: counted.fingerprint.to_string(),
            count: counted.count,
        }
    }
}
