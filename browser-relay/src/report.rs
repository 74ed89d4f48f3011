//! The report that the error tracker gets of a browser's error.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;
use shared::clock::{DAY_MS, Timestamp};

use crate::browser_error::BrowserError;
use crate::browser_time::{MOST_AHEAD_MS, read_time};
use crate::unminify::{FrameReport, Unminified};

/// What the tracker takes of one report is 256 KiB unless it was told otherwise.
const REPORT_BYTES: usize = 240 << 10;
/// Message and stack are cut to this only when nothing else makes the report small enough.
const CUT_TEXT_BYTES: usize = 16 << 10;
/// A browser's clock is believed so far behind ours.
const MOST_BEHIND_MS: i64 = 7 * DAY_MS;

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
    breadcrumbs: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "<[FrameReport<'_>]>::is_empty")]
    frames: &'a [FrameReport<'a>],
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

impl BrowserError<'_> {
    /// The report's JSON, in the buffer. `new_id` stands for an `event_id` that the browser did not give.
    pub(crate) fn to_report(
        &self,
        project: &str,
        mut unminified: Unminified<'_>,
        now: Timestamp,
        new_id: &str,
        buffer: Vec<u8>,
    ) -> serde_json::Result<Vec<u8>> {
        let mut json = self.write(project, &unminified, now, new_id, 0, buffer)?;
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
            json = self.write(project, &unminified, now, new_id, trimmed, json)?;
        }
        Ok(json)
    }

    fn write(
        &self,
        project: &str,
        unminified: &Unminified<'_>,
        now: Timestamp,
        new_id: &str,
        trimmed: usize,
        mut buffer: Vec<u8>,
    ) -> serde_json::Result<Vec<u8>> {
        let has_all = trimmed < 2;
        let text_bytes = if trimmed < 3 { usize::MAX } else { CUT_TEXT_BYTES };
        buffer.clear();
        buffer.reserve(self.likely_bytes(unminified));
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
                breadcrumbs: self.breadcrumbs.as_deref().filter(|_| has_all),
                context: self.context.as_deref().filter(|_| has_all),
                frames: if trimmed < 3 { &unminified.frames } else { &[] },
                trimmed: &TRIMMED[..trimmed],
            },
        };
        serde_json::to_writer(&mut buffer, &report)?;
        Ok(buffer)
    }

    /// To grow the text step by step, and copy it at each, costs more than some room that is not used.
    fn likely_bytes(&self, unminified: &Unminified<'_>) -> usize {
        const FRAME_BYTES: usize = 250;
        const OTHER_BYTES: usize = 2_500;
        let lines = unminified.frames.iter().map(FrameReport::context_bytes);
        unminified.stack.len() * 5 / 4
            + self.message.len()
            + unminified.frames.len() * FRAME_BYTES
            + lines.sum::<usize>() * 9 / 8
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use std::collections::HashMap;

    use super::*;
    use crate::browser_error::ErrorBody;

    const NOW: Timestamp = Timestamp::MAX;

    fn report(body: &Value) -> Value {
        let text = body.to_string();
        let body: ErrorBody<'_> = serde_json::from_str(&text).unwrap();
        let error = body.checked().unwrap();
        let unminified = crate::unminify::unminify(&error.stack, |_| Err("no map".into()));
        let report = error.to_report("shop", unminified, now(), "new-id", Vec::new());
        serde_json::from_slice(&report.unwrap()).unwrap()
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
        assert_eq!(ids, HashMap::from([("https://x/a.js".into(), "A-1".into())]));
    }
}
