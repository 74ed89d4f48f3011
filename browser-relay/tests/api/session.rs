//! A browser's session: the key is exchanged once for a cookie.

use shared::testing::promises::{
    assert_no_session, assert_only_own_cookie, assert_signs_out, cookie, sign_in, signed_in,
};

use crate::relay::{ADMIN, KEY, Relay};

const SERVICE: &str = "browser-relay";

#[tokio::test]
async fn a_wrong_key_opens_no_session() {
    let relay = Relay::start().await;

    assert_no_session(&relay.stranger("192.0.2.1")).await;
    assert_eq!(sign_in(&relay.stranger("192.0.2.2"), KEY).await.status, 401);
}

#[tokio::test]
async fn a_session_reads_and_writes_only_from_its_own_page() {
    let relay = Relay::start().await;
    let page = signed_in(&relay.service.client(), SERVICE, ADMIN).await;
    for path in ["/api/dsn-keys", "/api/source-maps", "/api/spool", "/metrics"] {
        assert_eq!(page.get(path).await.status, 200, "{path}");
    }
    for (method, path, body, status) in [
        ("POST", "/api/dsn-keys", "{\"project\":\"mine\"}", 201),
        ("DELETE", "/api/dsn-keys/1", "", 200),
        ("POST", "/api/dsn-keys/1/activate", "", 200),
        ("POST", "/api/source-maps", "{}", 400),
        ("DELETE", "/api/source-maps/1", "", 404),
    ] {
        let refused = page.send(method, path, Some(body.as_bytes())).await;
        let own = page
            .with("X-Monlight-UI", "1")
            .send(method, path, Some(body.as_bytes()))
            .await;

        assert_eq!(
            (refused.status, own.status),
            (403, status),
            "{method} {path}: {}",
            refused.detail()
        );
    }
    assert_eq!(relay.get("/api/dsn-keys").await["total"], 2);
}

#[tokio::test]
async fn a_session_is_no_key_of_a_browser() {
    let relay = Relay::start().await;
    let page = signed_in(&relay.service.client(), SERVICE, ADMIN).await;

    let reply = page
        .with("X-Monlight-UI", "1")
        .post_bytes("/api/browser/errors", b"{}")
        .await;

    assert_eq!((reply.status, reply.detail().as_str()), (401, "Invalid DSN key"));
}

#[tokio::test]
async fn signing_out_and_a_change_of_the_key_end_the_session() {
    let relay = Relay::start().await;
    let before = sign_in(&relay.service.client(), ADMIN).await;
    let page = signed_in(&relay.service.client(), SERVICE, ADMIN).await;

    assert_signs_out(&page, SERVICE).await;
    let relay = relay.restarted_with(&[("ADMIN_API_KEY", "new")]).await;

    let after = relay.stranger("192.0.2.1").with("Cookie", cookie(&before));
    assert_eq!(after.get("/api/spool").await.status, 401);
}

#[tokio::test]
async fn a_cookie_of_another_service_is_none() {
    let relay = Relay::start().await;
    let reply = sign_in(&relay.service.client(), ADMIN).await;

    assert_only_own_cookie(cookie(&reply), SERVICE, "/api/spool", |cookies| {
        relay.stranger("192.0.2.1").with("Cookie", cookies)
    })
    .await;
}
