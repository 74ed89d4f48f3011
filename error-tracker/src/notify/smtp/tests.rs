//! Talks to mail servers of every kind.

use tokio::net::TcpListener;
use tokio::time::Instant;

use super::super::testing::message;
use super::fake_server::{Act, DOT, FakeSmtp, GREETING, Script};
use super::*;

const WITH_STARTTLS: &str = "250-STARTTLS\r\n";
const WITHOUT_STARTTLS: &str = "250-AUTH PLAIN LOGIN\r\n";

fn recipients() -> Vec<Mailbox> {
    vec![
        "a@example.com".parse().unwrap(),
        "Ops <b@example.com>".parse().unwrap(),
    ]
}

async fn send(client: &Smtp) -> Result<(), SendError> {
    client.send(&recipients(), &message("bad value"), "alert-1").await
}

#[tokio::test]
async fn credentials_and_the_mail_go_through_tls() {
    let mut server = FakeSmtp::start(WITH_STARTTLS, &[]).await;

    send(&server.client(true)).await.unwrap();

    let heard = server.heard();
    let clear: Vec<_> = heard.iter().take_while(|line| *line != "TLS").collect();
    assert_eq!(clear, ["EHLO example.com", "STARTTLS"]);
    let encrypted = heard[clear.len()..].join("\n");
    assert!(encrypted.contains("\nAUTH PLAIN "), "{encrypted}");
    assert!(
        encrypted.contains("\nRCPT TO:<a@example.com>\nRCPT TO:<b@example.com>\nDATA\n"),
        "{encrypted}"
    );
    assert!(
        encrypted.contains("\nSubject: [monlight] TestAlert: bad value\n"),
        "{encrypted}"
    );
    assert!(encrypted.ends_with("\n.\nQUIT"), "{encrypted}");
}

#[tokio::test]
async fn credentials_are_never_sent_without_tls() {
    let mut server = FakeSmtp::start(WITHOUT_STARTTLS, &[]).await;

    let error = send(&server.client(true)).await.expect_err("no STARTTLS");

    assert!(
        error
            .to_string()
            .contains("credentials are never sent without TLS"),
        "{error}"
    );
    assert_eq!(server.heard(), ["EHLO example.com", "QUIT"]);
}

#[tokio::test]
async fn credentials_are_not_sent_to_a_server_that_cannot_prove_its_name() {
    let mut server = FakeSmtp::start(WITH_STARTTLS, &[]).await;

    let error = send(&Smtp::new(&server.settings(true)))
        .await
        .expect_err("its certificate is its own");

    assert!(error.to_string().contains("certificate"), "{error}");
    assert!(!error.is_permanent());
    assert!(
        !server
            .heard()
            .iter()
            .any(|line| line.contains("AUTH") || line.contains("MAIL"))
    );
}

#[tokio::test]
async fn port_465_is_encrypted_from_the_first_byte_and_must_prove_its_name() {
    let mut server = FakeSmtp::start("", &[(GREETING, Act::Encrypt)]).await;
    // The settings name the port; the test's server cannot have it, so only the connection goes elsewhere.
    let settings = SmtpSettings {
        port: 465,
        ..server.settings(false)
    };

    let known = Smtp {
        port: server.port,
        ..server.client_with(settings.clone())
    };
    send(&known).await.unwrap();
    assert_eq!(server.heard()[..2], ["TLS", "EHLO example.com"]);

    let unknown = Smtp {
        port: server.port,
        ..Smtp::new(&settings)
    };
    let error = send(&unknown).await.expect_err("its certificate is its own");
    assert!(error.to_string().contains("certificate"), "{error}");
    assert!(server.heard().is_empty());
}

#[tokio::test]
async fn a_relay_without_tls_takes_mail_that_needs_no_credentials() {
    let mut server = FakeSmtp::start("", &[]).await;

    send(&server.client(false)).await.unwrap();

    assert!(
        server
            .heard()
            .contains(&"MAIL FROM:<errors@example.com>".to_owned())
    );
}

#[tokio::test]
async fn a_relay_with_a_certificate_of_its_own_making_is_used_encrypted() {
    // The certificate is for localhost and signed by nobody.
    for host in ["localhost", "127.0.0.1"] {
        let mut server = FakeSmtp::start(WITH_STARTTLS, &[]).await;
        let settings = SmtpSettings {
            host: host.to_owned(),
            ..server.settings(false)
        };

        send(&Smtp::new(&settings)).await.unwrap();

        let heard = server.heard();
        let position = |start: &str| heard.iter().position(|line| line.starts_with(start)).unwrap();
        assert!(position("TLS") < position("MAIL"));
    }
}

#[tokio::test]
async fn credentials_are_not_sent_to_a_server_with_the_certificate_of_another() {
    let mut server = FakeSmtp::start(WITH_STARTTLS, &[]).await;
    let settings = SmtpSettings {
        host: "127.0.0.1".to_owned(),
        ..server.settings(true)
    };

    let error = send(&server.client_with(settings))
        .await
        .expect_err("the certificate is for localhost");

    assert!(error.to_string().contains("not valid for name"), "{error}");
    assert!(
        !server
            .heard()
            .iter()
            .any(|line| line.contains("AUTH") || line.contains("MAIL"))
    );
}

#[tokio::test]
async fn every_try_of_an_alert_has_the_same_message_id() {
    let mut server = FakeSmtp::start("", &[(DOT, Act::Drop)]).await;
    let client = server.client(false);

    for _ in 0..2 {
        send(&client).await.expect_err("the answer is lost");
    }

    let heard = server.heard();
    let ids: Vec<_> = heard
        .iter()
        .filter(|line| line.starts_with("Message-ID: "))
        .collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1]);
}

