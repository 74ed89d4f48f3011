//! Random points beside a reference: each bucket of each tier has what belongs there, whatever comes in whatever order.

mod play;
mod reference;
