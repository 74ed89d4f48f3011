//! Alerts end to end: from a report to another machine, with real mails and webhooks.
//!
//! Postmark's address cannot be set from outside, so its channel is tested in the room `notify`.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use shared::testing::database::{self, change, number};
use shared::testing::process::KEY;
use shared::testing::{Process, Program, eventually};

use crate::http_receiver::HttpReceiver;
use crate::mail_server::{Aiosmtpd, Down, Mail, MailServer, RECIPIENTS, SENDER, set};
use crate::setup::program;

const HEADERS: [&str; 8] = [
    "From",
    "Date",
    "Message-ID",
    "Subject",
    "Auto-Submitted",
    "To",
    "MIME-Version",
    "Content-Type",
];

fn report(kind: &str, message: &str) -> Value {
    json!({"project": "shop", "exception_type": kind, "message": message, "traceback": ""})
}

/// Reports, and gives back the group's id with what became of the report.
async fn tell(tracker: &Process, report: &Value) -> (i64, String) {
    let reply = tracker.api().post_json("/api/errors", report).await;
    assert!([200, 201].contains(&reply.status), "{}", reply.text());
    let body = reply.json();
    (
        body["id"].as_i64().unwrap(),
        body["status"].as_str().unwrap().to_owned(),
    )
}

/// Resolves a group, or ignores it.
async fn mark(tracker: &Process, id: i64, action: &str) {
    let path = format!("/api/errors/{id}/{action}");
    let reply = tracker.api().post_json(&path, &json!({})).await;
    assert_eq!(reply.status, 200, "{action}: {}", reply.text());
}

