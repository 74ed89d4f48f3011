//! DSN keys: made, listed, switched off and on.

use serde_json::{Value, json};
use shared::clock::Timestamp;
use shared::testing::eventually;

use crate::relay::{KEY, Relay, error};

async fn keys(relay: &Relay, query: &str) -> Value {
    relay.get(&format!("/api/dsn-keys{query}")).await
}

#[tokio::test]
async fn a_key_is_made_with_its_address() {
    for (public_url, expected) in [
        ("https://relay.example.com", "https://KEY@relay.example.com"),
        (
            "https://example.com/monitoring/relay/",
            "https://KEY@example.com/monitoring/relay",
        ),
        ("http://localhost:5013", "http://KEY@localhost:5013"),
        // The address that the administrator uses.
        ("", "http://KEY@test"),
    ] {
        let relay = Relay::with(&[("PUBLIC_URL", public_url)]).await;
        let body =
            json!({"project": " shop ", "allowed_origins": ["https://*.example.com"], "rate_limit": 7});

        let made = relay.make_key(&body).await;

        let key = made["public_key"].as_str().unwrap();
        assert!(
            key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{key}"
        );
        assert_eq!(made["dsn"], expected.replace("KEY", key));
        let at: Timestamp = made["created_at"].as_str().unwrap().parse().unwrap();
        assert!((Timestamp::now().millis() - at.millis()).abs() < 60_000);
        assert_eq!(
            made,
            json!({
                "id": made["id"], "public_key": key, "project": "shop", "active": true, "created_at": made["created_at"],
                "allowed_origins": ["https://*.example.com"], "rate_limit": 7, "last_used": null, "dsn": made["dsn"],
            })
        );
        assert_eq!(keys(&relay, "").await["keys"][0], made);
        let browser = relay.service.client().with("X-Monlight-Key", key);
        assert_eq!(browser.post_json("/api/errors", &error("x")).await.status, 201);
    }
}

#[tokio::test]
async fn what_cannot_be_a_key_is_refused_with_its_reason() {
    let relay = Relay::start().await;
    let many = vec!["https://a.example.com"; 101];
    for (body, why) in [
        (json!({}), "Missing required field: project"),
        (json!({"project": " "}), "Missing required field: project"),
        (json!({"project": "p".repeat(101)}), "project: longer than 100"),
        (
            json!({"project": "a\nb"}),
            "project: must not hold control characters",
        ),
        (json!({"project": 7}), "project"),
        (json!({"project": "a", "origins": []}), "origins"),
        (json!({"project": "a", "rateLimit": 1}), "rateLimit"),
        (json!({"project": "a", "rate_limit": 0}), "rate_limit"),
        (json!({"project": "a", "rate_limit": -1}), "rate_limit"),
        (
            json!({"project": "a", "rate_limit": 5_000_000_000_u64}),
            "rate_limit",
        ),
        (json!({"project": "a", "rate_limit": "7"}), "rate_limit"),
        (
            json!({"project": "a", "allowed_origins": "https://a.io"}),
            "allowed_origins",
        ),
        (
            json!({"project": "a", "allowed_origins": ["https://a.io", "b.io"]}),
            "allowed_origins: \"b.io\"",
        ),
        (
            json!({"project": "a", "allowed_origins": ["*"]}),
            "allowed_origins: \"*\"",
        ),
        (
            json!({"project": "a", "allowed_origins": ["https://a.io/path"]}),
            "allowed_origins: \"https://a.io/path\"",
        ),
        (json!({"project": "a", "allowed_origins": many}), "at most 100"),
        (json!([]), "not an array"),
        (json!(["shop"]), "not an array"),
        (json!("a"), "a JSON object"),
    ] {
        let reply = relay.admin.post_json("/api/dsn-keys", &body).await;
        assert_eq!(reply.status, 400, "{body}: {}", reply.text());
        assert!(reply.detail().contains(why), "{body}: {}", reply.detail());
    }
    assert_eq!(keys(&relay, "").await["total"], 1);
}