#[tokio::test]
async fn a_refusal_says_what_was_refused_and_whether_to_try_again() {
    let cases: [(Script, bool, &str); 8] = [
        (
            &[(GREETING, Act::Answer("421 4.3.2 come later\r\n"))],
            false,
            "the connection (421 4.3.2)",
        ),
        (
            &[(GREETING, Act::Answer("554 no service\r\n"))],
            true,
            "the connection (554)",
        ),
        (
            &[("EHLO", Act::Answer("502 what?\r\n"))],
            true,
            "the connection (502)",
        ),
        (
            &[("AUTH", Act::Answer("535 5.7.8 wrong: errors hunter2\r\n"))],
            true,
            "the sign-in (535 5.7.8)",
        ),
        (
            &[("MAIL", Act::Answer("550 not <errors@example.com>\r\n"))],
            true,
            "the sender (550)",
        ),
        (
            &[(
                "RCPT",
                Act::Answer("550-5.1.1 a@example.com\r\n550 5.1.1 unknown\r\n"),
            )],
            true,
            "the recipient (550 5.1.1)",
        ),
        (
            &[("DATA", Act::Answer("451 4.7.1 greylisted\r\n"))],
            false,
            "the mail (451 4.7.1)",
        ),
        (
            &[(DOT, Act::Answer("552 5.3.4 too big\r\n"))],
            true,
            "the mail (552 5.3.4)",
        ),
    ];
    for (script, is_permanent, reason) in cases {
        let server = FakeSmtp::start(WITH_STARTTLS, script).await;

        let error = send(&server.client(true)).await.expect_err("refused");

        assert_eq!(error.to_string(), format!("the mail server refused {reason}"));
        assert_eq!(error.is_permanent(), is_permanent, "{error}");
    }
}

#[tokio::test]
async fn one_refused_recipient_does_not_keep_the_mail_from_the_others() {
    let mut server = FakeSmtp::start("", &[("RCPT TO:<a@", Act::Answer("550 5.1.1 unknown\r\n"))]).await;

    send(&server.client(false)).await.unwrap();

    assert!(server.heard().contains(&"DATA".to_owned()));
}

#[tokio::test]
async fn a_recipient_that_may_be_taken_later_is_worth_another_try() {
    let server = FakeSmtp::start(
        "",
        &[
            ("RCPT TO:<a@", Act::Answer("550 unknown\r\n")),
            ("RCPT TO:<b@", Act::Answer("450 busy\r\n")),
        ],
    )
    .await;

    let error = send(&server.client(false)).await.expect_err("both are refused");

    assert_eq!(
        error,
        SendError::temporary("the mail server refused the recipient (450)")
    );
}

#[tokio::test]
async fn a_server_that_breaks_off_or_talks_nonsense_is_tried_again() {
    const NONSENSE: Act = Act::Answer("HTTP/1.1 400 Bad Request\r\n\r\n");
    let cases: [Script; 7] = [
        &[(GREETING, Act::Drop)],
        &[(GREETING, NONSENSE)],
        &[("EHLO", Act::Drop)],
        &[("MAIL", Act::Drop)],
        &[("DATA", Act::Drop)],
        &[("MID-DATA", Act::Drop)],
        &[(DOT, Act::Drop)],
    ];
    for script in cases {
        let server = FakeSmtp::start("", script).await;

        let error = send(&server.client(false)).await.expect_err("broken off");

        assert!(!error.is_permanent(), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let server = FakeSmtp::start("", &[]).await;
    let settings = SmtpSettings {
        host: "127.0.0.1".to_owned(),
        port,
        ..server.settings(false)
    };

    let error = send(&Smtp::new(&settings)).await.expect_err("nobody listens");

    let text = "the mail server cannot be reached at the connection: Connection refused (os error 111)";
    assert_eq!(error, SendError::temporary(text));
}

#[tokio::test]
async fn a_server_that_hangs_or_trickles_is_left_in_time() {
    let cases: [(&'static str, Script); 7] = [
        ("", &[(GREETING, Act::Hang)]),
        ("", &[(GREETING, Act::Trickle)]),
        ("", &[("EHLO", Act::Trickle)]),
        ("", &[("RCPT", Act::Hang)]),
        ("", &[(DOT, Act::Hang)]),
        (WITH_STARTTLS, &[("STARTTLS", Act::Hang)]),
        (WITH_STARTTLS, &[("AUTH", Act::Trickle)]),
    ];
    for (extensions, script) in cases {
        let mut server = FakeSmtp::start(extensions, script).await;
        let client = server.client(extensions == WITH_STARTTLS);
        let sending = tokio::spawn(async move { send(&client).await });
        while server.lines.recv().await.unwrap() != "HANG" {}

        // From here on the clock stands still and jumps to whatever is waited for.
        tokio::time::pause();
        let started = Instant::now();
        let error = sending.await.unwrap().expect_err("no answer");
        let took = started.elapsed();
        tokio::time::resume();

        assert_eq!(
            error,
            SendError::temporary("the mail server did not answer in time")
        );
        assert!(took <= Duration::from_secs(15), "{took:?}");
    }
}

#[tokio::test]
async fn a_farewell_without_answer_does_not_make_a_delivered_mail_a_failure() {
    let mut server = FakeSmtp::start("", &[("QUIT", Act::Hang)]).await;
    let client = server.client(false);
    let sending = tokio::spawn(async move { send(&client).await });
    while server.lines.recv().await.unwrap() != "HANG" {}

    tokio::time::pause();
    let outcome = sending.await.unwrap();

    assert_eq!(outcome, Ok(()));
}
