//! Whatever happens, no service logs a key, a cookie, a body, a mail address or a client's address, not even at the
//! level that logs most. The other machines here repeat to the service what they were told, as some do.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use shared::telemetry::{Format, LogSettings, start_into};
use shared::testing::{Client, eventually};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::fixtures::Recorded;
use crate::stack::{DSN_KEY, Kind, ORIGIN, Stack};

const WRONG_KEY: &str = "guessed-key";
const UNKNOWN_DSN_KEY: &str = "ffeeddccbbaa99887766554433221100";
const OLD_PEER_KEY: &str = "key-before-the-rotation";
const POSTMARK_TOKEN: &str = "token-of-postmark";
const MAIL_PASSWORD: &str = "password-of-the-mail-server";
const WEBHOOK_PATH: &str = "path-of-the-webhook";
const WEBHOOK_SECRET: &str = "secret-of-the-webhook";
/// It is in every body, and in whatever is asked for.
const WORDS: &str = "words-of-a-visitor";
/// Whoever's it is.
const MAIL_HOST: &str = "mail.example";
const ADDRESSES: [&str; 2] = ["203.0.113.77", "2001:db8::77"];

/// The lines of all services in this process.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// What every service does at start, with the level that logs most.
    fn start() -> Self {
        let log = Self::default();
        let lines = log.clone();
        let settings = LogSettings {
            level: tracing::Level::TRACE,
            format: Format::Json,
        };
        start_into(settings, move || lines.clone());
        log
    }

    fn lines(&self) -> Vec<String> {
        let bytes = self.0.lock().unwrap().clone();
        String::from_utf8(bytes)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect()
    }

    async fn says(&self, message: &str) {
        let message = format!("\"message\":\"{message}\"");
        eventually(&message, async || {
            self.lines()
                .iter()
                .any(|line| line.contains(&message))
                .then_some(())
        })
        .await;
    }
}

/// Another machine that answers every request with 422 and all that was in it.
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move { repeat_request(stream).await });
        }
    });
    address
}

async fn repeat_request(stream: TcpStream) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let (mut told, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap();
        }
        told += &line;
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    told += &String::from_utf8_lossy(&body);
    let problem = json!({"detail": told, "Message": told, "ErrorCode": 406}).to_string();
    let head = format!(
        "HTTP/1.1 422 Unprocessable Entity\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        problem.len()
    );
    stream.write_all((head + &problem).as_bytes()).await
}

/// A mail server that knows none of the recipients, and says whom it does not know.
async fn mail_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move { refuse_recipients(stream).await });
        }
    });
    address
}

async fn refuse_recipients(stream: TcpStream) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 here\r\n").await?;
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 0 {
        let answer = match line.get(..4) {
            Some("RCPT") => format!("550 5.1.1 nobody knows {}\r\n", line.trim()),
            _ => "250 yes\r\n".to_owned(),
        };
        stream.write_all(answer.as_bytes()).await?;
        line.clear();
    }
    Ok(())
}

/// What each service is asked with all that must not be logged: right and wrong keys, in every place.
async fn knock(stack: &mut Stack, cookies: &mut Vec<String>) {
    for kind in Kind::ALL {
        let stranger = stack.member(kind).stranger();
        let [first, second] = ADDRESSES.map(|address| stranger.with("X-Forwarded-For", address));
        for client in [
            first.with("X-API-Key", WRONG_KEY),
            second.with("Authorization", &format!("Bearer {WRONG_KEY}")),
        ] {
            assert_eq!(client.get(&format!("/api/about?words={WORDS}")).await.status, 401);
        }
        let sign_in = |key: &str| json!({"api_key": key});
        assert_eq!(
            first.post_json("/api/session", &sign_in(WRONG_KEY)).await.status,
            401
        );
        let reply = second.post_json("/api/session", &sign_in(kind.key())).await;
        let cookie = reply.header("set-cookie").split(';').next().unwrap().to_owned();
        let page = second.with("Cookie", &cookie).with("X-Monlight-UI", "1");
        assert_eq!(page.get("/api/about").await.status, 200);
        cookies.push(cookie.split_once('=').unwrap().1.to_owned());
        let garbage = format!("{{\"{WORDS}\": \"{WORDS}@{MAIL_HOST}\"");
        for path in [
            "/api/errors",
            "/api/metrics",
            "/api/browser/errors",
            "/api/dsn-keys",
            "/api/source-maps",
        ] {
            let client = page.with("X-Monlight-Key", DSN_KEY);
            let reply = client.post_bytes(path, garbage.as_bytes()).await;
            assert!(
                (400..500).contains(&reply.status),
                "{kind:?} {path}: {}",
                reply.status
            );
        }
    }
}

