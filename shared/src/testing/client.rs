//! HTTP/1.1 by hand, so that a test can send what no proper client would.

use std::fmt::Write as _;
use std::net::SocketAddr;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::DEADLINE;

/// Sends requests, each over a connection of its own. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Client {
    address: SocketAddr,
    headers: Vec<(String, String)>,
}

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// All headers.
    pub headers: HeaderMap,
    /// The body as it came, without the chunks' frames.
    pub body: Vec<u8>,
}

impl Client {
    /// A client without any header of its own.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            headers: Vec::new(),
        }
    }

    /// The same client with one more header in each request.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut more = self.clone();
        more.headers.push((name.to_owned(), value.to_owned()));
        more
    }

    /// `GET path`.
    pub async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, None).await
    }

    /// `GET path`, which must answer 200 with JSON.
    ///
    /// # Panics
    /// When it does not.
    pub async fn get_json(&self, path: &str) -> Value {
        let reply = self.get(path).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        reply.json()
    }

    /// `DELETE path`.
    pub async fn delete(&self, path: &str) -> Reply {
        self.send("DELETE", path, None).await
    }

    /// `POST path` without a body.
    pub async fn post(&self, path: &str) -> Reply {
        self.send("POST", path, Some(b"")).await
    }

    /// `POST path` with a JSON body.
    pub async fn post_json(&self, path: &str, body: &Value) -> Reply {
        self.post_bytes(path, body.to_string().as_bytes()).await
    }

    /// `POST path` with any body, called JSON.
    pub async fn post_bytes(&self, path: &str, body: &[u8]) -> Reply {
        self.with("Content-Type", "application/json")
            .send("POST", path, Some(body))
            .await
    }

    /// Any request; a body goes out with its length.
    pub async fn send(&self, method: &str, path: &str, body: Option<&[u8]>) -> Reply {
        let mut connection = self.connect().await;
        let length = body.map(|body| ("Content-Length".to_owned(), body.len().to_string()));
        let head = self.head(method, path, length.as_slice());
        connection
            .exchange(&[head.as_bytes(), body.unwrap_or_default()], method == "HEAD")
            .await
    }

    /// `POST path` with a body in chunks, whose length is not announced.
    pub async fn post_chunked(&self, path: &str, chunks: &[&[u8]]) -> Reply {
        let mut connection = self.connect().await;
        let chunked = [("Transfer-Encoding".to_owned(), "chunked".to_owned())];
        let mut bytes = self.head("POST", path, &chunked).into_bytes();
        for chunk in chunks {
            bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            bytes.extend_from_slice(chunk);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"0\r\n\r\n");
        connection.exchange(&[&bytes], false).await
    }

    /// Sends the head of a `POST path` and half of its body; gives the rest of it.
    ///
    /// # Panics
    /// When the service does not take them.
    pub async fn post_half<'b>(&self, path: &str, body: &'b str) -> (RawConnection, &'b [u8]) {
        let length = [("Content-Length".to_owned(), body.len().to_string())];
        let head = self.head("POST", path, &length);
        let mut connection = self.connect().await;
        let (first, rest) = body.as_bytes().split_at(body.len() / 2);
        assert!(connection.write(head.as_bytes()).await && connection.write(first).await);
        (connection, rest)
    }

    /// The head of a request after which the connection closes, with the empty line at its end.
    #[must_use]
    pub fn head(&self, method: &str, path: &str, more: &[(String, String)]) -> String {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n");
        for (name, value) in self.headers.iter().chain(more) {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        head + "\r\n"
    }

    /// A connection for whatever the test wants to write.
    pub async fn connect(&self) -> RawConnection {
        let stream = TcpStream::connect(self.address)
            .await
            .expect("the service listens");
        RawConnection { stream }
    }
}

/// A connection on which a test writes and reads bytes.
#[derive(Debug)]
pub struct RawConnection {
    stream: TcpStream,
}

