//! The HTTP client for requests to other machines.
//!
//! Root certificates come with the binary, because an image made from `scratch`
//! has none. Proxy variables of the environment are not read: a service talks to
//! its peers by container name, which a proxy set for the whole host cannot resolve.

use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect;

/// How long a connection may take to be made, the TLS handshake included.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// A peer that is called less often than this gets a new connection each time.
const IDLE_LIMIT: Duration = Duration::from_secs(30);

const IDLE_CONNECTIONS_PER_HOST: usize = 2;

const USER_AGENT: &str = concat!("monlight/", env!("CARGO_PKG_VERSION"));

/// Makes a client whose every request, body included, ends within `timeout`.
///
/// Redirects are not followed: a request carries keys and signatures that are
/// meant for the host it was addressed to and for no other.
#[must_use]
pub fn client(timeout: Duration) -> reqwest::Client {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls_config())
        .user_agent(USER_AGENT)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT_LIMIT.min(timeout))
        .timeout(timeout)
        .pool_idle_timeout(IDLE_LIMIT)
        .pool_max_idle_per_host(IDLE_CONNECTIONS_PER_HOST)
        .build()
        .expect("a client with fixed settings and its TLS given can be built")
}

/// The TLS rules for calling others: TLS 1.2 and 1.3, with Mozilla's root certificates.
#[must_use]
pub fn tls_config() -> rustls::ClientConfig {
    let roots = rustls::RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());

    rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has cipher suites for the default protocol versions")
        .with_root_certificates(roots)
        .with_no_client_auth()
}

#[cfg(test)]
mod tests {
    use super::*;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::sync::oneshot;

    /// Answers one request with `answer` and gives back the request's head.
    async fn answer_one(listener: TcpListener, answer: &str) -> String {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8(head).unwrap()
    }

    #[tokio::test]
    async fn a_request_names_the_product_and_stays_with_the_host_it_was_sent_to() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/first", listener.local_addr().unwrap());
        let answer = "HTTP/1.1 302 Found\r\nlocation: /second\r\ncontent-length: 0\r\n\r\n";

        let (reply, head) = tokio::join!(
            client(Duration::from_secs(10)).get(&url).send(),
            answer_one(listener, answer)
        );

        assert_eq!(reply.unwrap().status(), 302);
        assert!(head.starts_with("GET /first "));
        assert!(head.contains(concat!(
            "user-agent: monlight/",
            env!("CARGO_PKG_VERSION"),
            "\r\n"
        )));
    }

    #[tokio::test]
    async fn a_peer_that_never_answers_is_left_after_the_limit() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let (accepted_tx, accepted) = oneshot::channel();
        let request = tokio::spawn(client(Duration::from_secs(10)).get(&url).send());
        tokio::spawn(async move {
            let connection = listener.accept().await.unwrap();
            accepted_tx.send(()).unwrap();
            std::future::pending::<()>().await;
            drop(connection);
        });
        accepted.await.unwrap();

        tokio::time::pause();
        let error = request.await.unwrap().expect_err("nobody answers");

        assert!(error.is_timeout());
    }

    #[test]
    fn root_certificates_come_with_the_binary() {
        assert!(webpki_roots::TLS_SERVER_ROOTS.len() > 50);
        assert!(!tls_config().crypto_provider().cipher_suites.is_empty());
    }
}
