//! A browser's error, and the report that the error tracker gets of it.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use shared::clock::{DAY_MS, Timestamp};
use shared::http::body::text::{Scalar, Text};

use crate::mask::{mask, mask_json};
use crate::unminify::{FrameReport, Unminified};

/// What the tracker takes of one report is 256 KiB unless it was told otherwise.
const REPORT_BYTES: usize = 240 << 10;
const TYPE_CHARS: usize = 200;
/// Message and stack are cut to this only when nothing else makes the report small enough.
const CUT_TEXT_BYTES: usize = 16 << 10;
const ID_CHARS: usize = 200;
/// Levels of nesting in `context` and `breadcrumbs`; the tracker takes 100 around them.
const MOST_LEVELS: usize = 90;
/// A browser's clock is believed so far ahead of ours and so far back.
const MOST_AHEAD_MS: i64 = 60_000;
const MOST_BEHIND_MS: i64 = 7 * DAY_MS;

/// An error as browsers send it.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(expecting = "a JSON object")]
#[schema(as = BrowserError)]
pub(crate) struct ErrorBody<'a> {
    /// Such as `TypeError`; `Error` unless given.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>, example = "TypeError")]
    r#type: Option<Text<'a>>,
    #[serde(borrow, default)]
    #[schema(value_type = String)]
    message: Option<Text<'a>>,
    /// As the browser gives it.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    stack: Option<Text<'a>>,
    /// Of the page.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    url: Option<Text<'a>>,
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    user_agent: Option<Text<'a>>,
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    session_id: Option<Scalar<'a>>,
    /// Which source maps fit.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    release: Option<Scalar<'a>>,
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    environment: Option<Scalar<'a>>,
    /// RFC 3339, or milliseconds since the epoch.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    timestamp: Option<Scalar<'a>>,
    /// Any JSON; `user_id` in it tells who was hit.
    #[serde(borrow, default)]
    #[schema(value_type = Option<serde_json::Value>)]
    context: Option<&'a RawValue>,
    /// Any JSON: what happened before.
    #[serde(borrow, default)]
    #[schema(value_type = Option<serde_json::Value>)]
    breadcrumbs: Option<&'a RawValue>,
    /// A repeat within seven days is counted once.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    event_id: Option<Scalar<'a>>,
    /// Which script carries which debug id.
    #[serde(borrow, default)]
    debug_meta: Option<DebugMeta<'a>>,
}

/// Which script carries which debug id.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(expecting = "an object")]
struct DebugMeta<'a> {
    #[serde(borrow, default)]
    images: Vec<Image<'a>>,
}

/// A script and its debug id.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(expecting = "an object")]
struct Image<'a> {
    /// The script's URL, as in the stack.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    code_file: Option<Text<'a>>,
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    debug_id: Option<Text<'a>>,
}

/// An error that was checked and holds no secrets in its URLs.
#[derive(Debug)]
pub(crate) struct BrowserError {
    pub(crate) stack: String,
    pub(crate) release: Option<String>,
    /// By the URL of the script.
    pub(crate) debug_ids: HashMap<String, String>,
    kind: String,
    message: String,
    url: Option<String>,
    user_agent: Option<String>,
    session_id: Option<String>,
    environment: Option<String>,
    /// As the browser wrote it.
    timestamp: Option<String>,
    user_id: Option<String>,
    context: Option<Value>,
    breadcrumbs: Option<Value>,
    event_id: Option<String>,
}

