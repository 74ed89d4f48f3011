//! Another machine, played by the test: it takes HTTP requests and says yes.

use std::net::SocketAddr;

use http::HeaderMap;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, mpsc};

use super::DEADLINE;

/// One request as it came in.
#[derive(Debug)]
pub struct Received {
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Vec<u8>,
}

impl Received {
    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a body of JSON")
    }
}

/// Answers every request with 200 and keeps it for the test.
#[derive(Debug)]
pub struct Receiver {
    address: SocketAddr,
    requests: Mutex<mpsc::UnboundedReceiver<Received>>,
}

impl Receiver {
    /// Listens on a free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let (sender, requests) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let sender = sender.clone();
                tokio::spawn(async move {
                    if let Some(received) = take_one(stream).await {
                        let _ = sender.send(received);
                    }
                });
            }
        });
        Self {
            address,
            requests: Mutex::new(requests),
        }
    }

    /// The address to configure.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// The next request that comes.
    ///
    /// # Panics
    /// When none comes in time.
    pub async fn next(&self) -> Received {
        tokio::time::timeout(DEADLINE, self.requests.lock().await.recv())
            .await
            .expect("a request comes in time")
            .expect("the receiver still listens")
    }
}

async fn take_one(mut stream: TcpStream) -> Option<Received> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let mut headers = HeaderMap::new();
    for (name, value) in head.lines().skip(1).filter_map(|line| line.split_once(':')) {
        headers.append(name.parse::<http::HeaderName>().ok()?, value.trim().parse().ok()?);
    }
    let length = headers
        .get("content-length")
        .and_then(|value| value.to_str().ok()?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await.ok()?;
    stream
        .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        .await
        .ok()?;
    Some(Received { headers, body })
}
