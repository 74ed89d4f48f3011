//! Who gathers when: one after the other.
//!
//! What an answer, a rollup or a partial holds while it is made is bounded; what several hold at once would not be.

use tokio::sync::{Mutex, MutexGuard};

/// The turns to gather.
#[derive(Debug, Default)]
pub(crate) struct Turns(Mutex<()>);

/// Lasts until it is dropped.
pub(crate) type Turn<'t> = MutexGuard<'t, ()>;

impl Turns {
    /// Waits for those who came before.
    pub(crate) async fn take(&self) -> Turn<'_> {
        self.0.lock().await
    }
}
