//! Sends mail through a mail server.
//!
//! The steps of a delivery are taken one by one rather than by lettre's transport: so a
//! recipient that the server refuses does not keep the mail from the others, and what
//! failed can be said without repeating the server's words.

#[cfg(test)]
mod fake_server;
#[cfg(test)]
mod tests;

use std::time::Duration;

use lettre::address::Address;
use lettre::message::Mailbox;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters, TlsParametersBuilder};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use tokio::time::timeout;

use super::mail;
use super::send_error::{SendError, root_cause};
use super::settings::SmtpSettings;
use crate::alert::Rendered;

/// TLS from the first byte, not after STARTTLS.
const IMPLICIT_TLS_PORT: u16 = 465;
/// For one address of the host; the next one gets its turn then.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// From the look-up of the name to the server's word that it has the mail.
const SEND_LIMIT: Duration = Duration::from_secs(13);
/// For the farewell, when the mail is delivered already.
const QUIT_LIMIT: Duration = Duration::from_secs(1);

pub(super) struct Smtp {
    host: String,
    port: u16,
    is_implicit_tls: bool,
    credentials: Option<Credentials>,
    from: Mailbox,
    hello: ClientId,
    tls: TlsParameters,
}

impl Smtp {
    pub(super) fn new(settings: &SmtpSettings) -> Self {
        Self::with_tls(settings, tls_for(settings).build())
    }

    fn with_tls(settings: &SmtpSettings, tls: Result<TlsParameters, Error>) -> Self {
        Self {
            host: settings.host.clone(),
            port: settings.port,
            is_implicit_tls: settings.port == IMPLICIT_TLS_PORT,
            credentials: settings
                .sign_in
                .as_ref()
                .map(|sign_in| Credentials::new(sign_in.username.clone(), sign_in.password.clone())),
            from: settings.from.clone(),
            // A container's own name means nothing to a mail server, and some refuse it.
            hello: ClientId::Domain(settings.from.email.domain().to_owned()),
            tls: tls.expect("bundled certificates and ring make a TLS configuration"),
        }
    }

    pub(super) async fn send(
        &self,
        recipients: &[Mailbox],
        message: &Rendered,
        idempotency: &str,
    ) -> Result<(), SendError> {
        let message_id = mail::message_id(idempotency, &self.from);
        let mail = mail::compose(message, &self.from, recipients, message_id)?.formatted();
        let delivery = Box::pin(self.deliver(recipients, &mail));
        let Ok(outcome) = timeout(SEND_LIMIT, delivery).await else {
            return Err(SendError::temporary("the mail server did not answer in time"));
        };
        let mut connection = outcome?;
        // The server has the mail; whether it hears the farewell changes nothing.
        let _ = timeout(QUIT_LIMIT, connection.quit()).await;
        Ok(())
    }

    /// Ends when the server has taken responsibility for the mail.
    async fn deliver(&self, recipients: &[Mailbox], mail: &[u8]) -> Result<AsyncSmtpConnection, SendError> {
        let mut connection = self.connect().await?;
        if let Some(credentials) = &self.credentials {
            // `connect` ends with TLS or an error; this line is what keeps a change there from giving them away.
            if !connection.is_encrypted() {
                return Err(SendError::permanent("credentials are never sent without TLS"));
            }
            connection
                .auth(DEFAULT_MECHANISMS, credentials)
                .await
                .map_err(|error| failure("the sign-in", &error))?;
        }
        let sender = Mail::new(Some(self.from.email.clone()), Vec::new());
        connection
            .command(sender)
            .await
            .map_err(|error| failure("the sender", &error))?;
        address(&mut connection, recipients).await?;
        connection
            .command(Data)
            .await
            .map_err(|error| failure("the mail", &error))?;
        connection
            .message(mail)
            .await
            .map_err(|error| failure("the mail", &error))?;
        Ok(connection)
    }

