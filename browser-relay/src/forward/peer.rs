//! A peer on the wire: what is sent, and what its answer means.

use std::time::Duration;

use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::config::PeerAddress;

/// The longest answer that is read.
const ANSWER_BYTES: usize = 1 << 20;
/// A peer may ask for a pause of so long at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Where something goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Destination {
    ErrorTracker,
    MetricsCollector,
}

impl Destination {
    /// As it is stored.
    pub(crate) fn number(self) -> i64 {
        match self {
            Self::ErrorTracker => 0,
            Self::MetricsCollector => 1,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ErrorTracker => "error-tracker",
            Self::MetricsCollector => "metrics-collector",
        }
    }

    /// What is counted: reports or points.
    pub(crate) fn most_items(self) -> usize {
        match self {
            Self::ErrorTracker => 500,
            Self::MetricsCollector => 1_000,
        }
    }

    /// Below what the peers take by default: four times 256 KiB and 512 KiB.
    pub(crate) fn most_bytes(self) -> usize {
        match self {
            Self::ErrorTracker => 900 << 10,
            Self::MetricsCollector => 480 << 10,
        }
    }

    /// Whether what is sent twice counts twice unless it carries a key. Reports have ids of their own.
    pub(crate) fn needs_retry_key(self) -> bool {
        self == Self::MetricsCollector
    }

    fn path(self) -> &'static str {
        match self {
            Self::ErrorTracker => "/api/errors/batch",
            Self::MetricsCollector => "/api/metrics",
        }
    }
}

/// A service that takes what browsers send.
pub(crate) struct Peer {
    pub(crate) destination: Destination,
    url: String,
    key: HeaderValue,
    client: reqwest::Client,
}

/// What became of a batch.
#[derive(Debug)]
pub(crate) enum Reply {
    /// It is the peer's now.
    Taken(Taken),
    /// It never will be.
    Refused { status: StatusCode, detail: String },
    /// It may be later, and perhaps is already.
    Away(Away),
}

/// What the peer said of a batch that it took.
#[derive(Debug)]
pub(crate) enum Taken {
    /// Of each report its reply, or why it was rejected.
    Reports(Vec<Result<Box<RawValue>, String>>),
    /// The places of points that were rejected, and why.
    Points(Vec<(usize, String)>),
}

/// Why the peer did not take it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Away {
    /// Ends the sentence "The error tracker …".
    pub(crate) reason: String,
    /// The pause that it asked for.
    pub(crate) pause: Option<Duration>,
}

impl Away {
    pub(super) fn because(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            pause: None,
        }
    }
}

impl Peer {
    /// # Errors
    /// The key cannot stand in a header.
    pub(crate) fn new(
        destination: Destination,
        address: &PeerAddress,
        client: reqwest::Client,
    ) -> anyhow::Result<Self> {
        let mut key = HeaderValue::from_str(&address.api_key)?;
        key.set_sensitive(true);
        Ok(Self {
            destination,
            url: format!("{}{}", address.url, destination.path()),
            key,
            client,
        })
    }

    /// Sends `items` JSON values, which `body` holds separated by commas.
    pub(crate) async fn send(
        &self,
        body: &[u8],
        items: usize,
        retry_key: Option<&str>,
        limit: Duration,
    ) -> Reply {
        let mut array = Vec::with_capacity(body.len() + 2);
        array.push(b'[');
        array.extend_from_slice(body);
        array.push(b']');
        let mut request = self
            .client
            .post(&self.url)
            .timeout(limit)
            .header("x-api-key", self.key.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .body(array);
        if let Some(key) = retry_key {
            request = request.header("idempotency-key", key);
        }
        match request.send().await {
            Ok(response) => self.understand(response, items).await,
            Err(error) if error.is_timeout() => Reply::Away(Away::because("does not answer in time")),
            Err(_) => Reply::Away(Away::because("cannot be reached")),
        }
    }

    async fn understand(&self, mut response: reqwest::Response, items: usize) -> Reply {
        let status = response.status();
        let pause = pause(response.headers());
        let mut answer = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if answer.len() + chunk.len() <= ANSWER_BYTES => {
                    answer.extend_from_slice(&chunk)
                }
                Ok(None) => break,
                Ok(Some(_)) => return Reply::Away(Away::because("gives an answer that is too long")),
                Err(_) => return Reply::Away(Away::because("breaks off its answer")),
            }
        }
        match status {
            status if status.is_success() => match self.read(&answer, items) {
                Some(taken) => Reply::Taken(taken),
                None => Reply::Away(Away::because("gives an answer that cannot be read")),
            },
            StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNPROCESSABLE_ENTITY => {
                Reply::Refused {
                    status,
                    detail: detail(&answer),
                }
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Reply::Away(Away::because(format!(
                "does not accept the relay's key ({status})"
            ))),
            _ => Reply::Away(Away {
                reason: format!("answers {status}"),
                pause,
            }),
        }
    }

