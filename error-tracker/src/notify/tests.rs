//! Sends to Postmark and webhooks of every kind, on real sockets.

use serde_json::{Value, json};

use super::testing::{FakeHttp, message};
use super::*;

fn channels(url: &str, secret: Option<&str>) -> Channels {
    let from: Mailbox = "Monlight <errors@example.com>".parse().unwrap();
    Channels::new(&AlertSettings {
        postmark: Some(PostmarkSettings {
            token: "postmark-token".to_owned(),
            from,
            endpoint: url.parse().unwrap(),
        }),
        smtp: None,
        webhook: Some(WebhookSettings {
            url: url.parse().unwrap(),
            secret: secret.map(str::to_owned),
        }),
        recipients: vec![
            "a@example.com".parse().unwrap(),
            "Ops <b@example.com>".parse().unwrap(),
        ],
        max_per_hour: 20,
        base_url: None,
    })
}

#[test]
fn a_channel_is_known_by_the_name_it_is_stored_under() {
    for name in ChannelName::ALL {
        assert_eq!(name.as_str().parse::<ChannelName>().unwrap(), name);
        assert_eq!(serde_json::to_value(name).unwrap(), name.as_str());
    }
    assert!("pigeon".parse::<ChannelName>().is_err());
}

#[tokio::test]
async fn postmark_gets_both_parts_for_all_recipients() {
    let server = FakeHttp::start("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;

    let message = message("a\r\nBcc: thief@example.org");
    channels(&server.url, None)
        .send(ChannelName::Postmark, &message, "alert-1")
        .await
        .unwrap();

    let request = server.request().await;
    assert_eq!(request.header("x-postmark-server-token"), Some("postmark-token"));
    let mail: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(mail["From"], "Monlight <errors@example.com>");
    assert_eq!(mail["To"], "a@example.com, Ops <b@example.com>");
    assert_eq!(mail["Subject"], "[monlight] TestAlert: a Bcc: thief@example.org");
    assert_eq!(mail["TextBody"], message.text);
    assert_eq!(mail["HtmlBody"], message.html);
    assert_eq!(mail["Headers"][0]["Name"], "Message-ID");
    assert!(
        mail["Headers"][0]["Value"]
            .as_str()
            .unwrap()
            .ends_with("@example.com>")
    );
    assert_eq!(
        mail["Headers"][1],
        json!({"Name": "X-PM-KeepID", "Value": "true"})
    );
}

#[tokio::test]
async fn a_refusal_by_postmark_names_its_code_and_nothing_private() {
    let body = r#"{"ErrorCode":300,"Message":"Invalid 'To' address: 'a@example.com'"}"#;
    let answer = format!(
        "HTTP/1.1 422 Unprocessable\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let server = FakeHttp::start(&answer).await;

    let error = channels(&server.url, None)
        .send(ChannelName::Postmark, &message("x"), "alert-1")
        .await
        .expect_err("refused");

    assert_eq!(
        error,
        SendError::permanent("Postmark answered HTTP 422, error code 300")
    );
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_its_end() {
    let answer = format!(
        "HTTP/1.1 500 Oops\r\ncontent-length: 100000\r\n\r\n{}",
        "x".repeat(20_000)
    );
    let server = FakeHttp::start(&answer).await;

    let error = channels(&server.url, None)
        .send(ChannelName::Postmark, &message("x"), "alert-1")
        .await
        .expect_err("refused");

    assert_eq!(error, SendError::temporary("Postmark answered HTTP 500"));
}

#[tokio::test]
async fn a_webhook_can_check_that_the_body_is_ours() {
    let server = FakeHttp::start("HTTP/1.1 204 No Content\r\n\r\n").await;

    let message = message("x");
    channels(&server.url, Some("key"))
        .send(ChannelName::Webhook, &message, "alert-1")
        .await
        .unwrap();

    let request = server.request().await;
    assert_eq!(request.body, message.hook.as_bytes());
    assert_eq!(request.header("content-type"), Some("application/json"));
    let signature = request.header("x-monlight-signature").unwrap();
    assert_eq!(signature, testing::hmac_by_definition(b"key", &request.body));
    assert_eq!(request.header("x-monlight-delivery").unwrap().len(), 32);
}

#[tokio::test]
async fn a_webhook_without_a_secret_gets_no_signature() {
    let server = FakeHttp::start("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;

    channels(&server.url, None)
        .send(ChannelName::Webhook, &message("x"), "alert-1")
        .await
        .unwrap();

    assert_eq!(server.request().await.header("x-monlight-signature"), None);
}

#[tokio::test]
async fn a_redirect_of_the_webhook_is_not_followed() {
    let other = FakeHttp::start("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let answer = format!(
        "HTTP/1.1 307 Moved\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n",
        other.url
    );
    let server = FakeHttp::start(&answer).await;

    let error = channels(&server.url, Some("key"))
        .send(ChannelName::Webhook, &message("x"), "alert-1")
        .await
        .expect_err("not followed");

    assert!(error.is_permanent());
    assert!(!other.was_called());
}

#[tokio::test]
async fn a_busy_webhook_says_when_to_come_again() {
    let server =
        FakeHttp::start("HTTP/1.1 429 Slow Down\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n").await;

    let error = channels(&server.url, None)
        .send(ChannelName::Webhook, &message("x"), "alert-1")
        .await
        .expect_err("busy");

    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
}

#[tokio::test]
async fn a_webhook_that_is_not_there_is_tried_again_and_its_address_is_not_told() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/secret-path", listener.local_addr().unwrap());
    drop(listener);

    let error = channels(&url, None)
        .send(ChannelName::Webhook, &message("x"), "alert-1")
        .await
        .expect_err("nobody listens");

    assert!(!error.is_permanent());
    let text = error.to_string();
    assert!(
        text.starts_with("the webhook cannot be reached: Connection refused"),
        "{text}"
    );
}

#[tokio::test]
async fn a_webhook_that_breaks_off_or_talks_nonsense_is_tried_again() {
    for answer in ["", "HTTP/1.1 20", "SSH-2.0-OpenSSH_9.6\r\n"] {
        let server = FakeHttp::start(answer).await;

        let error = channels(&server.url, None)
            .send(ChannelName::Webhook, &message("x"), "alert-1")
            .await
            .expect_err("no answer");

        let text = error.to_string();
        assert!(!error.is_permanent() && !text.contains("127.0.0.1"), "{text}");
    }
}

#[tokio::test]
async fn a_webhook_that_never_answers_is_left_in_time() {
    let server = FakeHttp::silent().await;
    let channels = channels(&server.url, None);
    let send = tokio::spawn(async move {
        channels
            .send(ChannelName::Webhook, &message("x"), "alert-1")
            .await
    });
    server.request().await;

    tokio::time::pause();
    let started = tokio::time::Instant::now();
    let error = send.await.unwrap().expect_err("silence");

    assert_eq!(error, SendError::temporary("the webhook did not answer in time"));
    assert!(started.elapsed() <= Duration::from_secs(15));
}

#[tokio::test]
async fn channels_that_never_answer_take_one_limit_together() {
    let (postmark, webhook) = (FakeHttp::silent().await, FakeHttp::silent().await);
    let mut channels = channels(&webhook.url, None);
    if let Some(settings) = &mut channels.postmark {
        settings.endpoint = postmark.url.parse().unwrap();
    }
    let sending = tokio::spawn(async move { channels.send_to_all(&message("x"), "alert-1").await });
    postmark.request().await;

    tokio::time::pause();
    let started = tokio::time::Instant::now();
    let results = sending.await.unwrap();

    assert!(started.elapsed() <= Duration::from_secs(15));
    assert_eq!(
        results,
        [
            (
                ChannelName::Postmark,
                Err(SendError::temporary("Postmark did not answer in time"))
            ),
            (
                ChannelName::Webhook,
                Err(SendError::temporary("the webhook did not answer in time"))
            ),
        ]
    );
}

#[tokio::test]
async fn a_channel_that_was_taken_out_of_the_settings_ends_its_messages() {
    let error = channels("http://127.0.0.1:9/", None)
        .send(ChannelName::Smtp, &message("x"), "alert-1")
        .await
        .expect_err("not set");

    assert!(error.is_permanent());
}