#[tokio::test]
async fn keys_are_listed_in_pages_the_newest_first() {
    let relay = Relay::start().await;
    for number in 1..=6 {
        relay.make_key(&json!({"project": format!("p{number}")})).await;
    }
    let projects = |page: &Value| -> Vec<String> {
        let keys = page["keys"].as_array().unwrap().iter();
        keys.map(|key| key["project"].as_str().unwrap().to_owned())
            .collect()
    };

    let first = keys(&relay, "?limit=3").await;
    let second = keys(&relay, &format!("?limit=3&before={}", first["next"])).await;
    let third = keys(&relay, &format!("?limit=3&before={}", second["next"])).await;
    let all = keys(&relay, "?limit=99999999").await;

    assert_eq!(projects(&first), ["p6", "p5", "p4"]);
    assert_eq!(projects(&second), ["p3", "p2", "p1"]);
    assert_eq!(projects(&third), ["shop"]);
    assert_eq!(projects(&all).len(), 7);
    for page in [&first, &second, &third, &all] {
        assert_eq!(page["total"], 7);
    }
    assert_eq!((&third["next"], &all["next"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn a_deactivated_key_is_unknown_at_once_and_may_come_back() {
    let relay = Relay::start().await;
    let id = keys(&relay, "").await["keys"][0]["id"].clone();
    for _ in 0..2 {
        let reply = relay.admin.delete(&format!("/api/dsn-keys/{id}")).await;
        assert_eq!(
            (reply.status, reply.json()),
            (200, json!({"status": "deactivated"}))
        );

        let refused = relay.report(&error("x")).await;
        assert_eq!(
            (refused.status, refused.detail().as_str()),
            (401, "Invalid DSN key")
        );
        assert_eq!(keys(&relay, "").await["keys"][0]["active"], false);
    }
    for _ in 0..2 {
        let reply = relay.admin.post(&format!("/api/dsn-keys/{id}/activate")).await;
        assert_eq!(
            (reply.status, reply.json()),
            (200, json!({"status": "activated"}))
        );
        assert!(relay.report(&error("x")).await.status < 300);
    }
}

#[tokio::test]
async fn seeded_keys_are_there_once_and_stay_as_they_were_left() {
    let other = "ff".repeat(16);
    let relay = Relay::with(&[("DSN_KEYS", &format!("shop:{KEY}, a:b:{}", other.to_uppercase()))]).await;
    let made = relay
        .make_key(&json!({"project": "made", "allowed_origins": []}))
        .await;
    let listed = keys(&relay, "").await;
    assert_eq!(listed["total"], 3);
    assert_eq!(
        (&listed["keys"][1]["project"], &listed["keys"][1]["public_key"]),
        (&json!("a:b"), &json!(other))
    );
    relay
        .admin
        .delete(&format!("/api/dsn-keys/{}", listed["keys"][2]["id"]))
        .await;

    // Another project under the same key does not take it over, and what was switched off stays so.
    let relay = relay
        .restarted_with(&[("DSN_KEYS", &format!("else:{KEY},new:{}", "ee".repeat(16)))])
        .await;

    let after = keys(&relay, "").await;
    assert_eq!(after["total"], 4);
    let of = |key: &str| {
        let keys = after["keys"].as_array().unwrap();
        keys.iter()
            .find(|item| item["public_key"] == key)
            .unwrap()
            .clone()
    };
    assert_eq!(
        (&of(KEY)["project"], &of(KEY)["active"]),
        (&json!("shop"), &json!(false))
    );
    assert_eq!(of(&other)["active"], true);
    let kept = of(made["public_key"].as_str().unwrap());
    assert_eq!((&kept["id"], &kept["allowed_origins"]), (&made["id"], &json!([])));
    assert_eq!(relay.report(&error("x")).await.status, 401);
    let seeded = relay.service.client().with("X-Monlight-Key", &other);
    assert_eq!(seeded.post_json("/api/errors", &error("x")).await.status, 201);
    assert_eq!(relay.tracker.taken().last().unwrap()["project"], "a:b");
}

#[tokio::test]
async fn the_last_use_of_a_key_is_known_after_a_restart() {
    let relay = Relay::start().await;
    let unused = relay.make_key(&json!({"project": "unused"})).await;
    relay.reported(&error("x")).await;

    let relay = relay.restarted_with(&[]).await;

    let listed = eventually("the keys are there", async || Some(keys(&relay, "").await)).await;
    assert_eq!(listed["keys"][0]["id"], unused["id"]);
    assert_eq!(listed["keys"][0]["last_used"], Value::Null);
    let at: Timestamp = listed["keys"][1]["last_used"].as_str().unwrap().parse().unwrap();
    assert!((Timestamp::now().millis() - at.millis()).abs() < 60_000);
}

#[tokio::test]
async fn about_tells_what_a_page_shows() {
    let relay = Relay::with(&[
        ("PUBLIC_URL", "https://relay.example.com/x"),
        ("RATE_LIMIT", ""),
        ("RETENTION_DAYS", "7"),
        ("ERROR_TRACKER_UI_URL", "https://errors.example.com"),
    ])
    .await;

    let about = relay.get("/api/about").await;

    assert_eq!(about["service"], "browser-relay");
    assert_eq!(about["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(about["public_url"], "https://relay.example.com/x");
    assert_eq!(
        (&about["rate_limit"], &about["retention_days"]),
        (&json!(300), &json!(7))
    );
    assert_eq!(about["max_source_map_bytes"], 32 << 20);
    assert_eq!(about["any_origin"], true);
    assert_eq!(about["links"]["error_tracker"], "https://errors.example.com");
    let text = about.to_string();
    assert!(
        !text.contains("the-key-of") && !text.contains("127.0.0.1"),
        "{text}"
    );
}