/// An error of a page, full of what is nobody's business.
fn browser_error() -> Value {
    let mut error = Recorded::of("chromium", "esbuild", "deep").report();
    error["message"] = json!(format!("{WORDS} of visitor@{MAIL_HOST}"));
    error["context"] = json!({"user_id": format!("visitor@{MAIL_HOST}"), "note": WORDS});
    error["url"] = json!(format!("{ORIGIN}/{WORDS}?mail=visitor@{MAIL_HOST}"));
    error
}

async fn browse(browser: &Client, expected: [u16; 2]) {
    let points = json!({"url": ORIGIN, "metrics": [
        {"name": "clicks", "type": "counter", "value": 1, "labels": {"note": WORDS, "mail": format!("visitor@{MAIL_HOST}")}},
    ]});
    let error = browser.post_json("/api/browser/errors", &browser_error()).await;
    let metrics = browser.post_json("/api/browser/metrics", &points).await;
    assert_eq!(
        [error.status, metrics.status],
        expected,
        "{} {}",
        error.text(),
        metrics.text()
    );
}

async fn use_relay(stack: &mut Stack, log: &Log) {
    Recorded::of("chromium", "esbuild", "deep")
        .upload_map(&stack.relay)
        .await;
    let stranger = stack
        .relay
        .stranger()
        .with("Origin", ORIGIN)
        .with("X-Forwarded-For", ADDRESSES[0]);
    let browser = stranger.with("X-Monlight-Key", DSN_KEY);
    browse(&browser, [201, 202]).await;
    browse(&stranger.with("X-Monlight-Key", UNKNOWN_DSN_KEY), [401, 401]).await;
    let beacon = stranger
        .post_json(&format!("/api/errors?key={DSN_KEY}"), &browser_error())
        .await;
    assert_eq!(beacon.status, 200, "{}", beacon.text());
    let unknown = stranger
        .post_json(&format!("/api/errors?key={UNKNOWN_DSN_KEY}"), &browser_error())
        .await;
    assert_eq!(unknown.status, 401);

    // Peers that are away, that have another key by now, and that say no to everything.
    let (tracker, echo) = (stack.tracker.url(), format!("http://{}", echo().await));
    stack.tracker.stop().await;
    browse(&browser, [202, 202]).await;
    log.says("a peer does not take what browsers send; it is kept in the spool")
        .await;
    stack.relay.stop().await;
    stack.tracker.start().await;
    stack.relay.set("ERROR_TRACKER_API_KEY", OLD_PEER_KEY);
    stack.relay.start().await;
    browse(&browser, [202, 202]).await;
    stack.relay.stop().await;
    let right = Kind::ErrorTracker.key();
    for (name, value) in [
        ("ERROR_TRACKER_API_KEY", right),
        ("METRICS_COLLECTOR_URL", &echo),
        ("ERROR_TRACKER_URL", &echo),
    ] {
        stack.relay.set(name, value);
    }
    stack.relay.start().await;
    log.says("a peer refused what a browser sent").await;
    eventually("the spool is empty", async || {
        (stack.relay.get("/api/spool").await["used_bytes"] == 0).then_some(())
    })
    .await;
    browse(&browser, [422, 422]).await;
    stack.relay.stop().await;
    stack.relay.set("ERROR_TRACKER_URL", &tracker);
    stack.relay.set("METRICS_COLLECTOR_URL", &stack.collector.url());
    stack.relay.start().await;
}

