//! A service that runs in this process, on a port and in a folder of its own.

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;

use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Client, DEADLINE};

/// Finds a setting among those of a test, or else among those that all services of its kind have.
pub fn lookup(settings: &[(&str, &str)], general: &[(&str, &str)]) -> impl Fn(&str) -> Option<String> {
    move |name| {
        let mut all = settings.iter().rev().chain(general);
        let found = all.find(|(other, _)| *other == name);
        found.map(|(_, value)| (*value).to_owned())
    }
}

/// A running service. It ends with this value, or in order by [`stop`](Self::stop).
#[derive(Debug)]
pub struct Service {
    /// Where it listens.
    pub address: SocketAddr,
    folder: TempDir,
    stop: CancellationToken,
    served: JoinHandle<anyhow::Result<()>>,
}

impl Service {
    /// Starts a service in a folder that is empty, or that another one has left. `start` is given the folder, the listener
    /// and the stop token.
    pub async fn start_in<F, Running>(folder: TempDir, start: F) -> Self
    where
        F: FnOnce(&Path, TcpListener, CancellationToken) -> Running,
        Running: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        Self::start_on(listener, folder, start)
    }

    /// Starts a service on a listener of the test's own, in a folder that another one may have left.
    pub fn start_on<F, Running>(listener: TcpListener, folder: TempDir, start: F) -> Self
    where
        F: FnOnce(&Path, TcpListener, CancellationToken) -> Running,
        Running: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let address = listener.local_addr().expect("a bound listener has an address");
        let stop = CancellationToken::new();
        // A client may connect at once: the listener's queue holds it until the service is up.
        let served = tokio::spawn(start(folder.path(), listener, stop.clone()));
        Self {
            address,
            folder,
            stop,
            served,
        }
    }

    /// A client without any key.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::new(self.address)
    }

    /// A client without key that seems to come from this address; each address has its own limits.
    #[must_use]
    pub fn stranger(&self, address: &str) -> Client {
        self.client().with("X-Forwarded-For", address)
    }

    /// Where the service keeps its files.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Tells the service to stop, waits for it, and hands over its folder.
    ///
    /// # Panics
    /// When the service failed, or does not end.
    pub async fn stop(self) -> TempDir {
        self.stop.cancel();
        tokio::time::timeout(DEADLINE, self.served)
            .await
            .expect("the service obeys its stop token")
            .expect("the service does not panic")
            .expect("the service ends well");
        self.folder
    }
}
