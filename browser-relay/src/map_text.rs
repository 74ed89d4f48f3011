//! What a lookup reads of the stored maps: an index, and the text block by block as it is needed. What was read last is
//! kept at hand.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use tokio::runtime::Handle;

use crate::blocks::{BLOCK_BYTES, Unpacker};
use crate::byte_lru::ByteLru;
use crate::source_map::ReadAt;
use crate::store::Store;
use crate::store::maps::Found;

/// What is kept at hand, indexes and blocks together: more than a stack of 30 frames over five large maps needs.
const MOST_AT_HAND_BYTES: usize = 3 << 20;

pub(crate) const UNREADABLE: &str = "the source maps cannot be read now";

/// The maps that are stored, and what of them is at hand.
pub(crate) struct Pieces {
    store: Store,
    at_hand: ByteLru<Piece>,
}

/// A part of a map that is read as a whole; the number is that of the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Piece {
    Index(i64),
    Block(i64, usize),
}

/// Where pieces are taken from.
#[derive(Clone)]
pub(crate) enum Source {
    /// Only from what is at hand; says when that was not enough.
    AtHand(Rc<Cell<bool>>),
    /// From the database, on a thread that may wait.
    Database(Handle, Rc<RefCell<Unpacker>>),
}

impl Source {
    /// The database, for one thread.
    pub(crate) fn database(handle: Handle) -> io::Result<Self> {
        let unpacker = Unpacker::new()?;
        Ok(Self::Database(handle, Rc::new(RefCell::new(unpacker))))
    }

    /// For what is not at hand.
    fn missed(missed: &Cell<bool>) -> io::Error {
        missed.set(true);
        io::ErrorKind::WouldBlock.into()
    }
}

impl Pieces {
    pub(crate) fn new(store: Store) -> Self {
        Self {
            store,
            at_hand: ByteLru::new(MOST_AT_HAND_BYTES),
        }
    }

    /// The index of a map.
    ///
    /// # Errors
    /// Why there is none, for the one who reads the stack.
    pub(crate) fn index(&self, map: i64, source: &Source) -> Result<Bytes, String> {
        let piece = Piece::Index(map);
        if let Some(index) = self.at_hand.get(&piece) {
            return Ok(index);
        }
        let index = match source {
            Source::AtHand(missed) => return Err(Source::missed(missed).to_string()),
            Source::Database(handle, unpacker) => {
                let stored = handle.block_on(self.store.map_index(map)).map_err(|error| {
                    tracing::error!(%error, "source maps cannot be read");
                    UNREADABLE
                })?;
                let (size, packed) = stored.ok_or("the map was deleted just now")?;
                let unpacked = unpacker.borrow_mut().unpack(&packed, size as usize);
                Bytes::from(unpacked.map_err(|_| "the stored map is damaged")?)
            }
        };
        self.at_hand.put(piece, index.clone());
        Ok(index)
    }

    /// A block of a map's text.
    fn block(&self, map: i64, number: usize, source: &Source) -> io::Result<Bytes> {
        let piece = Piece::Block(map, number);
        if let Some(block) = self.at_hand.get(&piece) {
            return Ok(block);
        }
        let block = match source {
            Source::AtHand(missed) => return Err(Source::missed(missed)),
            Source::Database(handle, unpacker) => {
                let packed = handle
                    .block_on(self.store.map_block(map, number))
                    .map_err(|_| io::Error::other("the database does not answer"))?
                    .ok_or(io::ErrorKind::NotFound)?;
                Bytes::from(unpacker.borrow_mut().unpack(&packed, BLOCK_BYTES)?)
            }
        };
        self.at_hand.put(piece, block.clone());
        Ok(block)
    }
}

/// The text of a map.
pub(crate) struct Text {
    map: i64,
    size_bytes: u64,
    pieces: Arc<Pieces>,
    source: Source,
    last: Option<(usize, Bytes)>,
}

impl Text {
    pub(crate) fn new(map: &Found, pieces: &Arc<Pieces>, source: &Source) -> Self {
        Self {
            map: map.id,
            size_bytes: map.size as u64,
            pieces: Arc::clone(pieces),
            source: source.clone(),
            last: None,
        }
    }

    fn block(&mut self, number: usize) -> io::Result<Bytes> {
        if let Some((last, block)) = &self.last
            && *last == number
        {
            return Ok(block.clone());
        }
        let block = self.pieces.block(self.map, number, &self.source)?;
        self.last = Some((number, block.clone()));
        Ok(block)
    }
}

impl ReadAt for Text {
    fn read_at(&mut self, offset: u64, bytes: &mut [u8]) -> io::Result<usize> {
        if offset >= self.size_bytes {
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
