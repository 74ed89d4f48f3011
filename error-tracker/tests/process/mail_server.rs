//! Mail servers for the tracker to talk to: one that follows a script, and Debian's aiosmtpd.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use shared::testing::{Program, eventually};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

pub(crate) const RECIPIENTS: [&str; 2] = ["ops@example.com", "dev@example.com"];
pub(crate) const SENDER: &str = "errors@example.com";

/// One mail as a server took it.
#[derive(Debug, Clone)]
pub(crate) struct Mail {
    /// The envelope.
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    /// Names and values in their order, unfolded.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Mail {
    fn parse(from: String, to: Vec<String>, text: &str) -> Self {
        let text = text.replace("\r\n", "\n");
        let (head, body) = text.split_once("\n\n").unwrap();
        let headers = head
            .replace("\n ", " ")
            .replace("\n\t", " ")
            .lines()
            .map(|line| line.split_once(": ").expect("every line of the head is a header"))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Self {
            from,
            to,
            headers,
            body: body.to_owned(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let mut values = self.headers.iter().filter(|(known, _)| known == name);
        let (_, value) = values.next().expect("the header is there");
        assert!(values.next().is_none(), "{name} is there twice");
        value
    }

    pub(crate) fn subject(&self) -> &str {
        self.header("Subject")
    }
}

/// A mail server in this process. It takes every mail, or says nothing at all.
pub(crate) struct MailServer {
    port: u16,
    mails: Arc<Mutex<Vec<Mail>>>,
    connections: Arc<Mutex<usize>>,
    serving: tokio::task::JoinHandle<()>,
}

/// The port of a server that is down: connections are refused, and nobody else gets it.
pub(crate) struct Down {
    pub(crate) port: u16,
    socket: TcpSocket,
}

impl Down {
    pub(crate) fn reserve() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        Self {
            port: socket.local_addr().unwrap().port(),
            socket,
        }
    }

    /// The server comes up.
    pub(crate) fn start(self) -> MailServer {
        MailServer::on(self.socket.listen(16).unwrap(), false)
    }
}

impl MailServer {
    pub(crate) async fn start() -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").await.unwrap(), false)
    }

