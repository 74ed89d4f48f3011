//! Server-sent events that end when the service stops.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
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

/// Into the stream of one reader. Clones lead to the same stream.
#[derive(Debug, Clone)]
pub struct EventSender {
    queue: mpsc::UnboundedSender<Bytes>,
    waiting_bytes: Arc<AtomicUsize>,
    capacity_bytes: usize,
}

/// Out of the stream; what [`respond`] takes.
#[derive(Debug)]
pub struct EventReceiver {
    queue: mpsc::UnboundedReceiver<Bytes>,
    waiting_bytes: Arc<AtomicUsize>,
}

/// A stream for a reader for whom at most `capacity_bytes` are kept; a single larger event passes when nothing waits.
#[must_use]
pub fn channel(capacity_bytes: usize) -> (EventSender, EventReceiver) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let waiting_bytes = Arc::<AtomicUsize>::default();
    (
        EventSender {
            queue: sender,
            waiting_bytes: Arc::clone(&waiting_bytes),
            capacity_bytes,
        },
        EventReceiver {
            queue: receiver,
            waiting_bytes,
        },
    )
}

impl EventSender {
    /// Hands an event over; false when too much waits already, and then the event is dropped.
    #[must_use]
    pub fn send(&self, event: &Event) -> bool {
        let bytes = event.write();
        let size = bytes.len();
        let reserved = self
            .waiting_bytes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |waiting| {
                (waiting == 0 || waiting + size <= self.capacity_bytes).then_some(waiting + size)
            });
        reserved.is_ok() && self.queue.send(bytes).is_ok()
    }

    /// Whether half of the room is taken.
    #[must_use]
    pub fn is_filling(&self) -> bool {
        self.waiting_bytes.load(Ordering::Relaxed) > self.capacity_bytes / 2
    }

    /// Whether the reader has gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.queue.is_closed()
    }

    /// Waits until the reader has gone.
    pub async fn closed(&self) {
        self.queue.closed().await;
    }
}

/// Answers with the events of `events` until every sender is gone or `stop` is cancelled; then one
/// last `close` event says why.
pub fn respond(events: EventReceiver, stop: CancellationToken) -> Response {
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
    events: EventReceiver,
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
        if let Poll::Ready(event) = self.events.queue.poll_recv(cx) {
            self.ended = event.is_none();
            if let Some(bytes) = &event {
                self.events
                    .waiting_bytes
                    .fetch_sub(bytes.len(), Ordering::Relaxed);
            }
            return Poll::Ready(event.map(|bytes| Ok(Frame::data(bytes))));
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
        let (sender, events) = channel(1_024);
        let stop = CancellationToken::new();
        let mut body = respond(events, stop.clone()).into_body();
        assert!(sender.send(&Event {
            name: "log",
            id: Some("7\n8".into()),
            data: "{\"a\":\n1}".into(),
        }));

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

    #[tokio::test]
    async fn a_reader_who_is_slow_makes_events_drop_and_no_memory_grow() {
        let event = Event {
            name: "log",
            id: None,
            data: "x".repeat(100),
        };
        let (sender, events) = channel(250);
        let mut body = respond(events, CancellationToken::new()).into_body();

        let sent: Vec<bool> = (0..4).map(|_| sender.send(&event)).collect();
        assert_eq!(sent, [true, true, false, false]);

        for _ in 0..2 {
            body.frame().await.unwrap().unwrap();
        }
        let large = Event {
            data: "x".repeat(1_000),
            ..event.clone()
        };
        assert!(
            sender.send(&large),
            "one that is too large for the buffer passes alone"
        );
        assert!(!sender.send(&event));
        drop(body);
        assert!(sender.is_closed());
    }
}
