//! When keys and maps were used last. Noted here, and written down now and then: a row for each request would cost more
//! than the request.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use shared::clock::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::store::Store;

const INTERVAL: Duration = Duration::from_secs(30);

/// What was used since it was written down last.
#[derive(Debug, Default)]
pub(crate) struct Used {
    keys: Mutex<HashMap<i64, Timestamp>>,
    maps: Mutex<HashMap<i64, Timestamp>>,
}

impl Used {
    pub(crate) fn key(&self, id: i64, now: Timestamp) {
        self.keys
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id, now);
    }

    pub(crate) fn map(&self, id: i64, now: Timestamp) {
        self.maps
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id, now);
    }

    /// Writes it down.
    pub(crate) async fn write(&self, store: &Store) -> sqlx::Result<()> {
        let take = |used: &Mutex<HashMap<i64, Timestamp>>| -> Vec<(i64, Timestamp)> {
            used.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .drain()
                .collect()
        };
        let (keys, maps) = (take(&self.keys), take(&self.maps));
        if keys.is_empty() && maps.is_empty() {
            return Ok(());
        }
        store.touch(&keys, &maps).await
    }
}

/// Writes it down every half minute, and at the end.
pub(crate) async fn run(used: std::sync::Arc<Used>, store: Store, stop: CancellationToken) {
    let mut is_last = false;
    while !is_last {
        tokio::select! {
            () = stop.cancelled() => is_last = true,
            () = tokio::time::sleep(INTERVAL) => {}
        }
        if let Err(error) = used.write(&store).await {
            tracing::warn!(%error, "when keys and maps were used could not be written down");
        }
    }
}
