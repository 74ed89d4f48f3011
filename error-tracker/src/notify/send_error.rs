//! Why a message was not taken, in words that an operator may see.
//!
//! The text never holds a key, a webhook's address, a recipient or what a server wrote:
//! it goes to the log and to the page of the test alert.

use std::error::Error;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// A message was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SendError {
    /// Sending the same message again cannot help.
    #[error("{reason}")]
    Permanent { reason: String },
    /// Later it may be taken.
    #[error("{reason}")]
    Temporary {
        reason: String,
        retry_after: Option<Duration>,
    },
}

impl SendError {
    pub(super) fn permanent(reason: impl Into<String>) -> Self {
        Self::Permanent {
            reason: reason.into(),
        }
    }

    pub(super) fn temporary(reason: impl Into<String>) -> Self {
        Self::Temporary {
            reason: reason.into(),
            retry_after: None,
        }
    }

    /// Whether it is no use to try again.
    pub(crate) fn is_permanent(&self) -> bool {
        matches!(self, Self::Permanent { .. })
    }

    /// The wait that the other side asked for.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Permanent { .. } => None,
            Self::Temporary { retry_after, .. } => *retry_after,
        }
    }

    /// From an HTTP answer that is no success. `code` is the service's own number for the fault.
    pub(super) fn from_status(who: &str, status: StatusCode, headers: &HeaderMap, code: Option<i64>) -> Self {
        let mut reason = format!("{who} answered HTTP {}", status.as_u16());
        if let Some(code) = code {
            reason += &format!(", error code {code}");
        }
        if status.is_redirection() {
            return Self::permanent(reason + ": a redirect, and those are not followed");
        }
        let may_pass = status.is_server_error()
            || matches!(
                status,
                StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS
            );
        if may_pass {
            Self::Temporary {
                reason,
                retry_after: retry_after(headers),
            }
        } else {
            Self::permanent(reason)
        }
    }

    /// From an HTTP request that got no answer.
    pub(super) fn from_transport(who: &str, error: &reqwest::Error) -> Self {
        let what = if error.is_timeout() {
            "did not answer in time".to_owned()
        } else if error.is_connect() {
            format!("cannot be reached: {}", root_cause(error))
        } else {
            format!("broke off: {}", root_cause(error))
        };
        Self::temporary(format!("{who} {what}"))
    }
}

/// The innermost error. The outer ones of reqwest and lettre repeat addresses; this one is of
/// the system or of the TLS library, such as "Connection refused (os error 111)".
pub(super) fn root_cause(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    // An error that is reqwest's own to the bottom writes its address.
    if cause.is::<reqwest::Error>() {
        "the request failed".to_owned()
    } else {
        cause.to_string()
    }
}

/// Seconds, with or without a fraction. The other form, a date, is rare and our own wait will do.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: f64 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(status: u16, retry_after: Option<&str>) -> SendError {
        let mut headers = HeaderMap::new();
        if let Some(value) = retry_after {
            headers.insert(RETRY_AFTER, value.parse().unwrap());
        }
        SendError::from_status(
            "the webhook",
            StatusCode::from_u16(status).unwrap(),
            &headers,
            None,
        )
    }

    #[test]
    fn a_status_says_whether_another_try_can_help() {
        for (status, permanent) in [
            (301, true),
            (400, true),
            (401, true),
            (404, true),
            (408, false),
            (410, true),
            (422, true),
            (429, false),
            (500, false),
            (503, false),
        ] {
            assert_eq!(from(status, None).is_permanent(), permanent, "{status}");
        }
    }

    #[test]
    fn a_wait_that_was_asked_for_is_read_in_seconds() {
        for (value, seconds) in [
            ("7", Some(7.0)),
            ("0.5", Some(0.5)),
            ("-1", None),
            ("NaN", None),
            ("1e300", None),
            ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ] {
            let error = from(429, Some(value));
            assert_eq!(
                error.retry_after().map(|wait| wait.as_secs_f64()),
                seconds,
                "{value}"
            );
        }
        assert_eq!(from(404, Some("7")).retry_after(), None);
    }

    #[test]
    fn the_words_name_the_status_and_the_code() {
        let error = SendError::from_status(
            "Postmark",
            StatusCode::UNPROCESSABLE_ENTITY,
            &HeaderMap::new(),
            Some(300),
        );

        assert_eq!(error.to_string(), "Postmark answered HTTP 422, error code 300");
    }
}
