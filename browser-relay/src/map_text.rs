//! The text of a stored map, unpacked block by block as it is needed.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::runtime::Handle;

use crate::blocks::{BLOCK_BYTES, unpack};
use crate::byte_lru::ByteLru;
use crate::source_map::ReadAt;
use crate::store::Store;

/// A map that was found.
#[derive(Debug, Clone)]
pub(crate) struct Map {
    pub(crate) id: i64,
    /// Of its text, in bytes.
    pub(crate) size: u64,
    pub(crate) index: Arc<[u8]>,
}

/// Blocks as they were needed.
pub(crate) struct Blocks {
    store: Store,
    unpacked: ByteLru<(i64, usize)>,
}

impl Blocks {
    /// Keeps so many bytes of them at hand.
    pub(crate) fn new(store: Store, most_bytes: usize) -> Self {
        Self {
            store,
            unpacked: ByteLru::new(most_bytes),
        }
    }
}

/// Where a block is taken from.
#[derive(Clone)]
pub(crate) enum Source {
    /// Only from what is at hand; says when that was not enough.
    AtHand(Arc<AtomicBool>),
    /// From the database, on a thread that may wait.
    Database(Handle),
}

/// The text of a map.
pub(crate) struct Text {
    map: Map,
    blocks: Arc<Blocks>,
    source: Source,
    last: Option<(usize, Arc<[u8]>)>,
}

impl Text {
    pub(crate) fn new(map: &Map, blocks: &Arc<Blocks>, source: &Source) -> Self {
        Self {
            map: map.clone(),
            blocks: Arc::clone(blocks),
            source: source.clone(),
            last: None,
        }
    }

    fn block(&mut self, number: usize) -> io::Result<Arc<[u8]>> {
        if let Some((last, block)) = &self.last
            && *last == number
        {
            return Ok(Arc::clone(block));
        }
        let key = (self.map.id, number);
        let block = match self.blocks.unpacked.get(&key) {
            Some(block) => block,
            None => {
                let block = self.fetch(number)?;
                self.blocks.unpacked.put(key, Arc::clone(&block));
                block
            }
        };
        self.last = Some((number, Arc::clone(&block)));
        Ok(block)
    }

    fn fetch(&self, number: usize) -> io::Result<Arc<[u8]>> {
        match &self.source {
            Source::AtHand(missed) => {
                missed.store(true, Ordering::Relaxed);
                Err(io::ErrorKind::WouldBlock.into())
            }
            Source::Database(handle) => {
                let packed = handle
                    .block_on(self.blocks.store.map_block(self.map.id, number))
                    .map_err(|_| io::Error::other("the database does not answer"))?
                    .ok_or(io::ErrorKind::NotFound)?;
                Ok(unpack(&packed, BLOCK_BYTES)?.into())
            }
        }
    }
}

impl ReadAt for Text {
    fn read_at(&mut self, offset: u64, bytes: &mut [u8]) -> io::Result<usize> {
        if offset >= self.map.size {
            return Ok(0);
        }
        let (number, within) = (offset as usize / BLOCK_BYTES, offset as usize % BLOCK_BYTES);
        let block = self.block(number)?;
        let rest = block.get(within..).unwrap_or_default();
        let length = rest.len().min(bytes.len());
        bytes[..length].copy_from_slice(&rest[..length]);
        Ok(length)
    }
}
