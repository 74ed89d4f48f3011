//! One live view: reads server-sent events off a connection and says when each has arrived.

use std::net::SocketAddr;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// The route without filters.
pub(crate) const TAIL: &str = "/api/logs/tail";
const READ_BYTES: usize = 64 * 1024;
const MAX_HEADERS: usize = 48;

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) data: String,
}

pub(crate) struct EventStream {
    stream: TcpStream,
    decoder: Decoder,
    /// When the last bytes were received.
    received_at: Instant,
}

impl EventStream {
    /// Answers once the service has; everything of `path` that is committed from then on comes.
    ///
    /// With a small `receive_buffer_bytes` the kernel does not hide that nobody reads.
    pub(crate) async fn open(
        target: SocketAddr,
        path: &str,
        api_key: &str,
        receive_buffer_bytes: Option<u32>,
    ) -> Result<Self> {
        let socket = TcpSocket::new_v4()?;
        if let Some(bytes) = receive_buffer_bytes {
            socket.set_recv_buffer_size(bytes)?;
        }
        let mut stream = socket
            .connect(target)
            .await
            .with_context(|| format!("cannot connect to {target}"))?;
        stream.set_nodelay(true)?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: {target}\r\nX-API-Key: {api_key}\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;

        let mut opened = Self {
            stream,
            decoder: Decoder::default(),
            received_at: Instant::now(),
        };
        while !opened.decoder.take_head()? {
            opened.receive().await?;
        }
        Ok(opened)
    }

    /// The next event and when it arrived. Loses nothing when it is dropped before it answers.
    pub(crate) async fn next(&mut self) -> Result<(Event, Instant)> {
        loop {
            if let Some(event) = self.decoder.take_event()? {
                return Ok((event, self.received_at));
            }
            self.receive().await?;
        }
    }

    async fn receive(&mut self) -> Result<()> {
        self.decoder.received.reserve(READ_BYTES);
        ensure!(
            self.stream.read_buf(&mut self.decoder.received).await? > 0,
            "the service closed a live view"
        );
        self.received_at = Instant::now();
        Ok(())
    }
}

/// Bytes to events, in whatever pieces they come.
#[derive(Default)]
struct Decoder {
    /// Head and chunks as they came.
    received: Vec<u8>,
    /// Text of events without the chunks around it; what is before `taken` has been given out.
    text: Vec<u8>,
    taken: usize,
}

impl Decoder {
    /// Whether the head was complete; it is gone then.
    fn take_head(&mut self) -> Result<bool> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut head = httparse::Response::new(&mut headers);
        let httparse::Status::Complete(length) =
            head.parse(&self.received).context("not an HTTP/1.1 response")?
        else {
            return Ok(false);
        };
        ensure!(
            head.code == Some(200),
            "a live view was answered with {:?}",
            head.code
        );
        ensure!(
            head.headers
                .iter()
                .any(|header| header.name.eq_ignore_ascii_case("transfer-encoding")),
            "a live view does not come in chunks"
        );
        self.received.drain(..length);
        Ok(true)
    }

    fn take_event(&mut self) -> Result<Option<Event>> {
        if let Some(event) = self.next_event() {
            return Ok(Some(event));
        }
        self.text.drain(..self.taken);
        self.taken = 0;
        self.join_chunks()?;
        Ok(self.next_event())
    }

    fn next_event(&mut self) -> Option<Event> {
        let rest = &self.text[self.taken..];
        let length = rest.windows(2).position(|pair| pair == b"\n\n")?;
        let event = parse_event(&String::from_utf8_lossy(&rest[..length]));
        self.taken += length + 2;
        Some(event)
    }

    fn join_chunks(&mut self) -> Result<()> {
        let mut done = 0;
        loop {
            let rest = &self.received[done..];
            let Ok(size) = httparse::parse_chunk_size(rest) else {
                bail!("a bad chunk size in a live view")
            };
            let httparse::Status::Complete((start, length)) = size else {
                break;
            };
            let end = start + usize::try_from(length).context("a chunk over the address space")?;
            // The line end after a chunk.
            if rest.len() < end.saturating_add(2) {
                break;
            }
            ensure!(length > 0, "the service ended a live view");
            self.text.extend_from_slice(&rest[start..end]);
            done += end + 2;
        }
        self.received.drain(..done);
        Ok(())
    }
}

fn parse_event(text: &str) -> Event {
    let mut event = Event {
        name: String::new(),
        data: String::new(),
    };
    for line in text.lines() {
        match line.split_once(": ") {
            Some(("event", name)) => event.name.push_str(name),
            Some(("data", data)) => event.data.push_str(data),
            _ => {}
        }
    }
    event
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

    fn chunk(text: &str) -> String {
        format!("{:x}\r\n{text}\r\n", text.len())
    }

    fn event(name: &str, data: &str) -> Event {
        Event {
            name: name.into(),
            data: data.into(),
        }
    }

    #[test]
    fn events_are_found_however_they_are_cut_into_chunks_and_segments() {
        let wire = [
            HEAD,
            &chunk("event: log\nid: 7\ndata: {\"message\":\"a: b\"}\n\nevent: dro"),
            &chunk("pped\ndata: {\"count\":3}\n\n"),
            &chunk("event: heartbeat\ndata: {}\n\n"),
        ]
        .concat();
        for segment in [1, 7, wire.len()] {
            let mut decoder = Decoder::default();
            let mut has_head = false;
            let mut events = Vec::new();

            for piece in wire.as_bytes().chunks(segment) {
                decoder.received.extend_from_slice(piece);
                has_head = has_head || decoder.take_head().expect("a head");
                while has_head && let Some(event) = decoder.take_event().expect("chunks") {
                    events.push(event);
                }
            }

            let expected = [
                event("log", "{\"message\":\"a: b\"}"),
                event("dropped", "{\"count\":3}"),
                event("heartbeat", "{}"),
            ];
            assert_eq!(events, expected, "in segments of {segment}");
        }
    }

    #[test]
    fn what_is_no_stream_of_events_is_an_error() {
        for wire in [
            "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            "SSH-2.0-OpenSSH\r\n\r\n",
        ] {
            let mut decoder = Decoder::default();
            decoder.received.extend_from_slice(wire.as_bytes());
            assert!(decoder.take_head().is_err(), "{wire}");
        }
        let mut decoder = Decoder::default();
        decoder.received.extend_from_slice(b"0\r\n\r\n");
        assert!(decoder.take_event().is_err(), "it has ended");
    }
}
