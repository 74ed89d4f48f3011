//! The error tracker or the metrics collector, played by the test: it counts as the real one does, keeps a ledger of what
//! came, and misbehaves as it is told.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use serde_json::{Value, json};
use shared::testing::eventually;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// What a peer has to refuse, one by one.
pub(crate) const UNWANTED: &str = "unwanted";
const CONNECTIONS: u32 = 256;

/// Whose part is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Tracker,
    Collector,
}

impl Role {
    /// The largest body that it takes.
    fn most_bytes(self) -> usize {
        match self {
            Self::Tracker => 1 << 20,
            Self::Collector => 512 << 10,
        }
    }
}

/// How a peer behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mood {
    /// Takes what comes, and says so.
    Well,
    /// Takes what comes, and says so after this time.
    Slow(Duration),
    /// Waits until it is told something else, and then does that.
    Held,
    /// Takes nothing and never answers.
    Hangs,
    /// Says these bytes and closes the connection; whether it took what came before is another matter.
    Says { takes: bool, bytes: String },
    /// Refuses every batch that has this text in it with this status.
    Chokes { text: &'static str, status: u16 },
}

impl Mood {
    /// Takes nothing, and answers with this status.
    pub(crate) fn status(status: u16) -> Self {
        Self::answer(false, status, "", "{\"detail\":\"not today\"}")
    }

    /// Has too much to do for so many seconds.
    pub(crate) fn busy(seconds: u64) -> Self {
        Self::answer(false, 429, &format!("retry-after: {seconds}\r\n"), "")
    }

    /// Sends everybody elsewhere.
    pub(crate) fn redirects(to: &str) -> Self {
        Self::answer(false, 307, &format!("location: {to}\r\n"), "")
    }

    /// Answers 200 with something else than its answer.
    pub(crate) fn garbage(takes: bool) -> Self {
        Self::answer(takes, 200, "", "<html>welcome to the login page</html>")
    }

    /// Takes what comes, and breaks off in the middle of saying so.
    pub(crate) fn half_an_answer() -> Self {
        Self::Says {
            takes: true,
            bytes: "HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{\"results\":[".into(),
        }
    }

    /// Closes the connection without a word.
    pub(crate) fn hangs_up(takes: bool) -> Self {
        Self::Says {
            takes,
            bytes: String::new(),
        }
    }

    fn answer(takes: bool, status: u16, headers: &str, body: &str) -> Self {
        let bytes = format!(
            "HTTP/1.1 {status} Status\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        Self::Says { takes, bytes }
    }
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) items: Vec<Value>,
}

/// What came so far.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) requests: Vec<Request>,
    /// What was taken: each report once, each batch of points once.
    pub(crate) taken: Vec<Value>,
    /// All bytes that were sent to it.
    pub(crate) bytes: Vec<u8>,
    known: HashSet<String>,
    /// The answers to keyed batches.
    answers: HashMap<String, Value>,
    counts: HashMap<String, u64>,
}

/// A running peer.
pub(crate) struct Peer {
    inner: Arc<Inner>,
    address: SocketAddr,
    mood: watch::Sender<Mood>,
    state: Mutex<State>,
}

enum State {
    Up(CancellationToken, JoinHandle<()>),
    /// Holds the port, and lets nobody in.
    Down(TcpSocket),
    Between,
}

struct Inner {
    role: Role,
    key: &'static str,
    ledger: Mutex<Ledger>,
}

impl Peer {
    /// One that does well.
    pub(crate) fn start(role: Role, key: &'static str) -> Self {
        let socket = bind(SocketAddr::from(([127, 0, 0, 1], 0)));
        let peer = Self {
            address: socket.local_addr().unwrap(),
            inner: Arc::new(Inner {
                role,
                key,
                ledger: Mutex::default(),
            }),
            mood: watch::channel(Mood::Well).0,
            state: Mutex::new(State::Down(socket)),
        };
        peer.up();
        peer
    }

    /// The address to configure.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn set(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }

    /// Refuses connections, and ends those that there are.
    pub(crate) async fn down(&self) {
        // The port is held all the time, or another test could get it.
        let State::Up(stop, listening) = self.exchange(State::Down(bind(self.address))) else {
            panic!("a peer that is down already");
        };
        stop.cancel();
        listening.await.unwrap();
    }

    /// Lets connections in.
    pub(crate) fn up(&self) {
        let State::Down(socket) = self.exchange(State::Between) else {
            panic!("a peer that is up already");
        };
        let listener = socket.listen(CONNECTIONS).unwrap();
        let stop = CancellationToken::new();
        let listening = listen(
            listener,
            Arc::clone(&self.inner),
            self.mood.subscribe(),
            stop.clone(),
        );
        self.exchange(State::Up(stop, tokio::spawn(listening)));
    }

    fn exchange(&self, state: State) -> State {
        let mut current = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *current, state)
    }

    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.inner.ledger()
    }

    /// What was taken so far.
    pub(crate) fn taken(&self) -> Vec<Value> {
        self.ledger().taken.clone()
    }

    /// How many requests came, whatever became of them.
    pub(crate) fn requests(&self) -> usize {
        self.ledger().requests.len()
    }

    /// The only thing that was taken.
    pub(crate) fn only(&self) -> Value {
        let taken = self.taken();
        assert_eq!(taken.len(), 1, "{taken:?}");
        taken[0].clone()
    }

    /// Waits until so many have been taken, and gives them.
    pub(crate) async fn has_taken(&self, count: usize) -> Vec<Value> {
        eventually("the peer has taken enough", async || {
            let taken = self.taken();
            (taken.len() >= count).then_some(taken)
        })
        .await
    }

    /// Waits until so many requests came in all.
    pub(crate) async fn is_asked(&self, times: usize) {
        eventually("the peer is asked often enough", async || {
            (self.requests() >= times).then_some(())
        })
        .await;
    }

    /// Forgets what came.
    pub(crate) fn forget(&self) {
        *self.ledger() = Ledger::default();
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let State::Up(stop, _) = state {
            stop.cancel();
        }
    }
}

