//! Machines of others, played by the tests.

use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, mpsc};

use crate::alert::{Alert, Links, Rendered};

/// A test alert that says `message`.
pub(super) fn message(message: &str) -> Rendered {
    let alert = Alert {
        message: message.to_owned(),
        ..Alert::test(1_772_366_400_120)
    };
    Rendered::alert(&alert, &Links::new(None))
}

/// One HTTP request as it came in.
pub(super) struct Request {
    head: String,
    pub(super) body: Vec<u8>,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let value_of = |line: &'_ str| line.split_once(": ").is_some_and(|(known, _)| known == name);
        self.head
            .lines()
            .find(|line| value_of(line))
            .map(|line| &line[name.len() + 2..])
    }
}

/// A server that gives every request the same answer.
pub(super) struct FakeHttp {
    pub(super) url: String,
    requests: Mutex<mpsc::UnboundedReceiver<Request>>,
}

impl FakeHttp {
    pub(super) async fn start(answer: &str) -> Self {
        Self::with(Some(answer.to_owned())).await
    }

    /// Takes requests and never answers.
    pub(super) async fn silent() -> Self {
        Self::with(None).await
    }

    async fn with(answer: Option<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/secret-path", listener.local_addr().unwrap());
        let (sender, requests) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                sender.send(read_request(&mut stream).await).unwrap();
                match &answer {
                    Some(answer) => stream.write_all(answer.as_bytes()).await.unwrap(),
                    None => std::future::pending().await,
                }
            }
        });
        Self {
            url,
            requests: Mutex::new(requests),
        }
    }

    /// Waits for the next request.
    pub(super) async fn request(&self) -> Request {
        self.requests.lock().await.recv().await.unwrap()
    }

    pub(super) fn was_called(&self) -> bool {
        self.requests
            .try_lock()
            .is_ok_and(|mut requests| requests.try_recv().is_ok())
    }
}

async fn read_request(stream: &mut TcpStream) -> Request {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    let mut request = Request {
        head,
        body: Vec::new(),
    };
    let length = request
        .header("content-length")
        .map_or(0, |length| length.parse().unwrap());
    request.body.resize(length, 0);
    stream.read_exact(&mut request.body).await.unwrap();
    request
}

/// The signature as RFC 2104 defines it, written without the library that the product uses for it.
pub(super) fn hmac_by_definition(key: &[u8], body: &[u8]) -> String {
    let mut block = [0_u8; 64];
    block[..key.len()].copy_from_slice(key);
    let inner = Sha256::new()
        .chain_update(block.map(|byte| byte ^ 0x36))
        .chain_update(body)
        .finalize();
    let outer = Sha256::new()
        .chain_update(block.map(|byte| byte ^ 0x5c))
        .chain_update(inner)
        .finalize();
    let digits: String = outer.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={digits}")
}
