//! Which channels there are, as the environment says.

mod addresses;
mod read;
#[cfg(test)]
mod tests;

use lettre::message::Mailbox;
use reqwest::Url;
use shared::env::{Reader, Setting};

use self::read::{read_base_url, read_postmark, read_recipients, read_smtp, read_webhook};
use super::ChannelName;

/// Where Postmark takes mail.
const POSTMARK_ENDPOINT: &str = "https://api.postmarkapp.com/email";
const DEFAULT_MAX_PER_HOUR: u64 = 20;

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