async fn use_tracker(stack: &mut Stack, log: &Log) {
    let mail = mail_server().await;
    let echo = format!("http://{}/{WEBHOOK_PATH}", echo().await);
    let port = mail.port().to_string();
    let from = format!("errors@{MAIL_HOST}");
    let recipients = format!("ops@{MAIL_HOST}, Dev <dev@{MAIL_HOST}>");
    let settings = [
        ("SMTP_HOST", "127.0.0.1"),
        ("SMTP_PORT", &port),
        ("SMTP_FROM", &from),
        ("POSTMARK_API_TOKEN", POSTMARK_TOKEN),
        ("POSTMARK_FROM_EMAIL", &from),
        ("POSTMARK_API_URL", &echo),
        ("ALERT_WEBHOOK_URL", &echo),
        ("ALERT_WEBHOOK_SECRET", WEBHOOK_SECRET),
        ("ALERT_EMAILS", &recipients),
    ];
    stack.tracker.stop().await;
    for (name, value) in settings {
        stack.tracker.set(name, value);
    }
    stack.tracker.start().await;
    let report = |kind: &str| {
        json!({
            "project": WORDS, "exception_type": format!("{kind}-{WORDS}"), "message": WORDS,
            "traceback": format!("  File \"/srv/{WORDS}.py\", line 3, in total"),
            "user_id": format!("visitor@{MAIL_HOST}"), "request_headers": {"Cookie": WORDS},
        })
    };
    assert_eq!(
        stack
            .tracker
            .api()
            .post_json("/api/errors", &report("First"))
            .await
            .status,
        201
    );
    log.says("an alert was refused for good").await;
    assert_eq!(stack.tracker.api().post("/api/test-alert").await.status, 200);

    // A mail server to which the password must not be told, and a webhook that is away.
    stack.tracker.stop().await;
    stack.tracker.set("SMTP_USERNAME", &from);
    stack.tracker.set("SMTP_PASSWORD", MAIL_PASSWORD);
    let nobody = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    stack
        .tracker
        .set("ALERT_WEBHOOK_URL", &format!("http://{nobody}/{WEBHOOK_PATH}"));
    stack.tracker.start().await;
    assert_eq!(
        stack
            .tracker
            .api()
            .post_json("/api/errors", &report("Second"))
            .await
            .status,
        201
    );
    log.says("an alert could not be sent yet").await;
    for path in ["/api/errors?search=", "/api/errors?project=", "/api/errors?sort="] {
        stack.tracker.api().get(&format!("{path}{WORDS}")).await;
    }
}

async fn use_collector(stack: &Stack) {
    let points = json!([
        {"name": WORDS, "type": "gauge", "value": 1, "labels": {"mail": format!("visitor@{MAIL_HOST}"), "note": WORDS}},
        {"name": WORDS, "type": WORDS, "value": 1},
    ]);
    let api = stack.collector.api().with("X-Forwarded-For", ADDRESSES[1]);
    assert_eq!(api.post_json("/api/metrics", &points).await.status, 202);
    for path in [
        "/api/metrics?name=",
        "/api/metrics?name=x&labels=note:",
        "/api/metrics/labels?name=",
        "/api/dashboard?project=",
    ] {
        api.get(&format!("{path}{WORDS}")).await;
    }
}

/// A container of Docker's that logs what it should not.
fn write_container(folder: &Path) {
    let id = "0123456789abcdef".repeat(4);
    let own = folder.join(&id);
    std::fs::create_dir(&own).unwrap();
    let log = own.join(format!("{id}-json.log"));
    let line = json!({"log": format!("ERROR {WORDS} visitor@{MAIL_HOST}\n"), "stream": "stdout", "time": "2026-03-01T12:00:00Z"});
    std::fs::write(&log, format!("{line}\n{{\"log\":\"{WORDS}, cut\n")).unwrap();
    let config = json!({"ID": id, "Name": "/shop", "LogPath": log, "Config": {"Image": "shop:1"}, "State": {"Running": true}});
    std::fs::write(own.join("config.v2.json"), config.to_string()).unwrap();
}

async fn use_viewer(stack: &Stack) {
    write_container(&stack.viewer.containers());
    let api = stack.viewer.api().with("X-Forwarded-For", ADDRESSES[0]);
    eventually("the line is found", async || {
        let found = api.get(&format!("/api/logs?search={WORDS}")).await.json();
        (found["logs"].as_array().unwrap().len() == 1).then_some(())
    })
    .await;
    for path in [
        "/api/logs/export?search=",
        "/api/logs/histogram?search=",
        "/api/logs?level=",
    ] {
        api.get(&format!("{path}{WORDS}")).await;
    }
    let stranger = stack.viewer.stranger();
    for (key, status) in [(Kind::LogViewer.key(), 200), (WRONG_KEY, 401)] {
        let path = format!("/api/logs/tail?api_key={key}&search={WORDS}");
        let mut stream = stranger.connect().await;
        stream.write(stranger.head("GET", &path, &[]).as_bytes()).await;
        let head = stream.read_until("\r\n").await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
    }
}

