//! Hands reports and points on to the tracker and the collector, and keeps what they cannot take now.
//!
//! Each peer has a lane of its own. As long as nothing waits in the spool, what arrives together goes to the peer at once,
//! and the browser hears what the peer said. When the peer does not take it, and as long as anything waits, all goes into
//! the spool, from which another task sends it on in order. So nothing overtakes, and nothing is acknowledged that is
//! neither with the peer nor committed here.

mod batch;
mod budget;
mod drain;
mod lane;
pub(crate) mod peer;
mod queue;
mod way;

pub(crate) use budget::Budget;
pub(crate) use lane::{Lane, Outcome, Room};