    /// Connects and encrypts. Without TLS it succeeds only where there are no credentials and no offer of TLS.
    async fn connect(&self) -> Result<AsyncSmtpConnection, SendError> {
        let implicit_tls = self.is_implicit_tls.then(|| self.tls.clone());
        let server = (self.host.as_str(), self.port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(server, Some(CONNECT_LIMIT), &self.hello, implicit_tls, None)
                .await
                .map_err(|error| failure("the connection", &error))?;
        if connection.is_encrypted() {
            return Ok(connection);
        }
        if connection.can_starttls() {
            connection
                .starttls(self.tls.clone(), &self.hello)
                .await
                .map_err(|error| failure("STARTTLS", &error))?;
        } else if self.credentials.is_some() {
            connection.abort().await;
            // Temporary, because somebody on the way can hide the offer, and must not end an alert by it.
            return Err(SendError::temporary(
                "the mail server offers no STARTTLS, and credentials are never sent without TLS; \
                 use a port with TLS (SMTP_PORT=465), or a relay that asks for no credentials",
            ));
        }
        Ok(connection)
    }
}

/// Names the recipients. One that is taken is enough: the others must not lose the mail by a bad address.
async fn address(connection: &mut AsyncSmtpConnection, recipients: &[Mailbox]) -> Result<(), SendError> {
    let mut refusals = Vec::new();
    for Mailbox { email, .. } in recipients {
        match rcpt(connection, email.clone()).await {
            Ok(()) => {}
            Err(error) if error.status().is_some() => refusals.push(failure("the recipient", &error)),
            Err(error) => return Err(failure("the recipient", &error)),
        }
    }
    if refusals.len() < recipients.len() {
        if !refusals.is_empty() {
            tracing::warn!(
                refused = refusals.len(),
                "mail server refused some of the recipients"
            );
        }
        return Ok(());
    }
    // When one of them may be taken later, the mail is worth another try.
    let temporary = refusals.iter().position(|refusal| !refusal.is_permanent());
    match refusals.into_iter().nth(temporary.unwrap_or(0)) {
        Some(refusal) => Err(refusal),
        None => Err(SendError::permanent("no recipient is set")),
    }
}

async fn rcpt(connection: &mut AsyncSmtpConnection, to: Address) -> Result<(), Error> {
    connection.command(Rcpt::new(to, Vec::new())).await.map(|_| ())
}

/// How TLS with the server is done.
///
/// With credentials, and on port 465, the server must prove its name. Without them a
/// relay may have a certificate of its own making, as Debian's Postfix does: such a relay
/// would get the mail unencrypted if it offered no TLS at all, so encryption without
/// proof takes nothing away (RFC 7435).
fn tls_for(settings: &SmtpSettings) -> TlsParametersBuilder {
    let is_opportunistic = settings.sign_in.is_none() && settings.port != IMPLICIT_TLS_PORT;
    TlsParameters::builder(settings.host.clone())
        .dangerous_accept_invalid_certs(is_opportunistic)
        .dangerous_accept_invalid_hostnames(is_opportunistic)
}

/// Says what failed, with the server's code but without its words: those may hold addresses.
fn failure(what: &str, error: &Error) -> SendError {
    if let Some(code) = error.status() {
        let mut reason = format!("the mail server refused {what} ({code}");
        if let Some(enhanced) = enhanced_code(error) {
            reason += &format!(" {enhanced}");
        }
        reason.push(')');
        return if error.is_permanent() {
            SendError::permanent(reason)
        } else {
            SendError::temporary(reason)
        };
    }
    if error.is_client() {
        // What lettre itself finds wrong, in fixed words.
        return SendError::permanent(format!(
            "{what} cannot be done with this mail server: {}",
            root_cause(error)
        ));
    }
    if error.is_response() {
        return SendError::temporary(format!(
            "the mail server broke off or gave no SMTP answer at {what}"
        ));
    }
    SendError::temporary(format!(
        "the mail server cannot be reached at {what}: {}",
        root_cause(error)
    ))
}

/// The finer code of RFC 3463, such as 5.7.8, that may stand before the server's words.
fn enhanced_code(error: &Error) -> Option<String> {
    let words = std::error::Error::source(error)?.to_string();
    let code = words.split_whitespace().next()?;
    let parts: Vec<&str> = code.split('.').collect();
    let is_number = |part: &&str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    (parts.len() == 3 && parts.iter().all(is_number)).then(|| code.to_owned())
}
