//! Sends alerts: by Postmark, by a mail server, to a webhook.
//!
//! Every send ends within 15 seconds, whatever the other side does. What is sent is
//! written in the room `alert`; when, and how often again, is decided there too.

mod mail;
mod postmark;
mod send_error;
mod settings;
mod smtp;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod webhook;

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;
use std::time::Duration;

use lettre::message::Mailbox;
use serde::{Deserialize, Serialize};

pub(crate) use send_error::SendError;
pub(crate) use settings::{ALERT_SETTINGS, AlertSettings};

use crate::alert::Rendered;
use settings::{PostmarkSettings, WebhookSettings};
use smtp::Smtp;

/// For one request to Postmark or the webhook, its answer included.
const HTTP_LIMIT: Duration = Duration::from_secs(14);

/// A way to reach people. Its text is stored in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ChannelName {
    Postmark,
    Smtp,
    Webhook,
}

impl ChannelName {
    /// All there are, in the order in which they are documented.
    const ALL: [Self; 3] = [Self::Postmark, Self::Smtp, Self::Webhook];

    /// Its name in the queue, in answers and in logs.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            ChannelName::Postmark => "postmark",
            ChannelName::Smtp => "smtp",
            ChannelName::Webhook => "webhook",
        }
    }

    /// Whether its messages are mails, which the hourly cap counts.
    pub(crate) fn is_mail(self) -> bool {
        matches!(self, ChannelName::Postmark | ChannelName::Smtp)
    }
}

impl fmt::Display for ChannelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no channel.
#[derive(Debug, thiserror::Error)]
#[error("no such channel")]
pub(crate) struct NoSuchChannel;

impl FromStr for ChannelName {
    type Err = NoSuchChannel;

    fn from_str(text: &str) -> Result<Self, NoSuchChannel> {
        Self::ALL
            .into_iter()
            .find(|name| name.as_str() == text)
            .ok_or(NoSuchChannel)
    }
}

/// The channels that are set, ready to send.
pub(crate) struct Channels {
    names: Vec<ChannelName>,
    /// Made at the first use: its root certificates take memory that most installations never need.
    client: OnceLock<reqwest::Client>,
    postmark: Option<PostmarkSettings>,
    smtp: Option<Smtp>,
    webhook: Option<WebhookSettings>,
    recipients: Vec<Mailbox>,
}

impl Channels {
    /// Opens nothing yet; each send makes its own connection or takes one from the pool.
    #[must_use]
    pub(crate) fn new(settings: &AlertSettings) -> Self {
        Self {
            names: settings.channels(),
            client: OnceLock::new(),
            postmark: settings.postmark.clone(),
            smtp: settings.smtp.as_ref().map(Smtp::new),
            webhook: settings.webhook.clone(),
            recipients: settings.recipients.clone(),
        }
    }

    fn client(&self) -> &reqwest::Client {
        self.client.get_or_init(|| shared::outbound::client(HTTP_LIMIT))
    }

    /// The channels that are set.
    pub(crate) fn names(&self) -> &[ChannelName] {
        &self.names
    }

    /// Sends one message through all channels that are set at once, and tells of each how it went.
    ///
    /// It takes as long as the slowest of them; the results are in the channels' order.
    pub(crate) async fn send_to_all(
        &self,
        message: &Rendered,
        idempotency: &str,
    ) -> Vec<(ChannelName, Result<(), SendError>)> {
        let try_one = async |channel| {
            if !self.names.contains(&channel) {
                return None;
            }
            Some((channel, self.send(channel, message, idempotency).await))
        };
        let [first, second, third] = ChannelName::ALL;
        let results = tokio::join!(try_one(first), try_one(second), try_one(third));
        <[_; 3]>::from(results).into_iter().flatten().collect()
    }

    /// Sends one message and waits until the other side has taken it.
    ///
    /// `idempotency` names the alert: it is the same for every try, so that a message whose
    /// answer was lost can be recognised when it comes again.
    ///
    /// # Errors
    /// Why it was not taken, and whether another try can help.
    pub(crate) async fn send(
        &self,
        channel: ChannelName,
        message: &Rendered,
        idempotency: &str,
    ) -> Result<(), SendError> {
        match channel {
            ChannelName::Postmark => {
                let settings = self.postmark.as_ref().ok_or_else(not_set)?;
                let message_id = mail::message_id(idempotency, &settings.from);
                postmark::send(self.client(), settings, &self.recipients, message, &message_id).await
            }
            ChannelName::Smtp => {
                let smtp = self.smtp.as_ref().ok_or_else(not_set)?;
                smtp.send(&self.recipients, message, idempotency).await
            }
            ChannelName::Webhook => {
                let settings = self.webhook.as_ref().ok_or_else(not_set)?;
                let delivery = mail::delivery_id(idempotency);
                webhook::send(self.client(), settings, &message.hook, &delivery).await
            }
        }
    }
}

/// The queue may hold messages for a channel that was taken out of the settings since.
fn not_set() -> SendError {
    SendError::permanent("this channel is not set any more")
}
