//! Reads Docker's folders: every line that is still on the disk, exactly once.
//!
//! One thread does all reading and taking apart. What it has read goes to the writer in batches, each of which
//! carries how far it goes: whatever was not written is read again after a restart.

mod content;
mod discovery;
mod events;
mod figures;
mod files;
mod follow;
mod mark;
mod meanwhile;
mod names;
mod place;
mod publish;
mod stretch;
mod tail;
#[cfg(test)]
mod tests;
mod watched;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use shared::tasks::Tasks;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};

pub(crate) use self::discovery::Problem;
pub(crate) use self::figures::Figures;
use self::follow::Follower;
pub(crate) use self::names::Names;
use crate::batch::Batch;
use crate::store::Store;
use crate::store::append::Resumed;

/// Batches that wait for the writer. When there are so many, reading waits.
pub(crate) const WAITING_BATCHES: usize = 1;

/// Where to read, and what.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Docker's folders of containers.
    pub(crate) sources: Vec<PathBuf>,
    pub(crate) names: Names,
    /// All logs are looked at so often, whatever file events say.
    pub(crate) poll_interval: Duration,
    /// Of a container that is new so many bytes are read.
    pub(crate) backfill: u64,
    /// Entries of a block at most.
    pub(crate) block_entries: usize,
}

/// What is to be seen of the reading.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// What stands in its way now.
    pub(crate) problems: watch::Receiver<Vec<Problem>>,
    pub(crate) figures: Arc<Figures>,
}

/// Begins to read. The thread ends with the tasks, which wait for it, or when nobody takes its batches any more.
pub(crate) fn start(
    settings: Settings,
    store: Store,
    resumed: Resumed,
    batches: mpsc::Sender<Batch>,
    tasks: &Tasks,
) -> anyhow::Result<Source> {
    let (problems, seen_problems) = watch::channel(Vec::new());
    let figures = Arc::new(Figures::default());
    let (ended, has_ended) = oneshot::channel();
    let follower = Follower::new(
        settings,
        store,
        resumed,
        batches,
        tasks,
        problems,
        Arc::clone(&figures),
    );
    let runtime = Handle::current();
    std::thread::Builder::new()
        .name("follow".into())
        .spawn(move || {
            follower.run(&runtime);
            // Not reached after a panic, which drops it.
            let _ = ended.send(());
        })
        .context("cannot start the thread that reads logs")?;
    tasks.spawn("follow", async move {
        if has_ended.await.is_err() {
            tracing::error!("the thread that reads logs has failed");
        }
    });
    Ok(Source {
        problems: seen_problems,
        figures,
    })
}
