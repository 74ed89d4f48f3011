//! Takes reports in, one or many.

use std::borrow::Cow;
use std::fmt;

use axum::Json;
use axum::extract::{Request, State};
use http::StatusCode;
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::value::RawValue;
use shared::clock::Timestamp;
use shared::http::Problem;
use shared::http::body::WholeBody;
use shared::http::body::parse_json;

use super::Shared;
use crate::fingerprint;
use crate::group::Effect;
use crate::report::{Occurrence, Report, SUMMARY_CHARS, Source, believable, cut, digest};
use crate::store::ingest::Counted;

/// Reports in one batch.
const MOST_REPORTS: usize = 500;
/// Reports of a batch that go into one transaction together.
const REPORTS_PER_JOB: usize = 100;
/// Levels of nesting in `extra` and `request_headers`.
const MOST_LEVELS: usize = 100;
const PROJECT_CHARS: usize = 100;
const TYPE_CHARS: usize = 200;

/// A report as clients send it.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(expecting = "a JSON object")]
#[schema(as = Report)]
pub(super) struct ReportBody<'a> {
    /// 1 to 100 characters.
    #[serde(borrow, default)]
    #[schema(value_type = String, example = "shop")]
    project: Option<Text<'a>>,
    /// 1 to 200 characters.
    #[serde(borrow, default)]
    #[schema(value_type = String, example = "KeyError")]
    exception_type: Option<Text<'a>>,
    #[serde(borrow, default)]
    #[schema(value_type = String)]
    message: Option<Text<'a>>,
    /// May be empty.
    #[serde(borrow, default)]
    #[schema(value_type = String)]
    traceback: Option<Text<'a>>,
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    environment: Option<Scalar<'a>>,
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    release: Option<Scalar<'a>>,
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    request_url: Option<Text<'a>>,
    /// `BROWSER` marks reports from browsers.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    request_method: Option<Text<'a>>,
    #[serde(borrow, default)]
    #[schema(value_type = Option<std::collections::BTreeMap<String, String>>)]
    request_headers: Option<&'a RawValue>,
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    user_id: Option<Scalar<'a>>,
    /// Any JSON; `session_id` in it makes the report part of a session.
    #[serde(borrow, default)]
    #[schema(value_type = Option<serde_json::Value>)]
    extra: Option<&'a RawValue>,
    /// The client's clock; kept within reason.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    timestamp: Option<Scalar<'a>>,
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    level: Option<Text<'a>>,
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    trace_id: Option<Text<'a>>,
    /// Replaces the computed place in the grouping; `{{ default }}` stands for it.
    #[serde(default)]
    fingerprint: Option<Vec<String>>,
    /// A repeat within seven days is counted once.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    event_id: Option<Scalar<'a>>,
}

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
    let report = read_report(&app.gate.read_body(request).await?.bytes, Timestamp::now())?;
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
    let Batch {
        mut reports,
        rejected,
    } = read_batch(&app.gate.read_body(request).await?, Timestamp::now())?;
    let mut results = Vec::with_capacity(reports.len() + rejected.len());
    while !reports.is_empty() {
        let rest = reports.split_off(reports.len().min(REPORTS_PER_JOB));
        let counted = app.flusher.submit(reports).await?;
        results.extend(
            counted
                .iter()
                .map(|counted| BatchResult::Accepted(Accepted::new(counted))),
        );
        reports = rest;
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

/// A batch that has been read.
struct Batch {
    reports: Vec<Report>,
    /// The places of the others, with what is wrong with them.
    rejected: Vec<(usize, Problem)>,
}

fn read_batch(body: &WholeBody, now: Timestamp) -> Result<Batch, Problem> {
    let bodies: Vec<&RawValue> = body.json()?;
    if bodies.len() > MOST_REPORTS {
        return Err(Problem::bad_request(format!(
            "at most {MOST_REPORTS} reports at once"
        )));
    }
    let mut reports = Vec::with_capacity(bodies.len());
    let mut rejected = Vec::new();
    for (index, raw) in bodies.into_iter().enumerate() {
        match read_report(raw.get().as_bytes(), now) {
            Ok(report) => reports.push(report),
            Err(problem) => rejected.push((index, problem)),
        }
    }
    Ok(Batch { reports, rejected })
}

fn read_report(json: &[u8], now: Timestamp) -> Result<Report, Problem> {
    // From an array serde would take the members in their order.
    let text = json.strip_prefix(b"\xef\xbb\xbf").unwrap_or(json);
    if text.trim_ascii_start().starts_with(b"[") {
        return Err(Problem::bad_request(
            "a report must be a JSON object, not an array",
        ));
    }
    parse_json::<ReportBody<'_>>(json)?.into_report(now)
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

impl ReportBody<'_> {
    fn into_report(self, now: Timestamp) -> Result<Report, Problem> {
        let project = required(self.project, "project", PROJECT_CHARS)?;
        let exception_type = required(self.exception_type, "exception_type", TYPE_CHARS)?;
        let message = present(self.message, "message")?;
        let traceback = present(self.traceback, "traceback")?;
        for (name, raw) in [("extra", self.extra), ("request_headers", self.request_headers)] {
            if raw.is_some_and(|raw| nesting(raw.get()) > MOST_LEVELS) {
                return Err(Problem::bad_request(format!(
                    "{name}: nested deeper than {MOST_LEVELS} levels"
                )));
            }
        }
        if self
            .request_headers
            .is_some_and(|raw| !raw.get().starts_with('{'))
        {
            return Err(Problem::bad_request("request_headers: must be an object"));
        }
        let session_id = self.extra.and_then(session_of);
        let request_method = optional(self.request_method.map(|text| text.0), 20);
        let source = match request_method.as_deref() {
            Some("BROWSER") => Source::Browser,
            _ => Source::Server,
        };
        let occurrence = Occurrence {
            level: optional(self.level.map(|text| text.0), 20).map(|level| level.to_lowercase()),
            environment: optional(self.environment.map(|text| text.0), 100),
            release: optional(self.release.map(|text| text.0), 200),
            request_url: optional(self.request_url.map(|text| text.0), 2_000),
            request_method,
            request_headers: self.request_headers,
            user_id: optional(self.user_id.map(|text| text.0), 200),
            trace_id: optional(self.trace_id.map(|text| text.0), 100),
            session_id: optional(session_id.map(|text| text.0), 200),
            extra: self.extra,
            message,
            traceback,
        };
        let (message, traceback) = (&occurrence.message, &occurrence.traceback);
        let location = fingerprint::locate_outside(traceback, message);
        Ok(Report {
            fingerprint: fingerprint::fingerprint_at(
                &project,
                &exception_type,
                message,
                location.as_ref(),
                self.fingerprint.as_deref(),
            ),
            culprit: location
                .as_ref()
                .map(|location| cut(&fingerprint::culprit(location), 300)),
            summary: cut(message, SUMMARY_CHARS),
            level: occurrence.level.clone(),
            environment: occurrence.environment.clone(),
            release: occurrence.release.clone(),
            source,
            session: occurrence.session_id.as_ref().map(|id| digest(&[id])),
            event: optional(self.event_id.map(|text| text.0), usize::MAX).map(|id| digest(&[&project, &id])),
            at: believable(self.timestamp.and_then(|text| read_time(&text.0)), now),
            body: occurrence.pack().map_err(|_| Problem::internal())?,
            project: project.into_owned(),
            exception_type: exception_type.into_owned(),
        })
    }
}

fn required<'a>(text: Option<Text<'a>>, name: &str, most_chars: usize) -> Result<Cow<'a, str>, Problem> {
    let text = present(text, name)?;
    if text.trim().is_empty() {
        return Err(Problem::bad_request(format!("Missing required field: {name}")));
    }
    if text.chars().count() > most_chars {
        return Err(Problem::bad_request(format!(
            "{name}: longer than {most_chars} characters"
        )));
    }
    Ok(text)
}

