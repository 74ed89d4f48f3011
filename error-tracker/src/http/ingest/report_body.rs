//! A report on the wire, and what it takes to become one of the domain.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use shared::clock::Timestamp;
use shared::http::Problem;

use super::kept_json;
use crate::fingerprint;
use crate::json_text::JsonText;
use crate::report::{Occurrence, Report, SUMMARY_CHARS, Source, believable, cut, digest};
use crate::storm::Storms;
use shared::http::body::text::{Scalar, Text};

const PROJECT_CHARS: usize = 100;
const TYPE_CHARS: usize = 200;

/// A report as clients send it.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(expecting = "a JSON object")]
#[schema(as = Report)]
pub(super) struct ReportBody<'a> {
    /// 1 to 100 characters.
    #[serde(borrow, default)]
    #[schema(required = true, value_type = String, example = "shop")]
    project: Option<Text<'a>>,
    /// 1 to 200 characters.
    #[serde(borrow, default)]
    #[schema(required = true, value_type = String, example = "KeyError")]
    exception_type: Option<Text<'a>>,
    #[serde(borrow, default)]
    #[schema(required = true, value_type = String)]
    message: Option<Text<'a>>,
    /// May be empty.
    #[serde(borrow, default)]
    #[schema(required = true, value_type = String)]
    traceback: Option<JsonText<'a>>,
    #[serde(borrow, default)]
    #[schema(value_type = Scalar<'static>, required = false)]
    environment: Option<Scalar<'a>>,
    #[serde(borrow, default)]
    #[schema(value_type = Scalar<'static>, required = false)]
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
    #[schema(value_type = Scalar<'static>, required = false)]
    user_id: Option<Scalar<'a>>,
    /// Any JSON; `session_id` in it makes the report part of a session.
    #[serde(borrow, default)]
    #[schema(value_type = Option<serde_json::Value>)]
    extra: Option<&'a RawValue>,
    /// The client's clock; kept within reason.
    #[serde(borrow, default)]
    #[schema(value_type = Scalar<'static>, required = false)]
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
    #[schema(value_type = Scalar<'static>, required = false)]
    event_id: Option<Scalar<'a>>,
}

impl ReportBody<'_> {
    /// Checks the fields, cuts what is over-long and packs what is kept.
    pub(super) fn into_report(self, now: Timestamp, storms: &Storms) -> Result<Report, Problem> {
        let project = required(self.project, "project", PROJECT_CHARS)?;
        let exception_type = required(self.exception_type, "exception_type", TYPE_CHARS)?;
        let message = present(self.message, "message")?;
        let traceback = self.traceback.ok_or_else(|| missing("traceback"))?;
        kept_json::check("extra", self.extra)?;
        kept_json::check("request_headers", self.request_headers)?;
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
        let message = &occurrence.message;
        let location = fingerprint::locate_outside(occurrence.traceback.as_str(), message);
        let fingerprint = fingerprint::fingerprint_at(
            &project,
            &exception_type,
            message,
            location.as_ref(),
            self.fingerprint.as_deref(),
        );
        let body = if storms.hold(fingerprint) {
            occurrence.pack_later()
        } else {
            occurrence.pack()
        };
        Ok(Report {
            fingerprint,
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
            body: body.map_err(|_| Problem::internal())?,
            project: project.into_owned(),
            exception_type: exception_type.into_owned(),
        })
    }
}

fn required<'a>(text: Option<Text<'a>>, name: &str, most_chars: usize) -> Result<Cow<'a, str>, Problem> {
    let text = present(text, name)?;
    if text.trim().is_empty() {
        return Err(missing(name));
    }
    if text.chars().count() > most_chars {
        return Err(Problem::bad_request(format!(
            "{name}: longer than {most_chars} characters"
        )));
    }
    Ok(text)
}

fn present<'a>(text: Option<Text<'a>>, name: &str) -> Result<Cow<'a, str>, Problem> {
    let text = text.ok_or_else(|| missing(name))?.0;
    Ok(without_nul(text))
}

fn missing(name: &str) -> Problem {
    Problem::bad_request(format!("Missing required field: {name}"))
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

#[cfg(test)]
mod tests {
    use super::*;

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
