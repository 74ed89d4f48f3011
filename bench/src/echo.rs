//! The limit for HTTP: a bare hyper server that reads the body and answers at once.
//!
//! It runs as a process of its own (`bench echo`), as the services do, so that it shares the cores in the
//! same way.

use std::convert::Infallible;
use std::env;

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// As large as what the error tracker answers to a report.
const ANSWER: &[u8] =
    br#"{"status":"incremented","id":12345,"fingerprint":"0123456789abcdef0123456789abcdef","count":99}"#;

/// Serves on `LISTEN` until SIGTERM. `read` is what is done with each body before it is thrown away.
pub(crate) fn serve(read: fn(&[u8])) -> Result<()> {
    let listen = env::var("LISTEN").context("LISTEN says where the echo server listens")?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(async {
            let listener = TcpListener::bind(listen).await?;
            let mut stop = signal(SignalKind::terminate())?;
            tokio::select! {
                ended = accept(listener, read) => ended,
                _ = stop.recv() => Ok(()),
            }
        })
}

async fn accept(listener: TcpListener, read: fn(&[u8])) -> Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        // A connection that breaks is the client's affair; the client reports it.
        let service = service_fn(move |request| answer(request, read));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn answer(request: Request<Incoming>, read: fn(&[u8])) -> Result<Response<Full<Bytes>>, Infallible> {
    // A body that breaks off ends the connection, so the answer does not matter.
    if let Ok(body) = request.into_body().collect().await {
        read(&body.to_bytes());
    }
    let mut response = Response::new(Full::new(Bytes::from_static(ANSWER)));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}