/// Waits until no alert waits any more, so that what has not come will not come.
async fn nothing_waits(setup: &Program) {
    eventually("an empty queue", async || {
        let waiting = number(&setup.database, "select count(*) from alerts").await;
        (waiting == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn new_and_reopened_groups_are_told_by_mail_and_webhook_and_ignored_ones_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let (mails, hooks) = (MailServer::start().await, HttpReceiver::answering(204).await);
    let setup = mails
        .set(program(folder.path()))
        .with("ALERT_WEBHOOK_URL", &hooks.url)
        .with("ALERT_WEBHOOK_SECRET", "a webhook's key")
        .with("BASE_URL", "https://errors.example.com/e/");
    let tracker = setup.start().await;
    let value_error = report("ValueError", "bad value");

    let (id, _) = tell(&tracker, &value_error).await;
    mails.received(1).await;
    // Known and open: counted, not told.
    assert_eq!(tell(&tracker, &value_error).await, (id, "incremented".to_owned()));
    mark(&tracker, id, "resolve").await;
    assert_eq!(tell(&tracker, &value_error).await, (id, "reopened".to_owned()));
    mails.received(2).await;
    // Ignored, and seen again, open and resolved: not told.
    mark(&tracker, id, "ignore").await;
    tell(&tracker, &value_error).await;
    mark(&tracker, id, "resolve").await;
    tell(&tracker, &value_error).await;
    let (last, _) = tell(&tracker, &report("LastError", "the queue is in order")).await;
    nothing_waits(&setup).await;

    let mails = mails.mails();
    let subjects: Vec<&str> = mails.iter().map(Mail::subject).collect();
    assert_eq!(
        subjects,
        [
            format!("[shop] ValueError: bad value (#{id})"),
            format!("[shop] ValueError: bad value (#{id})"),
            format!("[shop] LastError: the queue is in order (#{last})"),
        ]
    );
    for (mail, headline) in mails
        .iter()
        .zip(["New error", "Resolved error is back", "New error"])
    {
        assert_eq!(
            (mail.from.as_str(), &mail.to[..]),
            (SENDER, &RECIPIENTS.map(str::to_owned)[..])
        );
        assert!(mail.body.contains(headline), "{}", mail.body);
        assert!(mail.body.contains("text/plain") && mail.body.contains("text/html"));
        assert!(
            mail.body.contains("https://errors.example.com/e/?error"),
            "{}",
            mail.body
        );
    }
    assert_ne!(mails[0].header("Message-ID"), mails[1].header("Message-ID"));
    let hooks = hooks.hooks();
    let kinds: Vec<Value> = hooks
        .iter()
        .map(|hook| hook.json()["monlight"]["kind"].clone())
        .collect();
    assert_eq!(kinds, ["new", "reopened", "new"]);
    for hook in &hooks {
        assert_eq!(hook.header("content-type"), Some("application/json"));
        assert_eq!(
            hook.header("X-Monlight-Signature").unwrap(),
            hook.signature_under("a webhook's key")
        );
    }
}

/// A mail about a hostile report is one mail, to the people in the settings, with our headers only.
fn assert_harmless(mail: &Mail) {
    let names: Vec<&str> = mail.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, HEADERS);
    assert_eq!(mail.to, RECIPIENTS);
    assert_eq!(mail.header("To"), RECIPIENTS.join(", "));
    assert_eq!(mail.header("From"), SENDER);
}

fn hostile() -> Value {
    json!({
        "project": "shop\r\nBcc: thief@example.org",
        "exception_type": "Subject\r\nBcc: thief@example.org\nX-Evil: 1",
        "message": "m\r\n.\r\nRCPT TO:<thief@example.org>\r\n\r\nDATA\r\n.\r\n",
        "traceback": "at\r\n.\r\nQUIT\r\n",
        "environment": "e\r\nBcc: thief@example.org",
        "release": "1\r\nBcc: thief@example.org",
    })
}

#[tokio::test]
async fn no_text_of_a_report_adds_a_header_a_recipient_or_a_mail() {
    let folder = tempfile::tempdir().unwrap();
    let server = MailServer::start().await;
    let setup = server.set(program(folder.path()));
    let tracker = setup.start().await;

    tell(&tracker, &hostile()).await;
    nothing_waits(&setup).await;

    let mails = server.mails();
    assert_eq!(mails.len(), 1);
    assert_harmless(&mails[0]);
    assert!(
        mails[0].subject().contains("Bcc: thief"),
        "shown, and harmless: {}",
        mails[0].subject()
    );
}

#[tokio::test]
async fn postmark_gets_one_mail_for_a_new_group_and_none_for_the_next_report() {
    let folder = tempfile::tempdir().unwrap();
    let postmark = HttpReceiver::answering(200).await;
    let setup = program(folder.path())
        .with("POSTMARK_API_URL", &postmark.url)
        .with("POSTMARK_API_TOKEN", "token-of-the-test")
        .with("POSTMARK_FROM_EMAIL", "monlight@example.com")
        .with("ALERT_EMAILS", "ops@example.com");
    let tracker = setup.start().await;

    tell(&tracker, &hostile()).await;
    tell(&tracker, &hostile()).await;
    nothing_waits(&setup).await;

    let mails = postmark.hooks();
    assert_eq!(mails.len(), 1);
    assert_eq!(
        mails[0].header("X-Postmark-Server-Token"),
        Some("token-of-the-test")
    );
    let mail = mails[0].json();
    assert_eq!(
        (&mail["From"], &mail["To"]),
        (&json!("monlight@example.com"), &json!("ops@example.com"))
    );
    let subject = mail["Subject"].as_str().unwrap();
    assert!(!subject.contains(['\r', '\n']), "{subject:?}");
    assert!(!mail["TextBody"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn a_real_mail_server_takes_the_mails() {
    let folder = tempfile::tempdir().unwrap();
    let Some(server) = Aiosmtpd::start(folder.path()).await else {
        // The server that follows a script has said the same in the tests around this one.
        eprintln!("python3-aiosmtpd is not installed; nothing to add to the other tests");
        return;
    };
    let setup = server.set(program(folder.path()));
    let tracker = setup.start().await;

    let (id, _) = tell(&tracker, &report("ValueError", "bad \u{fc}mlaut")).await;
    server.received(1).await;
    tell(&tracker, &hostile()).await;
    nothing_waits(&setup).await;

    let mails = server.received(2).await;
    assert_eq!(mails.len(), 2);
    mails.iter().for_each(assert_harmless);
    assert!(mails.iter().all(|mail| mail.from == SENDER));
    assert!(
        mails
            .iter()
            .any(|mail| mail.subject().ends_with(&format!("(#{id})"))),
        "{mails:?}"
    );
}

#[tokio::test]
async fn an_alert_survives_a_dead_mail_server_and_a_dead_tracker() {
    let folder = tempfile::tempdir().unwrap();
    let server = Down::reserve();
    let setup = set(program(folder.path()), server.port);
    let mut tracker = setup.start().await;
    let (id, _) = tell(&tracker, &report("ValueError", "bad value")).await;
    let warning = tracker.logged("an alert could not be sent yet").await;
    assert_eq!(warning["channel"], "smtp");
    eventually("the back-off is written down", async || {
        let attempts = number(&setup.database, "select attempts from alerts").await;
        (attempts > 0).then_some(())
    })
    .await;
    tracker.kill();

    let server = server.start();
    let _again = setup.start().await;

    let mails = server.received(1).await;
    assert_eq!(
        mails[0].subject(),
        format!("[shop] ValueError: bad value (#{id})")
    );
    nothing_waits(&setup).await;
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn channels_that_hang_slow_no_report() {
    let folder = tempfile::tempdir().unwrap();
    let (mails, hooks) = (MailServer::silent().await, HttpReceiver::silent().await);
    let setup = mails
        .set(program(folder.path()))
        .with("ALERT_WEBHOOK_URL", &hooks.url);
    let tracker = setup.start().await;
    tell(&tracker, &report("FirstError", "m")).await;
    mails.connected().await;
    hooks.received(1).await;

    let mut slowest = Duration::ZERO;
    for number in 0..60 {
        let started = Instant::now();
        tell(&tracker, &report(&format!("Error{number}"), "m")).await;
        slowest = slowest.max(started.elapsed());
    }

    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    let health = tracker.api().get("/health").await;
    assert_eq!(health.status, 200, "{}", health.text());
    let waiting = number(&setup.database, "select count(*) from alerts").await;
    assert_eq!(
        waiting,
        2 * 61,
        "both channels still have to be told of everything"
    );
}

#[tokio::test]
async fn a_channel_that_hangs_delays_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let (mails, hooks) = (MailServer::silent().await, HttpReceiver::answering(204).await);
    let setup = mails
        .set(program(folder.path()))
        .with("ALERT_WEBHOOK_URL", &hooks.url);
    let tracker = setup.start().await;
    tell(&tracker, &report("FirstError", "m")).await;
    mails.connected().await;

    let started = Instant::now();
    for number in 0..5 {
        tell(&tracker, &report(&format!("Error{number}"), "m")).await;
    }
    hooks.received(6).await;

    // A send to the mail server is given up after 13 seconds.
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn beyond_the_hourly_cap_alerts_wait_and_come_as_one_digest() {
    let folder = tempfile::tempdir().unwrap();
    let server = MailServer::start().await;
    let setup = server.set(program(folder.path())).with("ALERT_MAX_PER_HOUR", 3);
    let tracker = setup.start().await;
    for number in 0..6 {
        tell(&tracker, &report(&format!("Error{number}"), "m")).await;
    }
    server.received(2).await;
    eventually("two sent and four held back", async || {
        let sent = number(&setup.database, "select count(*) from alerts_sent").await;
        let waiting = number(&setup.database, "select count(*) from alerts").await;
        ((sent, waiting) == (2, 4)).then_some(())
    })
    .await;
    tracker.stop().await;
    assert_eq!(server.mails().len(), 2);

    // The minute that a digest gathers has passed.
    change(
        &setup.database,
        "update alerts set created_at = created_at - 60000",
    )
    .await;
    let tracker = setup.start().await;
    let mails = server.received(3).await;
    // The hour is full now, so this one waits.
    tell(&tracker, &report("LateError", "m")).await;

    assert!(
        mails[2].subject().starts_with("[monlight] 4 alerts"),
        "{}",
        mails[2].subject()
    );
    for number in 2..6 {
        assert!(
            mails[2].body.contains(&format!("Error{number}")),
            "{}",
            mails[2].body
        );
    }
    tracker.stop().await;
    let waiting = number(&setup.database, "select count(*) from alerts").await;
    assert_eq!(waiting, 1);
    assert_eq!(server.mails().len(), 3);
}

#[tokio::test]
async fn an_alert_that_was_sent_is_not_sent_again_when_that_could_not_be_written_down() {
    let folder = tempfile::tempdir().unwrap();
    let hooks = HttpReceiver::holding(204).await;
    let setup = program(folder.path()).with("ALERT_WEBHOOK_URL", &hooks.url);
    let mut tracker = setup.start().await;
    tell(&tracker, &report("FirstError", "m")).await;
    hooks.received(1).await;
    // The alert is on its way, and by the time it has been taken the database cannot be written.
    let mut other = database::open(&setup.database).await;
    sqlx::query("begin immediate").execute(&mut other).await.unwrap();
    hooks.let_answer();
    tracker.logged("the alert queue cannot be used").await;

    sqlx::query("rollback").execute(&mut other).await.unwrap();
    tell(&tracker, &report("SecondError", "m")).await;
    nothing_waits(&setup).await;

    let types: Vec<Value> = hooks
        .hooks()
        .iter()
        .map(|hook| hook.json()["monlight"]["type"].clone())
        .collect();
    assert_eq!(types, ["FirstError", "SecondError"]);
}

#[tokio::test]
async fn a_test_alert_tells_how_each_channel_did() {
    let folder = tempfile::tempdir().unwrap();
    let (mails, hooks) = (MailServer::start().await, HttpReceiver::answering(500).await);
    let setup = mails
        .set(program(folder.path()))
        .with("ALERT_WEBHOOK_URL", &hooks.url)
        .with("ALERT_WEBHOOK_SECRET", "key");
    let tracker = setup.start().await;

    let reply = tracker.api().post_json("/api/test-alert", &json!({})).await;

    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.json(),
        json!({"results": [
            {"channel": "smtp", "ok": true, "detail": null},
            {"channel": "webhook", "ok": false, "detail": "the webhook answered HTTP 500"},
        ]})
    );
    assert_eq!(mails.mails().len(), 1);
    assert_eq!(
        hooks.hooks()[0].header("X-Monlight-Signature").unwrap(),
        hooks.hooks()[0].signature_under("key")
    );
}

#[tokio::test]
async fn a_test_alert_without_channels_is_503() {
    let folder = tempfile::tempdir().unwrap();
    let tracker = program(folder.path()).start().await;

    let reply = tracker.api().post_json("/api/test-alert", &json!({})).await;

    assert_eq!(
        (reply.status, reply.detail().as_str()),
        (503, "no alert channel is configured")
    );
}

#[tokio::test]
async fn no_address_and_no_secret_of_a_channel_gets_into_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let (server, hooks) = (Down::reserve(), HttpReceiver::answering(500).await);
    let setup = set(program(folder.path()), server.port)
        .with("ALERT_WEBHOOK_URL", format!("{}/very-secret-path", hooks.url))
        .with("ALERT_WEBHOOK_SECRET", "very-secret-key")
        .with("LOG_LEVEL", "trace");
    let mut tracker = setup.start().await;
    tell(&tracker, &report("ValueError", "private words")).await;
    tracker.logged("an alert could not be sent yet").await;
    hooks.received(1).await;
    tracker.api().post_json("/api/test-alert", &json!({})).await;
    tracker.signal("TERM");
    tracker.ended().await;

    let log = tracker.log_text();
    for secret in ["very-secret", "private words", "@example.com", KEY] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}
