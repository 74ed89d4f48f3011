//! Server-sent events that end when the service stops.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderValue, header};
use http_body::Frame;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The event's type.
    pub name: &'static str,
    /// What `Last-Event-ID` brings back, if the stream can be resumed.
    pub id: Option<String>,
    /// One line of JSON.
    pub data: String,
}

impl Event {
    fn write(&self) -> Bytes {
        use std::fmt::Write as _;

        let mut text = String::with_capacity(self.data.len() + 48);
        let _ = writeln!(text, "event: {}", self.name);
        if let Some(id) = &self.id {
            let _ = writeln!(text, "id: {}", id.replace(['\n', '\r', '\0'], ""));
        }
        // Every line of the data has its own field, or the rest would be read as another field.
        for line in self.data.split(['\n', '\r']) {
            let _ = writeln!(text, "data: {line}");
        }
        text.push('\n');
        text.into()
    }
}

/// Answers with the events of `events` until the channel closes or `stop` is cancelled; then one
/// last `close` event says why. The bounded channel is the back-pressure: its sender decides what
/// becomes of a reader that is too slow.
pub fn respond(events: mpsc::Receiver<Event>, stop: CancellationToken) -> Response {
    let stopped = Box::pin(stop.cancelled_owned());
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/event-stream"),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        // nginx would collect the events otherwise.
        (
            header::HeaderName::from_static("x-accel-buffering"),
            HeaderValue::from_static("no"),
        ),
    ];
    (
        headers,
        Body::new(EventBody {
            events,
            stopped,
            ended: false,
        }),
    )
        .into_response()
}

struct EventBody {
    events: mpsc::Receiver<Event>,
    stopped: Pin<Box<dyn Future<Output = ()> + Send>>,
    ended: bool,
}

impl http_body::Body for EventBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        if let Poll::Ready(event) = self.events.poll_recv(cx) {
            self.ended = event.is_none();
            return Poll::Ready(event.map(|event| Ok(Frame::data(event.write()))));
        }
        if self.stopped.as_mut().poll(cx).is_ready() {
            self.ended = true;
            let close = Event {
                name: "close",
                id: None,
                data: r#"{"reason":"the service is stopping"}"#.to_owned(),
            };
            return Poll::Ready(Some(Ok(Frame::data(close.write()))));
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test]
    async fn events_are_written_and_a_stop_closes_the_stream() {
        let (sender, events) = mpsc::channel(4);
        let stop = CancellationToken::new();
        let mut body = respond(events, stop.clone()).into_body();
        sender
            .send(Event {
                name: "log",
                id: Some("7\n8".into()),
                data: "{\"a\":\n1}".into(),
            })
            .await
            .unwrap();

        let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(
            std::str::from_utf8(&first).unwrap(),
            "event: log\nid: 78\ndata: {\"a\":\ndata: 1}\n\n"
        );

        stop.cancel();
        let last = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert!(last.starts_with(b"event: close\n"));
        assert!(body.frame().await.is_none());
    }
}
