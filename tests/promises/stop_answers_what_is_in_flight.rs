//! A service that is asked to stop answers the requests that it has begun to read, ends what would not end by itself,
//! and is gone before Docker kills it.

use std::time::Instant;

use serde_json::{Value, json};
use shared::testing::process::STOP_LIMIT;
use shared::testing::{Client, RawConnection, eventually};
use tokio::net::{TcpListener, TcpStream};

use crate::fixtures::Recorded;
use crate::stack::{DSN_KEY, Kind, Member, Stack};

/// A request of which half the body is sent.
struct HalfSent {
    what: &'static str,
    connection: RawConnection,
    rest: Vec<u8>,
    status: u16,
}

impl HalfSent {
    async fn post(what: &'static str, client: Client, path: &str, body: &Value, status: u16) -> Self {
        let body = body.to_string().into_bytes();
        let headers = [
            ("Content-Type".to_owned(), "application/json".to_owned()),
            ("Content-Length".to_owned(), body.len().to_string()),
        ];
        let mut connection = client.connect().await;
        let (first, rest) = body.split_at(body.len() / 2);
        let head = client.head("POST", path, &headers);
        assert!(connection.write(&[head.as_bytes(), first].concat()).await);
        Self {
            what,
            connection,
            rest: rest.to_vec(),
            status,
        }
    }

    /// Sends the rest, and expects the answer.
    async fn finish(mut self) -> Value {
        assert!(self.connection.write(&self.rest).await, "{}", self.what);
        let reply = self.connection.read_reply().await;
        let text = String::from_utf8_lossy(&reply.body);
        assert_eq!(reply.status, self.status, "{}: {text}", self.what);
        serde_json::from_slice(&reply.body).unwrap_or_default()
    }
}

/// Waits until nobody new is let in.
async fn refuses_connections(member: &Member) {
    let address = member.address();
    eventually("connections are refused", async || {
        TcpStream::connect(address).await.is_err().then_some(())
    })
    .await;
}

/// Has the service take up what was sent before: it answers another request after it.
async fn has_begun(member: &Member) {
    assert_eq!(member.stranger().get("/health").await.status, 200);
}

/// Stops the service while these requests are in flight, and expects their answers and an end in time.
async fn stops_well(member: &mut Member, in_flight: Vec<HalfSent>) -> Vec<Value> {
    has_begun(member).await;
    let asked = Instant::now();
    let stopping = member.begin_stop();
    refuses_connections(member).await;
    let mut answers = Vec::new();
    for request in in_flight {
        answers.push(request.finish().await);
    }
    member.ended(stopping).await;
    let took = asked.elapsed();
    assert!(took < STOP_LIMIT, "{:?} took {took:?}", member.kind);
    answers
}

fn sign_in(kind: Kind) -> Value {
    json!({"api_key": kind.key()})
}

#[tokio::test]
async fn the_error_tracker() {
    let mut stack = Stack::start().await;
    let tracker = &mut stack.tracker;
    let report = json!({"project": "shop", "exception_type": "InFlight", "message": "m", "traceback": "t"});
    let in_flight = vec![
        HalfSent::post("a report", tracker.api(), "/api/errors", &report, 201).await,
        HalfSent::post(
            "a batch",
            tracker.api(),
            "/api/errors/batch",
            &json!([report]),
            200,
        )
        .await,
        HalfSent::post(
            "a sign-in",
            tracker.stranger(),
            "/api/session",
            &sign_in(tracker.kind),
            204,
        )
        .await,
    ];

    stops_well(tracker, in_flight).await;

    tracker.start().await;
    let list = tracker.get("/api/errors").await;
    assert_eq!(
        (&list["total"], &list["errors"][0]["count"]),
        (&json!(1), &json!(2))
    );
}

#[tokio::test]
async fn the_metrics_collector() {
    let mut stack = Stack::start().await;
    let collector = &mut stack.collector;
    let points = json!([{"name": "in_flight", "type": "counter", "value": 3}]);
    let in_flight = vec![
        HalfSent::post("points", collector.api(), "/api/metrics", &points, 202).await,
        HalfSent::post(
            "a sign-in",
            collector.stranger(),
            "/api/session",
            &sign_in(collector.kind),
            204,
        )
        .await,
    ];

    stops_well(collector, in_flight).await;

    collector.start().await;
    let found = collector.get("/api/metrics?name=in_flight").await;
    assert_eq!(found["data"][0]["sum"], 3.0, "{found}");
}

