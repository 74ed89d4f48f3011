//! Every route of every service, as its OpenAPI document names it, is closed to those who do not have its key. A route
//! that comes later is covered by itself.

use serde_json::{Value, json};
use shared::testing::Client;

use crate::stack::{DSN_KEY, Kind, ORIGIN, Stack};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
/// What stays open, beside the pages. A session begins with the key in the body, and its end takes a cookie away.
const OPEN: [(&str, &str); 3] = [
    ("GET", "/health"),
    ("POST", "/api/session"),
    ("DELETE", "/api/session"),
];
/// What browsers may do with a DSN key.
const FOR_BROWSERS: [&str; 4] = [
    "/api/browser/errors",
    "/api/browser/metrics",
    "/api/errors",
    "/api/metrics",
];

/// A method and an address.
#[derive(Debug, Clone)]
struct Route {
    kind: Kind,
    method: String,
    path: String,
}

impl Route {
    /// All that the service names, those that are open left out.
    async fn closed(stack: &mut Stack, kind: Kind) -> Vec<Self> {
        let document = stack.member(kind).get("/api/openapi.json").await;
        let mut routes = Vec::new();
        let mut open = Vec::new();
        for (path, operations) in document["paths"].as_object().unwrap() {
            for method in METHODS.iter().filter(|method| operations[**method].is_object()) {
                let (method, address) = (method.to_uppercase(), path.replace("{id}", "1"));
                assert!(!address.contains('{'), "{address}: say what stands there");
                let said_open = operations[method.to_lowercase()]["security"] == json!([{}]);
                let is_open = OPEN.contains(&(method.as_str(), path.as_str()));
                assert_eq!(said_open, is_open, "{kind:?} {method} {path}");
                if is_open {
                    open.push(address);
                } else {
                    routes.push(Self::new(kind, &method, &address));
                }
            }
        }
        assert_eq!(open.len(), OPEN.len(), "{kind:?} {open:?}");
        assert!(routes.len() > 5, "{kind:?} {routes:?}");
        let reads: Vec<String> = routes
            .iter()
            .filter(|route| route.method == "GET")
            .map(|route| route.path.clone())
            .collect();
        routes.extend(reads.iter().map(|path| Self::new(kind, "HEAD", path)));
        // What is not there must not be told from what is.
        for (method, path) in [
            ("GET", "/api/nothing"),
            ("PATCH", "/api/about"),
            ("GET", "/api"),
            ("GET", "/api/"),
        ] {
            routes.push(Self::new(kind, method, path));
        }
        routes
    }

    fn new(kind: Kind, method: &str, path: &str) -> Self {
        Self {
            kind,
            method: method.to_owned(),
            path: path.to_owned(),
        }
    }

    /// Whether a DSN key, and not the administrator's, opens it. Whatever comes to these addresses is a browser's.
    fn is_for_browsers(&self) -> bool {
        self.kind == Kind::BrowserRelay && FOR_BROWSERS.contains(&self.path.as_str())
    }

    /// The status that a client gets. The body may have no end.
    async fn ask(&self, client: &Client, query: &str) -> u16 {
        let mut connection = client.connect().await;
        let length = (self.method == "POST").then(|| ("Content-Length".to_owned(), "2".to_owned()));
        let path = format!("{}{query}", self.path);
        let head = client.head(&self.method, &path, length.as_slice());
        connection.write(head.as_bytes()).await;
        if self.method == "POST" {
            connection.write(b"{}").await;
        }
        let answer = connection.read_until("\r\n").await;
        let status = answer.split(' ').nth(1).and_then(|word| word.parse().ok());
        status.unwrap_or_else(|| panic!("{self:?} answers {answer:?}"))
    }
}

/// Strangers, each from an address of its own: who keeps guessing is answered late.
struct Strangers(u32);

impl Strangers {
    fn next(&mut self, stack: &mut Stack, kind: Kind) -> Client {
        self.0 += 1;
        let [_, high, middle, low] = self.0.to_be_bytes();
        let address = format!("10.{high}.{middle}.{low}");
        stack.member(kind).stranger().with("X-Forwarded-For", &address)
    }
}

/// A session's cookie, without its name.
async fn session(stack: &mut Stack, kind: Kind) -> String {
    let stranger = stack.member(kind).stranger();
    let reply = stranger
        .post_json("/api/session", &json!({"api_key": kind.key()}))
        .await;
    assert_eq!(reply.status, 204);
    let cookie = reply.header("set-cookie").split(';').next().unwrap();
    let (name, value) = cookie.split_once('=').unwrap();
    assert_eq!(name, format!("monlight_{}", kind.name()));
    value.to_owned()
}

