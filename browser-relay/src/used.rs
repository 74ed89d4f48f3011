//! When keys and maps were used last. Noted here, and written down now and then: a row for each request would cost more
//! than the request.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use shared::clock::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::store::{self, Store};

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

    /// When a key was used, if that has not been written down yet.
    pub(crate) fn key_noted(&self, id: i64) -> Option<Timestamp> {
        noted(&self.keys, id)
    }

    /// When a map was used, if that has not been written down yet.
    pub(crate) fn map_noted(&self, id: i64) -> Option<Timestamp> {
        noted(&self.maps, id)
    }

    /// Writes it down.
    pub(crate) async fn write(&self, store: &Store) -> store::Result<()> {
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

fn noted(used: &Mutex<HashMap<i64, Timestamp>>, id: i64) -> Option<Timestamp> {
    used.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .get(&id)
        .copied()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_written_down_yet_is_known() {
        let used = Used::default();
        let now = Timestamp::from_millis(5);

        used.key(1, now);
        used.map(2, now);

        assert_eq!((used.key_noted(1), used.key_noted(2)), (Some(now), None));
        assert_eq!((used.map_noted(1), used.map_noted(2)), (None, Some(now)));
    }
}