#[tokio::test]
async fn the_log_viewer_with_a_live_stream() {
    let mut stack = Stack::start().await;
    let viewer = &mut stack.viewer;
    let mut stream = viewer.api().connect().await;
    let head = viewer.api().head("GET", "/api/logs/tail", &[]);
    assert!(stream.write(head.as_bytes()).await);
    assert!(stream.read_until("\r\n\r\n").await.starts_with("HTTP/1.1 200 "));
    let in_flight = vec![
        HalfSent::post(
            "a sign-in",
            viewer.stranger(),
            "/api/session",
            &sign_in(viewer.kind),
            204,
        )
        .await,
    ];

    stops_well(viewer, in_flight).await;

    // It reads to the end, which is there: a stream that is cut has no last chunk.
    let rest = stream.read_until("\r\n0\r\n\r\n").await;
    assert!(rest.ends_with("0\r\n\r\n"), "{rest}");
}

#[tokio::test]
async fn the_browser_relay_with_peers_that_answer() {
    let mut stack = Stack::start().await;
    let browser = stack.browser();
    let recorded = Recorded::of("chromium", "esbuild", "deep");
    let point = json!({"metrics": [{"name": "in_flight", "type": "counter", "value": 3}]});
    let map = json!({"project": "shop", "release": "1", "file_url": "/x.js", "map_content":
        r#"{"version":3,"sources":["src/app.ts"],"names":["realName"],"mappings":"AAAAA,IAAAA"}"#});
    let relay = &mut stack.relay;
    let in_flight = vec![
        HalfSent::post(
            "an error",
            browser.clone(),
            "/api/browser/errors",
            &recorded.report(),
            201,
        )
        .await,
        HalfSent::post("points", browser, "/api/browser/metrics", &point, 202).await,
        HalfSent::post("a map", relay.api(), "/api/source-maps", &map, 201).await,
        HalfSent::post(
            "a sign-in",
            relay.stranger(),
            "/api/session",
            &sign_in(relay.kind),
            204,
        )
        .await,
    ];

    let answers = stops_well(relay, in_flight).await;

    assert_eq!(answers[0]["status"], "created");
    let group = stack
        .tracker
        .get(&format!("/api/errors/{}", answers[0]["id"]))
        .await;
    assert_eq!(group["count"], 1);
    let found = stack.collector.get("/api/metrics?name=in_flight").await;
    assert_eq!(found["data"][0]["sum"], 3.0, "{found}");
    stack.relay.start().await;
    assert_eq!(stack.relay.get("/api/source-maps").await["total"], 1);
}

#[tokio::test]
async fn the_browser_relay_while_its_peers_say_nothing() {
    // They take connections, and never answer.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent_url = format!("http://{}", silent.local_addr().unwrap());
    let mut stack = Stack::down(&[
        (Kind::BrowserRelay, "ERROR_TRACKER_URL", &silent_url),
        (Kind::BrowserRelay, "METRICS_COLLECTOR_URL", &silent_url),
    ]);
    for kind in [Kind::ErrorTracker, Kind::MetricsCollector, Kind::BrowserRelay] {
        stack.member(kind).start().await;
    }
    let browser = stack.browser();
    let recorded = Recorded::of("chromium", "esbuild", "deep");
    let point = json!({"metrics": [{"name": "in_flight", "type": "counter", "value": 3}]});
    let beacon = stack.relay.stranger();
    let in_flight = vec![
        HalfSent::post(
            "an error",
            browser.clone(),
            "/api/browser/errors",
            &recorded.report(),
            202,
        )
        .await,
        HalfSent::post("another", browser, "/api/browser/errors", &recorded.report(), 202).await,
        HalfSent::post(
            "points",
            beacon,
            &format!("/api/metrics?key={DSN_KEY}"),
            &point,
            202,
        )
        .await,
    ];

    stops_well(&mut stack.relay, in_flight).await;

    // What was answered waits on the disk for peers that speak.
    let (tracker, collector) = (stack.tracker.url(), stack.collector.url());
    stack.relay.set("ERROR_TRACKER_URL", &tracker);
    stack.relay.set("METRICS_COLLECTOR_URL", &collector);
    stack.relay.start().await;
    eventually("both reports arrive", async || {
        let list = stack.tracker.get("/api/errors").await;
        (list["errors"][0]["count"] == 2).then_some(())
    })
    .await;
    eventually("the points arrive", async || {
        let found = stack.collector.get("/api/metrics?name=in_flight").await;
        (found["data"][0]["sum"] == 3.0).then_some(())
    })
    .await;
}
