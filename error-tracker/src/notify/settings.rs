//! Which channels there are, as the environment says.

use lettre::message::Mailbox;
use reqwest::Url;
use shared::env::{Reader, Setting};

use super::ChannelName;

/// Where Postmark takes mail.
const POSTMARK_ENDPOINT: &str = "https://api.postmarkapp.com/email";
/// Port for the submission of mail with STARTTLS.
const DEFAULT_SMTP_PORT: u64 = 587;
const DEFAULT_MAX_PER_HOUR: u64 = 20;
/// Postmark takes no more in one mail.
const MAX_RECIPIENTS: usize = 50;

/// The rows of the settings table.
pub(crate) const ALERT_SETTINGS: &[Setting] = &[
    Setting {
        name: "POSTMARK_API_TOKEN",
        default: "",
        about: "server token of Postmark; sends alerts through it",
    },
    Setting {
        name: "POSTMARK_FROM_EMAIL",
        default: "",
        about: "sender of mails through Postmark",
    },
    Setting {
        name: "POSTMARK_API_URL",
        default: POSTMARK_ENDPOINT,
        about: "where Postmark takes mail; for those who go through a gateway",
    },
    Setting {
        name: "SMTP_HOST",
        default: "",
        about: "mail server; sends alerts through it",
    },
    Setting {
        name: "SMTP_PORT",
        default: "587",
        about: "465 is TLS from the first byte, any other port STARTTLS",
    },
    Setting {
        name: "SMTP_USERNAME",
        default: "",
        about: "name at the mail server; never sent without TLS",
    },
    Setting {
        name: "SMTP_PASSWORD",
        default: "",
        about: "password at the mail server; never sent without TLS",
    },
    Setting {
        name: "SMTP_FROM",
        default: "",
        about: "sender of mails through the mail server",
    },
    Setting {
        name: "ALERT_WEBHOOK_URL",
        default: "",
        about: "address that alerts are posted to; Slack, Mattermost and Discord show them",
    },
    Setting {
        name: "ALERT_WEBHOOK_SECRET",
        default: "",
        about: "key of the webhook's signature, X-Monlight-Signature",
    },
    Setting {
        name: "ALERT_EMAILS",
        default: "",
        about: "recipients of mails, comma-separated",
    },
    Setting {
        name: "ALERT_MAX_PER_HOUR",
        default: "20",
        about: "mails in any hour; the rest come as one digest",
    },
    Setting {
        name: "BASE_URL",
        default: "",
        about: "address of this service as people reach it, for links",
    },
];

/// Everything about alerts that is set from outside.
#[derive(Clone)]
pub(crate) struct AlertSettings {
    pub(crate) postmark: Option<PostmarkSettings>,
    pub(crate) smtp: Option<SmtpSettings>,
    pub(crate) webhook: Option<WebhookSettings>,
    pub(crate) recipients: Vec<Mailbox>,
    pub(crate) max_per_hour: usize,
    pub(crate) base_url: Option<String>,
}

#[derive(Clone)]
pub(crate) struct PostmarkSettings {
    pub(crate) token: String,
    pub(crate) from: Mailbox,
    pub(crate) endpoint: Url,
}

#[derive(Clone)]
pub(crate) struct SmtpSettings {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) sign_in: Option<SignIn>,
    pub(crate) from: Mailbox,
}

/// Name and password at the mail server.
#[derive(Clone)]
pub(crate) struct SignIn {
    pub(crate) username: String,
    pub(crate) password: String,
}

#[derive(Clone)]
pub(crate) struct WebhookSettings {
    pub(crate) url: Url,
    pub(crate) secret: Option<String>,
}

impl std::fmt::Debug for AlertSettings {
    /// Names the channels and none of their secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AlertSettings")
            .field("channels", &self.channels())
            .finish_non_exhaustive()
    }
}