/// Takes the tables away from under a service, so that whatever it does with them fails.
async fn break_database(path: &Path) {
    let mut database = shared::testing::database::open(path).await;
    let tables: Vec<String> = sqlx::query_scalar("select name from sqlite_master where type = 'table'")
        .fetch_all(&mut database)
        .await
        .unwrap();
    sqlx::query("pragma foreign_keys = off")
        .execute(&mut database)
        .await
        .unwrap();
    for table in tables {
        // Those of SQLite itself, and of the search index, do not go alone.
        let _ = sqlx::query(sqlx::AssertSqlSafe(format!("drop table if exists \"{table}\"")))
            .execute(&mut database)
            .await;
    }
}

async fn use_broken_databases(stack: &mut Stack, log: &Log) {
    for kind in Kind::ALL {
        break_database(&stack.member(kind).database()).await;
    }
    let report = json!({"project": WORDS, "exception_type": WORDS, "message": WORDS, "traceback": WORDS, "event_id": WORDS});
    let broken = [
        stack.tracker.api().post_json("/api/errors", &report).await,
        stack
            .tracker
            .api()
            .get(&format!("/api/errors?search={WORDS}"))
            .await,
        stack
            .relay
            .api()
            .post_json("/api/dsn-keys", &json!({"project": WORDS}))
            .await,
        stack
            .relay
            .api()
            .get(&format!("/api/source-maps?project={WORDS}"))
            .await,
    ];
    for reply in broken {
        assert!(reply.status >= 500, "{}: {}", reply.status, reply.text());
    }
    let points = json!([{"name": format!("new-{WORDS}"), "type": "gauge", "value": 1, "project": WORDS}]);
    stack.collector.api().post_json("/api/metrics", &points).await;
    stack.viewer.api().get(&format!("/api/logs?search={WORDS}")).await;
    stack.tracker.stop().await;
    browse(&stack.browser(), [500, 500]).await;
    log.says("the database refused a request").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_is_secret_or_a_visitors_is_logged_at_any_level() {
    let log = Log::start();
    let mut stack = Stack::start().await;
    let mut secrets: Vec<String> = Kind::ALL.map(|kind| kind.key().to_owned()).to_vec();
    secrets.extend(ADDRESSES.map(str::to_owned));
    secrets.extend(
        [
            DSN_KEY,
            WRONG_KEY,
            UNKNOWN_DSN_KEY,
            OLD_PEER_KEY,
            POSTMARK_TOKEN,
            MAIL_PASSWORD,
            WEBHOOK_PATH,
            WEBHOOK_SECRET,
            WORDS,
            MAIL_HOST,
            "not a count",
        ]
        .map(str::to_owned),
    );

    knock(&mut stack, &mut secrets).await;
    use_relay(&mut stack, &log).await;
    use_tracker(&mut stack, &log).await;
    use_collector(&stack).await;
    use_viewer(&stack).await;
    use_broken_databases(&mut stack, &log).await;

    let lines = log.lines();
    // All four have logged, at every level, or there would be nothing to look at.
    for sign in [
        "error_tracker",
        "log_viewer",
        "metrics_collector",
        "browser_relay",
    ] {
        assert!(
            lines
                .iter()
                .any(|line| line.contains(&format!("\"target\":\"{sign}"))),
            "{sign}"
        );
    }
    for level in ["ERROR", "WARN", "INFO", "DEBUG"] {
        assert!(
            lines
                .iter()
                .any(|line| line.contains(&format!("\"level\":\"{level}\""))),
            "{level}"
        );
    }
    for line in &lines {
        for secret in &secrets {
            assert!(!line.contains(secret.as_str()), "{secret:?} is in {line}");
        }
        // A client's address; a service names its own one when it listens.
        let is_own = line.contains("\"message\":\"listening\"");
        assert!(is_own || !line.contains("127.0.0.1:"), "{line}");
    }
}
