//! A service that runs in this process, on a port and in a folder of its own.

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;

use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Client, DEADLINE};

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
    /// Starts a service in an empty folder. `start` is given the folder, the listener and the stop token.
    pub async fn start<F, Running>(start: F) -> Self
    where
        F: FnOnce(&Path, TcpListener, CancellationToken) -> Running,
        Running: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        Self::start_in(tempfile::tempdir().expect("a temporary folder"), start).await
    }

    /// Starts a service in a folder that another one has left.
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