impl RawConnection {
    /// Sends these bytes; false when the other side no longer takes any.
    pub async fn write(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).await.is_ok()
    }

    /// Reads until `end` has come or the connection is closed.
    ///
    /// # Panics
    /// When neither happens in time.
    pub async fn read_until(&mut self, end: &str) -> String {
        let mut text = String::new();
        let mut buffer = [0; 4_096];
        while !text.contains(end) {
            let read = tokio::time::timeout(DEADLINE, self.stream.read(&mut buffer));
            match read.await.expect("an answer or an end") {
                Ok(0) | Err(_) => break,
                Ok(count) => text.push_str(&String::from_utf8_lossy(&buffer[..count])),
            }
        }
        text
    }

    /// Reads all that comes until the connection is closed, as one answer.
    pub async fn read_reply(&mut self) -> Reply {
        self.exchange(&[], false).await
    }

    /// Writes and reads at the same time: an early refusal must not be lost behind a long body.
    async fn exchange(&mut self, parts: &[&[u8]], without_body: bool) -> Reply {
        let (mut incoming, mut outgoing) = self.stream.split();
        let mut bytes = Vec::new();
        let write = async {
            for part in parts {
                // A server that refuses early may close; what it said is what counts.
                if outgoing.write_all(part).await.is_err() {
                    break;
                }
            }
        };
        let read = tokio::time::timeout(DEADLINE, incoming.read_to_end(&mut bytes));
        let ((), read) = tokio::join!(write, read);
        let closed = read.expect("an answer and an end");
        assert!(
            closed.is_ok() || !bytes.is_empty(),
            "the connection was reset without an answer"
        );
        Reply::parse(&bytes, without_body)
    }
}

impl Reply {
    fn parse(mut bytes: &[u8], without_body: bool) -> Self {
        loop {
            let end = find(bytes, b"\r\n\r\n").expect("a complete head");
            let head = std::str::from_utf8(&bytes[..end]).expect("a head of text");
            let body = &bytes[end + 4..];
            let mut lines = head.lines();
            let status = lines.next().and_then(|line| line.split(' ').nth(1));
            let status: u16 = status.and_then(|word| word.parse().ok()).expect("a status line");
            if status == 100 {
                bytes = body;
                continue;
            }
            let headers: HeaderMap = lines.map(parse_header).collect();
            let chunked = headers
                .get("transfer-encoding")
                .is_some_and(|value| value == "chunked");
            let length = headers
                .get("content-length")
                .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
            if !without_body && let Some(length) = length {
                assert_eq!(body.len(), length, "the body is as long as announced");
            }
            return Self {
                status,
                headers,
                body: if chunked { join_chunks(body) } else { body.to_vec() },
            };
        }
    }

    /// The body as text.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a body of text")
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        assert_eq!(
            self.header("content-type"),
            "application/json",
            "{}: {}",
            self.status,
            self.text()
        );
        serde_json::from_slice(&self.body).expect("a body of JSON")
    }

    /// The value of a header; empty when it is missing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The `detail` of a problem, whose form is checked on the way.
    ///
    /// # Panics
    /// When the answer is no problem as RFC 9457 describes it.
    #[must_use]
    pub fn detail(&self) -> String {
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{}: {}",
            self.status,
            String::from_utf8_lossy(&self.body)
        );
        let problem: Value = serde_json::from_slice(&self.body).expect("a body of JSON");
        assert_eq!(problem["type"], "about:blank");
        assert_eq!(problem["status"], self.status);
        assert!(problem["title"].is_string());
        let detail = problem["detail"].as_str().expect("a detail of text");
        assert!(!detail.is_empty());
        detail.to_owned()
    }
}

/// Percent-encodes a value for a query.
#[must_use]
pub fn encoded(value: &str) -> String {
    value.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn parse_header(line: &str) -> (HeaderName, HeaderValue) {
    let (name, value) = line.split_once(':').expect("a header line");
    (
        name.parse().expect("a header's name"),
        HeaderValue::from_str(value.trim()).expect("a header's value"),
    )
}

fn join_chunks(mut bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let end = find(bytes, b"\r\n").expect("the length of a chunk");
        let length = std::str::from_utf8(&bytes[..end])
            .ok()
            .and_then(|digits| usize::from_str_radix(digits, 16).ok())
            .expect("a chunk's length in hex");
        if length == 0 {
            return body;
        }
        body.extend_from_slice(&bytes[end + 2..end + 2 + length]);
        bytes = &bytes[end + 2 + length + 2..];
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