    /// Takes connections and never says a word.
    pub(crate) async fn silent() -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").await.unwrap(), true)
    }

    fn on(listener: TcpListener, is_silent: bool) -> Self {
        let port = listener.local_addr().unwrap().port();
        let mails: Arc<Mutex<Vec<Mail>>> = Arc::default();
        let connections: Arc<Mutex<usize>> = Arc::default();
        let (kept, counted) = (Arc::clone(&mails), Arc::clone(&connections));
        let serving = tokio::spawn(async move {
            let mut held = Vec::new();
            while let Ok((stream, _)) = listener.accept().await {
                *counted.lock().unwrap() += 1;
                if is_silent {
                    held.push(stream);
                } else {
                    tokio::spawn(converse(stream, Arc::clone(&kept)));
                }
            }
        });
        Self {
            port,
            mails,
            connections,
            serving,
        }
    }

    /// The settings that lead to this server.
    pub(crate) fn set(&self, program: Program) -> Program {
        set(program, self.port)
    }

    pub(crate) fn mails(&self) -> Vec<Mail> {
        self.mails.lock().unwrap().clone()
    }

    /// Waits until so many mails have come.
    pub(crate) async fn received(&self, count: usize) -> Vec<Mail> {
        eventually("enough mails", async || {
            Some(self.mails()).filter(|mails| mails.len() >= count)
        })
        .await
    }

    /// Waits until somebody has connected.
    pub(crate) async fn connected(&self) {
        eventually("a connection", async || {
            (*self.connections.lock().unwrap() > 0).then_some(())
        })
        .await;
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// The settings that send mail to this port.
pub(crate) fn set(program: Program, port: u16) -> Program {
    program
        .with("SMTP_HOST", "127.0.0.1")
        .with("SMTP_PORT", port)
        .with("SMTP_FROM", SENDER)
        .with("ALERT_EMAILS", RECIPIENTS.join(","))
}

/// As much of RFC 5321 as a client needs, and strict: what is out of place is an error.
async fn converse(stream: TcpStream, mails: Arc<Mutex<Vec<Mail>>>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 mail.example.com ESMTP\r\n").await?;
    let (mut from, mut to) = (None::<String>, Vec::<String>::new());
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let line = line.trim_end();
        let verb = line
            .split([' ', ':'])
            .next()
            .unwrap_or_default()
            .to_ascii_uppercase();
        let answer = match verb.as_str() {
            "EHLO" => "250-mail.example.com\r\n250 8BITMIME\r\n",
            "MAIL" if from.is_none() => {
                from = Some(path_in(line));
                "250 ok\r\n"
            }
            "RCPT" if from.is_some() => {
                to.push(path_in(line));
                "250 ok\r\n"
            }
            "DATA" if !to.is_empty() => {
                stream.write_all(b"354 go on\r\n").await?;
                let text = read_mail(&mut stream).await?;
                let mail = Mail::parse(from.take().unwrap(), std::mem::take(&mut to), &text);
                mails.lock().unwrap().push(mail);
                "250 taken\r\n"
            }
            "QUIT" => {
                stream.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => "503 not now\r\n",
        };
        stream.write_all(answer.as_bytes()).await?;
    }
}

/// The address between the angle brackets.
fn path_in(line: &str) -> String {
    let (_, rest) = line.split_once('<').unwrap();
    rest.split_once('>').unwrap().0.to_owned()
}

async fn read_mail(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut text = String::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        if line == ".\r\n" {
            return Ok(text);
        }
        // RFC 5321, 4.5.2: the dot that the client put before a dot goes away.
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}

/// Debian's aiosmtpd in a process of its own, which stores mails as files.
pub(crate) struct Aiosmtpd {
    child: Child,
    port: u16,
    folder: std::path::PathBuf,
}

impl Aiosmtpd {
    /// The interpreter that has the module when Debian's package `python3-aiosmtpd` is installed.
    const PYTHON: &str = "/usr/bin/python3";

    /// Nothing when the package is not installed.
    pub(crate) async fn start(folder: &Path) -> Option<Self> {
        let is_there = Command::new(Self::PYTHON)
            .args(["-c", "import aiosmtpd"])
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        if !is_there {
            return None;
        }
        let folder = folder.join("mails");
        // It takes no port 0, so a port that was free a moment ago has to do.
        let port = Down::reserve().port;
        let child = Command::new(Self::PYTHON)
            .args(["-m", "aiosmtpd", "-n", "-l", &format!("127.0.0.1:{port}"), "-c"])
            .args(["aiosmtpd.handlers.Mailbox", folder.to_str().unwrap()])
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { child, port, folder };
        eventually("aiosmtpd listens", async || {
            TcpStream::connect(("127.0.0.1", port)).await.ok()
        })
        .await;
        Some(server)
    }

    pub(crate) fn set(&self, program: Program) -> Program {
        set(program, self.port)
    }

    /// Waits until so many mails are there; the envelope is in headers that aiosmtpd adds.
    pub(crate) async fn received(&self, count: usize) -> Vec<Mail> {
        eventually("enough mails", async || {
            let files = std::fs::read_dir(self.folder.join("new")).ok()?;
            let mails: Vec<Mail> = files
                .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
                .map(|text| Self::parse(&text))
                .collect();
            (mails.len() >= count).then_some(mails)
        })
        .await
    }

    fn parse(text: &str) -> Mail {
        let mut mail = Mail::parse(String::new(), Vec::new(), text);
        mail.from = mail.header("X-MailFrom").to_owned();
        mail.to = mail.header("X-RcptTo").split(", ").map(str::to_owned).collect();
        mail.headers
            .retain(|(name, _)| !["X-Peer", "X-MailFrom", "X-RcptTo"].contains(&name.as_str()));
        mail
    }
}

impl Drop for Aiosmtpd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
