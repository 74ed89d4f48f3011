//! Which texts are addresses: of people, of the web, of hosts.

use lettre::message::Mailbox;
use reqwest::Url;

/// `name@example.com` or `Name <name@example.com>`; the fault completes a sentence.
pub(super) fn mailbox(text: &str) -> Result<Mailbox, &'static str> {
    let mailbox: Mailbox = text.parse().map_err(|_| "is no e-mail address")?;
    // Others need servers with SMTPUTF8 all the way, and one that lacks it refuses the mail for all.
    if !mailbox.email.to_string().is_ascii() {
        return Err("has letters that many mail servers refuse; write the domain in its xn-- form");
    }
    Ok(mailbox)
}

pub(super) fn web_address(text: &str) -> Option<Url> {
    Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

pub(super) fn is_host(text: &str) -> bool {
    text.parse::<std::net::IpAddr>().is_ok()
        || text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
}
