//! Sends mail through Postmark's HTTP interface.

use lettre::message::{Mailbox, Mailboxes};
use reqwest::header::ACCEPT;
use serde::{Deserialize, Serialize};

use super::send_error::SendError;
use super::settings::PostmarkSettings;
use crate::alert::Rendered;

const WHO: &str = "Postmark";
/// An answer is a few hundred bytes; one that is longer is not read to its end.
const MAX_ANSWER_BYTES: usize = 8 * 1024;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Mail<'a> {
    from: String,
    to: String,
    subject: &'a str,
    text_body: &'a str,
    html_body: &'a str,
    headers: [MailHeader<'a>; 3],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct MailHeader<'a> {
    name: &'static str,
    value: &'a str,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "ErrorCode")]
    error_code: i64,
}

pub(super) async fn send(
    client: &reqwest::Client,
    settings: &PostmarkSettings,
    recipients: &[Mailbox],
    message: &Rendered,
    message_id: &str,
) -> Result<(), SendError> {
    let mail = Mail {
        from: settings.from.to_string(),
        to: Mailboxes::from_iter(recipients.iter().cloned()).to_string(),
        subject: message.subject.as_str(),
        text_body: &message.text,
        html_body: &message.html,
        headers: [
            MailHeader {
                name: "Message-ID",
                value: message_id,
            },
            // Without it Postmark puts an identifier of its own in place of ours.
            MailHeader {
                name: "X-PM-KeepID",
                value: "true",
            },
            MailHeader {
                name: "Auto-Submitted",
                value: "auto-generated",
            },
        ],
    };
    let answer = client
        .post(settings.endpoint.clone())
        .header(ACCEPT, "application/json")
        .header("x-postmark-server-token", &settings.token)
        .json(&mail)
        .send()
        .await
        .map_err(|error| SendError::from_transport(WHO, &error))?;
    if answer.status().is_success() {
        return Ok(());
    }
    let (status, headers) = (answer.status(), answer.headers().clone());
    Err(SendError::from_status(
        WHO,
        status,
        &headers,
        error_code(answer).await,
    ))
}

/// The number that says what Postmark objects to. Its sentence is left out: it may hold addresses.
async fn error_code(mut answer: reqwest::Response) -> Option<i64> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.ok()? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_ANSWER_BYTES {
            return None;
        }
    }
    serde_json::from_slice::<Answer>(&body)
        .ok()
        .map(|answer| answer.error_code)
}
