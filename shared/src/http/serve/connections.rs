//! Which connections are open, what each is doing, and since when.

use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use super::ServeLimits;

const IDLE: u8 = 0;
const SENDING_HEAD: u8 = 1;
const BEING_SERVED: u8 = 2;
/// No write is stalled.
const FLOWING: u64 = u64::MAX;

/// All open connections of a service.
pub(super) struct Registry {
    limits: ServeLimits,
    started: Instant,
    open: Mutex<HashMap<u64, Arc<State>>>,
    one_left: Notify,
}

/// What one connection is doing. It leaves the registry when the last handle to it is dropped.
pub(super) struct Connection {
    id: u64,
    state: Arc<State>,
    registry: Weak<Registry>,
    started: Instant,
}

struct State {
    activity: AtomicU8,
    since_ms: AtomicU64,
    stalled_since_ms: AtomicU64,
    close: Notify,
}

impl Registry {
    pub(super) fn new(limits: ServeLimits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            started: Instant::now(),
            open: Mutex::default(),
            one_left: Notify::new(),
        })
    }

    /// Makes room if the cap is reached, and enters a new connection.
    pub(super) async fn admit(self: &Arc<Self>) -> Arc<Connection> {
        loop {
            let left = self.one_left.notified();
            if let Some(connection) = self.try_enter() {
                return connection;
            }
            // When all are being served the new one waits here, and those behind it in the kernel's queue.
            left.await;
        }
    }

    fn try_enter(self: &Arc<Self>) -> Option<Arc<Connection>> {
        let mut open = self.open();
        if open.len() >= self.limits.max_connections {
            let longest_idle = open
                .iter()
                .filter(|(_, state)| state.activity.load(Ordering::Relaxed) != BEING_SERVED)
                .min_by_key(|(id, state)| {
                    (
                        state.activity.load(Ordering::Relaxed),
                        state.since_ms.load(Ordering::Relaxed),
                        // Of one millisecond the oldest.
                        **id,
                    )
                })
                .map(|(id, _)| *id)?;
            if let Some(state) = open.remove(&longest_idle) {
                state.close.notify_one();
            }
        }
        let state = Arc::new(State {
            // Nothing has come yet: the time for the first head runs.
            activity: AtomicU8::new(SENDING_HEAD),
            since_ms: AtomicU64::new(self.now_ms()),
            stalled_since_ms: AtomicU64::new(FLOWING),
            close: Notify::new(),
        });
        let id = next_id();
        open.insert(id, Arc::clone(&state));
        Some(Arc::new(Connection {
            id,
            state,
            registry: Arc::downgrade(self),
            started: self.started,
        }))
    }

    /// Ends what takes too long. Runs until it is aborted.
    pub(super) async fn reap(self: Arc<Self>) {
        let shortest = self
            .limits
            .head
            .min(self.limits.idle)
            .min(self.limits.stalled_write);
        let mut tick =
            tokio::time::interval((shortest / 4).clamp(Duration::from_millis(10), Duration::from_secs(1)));
        loop {
            tick.tick().await;
            let now_ms = self.now_ms();
            let older =
                |since_ms: u64, limit: Duration| now_ms.saturating_sub(since_ms) > limit.as_millis() as u64;
            for state in self.open().values() {
                let since_ms = state.since_ms.load(Ordering::Relaxed);
                let stalled_since_ms = state.stalled_since_ms.load(Ordering::Relaxed);
                let overdue = match state.activity.load(Ordering::Relaxed) {
                    IDLE => older(since_ms, self.limits.idle),
                    SENDING_HEAD => older(since_ms, self.limits.head),
                    _ => false,
                };
                let stalled =
                    stalled_since_ms != FLOWING && older(stalled_since_ms, self.limits.stalled_write);
                if overdue || stalled {
                    state.close.notify_one();
                }
            }
        }
    }

    pub(super) fn cut_all(&self) {
        self.open().values().for_each(|state| state.close.notify_one());
    }

    fn open(&self) -> MutexGuard<'_, HashMap<u64, Arc<State>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_ms(&self) -> u64 {
        self.started.elapsed().as_millis() as u64
    }
}

fn next_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl Connection {
    pub(super) fn begin_request(&self) {
        self.state.activity.store(BEING_SERVED, Ordering::Relaxed);
    }

    pub(super) async fn told_to_close(&self) {
        self.state.close.notified().await;
    }

    fn enter(&self, activity: u8) {
        self.state.since_ms.store(self.now_ms(), Ordering::Relaxed);
        self.state.activity.store(activity, Ordering::Relaxed);
    }

    fn now_ms(&self) -> u64 {
        self.started.elapsed().as_millis() as u64
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(registry) = self.registry.upgrade() {
            registry.open().remove(&self.id);
            registry.one_left.notify_one();
        }
    }
}

/// A socket that notes when a head begins and when the client stops reading.
pub(super) struct WatchedStream {
    stream: TcpStream,
    connection: Arc<Connection>,
}

impl WatchedStream {
    pub(super) fn new(stream: TcpStream, connection: Arc<Connection>) -> Self {
        Self { stream, connection }
    }

    fn note_write<T>(&self, result: Poll<T>) -> Poll<T> {
        let stalled = &self.connection.state.stalled_since_ms;
        if result.is_ready() {
            stalled.store(FLOWING, Ordering::Relaxed);
        } else if stalled.load(Ordering::Relaxed) == FLOWING {
            stalled.store(self.connection.now_ms(), Ordering::Relaxed);
        }
        result
    }
}

impl AsyncRead for WatchedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before && self.connection.state.activity.load(Ordering::Relaxed) == IDLE {
            self.connection.enter(SENDING_HEAD);
        }
        result
    }
}

impl AsyncWrite for WatchedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, data);
        self.note_write(result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, data);
        self.note_write(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// A response's body; when it is done the connection is idle again.
pub(super) struct AnsweringBody {
    body: Body,
    connection: Arc<Connection>,
}

impl AnsweringBody {
    pub(super) fn new(body: Body, connection: Arc<Connection>) -> Self {
        Self { body, connection }
    }
}

impl Drop for AnsweringBody {
    fn drop(&mut self) {
        self.connection.enter(IDLE);
    }
}

impl http_body::Body for AnsweringBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
