//! Puts a mail together, with typed headers only.

use lettre::Message;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use sha2::{Digest, Sha256};

use super::send_error::SendError;
use crate::alert::Rendered;

/// Keeps holiday notices and mailing robots from answering (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// The `Message-ID` of an alert: the same for every try, so that mail programs show a repeat once.
pub(super) fn message_id(idempotency: &str, from: &Mailbox) -> String {
    format!("<{}@{}>", delivery_id(idempotency), from.email.domain())
}

/// A short name for one alert, safe in any header whatever `idempotency` holds.
pub(super) fn delivery_id(idempotency: &str) -> String {
    let digest = Sha256::digest(idempotency.as_bytes());
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn compose(
    message: &Rendered,
    from: &Mailbox,
    recipients: &[Mailbox],
    message_id: String,
) -> Result<Message, SendError> {
    let mut mail = Message::builder()
        .from(from.clone())
        .date_now()
        .message_id(Some(message_id))
        .subject(message.subject.as_str())
        .header(AutoSubmitted);
    for recipient in recipients {
        mail = mail.to(recipient.clone());
    }
    mail.multipart(MultiPart::alternative_plain_html(
        message.text.clone(),
        message.html.clone(),
    ))
    .map_err(|error| SendError::permanent(format!("the mail cannot be put together: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::{Alert, Links, Rendered};

    fn mailbox(text: &str) -> Mailbox {
        text.parse().unwrap()
    }

    /// The header lines of a mail, unfolded.
    fn headers_of(mail: &[u8]) -> Vec<(String, String)> {
        let text = String::from_utf8(mail.to_vec()).expect("a mail with 7-bit parts");
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        head.replace("\r\n ", " ")
            .split("\r\n")
            .map(|line| line.split_once(": ").expect("every line is a header"))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    fn composed(message: &str) -> Vec<u8> {
        let alert = Alert {
            message: message.to_owned(),
            traceback: message.to_owned(),
            ..Alert::test(0)
        };
        let recipients = [mailbox("Ops <a@example.com>"), mailbox("b@example.com")];
        let from = mailbox("Monlight <errors@example.com>");
        let id = message_id("alert-1", &from);
        compose(
            &Rendered::alert(&alert, &Links::new(None)),
            &from,
            &recipients,
            id,
        )
        .unwrap()
        .formatted()
    }

    #[test]
    fn no_message_adds_a_header_or_a_recipient() {
        let long = "x\u{1F600}".repeat(1 << 19);
        for message in [
            "bad value",
            "a\r\nBcc: thief@example.org\r\n\r\nbody",
            "a\nSubject: second\n\n.\n",
            "a\rTo: thief@example.org",
            "a\0b\u{1b}[31m",
            "=?utf-8?q?a=0D=0ABcc:_thief@example.org?=",
            "\u{5E9}\u{5DC}\u{5D5}\u{5DD} \u{202E}\u{1F600}",
            long.as_str(),
            "",
        ] {
            let mail = composed(message);

            let headers = headers_of(&mail);
            let names: Vec<_> = headers.iter().map(|(name, _)| name.as_str()).collect();
            let expected = [
                "From",
                "Date",
                "Message-ID",
                "Subject",
                "Auto-Submitted",
                "To",
                "MIME-Version",
                "Content-Type",
            ];
            assert_eq!(names, expected, "{message:.40}");
            assert_eq!(headers[5].1, "Ops <a@example.com>, b@example.com");
            assert!(mail.is_ascii() && !mail.contains(&0), "{message:.40}");
            // Bare line ends are how mails are smuggled past a relay.
            let text = String::from_utf8(mail).unwrap();
            assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "{message:.40}");
            assert!(text.split("\r\n").all(|line| line.len() <= 998), "{message:.40}");
        }
    }

    #[test]
    fn the_message_id_is_the_same_for_every_try() {
        let from = mailbox("errors@example.com");

        assert_eq!(message_id("alert-1", &from), message_id("alert-1", &from));
        assert_ne!(message_id("alert-1", &from), message_id("alert-2", &from));
        let hostile = message_id("a\r\nBcc: thief@example.org>", &from);
        assert!(
            hostile.ends_with("@example.com>") && !hostile.contains("Bcc"),
            "{hostile}"
        );
    }
}
