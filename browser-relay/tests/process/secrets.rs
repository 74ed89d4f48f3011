//! The log, however much of it is wanted, holds no key, no cookie, no body and no address of anybody.

use serde_json::json;
use shared::testing::process::KEY;
use shared::testing::{Client, Process, eventually};

use crate::peer::{Mood, UNWANTED};
use crate::setup::{COLLECTOR_KEY, DSN_KEY, Peers, browser, is_drained};

const BODY: &str = "TextOfABody4711";
const ADDRESS: &str = "203.0.113.77";
const MAIL: &str = "joe4711@example.com";
const COOKIE: &str = "CookieOfAVisitor";

/// One of everything that a relay does.
async fn everything(relay: &Process) {
    let open = Client::new(relay.address)
        .with("X-Forwarded-For", ADDRESS)
        .with("Cookie", &format!("visitor={COOKIE}"));
    let page = open.with("X-Monlight-Key", DSN_KEY);
    let error = json!({
        "message": BODY, "url": format!("https://x.io/{BODY}?token={BODY}"), "stack": format!("    at {BODY} (https://x.io/a.js:1:1)"),
        "release": BODY, "context": {"user_id": MAIL}, "session_id": BODY,
    });
    let metrics =
        json!({"metrics": [{"name": BODY, "type": "gauge", "value": 1, "labels": {"x": MAIL}}], "url": BODY});
    for (client, query) in [
        (page.clone(), String::new()),
        (open.clone(), format!("?key={DSN_KEY}")),
        (open.with("X-Monlight-Key", "wrongkey4711"), String::new()),
        (page.with("Origin", "null"), String::new()),
    ] {
        client
            .post_json(&format!("/api/browser/errors{query}"), &error)
            .await;
        client
            .post_json(&format!("/api/browser/metrics{query}"), &metrics)
            .await;
        client
            .post_bytes(&format!("/api/errors{query}"), BODY.as_bytes())
            .await;
    }
    page.post_json("/api/errors", &json!({"message": format!("{UNWANTED} {BODY}")}))
        .await;
    let admin = relay.api();
    for key in [KEY, "wrongadmin4711"] {
        let session = json!({"api_key": key});
        let reply = open.post_json("/api/session", &session).await;
        open.with("Cookie", reply.header("set-cookie"))
            .get("/api/spool")
            .await;
        open.with("Authorization", &format!("Bearer {key}"))
            .get("/api/dsn-keys")
            .await;
    }
    admin.post_json("/api/dsn-keys", &json!({"project": BODY})).await;
    admin.get("/api/dsn-keys").await;
    for content in [
        json!({"version": 3, "sources": [BODY], "names": [], "mappings": "AAAA"}),
        json!(BODY),
    ] {
        let map = json!({"project": BODY, "release": BODY, "file_url": "/a.js", "map_content": content});
        admin.post_json("/api/source-maps", &map).await;
    }
    admin.get(&format!("/api/source-maps?project={BODY}")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_in_the_log_at_any_level() {
    for (level, format, moods) in [
        ("trace", "json", &[Mood::status(401), Mood::half_an_answer()][..]),
        ("trace", "text", &[]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let peers = Peers::start();
        let mut relay = Process::spawn(
            peers
                .program(folder.path())
                .with("LOG_LEVEL", level)
                .with("LOG_FORMAT", format)
                .with("LISTEN", "127.0.0.1:0")
                .command(&[]),
        );
        let address = eventually("it listens", async || {
            let log = relay.log_text();
            let at = log.find("127.0.0.1:")?;
            let port: String = log[at + 10..].chars().take_while(char::is_ascii_digit).collect();
            port.parse::<u16>().ok().filter(|_| log.contains("listening"))
        })
        .await;
        relay.address = std::net::SocketAddr::from(([127, 0, 0, 1], address));
        everything(&relay).await;
        for mood in moods {
            peers.tracker.set(mood.clone());
            peers.collector.set(mood.clone());
            everything(&relay).await;
        }
        peers.tracker.set(Mood::Chokes {
            text: BODY,
            status: 400,
        });
        peers.collector.set(Mood::Chokes {
            text: BODY,
            status: 422,
        });
        everything(&relay).await;
        is_drained(&relay).await;
        relay.signal("TERM");
        relay.ended().await;

        let log = relay.log_text();
        assert!(
            log.contains("refused what a browser sent"),
            "something was logged"
        );
        for (what, secret) in [
            ("the administrator's key", KEY),
            ("a wrong key", "wrongadmin4711"),
            ("a DSN key", DSN_KEY),
            ("a wrong DSN key", "wrongkey4711"),
            ("the tracker's key", crate::setup::TRACKER_KEY),
            ("the collector's key", COLLECTOR_KEY),
            ("a body", BODY),
            ("a client's address", ADDRESS),
            ("a mail address", MAIL),
            ("a cookie", COOKIE),
        ] {
            let line = log.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "{what} is in the log at {level}");
        }
    }
}

#[tokio::test]
async fn a_peer_that_is_away_is_logged_once_and_so_is_its_return() {
    let folder = tempfile::tempdir().unwrap();
    let peers = Peers::start();
    let mut relay = peers.program(folder.path()).start().await;
    peers.tracker.down().await;
    for number in 0..20 {
        let body = json!({"message": number.to_string()});
        assert_eq!(browser(&relay).post_json("/api/errors", &body).await.status, 202);
    }
    peers.tracker.up();
    is_drained(&relay).await;
    relay.logged("a peer takes what browsers send again").await;

    let away = relay.log_lines("a peer does not take what browsers send; it is kept in the spool");
    let back = relay.log_lines("a peer takes what browsers send again");
    assert_eq!((away.len(), back.len()), (1, 1), "{}", relay.log_text());
    assert_eq!(away[0]["peer"], "error-tracker");
}