impl ErrorBody<'_> {
    /// Checks the members and masks the secrets.
    ///
    /// # Errors
    /// What is missing or cannot be, for the client.
    pub(crate) fn checked(self) -> Result<BrowserError, String> {
        let message = self.message.ok_or("Missing required field: message")?;
        let context = read_json("context", self.context)?;
        let user_id = context
            .as_ref()
            .and_then(|context| match context.get("user_id")? {
                Value::String(id) => Some(id.clone()),
                Value::Number(id) => Some(id.to_string()),
                _ => None,
            });
        let kind = self.r#type.map(|kind| mask(&kind.0).trim().to_owned());
        let images = self.debug_meta.map(|meta| meta.images).unwrap_or_default();
        let masked = |text: Option<Text<'_>>| text.map(|text| mask(&text.0).into_owned());
        let scalar = |text: Option<Scalar<'_>>| {
            text.map(|text| text.0.trim().to_owned())
                .filter(|text| !text.is_empty())
        };
        Ok(BrowserError {
            stack: masked(self.stack).unwrap_or_default(),
            release: scalar(self.release),
            debug_ids: images
                .into_iter()
                .filter_map(|image| {
                    Some((
                        mask(&image.code_file?.0).into_owned(),
                        image.debug_id?.0.into_owned(),
                    ))
                })
                .collect(),
            kind: match kind {
                Some(kind) if !kind.is_empty() => cut(&kind, TYPE_CHARS),
                _ => "Error".into(),
            },
            message: mask(&message.0).into_owned(),
            url: masked(self.url),
            user_agent: self.user_agent.map(|text| text.0.into_owned()),
            session_id: scalar(self.session_id),
            environment: scalar(self.environment),
            timestamp: scalar(self.timestamp),
            user_id,
            context,
            breadcrumbs: read_json("breadcrumbs", self.breadcrumbs)?,
            event_id: scalar(self.event_id).map(|id| cut(&id, ID_CHARS)),
        })
    }
}

fn read_json(name: &str, raw: Option<&RawValue>) -> Result<Option<Value>, String> {
    let Some(raw) = raw.map(RawValue::get).filter(|text| *text != "null") else {
        return Ok(None);
    };
    let too_deep = || format!("{name}: nested deeper than {MOST_LEVELS} levels");
    let mut value: Value = serde_json::from_str(raw).map_err(|_| too_deep())?;
    if levels(&value) > MOST_LEVELS {
        return Err(too_deep());
    }
    mask_json(&mut value);
    Ok(Some(value))
}

fn levels(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(levels).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(levels).max().unwrap_or(0),
        _ => 0,
    }
}

fn cut(text: &str, most_chars: usize) -> String {
    match text.char_indices().nth(most_chars) {
        Some(_) => text.chars().take(most_chars - 1).chain(['…']).collect(),
        None => text.to_owned(),
    }
}

fn cut_bytes(text: &str, most: usize) -> Cow<'_, str> {
    if text.len() <= most {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("{}…", &text[..text.floor_char_boundary(most)]))
}

/// A report as the error tracker takes it.
#[derive(Serialize)]
struct Report<'a> {
    project: &'a str,
    exception_type: &'a str,
    message: Cow<'a, str>,
    traceback: Cow<'a, str>,
    request_method: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    release: Option<&'a str>,
    timestamp: Timestamp,
    event_id: &'a str,
    extra: Extra<'a>,
}

#[derive(Serialize)]
struct Extra<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    breadcrumbs: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<&'a Value>,
    #[serde(skip_serializing_if = "<[FrameReport]>::is_empty")]
    frames: &'a [FrameReport],
    /// What was left out to make the report small enough.
    #[serde(skip_serializing_if = "<[&str]>::is_empty")]
    trimmed: &'a [&'static str],
}

/// What is left out, one after the other, until a report is small enough.
const TRIMMED: [&str; 3] = [
    "source context",
    "breadcrumbs and context",
    "the end of message and stack",
];

impl BrowserError {
    /// The report's JSON. `new_id` stands for an `event_id` that the browser did not give.
    pub(crate) fn to_report(
        &self,
        project: &str,
        mut unminified: Unminified,
        now: Timestamp,
        new_id: &str,
    ) -> serde_json::Result<String> {
        let mut json = self.write(project, &unminified, now, new_id, 0)?;
        for trimmed in 1..=TRIMMED.len() {
            if json.len() <= REPORT_BYTES {
                break;
            }
            if trimmed == 1 {
                unminified
                    .frames
                    .iter_mut()
                    .for_each(FrameReport::leave_context_out);
            }
            json = self.write(project, &unminified, now, new_id, trimmed)?;
        }
        Ok(json)
    }