fn present<'a>(text: Option<Text<'a>>, name: &str) -> Result<Cow<'a, str>, Problem> {
    let text = text
        .ok_or_else(|| Problem::bad_request(format!("Missing required field: {name}")))?
        .0;
    Ok(without_nul(text))
}

/// What is blank counts as absent; what is over-long is cut with a mark.
fn optional(text: Option<Cow<'_, str>>, most_chars: usize) -> Option<String> {
    let text = without_nul(text?);
    let trimmed = text.trim();
    (!trimmed.is_empty()).then(|| cut(trimmed, most_chars))
}

/// SQL functions end a text at NUL, so none gets in.
fn without_nul(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\u{fffd}"))
    } else {
        text
    }
}

/// RFC 3339, or a number: seconds, or milliseconds when it is too large for seconds.
fn read_time(text: &str) -> Option<Timestamp> {
    if let Ok(time) = text.parse() {
        return Some(time);
    }
    let number: f64 = text.parse().ok().filter(|number: &f64| number.is_finite())?;
    let millis = if number.abs() < 1e11 {
        number * 1_000.0
    } else {
        number
    };
    Some(Timestamp::from_millis(millis as i64))
}

fn session_of(extra: &RawValue) -> Option<Scalar<'_>> {
    #[derive(Deserialize)]
    struct Extra<'a> {
        #[serde(borrow)]
        session_id: Option<Scalar<'a>>,
    }
    let text = extra.get();
    // Most reports have no session, and then a look is cheaper than a parser.
    memchr::memmem::find(text.as_bytes(), b"\"session_id\"")?;
    serde_json::from_str::<Extra<'_>>(text).ok()?.session_id
}

