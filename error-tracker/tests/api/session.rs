//! A browser's session: the key is exchanged once for a cookie.

use shared::testing::promises::{
    assert_no_session, assert_only_own_cookie, assert_signs_out, cookie, sign_in, signed_in,
};

use crate::tracker::{KEY, Tracker, report};

const SERVICE: &str = "error-tracker";

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

    assert_no_session(&tracker.stranger("192.0.2.1")).await;
}

#[tokio::test]
async fn a_session_reads_and_writes_only_from_its_own_page() {
    let tracker = Tracker::start().await;
    let id = tracker.group(&report("KeyError")).await;
    let browser = signed_in(&tracker.service.client(), SERVICE, KEY).await;
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
    let browser = signed_in(&tracker.service.client(), SERVICE, KEY).await;

    assert_signs_out(&browser, SERVICE).await;

    let signed_out = tracker
        .stranger("192.0.2.1")
        .with("Cookie", "monlight_error-tracker=");
    assert_eq!(signed_out.get("/api/errors").await.status, 401);
}

#[tokio::test]
async fn a_change_of_the_key_ends_the_sessions_of_the_old_one() {
    let tracker = Tracker::start().await;
    let reply = sign_in(&tracker.service.client(), KEY).await;

    let tracker = tracker
        .restarted_with(&[("API_KEY", &format!("new,{KEY}"))])
        .await;
    let during = tracker.service.client().with("Cookie", cookie(&reply));
    assert_eq!(during.get("/api/errors").await.status, 200, "both keys are valid");

    let tracker = tracker.restarted_with(&[("API_KEY", "new")]).await;
    let after = tracker.stranger("192.0.2.1").with("Cookie", cookie(&reply));
    assert_eq!(after.get("/api/errors").await.status, 401);
}

#[tokio::test]
async fn a_cookie_is_taken_among_others_and_not_when_forged() {
    let tracker = Tracker::start().await;
    let reply = sign_in(&tracker.service.client(), KEY).await;

    assert_only_own_cookie(cookie(&reply), SERVICE, "/api/errors", |cookies| {
        tracker.stranger("192.0.2.1").with("Cookie", cookies)
    })
    .await;
}