fn bind(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    // Both, so that it can be bound while the one that listens is still there.
    socket.set_reuseaddr(true).unwrap();
    socket.set_reuseport(true).unwrap();
    socket.bind(address).unwrap();
    socket
}

async fn listen(
    listener: TcpListener,
    inner: Arc<Inner>,
    mood: watch::Receiver<Mood>,
    stop: CancellationToken,
) {
    while let Some(Ok((stream, _))) = stop.run_until_cancelled(listener.accept()).await {
        let (inner, mood, stop) = (Arc::clone(&inner), mood.clone(), stop.clone());
        tokio::spawn(async move {
            stop.run_until_cancelled(converse(stream, &inner, mood)).await;
        });
    }
}

async fn converse(stream: TcpStream, inner: &Inner, mut mood: watch::Receiver<Mood>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let (request, body) = inner.receive(&mut stream).await?;
        let mood = mood.wait_for(|mood| *mood != Mood::Held).await.ok()?.clone();
        let length = body.len();
        let mut answer = match mood {
            Mood::Hangs => std::future::pending().await,
            // As the real ones do unless they are told otherwise.
            _ if length > inner.role.most_bytes() => (413, json!({"detail": "the body is too large"})),
            Mood::Well | Mood::Held => inner.take(&request),
            Mood::Slow(pause) => {
                let answer = inner.take(&request);
                tokio::time::sleep(pause).await;
                answer
            }
            Mood::Says { takes, bytes } => {
                if takes {
                    inner.take(&request);
                }
                stream.write_all(bytes.as_bytes()).await.ok()?;
                return stream.shutdown().await.ok();
            }
            Mood::Chokes { text, status } if body.contains(text) => {
                (status, json!({"detail": "a hard word"}))
            }
            Mood::Chokes { .. } => inner.take(&request),
        };
        if request
            .headers
            .get("x-api-key")
            .is_none_or(|key| key != inner.key)
        {
            answer = (401, json!({"detail": "Invalid API key"}));
        }
        let (status, body) = (answer.0, answer.1.to_string());
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {status} Status\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(answer.as_bytes()).await.ok()?;
    }
}

impl Inner {
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn receive(&self, stream: &mut BufReader<TcpStream>) -> Option<(Request, String)> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head).await.ok()? == 0 {
                return None;
            }
        }
        let mut lines = head.lines();
        let path = lines.next()?.split(' ').nth(1)?.to_owned();
        let mut headers = HeaderMap::new();
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            headers.append(name.parse::<http::HeaderName>().ok()?, value.trim().parse().ok()?);
        }
        let length: usize = headers.get("content-length")?.to_str().ok()?.parse().ok()?;
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.ok()?;
        let request = Request {
            path,
            headers,
            items: serde_json::from_slice(&body).expect("what the relay sends is a JSON array"),
        };
        let mut ledger = self.ledger();
        ledger.bytes.extend_from_slice(head.as_bytes());
        ledger.bytes.extend_from_slice(&body);
        ledger.requests.push(request.clone());
        Some((
            request,
            String::from_utf8(body).expect("what the relay sends is text"),
        ))
    }

    fn take(&self, request: &Request) -> (u16, Value) {
        let mut ledger = self.ledger();
        match self.role {
            Role::Tracker => {
                assert_eq!(request.path, "/api/errors/batch");
                let results: Vec<Value> = request
                    .items
                    .iter()
                    .map(|report| ledger.take_report(report))
                    .collect();
                (200, json!({"results": results}))
            }
            Role::Collector => {
                assert_eq!(request.path, "/api/metrics");
                let key = request.headers.get("idempotency-key");
                let key = key.expect("points go with a key").to_str().unwrap().to_owned();
                (202, ledger.take_points(&key, &request.items))
            }
        }
    }
}

impl Ledger {
    fn take_report(&mut self, report: &Value) -> Value {
        let message = report["message"].as_str().expect("a message").to_owned();
        if message.contains(UNWANTED) {
            return json!({"status": "rejected", "detail": "message: not wanted here"});
        }
        let id = report["event_id"].as_str().expect("an event id").to_owned();
        let is_new = self.known.insert(id);
        let count = self.counts.entry(message).or_insert(0);
        let status = match (is_new, *count) {
            (false, _) => "duplicate",
            (true, 0) => "created",
            (true, _) => "incremented",
        };
        *count += u64::from(is_new);
        let answer = json!({"status": status, "id": 7, "fingerprint": "00112233445566778899aabbccddeeff", "count": count});
        if is_new {
            self.taken.push(report.clone());
        }
        answer
    }

    fn take_points(&mut self, key: &str, points: &[Value]) -> Value {
        if let Some(answer) = self.answers.get(key) {
            return answer.clone();
        }
        let mut rejected = Vec::new();
        for (index, point) in points.iter().enumerate() {
            if point["name"].as_str().is_some_and(|name| name.contains(UNWANTED)) {
                rejected.push(json!({"index": index, "detail": "name: not wanted here"}));
            } else {
                self.taken.push(point.clone());
            }
        }
        let mut answer = json!({"status": "accepted", "count": points.len() - rejected.len()});
        if !rejected.is_empty() {
            answer["rejected"] = json!(rejected);
        }
        self.answers.insert(key.to_owned(), answer.clone());
        answer
    }
}
