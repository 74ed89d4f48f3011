//! A browser's session: the key is exchanged once for a cookie.

use serde_json::json;
use shared::testing::{Client, Reply};

use crate::tracker::{KEY, Tracker, report};

/// Signs in and answers with the whole reply.
async fn sign_in(client: &Client, key: &str) -> Reply {
    client.post_json("/api/session", &json!({"api_key": key})).await
}

/// `name=value` of the cookie that a reply sets.
fn cookie(reply: &Reply) -> String {
    let whole = reply.header("set-cookie");
    whole.split(';').next().unwrap().to_owned()
}

/// A browser that has signed in.
async fn browser(tracker: &Tracker) -> Client {
    let reply = sign_in(&tracker.service.client(), KEY).await;
    assert_eq!(reply.status, 204, "{}", reply.text());
    tracker.service.client().with("Cookie", &cookie(&reply))
}

#[tokio::test]
async fn the_cookie_is_out_of_reach_for_scripts_and_other_sites() {
    let tracker = Tracker::start().await;

    let reply = sign_in(&tracker.service.client(), KEY).await;

    assert_eq!((reply.status, reply.body.len()), (204, 0));
    let whole = reply.header("set-cookie");
    assert!(whole.starts_with("monlight_error-tracker="), "{whole}");
    let attributes: Vec<&str> = whole.split("; ").skip(1).collect();
    assert_eq!(attributes, ["Max-Age=2592000", "HttpOnly", "SameSite=Strict"]);
    assert!(!whole.contains(KEY));
}

#[tokio::test]
async fn behind_an_encrypted_proxy_the_cookie_is_secure() {
    let tracker = Tracker::start().await;
    let proxied = tracker.service.client().with("X-Forwarded-Proto", "https");

    assert!(
        sign_in(&proxied, KEY)
            .await
            .header("set-cookie")
            .ends_with("; Secure")
    );
}

#[tokio::test]
async fn a_wrong_key_opens_no_session() {
    let tracker = Tracker::start().await;

    let wrong = sign_in(&tracker.stranger("192.0.2.1"), "wrong").await;
    let none = tracker
        .stranger("192.0.2.1")
        .post_json("/api/session", &json!({}))
        .await;

    assert_eq!((wrong.status, wrong.detail().as_str()), (401, "Invalid API key"));
    assert_eq!(wrong.header("set-cookie"), "");
    assert_eq!(none.status, 400);
    assert!(none.detail().contains("api_key"), "{}", none.detail());
}

#[tokio::test]
async fn a_session_reads_and_writes_only_from_its_own_page() {
    let tracker = Tracker::start().await;
    let id = tracker.group(&report("KeyError")).await;
    let browser = browser(&tracker).await;
    let own_page = browser.with("X-Monlight-UI", "1");

    assert_eq!(browser.get("/api/errors").await.status, 200);
    assert_eq!(browser.send("HEAD", "/api/errors", None).await.status, 200);
    for (method, path, allowed) in [
        ("POST", format!("/api/errors/{id}/resolve"), 200),
        ("POST", "/api/test-alert".into(), 503),
        ("DELETE", format!("/api/errors/{id}"), 204),
    ] {
        let refused = browser.send(method, &path, Some(b"")).await;
        let own = own_page.send(method, &path, Some(b"")).await;

        assert_eq!(refused.status, 403, "{method} {path}: {}", refused.detail());
        assert_eq!(own.status, allowed, "{method} {path}");
    }
}

#[tokio::test]
async fn signing_out_ends_the_cookie() {
    let tracker = Tracker::start().await;
    let browser = browser(&tracker).await;

    let reply = browser.with("X-Monlight-UI", "1").delete("/api/session").await;

    assert_eq!(reply.status, 204);
    let whole = reply.header("set-cookie");
    assert!(
        whole.starts_with("monlight_error-tracker=;") && whole.contains("Max-Age=0"),
        "{whole}"
    );
    let signed_out = tracker.stranger("192.0.2.1").with("Cookie", &cookie(&reply));
    assert_eq!(signed_out.get("/api/errors").await.status, 401);
}

#[tokio::test]
async fn a_change_of_the_key_ends_the_sessions_of_the_old_one() {
    let tracker = Tracker::start().await;
    let reply = sign_in(&tracker.service.client(), KEY).await;

    let tracker = tracker
        .restarted_with(&[("API_KEY", &format!("new,{KEY}"))])
        .await;
    let during = tracker.service.client().with("Cookie", &cookie(&reply));
    assert_eq!(during.get("/api/errors").await.status, 200, "both keys are valid");

    let tracker = tracker.restarted_with(&[("API_KEY", "new")]).await;
    let after = tracker.stranger("192.0.2.1").with("Cookie", &cookie(&reply));
    assert_eq!(after.get("/api/errors").await.status, 401);
}

#[tokio::test]
async fn a_cookie_is_taken_among_others_and_not_when_forged() {
    let tracker = Tracker::start().await;
    let value = cookie(&sign_in(&tracker.service.client(), KEY).await);
    let later = value.replace('=', "=9");
    for (cookies, status) in [
        (format!("a=1; {value}; b=2"), 200),
        (value.replace("error-tracker", "log-viewer"), 401),
        (later, 401),
        (format!("{value}x"), 401),
    ] {
        let client = tracker.stranger("192.0.2.1").with("Cookie", &cookies);
        assert_eq!(client.get("/api/errors").await.status, status, "{cookies}");
    }
}