    fn write(
        &self,
        project: &str,
        unminified: &Unminified,
        now: Timestamp,
        new_id: &str,
        trimmed: usize,
    ) -> serde_json::Result<String> {
        let has_all = trimmed < 2;
        let text_bytes = if trimmed < 3 { usize::MAX } else { CUT_TEXT_BYTES };
        let mut json = Vec::with_capacity(self.likely_bytes(unminified));
        let report = Report {
            project,
            exception_type: &self.kind,
            message: cut_bytes(&self.message, text_bytes),
            traceback: cut_bytes(&unminified.stack, text_bytes),
            request_method: "BROWSER",
            request_url: self.url.as_deref(),
            user_id: self.user_id.as_deref(),
            environment: self.environment.as_deref(),
            release: self.release.as_deref(),
            timestamp: self.when(now),
            event_id: self.event_id.as_deref().unwrap_or(new_id),
            extra: Extra {
                user_agent: self.user_agent.as_deref(),
                session_id: self.session_id.as_deref(),
                timestamp: self.timestamp.as_deref(),
                breadcrumbs: self.breadcrumbs.as_ref().filter(|_| has_all),
                context: self.context.as_ref().filter(|_| has_all),
                frames: if trimmed < 3 { &unminified.frames } else { &[] },
                trimmed: &TRIMMED[..trimmed],
            },
        };
        serde_json::to_writer(&mut json, &report)?;
        json.shrink_to_fit();
        String::from_utf8(json).map_err(serde::ser::Error::custom)
    }

    /// To grow the text step by step, and copy it at each, costs more than some room that is not used.
    fn likely_bytes(&self, unminified: &Unminified) -> usize {
        const FRAME_BYTES: usize = 250;
        const OTHER_BYTES: usize = 2_500;
        unminified.stack.len() * 5 / 4
            + self.message.len()
            + unminified.frames.len() * FRAME_BYTES
            + OTHER_BYTES
    }

    /// The browser's time if it can be, else ours: a report may wait for hours before the tracker sees it.
    fn when(&self, now: Timestamp) -> Timestamp {
        let told = self.timestamp.as_deref().and_then(read_time);
        told.filter(|told| {
            let ahead = told.millis().saturating_sub(now.millis());
            (-MOST_BEHIND_MS..=MOST_AHEAD_MS).contains(&ahead)
        })
        .unwrap_or(now)
    }
}