    fn read(&self, answer: &[u8], items: usize) -> Option<Taken> {
        match self.destination {
            Destination::ErrorTracker => read_results(answer)
                .filter(|results| results.len() == items)
                .map(Taken::Reports),
            Destination::MetricsCollector => read_accepted(answer).map(Taken::Points),
        }
    }
}

#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct Verdict {
    status: String,
    #[serde(default)]
    detail: String,
}

fn read_results(answer: &[u8]) -> Option<Vec<Result<Box<RawValue>, String>>> {
    #[derive(Deserialize)]
    struct Results {
        results: Vec<Box<RawValue>>,
    }
    let results: Results = serde_json::from_slice(answer).ok()?;
    let read = |raw: Box<RawValue>| {
        let verdict: Verdict = serde_json::from_str(raw.get()).ok()?;
        Some(match verdict.status.as_str() {
            "rejected" => Err(verdict.detail),
            _ => Ok(raw),
        })
    };
    results.results.into_iter().map(read).collect()
}

fn read_accepted(answer: &[u8]) -> Option<Vec<(usize, String)>> {
    #[derive(Deserialize)]
    struct Accepted {
        status: String,
        #[serde(default)]
        rejected: Vec<Rejected>,
    }
    #[derive(Deserialize)]
    struct Rejected {
        index: usize,
        #[serde(default)]
        detail: String,
    }
    let accepted: Accepted = serde_json::from_slice(answer).ok()?;
    (accepted.status == "accepted").then(|| {
        let rejected = accepted.rejected.into_iter();
        rejected
            .map(|rejected| (rejected.index, rejected.detail))
            .collect()
    })
}

/// What a problem says, cut to what a client can read.
fn detail(answer: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Problem {
        detail: String,
    }
    let problem: Option<Problem> = serde_json::from_slice(answer).ok();
    problem.map_or_else(
        || "the report was refused".into(),
        |problem| problem.detail.chars().take(300).collect(),
    )
}

fn pause(headers: &http::HeaderMap) -> Option<Duration> {
    let seconds = headers
        .get(header::RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_PAUSE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_the_tracker_is_read_or_is_none() {
        let results =
            read_results(br#"{"results":[{"status":"created","id":7},{"status":"rejected","detail":"no"}]}"#)
                .unwrap();

        assert_eq!(
            results[0].as_ref().unwrap().get(),
            r#"{"status":"created","id":7}"#
        );
        assert_eq!(results[1].as_ref().map(|_| ()), Err(&"no".to_owned()));
        for garbage in ["", "<html>", "[]", r#"{"results":[7]}"#, r#"{"results":[{}]}"#] {
            assert!(read_results(garbage.as_bytes()).is_none(), "{garbage}");
        }
    }

    #[test]
    fn an_answer_of_the_collector_is_read_or_is_none() {
        let rejected =
            read_accepted(br#"{"status":"accepted","count":1,"rejected":[{"index":3,"detail":"no"}]}"#);

        assert_eq!(rejected, Some(vec![(3, "no".into())]));
        for garbage in ["", "<html>", "{}", r#"{"status":"ok"}"#] {
            assert_eq!(read_accepted(garbage.as_bytes()), None, "{garbage}");
        }
    }
}
