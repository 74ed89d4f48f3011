//! One keep-alive connection: send prepared bytes, wait for the response.

use std::net::SocketAddr;
use std::str::FromStr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use crate::response;

const READ_BYTES: usize = 8 * 1024;
/// No answer in this time means that the service hangs; the measurement is worthless then.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(target: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(target)
            .await
            .with_context(|| format!("cannot connect to {target}"))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            received: Vec::with_capacity(READ_BYTES),
        })
    }

    /// Sends one request, waits for its whole response and answers its status.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<u16> {
        self.received.clear();
        self.stream.write_all(request).await?;
        loop {
            self.received.reserve(READ_BYTES);
            if self.stream.read_buf(&mut self.received).await? == 0 {
                bail!("the service closed the connection within a response");
            }
            if let Some(response) = response::parse(&self.received)? {
                return Ok(response.status);
            }
        }
    }

    /// The body of the response that the last exchange received.
    pub(crate) fn body(&self) -> Result<Vec<u8>> {
        let response = response::parse(&self.received)?.context("no exchange has ended yet")?;
        Ok(response.body.into_owned())
    }
}

/// A client for one request after the other, for code that is not asynchronous.
pub(crate) struct Client {
    runtime: Runtime,
    connection: Connection,
    headers: String,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    pub(crate) took: Duration,
}

impl Client {
    pub(crate) fn open(target: SocketAddr, api_key: &str) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let connection = runtime.block_on(Connection::open(target))?;
        Ok(Self {
            runtime,
            connection,
            headers: format!("Host: {target}\r\nX-API-Key: {api_key}\r\n"),
        })
    }

    pub(crate) fn get(&mut self, path: &str) -> Result<Answer> {
        let request = format!("GET {path} HTTP/1.1\r\n{}\r\n", self.headers);
        self.exchange(request.as_bytes())
            .with_context(|| format!("no answer to GET {path}"))
    }

    pub(crate) fn post(&mut self, path: &str, body: &[u8]) -> Result<Answer> {
        let length = body.len();
        let head = format!(
            "POST {path} HTTP/1.1\r\n{}Content-Length: {length}\r\n\r\n",
            self.headers
        );
        let mut request = head.into_bytes();
        request.extend_from_slice(body);
        self.exchange(&request)
            .with_context(|| format!("no answer to POST {path}"))
    }

    fn exchange(&mut self, request: &[u8]) -> Result<Answer> {
        let started = Instant::now();
        let exchange = async { tokio::time::timeout(PATIENCE, self.connection.exchange(request)).await };
        let status = self.runtime.block_on(exchange)??;
        let took = started.elapsed();

        Ok(Answer {
            status,
            body: self.connection.body()?,
            took,
        })
    }

    /// The body of a GET that must succeed, as JSON.
    pub(crate) fn get_json(&mut self, path: &str) -> Result<serde_json::Value> {
        let answer = self.get(path)?;
        if answer.status != 200 {
            bail!(
                "GET {path} answered {}: {}",
                answer.status,
                String::from_utf8_lossy(&answer.body)
            );
        }
        serde_json::from_slice(&answer.body).with_context(|| format!("GET {path} did not answer JSON"))
    }

    /// A figure among the service's metrics.
    pub(crate) fn metric(&mut self, name: &str) -> Result<u64> {
        self.any_metric(name)
    }

    /// A time among the service's metrics.
    pub(crate) fn metric_ms(&mut self, name: &str) -> Result<f64> {
        self.any_metric(name).map(|seconds: f64| seconds * 1_000.0)
    }

    fn any_metric<T: FromStr>(&mut self, name: &str) -> Result<T> {
        let answer = self.get("/metrics")?;
        let text = String::from_utf8(answer.body)?;
        metric_of(&text, name).with_context(|| format!("no {name} among the metrics"))
    }
}

fn metric_of<T: FromStr>(text: &str, name: &str) -> Option<T> {
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
}

/// For a value in a query string.
pub(crate) fn percent_encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(byte.into()),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_found_by_its_whole_name() {
        let text = "# HELP parts Parts.\n# TYPE parts gauge\nparts_total 9\nparts 7\n";

        assert_eq!(metric_of(text, "parts"), Some(7));
        assert_eq!(metric_of::<u64>(text, "part"), None);
    }

    #[test]
    fn a_cursor_survives_a_query_string() {
        assert_eq!(percent_encode("a-Z_0.~"), "a-Z_0.~");
        assert_eq!(percent_encode("1+2=3/é"), "1%2B2%3D3%2F%C3%A9");
    }
}
