//! What comes before a handler in every service: 404, 405, the order of refusals, HEAD, the pages, and the headers of
//! caution. A service's own tests name the addresses that it has beside those of all.

use super::Client;

/// What an address takes that can only be read.
pub const READS: &[&str] = &["GET", "HEAD"];
/// There is nothing at these in any service.
const UNKNOWN: [&str; 6] = [
    "/api/nothing",
    "/api/",
    "/api",
    "/api/about/",
    "/assets/none.js",
    "/favicon.png",
];
/// What every service serves, with the methods.
const SERVED: [(&str, &[&str]); 6] = [
    ("/api/about", READS),
    ("/api/openapi.json", READS),
    ("/api/session", &["DELETE", "POST"]),
    ("/metrics", READS),
    ("/health", READS),
    ("/", READS),
];
/// What can be read in every service, and what is refused in each.
const READABLE: [&str; 6] = [
    "/",
    "/health",
    "/metrics",
    "/api/about",
    "/api/openapi.json",
    "/api/nothing",
];
/// Where the shell of the pages is in every service.
const SHELL: [&str; 2] = ["/", "/index.html"];
/// One of each kind of answer that every service has.
const CAUTIOUS: [&str; 4] = ["/", "/health", "/metrics", "/api/nothing"];

/// There is nothing at the addresses that no service has, and at these.
///
/// # Panics
/// When there is something.
pub async fn assert_unknown(api: &Client, own: &[&str]) {
    for path in UNKNOWN.iter().chain(own) {
        let reply = api.get(path).await;
        assert_eq!(reply.status, 404, "{path}");
        assert!(!reply.detail().is_empty());
    }
}

/// What every service has, and each of these addresses, takes these methods, in the order of the alphabet, and tells them
/// to who uses another one.
///
/// # Panics
/// When one does not.
pub async fn assert_methods(api: &Client, own: &[(&str, &[&str])]) {
    for (path, allowed) in SERVED.iter().chain(own) {
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

/// Each of these requests is answered with its status, and told why.
///
/// # Panics
/// When one is not.
pub async fn assert_told(requests: &[(&Client, &str, &str, &[u8], u16)]) {
    for (client, method, path, body, status) in requests {
        let reply = client.send(method, path, Some(body)).await;

        assert_eq!(reply.status, *status, "{method} {path}");
        assert!(!reply.detail().is_empty());
    }
}

/// Of several reasons to refuse a request, the first one in order is told: the key, the address, the method, the size, and
/// then `last`, which is what a small body that is no JSON gets. `path` takes POST and no PUT, and `large` bytes are too many
/// for it.
///
/// # Panics
/// When it is another one.
pub async fn assert_first_refusal(stranger: &Client, api: &Client, path: &str, large: usize, last: u16) {
    let large = vec![b'x'; large];
    assert_told(&[
        (stranger, "PUT", path, &large, 401),
        (stranger, "POST", "/api/nothing", &large, 401),
        (api, "POST", "/api/nothing", &large, 404),
        (api, "PUT", path, &large, 405),
        (api, "POST", path, &large, 413),
        (api, "POST", path, b"no JSON", last),
    ])
    .await;
}

/// At the addresses of every service and at these, HEAD answers as GET does, without the body.
///
/// # Panics
/// When it does not.
pub async fn assert_heads(api: &Client, own: &[&str]) {
    for path in READABLE.iter().chain(own) {
        let get = api.get(path).await;
        let head = api.send("HEAD", path, None).await;

        assert_eq!(head.status, get.status, "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
        assert!(head.body.is_empty(), "{path}");
    }
}

/// The shell, which is at these addresses too, is a complete page that loads nothing from elsewhere.
///
/// # Panics
/// When it is not.
pub async fn assert_pages(stranger: &Client, own: &[&str]) {
    for path in SHELL.iter().chain(own) {
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

/// Whatever is answered at the addresses of every service and at these tells a browser to be careful with it.
///
/// # Panics
/// When an answer does not.
pub async fn assert_caution(clients: &[Client], own: &[&str]) {
    for path in CAUTIOUS.iter().chain(own) {
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