/// The deepest level of brackets outside strings. The text is valid JSON.
fn nesting(json: &str) -> usize {
    let (mut deepest, mut level, mut in_string, mut escaped) = (0_usize, 0_usize, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => {
                level += 1;
                deepest = deepest.max(level);
            }
            b'}' | b']' => level = level.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// A string, borrowed from the body where it has no escapes.
struct Text<'a>(Cow<'a, str>);

/// A string, or a number or boolean that a client did not quote.
struct Scalar<'a>(Cow<'a, str>);

struct TextVisitor {
    scalars: bool,
}

impl<'de> de::Visitor<'de> for TextVisitor {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
        if self.scalars {
            Ok(Cow::Owned(number.to_string()))
        } else {
            Err(E::invalid_type(de::Unexpected::Signed(number), &self))
        }
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
        if self.scalars {
            Ok(Cow::Owned(number.to_string()))
        } else {
            Err(E::invalid_type(de::Unexpected::Unsigned(number), &self))
        }
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Self::Value, E> {
        if self.scalars {
            Ok(Cow::Owned(number.to_string()))
        } else {
            Err(E::invalid_type(de::Unexpected::Float(number), &self))
        }
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Self::Value, E> {
        if self.scalars {
            Ok(Cow::Owned(value.to_string()))
        } else {
            Err(E::invalid_type(de::Unexpected::Bool(value), &self))
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_str(TextVisitor { scalars: false })
            .map(Self)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(TextVisitor { scalars: true })
            .map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_counts_brackets_outside_strings() {
        for (json, levels) in [
            ("1", 0),
            ("[]", 1),
            (r#"{"a":[1,{"b":2}]}"#, 3),
            (r#"["[[[","\"[["]"#, 1),
        ] {
            assert_eq!(nesting(json), levels, "{json}");
        }
    }

    #[test]
    fn times_are_read_as_text_or_number() {
        for (text, millis) in [
            ("2026-03-01T12:00:00Z", Some(1_772_366_400_000)),
            ("1772366400", Some(1_772_366_400_000)),
            ("1772366400.5", Some(1_772_366_400_500)),
            ("1772366400000", Some(1_772_366_400_000)),
            ("yesterday", None),
            ("NaN", None),
        ] {
            assert_eq!(read_time(text).map(Timestamp::millis), millis, "{text}");
        }
    }
}
