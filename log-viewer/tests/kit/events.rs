//! Server-sent events as a browser reads them.

use std::net::SocketAddr;

use serde_json::Value;
use shared::testing::DEADLINE;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    pub(crate) name: String,
    /// What the browser would bring back as `Last-Event-ID`.
    pub(crate) id: Option<i64>,
    pub(crate) data: Value,
}

impl Event {
    /// The entry's number.
    pub(crate) fn entry(&self) -> i64 {
        self.data["id"].as_i64().expect("an entry")
    }

    pub(crate) fn message(&self) -> &str {
        self.data["message"].as_str().expect("an entry")
    }
}

/// An open stream.
pub(crate) struct EventStream {
    stream: TcpStream,
    /// Chunks that are not complete yet.
    framed: Vec<u8>,
    /// Text without its chunks' frames.
    text: Vec<u8>,
    has_ended: bool,
}

impl EventStream {
    /// Opens one, which must be answered with 200.
    pub(crate) async fn open(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap(), path, headers).await
    }

    /// One whose reader's system takes little before it is read.
    pub(crate) async fn open_narrow(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4_096).unwrap();
        Self::over(socket.connect(address).await.unwrap(), path, headers).await
    }

    async fn over(mut stream: TcpStream, path: &str, headers: &[(&str, &str)]) -> Self {
        let headers: String = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        let read_head = async {
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.expect("a complete head"));
            }
        };
        tokio::time::timeout(DEADLINE, read_head)
            .await
            .expect("an answer");
        let head = String::from_utf8(head).unwrap().to_lowercase();
        assert!(head.starts_with("http/1.1 200"), "{head}");
        assert!(head.contains("content-type: text/event-stream"), "{head}");
        assert!(head.contains("transfer-encoding: chunked"), "{head}");
        Self {
            stream,
            framed: Vec::new(),
            text: Vec::new(),
            has_ended: false,
        }
    }

    /// The next event that is no heartbeat; `None` when the stream has ended.
    ///
    /// Heartbeats do not put the deadline off.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        let next = async {
            loop {
                let event = self.next_of_any().await?;
                if event.name != "heartbeat" {
                    return Some(event);
                }
            }
        };
        tokio::time::timeout(DEADLINE, next)
            .await
            .expect("an event in time")
    }

    async fn next_of_any(&mut self) -> Option<Event> {
        loop {
            if let Some(end) = find(&self.text, b"\n\n") {
                let rest = self.text.split_off(end + 2);
                let event = std::mem::replace(&mut self.text, rest);
                return Some(parse(std::str::from_utf8(&event).unwrap()));
            }
            if self.has_ended {
                assert_eq!(self.text, b"", "the stream ends after an event");
                return None;
            }
            let mut buffer = vec![0; 64 << 10];
            let count = self.stream.read(&mut buffer).await.unwrap_or(0);
            self.has_ended |= count == 0;
            self.framed.extend_from_slice(&buffer[..count]);
            self.take_chunks();
        }
    }

    /// The next event, which must be an entry that is new.
    pub(crate) async fn next_log(&mut self) -> Event {
        let event = self.next().await.expect("the stream is open");
        assert_eq!(event.name, "log", "{event:?}");
        event
    }

    /// Takes events until an entry reads like this, and gives all of them.
    pub(crate) async fn until(&mut self, message: &str) -> Vec<Event> {
        let mut events = Vec::new();
        loop {
            let event = self.next().await.expect("the stream is open");
            let is_it = event.data["message"] == message;
            events.push(event);
            if is_it {
                return events;
            }
        }
    }

    fn take_chunks(&mut self) {
        while let Some(end) = find(&self.framed, b"\r\n") {
            let digits = std::str::from_utf8(&self.framed[..end]).unwrap();
            let length = usize::from_str_radix(digits, 16).expect("a chunk's length");
            let chunk = end + 2..end + 2 + length;
            if self.framed.len() < chunk.end + 2 {
                return;
            }
            self.text.extend_from_slice(&self.framed[chunk.clone()]);
            self.framed.drain(..chunk.end + 2);
            self.has_ended |= length == 0;
        }
    }
}

fn parse(text: &str) -> Event {
    let field = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    };
    Event {
        name: field("event").expect("each event has a name").to_owned(),
        id: field("id").map(|id| id.parse().expect("a number")),
        data: serde_json::from_str(field("data").expect("each event has data")).expect("a line of JSON"),
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
