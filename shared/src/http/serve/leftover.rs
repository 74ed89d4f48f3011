//! The part of a request's body that its handler did not want.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

/// No client is listened to for longer, or for more, once its answer is out.
const PATIENCE: Duration = Duration::from_secs(10);
const MOST_BYTES: usize = 64 << 20;

/// A body that comes back when it is dropped before its end.
pub(super) struct Recoverable {
    incoming: Option<Incoming>,
    leftover: Leftover,
}

/// Where the body comes back to.
#[derive(Clone, Default)]
pub(super) struct Leftover(Option<Arc<Mutex<Option<Incoming>>>>);

impl Recoverable {
    pub(super) fn wrap(incoming: Incoming) -> (Body, Leftover) {
        if incoming.is_end_stream() {
            return (Body::empty(), Leftover(None));
        }
        let leftover = Leftover(Some(Arc::default()));
        (
            Body::new(Self {
                incoming: Some(incoming),
                leftover: leftover.clone(),
            }),
            leftover,
        )
    }
}

impl Leftover {
    /// Reads the rest and forgets it, so that the client can finish sending and read its answer.
    pub(super) fn discard_in_background(self) {
        let Some(slot) = self.0 else { return };
        let Some(mut incoming) = slot.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return;
        };
        tokio::spawn(async move {
            let discard = async {
                let mut bytes = 0;
                while let Some(Ok(frame)) = incoming.frame().await {
                    bytes += frame.data_ref().map_or(0, Bytes::len);
                    if bytes > MOST_BYTES {
                        break;
                    }
                }
            };
            // Whether the client came to its end in time changes nothing for us.
            let _ = tokio::time::timeout(PATIENCE, discard).await;
        });
    }
}

impl Drop for Recoverable {
    fn drop(&mut self) {
        if let (Some(incoming), Some(slot)) = (self.incoming.take(), &self.leftover.0)
            && !incoming.is_end_stream()
        {
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(incoming);
        }
    }
}

impl http_body::Body for Recoverable {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.incoming {
            Some(incoming) => Pin::new(incoming).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(http_body::Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), http_body::Body::size_hint)
    }
}