/// Headers and a query that do not open this service, with what they are.
async fn wrong_ways(stack: &mut Stack, kind: Kind) -> Vec<(String, Vec<(&'static str, String)>, String)> {
    let header = |what: &str, name: &'static str, value: &str| {
        (what.to_owned(), vec![(name, value.to_owned())], String::new())
    };
    let mut ways = vec![
        ("no key".to_owned(), Vec::new(), String::new()),
        header("a wrong key", "X-API-Key", "wrong"),
        header("a blank key", "X-API-Key", ""),
        header("a wrong token", "Authorization", "Bearer wrong"),
        header(
            "the key in another scheme",
            "Authorization",
            &format!("Basic {}", kind.key()),
        ),
        header("the key as a DSN key", "X-Monlight-Key", kind.key()),
        header("a DSN key as the key", "X-API-Key", DSN_KEY),
        header(
            "a DSN key as a token",
            "Authorization",
            &format!("Bearer {DSN_KEY}"),
        ),
        header("an unknown DSN key", "X-Monlight-Key", &"f".repeat(32)),
        (
            "an unknown DSN key in the address".to_owned(),
            Vec::new(),
            format!("?key={}", "f".repeat(32)),
        ),
        (
            "the key as a DSN key in the address".to_owned(),
            Vec::new(),
            format!("?key={}", kind.key()),
        ),
    ];
    for other in Kind::ALL.into_iter().filter(|other| *other != kind) {
        let name = other.name();
        ways.push(header(
            &format!("the key of the {name}"),
            "X-API-Key",
            other.key(),
        ));
        ways.push(header(
            &format!("the token of the {name}"),
            "Authorization",
            &format!("Bearer {}", other.key()),
        ));
        let cookie = format!("monlight_{}={}", kind.name(), session(stack, other).await);
        ways.push((
            format!("the session of the {name}"),
            vec![("Cookie", cookie), ("X-Monlight-UI", "1".to_owned())],
            String::new(),
        ));
    }
    ways
}

#[tokio::test]
async fn no_route_opens_without_its_own_key() {
    let mut stack = Stack::start().await;
    let mut strangers = Strangers(0);
    for kind in Kind::ALL {
        let routes = Route::closed(&mut stack, kind).await;
        for (what, headers, query) in wrong_ways(&mut stack, kind).await {
            for route in &routes {
                let mut client = strangers.next(&mut stack, kind);
                for (name, value) in &headers {
                    client = client.with(name, value);
                }

                assert_eq!(route.ask(&client, &query).await, 401, "{route:?} with {what}");
            }
        }
    }
}

#[tokio::test]
async fn a_dsn_key_opens_what_browsers_need_and_nothing_else() {
    let mut stack = Stack::start().await;
    let mut strangers = Strangers(0);
    for kind in Kind::ALL {
        for route in Route::closed(&mut stack, kind).await {
            let stranger = strangers.next(&mut stack, kind).with("Origin", ORIGIN);
            let in_header = route.ask(&stranger.with("X-Monlight-Key", DSN_KEY), "").await;
            let in_address = route.ask(&stranger, &format!("?key={DSN_KEY}")).await;

            assert_eq!(in_header, in_address, "{route:?}");
            assert_eq!(
                in_header != 401,
                route.is_for_browsers(),
                "{route:?} answers {in_header}"
            );
        }
    }
}

#[tokio::test]
async fn the_administrators_key_is_no_dsn_key() {
    let mut stack = Stack::start().await;
    let admin = stack.relay.api();
    for route in Route::closed(&mut stack, Kind::BrowserRelay).await {
        let status = route.ask(&admin, "").await;

        assert_eq!(
            status == 401,
            route.is_for_browsers(),
            "{route:?} answers {status}"
        );
    }
}

#[tokio::test]
async fn a_deactivated_dsn_key_opens_nothing() {
    let mut stack = Stack::start().await;
    let keys = stack.relay.get("/api/dsn-keys").await;
    let path = format!("/api/dsn-keys/{}", keys["keys"][0]["id"]);
    assert_eq!(stack.relay.api().delete(&path).await.status, 200);

    let mut strangers = Strangers(0);
    for route in Route::closed(&mut stack, Kind::BrowserRelay).await {
        let stranger = strangers.next(&mut stack, Kind::BrowserRelay);
        let browser = stranger.with("X-Monlight-Key", DSN_KEY);

        assert_eq!(route.ask(&browser, "").await, 401, "{route:?}");
    }
}

/// Without this, a service that refuses everything would keep the promise too.
#[tokio::test]
async fn every_route_opens_with_its_own_key() {
    let mut stack = Stack::start().await;
    for kind in Kind::ALL {
        let own = stack.member(kind).api();
        let token = stack
            .member(kind)
            .stranger()
            .with("Authorization", &format!("Bearer {}", kind.key()));
        let cookie = format!("monlight_{}={}", kind.name(), session(&mut stack, kind).await);
        let cookie = stack
            .member(kind)
            .stranger()
            .with("Cookie", &cookie)
            .with("X-Monlight-UI", "1");
        for route in Route::closed(&mut stack, kind).await {
            if route.is_for_browsers() {
                continue;
            }
            for client in [&own, &token, &cookie] {
                let status = route.ask(client, "").await;
                assert!(!matches!(status, 401 | 403), "{route:?} answers {status}");
            }
        }
    }
}

#[tokio::test]
async fn health_and_pages_are_open_and_a_session_wants_the_key() {
    let mut stack = Stack::start().await;
    for kind in Kind::ALL {
        let stranger = stack.member(kind).stranger();
        for path in ["/health", "/", "/index.html"] {
            assert_eq!(stranger.get(path).await.status, 200, "{kind:?} {path}");
        }
        for other in Kind::ALL.into_iter().filter(|other| *other != kind) {
            let sign_in: Value = json!({"api_key": other.key()});
            let reply = stranger.post_json("/api/session", &sign_in).await;
            assert_eq!(
                (reply.status, reply.header("set-cookie")),
                (401, ""),
                "{kind:?} with {other:?}"
            );
        }
    }
}
