//! The accept loop: hyper on our own listener, so that no client can hold or starve the others.
//!
//! A frame around hyper knows of each connection whether it is idle, sending a head, or being
//! served, and since when. One reaper ends heads that take longer than 10 s, answers that nobody
//! reads for 30 s, and connections that idle for 75 s; at the connection cap the longest idle
//! one makes room for a new one.

mod connections;
mod leftover;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::client::Peer;
use super::layers::App;
use connections::{Connection, Registry, WatchedStream};
use leftover::Recoverable;

/// A connection's read buffer, and so the longest head. A thousand connections have to fit into the memory limit.
const BUFFER_BYTES: usize = 32 * 1_024;
/// So often a service gives back what it does not need, unless it is busy: then it would need the same again at once.
const LOOK_AROUND: Duration = Duration::from_secs(2);
/// A service with more requests between two looks is busy. With fewer, what is mapped again costs it less than a
/// thousandth of a processor.
const BUSY: u64 = 400;

/// Limits on time and number; tests shorten them.
#[derive(Debug, Clone, Copy)]
pub struct ServeLimits {
    /// Connections at the same time.
    pub max_connections: usize,
    /// A request's head must be complete within this time.
    pub head: Duration,
    /// A connection may wait for its next request for so long.
    pub idle: Duration,
    /// A client may refuse to read for so long.
    pub stalled_write: Duration,
    /// At stop, requests in flight have so long to end.
    pub drain: Duration,
}

impl ServeLimits {
    /// The limits of a running service.
    #[must_use]
    pub fn new(max_connections: usize) -> Self {
        Self {
            max_connections,
            head: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            stalled_write: Duration::from_secs(30),
            drain: Duration::from_secs(3),
        }
    }
}

/// Serves `app` until `stop` is cancelled, then answers what is in flight and returns.
pub async fn serve(listener: TcpListener, app: App, limits: ServeLimits, stop: CancellationToken) {
    let rest = tokio::spawn(rest(app.clone()));
    let registry = Registry::new(limits);
    let reaper = tokio::spawn(Arc::clone(&registry).reap());
    let open = tokio_util::task::TaskTracker::new();
    loop {
        let (stream, peer) = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of descriptors, or a peer that has gone: neither is cured by trying at once.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    continue;
                }
            },
        };
        let connection = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            connection = registry.admit() => connection,
        };
        open.spawn(serve_connection(
            stream,
            peer,
            app.clone(),
            connection,
            stop.clone(),
        ));
    }
    drop(listener);
    open.close();
    if tokio::time::timeout(limits.drain, open.wait()).await.is_err() {
        tracing::warn!(
            connections = open.len(),
            "connections were cut at the end of the drain"
        );
        registry.cut_all();
    }
    reaper.abort();
    rest.abort();
}

/// Gives back what of the program is mapped, at the start and again whenever few have asked for anything. Runs until
/// it is aborted.
async fn rest(app: App) {
    let mut before = app.served();
    let mut tick = tokio::time::interval(LOOK_AROUND);
    loop {
        tick.tick().await;
        let served = app.served();
        if served - before < BUSY {
            crate::memory::give_back_program();
        }
        before = served;
    }
}

async fn serve_connection(
    stream: TcpStream,
    peer: SocketAddr,
    app: App,
    connection: Arc<Connection>,
    stop: CancellationToken,
) {
    // Small answers must not wait for more to come; a socket that refuses the option still works.
    let _ = stream.set_nodelay(true);
    let io = TokioIo::new(WatchedStream::new(stream, Arc::clone(&connection)));
    let service = service_fn(|request| answer(request, app.clone(), peer, Arc::clone(&connection)));
    let mut http = hyper::server::conn::http1::Builder::new();
    // The reaper knows idle from unfinished, hyper's own timer does not.
    http.timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_buf_size(BUFFER_BYTES)
        .max_headers(100);
    let mut served = std::pin::pin!(http.serve_connection(io, service));
    let mut stopping = false;
    loop {
        tokio::select! {
            // How a connection ends is the client's business: it may break off at any point.
            _ = served.as_mut() => break,
            () = connection.told_to_close() => break,
            () = stop.cancelled(), if !stopping => {
                stopping = true;
                served.as_mut().graceful_shutdown();
            }
        }
    }
}

async fn answer(
    request: hyper::Request<Incoming>,
    app: App,
    peer: SocketAddr,
    connection: Arc<Connection>,
) -> Result<hyper::Response<Body>, std::convert::Infallible> {
    connection.begin_request();
    let (mut parts, incoming) = request.into_parts();
    parts.extensions.insert(Peer(peer));
    let (body, leftover) = Recoverable::wrap(incoming);
    let response = app.answer(hyper::Request::from_parts(parts, body)).await;
    // A client that is still sending would not hear an early refusal: read on, and throw it away.
    leftover.discard_in_background();
    Ok(response.map(|body| Body::new(connections::AnsweringBody::new(body, connection))))
}

#[cfg(test)]
mod tests;
