//! Posts alerts to an address of the operator's choice, signed.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::CONTENT_TYPE;
use sha2::Sha256;

use super::send_error::SendError;
use super::settings::WebhookSettings;

const WHO: &str = "the webhook";
/// Holds `sha256=` and the hexadecimal HMAC of the body's bytes.
const SIGNATURE: &str = "x-monlight-signature";
/// The same for every try of one alert, so that a receiver can tell a repeat.
const DELIVERY: &str = "x-monlight-delivery";

pub(super) async fn send(
    client: &reqwest::Client,
    settings: &WebhookSettings,
    body: &str,
    delivery: &str,
) -> Result<(), SendError> {
    let mut request = client
        .post(settings.url.clone())
        .header(CONTENT_TYPE, "application/json")
        .header(DELIVERY, delivery);
    if let Some(secret) = &settings.secret {
        request = request.header(SIGNATURE, signature(secret, body.as_bytes()));
    }
    let answer = request
        .body(body.to_owned())
        .send()
        .await
        .map_err(|error| SendError::from_transport(WHO, &error))?;
    if answer.status().is_success() {
        return Ok(());
    }
    Err(SendError::from_status(
        WHO,
        answer.status(),
        answer.headers(),
        None,
    ))
}

fn signature(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(body);
    let mut text = "sha256=".to_owned();
    for byte in mac.finalize().into_bytes() {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_the_hmac_of_rfc_4231() {
        assert_eq!(
            signature("Jefe", b"what do ya want for nothing?"),
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
