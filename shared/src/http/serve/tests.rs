//! The accept loop against clients that behave badly, over real sockets.

use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Notify;

use super::*;

struct Running {
    address: SocketAddr,
    stop: CancellationToken,
    served: tokio::task::JoinHandle<()>,
}

const LIMITS: ServeLimits = ServeLimits {
    max_connections: 8,
    head: Duration::from_millis(300),
    idle: Duration::from_secs(30),
    stalled_write: Duration::from_millis(300),
    drain: Duration::from_secs(5),
};

async fn start(router: Router, limits: ServeLimits) -> Running {
    let app = App::new(router, gate());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let served = tokio::spawn(serve(listener, app, limits, stop.clone()));
    Running {
        address,
        stop,
        served,
    }
}

fn gate() -> Arc<crate::http::layers::Gate> {
    let defaults = crate::settings::Defaults {
        key_names: &["API_KEY"],
        database_path: "unused.db",
        rate_limit: 1_000,
        max_body_bytes: 1_024,
    };
    let lookup = |name: &str| (name == "API_KEY").then(|| "key".to_owned());
    let mut reader = crate::env::Reader::new(&lookup);
    let settings = crate::settings::ServiceSettings::read(&mut reader, defaults);
    crate::http::layers::Gate::new("thing", &settings)
}

fn hello() -> Router {
    Router::new()
        .route("/", get(async || "hello"))
        .route("/", post(async || (http::StatusCode::PAYLOAD_TOO_LARGE, "no")))
}

async fn connect(running: &Running) -> TcpStream {
    TcpStream::connect(running.address).await.unwrap()
}

/// Reads until `end` has come, or the connection closes.
async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = String::new();
    let mut buffer = [0; 4_096];
    while !text.contains(end) {
        match tokio::time::timeout(Duration::from_secs(10), stream.read(&mut buffer))
            .await
            .expect("an answer or an end")
        {
            Ok(0) | Err(_) => break,
            Ok(count) => text.push_str(&String::from_utf8_lossy(&buffer[..count])),
        }
    }
    text
}

async fn ask(stream: &mut TcpStream) -> String {
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    read_until(stream, "hello").await
}

#[tokio::test]
async fn a_connection_serves_many_requests() {
    let running = start(hello(), LIMITS).await;
    let mut stream = connect(&running).await;

    for _ in 0..3 {
        assert!(ask(&mut stream).await.starts_with("HTTP/1.1 200"));
    }
}

#[tokio::test]
async fn an_unfinished_head_is_ended_and_an_idle_connection_is_not() {
    let running = start(hello(), LIMITS).await;
    let mut slow = connect(&running).await;
    let mut idle = connect(&running).await;
    assert!(ask(&mut idle).await.contains("hello"));
    slow.write_all(b"GET / HTTP/1.1\r\nHost:").await.unwrap();

    assert_eq!(
        read_until(&mut slow, "never").await,
        "",
        "closed without an answer"
    );
    assert!(
        ask(&mut idle).await.contains("hello"),
        "idle for as long, and still served"
    );
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_ended() {
    let running = start(hello(), LIMITS).await;
    let mut silent = connect(&running).await;

    assert_eq!(read_until(&mut silent, "never").await, "");
}

#[tokio::test]
async fn at_the_cap_the_longest_idle_connection_makes_room() {
    let running = start(hello(), LIMITS).await;
    let mut streams = Vec::new();
    for _ in 0..LIMITS.max_connections + 4 {
        let mut stream = connect(&running).await;
        assert!(ask(&mut stream).await.contains("hello"), "each new one is served");
        streams.push(stream);
    }

    assert_eq!(
        read_until(&mut streams[0], "never").await,
        "",
        "the oldest was closed"
    );
    let last = streams.last_mut().unwrap();
    assert!(ask(last).await.contains("hello"), "the newest was kept");
}

#[tokio::test]
async fn two_thousand_idle_connections_delay_nobody() {
    let running = start(
        hello(),
        ServeLimits {
            max_connections: 64,
            head: Duration::from_secs(30),
            ..LIMITS
        },
    )
    .await;
    let mut idle = Vec::new();
    for _ in 0..2_000 {
        idle.push(connect(&running).await);
    }

    let mut stream = connect(&running).await;

    assert!(ask(&mut stream).await.contains("hello"));
}

#[tokio::test]
async fn a_client_that_does_not_read_is_ended() {
    let released = Arc::new(Notify::new());
    struct Guard(Arc<Notify>);
    impl Drop for Guard {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }
    let handed = Arc::clone(&released);
    let app = Router::new().route(
        "/",
        get(async move || {
            let guard = Guard(Arc::clone(&handed));
            Body::from_stream(futures_util::stream::repeat_with(move || {
                let _held = &guard;
                Ok::<_, std::io::Error>(bytes::Bytes::from_static(&[b'x'; 65_536]))
            }))
        }),
    );
    let running = start(app, LIMITS).await;
    let mut stream = connect(&running).await;
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();

    tokio::time::timeout(Duration::from_secs(10), released.notified())
        .await
        .expect("the endless answer was dropped");
}

#[tokio::test]
async fn a_large_body_that_is_refused_unread_still_hears_why() {
    let running = start(hello(), LIMITS).await;
    let mut stream = connect(&running).await;
    let length = 10 << 20;
    stream
        .write_all(format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n").as_bytes())
        .await
        .unwrap();
    let chunk = vec![b'x'; 1 << 16];
    for _ in 0..length / chunk.len() {
        stream
            .write_all(&chunk)
            .await
            .expect("the connection stays open while we send");
    }

    assert!(read_until(&mut stream, "no").await.starts_with("HTTP/1.1 413"));
    assert!(
        ask(&mut stream).await.contains("hello"),
        "and it can be used again"
    );
}

#[tokio::test]
async fn expect_continue_is_answered_with_the_refusal_itself() {
    let running = start(hello(), LIMITS).await;
    let mut stream = connect(&running).await;
    stream
        .write_all(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n")
        .await
        .unwrap();

    assert!(read_until(&mut stream, "no").await.contains("HTTP/1.1 413"));
}

#[tokio::test]
async fn stopping_answers_what_is_in_flight_and_refuses_the_next() {
    let (entered, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (handler_entered, handler_go_on) = (Arc::clone(&entered), Arc::clone(&go_on));
    let app = Router::new().route(
        "/",
        get(async move || {
            handler_entered.notify_one();
            handler_go_on.notified().await;
            "hello"
        }),
    );
    let running = start(app, LIMITS).await;
    let mut stream = connect(&running).await;
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    entered.notified().await;

    running.stop.cancel();
    go_on.notify_one();

    assert!(read_until(&mut stream, "hello").await.starts_with("HTTP/1.1 200"));
    running.served.await.unwrap();
    assert!(
        TcpStream::connect(running.address).await.is_err(),
        "nobody listens any more"
    );
}
