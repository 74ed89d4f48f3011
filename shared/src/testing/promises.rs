//! What every service promises in the same words: who is let in, what is told about addresses and methods, how a browser
//! signs in. A service's own tests say for which addresses.

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

/// There is nothing at these addresses.
///
/// # Panics
/// When there is something.
pub async fn assert_unknown(api: &Client, paths: &[&str]) {
    for path in paths {
        let reply = api.get(path).await;
        assert_eq!(reply.status, 404, "{path}");
        assert!(!reply.detail().is_empty());
    }
}

/// Each of these addresses takes these methods, in the order of the alphabet, and tells them to who uses another one.
///
/// # Panics
/// When one does not.
pub async fn assert_methods(api: &Client, addresses: &[(&str, &[&str])]) {
    for (path, allowed) in addresses {
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"] {
            if allowed.contains(&method) {
                continue;
            }
            let reply = api.send(method, path, Some(b"{}")).await;

            assert_eq!(reply.status, 405, "{method} {path}");
            let mut told: Vec<&str> = reply.header("allow").split(',').map(str::trim).collect();
            told.sort_unstable();
            assert_eq!(told, *allowed, "{method} {path}");
            assert!(!reply.detail().is_empty());
        }
    }
}

/// At each of these addresses HEAD answers as GET does, without the body.
///
/// # Panics
/// When it does not.
pub async fn assert_heads(api: &Client, paths: &[&str]) {
    for path in paths {
        let get = api.get(path).await;
        let head = api.send("HEAD", path, None).await;

        assert_eq!(head.status, get.status, "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
        assert!(head.body.is_empty(), "{path}");
    }
}

/// Each of these addresses has a complete page that loads nothing from elsewhere.
///
/// # Panics
/// When one has not.
pub async fn assert_pages(stranger: &Client, paths: &[&str]) {
    for path in paths {
        let reply = stranger.get(path).await;

        assert_eq!(reply.status, 200, "{path}");
        assert!(reply.header("content-type").starts_with("text/html"), "{path}");
        let html = reply.text();
        assert!(html.contains("class="), "{path}");
        assert!(html.contains("</html>") || html.contains("</body>"), "{path}");
        assert!(!html.contains("http://") && !html.contains("https://"), "{path}");
        assert!(!html.contains("<script>"), "{path}: no inline script");
    }
}

/// Whatever is answered at these addresses tells a browser to be careful with it.
///
/// # Panics
/// When an answer does not.
pub async fn assert_caution(clients: &[Client], paths: &[&str]) {
    for path in paths {
        for client in clients {
            let reply = client.get(path).await;

            assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
            assert_eq!(reply.header("referrer-policy"), "no-referrer", "{path}");
            let policy = reply.header("content-security-policy");
            assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
            assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
            assert!(!policy.contains("unsafe"), "{path}: {policy}");
            let cache = reply.header("cache-control");
            // A page that was not built has no name of its version either.
            let expected = if *path == "/" {
                ["no-cache", "no-store"]
            } else {
                ["no-store"; 2]
            };
            assert!(expected.contains(&cache), "{path}: {cache}");
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
