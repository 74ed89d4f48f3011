//! What was needed last, as far as it fits into a number of bytes.

use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use lru::LruCache;

/// What an entry costs beside its bytes.
const ENTRY_BYTES: usize = 120;

/// Bytes by key; what was not needed for longest makes room.
#[derive(Debug)]
pub(crate) struct ByteLru<K: Hash + Eq> {
    most: usize,
    inner: Mutex<Inner<K>>,
}

#[derive(Debug)]
struct Inner<K: Hash + Eq> {
    entries: LruCache<K, Bytes>,
    bytes: usize,
}

impl<K: Hash + Eq> ByteLru<K> {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most,
            inner: Mutex::new(Inner {
                entries: LruCache::unbounded(),
                bytes: 0,
            }),
        }
    }

    pub(crate) fn get(&self, key: &K) -> Option<Bytes> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.entries.get(key).cloned()
    }

    /// Keeps the bytes, unless they alone would push out half of all others.
    pub(crate) fn put(&self, key: K, bytes: Bytes) {
        let cost = bytes.len() + ENTRY_BYTES;
        if cost > self.most / 2 {
            return;
        }
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.bytes += cost;
        if let Some((_, old)) = inner.entries.push(key, bytes) {
            inner.bytes -= old.len() + ENTRY_BYTES;
        }
        while inner.bytes > self.most {
            let Some((_, oldest)) = inner.entries.pop_lru() else {
                break;
            };
            inner.bytes -= oldest.len() + ENTRY_BYTES;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(length: usize) -> Bytes {
        vec![0; length].into()
    }

    #[test]
    fn what_was_needed_last_stays() {
        let lru = ByteLru::new(1_000);
        for key in 0..4 {
            lru.put(key, bytes(100));
        }
        assert!(lru.get(&0).is_some());

        lru.put(4, bytes(130));

        let kept: Vec<_> = (0..5).filter(|key| lru.get(key).is_some()).collect();
        assert_eq!(kept, [0, 2, 3, 4]);
    }

    #[test]
    fn what_is_too_large_pushes_nothing_out() {
        let lru = ByteLru::new(1_000);
        lru.put(0, bytes(100));
        lru.put(1, bytes(500));
        lru.put(0, bytes(300));
        lru.put(2, bytes(300));

        assert_eq!(lru.get(&0).map(|bytes| bytes.len()), Some(300));
        assert!(lru.get(&1).is_none() && lru.get(&2).is_some());
    }
}
