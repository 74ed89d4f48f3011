//! Reads each channel's settings, and notes what cannot work under the name of its variable.

use lettre::message::Mailbox;
use shared::env::Reader;

use super::addresses::{is_host, mailbox, web_address};
use super::{POSTMARK_ENDPOINT, PostmarkSettings, SignIn, SmtpSettings, WebhookSettings};

/// Port for the submission of mail with STARTTLS.
const DEFAULT_SMTP_PORT: u64 = 587;
/// Postmark takes no more in one mail.
const MAX_RECIPIENTS: usize = 50;

pub(super) fn read_postmark(reader: &mut Reader<'_>, token: Option<String>) -> Option<PostmarkSettings> {
    // A sender without a token is no fault: a compose file may name one for those who want Postmark.
    let from = reader.text("POSTMARK_FROM_EMAIL");
    let token = token?;
    if token.starts_with('<') && token.ends_with('>') {
        reader.fault(
            "POSTMARK_API_TOKEN",
            "still holds a placeholder; put a server token of Postmark there",
        );
    } else if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        reader.fault(
            "POSTMARK_API_TOKEN",
            "holds a character that no HTTP header can carry",
        );
    }
    let from = sender(reader, "POSTMARK_FROM_EMAIL", from, "POSTMARK_API_TOKEN")?;
    let address = reader.text("POSTMARK_API_URL");
    let Some(endpoint) = web_address(address.as_deref().unwrap_or(POSTMARK_ENDPOINT)) else {
        reader.fault("POSTMARK_API_URL", "must be an http or https address");
        return None;
    };
    Some(PostmarkSettings {
        token,
        from,
        endpoint,
    })
}

pub(super) fn read_smtp(reader: &mut Reader<'_>, host: Option<String>) -> Option<SmtpSettings> {
    let port = reader.number("SMTP_PORT", DEFAULT_SMTP_PORT, 1..=u64::from(u16::MAX)) as u16;
    let username = reader.text("SMTP_USERNAME");
    let password = reader.text("SMTP_PASSWORD");
    let from = reader.text("SMTP_FROM");
    let Some(host) = host else {
        for (name, value) in [("SMTP_USERNAME", &username), ("SMTP_PASSWORD", &password)] {
            if value.is_some() {
                reader.fault("SMTP_HOST", format!("is needed with {name}"));
            }
        }
        return None;
    };
    // An IPv6 address may come in the brackets that it has in a URL.
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    if !is_host(&host) {
        reader.fault(
            "SMTP_HOST",
            "must be the name or address of a host alone; the port goes into SMTP_PORT",
        );
    }
    let sign_in = match (username, password) {
        (Some(username), Some(password)) => Some(SignIn { username, password }),
        (Some(_), None) => {
            reader.fault("SMTP_PASSWORD", "is needed with SMTP_USERNAME");
            None
        }
        (None, Some(_)) => {
            reader.fault("SMTP_USERNAME", "is needed with SMTP_PASSWORD");
            None
        }
        (None, None) => None,
    };
    let from = sender(reader, "SMTP_FROM", from, "SMTP_HOST")?;
    Some(SmtpSettings {
        host,
        port,
        sign_in,
        from,
    })
}

pub(super) fn read_webhook(reader: &mut Reader<'_>) -> Option<WebhookSettings> {
    let text = reader.text("ALERT_WEBHOOK_URL");
    let secret = reader.text("ALERT_WEBHOOK_SECRET");
    let Some(text) = text else {
        if secret.is_some() {
            reader.fault("ALERT_WEBHOOK_URL", "is needed with ALERT_WEBHOOK_SECRET");
        }
        return None;
    };
    // The address of a chat's webhook is a secret, so the fault does not repeat it.
    let Some(url) = web_address(&text) else {
        reader.fault(
            "ALERT_WEBHOOK_URL",
            "must be an address that begins with http:// or https://",
        );
        return None;
    };
    Some(WebhookSettings { url, secret })
}

pub(super) fn read_recipients(reader: &mut Reader<'_>, are_needed: bool) -> Vec<Mailbox> {
    let Some(text) = reader.text("ALERT_EMAILS") else {
        if are_needed {
            reader.fault("ALERT_EMAILS", "is needed when alerts go out by mail");
        }
        return Vec::new();
    };
    let mut recipients: Vec<Mailbox> = Vec::new();
    let parts = text
        .split([',', ';', '\n'])
        .map(str::trim)
        .filter(|part| !part.is_empty());
    for (index, part) in parts.enumerate() {
        // Faults are logged, and a log line holds no address; the place in the list names it.
        match mailbox(part) {
            Ok(mailbox) if recipients.iter().any(|other| other.email == mailbox.email) => {}
            Ok(mailbox) => recipients.push(mailbox),
            Err(fault) => reader.fault("ALERT_EMAILS", format!("entry {} {fault}", index + 1)),
        }
    }
    if recipients.len() > MAX_RECIPIENTS {
        reader.fault(
            "ALERT_EMAILS",
            format!("holds more than {MAX_RECIPIENTS} addresses; use a mailing list"),
        );
    }
    recipients
}

pub(super) fn read_base_url(reader: &mut Reader<'_>) -> Option<String> {
    let text = reader.text("BASE_URL")?;
    let url = web_address(&text).filter(|url| url.query().is_none() && url.fragment().is_none());
    if url.is_none() {
        reader.fault(
            "BASE_URL",
            "must be an address such as https://errors.example.com, without ? and #",
        );
    }
    url.map(String::from)
}

fn sender(reader: &mut Reader<'_>, name: &str, value: Option<String>, needed_with: &str) -> Option<Mailbox> {
    let Some(value) = value else {
        reader.fault(name, format!("is needed with {needed_with}"));
        return None;
    };
    mailbox(&value).map_err(|fault| reader.fault(name, fault)).ok()
}
