//! A mail server for tests that follows a script, on a real socket.

use std::sync::Arc;
use std::time::Duration;

use lettre::transport::smtp::client::{Certificate, CertificateStore};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use super::{Smtp, tls_for};
use crate::notify::settings::{SignIn, SmtpSettings};

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// What the server does when a line begins with the first word; the rest it does as a good server would.
pub(super) type Script = &'static [(&'static str, Act)];

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Act {
    Answer(&'static str),
    /// Encrypts from the first byte; with `GREETING` only.
    Encrypt,
    /// Ends the connection.
    Drop,
    /// Says nothing more.
    Hang,
    /// Sends an answer that never ends, a byte a second.
    Trickle,
}

pub(super) const DOT: &str = ".";
pub(super) const GREETING: &str = "GREETING";

pub(super) struct FakeSmtp {
    pub(super) port: u16,
    /// Every line that came in, with `TLS` where encryption began.
    pub(super) lines: mpsc::UnboundedReceiver<String>,
    certificate: String,
}

impl FakeSmtp {
    pub(super) async fn start(extensions: &'static str, script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let (sender, lines) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(
                    Session {
                        extensions,
                        script,
                        lines: sender.clone(),
                    }
                    .serve(stream, acceptor.clone()),
                );
            }
        });
        Self {
            port,
            lines,
            certificate: made.cert.pem(),
        }
    }

    pub(super) fn settings(&self, sign_in: bool) -> SmtpSettings {
        SmtpSettings {
            host: "localhost".to_owned(),
            port: self.port,
            sign_in: sign_in.then(|| SignIn {
                username: "errors".to_owned(),
                password: "hunter2".to_owned(),
            }),
            from: "Monlight <errors@example.com>".parse().unwrap(),
        }
    }

    /// A client that takes the server's certificate for one of the world's.
    pub(super) fn client(&self, sign_in: bool) -> Smtp {
        self.client_with(self.settings(sign_in))
    }

    pub(super) fn client_with(&self, settings: SmtpSettings) -> Smtp {
        let root = Certificate::from_pem(self.certificate.as_bytes()).unwrap();
        let tls = tls_for(&settings)
            .certificate_store(CertificateStore::None)
            .add_root_certificate(root);
        Smtp::with_tls(&settings, tls.build())
    }

    /// Everything that came in so far.
    pub(super) fn heard(&mut self) -> Vec<String> {
        let mut heard = Vec::new();
        while let Ok(line) = self.lines.try_recv() {
            heard.push(line);
        }
        heard
    }
}

#[derive(Clone)]
struct Session {
    extensions: &'static str,
    script: Script,
    lines: mpsc::UnboundedSender<String>,
}

impl Session {
    async fn serve(self, stream: TcpStream, acceptor: TlsAcceptor) {
        let is_implicit_tls = self.script.contains(&(GREETING, Act::Encrypt));
        let mut stream: BufReader<Box<dyn Stream>> = if is_implicit_tls {
            let Ok(encrypted) = acceptor.accept(stream).await else {
                return;
            };
            let _ = self.lines.send("TLS".to_owned());
            BufReader::new(Box::new(encrypted))
        } else {
            BufReader::new(Box::new(stream))
        };
        if !self
            .act(&mut stream, GREETING, "220 mail.example.com ESMTP\r\n")
            .await
        {
            return;
        }
        let mut in_data = false;
        let mut is_encrypted = is_implicit_tls;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                return;
            }
            let line = line.trim_end_matches(['\r', '\n']).to_owned();
            let _ = self.lines.send(line.clone());
            if in_data && line != DOT {
                if self.script.contains(&("MID-DATA", Act::Drop)) {
                    return;
                }
                continue;
            }
            let word = line.split([' ', ':']).next().unwrap_or_default().to_owned();
            let extensions = if is_encrypted {
                "250-AUTH PLAIN LOGIN\r\n"
            } else {
                self.extensions
            };
            let answer = match word.as_str() {
                "EHLO" => format!("250-mail.example.com\r\n{extensions}250 HELP\r\n"),
                "DATA" => "354 go on\r\n".to_owned(),
                "AUTH" => "235 welcome\r\n".to_owned(),
                "STARTTLS" => "220 go on\r\n".to_owned(),
                _ => "250 fine\r\n".to_owned(),
            };
            if !self.act(&mut stream, &line, &answer).await {
                return;
            }
            in_data = word == "DATA";
            if word == "STARTTLS" {
                let Ok(encrypted) = acceptor.accept(stream.into_inner()).await else {
                    return;
                };
                let _ = self.lines.send("TLS".to_owned());
                is_encrypted = true;
                stream = BufReader::new(Box::new(encrypted));
            }
        }
    }

    /// Answers by the script or as usual; says whether the talk goes on.
    async fn act(&self, stream: &mut BufReader<Box<dyn Stream>>, line: &str, usual: &str) -> bool {
        let scripted = self
            .script
            .iter()
            .find(|(beginning, _)| line.starts_with(beginning));
        match scripted.map_or(Act::Answer(""), |(_, act)| *act) {
            Act::Answer(answer) => {
                let answer = if answer.is_empty() { usual } else { answer };
                stream.write_all(answer.as_bytes()).await.is_ok() && stream.flush().await.is_ok()
            }
            Act::Encrypt => stream.write_all(usual.as_bytes()).await.is_ok() && stream.flush().await.is_ok(),
            Act::Drop => false,
            Act::Hang => {
                let _ = self.lines.send("HANG".to_owned());
                std::future::pending().await
            }
            Act::Trickle => {
                let _ = self.lines.send("HANG".to_owned());
                let mut each_second = tokio::time::interval(Duration::from_secs(1));
                while stream.write_all(b"2").await.is_ok() && stream.flush().await.is_ok() {
                    each_second.tick().await;
                }
                false
            }
        }
    }
}
