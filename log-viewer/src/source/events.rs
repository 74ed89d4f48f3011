//! Wakes the reader when something happens in a folder. Only makes it quicker: what is missed here is found by the
//! next look.

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::{FutureExt, StreamExt};
use inotify::{EventMask, EventOwned, EventStream, Inotify, WatchDescriptor, WatchMask, Watches};
use shared::tasks::Tasks;

/// What happens in this time wakes the reader once.
const COALESCE: Duration = Duration::from_millis(10);
const BUFFER_BYTES: usize = 16 << 10;

/// Watched folders, and what has happened in them.
#[derive(Debug)]
pub(super) struct Events {
    /// `None` where the system has no events for us.
    watches: Option<Watches>,
    waiting: Arc<Waiting>,
}

/// Bounded by the number of folders.
#[derive(Debug, Default)]
struct Waiting {
    happened: Mutex<Happened>,
    wake: Condvar,
}

/// Ends the wait of the reader for good.
struct End(Arc<Waiting>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.lock().the_end = true;
        self.0.wake.notify_one();
    }
}

/// What has happened since it was last asked.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Happened {
    pub(super) folders: HashSet<WatchDescriptor>,
    /// Events were lost.
    pub(super) anything: bool,
    /// The tasks have ended, or the runtime is gone with them.
    the_end: bool,
}

impl Events {
    /// Begins to listen.
    pub(super) fn start(tasks: &Tasks) -> Self {
        let waiting = Arc::new(Waiting::default());
        let (end, stop) = (End(Arc::clone(&waiting)), tasks.stop_token());
        tasks.spawn("end-of-events", async move {
            stop.cancelled().await;
            drop(end);
        });
        let listening = Inotify::init().and_then(|inotify| {
            let watches = inotify.watches();
            Ok((watches, inotify.into_event_stream(vec![0; BUFFER_BYTES])?))
        });
        let watches = match listening {
            Ok((watches, stream)) => {
                let stop = tasks.stop_token();
                let waiting = Arc::clone(&waiting);
                tasks.spawn("file-events", async move {
                    stop.run_until_cancelled(listen(stream, &waiting)).await;
                });
                Some(watches)
            }
            Err(error) => {
                tracing::warn!(%error, "no file events; logs are read at the poll interval");
                None
            }
        };
        Self { watches, waiting }
    }

    /// Watches a folder of containers for those that come and go.
    pub(super) fn watch_source(&mut self, folder: &Path) -> Option<WatchDescriptor> {
        let mask = WatchMask::CREATE | WatchMask::DELETE | WatchMask::MOVED_TO | WatchMask::MOVED_FROM;
        self.watch(folder, mask)
    }

    /// Watches a container's folder for what is written.
    pub(super) fn watch_container(&mut self, folder: &Path) -> Option<WatchDescriptor> {
        self.watch(
            folder,
            WatchMask::MODIFY | WatchMask::CREATE | WatchMask::MOVED_TO,
        )
    }

    fn watch(&mut self, folder: &Path, mask: WatchMask) -> Option<WatchDescriptor> {
        let watches = self.watches.as_mut()?;
        match watches.add(folder, mask | WatchMask::ONLYDIR) {
            Ok(watch) => Some(watch),
            Err(error) => {
                tracing::debug!(%error, folder = %folder.display(), "a folder is not watched");
                None
            }
        }
    }

    /// Stops to watch; the folder may be gone.
    pub(super) fn forget(&mut self, watch: WatchDescriptor) {
        if let Some(watches) = &mut self.watches {
            let _ = watches.remove(watch);
        }
    }

    /// Waits until something has happened that was not taken yet, at most until `latest`. False at the end.
    ///
    /// Without the runtime, whose clock must not be asked any more once it is shut down.
    pub(super) fn wait(&self, latest: Instant) -> bool {
        let time = latest.saturating_duration_since(Instant::now());
        let has_nothing = |happened: &mut Happened| *happened == Happened::default();
        let waited = self
            .waiting
            .wake
            .wait_timeout_while(self.waiting.lock(), time, has_nothing);
        let (happened, _) = waited.unwrap_or_else(PoisonError::into_inner);
        !happened.the_end
    }

    /// What has happened since the last time.
    pub(super) fn take(&self) -> Happened {
        let mut happened = self.waiting.lock();
        let the_end = happened.the_end;
        std::mem::replace(
            &mut *happened,
            Happened {
                the_end,
                ..Happened::default()
            },
        )
    }
}

impl Waiting {
    fn note(&self, event: std::io::Result<EventOwned>) {
        match event {
            Ok(event) if !event.mask.contains(EventMask::Q_OVERFLOW) => {
                self.lock().folders.insert(event.wd);
            }
            _ => self.lock().anything = true,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Happened> {
        self.happened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn listen(mut stream: EventStream<Vec<u8>>, waiting: &Waiting) {
    while let Some(first) = stream.next().await {
        let mut next = Some(first);
        while let Some(event) = next {
            let is_error = event.is_err();
            waiting.note(event);
            next = (!is_error)
                .then(|| stream.next().now_or_never().flatten())
                .flatten();
        }
        waiting.wake.notify_one();
        tokio::time::sleep(COALESCE).await;
    }
}