/// RFC 3339, or milliseconds since the epoch.
pub(crate) fn read_time(text: &str) -> Option<Timestamp> {
    if let Ok(time) = text.parse() {
        return Some(time);
    }
    let millis: f64 = text.parse().ok().filter(|number: &f64| number.is_finite())?;
    Some(Timestamp::from_millis(millis as i64))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp::MAX;

    fn report(body: &Value) -> Value {
        let text = body.to_string();
        let body: ErrorBody<'_> = serde_json::from_str(&text).unwrap();
        let error = body.checked().unwrap();
        let unminified = crate::unminify::unminify(&error.stack, |_| Err("no map".into()));
        serde_json::from_str(&error.to_report("shop", unminified, now(), "new-id").unwrap()).unwrap()
    }

    fn now() -> Timestamp {
        "2026-03-01T12:00:00.000Z".parse().unwrap()
    }

    #[test]
    fn a_report_says_what_the_browser_said_without_its_secrets() {
        let report = report(&json!({
            "type": "TypeError", "message": "GET /a?token=1 failed", "stack": "at nothing",
            "url": "https://x.io/p?sid=1#access_token=2", "user_agent": "UA", "session_id": 7, "release": "1.2",
            "environment": "production", "timestamp": "2026-03-01T11:59:58.500Z",
            "context": {"user_id": 42, "next": "/b?key=1"}, "breadcrumbs": [{"url": "/c?pwd=1"}], "event_id": "e1",
            "more": "ignored",
        }));

        let expected = json!({
            "project": "shop", "exception_type": "TypeError", "message": "GET /a?token=*** failed",
            "traceback": "at nothing", "request_method": "BROWSER", "request_url": "https://x.io/p?sid=***#***",
            "user_id": "42", "environment": "production", "release": "1.2", "timestamp": "2026-03-01T11:59:58.500Z",
            "event_id": "e1",
            "extra": {
                "user_agent": "UA", "session_id": "7", "timestamp": "2026-03-01T11:59:58.500Z",
                "breadcrumbs": [{"url": "/c?pwd=***"}], "context": {"user_id": 42, "next": "/b?key=***"},
            },
        });
        assert_eq!(report, expected);
    }

    #[test]
    fn a_message_is_all_that_is_needed() {
        let report = report(&json!({"message": "", "type": "  ", "context": null}));

        let expected = json!({
            "project": "shop", "exception_type": "Error", "message": "", "traceback": "", "request_method": "BROWSER",
            "timestamp": "2026-03-01T12:00:00.000Z", "event_id": "new-id", "extra": {},
        });
        assert_eq!(report, expected);
        let none: ErrorBody<'_> = serde_json::from_str("{}").unwrap();
        assert_eq!(
            none.checked().expect_err("no message"),
            "Missing required field: message"
        );
    }

    #[test]
    fn a_clock_that_cannot_be_is_not_believed() {
        for (told, kept) in [
            (json!("2026-03-01T12:00:30Z"), "2026-03-01T12:00:30.000Z"),
            (json!(1_772_366_399_000_i64), "2026-03-01T11:59:59.000Z"),
            (json!("2026-03-01T12:02:00Z"), "2026-03-01T12:00:00.000Z"),
            (json!("1970-01-01T00:00:00Z"), "2026-03-01T12:00:00.000Z"),
            (json!("yesterday"), "2026-03-01T12:00:00.000Z"),
        ] {
            let report = report(&json!({"message": "m", "timestamp": told}));
            assert_eq!(report["timestamp"], kept, "{told}");
        }
        assert!(NOW > now());
    }

    #[test]
    fn json_that_is_too_deep_is_refused_by_name() {
        for levels in [91, 5_000] {
            let text = format!(
                r#"{{"message":"m","context":{}1{}}}"#,
                "[".repeat(levels),
                "]".repeat(levels)
            );
            // Deeper than the parser goes, the whole body is refused.
            let Ok(body) = serde_json::from_str::<ErrorBody<'_>>(&text) else {
                continue;
            };
            let detail = body.checked().expect_err("too deep");
            assert_eq!(detail, "context: nested deeper than 90 levels");
        }
    }

    #[test]
    fn a_report_is_trimmed_step_by_step_until_the_tracker_takes_it() {
        let text = |bytes: usize| "x".repeat(bytes);
        let size = |body: &Value| {
            let report = report(body);
            (
                report.to_string().len() <= REPORT_BYTES,
                report["extra"]["trimmed"].clone(),
            )
        };
        let small = json!({"message": text(100_000), "stack": text(100_000)});
        assert_eq!(size(&small), (true, Value::Null));
        let crumbs = json!({"message": text(100_000), "breadcrumbs": [text(200_000)]});
        assert_eq!(
            size(&crumbs),
            (true, json!(["source context", "breadcrumbs and context"]))
        );
        let texts = json!({"message": text(300_000), "stack": "\u{1}".repeat(300_000)});
        assert_eq!(size(&texts), (true, json!(TRIMMED)));
    }

    #[test]
    fn debug_ids_are_found_by_script() {
        let text = json!({
            "message": "m",
            "debug_meta": {"images": [{"type": "sourcemap", "code_file": "https://x/a.js", "debug_id": "A-1"}, {"code_file": "b"}]},
        })
        .to_string();
        let body: ErrorBody<'_> = serde_json::from_str(&text).unwrap();

        let ids = body.checked().unwrap().debug_ids;
        assert_eq!(
            ids,
            HashMap::from([("https://x/a.js".to_owned(), "A-1".to_owned())])
        );
    }
}
