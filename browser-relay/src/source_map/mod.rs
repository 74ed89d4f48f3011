//! Source maps that stay where they are stored: one pass makes a small index, a lookup reads a few kilobytes.
//!
//! A map of 13 MB takes 50 MB as objects. Here [`index`] reads it once as a stream, refuses it with a reason if it is
//! broken, and keeps only where things are: the state of the decoder every 256 segments, the place of each source and
//! name, and a mark every 4 KB of the sources' text. [`Index::find`] then decodes at most 256 segments, and
//! [`Index::context`] reads the lines around the place.
//!
//! Version 3 of the format (ECMA-426) with index maps, whose sections are laid side by side in the same pass. Scopes
//! and range mappings, still proposals, are passed over.

mod content;
mod context;
mod debug_id;
mod envelope;
mod fault;
mod json;
mod layout;
mod lookup;
mod mappings;
mod pass;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod vlq;

pub use context::{Context, NoContext};
pub use debug_id::normal_debug_id;
pub use envelope::{EnclosedMap, Envelope, open_envelope};
pub use fault::{BadMap, MappingFault};
pub use layout::Index;
pub use lookup::{Miss, Original, Position};
pub use pass::{Indexed, Limits, index};
pub use text::ReadAt;