impl AlertSettings {
    /// Reads them all; what cannot be used is noted in `reader` under the name of its variable.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Self {
        // Each is read once, because the reading itself may note a fault.
        let token = reader.text("POSTMARK_API_TOKEN");
        let host = reader.text("SMTP_HOST");
        let wants_mail = token.is_some() || host.is_some();
        Self {
            postmark: read_postmark(reader, token),
            smtp: read_smtp(reader, host),
            webhook: read_webhook(reader),
            recipients: read_recipients(reader, wants_mail),
            max_per_hour: reader.number("ALERT_MAX_PER_HOUR", DEFAULT_MAX_PER_HOUR, 1..=1_000) as usize,
            base_url: read_base_url(reader),
        }
    }

    /// The channels that are set, in the order in which they are documented.
    pub(crate) fn channels(&self) -> Vec<ChannelName> {
        let set = [
            (ChannelName::Postmark, self.postmark.is_some()),
            (ChannelName::Smtp, self.smtp.is_some()),
            (ChannelName::Webhook, self.webhook.is_some()),
        ];
        set.into_iter()
            .filter_map(|(name, is_set)| is_set.then_some(name))
            .collect()
    }
}

fn read_postmark(reader: &mut Reader<'_>, token: Option<String>) -> Option<PostmarkSettings> {
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

fn read_smtp(reader: &mut Reader<'_>, host: Option<String>) -> Option<SmtpSettings> {
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

fn read_webhook(reader: &mut Reader<'_>) -> Option<WebhookSettings> {
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

fn read_recipients(reader: &mut Reader<'_>, are_needed: bool) -> Vec<Mailbox> {
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

fn read_base_url(reader: &mut Reader<'_>) -> Option<String> {
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

/// `name@example.com` or `Name <name@example.com>`; the fault completes a sentence.
fn mailbox(text: &str) -> Result<Mailbox, &'static str> {
    let mailbox: Mailbox = text.parse().map_err(|_| "is no e-mail address")?;
    // Others need servers with SMTPUTF8 all the way, and one that lacks it refuses the mail for all.
    if !mailbox.email.to_string().is_ascii() {
        return Err("has letters that many mail servers refuse; write the domain in its xn-- form");
    }
    Ok(mailbox)
}

fn web_address(text: &str) -> Option<Url> {
    Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

fn is_host(text: &str) -> bool {
    text.parse::<std::net::IpAddr>().is_ok()
        || text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    use shared::env::Faults;

    fn read(values: &[(&str, &str)]) -> Result<AlertSettings, Faults> {
        let lookup = |name: &str| {
            values
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        };
        let mut reader = Reader::new(&lookup);
        let settings = AlertSettings::read(&mut reader);
        reader.finish(settings)
    }

    fn faulty_names(values: &[(&str, &str)]) -> Vec<String> {
        let faults = read(values).err().map_or(Vec::new(), |faults| faults.0);
        faults.into_iter().map(|fault| fault.name).collect()
    }

    #[test]
    fn nothing_set_is_no_channel_and_no_fault() {
        let settings = read(&[]).unwrap();

        assert!(settings.channels().is_empty());
        assert_eq!(settings.max_per_hour, 20);
    }

    #[test]
    fn every_channel_may_be_set_at_once() {
        let settings = read(&[
            ("POSTMARK_API_TOKEN", "token"),
            ("POSTMARK_FROM_EMAIL", "Monlight <errors@example.com>"),
            ("SMTP_HOST", "mail.example.com"),
            ("SMTP_PORT", "465"),
            ("SMTP_USERNAME", "errors"),
            ("SMTP_PASSWORD", "pass word"),
            ("SMTP_FROM", "errors@example.com"),
            ("ALERT_WEBHOOK_URL", "https://chat.example/hook"),
            ("ALERT_WEBHOOK_SECRET", "key"),
            (
                "ALERT_EMAILS",
                "a@example.com, b@example.com;c@example.com,,a@example.com",
            ),
            ("BASE_URL", "https://errors.example.com/"),
        ])
        .unwrap();

        assert_eq!(
            settings.channels(),
            [ChannelName::Postmark, ChannelName::Smtp, ChannelName::Webhook]
        );
        assert_eq!(settings.recipients.len(), 3);
        assert_eq!(
            settings.postmark.unwrap().endpoint.as_str(),
            "https://api.postmarkapp.com/email"
        );
        assert_eq!(settings.smtp.unwrap().port, 465);
    }

    #[test]
    fn what_belongs_together_is_asked_for_by_name() {
        let recipients = ("ALERT_EMAILS", "a@example.com");
        let sender = ("SMTP_FROM", "a@example.com");
        let host = ("SMTP_HOST", "mail.example.com");
        for (values, names) in [
            (
                &[("POSTMARK_API_TOKEN", "t"), recipients][..],
                &["POSTMARK_FROM_EMAIL"][..],
            ),
            (&[host, recipients], &["SMTP_FROM"]),
            (&[host, sender], &["ALERT_EMAILS"]),
            (&[host], &["SMTP_FROM", "ALERT_EMAILS"]),
            (
                &[host, sender, recipients, ("SMTP_USERNAME", "u")],
                &["SMTP_PASSWORD"],
            ),
            (
                &[host, sender, recipients, ("SMTP_PASSWORD", "p")],
                &["SMTP_USERNAME"],
            ),
            (&[("SMTP_USERNAME", "u")], &["SMTP_HOST"]),
            (&[("ALERT_WEBHOOK_SECRET", "s")], &["ALERT_WEBHOOK_URL"]),
            // Left-overs that do no harm.
            (
                &[("POSTMARK_FROM_EMAIL", "a@example.com"), sender, recipients],
                &[],
            ),
        ] {
            assert_eq!(faulty_names(values), names, "{values:?}");
        }
    }

    #[test]
    fn values_that_cannot_work_are_faults() {
        let mail = [
            ("ALERT_EMAILS", "a@example.com"),
            ("SMTP_HOST", "mail"),
            ("SMTP_FROM", "a@example.com"),
        ];
        let postmark = [mail[0], ("POSTMARK_FROM_EMAIL", "a@example.com")];
        for (base, name, value) in [
            (&mail[1..], "ALERT_EMAILS", "a@example.com, nobody"),
            (&mail[1..], "ALERT_EMAILS", "a@example.com\r\nBcc: b@example.com"),
            (&mail[1..], "ALERT_EMAILS", "j\u{f6}rg@example.com"),
            (&mail[..2], "SMTP_FROM", "nobody"),
            (&mail[..], "SMTP_PORT", "0"),
            (&mail[..], "SMTP_PORT", "65536"),
            (&[mail[0], mail[2]], "SMTP_HOST", "smtp://mail.example.com"),
            (&[mail[0], mail[2]], "SMTP_HOST", "mail.example.com:25"),
            (&postmark, "POSTMARK_API_TOKEN", "<your token>"),
            (&postmark, "POSTMARK_API_TOKEN", "t\u{f6}ken"),
            (&[], "ALERT_WEBHOOK_URL", "chat.example/hook"),
            (&[], "ALERT_WEBHOOK_URL", "ftp://chat.example/hook"),
            (&[], "BASE_URL", "errors.example.com"),
            (&[], "BASE_URL", "https://errors.example.com/?a=b"),
            (&[], "ALERT_MAX_PER_HOUR", "0"),
        ] {
            let mut values = base.to_vec();
            values.push((name, value));

            assert_eq!(faulty_names(&values), [name], "{value}");
        }
    }

    #[test]
    fn no_fault_repeats_a_secret_or_an_address() {
        let faults = read(&[
            ("ALERT_WEBHOOK_URL", "chat.example/very-secret"),
            ("POSTMARK_API_TOKEN", "t\u{f6}ken-secret"),
            ("POSTMARK_FROM_EMAIL", "secret"),
            ("ALERT_EMAILS", "secret"),
        ])
        .expect_err("all of them are bad");

        assert_eq!(faults.0.len(), 4);
        assert!(!faults.to_string().contains("secret"), "{faults}");
    }

    #[test]
    fn a_debug_print_shows_no_secret() {
        let settings = read(&[("ALERT_WEBHOOK_URL", "https://chat.example/secret")]).unwrap();

        assert_eq!(
            format!("{settings:?}"),
            "AlertSettings { channels: [Webhook], .. }"
        );
    }
}
