//! A machine of others that takes webhooks, and checks their signature by its definition.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use shared::testing::eventually;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Hook {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Hook {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (known, value) = line.split_once(": ")?;
            known.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// `sha256=` and the HMAC of the body as RFC 2104 defines it, written without the product's library.
    pub(crate) fn signature_under(&self, secret: &str) -> String {
        let mut key = [0_u8; 64];
        key[..secret.len()].copy_from_slice(secret.as_bytes());
        let inner = Sha256::new()
            .chain_update(key.map(|byte| byte ^ 0x36))
            .chain_update(&self.body)
            .finalize();
        let outer = Sha256::new()
            .chain_update(key.map(|byte| byte ^ 0x5c))
            .chain_update(inner)
            .finalize();
        let digits: String = outer.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("sha256={digits}")
    }
}

/// Answers every request with one status: at once, when it is let, or never.
pub(crate) struct HttpReceiver {
    pub(crate) url: String,
    /// A permit for each answer.
    answers: Arc<Semaphore>,
    hooks: Arc<Mutex<Vec<Hook>>>,
    serving: tokio::task::JoinHandle<()>,
}

impl HttpReceiver {
    pub(crate) async fn answering(status: u16) -> Self {
        let receiver = Self::holding(status).await;
        receiver.let_answer();
        receiver
    }

    pub(crate) async fn silent() -> Self {
        Self::holding(204).await
    }

    /// Keeps every answer back until [`Self::let_answer`].
    pub(crate) async fn holding(status: u16) -> Self {
        let answers = Arc::new(Semaphore::new(0));
        let permits = Arc::clone(&answers);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let hooks: Arc<Mutex<Vec<Hook>>> = Arc::default();
        let kept = Arc::clone(&hooks);
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(take(stream, status, Arc::clone(&kept), Arc::clone(&permits)));
            }
        });
        Self {
            url,
            answers,
            hooks,
            serving,
        }
    }

    /// All answers, from now on.
    pub(crate) fn let_answer(&self) {
        self.answers.add_permits(10_000);
    }

    pub(crate) fn hooks(&self) -> Vec<Hook> {
        self.hooks.lock().unwrap().clone()
    }

    /// Waits until so many requests have come.
    pub(crate) async fn received(&self, count: usize) -> Vec<Hook> {
        eventually("enough webhooks", async || {
            Some(self.hooks()).filter(|hooks| hooks.len() >= count)
        })
        .await
    }
}

impl Drop for HttpReceiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn take(
    mut stream: TcpStream,
    status: u16,
    hooks: Arc<Mutex<Vec<Hook>>>,
    permits: Arc<Semaphore>,
) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let mut hook = Hook {
        head: String::from_utf8(head).unwrap(),
        body: Vec::new(),
    };
    let length = hook.header("content-length").unwrap().parse().unwrap();
    hook.body.resize(length, 0);
    stream.read_exact(&mut hook.body).await?;
    hooks.lock().unwrap().push(hook);
    permits.acquire().await.unwrap().forget();
    // What Postmark says of a mail that it took; others look at the status alone.
    let body = r#"{"ErrorCode":0,"Message":"OK"}"#;
    let length = if status == 204 { 0 } else { body.len() };
    let answer = format!(
        "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{}",
        &body[..length]
    );
    stream.write_all(answer.as_bytes()).await
}
