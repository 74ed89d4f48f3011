//! What every service promises in the same words: who is let in, how a browser signs in, when to come again. A service's
//! own tests say for which addresses.

use serde_json::json;

use super::{Client, Reply};

/// A reply to somebody without the key.
///
/// # Panics
/// When it tells more than that.
pub fn assert_refused(reply: &Reply, what: &str) {
    assert_eq!(reply.status, 401, "{what}");
    assert_eq!(reply.header("www-authenticate"), "Bearer", "{what}");
    if !what.starts_with("HEAD") {
        assert_eq!(reply.detail(), "Invalid API key", "{what}");
    }
}

/// Each of these addresses answers all who do not have `key` in the same way. `stranger` makes a client without key of
/// an address of its own: who keeps guessing is answered late. `body` goes along with each POST.
///
/// # Panics
/// When one does not.
pub async fn assert_guarded(
    service: &str,
    key: &str,
    addresses: &[(&str, &str)],
    body: &[u8],
    stranger: impl Fn(&str) -> Client,
) {
    for (number, (method, path)) in addresses.iter().enumerate() {
        let stranger = stranger(&format!("192.0.2.{number}"));
        let body = (*method == "POST").then_some(body);
        for (client, what) in [
            (stranger.clone(), "no key"),
            (stranger.with("X-API-Key", "wrong"), "a wrong key"),
            (stranger.with("X-API-Key", ""), "a blank key"),
            (stranger.with("Authorization", "Bearer wrong"), "a wrong token"),
            (
                stranger.with("Authorization", &format!("Basic {key}")),
                "another scheme",
            ),
            (
                stranger.with("Cookie", &format!("monlight_{service}=1.x")),
                "a wrong cookie",
            ),
        ] {
            let reply = client.send(method, path, body).await;
            assert_refused(&reply, &format!("{method} {path} with {what}"));
        }
    }
}

/// Exchanges the key for a cookie, or is refused.
pub async fn sign_in(client: &Client, key: &str) -> Reply {
    client.post_json("/api/session", &json!({"api_key": key})).await
}

/// `name=value` of the cookie that a reply sets.
#[must_use]
pub fn cookie(reply: &Reply) -> &str {
    let whole = reply.header("set-cookie");
    whole.split(';').next().unwrap_or_default()
}

/// A browser that has signed in to `service`, whose cookie is out of reach for scripts and other sites.
///
/// # Panics
/// When it cannot, or when the cookie is another one.
pub async fn signed_in(open: &Client, service: &str, key: &str) -> Client {
    let reply = sign_in(open, key).await;
    assert_eq!((reply.status, reply.body.len()), (204, 0), "{}", reply.text());
    let whole = reply.header("set-cookie");
    assert!(whole.starts_with(&format!("monlight_{service}=")), "{whole}");
    let attributes: Vec<&str> = whole.split("; ").skip(1).collect();
    assert_eq!(attributes, ["Max-Age=2592000", "HttpOnly", "SameSite=Strict"]);
    assert!(!whole.contains(key));
    open.with("Cookie", cookie(&reply))
}

/// Who does not know the key gets no session, and is told so or what is missing.
///
/// # Panics
/// When there is one.
pub async fn assert_no_session(stranger: &Client) {
    let wrong = sign_in(stranger, "wrong").await;
    let none = stranger.post_json("/api/session", &json!({})).await;

    assert_eq!((wrong.status, wrong.detail().as_str()), (401, "Invalid API key"));
    assert_eq!(wrong.header("set-cookie"), "");
    assert_eq!(none.status, 400);
    assert!(none.detail().contains("api_key"), "{}", none.detail());
}

/// Signing out takes the cookie away.
///
/// # Panics
/// When it does not.
pub async fn assert_signs_out(browser: &Client, service: &str) {
    let reply = browser.with("X-Monlight-UI", "1").delete("/api/session").await;

    assert_eq!(reply.status, 204);
    let whole = reply.header("set-cookie");
    assert!(
        whole.starts_with(&format!("monlight_{service}=;")) && whole.contains("Max-Age=0"),
        "{whole}"
    );
}

/// Only the cookie of `service` itself, as it was given, opens `path`. `client` makes one with these cookies.
///
/// # Panics
/// When another one does.
pub async fn assert_only_own_cookie(
    cookie: &str,
    service: &str,
    path: &str,
    client: impl Fn(&str) -> Client,
) {
    for (cookies, status) in [
        (format!("a=1; {cookie}; b=2"), 200),
        (cookie.replace(service, "another-service"), 401),
        // One that seems to be valid for longer.
        (cookie.replace('=', "=9"), 401),
        (format!("{cookie}x"), 401),
    ] {
        assert_eq!(client(&cookies).get(path).await.status, status, "{cookies}");
    }
}

/// A refusal because of too many requests, which says when to come again; answers with the seconds.
///
/// # Panics
/// When the answer is something else.
#[must_use]
pub fn assert_too_many(reply: &Reply) -> u64 {
    assert_eq!(reply.status, 429);
    assert!(!reply.detail().is_empty());
    let seconds: u64 = reply.header("retry-after").parse().expect("seconds");
    assert!((1..=62).contains(&seconds), "{seconds}");
    let body: serde_json::Value = serde_json::from_slice(&reply.body).expect("a body of JSON");
    assert_eq!(body["retry_after"], seconds);
    seconds
}
