//! What the two tasks of a lane share: the peer, what waits for it, and how it does.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use http::StatusCode;
use shared::clock::Timestamp;
use tokio::sync::Notify;

use super::budget::Budget;
use super::peer::{Away, Peer};
use crate::store::Store;
use crate::store::spool::Waiting;

/// What has been counted since the start.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    /// Reports or points that the peer has taken.
    pub(crate) delivered: AtomicU64,
    /// That went into the spool.
    pub(crate) spooled: AtomicU64,
    /// That the peer refused for ever.
    pub(crate) refused: AtomicU64,
    /// That there was no room for.
    pub(crate) turned_away: AtomicU64,
}

/// Why nothing arrives now.
#[derive(Debug, Clone)]
pub(crate) struct Trouble {
    pub(crate) reason: String,
    pub(crate) since: Timestamp,
}

/// What the two tasks of a lane share.
pub(crate) struct Way {
    pub(crate) peer: Peer,
    pub(crate) store: Store,
    pub(crate) budget: Arc<Budget>,
    pub(crate) counted: Counted,
    /// Counts rows before they are committed and until they are deleted: at zero nothing waits and nothing is under way.
    waiting: Mutex<Waiting>,
    trouble: Mutex<Option<Trouble>>,
    /// Something was put into the spool.
    pub(super) spooled: Notify,
}

impl Way {
    pub(super) fn new(peer: Peer, store: Store, budget: Arc<Budget>, waiting: Waiting) -> Self {
        Self {
            peer,
            store,
            budget,
            counted: Counted::default(),
            waiting: Mutex::new(waiting),
            trouble: Mutex::default(),
            spooled: Notify::new(),
        }
    }

    pub(crate) fn waiting(&self) -> Waiting {
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn trouble(&self) -> Option<Trouble> {
        self.trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn add(&self, rows: i64, items: i64, bytes: i64) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.rows += rows;
        waiting.items += items;
        waiting.bytes += bytes;
    }

    /// Says so once, when it begins and when the reason becomes another.
    pub(super) fn is_away(&self, away: &Away) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if trouble
            .as_ref()
            .is_some_and(|trouble| trouble.reason == away.reason)
        {
            return;
        }
        let peer = self.peer.destination.name();
        tracing::warn!(peer, reason = %away.reason, "a peer does not take what browsers send; it is kept in the spool");
        let since = trouble
            .as_ref()
            .map_or_else(Timestamp::now, |trouble| trouble.since);
        *trouble = Some(Trouble {
            reason: away.reason.clone(),
            since,
        });
    }

    pub(super) fn is_back(&self) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if trouble.take().is_some() {
            let peer = self.peer.destination.name();
            tracing::info!(
                peer,
                waiting = self.waiting().items,
                "a peer takes what browsers send again"
            );
        }
    }

    pub(super) fn count_refused(&self, status: StatusCode, items: usize) {
        self.counted.refused.fetch_add(items as u64, Ordering::Relaxed);
        let peer = self.peer.destination.name();
        tracing::warn!(
            peer,
            status = status.as_u16(),
            items,
            "a peer refused what a browser sent"
        );
    }
}
